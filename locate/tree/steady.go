package tree

import (
	"errors"
	"io"
	"io/fs"
	"os"
)

// A SteadyFile is a file opened for reading that outlasts a short outage of
// the server it lies on: it is opened again and read on. Whether it is still
// the same file is for the caller to find, by size, time or sum at its end.
type SteadyFile struct {
	*os.File
	folders *Folders
	name    string
	flag    int
	offset  int64 // of the next Read, in bytes
}

// Read reads on, after an outage from where it was.
func (f *SteadyFile) Read(p []byte) (n int, err error) {
	err = f.steadily(func() (err error) {
		n, err = f.File.Read(p)
		return err
	})
	f.offset += int64(n)
	return n, err
}

// ReadAt reads at an offset.
func (f *SteadyFile) ReadAt(p []byte, offset int64) (n int, err error) {
	err = f.steadily(func() (err error) {
		n, err = f.File.ReadAt(p, offset)
		return err
	})
	return n, err
}

// Stat returns the file's size, time and kind.
func (f *SteadyFile) Stat() (info fs.FileInfo, err error) {
	err = f.steadily(func() (err error) {
		info, err = f.File.Stat()
		return err
	})
	return info, err
}

// Seek is kept in step with Read.
func (f *SteadyFile) Seek(offset int64, whence int) (int64, error) {
	at, err := f.File.Seek(offset, whence)
	if err == nil {
		f.offset = at
	}
	return at, err
}

// WriteTo would read past Read.
func (f *SteadyFile) WriteTo(w io.Writer) (int64, error) {
	return io.Copy(w, struct{ io.Reader }{f})
}

// steadily repeats do during an outage, each time with the file opened anew.
func (f *SteadyFile) steadily(do func() error) error {
	err := do()
	if !IsOutage(err) {
		return err
	}
	return f.folders.try(func() error {
		if err := f.reopen(); err != nil {
			return err
		}
		return do()
	})
}

// reopen goes from the root: a folder kept open may be as dead as the file.
func (f *SteadyFile) reopen() error {
	file, err := f.folders.root.OpenFile(f.name, f.flag|AtOnce, 0)
	if err != nil {
		return err
	}
	if _, err := file.Seek(f.offset, io.SeekStart); err != nil {
		return errors.Join(err, file.Close())
	}
	_ = f.Close() // what it says of a dead file says nothing
	f.File = file
	return nil
}
