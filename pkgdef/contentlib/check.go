package contentlib

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"usmtpkg/locate/tree"
	"usmtpkg/locate/winname"
)

// Verdicts on a content, beside those of package tree. What is wanted is what the list of files
// says; missing and extra are files without a record, and records without a file.
const (
	ObjectMissing tree.Verdict = "object-missing" // recorded as wanted, but FileLib has no such object
	ObjectChanged tree.Verdict = "object-changed" // recorded as wanted, but the object is of another size or, if read, content
)

// A Report is the outcome of Check.
type Report struct {
	Content string            // the content id
	Hash    string            // the content hash that ConfigMgr recorded; empty: none
	Deep    bool              // the objects were read, and not only found
	Files   []tree.FileResult // sorted by path
	Marked  []Marked          // sorted by path; they do not count for Equal
}

// Equal reports whether the content is what was wanted, as far as it was looked at: see Deep.
// A report of no files is none.
func (r Report) Equal() bool {
	return len(r.Files) > 0 && !slices.ContainsFunc(r.Files, func(f tree.FileResult) bool { return f.Verdict != tree.Same })
}

// Options tunes Check. The zero value is ready to use.
type Options struct {
	Deep     bool     // read every object and hash it
	Workers  int      // objects looked at at once; 0 means 4, and more where a server answers slowly
	Progress Progress // nil reports nothing

	best bool // where several drives have an object, find a good one
}

// Progress receives the events of a check. Its methods are called from several goroutines.
type Progress interface {
	// Start begins the look at objects; bytes are those to be read.
	Start(phase string, files int, bytes int64)
	// Add reports work done since the last call.
	Add(files int, bytes int64)
}

type noProgress struct{}

func (noProgress) Start(string, int, int64) {}
func (noProgress) Add(int, int64)           {}

// Check compares a content of the library with the list of files that it should have. What
// differs is a verdict of the Report; an error says that it could not be looked at.
func (l *Library) Check(ctx context.Context, id string, want []tree.FileSum, o Options) (Report, error) {
	if err := checkFiles(want, nil); err != nil {
		return Report{}, err
	}
	c, err := l.Content(ctx, id)
	if err != nil {
		return Report{}, err
	}
	rep := Report{Content: c.ID, Hash: c.Hash, Deep: o.Deep, Marked: c.marked()}
	recorded := make(map[string]Entry, len(c.Files))
	for _, e := range c.Files {
		key := winname.Fold(e.Path)
		if e.stray {
			rep.Files = append(rep.Files, tree.FileResult{Path: e.Path, Verdict: tree.Extra, Found: e.Err.Error()})
			continue
		}
		if _, twice := recorded[key]; twice {
			rep.Files = append(rep.Files, tree.FileResult{Path: e.Path, Verdict: tree.Extra, Found: "a name that differs in case alone"})
			continue
		}
		recorded[key] = e
	}
	var objects []tree.FileSum // those whose record is as wanted
	for _, w := range want {
		e, there := recorded[winname.Fold(w.Path)]
		delete(recorded, winname.Fold(w.Path))
		switch {
		case !there:
			rep.Files = append(rep.Files, tree.FileResult{Path: w.Path, Verdict: tree.Missing})
		case e.Err != nil:
			rep.Files = append(rep.Files, tree.FileResult{Path: w.Path, Verdict: tree.Changed, Wanted: describe(w.Size, w.SHA256), Found: e.Err.Error()})
		case e.Size != w.Size || !strings.EqualFold(e.SHA256, w.SHA256):
			rep.Files = append(rep.Files, tree.FileResult{Path: w.Path, Verdict: tree.Changed, Wanted: describe(w.Size, w.SHA256), Found: describe(e.Size, e.SHA256)})
		default:
			objects = append(objects, tree.FileSum{Path: w.Path, Size: w.Size, SHA256: e.SHA256})
		}
	}
	for _, e := range recorded {
		res := tree.FileResult{Path: e.Path, Verdict: tree.Extra}
		if e.Err != nil {
			res.Found = e.Err.Error()
		}
		rep.Files = append(rep.Files, res)
	}
	found, _, err := l.objects(ctx, objects, o)
	if err != nil {
		return Report{}, err
	}
	rep.Files = append(rep.Files, found...)
	slices.SortStableFunc(rep.Files, func(a, b tree.FileResult) int { return strings.Compare(a.Path, b.Path) })
	return rep, nil
}

func describe(size int64, sum string) string {
	return fmt.Sprintf("%d bytes, SHA-256 %s", size, strings.ToUpper(sum))
}
