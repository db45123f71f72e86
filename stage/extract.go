package stage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"usmtpkg/locate/tree"
	"usmtpkg/locate/winname"
)

// A Content is what Extract writes: files from anywhere, with what each has to be.
type Content struct {
	Name  string // what it is called in errors
	FS    fs.FS  // has the files by their paths; its folders are not listed
	Files []tree.FileSum
	Dirs  []string // its folders; those with a file in them may be left out
	From  []string // folders on disk that FS reads from: the target must not be in one
}

// ExtractOptions tunes Extract. The zero value is ready to use.
type ExtractOptions struct {
	Protected []string // folders that must not be written to: home, Windows
	DryRun    bool     // look, and write nothing
	Workers   int      // files worked on at once; 0 means 4, and more where a server answers slowly
	Progress  Progress // nil reports nothing

	step func(name string) // called between the steps; tests end the process there
	disk flusher           // nil is the operating system's
}

// An Extracted says what Extract wrote or, in a dry run, would write.
type Extracted struct {
	Dir   string // absolute
	Files int
	Bytes int64
	Notes []string // what became of what killed extractions to this target left; also with an error
}

// An extraction is one call of Extract.
type extraction struct {
	Content
	o     ExtractOptions
	base  string // the name of the target
	doing string // for a DestinationError

	private bool // nobody else may look at what is extracted
	tree    Tree // in the order of Content.Files
	notes   []string
}

// Extract writes the files and folders of a content to target, which must not exist yet or be an
// empty folder. Every file is hashed while it is written; those that are not what they have to be
// are a *MismatchError, that names each. Names that Windows does not accept or takes for one are a
// *FormatError. The files are written into a folder beside the target, which is renamed when it is
// whole, and removed on any error; one that a killed run left is removed by the next with this
// target.
func Extract(ctx context.Context, c Content, target string, o ExtractOptions) (Extracted, error) {
	o.Progress, o.disk = progressOr(o.Progress), flusherOr(o.disk)
	if o.step == nil {
		o.step = func(string) {}
	}
	target, err := filepath.Abs(target)
	if err != nil {
		return Extracted{}, destination("extracting", err)
	}
	x := &extraction{Content: c, o: o, base: filepath.Base(target), doing: "extracting to " + target}
	if err := errors.Join(x.checkTarget(target), x.checkNames()); err != nil {
		return Extracted{}, err
	}
	parent, err := tree.OpenRoot(filepath.Dir(target))
	if err != nil {
		return Extracted{}, x.destination(err)
	}
	defer parent.Close() //nolint:errcheck // its entries are flushed before
	err = x.run(ctx, parent)
	return Extracted{Dir: target, Files: len(x.Files), Bytes: x.tree.Bytes(), Notes: x.notes}, err
}

func (x *extraction) destination(err error) error { return destination(x.doing, err) }

// run does everything; first it makes room.
func (x *extraction) run(ctx context.Context, parent *os.Root) error {
	if !x.o.DryRun {
		if err := x.reclaim(ctx, parent); err != nil {
			return x.destination(err)
		}
	}
	if err := x.checkEmpty(parent); err != nil {
		return err
	}
	if err := x.plan(); err != nil {
		return err
	}
	if err := checkSpace(x.doing, parent, x.tree); err != nil {
		return err
	}
	if x.o.DryRun {
		return CheckWritable(x.doing, parent.Name())
	}
	return x.write(ctx, parent)
}

// checkTarget refuses targets that can never be right.
func (x *extraction) checkTarget(target string) error {
	err := refuseTarget(target, x.o.Protected)
	for _, dir := range x.From {
		if err == nil && within(resolve(target), dir) {
			err = &RefusedError{Path: target, Reason: "it is in " + dir + ", which usmtpkg only reads"}
		}
	}
	if _, lerr := os.Lstat(filepath.Join(target, markerFile)); err == nil && lerr == nil {
		err = &RefusedError{Path: target, Reason: "it is a usmtpkg library"}
	}
	if refused := (*RefusedError)(nil); errors.As(err, &refused) {
		refused.As = "the target"
	}
	return err
}

