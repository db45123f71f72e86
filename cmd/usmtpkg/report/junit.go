package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"usmtpkg/locate/finding"
)

// JUnit XML as Jenkins, Azure DevOps and GitLab read it. It has no standard; what is written
// here keeps to what the three have in common, and to the schema of the Jenkins xUnit plug-in.
// Source: https://github.com/jenkinsci/xunit-plugin, types/model/xsd/junit-10.xsd
type (
	junitSuites struct {
		XMLName xml.Name `xml:"testsuites"`
		Name    string   `xml:"name,attr"`
		junitCounts
		Suites []junitSuite `xml:"testsuite"`
	}
	junitCounts struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
	}
	junitSuite struct {
		Name string `xml:"name,attr"`
		junitCounts
		Skipped int         `xml:"skipped,attr"`
		Cases   []junitCase `xml:"testcase"`
		Out     *junitText  `xml:"system-out"`
	}
	junitCase struct {
		Class   string      `xml:"classname,attr"`
		Name    string      `xml:"name,attr"`
		Skipped *junitFault `xml:"skipped"`
		Error   *junitFault `xml:"error"`
		Failure *junitFault `xml:"failure"`
	}
	junitFault struct {
		Type    string `xml:"type,attr,omitempty"`
		Message string `xml:"message,attr"`
		Text    string `xml:",cdata"`
	}
	junitText struct {
		Text string `xml:",cdata"`
	}
)

// WriteJUnit writes a document as one JUnit document: a failing test case for each result
// that makes the run fail, a passing one for each check that found nothing, a skipped one for
// each check that was not made, and the other results as the output of their suite. There are
// no times in it.
func WriteJUnit(w io.Writer, doc Document) error {
	o, err := outcomeOf(doc)
	if err != nil {
		return err
	}
	return writeJUnit(w, o)
}

func writeJUnit(w io.Writer, j outcome) error {
	all := junitSuites{Name: "usmtpkg " + j.command}
	for _, s := range j.suites {
		all.add(junitSuiteOf(j, s))
	}
	if f := j.failure; f != nil {
		fault := &junitFault{Type: fmt.Sprintf("exit %d", j.status), Message: finding.PlainLines(f.text), Text: failureText(f)}
		run := junitSuite{Name: className(j, "run")}
		run.Cases = []junitCase{{Class: run.Name, Name: "usmtpkg " + j.command, Error: fault}}
		all.add(run)
	}
	text, err := xml.MarshalIndent(all, "", "  ")
	if err != nil {
		return fmt.Errorf("writing JUnit XML: %w", err)
	}
	_, err = io.WriteString(w, xml.Header+string(text)+"\n")
	return err
}

// className puts the cases of a suite together: Jenkins takes what is before the last dot
// for a package, and what is behind it for a class.
func className(j outcome, suite string) string { return "usmtpkg." + j.command + "." + suite }

func junitSuiteOf(j outcome, s suite) junitSuite {
	js := junitSuite{Name: className(j, s.name)}
	var out []string
	if s.about != "" {
		out = append(out, finding.PlainText(s.about))
	}
	for _, r := range s.results {
		if !r.fails {
			out = append(out, fmt.Sprintf("%s: %s: %s", r.severity, r.rule, finding.PlainText(r.text())))
			if advice := resultText(r); advice != "" {
				out = append(out, advice)
			}
			continue
		}
		fault := &junitFault{Type: r.rule, Message: finding.PlainText(r.text()), Text: resultText(r)}
		js.Cases = append(js.Cases, junitCase{Class: js.Name, Name: r.check, Failure: fault})
	}
	for _, name := range s.passed {
		js.Cases = append(js.Cases, junitCase{Class: js.Name, Name: name})
	}
	for _, k := range s.skipped {
		js.Cases = append(js.Cases, junitCase{Class: js.Name, Name: k.name, Skipped: &junitFault{Message: k.reason}})
	}
	for _, n := range s.notes {
		out = append(out, "note: "+finding.PlainText(n))
	}
	if len(out) > 0 {
		js.Out = &junitText{strings.Join(out, "\n")}
	}
	return js
}

// add adds a suite and its counts.
func (all *junitSuites) add(s junitSuite) {
	for _, c := range s.Cases {
		s.Tests++
		switch {
		case c.Failure != nil:
			s.Failures++
		case c.Error != nil:
			s.Errors++
		case c.Skipped != nil:
			s.Skipped++
		}
	}
	all.Suites = append(all.Suites, s)
	all.Tests += s.Tests
	all.Failures += s.Failures
	all.Errors += s.Errors
}

// resultText is the advice to a result, and where its claim comes from.
func resultText(r result) string {
	var lines []string
	if r.hint != "" {
		lines = append(lines, "hint: "+finding.PlainText(r.hint))
	}
	if r.source != "" {
		lines = append(lines, "source: "+finding.PlainText(r.source))
	}
	return strings.Join(lines, "\n")
}

func failureText(f *failure) string {
	lines := []string{finding.PlainLines(f.text)}
	for _, p := range f.places {
		lines = append(lines, finding.PlainText(fmt.Sprintf("%s: %s (%s)", p.Path, p.Outcome, p.How)))
	}
	if f.hint != "" {
		lines = append(lines, "hint: "+finding.PlainText(f.hint))
	}
	return strings.Join(lines, "\n")
}
