//go:build !linux

package tree

import (
	"errors"
	"io"
	"io/fs"
	"os"
)

// A handle is a folder that stays open.
type handle struct{ root *os.Root }

func newHandle(root *os.Root) (*handle, error) { return &handle{root}, nil }

func (h *handle) close() error { return h.root.Close() }

// open opens a file for reading.
func (h *handle) open(name string, flag int) (file, error) {
	return h.root.OpenFile(name, flag|AtOnce, 0)
}

// listFolder hands out the entries of an open folder as they are now.
func listFolder(f *os.File, take func(entry)) error {
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
			take(entry{d.Name(), info.Mode(), info.Size(), info.ModTime()})
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
