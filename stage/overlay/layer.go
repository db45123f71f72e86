package overlay

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"

	"usmtpkg/locate/tree"
	"usmtpkg/locate/winname"
)

// A Layer is a source with an overlay in folders of its root. Its
// methods may be called from several goroutines.
type Layer struct {
	overlay *Overlay
	base    fs.FS
	laid    []Laid
	files   map[string]*File         // by path
	hidden  map[string]fs.FileInfo   // by the path in the source: what was there
	dirs    map[string][]fs.DirEntry // listings of the folders that files were laid into
}

// A Laid file is a file of an overlay where it was laid.
type Laid struct {
	*File
	Path  string // slash-separated, from the root of the source
	Stock *Stock // the file of the source that it hides; nil: there is none
}

// A Stock file is one of the source.
type Stock struct {
	Path   string
	Size   int64
	SHA256 string
}

// Lay lays the files into the folders dirs of the root of base. The folders are
// listed here, and not again until Relist is called: checking the names and
// copying the files then see the same.
func (o *Overlay) Lay(ctx context.Context, base fs.FS, dirs []string) (*Layer, error) {
	l := &Layer{overlay: o, base: base, files: map[string]*File{}, hidden: map[string]fs.FileInfo{}, dirs: map[string][]fs.DirEntry{}}
	for _, dir := range dirs {
		entries, err := fs.ReadDir(base, dir)
		if err != nil {
			return nil, err
		}
		list := slices.Clone(entries)
		for _, f := range o.files {
			laid := Laid{File: f, Path: dir + "/" + f.Name}
			if i := namesake(list, f.Name); i >= 0 {
				var info fs.FileInfo
				if laid.Stock, info, err = stock(ctx, base, dir, list[i], f); err != nil {
					return nil, err
				}
				l.hidden[laid.Stock.Path] = info
				list = slices.Delete(list, i, i+1)
			}
			list = append(list, fs.FileInfoToDirEntry(f.info))
			l.laid = append(l.laid, laid)
			l.files[laid.Path] = f
		}
		slices.SortFunc(list, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
		l.dirs[dir] = list
	}
	slices.SortFunc(l.laid, func(a, b Laid) int { return cmp.Compare(a.Path, b.Path) })
	return l, nil
}

// Files returns the files as they were laid, sorted by path.
func (l *Layer) Files() []Laid { return slices.Clone(l.laid) }

// namesake returns the index of the entry that has a name, spelled so if there is
// such a one, or -1.
func namesake(entries []fs.DirEntry, name string) int {
	if i := slices.IndexFunc(entries, func(e fs.DirEntry) bool { return e.Name() == name }); i >= 0 {
		return i
	}
	return slices.IndexFunc(entries, func(e fs.DirEntry) bool { return winname.Same(e.Name(), name) })
}

// stock looks at the file of the source that f hides.
func stock(ctx context.Context, base fs.FS, dir string, e fs.DirEntry, f *File) (*Stock, fs.FileInfo, error) {
	s := &Stock{Path: path.Join(dir, e.Name())}
	if !e.Type().IsRegular() {
		return nil, nil, &PatternError{From: f.From, Reason: fmt.Sprintf("%s in the source is %s, which a file cannot replace", s.Path, tree.Kind(e.Type()))}
	}
	in, err := base.Open(s.Path)
	if err != nil {
		return nil, nil, err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return nil, nil, err
	}
	s.Size = info.Size()
	if s.SHA256, err = tree.Sum(ctx, in, tree.Buffer(), nil); err != nil {
		return nil, nil, fmt.Errorf("reading %s: %w", s.Path, err)
	}
	return s, info, nil
}

// Relist has the folders listed as they are now, those that files were laid
// into and all others, with the files that the patterns name now. Only the
// listings change: a file that was not laid cannot be opened. A *ChangedError
// says that a hidden file is another one, or that the patterns no longer name an
// overlay. Nobody else may use l meanwhile.
func (l *Layer) Relist(ctx context.Context) error {
	if again, ok := l.base.(interface {
		Relist(ctx context.Context) error
	}); ok {
		if err := again.Relist(ctx); err != nil {
			return err
		}
	}
	now, err := l.overlay.again()
	if err != nil {
		return err
	}
	for dir := range l.dirs {
		entries, err := fs.ReadDir(l.base, dir)
		if err != nil {
			return err
		}
		if l.dirs[dir], err = l.relaid(dir, entries, now.files); err != nil {
			return err
		}
	}
	return nil
}

// relaid returns the listing of a folder with the files of the overlay in it, and
// without those that were hidden when they were laid.
func (l *Layer) relaid(dir string, entries []fs.DirEntry, files []*File) ([]fs.DirEntry, error) {
	gone := map[string]bool{}
	for p := range l.hidden {
		if path.Dir(p) == dir {
			gone[p] = true
		}
	}
	var list []fs.DirEntry
	for _, e := range entries {
		p := path.Join(dir, e.Name())
		was, hidden := l.hidden[p]
		if !hidden {
			list = append(list, e)
			continue
		}
		delete(gone, p)
		info, err := e.Info()
		if err != nil {
			return nil, err
		}
		if info.Mode().Type() != was.Mode().Type() || info.Size() != was.Size() || !info.ModTime().Equal(was.ModTime()) {
			return nil, &ChangedError{Path: p, Reason: "in the source, which the overlay replaces, has changed"}
		}
	}
	for p := range gone {
		return nil, &ChangedError{Path: p, Reason: "in the source, which the overlay replaces, is gone"}
	}
	for _, f := range files {
		list = append(list, fs.FileInfoToDirEntry(f.info))
	}
	slices.SortFunc(list, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	return list, nil
}

// Open opens a file or folder.
func (l *Layer) Open(name string) (fs.File, error) {
	if f, ok := l.files[name]; ok {
		return f.open()
	}
	if _, hidden := l.hidden[name]; hidden {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	in, err := l.base.Open(name)
	if entries, ok := l.dirs[name]; ok && err == nil {
		return &folder{File: in, name: name, rest: entries}, nil
	}
	return in, err
}

// ReadDir lists a folder.
func (l *Layer) ReadDir(name string) ([]fs.DirEntry, error) {
	if entries, ok := l.dirs[name]; ok {
		return slices.Clone(entries), nil
	}
	return fs.ReadDir(l.base, name)
}

// A folder is an opened one that files were laid into.
type folder struct {
	fs.File
	name string
	rest []fs.DirEntry
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

func (f *folder) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: f.name, Err: errors.New("is a folder")}
}
