package stage

import (
	"cmp"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"

	"usmtpkg/stage/bag"
)

// Sums are SHA-256 sums in lower-case hex by the path of a file in a bag.
type Sums map[string]string

// findings collects what is found in the files that are read.
type findings struct {
	mu    sync.Mutex
	files []FileResult
	odd   bool // only of files that are not as they should be
	sums  Sums // nil if not wanted
}

func newFindings(c *comparison, n int) *findings {
	f := &findings{odd: c.twin != nil} // equal or not is all that is asked of a twin
	if !f.odd {
		f.files = make([]FileResult, 0, n)
	}
	if c.o.Sums {
		f.sums = make(Sums, n)
	}
	return f
}

func (f *findings) add(w wanted, res FileResult, sum string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.odd || res.Verdict != Same {
		f.files = append(f.files, res)
	}
	if f.sums != nil && sum != "" {
		f.sums[w.found().Path] = sum // under the name that the file has on disk
	}
}

// A Subject is a file of a release that somebody can vouch for.
type Subject struct {
	Path   string // in the release
	SHA256 string
}

// Subjects returns the files of a release that make up its content and what is
// known of it: the manifest, whose sum is the release's digest; the record;
// and the payload. They come in this order, the payload sorted by path.
func (s Sums) Subjects() []Subject {
	subjects := make([]Subject, 0, len(s))
	for p, sum := range s {
		if isSubject(p) {
			subjects = append(subjects, Subject{p, sum})
		}
	}
	slices.SortFunc(subjects, func(a, b Subject) int {
		return cmp.Or(cmp.Compare(rank(a.Path), rank(b.Path)), strings.Compare(a.Path, b.Path))
	})
	return subjects
}

// Manifest returns the sum of the payload manifest, which is a release's digest;
// empty if it was not read.
func (s Sums) Manifest() string { return s[manifestName.Name()] }

func isSubject(p string) bool { return rank(p) < 2 || strings.HasPrefix(p, dataDir+"/") }

// rank returns the place of a file among the subjects.
func rank(p string) int {
	switch p {
	case manifestName.Name():
		return 0
	case releaseFile:
		return 1
	}
	return 2
}

// CompareSubjects compares what was read of a release with what somebody says
// its subjects are: Missing is one that is not in the release, Extra one that
// nobody speaks of. Files that were there and not read are in no Report as
// Same, so that this alone does not show a release to be whole.
func (s Sums) CompareSubjects(said []Subject) []FileResult {
	left := Sums{}
	maps.Copy(left, s)
	results := make([]FileResult, 0, len(said))
	for _, want := range said {
		r := FileResult{Path: want.Path, Verdict: Same}
		found, ok := left[want.Path]
		delete(left, want.Path)
		switch {
		case !ok || !isSubject(want.Path):
			r.Verdict = Missing
		case found != want.SHA256:
			r.Verdict, r.Wanted, r.Found = Changed, describeSum(want.SHA256), describeSum(found)
		}
		results = append(results, r)
	}
	for _, f := range left.Subjects() {
		results = append(results, FileResult{Path: f.Path, Verdict: Extra})
	}
	sortResults(results)
	return results
}

func describeSum(sum string) string { return string(bag.SHA256) + " " + sum }

// manifest writes the manifest of what was staged.
func (r *run) manifest(w io.Writer) error {
	entries := make([]bag.Entry, len(r.tree.Files))
	for i, f := range r.tree.Files {
		entries[i] = bag.Entry{Path: dataDir + "/" + f.Path, Sum: r.sums[i]}
	}
	return bag.WriteManifest(w, manifestName, entries)
}
