package tree

import (
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"
)

// ReadDir lists a folder below root, sorted by name, with what the system says of each entry now:
// asking an entry later asks nobody. What opening it could hang on is a *FileError.
func ReadDir(root *os.Root, dir string) (list []fs.DirEntry, err error) {
	if err := checkFolder(root, dir); err != nil {
		return nil, err
	}
	f, err := root.OpenFile(dir, os.O_RDONLY|AtOnce, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read
	if err := listFolder(f, func(e *entry) { list = append(list, e) }); err != nil {
		return nil, err
	}
	slices.SortFunc(list, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return list, nil
}

// An entry of a folder is what is kept of it.
type entry struct {
	name    string
	mode    fs.FileMode
	size    int64
	modTime time.Time
}

func (e *entry) Name() string               { return e.name }
func (e *entry) Type() fs.FileMode          { return e.mode.Type() }
func (e *entry) Mode() fs.FileMode          { return e.mode }
func (e *entry) IsDir() bool                { return e.mode.IsDir() }
func (e *entry) Size() int64                { return e.size }
func (e *entry) ModTime() time.Time         { return e.modTime }
func (e *entry) Info() (fs.FileInfo, error) { return e, nil }
func (e *entry) Sys() any                   { return nil }
