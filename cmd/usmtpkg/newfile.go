package main

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"usmtpkg/stage"
)

// writeNew writes a file that was not there before, and returns its whole path. What was written
// of it is removed if that fails.
func writeNew(name, doing string, write func(io.Writer) error) (file string, err error) {
	if file, err = filepath.Abs(name); err != nil {
		return "", err
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if errors.Is(err, fs.ErrExist) {
		return "", &usageError{msg: file + " exists already", hint: "choose another file, or move this one away"}
	}
	if dir := filepath.Dir(file); errors.Is(err, fs.ErrNotExist) {
		return "", &advisedError{
			err:  &stage.DestinationError{Doing: "cannot write " + file, Err: errors.New("the folder " + dir + " does not exist")},
			hint: "make that folder first, or name another file",
		}
	}
	if err != nil {
		return "", &stage.DestinationError{Doing: doing, Err: err}
	}
	if err := errors.Join(write(f), f.Close()); err != nil {
		return "", errors.Join(&stage.DestinationError{Doing: doing, Err: err}, os.Remove(file))
	}
	return file, nil
}