// checkNames refuses names that Windows does not accept, or takes for one, and sorts the files.
// It adds the folders that files are in.
func (x *extraction) checkNames() error {
	var all []string
	for _, f := range x.Files {
		all = append(all, f.Path)
	}
	for _, p := range slices.Concat(all, x.Dirs) {
		if fault := winname.PathFault(p); fault != "" {
			return &FormatError{x.Name, fmt.Sprintf("%.120q has %s, which Windows does not accept", p, fault)}
		}
	}
	for _, d := range x.Dirs {
		all = append(all, d+"/.") // a folder clashes with a file, or a folder, of nearly its name
	}
	if twins := winname.Twins(all); len(twins) > 0 {
		t := twins[0]
		return &FormatError{x.Name, fmt.Sprintf("%.120q and %.120q %s", t.A, t.B, t.Kind)}
	}
	x.Files = slices.SortedFunc(slices.Values(x.Files), func(a, b tree.FileSum) int { return cmp.Compare(a.Path, b.Path) })
	folders := foldersOf(all, func(p string) string { return p })
	delete(folders, ".")
	for d := range folders {
		x.tree.Dirs = append(x.tree.Dirs, d)
	}
	slices.Sort(x.tree.Dirs)
	return nil
}

// checkEmpty makes sure that the target is not there, or an empty folder.
func (x *extraction) checkEmpty(parent *os.Root) error {
	info, err := parent.Lstat(x.base)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err == nil && !info.IsDir():
		err = fmt.Errorf("it is %s, not a folder", tree.Kind(info.Mode().Type()))
	case err == nil:
		var entries []fs.DirEntry
		if entries, err = fs.ReadDir(parent.FS(), x.base); err == nil && len(entries) > 0 {
			err = fmt.Errorf("it is not empty (%s)", entries[0].Name())
		}
	}
	return x.destination(err)
}

// plan looks at every file, and refuses a content that cannot be written as a whole.
func (x *extraction) plan() error {
	var broken []FileResult
	for _, f := range x.Files {
		info, err := fs.Stat(x.FS, f.Path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			broken = append(broken, FileResult{Path: f.Path, Verdict: Missing})
			continue
		case err != nil:
			return &SourceError{Err: err}
		case info.Size() != f.Size:
			broken = append(broken, FileResult{Path: f.Path, Verdict: Changed, Wanted: fmt.Sprintf("%d bytes", f.Size), Found: fmt.Sprintf("%d bytes", info.Size())})
		}
		x.tree.Files = append(x.tree.Files, File{Path: f.Path, Size: f.Size, ModTime: info.ModTime()})
	}
	return x.mismatch(broken)
}

// mismatch returns the error about files that are not what they have to be; nil without any.
func (x *extraction) mismatch(broken []FileResult) error {
	if len(broken) == 0 {
		return nil
	}
	return &MismatchError{What: x.Name + " is incomplete or altered", Files: broken}
}

// write writes the files into a folder beside the target and renames that.
func (x *extraction) write(ctx context.Context, parent *os.Root) (err error) {
	name, err := x.makePartial(parent)
	if err != nil {
		return x.destination(err)
	}
	defer func() {
		left := removePartial(context.WithoutCancel(ctx), parent, name, wholePartial)
		switch {
		case err != nil:
			err = errors.Join(err, left)
		case left != nil: // what was extracted is whole, and has its name
			x.notes = append(x.notes, fmt.Sprintf("%s could not be removed: %v", name, left))
		}
	}()
	staging, err := tree.Sub(parent, name+"/"+extractedDir)
	if err != nil {
		return x.destination(err)
	}
	err = x.fill(ctx, staging)
	if err = errors.Join(err, staging.Close()); err != nil {
		return err
	}
	x.o.step("filled")
	// An empty target makes room; one that is not empty any more stays, and is an error.
	if err := parent.Remove(x.base); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return x.destination(err)
	}
	if err := renameRetry(ctx, parent, name+"/"+extractedDir, x.base); err != nil {
		return x.destination(err)
	}
	x.o.step("extracted")
	return x.destination(syncDir(x.o.disk, parent, "."))
}

// fill copies the files, compares their sums, and flushes them.
func (x *extraction) fill(ctx context.Context, staging *os.Root) error {
	d, err := newDurable(staging, x.o.disk)
	if err != nil {
		return x.destination(err)
	}
	defer d.close() //nolint:errcheck // only flushed
	files := tree.NewFolders(ctx, staging, 1)
	c := &copier{src: x.FS, dst: staging, files: files, disk: d.single(), progress: x.o.Progress}
	sums, err := c.copyTree(ctx, x.tree, workersFor(x.o.Workers, x.FS, x.tree.Files))
	if err := errors.Join(err, files.Close()); err != nil {
		return err
	}
	var broken []FileResult
	for i, f := range x.Files {
		if !strings.EqualFold(sums[i], f.SHA256) {
			broken = append(broken, FileResult{Path: f.Path, Verdict: Changed, Wanted: "SHA-256 " + strings.ToLower(f.SHA256), Found: "SHA-256 " + sums[i]})
		}
	}
	if err := x.mismatch(broken); err != nil {
		return err
	}
	return x.destination(flushTree(ctx, d, x.tree.Dirs))
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
