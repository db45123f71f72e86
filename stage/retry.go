package stage

import (
	"context"
	"errors"
	"os"
	"path"
	"time"

	"usmtpkg/locate/tree"
)

// How long is waited for what can pass. Longer waits are better spent on a
// run of its own: repeating one is safe.
const (
	retryFor  = 3 * time.Second  // for a file or folder that another process holds open: a virus scanner, an indexer
	outageFor = 15 * time.Second // for a server, or the network before it: a share that fails over, a cable
)

// retryLocked repeats do while the file is locked by another process, which
// only Windows and Windows shares report.
func retryLocked(ctx context.Context, do func() error) error {
	return retry(ctx, retryFor, isLocked, do)
}

// retryOutage repeats do while a server does not answer. Only reading may be
// repeated so: of a write nobody knows whether it was done.
func retryOutage(ctx context.Context, do func() error) error {
	return retry(ctx, outageFor, isOutage, do)
}

// openRetry opens a file of the library that somebody else may have made, whatever it is by
// now. It waits, for 3 seconds at most and so without a context, while another process holds it.
func openRetry(root *os.Root, name string, limit int64) (f *tree.Handle, err error) {
	err = readRetry(func() error {
		f, err = tree.OpenIn(root, name, limit)
		return err
	})
	if bad := (*tree.FileError)(nil); errors.As(err, &bad) {
		err = &FormatError{name, bad.Reason()}
	}
	return f, err
}

// readRetry repeats do, which reads small files of the library, in that way.
func readRetry(do func() error) error {
	_, err := repeat(nil, retryFor, isLocked, do)
	return err
}

// renameRetry renames a file or folder. Windows, and shares of it, also deny
// that while somebody has the file open, or one below the folder.
func renameRetry(ctx context.Context, root *os.Root, from, to string) error {
	denied := func(err error) bool { return isDenied(err) && !isLocked(err) && deniesHeld(root) }
	held := func(err error) bool { return isLocked(err) || denied(err) }
	err := retry(ctx, retryFor, held, func() error { return root.Rename(from, to) })
	if err != nil && denied(err) && mayRename(root, to) {
		return &heldError{err}
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

// retry repeats do while its error can pass; other errors end it at once. A
// lock that outlasts the wait is ErrBusy.
func retry(ctx context.Context, limit time.Duration, passes func(error) bool, do func() error) error {
	stopped, err := repeat(ctx.Done(), limit, passes, do)
	if stopped {
		return context.Cause(ctx)
	}
	return err
}

// repeat is retry for whoever has no context but, perhaps, a channel that ends the wait.
func repeat(stop <-chan struct{}, limit time.Duration, passes func(error) bool, do func() error) (stopped bool, err error) {
	wait := 10 * time.Millisecond
	for waited := time.Duration(0); ; {
		err := do()
		if err == nil || !passes(err) || errors.Is(err, ErrBusy) { // busy: that was waited for
			return false, err
		}
		if waited >= limit {
			if isLocked(err) {
				err = &heldError{err}
			}
			return false, err
		}
		timer := time.NewTimer(wait)
		select {
		case <-stop:
			timer.Stop()
			return true, err
		case <-timer.C:
		}
		waited += wait
		wait = min(2*wait, 500*time.Millisecond)
	}
}
