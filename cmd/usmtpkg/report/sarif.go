package report

import (
	"io"
	"slices"
	"strings"

	"usmtpkg/locate"
	"usmtpkg/locate/finding"
)

// The parts of SARIF 2.1.0 that are written here: OASIS Standard, 27 March 2020.
// Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool struct {
			Driver sarifDriver `json:"driver"`
		} `json:"tool"`
		Invocations []sarifInvocation        `json:"invocations"`
		Bases       map[string]sarifLocation `json:"originalUriBaseIds,omitempty"`
		// Results is nil, and then absent, where nothing was looked at; a list of no elements
		// says that all was looked at and nothing found (3.14.23).
		Results    *[]sarifResult `json:"results,omitempty"`
		Properties any            `json:"properties,omitempty"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID      string       `json:"id"`
		Short   sarifText    `json:"shortDescription"`
		Help    *sarifText   `json:"help,omitempty"`
		Default sarifDefault `json:"defaultConfiguration"`
		Origin  *sarifOrigin `json:"properties,omitempty"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifDefault struct {
		Level string `json:"level"`
	}
	sarifOrigin struct {
		Source string `json:"source"`
	}
	sarifInvocation struct {
		Successful    bool                `json:"executionSuccessful"`
		ExitCode      int                 `json:"exitCode"`
		Notifications []sarifNotification `json:"toolExecutionNotifications,omitempty"`
	}
	sarifNotification struct {
		Level      string    `json:"level"`
		Message    sarifText `json:"message"`
		Properties any       `json:"properties,omitempty"`
	}
	sarifLocation struct {
		URI         string     `json:"uri,omitempty"`
		BaseID      string     `json:"uriBaseId,omitempty"`
		Description *sarifText `json:"description,omitempty"`
	}
	sarifPhysical struct {
		Artifact sarifLocation `json:"artifactLocation"`
	}
	sarifPlace struct {
		Physical sarifPhysical `json:"physicalLocation"`
	}
	sarifResult struct {
		RuleID     string       `json:"ruleId"`
		RuleIndex  int          `json:"ruleIndex"`
		Level      string       `json:"level"`
		Message    sarifText    `json:"message"`
		Locations  []sarifPlace `json:"locations"`
		Properties sarifDetails `json:"properties"`
	}
	sarifDetails struct {
		Path   string `json:"path"`
		Found  string `json:"found,omitempty"`
		Wanted string `json:"wanted,omitempty"`
		Detail string `json:"detail,omitempty"`
		Hint   string `json:"hint,omitempty"`
		Source string `json:"source,omitempty"`
		In     string `json:"in"` // the suite: the arch folder, or what was compared with
	}
	sarifFailure struct {
		Hint   string         `json:"hint,omitempty"`
		Places []locate.Place `json:"places,omitempty"`
	}
)

const (
	sarifVersion = "2.1.0"
	sarifSchema  = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)

// WriteSARIF writes a document as one SARIF log with one run. The same document gives the same bytes:
// there is no time in it.
func WriteSARIF(w io.Writer, doc Document) error {
	o, err := outcomeOf(doc)
	if err != nil {
		return err
	}
	return writeSARIF(w, o)
}

func writeSARIF(w io.Writer, j outcome) error {
	var run sarifRun
	run.Tool.Driver = sarifDriver{Name: "usmtpkg", Version: j.tool, Rules: sarifRules(j)}
	run.Invocations = []sarifInvocation{{Successful: j.failure == nil, ExitCode: j.status, Notifications: sarifNotifications(j)}}
	for _, b := range j.bases {
		if run.Bases == nil {
			run.Bases = map[string]sarifLocation{}
		}
		run.Bases[b.id] = sarifLocation{URI: folderURI(b.dir), Description: message(b.about)}
	}
	run.Properties = j.summary
	results := []sarifResult{}
	for _, s := range j.suites {
		for _, r := range s.results {
			results = append(results, sarifResultOf(r, s.name, run.Tool.Driver.Rules))
		}
	}
	if j.failure == nil || len(results) > 0 {
		run.Results = &results
	}
	return WriteJSON(w, sarifLog{Schema: sarifSchema, Version: sarifVersion, Runs: []sarifRun{run}})
}

func sarifResultOf(r result, suite string, rules []sarifRule) sarifResult {
	i, _ := slices.BinarySearchFunc(rules, r.rule, func(have sarifRule, id string) int { return strings.Compare(have.ID, id) })
	d := sarifDetails{
		Path: r.label, Found: finding.PlainText(r.found), Wanted: finding.PlainText(r.wanted), Detail: finding.PlainText(r.detail), In: suite,
	}
	if rule := rules[i]; r.hint != "" && (rule.Help == nil || rule.Help.Text != message(r.hint).Text) {
		d.Hint = finding.PlainText(r.hint)
	}
	if rule := rules[i]; r.source != "" && (rule.Origin == nil || rule.Origin.Source != finding.PlainText(r.source)) {
		d.Source = finding.PlainText(r.source)
	}
	return sarifResult{
		RuleID: r.rule, RuleIndex: i, Level: sarifLevel(r.severity), Message: *message(finding.PlainText(r.text())),
		Locations:  []sarifPlace{{sarifPhysical{sarifLocation{URI: relativeURI(r.file), BaseID: r.base}}}},
		Properties: d,
	}
}

// sarifRules describes the rules that have results, sorted by id, each as its first result
// has it.
func sarifRules(j outcome) []sarifRule {
	rules := []sarifRule{}
	for _, s := range j.suites {
		for _, r := range s.results {
			i, there := slices.BinarySearchFunc(rules, r.rule, func(have sarifRule, id string) int { return strings.Compare(have.ID, id) })
			if there {
				continue
			}
			rule := sarifRule{ID: r.rule, Short: sarifText{strings.ReplaceAll(r.rule, "-", " ")}, Default: sarifDefault{sarifLevel(r.severity)}}
			if r.hint != "" {
				rule.Help = message(r.hint)
			}
			if r.source != "" {
				rule.Origin = &sarifOrigin{finding.PlainText(r.source)}
			}
			rules = slices.Insert(rules, i, rule)
		}
	}
	return rules
}

// sarifNotifications are what is to be said about the run and not about a file: why it
// failed, what was not checked, and its notes.
func sarifNotifications(j outcome) (all []sarifNotification) {
	if f := j.failure; f != nil {
		n := sarifNotification{Level: "error", Message: *message(f.text)}
		if f.hint != "" || len(f.places) > 0 {
			n.Properties = sarifFailure{Hint: finding.PlainText(f.hint), Places: f.places}
		}
		all = append(all, n)
	}
	for _, s := range j.suites {
		for _, k := range s.skipped {
			all = append(all, sarifNotification{Level: "warning", Message: *message(k.name + ": " + k.reason)})
		}
		for _, n := range s.notes {
			all = append(all, sarifNotification{Level: "note", Message: *message(n)})
		}
	}
	return all
}

func sarifLevel(s finding.Severity) string {
	switch s {
	case finding.SeverityError:
		return "error"
	case finding.SeverityWarning:
		return "warning"
	case finding.SeverityInfo:
	}
	return "note"
}

// message is a text as a message of SARIF: "{" and "}" are doubled, since they begin
// placeholders (3.11.5), and nothing in it makes an embedded link (3.11.6): a file could be
// named so as to show one.
func message(s string) *sarifText {
	s = strings.NewReplacer("{", "{{", "}", "}}", "](", "] (").Replace(finding.PlainLines(s))
	return &sarifText{s}
}
