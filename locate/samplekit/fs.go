package samplekit

import (
	"bytes"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// FS returns the standard kit as a read-only file system whose root is the USMT
// folder. Its files implement io.ReaderAt and io.Seeker, too.
func FS() fs.FS {
	root := tree{".": {name: ".", dir: true}}
	for name, data := range Files(Options{}) {
		root.add(name, &node{name: path.Base(name), data: data})
	}
	for _, n := range root {
		slices.SortFunc(n.entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	}
	return root
}

// A tree has the nodes of a file system by their paths.
type tree map[string]*node

// add enters n and the folders above it.
func (t tree) add(name string, n *node) {
	t[name] = n
	parent := t[path.Dir(name)]
	if parent == nil {
		parent = &node{name: path.Base(path.Dir(name)), dir: true}
		t.add(path.Dir(name), parent)
	}
	parent.entries = append(parent.entries, fs.FileInfoToDirEntry(n))
}

func (t tree) find(op, name string) (*node, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	n := t[name]
	if n == nil {
		return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
	}
	return n, nil
}

func (t tree) Open(name string) (fs.File, error) {
	n, err := t.find("open", name)
	if err != nil {
		return nil, err
	}
	if n.dir {
		return &folder{node: n, rest: n.entries}, nil
	}
	return &file{bytes.NewReader(n.data), n}, nil
}

func (t tree) ReadDir(name string) ([]fs.DirEntry, error) {
	n, err := t.find("readdir", name)
	if err != nil {
		return nil, err
	}
	if !n.dir {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrInvalid}
	}
	return slices.Clone(n.entries), nil
}

// A node is a file or a folder, and its own fs.FileInfo.
type node struct {
	name    string
	dir     bool
	data    []byte        // of a file
	entries []fs.DirEntry // of a folder, sorted by name
}

func (n *node) Name() string { return n.name }
func (n *node) Size() int64  { return int64(len(n.data)) }
func (n *node) IsDir() bool  { return n.dir }
func (n *node) Sys() any     { return nil }

// ModTime returns the same for all, so that two kits are equal in this as well. It
// is one that every file system can store.
func (n *node) ModTime() time.Time { return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) }

func (n *node) Mode() fs.FileMode {
	if n.dir {
		return fs.ModeDir | 0o555
	}
	return 0o444
}

type file struct {
	*bytes.Reader
	node *node
}

func (f *file) Stat() (fs.FileInfo, error) { return f.node, nil }
func (f *file) Close() error               { return nil }

type folder struct {
	node *node
	rest []fs.DirEntry // not yet returned by ReadDir
}

func (f *folder) Stat() (fs.FileInfo, error) { return f.node, nil }
func (f *folder) Close() error               { return nil }

func (f *folder) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: f.node.name, Err: fs.ErrInvalid}
}

func (f *folder) ReadDir(n int) ([]fs.DirEntry, error) {
	if n > 0 && len(f.rest) == 0 {
		return nil, io.EOF
	}
	if n <= 0 || n > len(f.rest) {
		n = len(f.rest)
	}
	entries := slices.Clone(f.rest[:n])
	f.rest = f.rest[n:]
	return entries, nil
}
