package stage

import (
	"context"
	"fmt"
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

// renameRetry renames a file or folder. Windows also denies that while
// somebody has a file below it open.
func renameRetry(ctx context.Context, root *os.Root, from, to string) error {
	held := func(err error) bool { return isLocked(err) || isDenied(err) }
	return retry(ctx, retryFor, held, func() error { return root.Rename(from, to) })
}

// retry repeats do while its error can pass; other errors end it at once. A
// lock that outlasts the wait is ErrBusy.
func retry(ctx context.Context, limit time.Duration, passes func(error) bool, do func() error) error {
	wait := 10 * time.Millisecond
	for waited := time.Duration(0); ; {
		err := do()
		if err == nil || !passes(err) {
			return err
		}
		if waited >= limit {
			if isLocked(err) {
				err = fmt.Errorf("%w: %w", ErrBusy, err)
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
