package stage

import (
	"errors"
	"os"
)

// durable makes a staging folder survive a power cut: with one syncfs where
// the file system has one that can be trusted, else by flushing every file.
type durable struct {
	dir         *os.File // a handle on the file system, for syncfs
	syncfs      bool
	unsupported bool // flushing files is not supported: nothing is confirmed
}

func newDurable(root *os.Root) (*durable, error) {
	dir, err := root.Open(".")
	if err != nil {
		return nil, err
	}
	return &durable{dir: dir, syncfs: hasSyncFS(dir)}, nil
}

// start begins to write the copy out while it is read back, and returns a
// function that waits for the end of that. With wait it has ended before start
// returns.
func (d *durable) start(wait bool) func() error {
	if !d.syncfs {
		return func() error { return nil } // every file was flushed when it was closed
	}
	done := make(chan error, 1)
	if wait {
		done <- syncFS(d.dir)
	} else {
		go func() { done <- syncFS(d.dir) }()
	}
	return func() error { return <-done }
}

// seal flushes what was written last, and the folders.
func (d *durable) seal(staging *os.Root, dirs []string) error {
	if d.syncfs {
		return syncFS(d.dir)
	}
	for _, dir := range dirs {
		if err := syncDir(staging, dataDir+"/"+dir); err != nil {
			return err
		}
	}
	return errors.Join(syncDir(staging, dataDir), syncDir(staging, "."))
}

func (d *durable) close() { _ = d.dir.Close() }

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
