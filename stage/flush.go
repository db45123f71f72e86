package stage

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"usmtpkg/locate/tree"
)

// A flusher moves what was written to the disk. All flushes go through one, so
// that a test can record them, make one fail, and work out what a power cut
// would leave.
type flusher interface {
	flush(f *os.File) error         // writes out one file or folder
	flushSystem(dir *os.File) error // writes out the whole file system that dir is on
	canFlushSystem(dir *os.File) bool
}

// osFlusher asks the operating system.
type osFlusher struct{}

func (osFlusher) flush(f *os.File) error         { return f.Sync() }
func (osFlusher) flushSystem(dir *os.File) error { return syncFS(dir) }

// canFlushSystem reports whether one call makes all files below dir durable.
func (osFlusher) canFlushSystem(dir *os.File) bool { return hasSyncFS(dir) }

// flusherOr returns f, or the operating system's where there is none.
func flusherOr(f flusher) flusher {
	if f == nil {
		return osFlusher{}
	}
	return f
}

// syncDir makes a new name in dir durable where the system can.
func syncDir(disk flusher, root *os.Root, dir string) error {
	d, err := root.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(flushDir(disk, d), d.Close())
}

func flushDir(disk flusher, d *os.File) error {
	err := disk.flush(d)
	if tree.IsUnsupported(err) || tree.IsDenied(err) {
		return nil // Windows does not flush folders
	}
	return err
}

// makeDirs makes a folder and the missing ones above it, and makes their names durable.
func makeDirs(disk flusher, dir string) error {
	var parents []string // of what is made
	for d := dir; d != filepath.Dir(d); d = filepath.Dir(d) {
		if _, err := os.Lstat(d); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		parents = append(parents, filepath.Dir(d))
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	for _, p := range parents {
		d, err := os.Open(p)
		if tree.IsDenied(err) {
			continue // a folder in which this account may make others need not be readable
		}
		if err != nil {
			return err
		}
		if err := errors.Join(flushDir(disk, d), d.Close()); err != nil {
			return err
		}
	}
	return nil
}
