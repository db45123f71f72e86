package inventory

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"usmtpkg/locate/pe"
	"usmtpkg/locate/winname"
)

// factNames are the facts of a file in the order of the format.
var factNames = []string{"size", "machine", "version", "signature", "sha256", "lf-sha256", "md5", "confirmed", "copies"}

// microsoft is whose signed list confirms a hash.
const microsoft = "microsoft"

const maxCopies = 999 // of one file, that somebody counted

// take reads the facts of a file, or says what is wrong with them.
func (f *File) take(facts string) (found, wanted string) {
	next := 0
	for fact := range strings.SplitSeq(facts, " ") {
		name, value, _ := strings.Cut(fact, "=")
		at := slices.Index(factNames, name)
		if at < next {
			return "the fact " + strconv.Quote(fact), strings.Join(factNames, ", ") + ", each at most once and in this order"
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
		n, ok := number(value)
		if !ok {
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
	case "confirmed":
		if value != microsoft {
			return microsoft
		}
		f.Confirmed = true
	case "copies":
		n, ok := number(value)
		if !ok || n < 1 || n > maxCopies {
			return fmt.Sprintf("a number from 1 to %d", maxCopies)
		}
		f.Copies = int(n)
	default:
		return f.setHash(name, value)
	}
	return ""
}

func (f *File) setHash(name, value string) (wanted string) {
	hash, digits := &f.SHA256, 64
	switch name {
	case "lf-sha256":
		hash = &f.LFSHA256
	case "md5":
		hash, digits = &f.MD5, 32
	}
	if len(value) != digits || strings.Trim(value, "0123456789abcdef") != "" {
		return fmt.Sprintf("%d lower-case hex digits", digits)
	}
	*hash = value
	return ""
}

// number reads a number that is not negative and written in one way only.
func number(value string) (int64, bool) {
	n, err := strconv.ParseInt(value, 10, 64)
	return n, err == nil && n >= 0 && value == strconv.FormatInt(n, 10)
}

// fault says which facts of a file do not go together.
func (f *File) fault() (found, wanted string) {
	switch {
	case f.Size < 0 && (f.SHA256 != "" || f.MD5 != ""):
		return "a sha256 or md5 without size", "both"
	case f.Machine == "" && f.Signature != "":
		return "a signature without machine", "both: only programs and DLLs are signed"
	case f.LFSHA256 != "" && (f.Machine != "" || !f.Version.IsZero()):
		return "an lf-sha256 of a program", "it for texts only"
	case f.Confirmed && f.Copies > 0:
		return "both confirmed and copies", "one of them"
	case (f.Confirmed || f.Copies > 0) && !f.Hashed():
		return "confirmed or copies without a hash", "a hash that they are about"
	}
	return "", ""
}

// badPath says what is wrong with a path in an arch folder, or "".
func badPath(name string) string {
	if why := unfit(name); why != "" {
		return why
	}
	if why := winname.PathFault(name); why != "" {
		return why + " in the path " + strconv.Quote(name)
	}
	if strings.Contains("/"+name, "/ ") {
		return "a space at the start of a name in the path " + strconv.Quote(name)
	}
	return ""
}

// unfit says why a text cannot be in a line, or "". U+FFFD is what a broken one becomes.
func unfit(text string) string {
	odd := func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError }
	if !utf8.ValidString(text) || strings.ContainsFunc(text, odd) {
		return "the text " + strconv.QuoteToASCII(text)
	}
	return ""
}
