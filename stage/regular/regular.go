// Package regular opens files that somebody named, such as a log or a list: nothing
// that reading could hang on or never come to the end of.
//
// Rules: what is opened is a regular file, links are followed to one; a named pipe, a
// folder and a device are refused before they are opened. A file has a limit, which
// counts also for what is added while it is read.
//
// It does not wait for a server that does not answer, and says nothing of content.
package regular

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// An Error says why a file is not read.
type Error struct {
	Path   string
	Found  string
	Wanted string
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s: found %s, wanted %s", e.Path, e.Found, e.Wanted)
}

// A File is a regular file that is read up to a limit.
type File struct {
	f     *os.File
	limit int64 // in bytes
	have  int64
}

// Open opens a file of at most limit bytes. A larger one, and what is no regular file,
// is an *Error.
func Open(name string, limit int64) (*File, error) {
	info, err := os.Stat(name)
	if failed := (*fs.PathError)(nil); errors.As(err, &failed) {
		failed.Op = "open" // what was asked for
	}
	if err != nil {
		return nil, err
	}
	if err := check(name, info, limit); err != nil {
		return nil, err
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	if info, err = f.Stat(); err == nil { // it may be another by now
		err = check(name, info, limit)
	}
	if err != nil {
		_ = f.Close() // only read
		return nil, err
	}
	return &File{f: f, limit: limit}, nil
}

// ReadFile reads the whole of such a file.
func ReadFile(name string, limit int64) ([]byte, error) {
	f, err := Open(name, limit)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read
	return io.ReadAll(f)
}

func check(name string, info fs.FileInfo, limit int64) error {
	if kind := kindOf(info.Mode()); kind != "" {
		return &Error{name, kind, "a file"}
	}
	if info.Size() > limit {
		return tooLarge(name, info.Size(), limit)
	}
	return nil
}

func tooLarge(name string, size, limit int64) error {
	return &Error{name, fmt.Sprintf("%d bytes", size), fmt.Sprintf("at most %d", limit)}
}

// kindOf names what is no regular file; empty: it is one.
func kindOf(m fs.FileMode) string {
	switch {
	case m.IsRegular():
		return ""
	case m.IsDir():
		return "a folder"
	case m&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case m&fs.ModeDevice != 0:
		return "a device"
	}
	return "no regular file"
}

// Read reads on; beyond the limit it is an *Error.
func (f *File) Read(p []byte) (int, error) {
	n, err := f.f.Read(p)
	if f.have += int64(n); f.have > f.limit {
		return 0, tooLarge(f.f.Name(), f.have, f.limit)
	}
	return n, err
}

// Close closes it.
func (f *File) Close() error { return f.f.Close() }
