package main

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"usmtpkg/locate/tree"
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
	if err := errors.Join(write(newFile{f, doing}), closeNew(f, doing)); err != nil {
		return "", errors.Join(err, os.Remove(file))
	}
	return file, nil
}

// closeNew flushes and closes a file.
func closeNew(f *os.File, doing string) error {
	err := f.Sync()
	if tree.IsUnsupported(err) {
		err = nil
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return &stage.DestinationError{Doing: doing, Err: err}
	}
	return nil
}

// A newFile marks the errors of writing it.
type newFile struct {
	f     *os.File
	doing string
}

func (n newFile) Write(b []byte) (int, error) {
	k, err := n.f.Write(b)
	if err != nil {
		err = &stage.DestinationError{Doing: n.doing, Err: err}
	}
	return k, err
}
