package inventory

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"usmtpkg/locate/pe"
)

// factNames are the facts of a file in the order of the format.
var factNames = []string{"size", "machine", "version", "signature", "sha256"}

var sha256Hex = regexp.MustCompile(`^[0-9a-f]{64}$`)

// take reads the facts of a file, or says what is wrong with them.
func (f *File) take(facts string) (found, wanted string) {
	next := 0
	for fact := range strings.SplitSeq(facts, " ") {
		name, value, _ := strings.Cut(fact, "=")
		at := slices.Index(factNames, name)
		if at < next {
			return "the fact " + strconv.Quote(fact), "size, machine, version, signature and sha256, each at most once and in this order"
		}
		next = at + 1
		if wanted := f.set(name, value); wanted != "" {
			return name + " " + strconv.Quote(value), wanted
		}
	}
	return f.fault()
}

// set sets one fact; if it cannot be, it says what was wanted.
func (f *File) set(name, value string) (wanted string) {
	switch name {
	case "size":
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil || n < 0 || value != strconv.FormatInt(n, 10) {
			return "a number of bytes"
		}
		f.Size = n
	case "machine":
		if !slices.Contains(arches, value) {
			return "one of " + strings.Join(arches, ", ")
		}
		f.Machine = value
	case "version":
		v, err := pe.ParseVersion(value)
		if err != nil || v.IsZero() {
			return "a version of four numbers"
		}
		f.Version = v
	case "signature":
		f.Signature = Signature(value)
		if f.Signature != Signed && f.Signature != Unsigned {
			return "signed or unsigned"
		}
	case "sha256":
		if !sha256Hex.MatchString(value) {
			return "64 lower-case hex digits"
		}
		f.SHA256 = value
	}
	return ""
}

// fault says which facts of a file do not go together.
func (f *File) fault() (found, wanted string) {
	switch {
	case f.Size < 0 != (f.SHA256 == ""):
		return "only one of size and sha256", "both or neither"
	case f.Machine == "" && !f.Version.IsZero():
		return "a version without machine", "both: only programs and DLLs have a version"
	case f.Machine == "" && f.Signature != "":
		return "a signature without machine", "both: only programs and DLLs are signed"
	}
	return "", ""
}

// badPath says what is wrong with a path in an arch folder, or "".
func badPath(name string) string {
	if why := unfit(name); why != "" {
		return why
	}
	if i := strings.IndexAny(name, `<>:"|?*\`); i >= 0 {
		return "the character " + strconv.Quote(name[i:i+1]) + " in the path " + strconv.Quote(name)
	}
	for elem := range strings.SplitSeq(name, "/") {
		if elem == "" || strings.HasPrefix(elem, " ") || strings.HasSuffix(elem, " ") || strings.HasSuffix(elem, ".") {
			return "the path " + strconv.Quote(name)
		}
	}
	return ""
}

// unfit says why a text cannot stand in a line, or "".
func unfit(text string) string {
	odd := func(r rune) bool { return !unicode.IsPrint(r) }
	if !utf8.ValidString(text) || strings.ContainsFunc(text, odd) {
		return "the text " + strconv.QuoteToASCII(text)
	}
	return ""
}
