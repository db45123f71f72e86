package overlay

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"usmtpkg/locate/tree"
	"usmtpkg/locate/winname"
)

// An Overlay is a set of files. Close it after use.
type Overlay struct {
	patterns []Pattern
	files    []*File // sorted by name
	roots    map[string]*os.Root
}

// Open looks up the files that the patterns name, and hashes them.
func Open(ctx context.Context, patterns []Pattern) (*Overlay, error) {
	o := &Overlay{patterns: patterns, roots: map[string]*os.Root{}}
	if err := o.find(func(f *File) error { return f.load(ctx) }); err != nil {
		return nil, errors.Join(err, o.Close())
	}
	return o, nil
}

// find looks up the files that the patterns name. load completes each.
func (o *Overlay) find(load func(*File) error) error {
	o.files = nil
	for _, p := range o.patterns {
		if err := o.add(p, load); err != nil {
			return err
		}
	}
	slices.SortFunc(o.files, func(a, b *File) int { return cmp.Compare(a.Name, b.Name) })
	return nil
}

// again returns the overlay as its patterns name it now. Nothing is hashed. It uses
// the folders of o, and must not be closed.
func (o *Overlay) again() (*Overlay, error) {
	now := &Overlay{patterns: o.patterns, roots: o.roots}
	err := now.find(func(f *File) (err error) {
		f.info, err = f.root.Lstat(f.Name)
		return err
	})
	var pattern *PatternError
	if errors.As(err, &pattern) {
		return nil, &ChangedError{Path: "overlay " + pattern.From, Reason: "has changed: " + pattern.Reason}
	}
	return now, err
}

// Close closes the folders of the overlay.
func (o *Overlay) Close() error {
	var errs []error
	for _, r := range o.roots {
		errs = append(errs, r.Close())
	}
	return errors.Join(errs...)
}

// Folders returns the folders that the files are in, absolute and sorted.
func (o *Overlay) Folders() []string {
	var dirs []string
	for _, f := range o.files {
		dirs = append(dirs, f.dir)
	}
	slices.Sort(dirs)
	return slices.Compact(dirs)
}

// Abs returns the path of the file itself.
func (f *File) Abs() string { return filepath.Join(f.dir, f.Name) }

