package stage

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// maxFolders bounds the folders that are kept open at once. Beyond it files
// are reached from the root again.
const maxFolders = 512

// Folders is the file system below a root, with its folders kept open: os.Root
// opens a path folder by folder, which for thousands of small files takes
// longer than reading them. Nothing outside the root can be reached, as with
// the root itself. Close it before the root's folder is renamed.
type Folders struct {
	root *os.Root
	mu   sync.Mutex
	open map[string]*os.Root
	list map[string][]fs.DirEntry
}

// NewFolders returns the file system below root. Its methods may be called
// from several goroutines.
func NewFolders(root *os.Root) *Folders {
	return &Folders{root: root, open: map[string]*os.Root{}, list: map[string][]fs.DirEntry{}}
}

// at returns the folder of a file and the file's name in it.
func (f *Folders) at(name string) (*os.Root, string) {
	dir := path.Dir(name)
	if dir == "." {
		return f.root, name
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if r, ok := f.open[dir]; ok {
		return r, path.Base(name)
	}
	if len(f.open) >= maxFolders {
		return f.root, name
	}
	r, err := f.root.OpenRoot(dir)
	if err != nil {
		return f.root, name // which will say what is wrong
	}
	f.open[dir] = r
	return r, path.Base(name)
}

// Open opens a file for reading.
func (f *Folders) Open(name string) (fs.File, error) {
	if _, err := filepath.Localize(name); err != nil { // a backslash, a device name: Windows would open something else
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	return f.OpenFile(name, os.O_RDONLY, 0)
}

// OpenFile opens a file as os.OpenFile does.
func (f *Folders) OpenFile(name string, flag int, perm fs.FileMode) (*os.File, error) {
	r, base := f.at(name)
	file, err := r.OpenFile(base, flag, perm)
	return file, inFolder(err, name)
}

// ReadDir reads a folder and keeps what it found for the next who asks, once:
// who judges the names and who copies the files see the same, and the second
// does not wait. An os.Root asks for size and time of every entry it lists.
func (f *Folders) ReadDir(name string) ([]fs.DirEntry, error) {
	f.mu.Lock()
	list, ok := f.list[name]
	delete(f.list, name)
	f.mu.Unlock()
	if ok {
		return list, nil
	}
	list, err := fs.ReadDir(f.root.FS(), name)
	if err == nil {
		f.mu.Lock()
		f.list[name] = slices.Clone(list)
		f.mu.Unlock()
	}
	return list, err
}

// chtimes sets the modification time of a file.
func (f *Folders) chtimes(name string, t time.Time) error {
	r, base := f.at(name)
	return inFolder(r.Chtimes(base, t, t), name)
}

// Close closes the folders, not the root.
func (f *Folders) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var errs []error
	for _, r := range f.open {
		errs = append(errs, r.Close())
	}
	clear(f.open)
	clear(f.list)
	return errors.Join(errs...)
}

// inFolder names a file by its whole path in an error.
func inFolder(err error, name string) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return &fs.PathError{Op: p.Op, Path: name, Err: p.Err}
	}
	return err
}
