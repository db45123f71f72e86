package bag

import (
	"hash/maphash"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// folded is a path and the key that all its twins share.
type folded struct {
	key, path string
	index     int
}

// keySlash stands for the slash in keys: nothing sorts before it, so a folder's
// paths follow a file of the same name without a gap.
const keySlash = "\x00"

// foldAll folds every path. The keys share one piece of memory.
func foldAll(paths []string) []folded {
	size := 0
	for _, p := range paths {
		size += len(p)
	}
	keys := make([]byte, 0, size)
	ends := make([]int, len(paths))
	for i, p := range paths {
		keys = appendKey(keys, p)
		ends[i] = len(keys)
	}
	all := string(keys)
	items := make([]folded, len(paths))
	start := 0
	for i, p := range paths {
		items[i] = folded{key: all[start:ends[i]], path: p, index: i}
		start = ends[i]
	}
	return items
}

// appendKey appends the key of path. Letters go to the upper case, which for
// ASCII is the least of each set of letters that fold together.
func appendKey(dst []byte, path string) []byte {
	start := len(dst)
	for i := range len(path) {
		c := path[i]
		switch {
		case c >= utf8.RuneSelf:
			return appendWideKey(dst[:start], path)
		case c == '/':
			c = keySlash[0]
		case 'a' <= c && c <= 'z':
			c -= 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}

// appendWideKey decomposes before folding, because some letters fold only in
// parts, and again after it, because folding may bring back composed letters.
func appendWideKey(dst []byte, path string) []byte {
	folded := strings.Map(foldRune, norm.NFD.String(path))
	return norm.NFD.AppendString(dst, strings.ReplaceAll(folded, "/", keySlash))
}

// foldRune returns the least of the characters that r folds to and from.
func foldRune(r rune) rune {
	// Iota and the combining iota fold together. A letter must not become a
	// mark: the order of marks is not that of letters.
	const combiningIota = '\u0345'
	if r >= '\u0300' && r <= '\u036f' {
		return r // the marks of decomposed letters, and quick
	}
	least := r
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		if f < least && f != combiningIota {
			least = f
		}
	}
	return least
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
		// lies in. Sorting has no such trouble.
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

// addFolders adds dir and the folders it lies in, and says whether one of them
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
