package stage

import (
	"context"
	"errors"
	"os"
	"path"

	"usmtpkg/locate/tree"
)

// openRetry opens a file of the library that somebody else may have made, whatever it is by
// now. It waits, for 3 seconds at most and so without a context, while another process holds it.
func openRetry(root *os.Root, name string, limit int64) (f *tree.Handle, err error) {
	err = tree.ReadRetry(func() error {
		f, err = tree.OpenIn(root, name, limit)
		return err
	})
	if bad := (*tree.FileError)(nil); errors.As(err, &bad) {
		err = &FormatError{name, bad.Reason()}
	}
	return f, err
}

// renameRetry renames a file or folder. Windows, and shares of it, also deny
// that while somebody has the file open, or one below the folder.
func renameRetry(ctx context.Context, root *os.Root, from, to string) error {
	denied := func(err error) bool { return tree.IsDenied(err) && !tree.IsLocked(err) && deniesHeld(root) }
	held := func(err error) bool { return tree.IsLocked(err) || denied(err) }
	err := tree.RetryWhile(ctx, held, func() error { return root.Rename(from, to) })
	if err != nil && denied(err) && mayRename(root, to) {
		return &tree.HeldError{Err: err}
	}
	return err
}

// mayRename tries whether the rights suffice for giving something of our own a
// name like to: then who was denied it was, as far as can be known, in
// somebody's way. The names are those of staging folders, and so is what a
// crash leaves one to be reclaimed.
func mayRename(root *os.Root, to string) bool {
	from, like := stagingPrefix+randomHex(8), path.Base(to)+stagingPrefix+randomHex(8)
	if root.Mkdir(from, 0o700) != nil {
		return false
	}
	if root.Rename(from, like) != nil {
		_ = root.Remove(from)
		return false
	}
	_ = root.Remove(like)
	return true
}
