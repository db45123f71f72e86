// Package finding defines how usmtpkg says what is wrong with a USMT folder, or with the settings
// for one: how severe it is, what was found and wanted, and what to do.
//
// A finding is a fault of what was checked. A failure to check it is never a finding.
//
// The package also makes text from elsewhere printable: names of files, and what other programs
// wrote. It imports no other package of usmtpkg, and all may import it.
package finding

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/go-multierror"
)

// A Severity says what a finding means for the package.
type Severity int

// The severities, lightest first.
const (
	SeverityInfo    Severity = iota // worth knowing; never fails a run
	SeverityWarning                 // may be right; fails a strict run
	SeverityError                   // the folder must not become a package
)

// String returns the word used in messages and in JSON.
func (s Severity) String() string {
	switch s {
	case SeverityInfo:
		return "info"
	case SeverityWarning:
		return "warning"
	case SeverityError:
		return "error"
	}
	return "severity " + strconv.Itoa(int(s))
}

// An Error is one finding.
type Error struct {
	Rule     string // stable id of the rule, such as "core-missing"
	Severity Severity
	Path     string // what it is about, printable: a path relative to the USMT folder, or the key of a setting
	File     string // the path as it is on disk, never quoted; empty for a setting
	Overlay  string // the file of the overlay that it is about, as it was named; empty for one of the kit
	Found    string // what is there
	Wanted   string // what should be there
	Text     string // the same in words, where found and wanted make no sentence; else empty
	Hint     string // what to do about it
	Source   string // where the rule's claim comes from, with its date; a warning always has one
	Err      error  // what the file's reader said, if it was asked
}

// Error returns the finding as one line, without its hint and source.
func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s: %s: %v", e.Path, e.Rule, e.Err)
	}
	if e.Text != "" {
		return fmt.Sprintf("%s: %s: %s", e.Path, e.Rule, e.Text)
	}
	return fmt.Sprintf("%s: %s: found %s, wanted %s", e.Path, e.Rule, e.Found, e.Wanted)
}

// Unwrap returns the error of the file's reader, if there is one.
func (e *Error) Unwrap() error { return e.Err }

// Sort puts findings in the order of reports: by path, then by rule.
func Sort(list []*Error) {
	slices.SortFunc(list, func(a, b *Error) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.Rule, b.Rule), strings.Compare(a.Found, b.Found))
	})
}

// Join returns the findings that fail a run as one *multierror.Error with an *Error
// for each, or nil if there are none. Errors fail every run, warnings only a strict one.
func Join(list []*Error, strict bool) error {
	var all *multierror.Error
	for _, f := range list {
		if f.Fails(strict) {
			all = multierror.Append(all, f)
		}
	}
	if all != nil {
		all.ErrorFormat = oneALine
	}
	return all.ErrorOrNil()
}

// Fails reports whether the finding fails a run, which may be a strict one.
func (e *Error) Fails(strict bool) bool {
	return e.Severity == SeverityError || strict && e.Severity == SeverityWarning
}

// oneALine returns the text of a list of findings: one a line and nothing else.
func oneALine(list []error) string {
	lines := make([]string, len(list))
	for i, err := range list {
		lines[i] = err.Error()
	}
	return strings.Join(lines, "\n")
}
