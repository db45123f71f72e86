package winname

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Fold returns the form in which Windows compares names: each character in its upper case. Three have
// an upper case that does not count: ı and ſ, because it is an ASCII letter (inferred from .NET's
// documentation of the invariant culture; no file system was asked), and the combining iota, because it
// is a mark and its upper case is not. A name that is not UTF-8 is not a name to Windows, and stays as it is.
func Fold(name string) string {
	if isASCII(name) { // nearly all are
		return strings.ToUpper(name)
	}
	if !utf8.ValidString(name) {
		return name
	}
	return strings.Map(func(r rune) rune {
		if r == 'ı' || r == 'ſ' || r == combiningIota {
			return r
		}
		return unicode.ToUpper(r)
	}, name)
}

// Same reports whether two names, or paths, are the same to Windows.
func Same(a, b string) bool { return a == b || Fold(a) == Fold(b) }

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// folded is a path and the key that all its twins share.
type folded struct {
	key, path string
	index     int
}

// keySlash is the slash in keys: nothing sorts before it, so a folder's
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

// combiningIota folds together with iota. A letter must not become a mark, nor a
// mark a letter: the order of marks is not that of letters.
const combiningIota = '\u0345'

// foldRune returns the least of the characters that r folds to and from.
func foldRune(r rune) rune {
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
