package tree

import (
	"context"
	"errors"
	"time"
)

// How long is waited for what can pass. Longer waits are better spent on a
// run of its own: repeating one is safe.
const (
	retryFor  = 3 * time.Second  // for a file or folder that another process holds open: a virus scanner, an indexer
	outageFor = 15 * time.Second // for a server, or the network before it: a share that fails over, a cable
)

// RetryLocked repeats do while the file is locked by another process, which
// only Windows and Windows shares report.
func RetryLocked(ctx context.Context, do func() error) error {
	return retry(ctx, retryFor, IsLocked, do)
}

// retryOutage repeats do while a server does not answer. Only reading may be
// repeated so: of a write nobody knows whether it was done.
func retryOutage(ctx context.Context, do func() error) error {
	return retry(ctx, outageFor, IsOutage, do)
}

// ReadRetry repeats do, which reads small files of a library, while another process holds one: for
// 3 seconds at most, and so without a context.
func ReadRetry(do func() error) error {
	_, err := repeat(nil, retryFor, IsLocked, do)
	return err
}

// RetryWhile repeats do for 3 seconds while its error is one of those that pass.
func RetryWhile(ctx context.Context, passes func(error) bool, do func() error) error {
	return retry(ctx, retryFor, passes, do)
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
			if IsLocked(err) {
				err = &HeldError{err}
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
