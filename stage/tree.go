package stage

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"time"
)

// A File is one regular file of a tree.
type File struct {
	Path    string    // slash-separated, relative to the root of the tree
	Size    int64     // in bytes
	ModTime time.Time // of the listing; a hint, never a proof of equality
}

// A Tree is what a folder holds, listed once.
type Tree struct {
	Dirs  []string // folders that hold files, parents before children
	Files []File   // sorted by path
}

// Bytes is the size of all files, in bytes.
func (t Tree) Bytes() int64 {
	var n int64
	for _, f := range t.Files {
		n += f.Size
	}
	return n
}

// An EntryError names an entry that is neither a file nor a folder.
type EntryError struct {
	Path string
	Type fs.FileMode // the type bits
}

func (e *EntryError) Error() string {
	return fmt.Sprintf("%s: %s, want a file or a folder", e.Path, entryKind(e.Type))
}

// entryKind names the type bits of a file mode.
func entryKind(m fs.FileMode) string {
	switch {
	case m&fs.ModeSymlink != 0:
		return "symbolic link"
	case m.IsDir():
		return "folder"
	case m&fs.ModeIrregular != 0:
		return "reparse point"
	case m&fs.ModeNamedPipe != 0:
		return "named pipe"
	case m&fs.ModeSocket != 0:
		return "socket"
	case m&fs.ModeDevice != 0:
		return "device"
	}
	return "file"
}

// List lists the files below the root of fsys. Of the root's own entries only
// those that include accepts are looked at; nil accepts all. An entry that is
// neither a file nor a folder is an *EntryError: it is never skipped.
func List(ctx context.Context, fsys fs.FS, include func(name string) bool) (Tree, error) {
	var t Tree
	dirs := map[string]bool{".": true}
	err := fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return &SourceError{Err: err}
		}
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		if p != "." && include != nil && path.Dir(p) == "." && !include(p) {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if d.IsDir() {
			return nil
		}
		if !d.Type().IsRegular() {
			return &EntryError{Path: p, Type: d.Type()}
		}
		info, err := d.Info()
		if err != nil {
			return &SourceError{Err: err}
		}
		t.Files = append(t.Files, File{Path: p, Size: info.Size(), ModTime: info.ModTime()})
		t.addDirs(dirs, path.Dir(p))
		return nil
	})
	if err != nil {
		return Tree{}, err
	}
	sortFiles(t.Files)
	return t, nil
}

// addDirs records dir and its parents, parents first.
func (t *Tree) addDirs(seen map[string]bool, dir string) {
	if seen[dir] {
		return
	}
	t.addDirs(seen, path.Dir(dir))
	seen[dir] = true
	t.Dirs = append(t.Dirs, dir)
}
