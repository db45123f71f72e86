package report

import (
	"cmp"
	"fmt"
	"slices"

	"usmtpkg/locate"
	"usmtpkg/locate/finding"
	"usmtpkg/stage"
)

// An outcome is a document in the shape from which SARIF and JUnit are written. It has a place for
// what was looked at and is right, for what is not, and for what was not looked at: that is in
// neither of the others.
type outcome struct {
	Head
	suites  []suite
	bases   []uriBase
	summary any      // further facts, as in the JSON document
	failure *failure // why there is no outcome; nil if there is one
}

// A suite is one group of checks: an arch folder, or one comparison.
type suite struct {
	name    string
	about   string   // one line
	passed  []string // names of the checks that found nothing wrong
	results []result
	skipped []skippedCheck
	notes   []string
}

// A result is something wrong, or worth knowing, about one file.
type result struct {
	check    string // the name of the check in JUnit
	rule     string
	severity finding.Severity
	fails    bool   // it makes the run fail
	base     string // the folder that file is relative to: the id of a uriBase
	file     string // the path as it is on disk, slash-separated; empty: the folder itself
	label    string // the path as it may be shown
	found    string
	wanted   string
	detail   string
	hint     string
	source   string
}

// text is what a person is told.
func (r result) text() string {
	switch {
	case r.detail != "":
		return r.label + ": " + r.detail
	case r.found == "" && r.wanted == "":
		return r.label + ": " + r.rule
	case r.found == "":
		return r.label + ": wanted " + r.wanted
	case r.wanted == "":
		return r.label + ": found " + r.found
	}
	return fmt.Sprintf("%s: found %s, wanted %s", r.label, r.found, r.wanted)
}

// A skippedCheck is a check that was not made.
type skippedCheck struct {
	name   string
	reason string
}

// A uriBase is a folder that the paths of results are relative to.
type uriBase struct {
	id    string
	dir   string // as the command was given it; need not be a folder of this machine
	about string
}

// A failure is why a run came to no outcome.
type failure struct {
	text   string
	hint   string
	places []locate.Place
}

func (s suite) fails() bool {
	return slices.ContainsFunc(s.results, func(r result) bool { return r.fails })
}

// fileResult is the result for a file that is not the same.
func fileResult(f stage.FileResult, base string) result {
	label := finding.Printable(f.Path)
	r := result{
		check: label, rule: string(f.Verdict), severity: finding.SeverityError, fails: true,
		base: base, file: f.File(), label: label, found: f.Found, wanted: f.Wanted,
	}
	switch f.Verdict {
	case stage.Changed:
		r.hint = "find out what altered it; stage the source again, or take the file from an undamaged copy"
	case stage.Missing:
		r.found, r.wanted = cmp.Or(r.found, "no such file"), cmp.Or(r.wanted, "the file")
		r.hint = "find out what removed it; stage the source again, or take the file from an undamaged copy"
	case stage.Extra:
		r.found, r.wanted = cmp.Or(r.found, "the file"), cmp.Or(r.wanted, "no such file")
		r.hint = "remove it, or stage the source again if it belongs there"
	case stage.Case:
		r.hint = "rename it as wanted: the names differ in upper and lower case"
	case stage.Type:
		r.hint = "replace it by the file it stands for; links, junctions and devices are never followed"
	case stage.Same:
	}
	return r
}
