package stage

import (
	"context"
	"errors"
	"os"

	"usmtpkg/locate/tree"
)

// durable makes a staging folder survive a power cut: with one syncfs where
// the file system has one that can be trusted, else by flushing every file.
type durable struct {
	root        *os.Root // the staging folder
	dir         *os.File // the same, open since before anything was written; see flushAll
	disk        flusher
	syncfs      bool
	unsupported bool // flushing files is not supported: nothing is confirmed
}

func newDurable(root *os.Root, disk flusher) (*durable, error) {
	dir, err := root.Open(".")
	if err != nil {
		return nil, err
	}
	return &durable{root: root, dir: dir, disk: disk, syncfs: disk.canFlushSystem(dir)}, nil
}

// close does not wait for a flush that a canceled run left behind.
func (d *durable) close() error { return d.dir.Close() }

// start begins to write the copy out while it is read back, and returns a
// function that waits for the end of that. With wait it has ended before start
// returns.
func (d *durable) start(ctx context.Context, wait bool) func() error {
	if !d.syncfs {
		return func() error { return nil } // every file was flushed when it was closed
	}
	if wait {
		err := d.flushAll(ctx)
		return func() error { return err }
	}
	done := make(chan error, 1)
	go func() { done <- d.flushAll(ctx) }()
	return func() error { return <-done }
}

// flushAll flushes the file system. That can take long and cannot be stopped:
// a canceled run does not wait for it. An error of the disk is reported once to
// each file that was open when it came: to one opened later only if nobody else,
// such as a backup, had the file system flushed in between.
func (d *durable) flushAll(ctx context.Context) error {
	done := make(chan error, 1)
	go func() { done <- d.disk.flushSystem(d.dir) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// seal flushes what was written last, and the folders.
func (d *durable) seal(ctx context.Context, dirs []string, workers int) error {
	if d.syncfs {
		return d.flushAll(ctx)
	}
	err := tree.Each(ctx, len(dirs), workers, func(_ context.Context, i int, _ []byte) error {
		return syncDir(d.disk, d.root, dataDir+"/"+dirs[i])
	})
	if err != nil {
		return err
	}
	return errors.Join(syncDir(d.disk, d.root, dataDir), syncDir(d.disk, d.root, "."))
}

// single is what flushes each file when it is closed: nil where all are flushed at once.
func (d *durable) single() flusher {
	if d.syncfs {
		return nil
	}
	return d.disk
}

// result is what is recorded of it.
func (d *durable) result() Durability {
	switch {
	case d.syncfs:
		return DurableSyncFS
	case d.unsupported:
		return DurableNotConfirmed
	}
	return DurableFsync
}
