package main

import (
	"bytes"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"usmtpkg/locate"
	"usmtpkg/locate/finding"
	"usmtpkg/stage"
)

// hostileNames are names of files that a document could break on, or be made to lie by.
var hostileNames = []string{
	"a\x01b.xml", "a\nb.xml", "a\tb\r.xml", "a\x7fb", "\xff\xfe.xml", "\ufffe.xml", "\u202egnp.xml",
	"]]><failure>.xml", `<&"'>.xml`, "&#0;.xml", "a b%20c%.xml", "http:x.xml", "#x?y.xml", "[click](https:x)", "{0}.xml", `"quoted"`,
	"été\u0301.xml", "\U0001f4be.xml",
}

// hostile is a judgement with everything in it, and with hostile names.
func hostile() judgement {
	j := judgement{
		command: "validate", status: exitInvalid, summary: verifySummary{},
		bases: []uriBase{{"USMT", "sample kit", "the {folder}"}},
	}
	s := suite{name: "amd64", about: "about \x1b[31m", passed: []string{"every rule that was checked"}, notes: []string{"a note\x00"}}
	s.skipped = []skippedCheck{{"authenticode", "was not checked"}}
	for i, name := range hostileNames {
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

func sarifOf(t *testing.T, j judgement) string {
	t.Helper()
	var b bytes.Buffer
	if err := writeSARIF(&b, j, "1.2.3"); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func junitOf(t *testing.T, j judgement) string {
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
	d, err := readSARIF(sarifOf(t, hostile()))
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range hostileNames {
		r := d.Runs[0].Results[i]
		u, err := url.Parse(r.Locations[0].PhysicalLocation.ArtifactLocation.URI)
		if err != nil || u.Path != "amd64/"+name {
			t.Errorf("uri of %q = %v (%v), want the name", name, u, err)
		}
		if strings.Contains(r.Message.Text, "](") || strings.ContainsAny(r.Message.Text, "\x00\x01\x02\n\u202e") {
			t.Errorf("message = %q, want it without a link and control characters", r.Message.Text)
		}
	}
	x, err := readJUnit(junitOf(t, hostile()))
	if err != nil {
		t.Fatal(err)
	}
	s := x.Suites[0]
	if got := []int{s.Tests, s.Failures, s.Skipped}; !slices.Equal(got, []int{10, 8, 1}) {
		t.Errorf("tests, failures, skipped = %d, want 10, 8, 1", got)
	}
	if want := `"amd64/a\tb\r.xml": core-missing`; !slices.ContainsFunc(s.Cases, func(c junitTest) bool { return c.Name == want }) {
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
		d, err := readSARIF(sarifOf(t, j))
		if err != nil {
			rt.Fatal(err)
		}
		uri := d.Runs[0].Results[2].Locations[0].PhysicalLocation.ArtifactLocation.URI
		if u, err := url.Parse(uri); err != nil || u.Path != r.file {
			rt.Fatalf("uri of %q = %q", r.file, uri)
		}
		if _, err := readJUnit(junitOf(t, j)); err != nil {
			rt.Fatal(err)
		}
	})
}

// A run that failed claims nothing: it has no results, not even an empty list.
func TestDocumentsFailure(t *testing.T) {
	o := &options{command: "verify"}
	j := failureJudgement(o, &locate.NotFoundError{Places: []locate.Place{{Path: "C:\\x\x1b", How: "given", Outcome: "nothing {0}"}}}, exitNotFound)
	text := sarifOf(t, j)
	d, err := readSARIF(text)
	if err != nil {
		t.Fatal(err)
	}
	if in := d.Runs[0].Invocations[0]; *in.ExecutionSuccessful || *in.ExitCode != exitNotFound || in.ToolExecutionNotifications[0].Level != "error" {
		t.Errorf("invocation = %+v, want a failure", in)
	}
	if strings.Contains(text, `"results"`) {
		t.Errorf("a failed run has results:\n%s", text)
	}
	golden(t, "failure.sarif.golden", text)
	golden(t, "failure.junit.golden", junitOf(t, j))

	mismatch := &stage.MismatchError{What: "release x", Files: []stage.FileResult{{Path: "bagit.txt", Verdict: stage.Missing}}}
	j = failureJudgement(o, mismatch, exitMismatch)
	if d, err = readSARIF(sarifOf(t, j)); err != nil || len(d.Runs[0].Results) != 1 || d.Runs[0].Results[0].RuleID != "missing" {
		t.Errorf("results = %+v (%v), want the file that is missing", d.Runs[0].Results, err)
	}
	x, err := readJUnit(junitOf(t, j))
	if err != nil || x.Errors != 1 || x.Failures != 1 || x.Tests != 2 {
		t.Errorf("tests, failures, errors = %d, %d, %d (%v), want 2, 1, 1", x.Tests, x.Failures, x.Errors, err)
	}
}

// A comparison of no files is no equal one, and its documents say so.
func TestDocumentsEmptyComparison(t *testing.T) {
	d := jsonVerify{Dir: "x", Comparisons: []jsonComparison{comparisonDocument("manifest", nil, stage.Report{})}}
	j := verifyJudgement(d, false, exitMismatch)
	s, err := readSARIF(sarifOf(t, j))
	if err != nil || len(s.Runs[0].Results) != 1 {
		t.Errorf("results = %+v (%v), want one", s.Runs[0].Results, err)
	}
	if x, err := readJUnit(junitOf(t, j)); err != nil || x.Failures != 1 {
		t.Errorf("failures = %d (%v), want 1", x.Failures, err)
	}
}

// Reading past the cache that was asked for and is not possible is a check not made.
func TestDocumentsCached(t *testing.T) {
	rep := stage.Report{Files: []stage.FileResult{{Path: "a", Verdict: stage.Same}}}
	d := jsonVerify{Dir: "x", Equal: true, Comparisons: []jsonComparison{comparisonDocument("manifest", nil, rep)}}
	x, err := readJUnit(junitOf(t, verifyJudgement(d, true, exitOK)))
	if err != nil || x.Suites[0].Skipped != 1 || x.Tests != 2 {
		t.Errorf("skipped = %+v (%v), want one of two", x.Suites, err)
	}
}

// The documents of real runs over folders with hostile names.
func TestHostileFolder(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows refuses to make these names")
	}
	kit := kitDir(t, "")
	for _, name := range hostileNames {
		if err := os.WriteFile(filepath.Join(kit, "amd64", name), []byte("x"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	other := kitDir(t, "")
	for _, args := range [][]string{{"validate", kit}, {"verify", kit, "--source", other}} {
		var s session
		s.run(t, append(args, "--format", "sarif")...)
		d, err := readSARIF(s.stdout.String())
		if err != nil {
			t.Fatalf("%s: %v\n%s", args[0], err, &s.stdout)
		}
		uris := map[string]bool{}
		for _, r := range d.Runs[0].Results {
			uris[r.Locations[0].PhysicalLocation.ArtifactLocation.URI] = true
		}
		for _, name := range hostileNames {
			wanted := args[0] == "verify" || strings.ContainsAny(name, "\x01\n\t<:") || name[0] == 0xff // of which there are findings
			if uri := relativeURI("amd64/" + name); wanted && !uris[uri] {
				t.Errorf("%s: no result for %s", args[0], uri)
			}
		}
		var x session
		x.run(t, append(args, "--format", "junit")...)
		if _, err := readJUnit(x.stdout.String()); err != nil {
			t.Errorf("%s: %v\n%s", args[0], err, &x.stdout)
		}
		outsideJudges(t, s.stdout.String(), x.stdout.String())
	}
}

func TestDocumentsOutsideJudges(t *testing.T) {
	failed := failureJudgement(&options{command: "validate"}, &locate.NotFoundError{}, exitNotFound)
	for _, j := range []judgement{hostile(), failed, {command: "verify"}} {
		outsideJudges(t, sarifOf(t, j), junitOf(t, j))
	}
}

// outsideJudges hands documents to xmllint and to the schema of SARIF, where they are there.
func outsideJudges(t *testing.T, sarif, junit string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"doc.sarif": sarif, "doc.xml": junit} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if has(t, "xmllint", "it is not installed", "") {
		if out, err := exec.CommandContext(t.Context(), "xmllint", "--noout", filepath.Join(dir, "doc.xml")).CombinedOutput(); err != nil {
			t.Errorf("xmllint: %v\n%s\n%s", err, out, junit)
		}
	}
	checker := filepath.Join("..", "..", "testdata", "sarif")
	if has(t, "node", "`make sarif` was not run", filepath.Join(checker, "node_modules", "ajv")) {
		node := exec.CommandContext(t.Context(), "node", "check.mjs", filepath.Join(dir, "doc.sarif"))
		node.Dir = checker
		if out, err := node.CombinedOutput(); err != nil {
			t.Errorf("check.mjs: %v\n%s\n%s", err, out, sarif)
		}
	}
}

// has reports whether a judge is there, and says so aloud where it is not: on a build server
// that is a failure.
func has(t *testing.T, program, why, needs string) bool {
	t.Helper()
	_, err := exec.LookPath(program)
	if err == nil && needs != "" {
		_, err = os.Stat(needs)
	}
	switch {
	case err == nil:
		return true
	case os.Getenv("CI") == "true":
		t.Fatalf("%s cannot judge the documents: %s", program, why)
	}
	t.Logf("%s DID NOT JUDGE THE DOCUMENTS: %s", strings.ToUpper(program), why)
	return false
}
