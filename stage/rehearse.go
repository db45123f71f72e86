package stage

import (
	"errors"
	"io/fs"
	"path/filepath"

	"usmtpkg/locate/tree"
)

// CheckWritable makes sure, without writing anything, that this account may make
// files and folders in dir; where that does not exist, in the nearest folder
// above it that does. doing names what for.
func CheckWritable(doing, dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return destination(doing, err)
	}
	dir = existing(dir)
	if err := mayWrite(dir); err != nil && !tree.IsUnsupported(err) && !tree.IsLocked(err) {
		return destination(doing, &fs.PathError{Op: "cannot write to", Path: dir, Err: err})
	}
	return nil
}

// planRoom asks for the room of a copy before anything is read, where it is
// plain that one will be made.
func (r *run) planRoom(lib *Library) error {
	if lib == nil {
		return nil
	}
	names, err := lib.sameShape(r)
	if err != nil || len(names) > 0 {
		return nil //nolint:nilerr // a release that cannot be read is found later
	}
	return lib.checkRoom(r.tree)
}

// checkRoom is checkSpace for a library that need not exist yet.
func (l *Library) checkRoom(t Tree) error {
	root, err := tree.OpenRoot(existing(l.dir))
	if err != nil {
		return destination("staging", err)
	}
	return errors.Join(checkSpace("staging", root, t), root.Close())
}
