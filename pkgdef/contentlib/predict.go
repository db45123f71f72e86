package contentlib

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"

	"usmtpkg/locate/tree"
	"usmtpkg/locate/winname"
)

// A Prediction is the content hash that ConfigMgr is expected to compute for a
// package source. It is predicted, not proven: the algorithm was
// reverse-engineered by others and never confirmed on a live site.
type Prediction struct {
	Hash string // 64 upper-case hex digits, as ConfigMgr prints them

	// Doubts says what in this package source may make ConfigMgr's value differ even if
	// the algorithm is right: for names outside ASCII it is unknown how they are sorted
	// and lowered, and for empty folders whether they count.
	Doubts []string
}

// Predict computes the content hash of a package source from a list of its files
// and folders, without reading a file. Folders with files need not be in
// dirs; empty ones have to be, since their names are part of the hash (as the
// author of the algorithm has it; unknown for ConfigMgr itself).
//
// The algorithm (seen in Get-CMDirectoryHash): one SHA-256 over names and sums in
// UTF-16LE, without anything between them. Folder by folder, from the root, depth
// first: the paths of its folders, the paths of its files, then the SHA-256 of its
// files in the same order. Paths are relative, with backslashes and in lower case;
// sums are upper-case hex. The root has no name. Sizes, times and attributes do
// not count. That folders and files come in the ordinal order of their upper-cased
// names is inferred: it is the order in which NTFS lists them, and the order of
// every folder of the USMT trees from 6.2.9200 to 10.0.26100.
func Predict(files []tree.FileSum, dirs []string) (Prediction, error) {
	if err := checkFiles(files, dirs); err != nil {
		return Prediction{}, err
	}
	root := plant(files, dirs)
	h := sha256.New()
	root.write(h)
	return Prediction{Hash: strings.ToUpper(hex.EncodeToString(h.Sum(nil))), Doubts: root.doubts()}, nil
}

// A folder is one folder of the package source.
type folder struct {
	path    string // "." for the root
	folders []*folder
	files   []*tree.FileSum
}

// plant makes the tree of the files and folders, each folder sorted.
func plant(files []tree.FileSum, dirs []string) *folder {
	byPath := map[string]*folder{".": {path: "."}}
	var at func(p string) *folder
	at = func(p string) *folder {
		if byPath[p] == nil {
			up := at(path.Dir(p))
			byPath[p] = &folder{path: p}
			up.folders = append(up.folders, byPath[p])
		}
		return byPath[p]
	}
	for _, d := range dirs {
		at(d)
	}
	for i := range files {
		d := at(path.Dir(files[i].Path))
		d.files = append(d.files, &files[i])
	}
	for _, d := range byPath {
		slices.SortFunc(d.folders, func(a, b *folder) int { return ordinal(a.path, b.path) })
		slices.SortFunc(d.files, func(a, b *tree.FileSum) int { return ordinal(a.Path, b.Path) })
	}
	return byPath["."]
}

// write writes a folder and all below it to the hash.
func (d *folder) write(h hash.Hash) {
	for _, f := range d.folders {
		writeText(h, lowered(f.path))
	}
	for _, f := range d.files {
		writeText(h, lowered(f.Path))
	}
	for _, f := range d.files {
		writeText(h, strings.ToUpper(f.SHA256))
	}
	for _, f := range d.folders {
		f.write(h)
	}
}

func lowered(p string) string {
	if isASCII(p) {
		return strings.ToLower(strings.ReplaceAll(p, "/", `\`))
	}
	return strings.ReplaceAll(strings.Map(unicode.ToLower, p), "/", `\`)
}

func writeText(h hash.Hash, s string) {
	if isASCII(s) {
		b := make([]byte, 2*len(s))
		for i := range len(s) {
			b[2*i] = s[i]
		}
		h.Write(b)
		return
	}
	units := utf16.Encode([]rune(s))
	b := make([]byte, 0, 2*len(units))
	for _, u := range units {
		b = append(b, byte(u), byte(u>>8))
	}
	h.Write(b)
}

// ordinal compares two paths of one folder by the UTF-16 units of their upper case.
func ordinal(a, b string) int {
	if isASCII(a) && isASCII(b) { // whose units are their bytes
		return compareUpper(a, b)
	}
	return slices.Compare(utf16.Encode([]rune(winname.Fold(a))), utf16.Encode([]rune(winname.Fold(b))))
}

// compareUpper compares the upper case of two texts in ASCII without making it:
// a sort does this ten times for each name.
func compareUpper(a, b string) int {
	upper := func(c byte) byte {
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		return c
	}
	for i := range min(len(a), len(b)) {
		if c := cmp.Compare(upper(a[i]), upper(b[i])); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(a), len(b))
}

// doubts lists what is unknown about the names of a tree, each kind once with its first name.
func (d *folder) doubts() (all []string) {
	var odd, empty string
	var look func(d *folder)
	look = func(d *folder) {
		if len(d.folders)+len(d.files) == 0 && d.path != "." && empty == "" {
			empty = d.path
		}
		for _, f := range d.files {
			if odd == "" && !isASCII(f.Path) {
				odd = f.Path
			}
		}
		for _, f := range d.folders {
			if odd == "" && !isASCII(f.path) {
				odd = f.path
			}
			look(f)
		}
	}
	look(d)
	if odd != "" {
		all = append(all, fmt.Sprintf("%.120q is not ASCII: how ConfigMgr sorts and lowercases such a name is unknown", odd))
	}
	if empty != "" {
		all = append(all, fmt.Sprintf("%.120q is an empty folder: whether it counts is unknown", empty))
	}
	return all
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] > unicode.MaxASCII {
			return false
		}
	}
	return true
}
