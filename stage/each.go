package stage

import (
	"cmp"
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// defaultWorkers is how many files are read or written at once when nobody
// says otherwise; docs/design.md tells how it was measured.
const defaultWorkers = 4

// bufferSize is the size of a worker's copy buffer, in bytes. Larger ones
// fall out of the second-level cache between the read, the hash and the write.
const bufferSize = 64 << 10

// each calls do once for every index below n, from at most workers
// goroutines, each with a buffer of its own. The first error stops the rest
// and is returned, as is the cause of a cancelled ctx. A panic in do is an
// error too: it must not end the process with files half written.
func each(ctx context.Context, n, workers int, do func(ctx context.Context, i int, buf []byte) error) error {
	if workers <= 0 {
		workers = defaultWorkers
	}
	g, ctx := errgroup.WithContext(ctx)
	var next atomic.Int64
	for range min(workers, n) {
		g.Go(func() (err error) {
			defer func() {
				if p := recover(); p != nil {
					err = fmt.Errorf("internal fault: %v\n%s", p, debug.Stack())
				}
			}()
			buf := alignedBuffer()
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
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return nil
}

// largestFirst is the order in which files are worked on: a large file begun
// last would leave the other workers idle.
func largestFirst[T interface{ size() int64 }](files []T) []int {
	order := make([]int, len(files))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(files[b].size(), files[a].size()) })
	return order
}

func sortFiles(files []File) {
	slices.SortFunc(files, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
}
