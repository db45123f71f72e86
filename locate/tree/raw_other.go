//go:build !linux

package tree

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"time"
)

// mostWorkers is how many WorkersFor returns at most. Of 32 files opened at once on a share, Wine answers
// of some that they are not ready; Windows itself was not measured.
const mostWorkers = 16

// A handle is a folder that stays open.
type handle struct{ root *os.Root }

func newHandle(root *os.Root, dir string) (*handle, error) {
	r, err := Sub(root, dir)
	if err != nil {
		return nil, err
	}
	return &handle{r}, nil
}

func (h *handle) close() error { return h.root.Close() }

// open opens a file for reading.
func (h *handle) open(name string, flag int) (file, error) { return h.openFile(name, flag, 0) }

func (h *handle) openFile(name string, flag int, perm fs.FileMode) (*os.File, error) {
	return h.root.OpenFile(name, flag|AtOnce, perm)
}

func (h *handle) chtimes(name string, t time.Time) error { return h.root.Chtimes(name, t, t) }

// listAtOnce is how many entries are taken as the system gives them: each has four times the
// size of what is kept of it.
const listAtOnce = 256

// listFolder hands out the entries of an open folder as they are now.
func listFolder(f *os.File, take func(*entry)) error {
	for {
		some, err := f.ReadDir(listAtOnce)
		for _, d := range some {
			info, err := d.Info()
			if errors.Is(err, fs.ErrNotExist) {
				continue // gone since
			}
			if err != nil {
				return err
			}
			take(&entry{d.Name(), info.Mode(), info.Size(), info.ModTime()})
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
