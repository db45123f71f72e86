// Package doccheck reads the documents for build servers as the tests do: it shares no type with what writes
// them, and checks what a schema cannot.
package doccheck

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"usmtpkg/locate/wellformed"
)

// SARIF is what the tests read of a SARIF document. It shares no type with the writer.
type SARIF struct {
	Schema  string `json:"$schema"`
	Version string
	Runs    []struct {
		Tool struct {
			Driver struct {
				Name, Version string
				Rules         []struct {
					ID   string
					Help *struct{ Text string }
				}
			}
		}
		Invocations []struct {
			ExecutionSuccessful        *bool
			ExitCode                   *int
			ToolExecutionNotifications []struct {
				Level   string
				Message struct{ Text string }
			}
		}
		OriginalURIBaseIDs map[string]struct{ URI string } `json:"originalUriBaseIds"`
		Results            []struct {
			RuleID    string
			RuleIndex int
			Level     string
			Message   struct{ Text string }
			Locations []struct {
				PhysicalLocation struct {
					ArtifactLocation struct{ URI, URIBaseID string }
				}
			}
		}
	}
}

// ReadSARIF reads a document and checks what a schema cannot: that its parts fit together.
func ReadSARIF(text string) (d SARIF, err error) {
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		return d, err
	}
	if d.Version != "2.1.0" || !strings.HasSuffix(d.Schema, "/sarif-schema-2.1.0.json") || len(d.Runs) != 1 {
		return d, fmt.Errorf("version %q, schema %q, %d runs, want one run of SARIF 2.1.0", d.Version, d.Schema, len(d.Runs))
	}
	run := d.Runs[0]
	if len(run.Invocations) != 1 || run.Invocations[0].ExecutionSuccessful == nil || run.Invocations[0].ExitCode == nil {
		return d, errors.New("want one invocation with executionSuccessful and exitCode")
	}
	if in := run.Invocations[0]; !*in.ExecutionSuccessful && (*in.ExitCode == 0 || len(in.ToolExecutionNotifications) == 0) {
		return d, errors.New("a failure without exit code or notification")
	}
	for i, r := range run.Results {
		rules := run.Tool.Driver.Rules
		if r.RuleIndex < 0 || r.RuleIndex >= len(rules) || rules[r.RuleIndex].ID != r.RuleID {
			return d, fmt.Errorf("result %d: rule %q is not rule %d", i, r.RuleID, r.RuleIndex)
		}
		if len(r.Locations) != 1 || r.Message.Text == "" || r.Level == "" {
			return d, fmt.Errorf("result %d: want one location, a message and a level", i)
		}
		at := r.Locations[0].PhysicalLocation.ArtifactLocation
		if u, err := url.Parse(at.URI); err != nil || u.IsAbs() || u.Host != "" || u.Path == "" || u.Path[0] == '/' || u.RawQuery != "" || u.Fragment != "" {
			return d, fmt.Errorf("result %d: uri %q is not a relative path", i, at.URI)
		}
		if _, ok := run.OriginalURIBaseIDs[at.URIBaseID]; !ok && *run.Invocations[0].ExecutionSuccessful {
			return d, fmt.Errorf("result %d: no base %q", i, at.URIBaseID)
		}
	}
	return d, nil
}

// JUnit is what the tests read of a JUnit document.
type JUnit struct {
	Tests    int `xml:"tests,attr"`
	Failures int `xml:"failures,attr"`
	Errors   int `xml:"errors,attr"`
	Suites   []struct {
		Name     string `xml:"name,attr"`
		Tests    int    `xml:"tests,attr"`
		Failures int    `xml:"failures,attr"`
		Errors   int    `xml:"errors,attr"`
		Skipped  int    `xml:"skipped,attr"`
		Cases    []Case `xml:"testcase"`
		Out      string `xml:"system-out"`
	} `xml:"testsuite"`
}

// A Case is a test case of a JUnit document.
type Case struct {
	Class   string `xml:"classname,attr"`
	Name    string `xml:"name,attr"`
	Skipped *Mark  `xml:"skipped"`
	Error   *Mark  `xml:"error"`
	Failure *Mark  `xml:"failure"`
}

