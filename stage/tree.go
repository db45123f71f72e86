package stage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"usmtpkg/locate/tree"
)

// A File is one regular file of a tree.
type File struct {
	Path    string    // slash-separated, relative to the root of the tree
	Size    int64     // in bytes
	ModTime time.Time // of the listing; a hint, never a proof of equality
}

func (f File) bytes() int64 { return f.Size }

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
	return fmt.Sprintf("%s: found %s, wanted a file or a folder", e.Path, entryKind(e.Type))
}

// entryKind is tree.Kind without its article.
func entryKind(m fs.FileMode) string {
	_, noun, _ := strings.Cut(tree.Kind(m), " ")
	return noun
}

// listSource lists what is below the root of fsys, empty folders too. Of the root's
// own entries only those that include accepts are looked at; nil accepts all. An entry
// that is neither a file nor a folder is an *EntryError: it is never skipped.
func listSource(ctx context.Context, fsys fs.FS, include func(name string) bool) (t Tree, err error) {
	err = walk(ctx, fsys, include, visitor{
		dir:   func(p string) { t.Dirs = append(t.Dirs, p) },
		files: func(batch []File) { t.Files = append(t.Files, batch...) },
		odd:   func(p string, kind fs.FileMode) error { return &EntryError{Path: p, Type: kind} },
	})
	if err != nil {
		return Tree{}, err
	}
	sortFiles(t.Files)
	return t, nil
}

// withoutEmpty leaves out the folders that hold no file.
func (t Tree) withoutEmpty() Tree {
	dirs := map[string]bool{".": true}
	t.Dirs = nil
	for _, f := range t.Files {
		t.addDirs(dirs, path.Dir(f.Path))
	}
	return t
}

// A visitor is told what lies in a tree.
type visitor struct {
	dir   func(p string)     // the root included, as "."
	files func(batch []File) // with size and time; not kept
	odd   func(p string, kind fs.FileMode) error
}

// walk shows a tree to a visitor. Of the root's own entries only those that
// include accepts are shown; nil accepts all.
func walk(ctx context.Context, fsys fs.FS, include func(name string) bool, v visitor) error {
	var files []File
	var entries []fs.DirEntry
	show := func() error {
		if err := measure(ctx, files, entries); err != nil {
			return err
		}
		v.files(files)
		clear(entries)
		files, entries = files[:0], entries[:0]
		return nil
	}
	err := fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return &SourceError{Err: err}
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case p != "." && include != nil && path.Dir(p) == "." && !include(p):
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case d.IsDir():
			v.dir(p)
			return nil
		case !d.Type().IsRegular():
			return v.odd(p, d.Type())
		}
		files, entries = append(files, File{Path: p}), append(entries, d)
		if len(entries) < listBatch {
			return nil
		}
		return show()
	})
	if err != nil {
		return err
	}
	return show()
}

// listBatch is how many entries are kept before they are asked for size and
// time: an entry takes several times the memory of a File.
const listBatch = 8192

// measure asks for size and time of files, whose entries these are. That takes
// longer than reading the folders.
func measure(ctx context.Context, files []File, entries []fs.DirEntry) error {
	return tree.Each(ctx, len(entries), 0, func(_ context.Context, i int, _ []byte) error {
		info, err := entries[i].Info()
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("listing %s: %w: it is gone", files[i].Path, tree.ErrChanged)
		}
		if err != nil {
			return &SourceError{Err: err}
		}
		files[i].Size, files[i].ModTime = info.Size(), info.ModTime()
		return nil
	})
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

// largestFirst is the order in which files are worked on: a large file begun
// last would leave the other workers idle.
func largestFirst[T interface{ bytes() int64 }](files []T) []int {
	order := make([]int, len(files))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(files[b].bytes(), files[a].bytes()) })
	return order
}

func sortFiles(files []File) {
	slices.SortFunc(files, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
}

// workersFor is how many files of a tree to work on at once, unless the caller says how many.
func workersFor(asked int, fsys fs.FS, files []File) int {
	var names []string
	for i := range min(3, len(files)) {
		names = append(names, files[len(files)*i/3].Path)
	}
	return tree.WorkersFor(asked, fsys, names...)
}
