package main

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"usmtpkg/locate/wellformed"
)

func cmdSARIF(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 1, "sarif FILE")
	_, err := readSARIF(ts.ReadFile(args[0]))
	ts.Check(err)
}

func cmdJUnit(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 1, "junit FILE")
	_, err := readJUnit(ts.ReadFile(args[0]))
	ts.Check(err)
}

// A sarifDoc is what the tests read of a SARIF document. It shares no type with the writer.
type sarifDoc struct {
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

// readSARIF reads a document and checks what a schema cannot: that its parts fit together.
func readSARIF(text string) (d sarifDoc, err error) {
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
			return d, fmt.Errorf("result %d: uri %q is no relative path", i, at.URI)
		}
		if _, ok := run.OriginalURIBaseIDs[at.URIBaseID]; !ok && *run.Invocations[0].ExecutionSuccessful {
			return d, fmt.Errorf("result %d: no base %q", i, at.URIBaseID)
		}
	}
	return d, nil
}

// A junitDoc is what the tests read of a JUnit document.
type junitDoc struct {
	Tests    int `xml:"tests,attr"`
	Failures int `xml:"failures,attr"`
	Errors   int `xml:"errors,attr"`
	Suites   []struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Cases    []junitTest `xml:"testcase"`
		Out      string      `xml:"system-out"`
	} `xml:"testsuite"`
}

type junitTest struct {
	Class   string     `xml:"classname,attr"`
	Name    string     `xml:"name,attr"`
	Skipped *junitMark `xml:"skipped"`
	Error   *junitMark `xml:"error"`
	Failure *junitMark `xml:"failure"`
}

type junitMark struct {
	Type    string `xml:"type,attr"`
	Message string `xml:"message,attr"`
}

// readJUnit reads a document and checks that it is well-formed and its counts are right.
func readJUnit(text string) (d junitDoc, err error) {
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

func count(m *junitMark) int {
	if m == nil {
		return 0
	}
	return 1
}
