package stage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"usmtpkg/locate/tree"
	"usmtpkg/locate/winname"
	"usmtpkg/pkgdef/contentlib"
)

// RecoverOptions tunes Recover. The zero value is ready to use.
type RecoverOptions struct {
	Protected []string // folders that must not be written to: home, Windows
	DryRun    bool     // look, and write nothing
	Workers   int      // files worked on at once; 0 means 4
	Progress  Progress // nil reports nothing

	step func(name string) // called between the steps; tests end the process there
	disk flusher           // nil is the operating system's
}

// A Recovered tells what Recover wrote or, in a dry run, would write.
type Recovered struct {
	Content string // the content id
	Dir     string // absolute
	Files   int
	Bytes   int64

	// Recorded is the content hash that the library has of the content, empty if it has none.
	// Predicted is the one predicted from the files and folders, empty if that cannot be done.
	Recorded  string
	Predicted string

	Notes []string // what became of what killed recoveries of this target left; also with an error
}

// A recovery is one call of Recover.
type recovery struct {
	src  *contentlib.PackageSource
	o    RecoverOptions
	base string // the name of the target
	tree Tree
	sums []string // that the library recorded, in the order of the files

	notes []string
}

// Recover rebuilds a package source from the content of a content library, which it only reads.
// The target must not exist yet or be empty. Every file is hashed while it is written and
// compared with what the library recorded of it; what does not match is a *MismatchError, that
// names every such file. The files are written into a folder beside the target, which is renamed
// when it is whole, and removed on any error; one that a killed run left is removed by the next
// of this target. Attributes and times are not those of the source.
func Recover(ctx context.Context, l *contentlib.Library, id, target string, o RecoverOptions) (Recovered, error) {
	o.Progress, o.disk = progressOr(o.Progress), flusherOr(o.disk)
	if o.step == nil {
		o.step = func(string) {}
	}
	target, err := filepath.Abs(target)
	if err != nil {
		return Recovered{}, destination("recovering", err)
	}
	if err := checkRecovery(l, target, o); err != nil {
		return Recovered{}, err
	}
	parent, err := tree.OpenRoot(filepath.Dir(target))
	if err != nil {
		return Recovered{}, destination("opening the folder to recover into", err)
	}
	defer parent.Close() //nolint:errcheck // its entries are flushed before
	r := &recovery{o: o, base: filepath.Base(target)}
	done, err := r.run(ctx, parent, l, id, target)
	done.Notes = r.notes
	return done, err
}

// run does everything; first it makes room.
func (r *recovery) run(ctx context.Context, parent *os.Root, l *contentlib.Library, id, target string) (Recovered, error) {
	if !r.o.DryRun {
		if err := r.reclaim(ctx, parent); err != nil {
			return Recovered{}, destination("recovering", err)
		}
	}
	if err := r.checkEmpty(parent); err != nil {
		return Recovered{}, err
	}
	if err := r.plan(ctx, l, id); err != nil {
		return Recovered{}, err
	}
	if err := checkSpace("recovering", parent, r.tree); err != nil {
		return Recovered{}, err
	}
	done := r.result(target)
	if r.o.DryRun {
		return done, CheckWritable("recovering", filepath.Dir(target))
	}
	return done, r.write(ctx, parent)
}

// checkRecovery refuses targets that can never be right.
func checkRecovery(l *contentlib.Library, target string, o RecoverOptions) error {
	err := refuseTarget(target, o.Protected)
	for _, dir := range l.Dirs() {
		if err == nil && within(resolve(target), dir) {
			err = &RefusedError{Path: target, Reason: "it is in the content library " + dir + ", which only the site may write"}
		}
	}
	if _, lerr := os.Lstat(filepath.Join(target, markerFile)); err == nil && lerr == nil {
		err = &RefusedError{Path: target, Reason: "it is a usmtpkg library"}
	}
	if refused := (*RefusedError)(nil); errors.As(err, &refused) {
		refused.As = "a folder to recover into"
	}
	return err
}

// checkEmpty makes sure that the target is not there, or an empty folder.
func (r *recovery) checkEmpty(parent *os.Root) error {
	info, err := parent.Lstat(r.base)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err == nil && !info.IsDir():
		err = fmt.Errorf("found %s as a %s, wanted no such name or an empty folder", r.base, entryKind(info.Mode().Type()))
	case err == nil:
		var entries []fs.DirEntry
		if entries, err = fs.ReadDir(parent.FS(), r.base); err == nil && len(entries) > 0 {
			err = fmt.Errorf("found %s in %s, wanted an empty folder", entries[0].Name(), r.base)
		}
	}
	return destination("recovering", err)
}

// plan finds every file in the library, and refuses a content that cannot be rebuilt as a whole.
func (r *recovery) plan(ctx context.Context, l *contentlib.Library, id string) error {
	src, broken, err := l.Source(ctx, id, contentlib.Options{Workers: r.o.Workers, Progress: r.o.Progress})
	if err != nil {
		return err
	}
	r.src = src
	if err := checkNames(src.Content); err != nil {
		return err
	}
	if len(broken) > 0 {
		return r.mismatch(broken)
	}
	if len(src.Files) == 0 {
		return &contentlib.FormatError{File: "DataLib/" + src.ID, Found: "no file", Wanted: "at least one"}
	}
	r.tree.Dirs = src.Dirs
	for _, e := range src.Files { // sorted by path, as those of a Tree are
		info, err := src.Stat(e.Path)
		if err != nil {
			return err
		}
		r.tree.Files = append(r.tree.Files, File{Path: e.Path, Size: e.Size, ModTime: info.ModTime()})
		r.sums = append(r.sums, strings.ToLower(e.SHA256))
	}
	return nil
}

