package stage

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"usmtpkg/locate/finding"
	"usmtpkg/locate/tree"
	"usmtpkg/locate/winname"
	"usmtpkg/stage/bag"
)

// An OverlayFile is a file of a release that does not come from its source.
type OverlayFile struct {
	Path     string `json:"path"` // below data/
	Size     int64  `json:"size"`
	SHA256   string `json:"sha256"`
	From     string `json:"from"`     // the file it was, as it was named
	Replaces bool   `json:"replaces"` // the source had a file of this name
}

// maxOverlay bounds the overlay of a release, in files: 100 in each of three
// folders. With names as long as Windows takes them their record stays below
// maxHead.
const maxOverlay = 300

// overlay lists the files of the overlay with what was read of them. Their
// paths have been found in the tree by checkOverlay.
func (r *run) overlay() []OverlayFile {
	list := []OverlayFile{}
	for _, f := range r.o.Overlay {
		i, _ := r.tree.find(f.Path)
		f.Size, f.SHA256, f.From = r.tree.Files[i].Size, r.sums[i], clip(finding.Printable(f.From))
		list = append(list, f)
	}
	slices.SortFunc(list, func(a, b OverlayFile) int { return cmp.Compare(a.Path, b.Path) })
	return list
}

// checkOverlay makes sure, before anything is copied, that the overlay can be
// recorded.
func (r *run) checkOverlay() error {
	if n := len(r.o.Overlay); n > maxOverlay {
		return fmt.Errorf("found an overlay of %d files, wanted at most %d", n, maxOverlay)
	}
	for _, f := range r.o.Overlay {
		if _, found := r.tree.find(f.Path); !found {
			return fmt.Errorf("overlay file %s: not in the source", f.Path)
		}
	}
	return nil
}

// find returns the index of the file of that path.
func (t Tree) find(path string) (int, bool) {
	return slices.BinarySearchFunc(t.Files, path, func(f File, p string) int { return strings.Compare(f.Path, p) })
}

// badOverlay says what is wrong with the overlay of a record, or "". What it
// says is shown, so that nothing in it may forge a line.
func (r Release) badOverlay() string {
	for i, f := range r.Overlay {
		switch {
		case winname.PathFault(f.Path) != "" || strings.ContainsFunc(f.From, unicode.IsControl):
			return fmt.Sprintf("overlay[%d]: path %q from %q, wanted a relative path, and no control characters", i, f.Path, f.From)
		case f.Size < 0 || !sha256Hex.MatchString(f.SHA256):
			return fmt.Sprintf("overlay[%d]: size %d, sha256 %q, wanted a number of bytes and 64 hex digits", i, f.Size, f.SHA256)
		}
	}
	return ""
}

// CompareOverlay compares what the record of the release in dir says of its
// overlay with its manifest; no file is read for that. ok is false for a
// release without an overlay, and for anything that is not a release.
func CompareOverlay(dir string) (rep Report, ok bool, err error) {
	root, err := tree.OpenRoot(dir)
	if err != nil {
		return rep, false, err
	}
	defer root.Close() //nolint:errcheck // only read
	rec, err := readRelease(root)
	if err != nil || len(rec.Overlay) == 0 { // Verify reports a record that cannot be read
		return rep, false, nil
	}
	sums, err := manifestSums(root)
	if syntax := (*bag.SyntaxError)(nil); errors.As(err, &syntax) { // Verify reports that, too
		return rep, false, nil
	}
	if err != nil {
		return rep, false, err
	}
	for _, f := range rec.Overlay {
		res := FileResult{Path: dataDir + "/" + f.Path, Verdict: Same}
		switch sum, listed := sums[f.Path]; {
		case !listed:
			res.Verdict = Missing
		case sum != f.SHA256:
			res.Verdict, res.Wanted, res.Found = Changed, describeSum(f.SHA256), describeSum(sum)
		}
		rep.Files = append(rep.Files, res)
	}
	sortResults(rep.Files)
	return rep, true, nil
}

// leftOut returns what is not compared with the source.
func leftOut(overlay []OverlayFile) string {
	replaced := 0
	for _, f := range overlay {
		if f.Replaces {
			replaced++
		}
	}
	text := fmt.Sprintf("not compared with the source: overlay files, according to the record of the release (%d)", len(overlay))
	if replaced > 0 {
		text += fmt.Sprintf(", and the files of the source that they replaced (%d)", replaced)
	}
	return text
}

// withoutOverlay leaves out of a comparison with the source what the record of
// a release says is of its overlay: the files themselves, and those of the
// source that they replaced. Where the source had no such file it may have none
// now.
func withoutOverlay(overlay []OverlayFile, want []wanted, t Tree) ([]wanted, Tree) {
	laid, replaced := map[string]bool{}, map[string]bool{}
	for _, f := range overlay {
		laid[f.Path] = true
		if f.Replaces {
			replaced[winname.Fold(f.Path)] = true
		}
	}
	want = slices.DeleteFunc(want, func(w wanted) bool { return laid[w.path] })
	t.Files = slices.DeleteFunc(t.Files, func(f File) bool { return replaced[winname.Fold(f.Path)] })
	return want, t
}
