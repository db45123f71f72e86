package stage

import (
	"context"
	"fmt"
	"os"
	"time"
)

// retryFor is how long a file or folder that another process holds open (a
// virus scanner, an indexer) is waited for.
const retryFor = 3 * time.Second

// retryLocked repeats do while the file is locked by another process, which
// only Windows and Windows shares report.
func retryLocked(ctx context.Context, do func() error) error {
	return retry(ctx, isLocked, do)
}

// renameRetry renames a file or folder. Windows also denies that while
// somebody has a file below it open.
func renameRetry(ctx context.Context, root *os.Root, from, to string) error {
	held := func(err error) bool { return isLocked(err) || isDenied(err) }
	return retry(ctx, held, func() error { return root.Rename(from, to) })
}

// retry repeats do while its error says that somebody holds the file; other
// errors end it at once. A lock that outlasts the wait is ErrBusy.
func retry(ctx context.Context, held func(error) bool, do func() error) error {
	wait := 10 * time.Millisecond
	for waited := time.Duration(0); ; waited += wait {
		err := do()
		if err == nil || !held(err) {
			return err
		}
		if waited >= retryFor {
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
		wait = min(2*wait, 500*time.Millisecond)
	}
}
