package pkgdef

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"usmtpkg/locate/winname"
)

// Limits of the package source path, in UTF-16 code units, as Windows counts.
const (
	// longPath is about where extracting prestaged content breaks, says the page
	// https://learn.microsoft.com/mem/configmgr/core/servers/deploy/configure/deploy-and-manage-content
	longPath = 140
	// maxShare is the longest name of a share.
	// Source: https://learn.microsoft.com/openspecs/windows_protocols/ms-fscc/dc9978d7-6299-4c5a-a22d-a039cdc716ea
	maxShare = 80
)

const (
	// wildcards are read as such in PowerShell, where ConfigMgr's cmdlets take the path.
	wildcards = "[]`"
	// badInShare cannot be in a share name either (the source of maxShare).
	badInShare = "+=;,"
)

// checkPath is CheckPath for a path without another name.
func checkPath(path string) error { return CheckPath(path, path) }

// CheckPath refuses a package source path that is neither \\server\share\folder
// nor X:\folder nor, as a stand-in, the path of another system, or that ConfigMgr, Windows or PowerShell would read otherwise
// than it is written. The error calls the path by shown: its begin, as somebody wrote it.
func CheckPath(path, shown string) error {
	const field = "package path"
	if path == "" {
		return wrong(field, "is empty")
	}
	if !utf8.ValidString(path) {
		return wrong(field, "%q is not UTF-8", shown)
	}
	for i, r := range []rune(path) {
		if !unicode.IsPrint(r) {
			return wrong(field, "character %d is %U, wanted a printable one", i+1, r)
		}
	}
	if n := winname.Units(path); n > winname.MaxFolder {
		return wrong(field, "is %d characters long%s, at most %d are allowed", n, within(path, shown), winname.MaxFolder)
	}
	if isForeign(path) {
		return nil
	}
	names, unc := splitPath(path)
	if names == nil {
		return wrong(field, `found %q, wanted \\server\share\folder or X:\folder`, shown)
	}
	for i, name := range names {
		if inContentLibrary(name) {
			return wrong(field, "%q is in ConfigMgr's content library, which only the site may write; choose a folder for package sources", shown)
		}
		if problem := nameProblem(name); problem != "" {
			return wrong(field, "in %q, the name %q %s", shown, name, problem)
		}
		if unc && i == 1 && (winname.Units(name) > maxShare || strings.ContainsAny(name, badInShare)) {
			return wrong(field, "in %q, the share %q has one of %s or more than %d characters", shown, name, badInShare, maxShare)
		}
	}
	return nil
}

// contentLibrary matches the names of ConfigMgr's content library and of its shares:
// SCCMContentLib$ and, for further drives, SCCMContentLibD$ and so on.
var contentLibrary = regexp.MustCompile(`(?i)^SCCMContentLib(?:[A-Z]?\$)?$`)

// inContentLibrary reports whether a name in a path is that of a content library.
func inContentLibrary(name string) bool { return contentLibrary.MatchString(name) }

// within says that a path is longer than what is shown of it.
func within(path, shown string) string {
	if path == shown {
		return ""
	}
	return " with the name of a release and data"
}

// SourcePath returns the package source path of a release in a library that the site
// server sees as \\server\share or \\server\share\folder, or X:\folder. It is one that
// CheckPath accepts.
func SourcePath(library, release string) (string, error) {
	rest, unc := strings.CutPrefix(library, `\\`)
	rest, base := strings.TrimSuffix(rest, `\`), strings.TrimSuffix(library, `\`)
	if unc && !strings.Contains(rest, `\`) || len(base) < 2 {
		return "", wrong("package path", `found %q, wanted \\server\share\folder or X:\folder`, library)
	}
	path := base + `\` + release + `\data`
	return path, CheckPath(path, library)
}

// splitPath returns the names in path; of a UNC path the first two are the
// server and the share. The names are nil if path has neither form.
func splitPath(path string) (names []string, unc bool) {
	if rest, ok := strings.CutPrefix(path, `\\`); ok {
		if names = strings.Split(rest, `\`); len(names) < 3 {
			return nil, true
		}
		return names, true
	}
	if len(path) < 4 || path[1:3] != `:\` || !isLetter(path[0]) {
		return nil, false
	}
	return strings.Split(path[3:], `\`), false
}

// nameProblem says what is wrong with one name in a path, or nothing.
func nameProblem(name string) string {
	if name == "" {
		return "is empty: there is a backslash too many"
	}
	if fault := winname.Fault(name); fault != "" {
		return "is not one that Windows accepts: found " + fault
	}
	if strings.ContainsAny(name, wildcards) {
		return "contains one of " + wildcards + ", which PowerShell takes for a wildcard"
	}
	return ""
}

// pathNotes returns notes on a path that checkPath accepts.
func pathNotes(path string) []string {
	var notes []string
	switch {
	case isForeign(path):
		return []string{`Windows cannot open this package path. Before you use the scripts: usmtpkg define --package-path \\server\share\folder`}
	case isLocal(path):
		notes = append(notes, fmt.Sprintf("the package path %s is local: ConfigMgr looks for it on the site server itself; "+
			`give \\server\share\folder if the library is elsewhere`, path))
	}
	if n := winname.Units(path); n > longPath {
		notes = append(notes, fmt.Sprintf("the package path is %d characters long: over about %d, extracting prestaged content can break", n, longPath))
	}
	return notes
}

// isForeign reports whether a path is that of a library on a system other than Windows. A
// definition with it is one whose path is not known yet: the script
// refuses to run.
func isForeign(path string) bool {
	return strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "//") && len(path) > 1
}

func isLocal(path string) bool { return !strings.HasPrefix(path, `\\`) }

func isLetter(c byte) bool { return 'A' <= c&^0x20 && c&^0x20 <= 'Z' }
