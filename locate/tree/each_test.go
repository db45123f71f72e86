package tree

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
)

// A pool runs do for 100 items.
type pool func(ctx context.Context, workers int, do func(i int) error) error

var pools = map[string]pool{
	"Each": func(ctx context.Context, workers int, do func(i int) error) error {
		return Each(ctx, 100, workers, func(_ context.Context, i int, _ []byte) error { return do(i) })
	},
	"Stream": func(ctx context.Context, workers int, do func(i int) error) error {
		return Stream(ctx, workers, func(_ context.Context, send func(int) error) error {
			for i := range 100 {
				if err := send(i); err != nil {
					return err
				}
			}
			return nil
		}, func(_ context.Context, i int, _ []byte) error { return do(i) })
	},
}

func TestPools(t *testing.T) {
	errBad := errors.New("bad")
	for name, run := range pools {
		t.Run(name, func(t *testing.T) {
			var done [100]atomic.Int32
			if err := run(t.Context(), 3, func(i int) error { done[i].Add(1); return nil }); err != nil {
				t.Fatal(err)
			}
			for i := range done {
				if n := done[i].Load(); n != 1 {
					t.Errorf("item %d was worked on %d times, want once", i, n)
				}
			}
			var begun atomic.Int32
			err := run(t.Context(), 1, func(i int) error {
				begun.Add(1)
				if i == 5 {
					return errBad
				}
				return nil
			})
			if !errors.Is(err, errBad) || begun.Load() != 6 {
				t.Errorf("pool = %v after %d items, want the error of the sixth", err, begun.Load())
			}
			err = run(t.Context(), 0, func(int) error { panic("boom") })
			if err == nil || !strings.Contains(err.Error(), "internal fault: boom") {
				t.Errorf("pool = %v, want the panic as an error", err)
			}
			ctx, cancel := context.WithCancelCause(t.Context())
			cancel(errBad)
			if err := run(ctx, 0, func(int) error { return nil }); !errors.Is(err, errBad) {
				t.Errorf("pool of a cancelled context = %v, want its cause", err)
			}
		})
	}
}

// Who lists may fail as well as who works.
func TestStreamList(t *testing.T) {
	errBad := errors.New("bad")
	do := func(context.Context, int, []byte) error { return nil }
	err := Stream(t.Context(), 0, func(context.Context, func(int) error) error { return errBad }, do)
	if !errors.Is(err, errBad) {
		t.Errorf("Stream = %v, want the error of the list", err)
	}
	err = Stream(t.Context(), 0, func(context.Context, func(int) error) error { panic("boom") }, do)
	if err == nil || !strings.Contains(err.Error(), "internal fault: boom") {
		t.Errorf("Stream = %v, want the panic as an error", err)
	}
}
