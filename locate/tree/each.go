package tree

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sync/errgroup"
)

// Workers is how many files are read or written at once unless the caller says otherwise;
// docs/design.md has the measurements.
const Workers = 4

// BufferSize is the size of a worker's buffer, in bytes. Larger ones fall out of the second-level
// cache between the read, the hash and the write.
const BufferSize = 64 << 10

// Each calls do once for every index below n, from at most so many workers; 0 means Workers. Each
// worker has a buffer, see Buffer. The first error stops the rest and is returned, and so is the cause
// of a cancelled ctx. A panic in do is an error too: it must not end the process with files half written.
func Each(ctx context.Context, n, workers int, do func(ctx context.Context, i int, buf []byte) error) error {
	var next atomic.Int64
	g, ctx := errgroup.WithContext(ctx)
	for range min(workersOr(workers), n) {
		g.Go(recovered(func() error {
			buf := Buffer()
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return nil
				}
				if ctx.Err() != nil {
					return context.Cause(ctx)
				}
				if err := do(ctx, i, buf); err != nil {
					return err
				}
			}
		}))
	}
	return g.Wait()
}

// Stream is Each for the items that list sends, while it goes on to list. An error of send is for
// list to return.
func Stream[T any](ctx context.Context, workers int, list func(ctx context.Context, send func(T) error) error, do func(ctx context.Context, item T, buf []byte) error) error {
	workers = workersOr(workers)
	g, ctx := errgroup.WithContext(ctx)
	items := make(chan T, workers)
	send := func(item T) error {
		select {
		case items <- item:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	g.Go(recovered(func() error {
		defer close(items)
		return list(ctx, send)
	}))
	for range workers {
		g.Go(recovered(func() error {
			buf := Buffer()
			for item := range items {
				if ctx.Err() != nil {
					return context.Cause(ctx)
				}
				if err := do(ctx, item, buf); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	return g.Wait()
}

func workersOr(n int) int {
	if n <= 0 {
		return Workers
	}
	return n
}

// recovered makes an error of a panic in work.
func recovered(work func() error) func() error {
	return func() (err error) {
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("internal fault: %v\n%s", p, debug.Stack())
			}
		}()
		return work()
	}
}

// Buffer makes a worker's buffer, aligned as reading past the cache demands: to 4096 bytes, the
// largest sector size in use.
func Buffer() []byte {
	const align = 4096
	b := make([]byte, BufferSize+align)
	skip := (align - int(uintptr(unsafe.Pointer(&b[0]))%align)) % align
	return b[skip : skip+BufferSize]
}