// A Mark says that a case was skipped or failed, and why.
type Mark struct {
	Type    string `xml:"type,attr"`
	Message string `xml:"message,attr"`
}

// ReadJUnit reads a document and checks that it is well-formed and its counts are right.
func ReadJUnit(text string) (d JUnit, err error) {
	root, err := wellformed.Check(strings.NewReader(text))
	if err != nil {
		return d, err
	}
	if root.Name != "testsuites" {
		return d, fmt.Errorf("root element %q, want testsuites", root.Name)
	}
	if err := xml.Unmarshal([]byte(text), &d); err != nil {
		return d, err
	}
	var tests, failures, faults int
	for _, s := range d.Suites {
		var f, e, k int
		for _, c := range s.Cases {
			if c.Name == "" || c.Class == "" {
				return d, fmt.Errorf("suite %s: a case without a name", s.Name)
			}
			f, e, k = f+count(c.Failure), e+count(c.Error), k+count(c.Skipped)
		}
		if s.Tests != len(s.Cases) || s.Failures != f || s.Errors != e || s.Skipped != k {
			return d, fmt.Errorf("suite %s: counts %d/%d/%d/%d, want %d/%d/%d/%d", s.Name, s.Tests, s.Failures, s.Errors, s.Skipped, len(s.Cases), f, e, k)
		}
		tests, failures, faults = tests+s.Tests, failures+f, faults+e
	}
	if d.Tests != tests || d.Failures != failures || d.Errors != faults {
		return d, fmt.Errorf("counts %d/%d/%d, want %d/%d/%d", d.Tests, d.Failures, d.Errors, tests, failures, faults)
	}
	return d, nil
}

func count(m *Mark) int {
	if m == nil {
		return 0
	}
	return 1
}

// HostileNames are names of files that a document could break on, or be made to lie by.
var HostileNames = []string{
	"a\x01b.xml", "a\nb.xml", "a\tb\r.xml", "a\x7fb", "\xff\xfe.xml", "\ufffe.xml", "\u202egnp.xml",
	"]]><failure>.xml", `<&"'>.xml`, "&#0;.xml", "a b%20c%.xml", "http:x.xml", "#x?y.xml", "[click](https:x)", "{0}.xml", `"quoted"`,
	"été\u0301.xml", "\U0001f4be.xml",
}

// Judge hands documents to xmllint and to the schema of SARIF, where those are installed; testdata is the folder of that name.
func Judge(t *testing.T, testdata, sarif, junit string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"doc.sarif": sarif, "doc.xml": junit} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if Has(t, "xmllint", "it is not installed", "") {
		if out, err := exec.CommandContext(t.Context(), "xmllint", "--noout", filepath.Join(dir, "doc.xml")).CombinedOutput(); err != nil {
			t.Errorf("xmllint: %v\n%s\n%s", err, out, junit)
		}
	}
	checker := filepath.Join(testdata, "sarif")
	if Has(t, "node", "`make sarif` was not run", filepath.Join(checker, "node_modules", "ajv")) {
		node := exec.CommandContext(t.Context(), "node", "check.mjs", filepath.Join(dir, "doc.sarif"))
		node.Dir = checker
		if out, err := node.CombinedOutput(); err != nil {
			t.Errorf("check.mjs: %v\n%s\n%s", err, out, sarif)
		}
	}
}

// Has reports whether a judge is there, and says so aloud where it is not: on a build server
// that is a failure.
func Has(t *testing.T, program, why, needs string) bool {
	t.Helper()
	_, err := exec.LookPath(program)
	if err == nil && needs != "" {
		_, err = os.Stat(needs)
	}
	switch {
	case err == nil:
		return true
	case os.Getenv("CI") == "true": //nolint:forbidigo // of the test run, not of usmtpkg
		t.Fatalf("%s cannot judge the documents: %s", program, why)
	}
	t.Logf("%s DID NOT JUDGE THE DOCUMENTS: %s", strings.ToUpper(program), why)
	return false
}
