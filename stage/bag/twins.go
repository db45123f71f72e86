package bag

import (
	"cmp"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// TwinKind says what keeps two paths from lying side by side.
type TwinKind uint8

// The kinds of twins.
const (
	TwinSame   TwinKind = iota // the same path twice
	TwinNested                 // one path is a file and also a folder of the other
	TwinCase                   // they differ in the case of letters, and perhaps in form
	TwinForm                   // they differ only in Unicode normalization form
)

// String says how the paths differ, to follow "paths that …".
func (k TwinKind) String() string {
	switch k {
	case TwinSame:
		return "are the same"
	case TwinNested:
		return "make one name both a file and a folder"
	case TwinCase:
		return "differ only in case"
	default:
		return "differ only in Unicode normalization"
	}
}

// Twin is two of the paths given to [Twins]. A and B are the paths, or the
// first folders on the way to them that clash.
type Twin struct {
	First, Second int // indexes, First < Second
	A, B          string
	Kind          TwinKind
}

// Twins finds the paths that some system cannot hold together: those equal
// under Unicode simple case folding (Windows), equal in normalization form
// (macOS), or both, in their names or in those of their folders. Of more than
// two equal paths neighbours are reported, of two clashing folders one pair.
// The result is sorted by Second, then First.
func Twins(paths []string) []Twin {
	if !newClashFilter(len(paths)).mayClash(paths) {
		return nil
	}
	items := foldAll(paths)
	slices.SortFunc(items, func(a, b folded) int {
		return cmp.Or(strings.Compare(a.key, b.key), strings.Compare(a.path, b.path), cmp.Compare(a.index, b.index))
	})
	var twins []Twin
	seen := map[[2]string]bool{} // pairs of folders
	for i := 1; i < len(items); i++ {
		t, clash := compareNeighbours(items[i-1], items[i])
		if !clash {
			continue
		}
		if t.A != t.B {
			pair := [2]string{min(t.A, t.B), max(t.A, t.B)}
			if seen[pair] {
				continue
			}
			seen[pair] = true
		}
		twins = append(twins, t)
	}
	slices.SortFunc(twins, func(a, b Twin) int {
		return cmp.Or(cmp.Compare(a.Second, b.Second), cmp.Compare(a.First, b.First))
	})
	return twins
}

// compareNeighbours compares two paths that follow each other in folded order,
// in which twins are neighbours and a file comes right before what lies in a
// folder of its name.
func compareNeighbours(a, b folded) (Twin, bool) {
	if a.key != b.key && folder(a.path) == folder(b.path) {
		return Twin{}, false // the common case, and quick
	}
	if a.index > b.index {
		a, b = b, a
	}
	t := Twin{First: a.index, Second: b.index}
	endA, endB := -1, -1 // of the segment, in the paths
	keyA, keyB := a.key, b.key
	for {
		var nameA, nameB string
		nameA, endA = segment(a.path, endA+1)
		nameB, endB = segment(b.path, endB+1)
		var foldA, foldB string
		foldA, keyA, _ = strings.Cut(keyA, keySlash)
		foldB, keyB, _ = strings.Cut(keyB, keySlash)
		t.A, t.B = a.path[:endA], b.path[:endB]
		switch {
		case foldA != foldB:
			return Twin{}, false
		case nameA != nameB:
			t.Kind = TwinCase
			if norm.NFC.String(nameA) == norm.NFC.String(nameB) {
				t.Kind = TwinForm
			}
			return t, true
		case endA == len(a.path) && endB == len(b.path):
			t.Kind = TwinSame
			return t, true
		case endA == len(a.path) || endB == len(b.path):
			t.A, t.B = a.path, b.path
			t.Kind = TwinNested
			return t, true
		}
	}
}

// folder returns the path up to its last slash.
func folder(path string) string { return path[:max(strings.LastIndexByte(path, '/'), 0)] }

// segment returns the name that starts at start, and where it ends.
func segment(path string, start int) (string, int) {
	if i := strings.IndexByte(path[start:], '/'); i >= 0 {
		return path[start : start+i], start + i
	}
	return path[start:], len(path)
}
