package stage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"usmtpkg/locate/tree"
	"usmtpkg/stage/overlay"
)

// A relister is a source that keeps what its folders list. After Relist it
// lists them as they are now.
type relister interface {
	Relist(ctx context.Context) error
}

// listedOnce lists a source that is to be compared.
func listedOnce(ctx context.Context, src Source) (*run, error) {
	all, err := listSource(ctx, src.FS, src.Include)
	return &run{src: src, tree: all.withoutEmpty(), dirs: all.Dirs}, err
}

// relist lists the source again and compares it with the listing that the run
// is based on: names, kinds, sizes and times. It reads no file. A difference is
// tree.ErrChanged: what was added after the first listing would be missing from the
// release, and nobody would know.
func (r *run) relist(ctx context.Context) error {
	if again, ok := r.src.FS.(relister); ok {
		if err := again.Relist(ctx); err != nil {
			return relistFailure(err)
		}
	}
	a := &secondLook{tree: r.tree, dirs: map[string]bool{}, files: make([]bool, len(r.tree.Files))}
	for _, d := range r.dirs {
		a.dirs[d] = false
	}
	err := walk(ctx, r.src.FS, r.src.Include, visitor{
		dir:   a.dir,
		files: a.look,
		odd: func(p string, kind fs.FileMode) error {
			a.note(p, "is now a "+entryKind(kind))
			a.seen(p)
			return nil
		},
	})
	if err != nil {
		return relistFailure(err)
	}
	return a.outcome()
}

// relistFailure distinguishes a source that changed from one that cannot be listed.
func relistFailure(err error) error {
	var changed *overlay.ChangedError
	if !errors.Is(err, tree.ErrChanged) && (errors.As(err, &changed) || errors.Is(err, fs.ErrNotExist)) {
		return fmt.Errorf("%w: %s", tree.ErrChanged, err.Error())
	}
	return err
}

// explain looks for the reason why a source could not be read: if it changed,
// for example because a link was put in a file's place, that is the reason.
func (r *run) explain(ctx context.Context, err error) error {
	var source *SourceError
	if ctx.Err() != nil || !errors.As(err, &source) || errors.Is(err, tree.ErrChanged) || tree.IsOutage(err) {
		return err
	}
	if changed := r.relist(ctx); errors.Is(changed, tree.ErrChanged) {
		return errors.Join(changed, err)
	}
	return err
}

// maxNamed is how many differences an error names.
const maxNamed = 5

// A secondLook compares a tree with what is there now.
type secondLook struct {
	tree  Tree
	dirs  map[string]bool // listed folders: true if they are still there
	files []bool          // of the tree: seen again
	named []string        // the first differences
	count int
}

func (a *secondLook) note(p, what string) {
	if a.count++; a.count <= maxNamed {
		a.named = append(a.named, p+" "+what)
	}
}

// seen notes that something other than a folder is at p.
func (a *secondLook) seen(p string) {
	delete(a.dirs, p)
	if i, ok := a.tree.find(p); ok {
		a.files[i] = true
	}
}

func (a *secondLook) dir(p string) {
	if _, listed := a.dirs[p]; listed {
		a.dirs[p] = true
		return
	}
	if _, file := a.tree.find(p); file {
		a.note(p, "is now a folder")
		a.seen(p)
		return
	}
	a.note(p, "was added (a folder)")
}

// look compares files that were listed just now with those of the tree.
func (a *secondLook) look(now []File) {
	for _, f := range now {
		i, known := a.tree.find(f.Path)
		_, dir := a.dirs[f.Path]
		switch {
		case dir:
			a.note(f.Path, "is now a file")
		case !known:
			a.note(f.Path, "was added")
		case f.Size != a.tree.Files[i].Size:
			a.note(f.Path, fmt.Sprintf("has %d bytes now, and had %d when it was listed", f.Size, a.tree.Files[i].Size))
		case !f.ModTime.Equal(a.tree.Files[i].ModTime):
			a.note(f.Path, "has another modification time")
		}
		a.seen(f.Path)
	}
}

// outcome returns the error for all differences, or nil. What was in a folder that is
// gone is not named.
func (a *secondLook) outcome() error {
	for _, d := range slices.Sorted(maps.Keys(a.dirs)) {
		if !a.dirs[d] && a.dirs[path.Dir(d)] {
			a.note(d, "is gone")
		}
	}
	for i, seen := range a.files {
		if f := a.tree.Files[i].Path; !seen && a.dirs[path.Dir(f)] {
			a.note(f, "is gone")
		}
	}
	if a.count == 0 {
		return nil
	}
	text := strings.Join(a.named, "; ")
	if more := a.count - len(a.named); more > 0 {
		text += fmt.Sprintf("; and %d more", more)
	}
	return fmt.Errorf("%w: %s", tree.ErrChanged, text)
}
