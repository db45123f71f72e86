// Package tree is the ground floor for reading files. Each and Stream run the workers that read them, Pour
// and Sum read them. Open and ReadFile open what somebody named, or what is in a library: nothing that
// opening or reading could hang on, or that has no end. Folders is the file system below a folder, with
// its listings read ahead and its files read on after an outage. IsLocked, IsOutage and their like tell
// what an error of the system means, and Retry… wait for what passes.
//
// Rules: only a regular file is opened; links are followed to one. A named pipe, a folder and a device
// are refused before they are opened. One that takes the place of a file in that moment is opened
// without waiting for its other end, and refused then. A file has a limit, which also counts what is
// added while it is read.
//
// The package does not bound the wait for a server that does not answer, and says nothing about content.
package tree

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
)

// A FileError says why a file is not read.
type FileError struct {
	Path   string
	Found  string
	Wanted string
}

func (e *FileError) Error() string { return e.Path + ": " + e.Reason() }

// Reason is the error without the path.
func (e *FileError) Reason() string { return fmt.Sprintf("found %s, wanted %s", e.Found, e.Wanted) }

// A Handle is an open regular file that is read up to a limit.
type Handle struct {
	f     *os.File
	limit int64 // in bytes
	have  int64
}

// Open opens a file of at most limit bytes. A larger one, and anything that is not a
// regular file, is a *FileError.
func Open(name string, limit int64) (*Handle, error) { return open(system{}, name, limit) }

// OpenIn opens a file below root in the same way; links are followed within root.
func OpenIn(root *os.Root, name string, limit int64) (*Handle, error) { return open(root, name, limit) }

// ReadFile reads a whole file of at most limit bytes.
func ReadFile(name string, limit int64) ([]byte, error) { return readFile(system{}, name, limit) }

// ReadFileIn reads a whole file below root in the same way.
func ReadFileIn(root *os.Root, name string, limit int64) ([]byte, error) {
	return readFile(root, name, limit)
}

// A place is where files are opened: *os.Root, or the whole system.
type place interface {
	Stat(name string) (fs.FileInfo, error)
	OpenFile(name string, flag int, perm fs.FileMode) (*os.File, error)
	OpenRoot(name string) (*os.Root, error)
}

type system struct{}

func (system) Stat(name string) (fs.FileInfo, error) { return os.Stat(name) }
func (system) OpenFile(name string, flag int, perm fs.FileMode) (*os.File, error) {
	return os.OpenFile(name, flag, perm)
}
func (system) OpenRoot(name string) (*os.Root, error) { return os.OpenRoot(name) }

func open(at place, name string, limit int64) (*Handle, error) {
	info, err := at.Stat(name)
	if err != nil {
		return nil, opening(err)
	}
	if err := check(name, info, limit); err != nil {
		return nil, err
	}
	f, err := at.OpenFile(name, os.O_RDONLY|AtOnce, 0)
	if err != nil {
		return nil, opening(err)
	}
	if info, err = f.Stat(); err == nil { // it may be another by now
		err = check(name, info, limit)
	}
	if err != nil {
		_ = f.Close() // only read
		return nil, err
	}
	return &Handle{f: f, limit: limit}, nil
}

// opening names what was asked for, whichever system call failed.
func opening(err error) error {
	if failed := (*fs.PathError)(nil); errors.As(err, &failed) {
		return &fs.PathError{Op: "open", Path: failed.Path, Err: failed.Err}
	}
	return err
}

func readFile(at place, name string, limit int64) ([]byte, error) {
	f, err := open(at, name, limit)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read
	return io.ReadAll(f)
}

func check(name string, info fs.FileInfo, limit int64) error {
	if m := info.Mode(); !m.IsRegular() {
		return &FileError{name, Kind(m), "a file"}
	}
	if info.Size() > limit {
		return tooLarge(name, info.Size(), limit)
	}
	return nil
}

func tooLarge(name string, size, limit int64) error {
	return &FileError{name, fmt.Sprintf("%d bytes", size), fmt.Sprintf("at most %d", limit)}
}

// Read reads on; beyond the limit it is a *FileError.
func (f *Handle) Read(p []byte) (int, error) {
	n, err := f.f.Read(p)
	if f.have += int64(n); f.have > f.limit {
		return 0, tooLarge(f.f.Name(), f.have, f.limit)
	}
	return n, err
}

// ReadAt reads at an offset; what is beyond the limit is a *FileError.
func (f *Handle) ReadAt(p []byte, offset int64) (int, error) {
	n, err := f.f.ReadAt(p, offset)
	if end := offset + int64(n); end > f.limit {
		return 0, tooLarge(f.f.Name(), end, f.limit)
	}
	return n, err
}

// Stat returns the file's size, time and kind.
func (f *Handle) Stat() (fs.FileInfo, error) { return f.f.Stat() }

// Close closes it.
func (f *Handle) Close() error { return f.f.Close() }

// FS is the file system below root whose files are opened in the same way, without a limit:
// for readers that have their own.
func FS(root *os.Root) fs.FS { return rootFS{root.FS().(fs.ReadLinkFS), root} }

// A rootFS looks at links as the file system of its root does.
type rootFS struct {
	fs.ReadLinkFS
	root *os.Root
}

func (r rootFS) Open(name string) (fs.File, error) {
	if _, err := filepath.Localize(name); err != nil { // a backslash, a device name: Windows would open something else
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	if info, err := r.root.Stat(name); err == nil && info.IsDir() {
		return r.root.OpenFile(name, os.O_RDONLY|AtOnce, 0)
	}
	f, err := OpenIn(r.root, name, math.MaxInt64)
	if err != nil {
		return nil, err
	}
	return f, nil
}