// split cuts a pattern into its folder, slash-separated as it was named, and the
// pattern of the files in it.
func (p Pattern) split() (dir, name string, err error) {
	from := strings.ReplaceAll(p.From, `\`, "/")
	dir, name = path.Split(from)
	if _, bad := path.Match(name, ""); bad != nil {
		return "", "", &PatternError{From: p.From, Reason: "found [ without ], wanted *, ? or […]", Err: bad}
	}
	switch {
	case from == "":
		return "", "", &PatternError{From: `""`, Reason: "found nothing, wanted a folder and a file name such as custom/*.xml"}
	case name == "" || name == "." || name == "..":
		return "", "", &PatternError{From: p.From, Reason: "found a folder, wanted the files in it, such as " + strings.TrimSuffix(from, "/") + "/*.xml"}
	case strings.ContainsAny(dir, "*?"):
		return "", "", &PatternError{From: p.From, Reason: "found a wildcard in the folder, wanted wildcards in the file name only"}
	}
	return dir, name, nil
}

// add looks up the files of one pattern.
func (o *Overlay) add(p Pattern, load func(*File) error) error {
	named, name, err := p.split()
	if err != nil {
		return err
	}
	dir := filepath.FromSlash(named)
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(p.Dir, dir)
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	root, err := o.open(dir, p, named)
	if errors.Is(err, fs.ErrNotExist) {
		return &PatternError{From: p.From, Reason: "no file matches, because there is no folder " + dir, Err: err}
	}
	if bad := (*PatternError)(nil); errors.As(err, &bad) {
		return bad
	}
	if err != nil {
		return fmt.Errorf("overlay %s: %w", p.From, err)
	}
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return fmt.Errorf("overlay %s: %w", p.From, err)
	}
	found := false
	for _, e := range entries {
		if ok, _ := path.Match(winname.Fold(name), winname.Fold(e.Name())); !ok {
			continue
		}
		found = true
		f := &File{Name: e.Name(), From: named + e.Name(), Replace: p.Replace, root: root, dir: dir}
		if err := o.take(f, load); err != nil {
			return err
		}
	}
	if !found {
		return &PatternError{From: p.From, Reason: "no file matches in the folder " + dir}
	}
	return nil
}

// open opens the folder of a pattern, which named it so. One that was opened for another pattern
// is taken again, unless only this one must not lead out of its own folder.
func (o *Overlay) open(dir string, p Pattern, named string) (*os.Root, error) {
	key := dir
	if p.Below {
		key = p.Dir + "\x00" + dir
	}
	if r, ok := o.roots[key]; ok {
		return r, nil
	}
	r, err := openFolder(dir, p, named)
	if err == nil {
		o.roots[key] = r
	}
	return r, err
}

func openFolder(dir string, p Pattern, named string) (*os.Root, error) {
	if !p.Below {
		return tree.OpenRoot(dir)
	}
	base, err := tree.OpenRoot(cmp.Or(p.Dir, "."))
	if err != nil {
		return nil, err
	}
	defer base.Close() //nolint:errcheck // only read
	root, err := tree.Sub(base, filepath.FromSlash(path.Clean(named)))
	if err == nil {
		return root, nil
	}
	if there, other := tree.OpenRoot(dir); other == nil { // for an account that may go there
		return nil, errors.Join(&PatternError{From: p.From, Reason: "a link leads out of the folder " + p.Dir, Err: err}, there.Close())
	}
	return nil, err
}

// take adds a file that a pattern matches. One that several patterns match is
// one file, and may replace others if one of them says so.
func (o *Overlay) take(f *File, load func(*File) error) error {
	for _, other := range o.files {
		switch {
		case !winname.Same(other.Name, f.Name):
		case other.dir == f.dir && other.Name == f.Name:
			other.Replace = other.Replace || f.Replace
			return nil
		default:
			return &PatternError{From: f.From, Reason: "found the same name as " + other.From + ", wanted names that differ in more than case"}
		}
	}
	if len(o.files) == MaxFiles {
		return &PatternError{From: f.From, Reason: fmt.Sprintf("found more than %d files, the most that an overlay can have", MaxFiles)}
	}
	if err := load(f); err != nil {
		return err
	}
	o.files = append(o.files, f)
	return nil
}

// load looks at the file and hashes it.
func (f *File) load(ctx context.Context) error {
	in, err := f.open()
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // only read
	if f.info, err = in.Stat(); err != nil {
		return err
	}
	if f.Size = f.info.Size(); f.Size > maxSize {
		return &PatternError{From: f.From, Reason: fmt.Sprintf("found %d bytes, wanted at most %d", f.Size, maxSize)}
	}
	if f.SHA256, err = tree.Sum(ctx, in, tree.Buffer(), nil); err != nil {
		return fmt.Errorf("overlay %s: %w", f.From, err)
	}
	return nil
}

// open opens the file unless it is not one. To a later reader a file that became something
// else is gone.
func (f *File) open() (*tree.Handle, error) {
	info, err := f.root.Lstat(f.Name)
	if err != nil {
		return nil, f.failure(err)
	}
	if !info.Mode().IsRegular() {
		return nil, &PatternError{From: f.From, Reason: "found " + tree.Kind(info.Mode()) + ", wanted a file", Err: fs.ErrNotExist}
	}
	in, err := tree.OpenIn(f.root, f.Name, math.MaxInt64) // load has the limit
	return in, f.failure(err)
}

// failure names the file as it was named.
func (f *File) failure(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return &fs.PathError{Op: p.Op, Path: f.From, Err: p.Err}
	}
	return err
}
