package bag

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"usmtpkg/locate/winname"
)

const (
	wantedPath        = "a plain relative path below the bag"
	wantedWindowsName = "a name that Windows accepts"
)

// pathFault returns "" if p is a relative slash-separated path that stays below
// its base on every system: no "." or ".." segment, no empty one, no leading
// slash, no backslash, no colon, valid UTF-8, no control character. Else it says
// what is wrong. CR and LF are let through, because the RFC has an escape for
// them and they lead nowhere; [Rules.Strict] refuses them.
//
// p is the path of the file itself, after any decoding.
func pathFault(p string) string {
	if p == "" {
		return "nothing in it"
	}
	ascii := true
	start := 0 // of the segment
	for i := range len(p) {
		switch c := p[i]; {
		case c == '/':
			if fault := segmentFault(p[start:i], i == 0); fault != "" {
				return fault
			}
			start = i + 1
		case c == '\\':
			return "a backslash"
		case c == ':':
			return "a colon (a drive or an alternate data stream on Windows)"
		case c >= utf8.RuneSelf:
			ascii = false
		case (c < ' ' && c != '\r' && c != '\n') || c == 0x7f:
			return fmt.Sprintf("the control character %U", c)
		}
	}
	if fault := segmentFault(p[start:], false); fault != "" {
		return fault
	}
	if ascii {
		return ""
	}
	if !utf8.ValidString(p) {
		return "bytes that are not UTF-8"
	}
	for _, r := range p {
		if r >= utf8.RuneSelf && unicode.IsControl(r) {
			return fmt.Sprintf("the control character %U", r)
		}
	}
	return ""
}

func segmentFault(s string, leading bool) string {
	switch {
	case leading:
		return "a leading slash"
	case s == "":
		return "an empty segment"
	case s == ".":
		return `a "." segment`
	case s == "..":
		return `a ".." segment`
	}
	return ""
}

// pathChecker checks the paths of one list, most of which are in the folder of
// the one before.
type pathChecker struct {
	tag    bool // a list of tag files
	strict bool // Windows must be able to store the paths
	folder string
}

// check returns what is wrong with path, or nil.
func (c *pathChecker) check(path string) *NameError {
	// The rules look at each segment by itself, so that a good folder with a
	// good path below it is good. What Windows can store leads nowhere else.
	fault := pathFault
	if c.strict {
		fault = winname.PathFault
	}
	known := len(c.folder)
	if known > 0 && len(path) > known && path[known] == '/' && path[:known] == c.folder && fault(path[known+1:]) == "" {
		return nil
	}
	if fault := pathFault(path); fault != "" {
		return &NameError{Name: path, Fault: fault, Wanted: wantedPath}
	}
	if err := scopeFault(path, c.tag, c.strict); err != nil {
		return err
	}
	if c.strict {
		if fault := winname.PathFault(path); fault != "" {
			return &NameError{Name: path, Fault: fault, Wanted: wantedWindowsName}
		}
	}
	c.folder = path[:max(strings.LastIndexByte(path, '/'), 0)]
	return nil
}

// scopeFault keeps payload and tag files apart. Strictly it does so in any case
// of letters, since DATA is the payload folder on Windows.
func scopeFault(path string, tag, strict bool) *NameError {
	if !tag {
		if strings.HasPrefix(path, PayloadFolder+"/") {
			return nil
		}
		return &NameError{Name: path, Fault: "no data/ before it", Wanted: "a path that begins with data/"}
	}
	top, _, _ := strings.Cut(path, "/")
	folder := strings.ToLower(top)
	name := strings.ToLower(path)
	if !strict {
		folder, name = top, path
	}
	switch {
	case folder == PayloadFolder:
		return &NameError{Name: path, Fault: "the payload folder in it", Wanted: "a tag file"}
	case isManifestName(name) && strings.HasPrefix(name, tagPrefix):
		return &NameError{Name: path, Fault: "the name of a tag manifest", Wanted: "another tag file"}
	}
	return nil
}

// decodePath undoes the escapes of a path. 1.0 has three, %0A, %0D and %25, and
// a percent sign means nothing else. 0.97 has none: a percent sign is one.
// Even so its %2E, %2F and %5C are refused: a reader that takes paths for URLs
// opens another file than one that does not, and no honest name needs them.
func decodePath(text, version string) (string, *NameError) {
	percent := strings.IndexByte(text, '%')
	if percent < 0 {
		return text, nil
	}
	var b strings.Builder
	rest := text
	for ; percent >= 0; percent = strings.IndexByte(rest, '%') {
		b.WriteString(rest[:percent])
		given := rest[percent:min(percent+3, len(rest))]
		escape := strings.ToUpper(given)
		traversal := escape == "%2E" || escape == "%2F" || escape == "%5C"
		switch {
		case version == version097 && !traversal:
			b.WriteByte('%')
			rest = rest[percent+1:]
			continue
		case version == version097:
			return "", &NameError{Name: text, Fault: "the escape " + quote(given), Wanted: "a path that every program reads the same way"}
		case escape == "%0A":
			b.WriteByte('\n')
		case escape == "%0D":
			b.WriteByte('\r')
		case escape == "%25":
			b.WriteByte('%')
		default:
			return "", &NameError{Name: text, Fault: "the escape " + quote(given), Wanted: "%25 for a percent sign, and no other escapes except %0A and %0D"}
		}
		rest = rest[percent+3:]
	}
	b.WriteString(rest)
	return b.String(), nil
}

// encodePath writes a percent sign as 1.0 wants it. CR and LF are never written.
func encodePath(path string) string {
	if strings.IndexByte(path, '%') < 0 {
		return path // quicker than to count none
	}
	return strings.ReplaceAll(path, "%", "%25")
}
