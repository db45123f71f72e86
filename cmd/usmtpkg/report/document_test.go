package report

import (
	"bytes"
	"flag"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"usmtpkg/locate"
	"usmtpkg/locate/finding"
	"usmtpkg/stage"
	"usmtpkg/testdata/doccheck"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// hostile is an outcome with everything in it, and with hostile names.
func hostile() outcome {
	j := outcome{
		Head: Head{command: "validate", status: 4, tool: "1.2.3"}, summary: verifySummary{},
		bases: []uriBase{{"USMT", "sample kit", "the {folder}"}},
	}
	s := suite{name: "amd64", about: "about \x1b[31m", passed: []string{"every rule that was checked"}, notes: []string{"a note\x00"}}
	s.skipped = []skippedCheck{{"authenticode", "was not checked"}}
	for i, name := range doccheck.HostileNames {
		r := result{rule: "core-missing", severity: finding.Severity(i % 3), fails: i%3 == 2, base: "USMT", file: "amd64/" + name, label: finding.Printable("amd64/" + name)}
		r.found, r.wanted, r.hint, r.source = "what "+name+" is", "what it\x02 should be", "do {this}", "measured"
		r.check = r.label + ": " + r.rule
		s.results = append(s.results, r)
	}
	s.results = append(s.results,
		result{check: "x", rule: "arch-missing", severity: finding.SeverityError, fails: true, base: "USMT", file: ".", label: ".", detail: "gone"},
		result{check: "y", rule: "core-missing", severity: finding.SeverityError, fails: true, base: "USMT", file: "x", label: "x", hint: "do that", source: "inferred"})
	j.suites = []suite{s}
	return j
}

func sarifOf(t *testing.T, j outcome) string {
	t.Helper()
	var b bytes.Buffer
	if err := writeSARIF(&b, j); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func junitOf(t *testing.T, j outcome) string {
	t.Helper()
	var b bytes.Buffer
	if err := writeJUnit(&b, j); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// golden compares text with a file in testdata, or writes it with -update.
func golden(t *testing.T, name, text string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if text != string(want) {
		t.Errorf("%s differs; rewrite it with -update and read the diff\n%s", file, text)
	}
}

func TestDocumentsGolden(t *testing.T) {
	golden(t, "hostile.sarif.golden", sarifOf(t, hostile()))
	golden(t, "hostile.junit.golden", junitOf(t, hostile()))
}

// Every hostile name comes back out of its URI, and no document breaks.
func TestDocumentsHostileNames(t *testing.T) {
	d, err := doccheck.ReadSARIF(sarifOf(t, hostile()))
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range doccheck.HostileNames {
		r := d.Runs[0].Results[i]
		u, err := url.Parse(r.Locations[0].PhysicalLocation.ArtifactLocation.URI)
		if err != nil || u.Path != "amd64/"+name {
			t.Errorf("uri of %q = %v (%v), want the name", name, u, err)
		}
		if strings.Contains(r.Message.Text, "](") || strings.ContainsAny(r.Message.Text, "\x00\x01\x02\n\u202e") {
			t.Errorf("message = %q, want it without a link and control characters", r.Message.Text)
		}
	}
	x, err := doccheck.ReadJUnit(junitOf(t, hostile()))
	if err != nil {
		t.Fatal(err)
	}
	s := x.Suites[0]
	if got := []int{s.Tests, s.Failures, s.Skipped}; !slices.Equal(got, []int{10, 8, 1}) {
		t.Errorf("tests, failures, skipped = %d, want 10, 8, 1", got)
	}
	if want := `"amd64/a\tb\r.xml": core-missing`; !slices.ContainsFunc(s.Cases, func(c doccheck.Case) bool { return c.Name == want }) {
		t.Errorf("no case %s", want)
	}
}

// Whatever is in names and messages, the documents are well-formed and the URI is that of the name.
func TestDocumentsAnyText(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }))
		name := strings.ReplaceAll(text.Draw(rt, "name"), "/", "_")
		j := hostile()
		r := &j.suites[0].results[2]
		r.file, r.label, r.detail, r.hint = "x/"+name, finding.Printable("x/"+name), text.Draw(rt, "detail"), text.Draw(rt, "hint")
		r.check = r.label
		d, err := doccheck.ReadSARIF(sarifOf(t, j))
		if err != nil {
			rt.Fatal(err)
		}
		uri := d.Runs[0].Results[2].Locations[0].PhysicalLocation.ArtifactLocation.URI
		if u, err := url.Parse(uri); err != nil || u.Path != r.file {
			rt.Fatalf("uri of %q = %q", r.file, uri)
		}
		if _, err := doccheck.ReadJUnit(junitOf(t, j)); err != nil {
			rt.Fatal(err)
		}
	})
}

