package locate

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/go-multierror"
)

// A Severity says what a finding means for the package.
type Severity int

// The severities, lightest first.
const (
	Info    Severity = iota // worth knowing; never fails a run
	Warning                 // may be right; fails a strict run
	Error                   // the folder must not become a package
)

// String returns the word used in messages and in JSON.
func (s Severity) String() string {
	switch s {
	case Info:
		return "info"
	case Warning:
		return "warning"
	case Error:
		return "error"
	}
	return "severity " + strconv.Itoa(int(s))
}

// A FindingError is one thing that is wrong, or worth knowing, in a USMT folder.
// It is the folder's fault; that the folder could not be read is never a finding.
type FindingError struct {
	Rule     string // stable id of the rule, such as "core-missing"
	Severity Severity
	Path     string // slash-separated, relative to the USMT folder; quoted as Go text where it is not printable
	File     string // the same as it is on disk, never quoted
	Overlay  string // the file of the overlay that it is about, as it was named; empty for one of the kit
	Found    string // what is there
	Wanted   string // what should be there
	Text     string // the same in words, where found and wanted make no sentence; else empty
	Hint     string // what to do about it
	Source   string // where the rule's claim comes from, with its date; a warning always has one
	Err      error  // what the file's reader said, if it was asked
}

// Error returns the finding as one line, without its hint and source.
func (f *FindingError) Error() string {
	if f.Err != nil {
		return fmt.Sprintf("%s: %s: %v", f.Path, f.Rule, f.Err)
	}
	if f.Text != "" {
		return fmt.Sprintf("%s: %s: %s", f.Path, f.Rule, f.Text)
	}
	return fmt.Sprintf("%s: %s: found %s, wanted %s", f.Path, f.Rule, f.Found, f.Wanted)
}

// Unwrap returns the error of the file's reader, if there is one.
func (f *FindingError) Unwrap() error { return f.Err }

// printable returns path as it may be shown anywhere: a path that is not UTF-8, or that
// holds control or invisible characters, could forge a line of a report or break its JSON.
func printable(path string) string {
	odd := func(r rune) bool { return !unicode.IsPrint(r) }
	if utf8.ValidString(path) && strings.IndexFunc(path, odd) < 0 {
		return path
	}
	return strconv.Quote(path)
}

// sortFindings puts findings in the order of reports: by path, then by rule.
func sortFindings(list []*FindingError) {
	slices.SortFunc(list, func(a, b *FindingError) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.Rule, b.Rule), strings.Compare(a.Found, b.Found))
	})
}

// asError returns the findings of at least the severity given as one *multierror.Error
// that holds a *FindingError for each, or nil if there are none.
func asError(list []*FindingError, least Severity) error {
	var all *multierror.Error
	for _, f := range list {
		if f.Severity >= least {
			all = multierror.Append(all, f)
		}
	}
	if all != nil {
		all.ErrorFormat = oneALine
	}
	return all.ErrorOrNil()
}

// oneALine is the text of a list of findings: one a line and nothing else.
func oneALine(list []error) string {
	lines := make([]string, len(list))
	for i, err := range list {
		lines[i] = err.Error()
	}
	return strings.Join(lines, "\n")
}
