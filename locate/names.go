package locate

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Limits of Windows, in UTF-16 units.
const (
	// maxName is the longest name of one file or folder.
	// Source: https://learn.microsoft.com/windows/win32/fileio/maximum-file-path-limitation
	maxName = 255
	// maxPath is the longest path that USMT takes as an argument, and so the longest a package
	// source may hold; Windows itself ends at 260, the closing zero included.
	// Source: https://learn.microsoft.com/windows/deployment/usmt/usmt-return-codes (code 12)
	maxPath = 256
)

// fold returns the form of a name in which Windows compares it: the upper case of each character,
// but of the two letters whose upper case is ASCII and they are not: they have none in the invariant
// culture of Windows (inferred from .NET's documentation; no file system was asked).
func fold(name string) string {
	if isASCII(name) { // nearly all are
		return strings.ToUpper(name)
	}
	return strings.Map(func(r rune) rune {
		if r == 'ı' || r == 'ſ' {
			return r
		}
		return unicode.ToUpper(r)
	}, name)
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// twinKey is equal for names that differ in case or in how their accents are encoded only.
func twinKey(name string) string {
	if isASCII(name) {
		return fold(name)
	}
	return fold(norm.NFC.String(name))
}

// badName returns the finding about the last element of path, or nil if Windows accepts it.
func badName(path, name string) *FindingError {
	if !utf8.ValidString(name) {
		return nameEncoding.at(path, fmt.Sprintf("name %q, which is not UTF-8", name), "a Unicode name")
	}
	if why := refused(name); why != "" {
		return nameWindows.at(path, why, "a name Windows accepts")
	}
	if len(name) <= maxName { // no string has more units than bytes
		return nil
	}
	if n := utf16Len(name); n > maxName {
		return pathLength.at(path, fmt.Sprintf("a name of %d UTF-16 units", n), fmt.Sprintf("at most %d", maxName))
	}
	return nil
}

// longPath returns the finding about a path that does not fit behind prefix UTF-16 units, or nil.
func longPath(path string, prefix int) *FindingError {
	if prefix+len(path) <= maxPath { // no string has more units than bytes
		return nil
	}
	n := prefix + utf16Len(path)
	if n <= maxPath {
		return nil
	}
	found := fmt.Sprintf("a path of %d UTF-16 units", n)
	if prefix > 0 {
		found += fmt.Sprintf(", %d of them before the arch folder", prefix)
	}
	return pathLength.at(path, found, fmt.Sprintf("at most %d (USMT; Windows: 260 with the closing zero)", maxPath))
}

// refused says why Windows refuses a name, or "". The rules hold on every system,
// since the package is for Windows.
// Source: https://learn.microsoft.com/windows/win32/fileio/naming-a-file
func refused(name string) string {
	for _, r := range name {
		switch r {
		case '<', '>', ':', '"', '|', '?', '*', '\\', '/':
			return fmt.Sprintf("character %q in the name", string(r))
		}
		if unicode.IsControl(r) { // Windows takes some of them, manifests none
			return fmt.Sprintf("control character %U in the name", r)
		}
	}
	switch {
	case strings.HasSuffix(name, "."):
		return "a dot at the end of the name"
	case strings.HasSuffix(name, " "):
		return "a space at the end of the name"
	}
	if device := deviceName(name); device != "" {
		return "the device name " + device
	}
	return ""
}

// deviceName returns the DOS device that a name stands for, or "". An extension does not
// help: NUL.txt is NUL on Windows before 11, and so are names with spaces before the dot.
func deviceName(name string) string {
	base, _, _ := strings.Cut(name, ".")
	base = strings.TrimRight(base, " ")
	if len(base) < len("CON") || len(base) > len("CONOUT$") {
		return ""
	}
	base = fold(base)
	switch base {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return base
	}
	for _, port := range []string{"COM", "LPT"} {
		number, ok := strings.CutPrefix(base, port)
		if ok && utf8.RuneCountInString(number) == 1 && strings.Contains("123456789¹²³", number) {
			return base
		}
	}
	return ""
}

// utf16Len returns the length of s in UTF-16 units, in which Windows counts.
func utf16Len(s string) int {
	n := 0
	for _, r := range s {
		n++
		if r > 0xFFFF {
			n++
		}
	}
	return n
}