// failed is the outcome of a run that failed.
func failed(command string, err error, hint string, status int) outcome {
	doc := NewError(command, err, hint, status)
	Finish(doc, status, "1.2.3")
	return doc.outcome()
}

// A run that failed claims nothing: it has no results, not even an empty list.
func TestDocumentsFailure(t *testing.T) {
	j := failed("verify", &locate.NotFoundError{Places: []locate.Place{{Path: "C:\\x\x1b", How: "given", Outcome: "nothing {0}"}}}, "install the Windows ADK with the feature OptionId.UserStateMigrationTool, or give a folder that contains USMT (--source, --volume)", 3)
	text := sarifOf(t, j)
	d, err := doccheck.ReadSARIF(text)
	if err != nil {
		t.Fatal(err)
	}
	if in := d.Runs[0].Invocations[0]; *in.ExecutionSuccessful || *in.ExitCode != 3 || in.ToolExecutionNotifications[0].Level != "error" {
		t.Errorf("invocation = %+v, want a failure", in)
	}
	if strings.Contains(text, `"results"`) {
		t.Errorf("a failed run has results:\n%s", text)
	}
	golden(t, "failure.sarif.golden", text)
	golden(t, "failure.junit.golden", junitOf(t, j))

	mismatch := &stage.MismatchError{What: "release x", Files: []stage.FileResult{{Path: "bagit.txt", Verdict: stage.Missing}}}
	j = failed("verify", mismatch, "", 5)
	if d, err = doccheck.ReadSARIF(sarifOf(t, j)); err != nil || len(d.Runs[0].Results) != 1 || d.Runs[0].Results[0].RuleID != "missing" {
		t.Errorf("results = %+v (%v), want the file that is missing", d.Runs[0].Results, err)
	}
	x, err := doccheck.ReadJUnit(junitOf(t, j))
	if err != nil || x.Errors != 1 || x.Failures != 1 || x.Tests != 2 {
		t.Errorf("tests, failures, errors = %d, %d, %d (%v), want 2, 1, 1", x.Tests, x.Failures, x.Errors, err)
	}
}

// A comparison of no files is not an equal one, and its documents say so.
func TestDocumentsEmptyComparison(t *testing.T) {
	d := NewVerify("x", true, false)
	d.AddRead(NewComparison(AgainstManifest, stage.Report{}), stage.VerifyReread)
	j := d.outcome()
	var b bytes.Buffer
	if err := WriteText(Console{Out: &b}, d); err != nil || b.String() != "x: NOT equal to its manifests: no file to compare\n" {
		t.Errorf("text = %q, %v, want it to say why", &b, err)
	}
	s, err := doccheck.ReadSARIF(sarifOf(t, j))
	if err != nil || len(s.Runs[0].Results) != 1 {
		t.Errorf("results = %+v (%v), want one", s.Runs[0].Results, err)
	}
	if x, err := doccheck.ReadJUnit(junitOf(t, j)); err != nil || x.Failures != 1 {
		t.Errorf("failures = %d (%v), want 1", x.Failures, err)
	}
}

// Reading past the cache that was asked for and is not possible is a check not made.
func TestDocumentsCached(t *testing.T) {
	rep := stage.Report{Files: []stage.FileResult{{Path: "a", Verdict: stage.Same}}}
	d := NewVerify("x", true, true)
	d.AddRead(NewComparison(AgainstManifest, rep), stage.VerifyReread)
	x, err := doccheck.ReadJUnit(junitOf(t, d.outcome()))
	if err != nil || x.Suites[0].Skipped != 1 || x.Tests != 2 {
		t.Errorf("skipped = %+v (%v), want one of two", x.Suites, err)
	}
}

func TestDocumentsOutsideJudges(t *testing.T) {
	for _, j := range []outcome{hostile(), failed("validate", &locate.NotFoundError{}, "", 3), {Head: Head{command: "verify"}}} {
		doccheck.Judge(t, filepath.Join("..", "..", "..", "testdata"), sarifOf(t, j), junitOf(t, j))
	}
}
