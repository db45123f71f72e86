package tree

import (
	"errors"
	"io"
	"io/fs"
)

// A SteadyFile is a file opened for reading that outlasts a short outage of
// the server it lies on: it is opened again and read on. Whether it is still
// the same file is for the caller to find, by size, time or sum at its end.
type SteadyFile struct {
	file
	folders *Folders
	name    string
	flag    int
	offset  int64 // of the next Read, in bytes

	entries []fs.DirEntry // of a folder, those not handed out yet
	listed  bool
}

// Read reads on, after an outage from where it was.
func (f *SteadyFile) Read(p []byte) (n int, err error) {
	if n, err = f.file.Read(p); IsOutage(err) {
		n, err = steadily(f, func() (int, error) { return f.file.Read(p) })
	}
	f.offset += int64(n)
	return n, err
}

// ReadAt reads at an offset.
func (f *SteadyFile) ReadAt(p []byte, offset int64) (n int, err error) {
	if n, err = f.file.ReadAt(p, offset); IsOutage(err) {
		n, err = steadily(f, func() (int, error) { return f.file.ReadAt(p, offset) })
	}
	return n, err
}

// Stat returns the file's size, time and kind.
func (f *SteadyFile) Stat() (info fs.FileInfo, err error) {
	if info, err = f.file.Stat(); IsOutage(err) {
		info, err = steadily(f, func() (fs.FileInfo, error) { return f.file.Stat() })
	}
	return info, err
}

// Seek is kept in step with Read.
func (f *SteadyFile) Seek(offset int64, whence int) (int64, error) {
	at, err := f.file.Seek(offset, whence)
	if err == nil {
		f.offset = at
	}
	return at, err
}

// WriteTo would read past Read.
func (f *SteadyFile) WriteTo(w io.Writer) (int64, error) {
	return io.Copy(w, struct{ io.Reader }{f})
}

// ReadDir lists a folder that was opened as a file, as fs.ReadDirFile has it.
func (f *SteadyFile) ReadDir(n int) (list []fs.DirEntry, err error) {
	if !f.listed {
		if f.entries, err = f.folders.readDir(f.name); err != nil {
			return nil, err
		}
		f.listed = true
	}
	if n > 0 && len(f.entries) == 0 {
		return nil, io.EOF
	}
	if n <= 0 || n > len(f.entries) {
		n = len(f.entries)
	}
	list, f.entries = f.entries[:n], f.entries[n:]
	return list, nil
}

// steadily repeats do during an outage, each time with the file opened again.
func steadily[T any](f *SteadyFile, do func() (T, error)) (got T, err error) {
	err = f.folders.try(func() (err error) {
		if err = f.reopen(); err == nil {
			got, err = do()
		}
		return err
	})
	return got, err
}

// reopen goes from the root: a folder kept open may be as dead as the file.
func (f *SteadyFile) reopen() error {
	in, err := f.folders.root.OpenFile(f.name, f.flag|AtOnce, 0)
	if err != nil {
		return err
	}
	if _, err := in.Seek(f.offset, io.SeekStart); err != nil {
		return errors.Join(err, in.Close())
	}
	_ = f.Close() // what it says of a dead file says nothing
	f.file = in
	return nil
}
