package tree

import (
	"io/fs"
	"os"
)

// OpenRoot is os.OpenRoot, except that a named pipe, a socket or a device in place of the folder is
// a *FileError: opening a pipe as a folder waits for its other end.
func OpenRoot(dir string) (*os.Root, error) {
	if err := checkFolder(system{}, dir); err != nil {
		return nil, err
	}
	return os.OpenRoot(dir)
}

// Sub opens a folder below root in the same way; links are followed within root.
func Sub(root *os.Root, dir string) (*os.Root, error) {
	if err := checkFolder(root, dir); err != nil {
		return nil, err
	}
	return root.OpenRoot(dir)
}

// checkFolder refuses what must not be opened. Opening it says what else is wrong.
func checkFolder(at place, dir string) error {
	info, err := at.Stat(dir)
	if err != nil || info.Mode()&(fs.ModeNamedPipe|fs.ModeSocket|fs.ModeDevice) == 0 {
		return nil //nolint:nilerr // opening it will say what is wrong
	}
	return &FileError{dir, Kind(info.Mode()), "a folder"}
}
