package tree

import (
	"errors"
	"io/fs"
	"os"
)

// OpenRoot is os.OpenRoot, except that a named pipe, a socket or a device in place of the folder is
// a *FileError: opening a pipe as a folder waits for its other end. One that takes the folder's place
// after it was looked at is not waited for either.
func OpenRoot(dir string) (*os.Root, error) { return openRoot(system{}, dir) }

// Sub opens a folder below root in the same way; links are followed within root.
func Sub(root *os.Root, dir string) (*os.Root, error) { return openRoot(root, dir) }

func openRoot(at place, dir string) (*os.Root, error) {
	if err := checkFolder(at, dir); err != nil {
		return nil, err
	}
	root, err := at.OpenRoot(asFolder(dir))
	if failed := (*fs.PathError)(nil); errors.As(err, &failed) && failed.Path == asFolder(dir) {
		err = &fs.PathError{Op: failed.Op, Path: dir, Err: failed.Err}
	}
	return root, err
}

// checkFolder refuses what must not be opened. Opening it says what else is wrong.
func checkFolder(at place, dir string) error {
	info, err := at.Stat(dir)
	if err != nil || info.Mode()&(fs.ModeNamedPipe|fs.ModeSocket|fs.ModeDevice) == 0 {
		return nil //nolint:nilerr // opening it will say what is wrong
	}
	return &FileError{dir, Kind(info.Mode()), "a folder"}
}
