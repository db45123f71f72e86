package registry

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Waits. Only Options.Patience is for callers to choose.
const (
	patience  = 30 * time.Second // how long one thing is tried again
	firstWait = 250 * time.Millisecond
	maxWait   = 5 * time.Second
	stall     = time.Minute // in which not one byte comes or goes
)

var errStalled = errors.New("the registry sent and took nothing for a minute")

// A patient transport repeats requests that can be repeated.
type patient struct {
	next   http.RoundTripper
	window time.Duration
}

// RoundTrip repeats a request while the registry cannot answer it now.
func (p *patient) RoundTrip(req *http.Request) (*http.Response, error) {
	over := time.NewTimer(p.window)
	defer over.Stop()
	for wait := firstWait; ; wait = min(2*wait, maxWait) {
		resp, err := p.next.RoundTrip(req)
		pause := pauseBefore(req, resp, err, wait)
		if pause < 0 || pause > p.window || !rewind(req) {
			return resp, err
		}
		timer := time.NewTimer(pause)
		select {
		case <-over.C:
			timer.Stop()
			return resp, err
		case <-req.Context().Done():
			timer.Stop()
			if err == nil {
				_ = resp.Body.Close() // it is not wanted
			}
			return nil, context.Cause(req.Context())
		case <-timer.C:
		}
		if err == nil {
			_ = resp.Body.Close() // it is not wanted
		}
	}
}

// rewind gets the body of a request ready to be sent again, if that can be done.
func rewind(req *http.Request) bool {
	if req.Body == nil || req.Body == http.NoBody {
		return true
	}
	if req.GetBody == nil {
		return false
	}
	body, err := req.GetBody()
	req.Body = body
	return err == nil
}

// pauseBefore is how long to wait before a request is repeated; negative if it must not be.
func pauseBefore(req *http.Request, resp *http.Response, err error, wait time.Duration) time.Duration {
	reading := req.Method == http.MethodGet || req.Method == http.MethodHead
	if err != nil {
		if reading && isAway(err) && req.Context().Err() == nil {
			return wait
		}
		return -1
	}
	refused := resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusServiceUnavailable
	if !refused && (!reading || !passes(resp.StatusCode)) {
		return -1
	}
	return max(wait, retryAfter(resp))
}

// retryAfter is how long the registry asks to wait: in seconds, or until a time by its own clock.
func retryAfter(resp *http.Response) time.Duration {
	value := resp.Header.Get("Retry-After")
	if seconds, err := strconv.ParseUint(value, 10, 32); err == nil {
		return time.Duration(seconds) * time.Second
	}
	until, err1 := http.ParseTime(value)
	now, err2 := http.ParseTime(resp.Header.Get("Date"))
	if err1 != nil || err2 != nil {
		return 0
	}
	return until.Sub(now)
}

// A watch ends a transfer in which nothing moves.
type watch struct {
	timer *time.Timer
	limit time.Duration
}

// watched returns a context that ends if nothing moves.
func watched(ctx context.Context, limit time.Duration) (context.Context, *watch, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	w := &watch{time.AfterFunc(limit, func() { cancel(errStalled) }), limit}
	return ctx, w, func() { w.timer.Stop(); cancel(nil) }
}

// orStalled says that a transfer ended because nothing moved, where it did.
func orStalled(ctx context.Context, err error) error {
	if errors.Is(context.Cause(ctx), errStalled) {
		return errStalled
	}
	return err
}

func (w *watch) moved() { w.timer.Reset(w.limit) }

// A movingReader tells of what is read.
type movingReader struct {
	r     io.Reader
	moved func(n int)
}

func (m movingReader) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	m.moved(n)
	return n, err
}
