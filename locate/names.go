package locate

import (
	"fmt"
	"unicode/utf8"

	"usmtpkg/locate/finding"
	"usmtpkg/locate/winname"
)

// fold returns the form in which Windows compares names.
func fold(name string) string { return winname.Fold(name) }

// badName returns the finding about the last element of path, or nil if Windows accepts it.
func badName(path, name string) *finding.Error {
	why := winname.Fault(name)
	switch {
	case why == "":
		return nil
	case !utf8.ValidString(name):
		return nameEncoding.at(path, fmt.Sprintf("name %q, which is not UTF-8", name), "a Unicode name")
	case winname.Units(name) > winname.MaxName:
		return pathLength.at(path, fmt.Sprintf("a name of %d UTF-16 units", winname.Units(name)), fmt.Sprintf("at most %d", winname.MaxName))
	}
	return nameWindows.at(path, why, "a name that Windows accepts")
}

// longPath returns the finding about a path that does not fit behind prefix UTF-16 units, or nil.
func longPath(path string, prefix int) *finding.Error {
	n := prefix + winname.Units(path)
	if n <= winname.MaxPath {
		return nil
	}
	found := fmt.Sprintf("a path of %d UTF-16 units", n)
	if prefix > 0 {
		found += fmt.Sprintf(", %d of them before the arch folder", prefix)
	}
	return pathLength.at(path, found, fmt.Sprintf("at most %d (USMT; Windows: 260 with the closing zero)", winname.MaxPath))
}
