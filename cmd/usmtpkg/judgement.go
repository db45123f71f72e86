package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"usmtpkg/locate"
	"usmtpkg/locate/finding"
	"usmtpkg/stage"
)

// A judgement is the outcome of validate or verify in the shape from which the documents for
// build servers are written, SARIF and JUnit. It has a place for what was looked at and is
// right, for what is not, and for what was not looked at: that is in neither of the others.
type judgement struct {
	command string // "validate" or "verify"
	status  int    // exit status
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
	places []jsonPlace
}

// packageSuite holds what belongs to no arch folder.
const packageSuite = "package"

// validateJudgement is the outcome of validate, one suite an arch folder.
func validateJudgement(d jsonValidate, rep *locate.Report, status int) judgement {
	j := judgement{
		command: "validate", status: status, summary: validateSummary{d.USMT, d.Arches, d.Files, d.Bytes, d.Valid, d.Strict, d.Unlooked, d.Compared, d.Signed, d.Proofs, d.Unproven, d.Catalogs, d.MSIs},
		bases: []uriBase{{"USMT", d.Source.Path, "the USMT folder, found: " + d.Source.How}},
	}
	byArch := map[string][]result{}
	for _, f := range rep.Findings() {
		byArch[suiteOf(f)] = append(byArch[suiteOf(f)], findingResult(f, d.Strict))
	}
	j.suites = []suite{{name: packageSuite, about: d.Source.Path, results: byArch[packageSuite]}}
	for _, name := range d.Unlooked {
		if name == contentNotChecked {
			continue // each arch folder says so
		}
		j.suites[0].skipped = append(j.suites[0].skipped, skippedCheck{name, "was not checked"})
	}
	for _, arch := range []string{locate.AMD64, locate.ARM64, locate.X86} {
		s := suite{name: arch, results: byArch[arch]}
		i := slices.IndexFunc(rep.Arches, func(a locate.ArchReport) bool { return a.Arch == arch })
		if i >= 0 {
			a := rep.Arches[i]
			s.about = fmt.Sprintf("USMT %s, %s, %s", versionText(a.Version), countOf(a.Files, "file", "files"), size(a.Bytes))
		}
		if i >= 0 {
			s.skipped = contentSkipped(d.Unproven, rep.Arches[i].Dir)
		}
		if i >= 0 && !s.fails() {
			s.passed = []string{"every rule that was checked"}
		}
		if i >= 0 || len(s.results) > 0 {
			j.suites = append(j.suites, s)
		}
	}
	return j
}

type validateSummary struct {
	USMT     string         `json:"usmt_version"`
	Arches   []string       `json:"arches"`
	Files    int            `json:"files"`
	Bytes    int64          `json:"bytes"`
	Valid    bool           `json:"valid"`
	Strict   bool           `json:"strict"`
	Unlooked []string       `json:"not_checked"`
	Compared []jsonCompared `json:"compared"`
	Signed   map[string]int `json:"signatures"`
	Proofs   map[string]int `json:"proofs"`
	Unproven []string       `json:"unproven"`
	Catalogs jsonCatalogs   `json:"catalogs"`
	MSIs     []jsonMSI      `json:"msis"`
}

func (s suite) fails() bool {
	return slices.ContainsFunc(s.results, func(r result) bool { return r.fails })
}

// suiteOf is the arch folder that a finding lies in, however it is spelt, or packageSuite.
func suiteOf(f *finding.Error) string {
	top, _, _ := strings.Cut(f.File, "/")
	switch top = strings.ToLower(top); top {
	case locate.AMD64, locate.ARM64, locate.X86:
		return top
	}
	return packageSuite
}

func findingResult(f *finding.Error, strict bool) result {
	r := result{
		check: f.Path + ": " + f.Rule, rule: f.Rule, severity: f.Severity,
		fails: f.Fails(strict),
		base:  "USMT", file: f.File, label: f.Path, found: f.Found, wanted: f.Wanted, hint: f.Hint, source: f.Source,
	}
	if f.Err != nil {
		r.detail = f.Err.Error()
	}
	return r
}

// verifyJudgement is the outcome of verify, one suite a comparison.
func verifyJudgement(d jsonVerify, cached bool, status int) judgement {
	j := judgement{command: "verify", status: status, summary: verifySummary{d.Equal, d.Uncached, d.assurance()}}
	j.bases = []uriBase{{"COPY", d.Dir, "the folder that was verified"}}
	for i, c := range d.Comparisons {
		s := suite{name: c.Against, about: d.Dir, notes: c.Notes}
		base := "COPY"
		if c.Source != nil {
			s.about += " and " + c.Source.Path
			j.bases = append(j.bases, uriBase{"SOURCE", c.Source.Path, "the source, found: " + c.Source.How})
			if d.bag { // what is wanted is in the bag, and the source is what was looked at
				base = "SOURCE"
			}
		}
		if site := c.siteBase(); site.id != "" {
			j.bases, base = append(j.bases, site), site.id
		}
		for _, name := range c.NotChecked {
			s.skipped = append(s.skipped, skippedCheck{name, "was not checked"})
		}
		for _, f := range c.Files {
			if f.Verdict == stage.Same {
				s.passed = append(s.passed, finding.Printable(f.Path))
			} else {
				s.results = append(s.results, c.siteResult(fileResult(f, base)))
			}
		}
		if !c.Equal && len(s.results) == 0 { // an empty comparison is no equal one
			s.results = []result{fileResult(stage.FileResult{Path: ".", Verdict: stage.Missing, Found: "no file", Want: "at least one"}, base)}
		}
		if cached && i == 0 {
			s.skipped = []skippedCheck{{"reading past the cache", "is not possible here: the files may have come from the cache"}}
		}
		if a := d.attested; a != nil && c.Against == "attestation" {
			if a.authentic {
				s.passed = append(s.passed, signatureCheck)
			} else {
				s.skipped = append(s.skipped, skippedCheck{signatureCheck, "was not checked, since no public key is given: " + integrityOnly})
			}
		}
		j.suites = append(j.suites, s)
	}
	return j
}

type verifySummary struct {
	Equal     bool   `json:"equal"`
	Uncached  bool   `json:"uncached"`
	Assurance string `json:"assurance,omitempty"` // of the attestation, if there is one
}

// signatureCheck is the check of who signed an attestation.
const signatureCheck = "signature of the attestation"

// assurance is what an attestation is worth for this copy.
func (d jsonVerify) assurance() string {
	if d.Attestation == nil {
		return ""
	}
	return d.Attestation.Assurance
}

// fileResult is the result for a file that is not the same.
func fileResult(f stage.FileResult, base string) result {
	label := finding.Printable(f.Path)
	r := result{
		check: label, rule: string(f.Verdict), severity: finding.SeverityError, fails: true,
		base: base, file: f.File(), label: label, found: f.Found, wanted: f.Want,
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

// failureJudgement is the outcome of a run that came to none.
func failureJudgement(o *options, err error, status int) judgement {
	d := errorDocument(o, err, status)
	j := judgement{command: o.command, status: status, failure: &failure{text: d.Error, hint: d.Hint, places: d.Places}}
	var mm *stage.MismatchError
	if errors.As(err, &mm) {
		s := suite{name: "manifest"}
		for _, f := range mm.Files {
			s.results = append(s.results, fileResult(f, ""))
		}
		j.suites = []suite{s}
	}
	return j
}
