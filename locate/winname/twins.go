package winname

import (
	"cmp"
	"hash/maphash"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// TwinKind says why two paths cannot exist side by side.
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

// Twins finds the paths that some system cannot store together: those equal
// under Unicode simple case folding (Windows), equal in normalization form
// (macOS), or both, in their names or in those of their folders. Of more than
// two equal paths neighbors are reported, of two clashing folders one pair.
// The result is sorted by Second, then First. The path of a folder is given with
// "/." at its end.
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
// in which twins are neighbors and a file comes right before what is in a
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

// clashFilter takes a quick look at paths, to spare the sorting where there are
// no twins, as is usual. It remembers a hash of the key of every path and folder
// with a hash of how it was spelled.
type clashFilter struct {
	seed    maphash.Seed
	seen    map[uint64]uint64 // hash of key to hash of spelling
	key     []byte            // of the path being looked at
	dirKey  int               // length of the part for its folder
	folders int               // number of folders looked at
}

func newClashFilter(paths int) *clashFilter {
	return &clashFilter{seed: maphash.MakeSeed(), seen: make(map[uint64]uint64, paths)}
}

// mayClash returns false if there are no twins among paths. True means that
// there may be some, or that looking became dear.
func (f *clashFilter) mayClash(paths []string) bool {
	last := ""
	for _, p := range paths {
		dir := folder(p)
		if dir != last && f.addFolders(dir) {
			return true
		}
		last = dir
		f.key = appendKey(f.key[:f.dirKey], p[len(dir):])
		// A file and a folder of one key clash however they are spelled.
		if f.add(^maphash.String(f.seed, p)) != unseen {
			return true
		}
		// A new folder costs as much as its path is long, and so do those it
		// is in. Sorting has no such trouble.
		if f.folders > len(paths)+1000 {
			return true
		}
	}
	return false
}

type sighting uint8

const (
	unseen sighting = iota
	sameSpelling
	otherSpelling
)

// add remembers the key and how it is spelled.
func (f *clashFilter) add(spelling uint64) sighting {
	h := maphash.Bytes(f.seed, f.key)
	switch old, found := f.seen[h]; {
	case !found:
		f.seen[h] = spelling
		return unseen
	case old == spelling:
		return sameSpelling
	}
	return otherSpelling
}

// addFolders adds dir and the folders it is in, and reports whether one of them
// is known in another spelling.
func (f *clashFilter) addFolders(dir string) bool {
	f.key = f.key[:0]
	for start := 0; start < len(dir); {
		name, end := segment(dir, start)
		if start > 0 {
			f.key = append(f.key, keySlash...)
		}
		f.key = appendKey(f.key, name)
		f.folders++
		if f.add(maphash.String(f.seed, dir[:end])) == otherSpelling {
			return true
		}
		start = end + 1
	}
	f.dirKey = len(f.key)
	return false
}