// checkNames refuses names that are no names of files on Windows, or that clash there: none
// came from a package source. They are names of entries on a disk that somebody else wrote.
func checkNames(c contentlib.Content) error {
	var all []string
	for _, e := range c.Files {
		all = append(all, e.Path)
	}
	for _, p := range append(slices.Clone(all), c.Dirs...) {
		if fault := winname.PathFault(p); fault != "" {
			return &contentlib.FormatError{File: path.Join("DataLib", c.ID), Found: fmt.Sprintf("%.120q with %s", p, fault), Wanted: "names of a package source"}
		}
	}
	for _, d := range c.Dirs {
		all = append(all, d+"/.") // a folder clashes with a file, or a folder, of nearly its name
	}
	if twins := winname.Twins(all); len(twins) > 0 {
		t := twins[0]
		return &contentlib.FormatError{
			File:  path.Join("DataLib", c.ID),
			Found: fmt.Sprintf("%.120q and %.120q, which %s", t.A, t.B, t.Kind), Wanted: "names that Windows can hold side by side",
		}
	}
	return nil
}

func (r *recovery) mismatch(broken []contentlib.FileResult) error {
	e := &MismatchError{What: "content " + r.src.ID + " of the content library cannot be rebuilt as a whole"}
	for _, b := range broken {
		e.Files = append(e.Files, FileResult{Path: b.Path, Verdict: Verdict(b.Verdict), Want: b.Want, Found: b.Found})
	}
	sortResults(e.Files)
	return e
}

// result describes the content.
func (r *recovery) result(target string) Recovered {
	res := Recovered{Content: r.src.ID, Dir: target, Files: len(r.tree.Files), Bytes: r.tree.Bytes(), Recorded: r.src.Hash}
	files := make([]contentlib.File, len(r.tree.Files))
	for i, f := range r.tree.Files {
		files[i] = contentlib.File{Path: f.Path, Size: f.Size, SHA256: r.sums[i]}
	}
	if p, err := contentlib.Predict(files, r.tree.Dirs); err == nil {
		res.Predicted = p.Hash
	}
	return res
}

// write writes the files into a folder beside the target and renames that.
func (r *recovery) write(ctx context.Context, parent *os.Root) (err error) {
	const doing = "recovering"
	name, err := r.makePartial(parent)
	if err != nil {
		return destination(doing, err)
	}
	defer func() {
		left := removePartial(context.WithoutCancel(ctx), parent, name, wholePartial)
		switch {
		case err != nil:
			err = errors.Join(err, left)
		case left != nil: // what was recovered is whole, and has its name
			r.notes = append(r.notes, fmt.Sprintf("%s could not be removed: %v", name, left))
		}
	}()
	staging, err := tree.Sub(parent, name+"/"+recoveredDir)
	if err != nil {
		return destination(doing, err)
	}
	err = r.fill(ctx, staging)
	if err = errors.Join(err, staging.Close()); err != nil {
		return err
	}
	r.o.step("filled")
	// An empty target makes room; one that is not empty any more stays, and is an error.
	if err := parent.Remove(r.base); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return destination(doing, err)
	}
	if err := renameRetry(ctx, parent, name+"/"+recoveredDir, r.base); err != nil {
		return destination(doing, err)
	}
	r.o.step("recovered")
	return destination(doing, syncDir(r.o.disk, parent, "."))
}

// fill copies the files, compares them with what was recorded, and flushes them.
func (r *recovery) fill(ctx context.Context, staging *os.Root) error {
	d, err := newDurable(staging, r.o.disk)
	if err != nil {
		return destination("recovering", err)
	}
	defer d.close() //nolint:errcheck // only flushed
	files := tree.NewFolders(ctx, staging, 1)
	c := &copier{src: r.src, dst: staging, files: files, disk: d.single(), progress: r.o.Progress}
	sums, err := c.copyTree(ctx, r.tree, r.o.Workers)
	if err := errors.Join(err, files.Close()); err != nil {
		return err
	}
	var broken []contentlib.FileResult
	for i, f := range r.tree.Files {
		if sums[i] != r.sums[i] {
			broken = append(broken, contentlib.FileResult{
				Path: f.Path, Verdict: contentlib.ObjectChanged,
				Want: "SHA-256 " + strings.ToUpper(r.sums[i]), Found: "SHA-256 " + strings.ToUpper(sums[i]),
			})
		}
	}
	if len(broken) > 0 {
		return r.mismatch(broken)
	}
	return destination("flushing what was recovered", flushTree(ctx, d, r.tree.Dirs))
}

// flushTree flushes what was written, and the folders.
func flushTree(ctx context.Context, d *durable, dirs []string) error {
	if d.syncfs {
		return d.flushAll(ctx)
	}
	for _, dir := range append(slices.Clone(dirs), ".") {
		if err := syncDir(d.disk, d.root, dir); err != nil {
			return err
		}
	}
	return nil
}
