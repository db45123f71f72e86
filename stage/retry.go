package stage

import (
	"context"
	"errors"
	"os"
	"time"
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

// renameRetry renames a file or folder. Windows, and shares of it, also deny
// that while somebody has the file open, or one below the folder.
func renameRetry(ctx context.Context, root *os.Root, from, to string) error {
	held := func(err error) bool { return isLocked(err) || isDenied(err) }
	err := retry(ctx, retryFor, held, func() error { return root.Rename(from, to) })
	if err != nil && isDenied(err) && !isLocked(err) && mayRename(root) {
		return &heldError{err}
	}
	return err
}

// mayRename tries whether the rights suffice for renaming: then who was denied
// it was in somebody's way. A folder that a crash leaves is one to be reclaimed.
func mayRename(root *os.Root) bool {
	from, to := stagingPrefix+randomHex(8), stagingPrefix+randomHex(8)
	if root.Mkdir(from, 0o700) != nil {
		return false
	}
	if root.Rename(from, to) != nil {
		_ = root.Remove(from)
		return false
	}
	_ = root.Remove(to)
	return true
}

// retry repeats do while its error can pass; other errors end it at once. A
// lock that outlasts the wait is ErrBusy.
func retry(ctx context.Context, limit time.Duration, passes func(error) bool, do func() error) error {
	wait := 10 * time.Millisecond
	for waited := time.Duration(0); ; {
		err := do()
		if err == nil || !passes(err) || errors.Is(err, ErrBusy) { // busy: that was waited for
			return err
		}
		if waited >= limit {
			if isLocked(err) {
				err = &heldError{err}
			}
			return err
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		case <-timer.C:
		}
		waited += wait
		wait = min(2*wait, 500*time.Millisecond)
	}
}
