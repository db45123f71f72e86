package contentlib

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"usmtpkg/pkgdef/cmlog"
)

// A FormatError says that a file of the content library is not what it should be.
type FormatError struct {
	File   string // in the library, slash-separated
	Line   int    // from 1; 0 where no line is at fault
	Found  string
	Wanted string
}

func (e *FormatError) Error() string {
	at := e.File
	if e.Line > 0 {
		at = fmt.Sprintf("%s:%d", e.File, e.Line)
	}
	return fmt.Sprintf("%s: found %s, wanted %s", at, e.Found, e.Wanted)
}

// Limits of an INI file. Those of a content library have a handful of lines, but for
// those of PkgLib with a line for each content id.
const (
	maxINI  = 1 << 20 // bytes
	maxLine = 4 << 10 // bytes
	maxKeys = 10_000  // in all sections
)

// In which encoding ConfigMgr writes these files is unknown; all that cmlog.NewText reads are read.

// An ini has the sections of an INI file by name, with their keys; names of either are in
// lower case. Which keys there are is not fully known, so unknown ones are kept and ignored.
type ini map[string]section

type section map[string]string

// parseINI reads an INI file strictly: a line is a section, a key with its value, a comment
// (;) or empty. A key or a section that stands there twice is refused, and so is what is no
// text; then the file says nothing that can be relied on.
func parseINI(name string, r io.Reader) (ini, error) {
	bad := func(line int, found, wanted string) error {
		return &FormatError{File: name, Line: line, Found: found, Wanted: wanted}
	}
	limited := &io.LimitedReader{R: r, N: maxINI + 1}
	br := cmlog.NewText(limited)
	all := ini{}
	var current section
	buf := make([]byte, 0, maxLine+2)
	for n, keys := 1, 0; ; n++ {
		raw, cut, err := cmlog.ReadLine(br, buf, maxLine)
		if limited.N <= 0 {
			return nil, bad(0, fmt.Sprintf("more than %d bytes", maxINI), "a small INI file")
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		line := strings.TrimSpace(string(raw))
		switch {
		case cut:
			return nil, bad(n, fmt.Sprintf("more than %d bytes", maxLine), "a line of an INI file")
		case !isText(raw):
			return nil, bad(n, "characters that are no text", "a line of an INI file")
		case line == "" || line[0] == ';':
			continue
		case line[0] == '[':
			title, ok := strings.CutSuffix(line[1:], "]")
			title = strings.ToLower(strings.TrimSpace(title))
			if !ok || title == "" || all[title] != nil {
				return nil, bad(n, fmt.Sprintf("section %.80q", line), "[name], and each section once")
			}
			current = section{}
			all[title] = current
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		key = strings.ToLower(strings.TrimSpace(key))
		_, twice := current[key]
		if keys++; !ok || key == "" || current == nil || twice || keys > maxKeys {
			return nil, bad(n, fmt.Sprintf("%.80q", line), fmt.Sprintf("key=value in a section, each key once, at most %d", maxKeys))
		}
		current[key] = strings.TrimSpace(value)
	}
	return all, nil
}

// isText reports whether a line has no control character except the tab. It need not be UTF-8:
// an ANSI name may be in a value that is not used.
func isText(line []byte) bool {
	if bytes.IndexByte(line, 0) >= 0 {
		return false
	}
	return bytes.IndexFunc(line, func(r rune) bool { return r != '\t' && r != utf8.RuneError && unicode.IsControl(r) }) < 0
}

// value returns the value of a key, or of the only key that begins with it: readers of others
// allow for an ending after Hash and Size (seen); what it would be is unknown.
func (s section) value(key string, but ...string) (string, bool) {
	if v, ok := s[key]; ok {
		return v, true
	}
	var found []string
next:
	for k, v := range s {
		for _, b := range but {
			if k == b {
				continue next
			}
		}
		if strings.HasPrefix(k, key) {
			found = append(found, v)
		}
	}
	if len(found) != 1 {
		return "", false
	}
	return found[0], true
}
