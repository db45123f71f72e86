package report

import "usmtpkg/locate/finding"

// A Finding is one finding about a USMT folder, or about the settings for one.
type Finding struct {
	Rule     string `json:"rule"`     // its id; docs/troubleshooting.md has a heading for each
	Severity string `json:"severity"` // error, warning or info
	Path     string `json:"path"`     // the file or folder, below the USMT folder; or the setting
	Found    string `json:"found"`
	Wanted   string `json:"wanted"`
	Hint     string `json:"hint,omitempty"`    // what to do
	Source   string `json:"source,omitempty"`  // what the rule is based on
	Detail   string `json:"detail,omitempty"`  // the error of the check
	Overlay  string `json:"overlay,omitempty"` // the file of the overlay that it is about

	of *finding.Error
}

// Findings are the documents of findings; never nil.
func Findings(list []*finding.Error) []Finding {
	docs := make([]Finding, len(list))
	for i, f := range list {
		docs[i] = Finding{
			Rule: f.Rule, Severity: f.Severity.String(), Path: f.Path,
			Found: f.Found, Wanted: f.Wanted, Hint: f.Hint, Source: f.Source, Overlay: f.Overlay, of: f,
		}
		if f.Err != nil {
			docs[i].Detail = f.Err.Error()
		}
	}
	return docs
}

// Warn prints findings to c.Err: those that are at least warnings, and all with Verbose.
func (c Console) Warn(list []*finding.Error) {
	t := printer{Console: Console{Out: c.Err, Verbose: c.Verbose}}
	t.findings(Findings(list), finding.SeverityWarning)
}

// findings prints findings of at least the severity given, each with its hint, and with its source if
// verbose; in a full report also where it is a claim of ours. The same advice is printed once, after the
// last finding that has it.
func (t *printer) findings(list []Finding, least finding.Severity) {
	last := map[string]int{} // the finding after which a line of advice comes
	advice := make([][]string, len(list))
	for i, f := range list {
		if f.of.Severity < least && !t.Verbose {
			continue
		}
		if f.Hint != "" {
			advice[i] = append(advice[i], "hint: "+f.Hint)
		}
		if f.Source != "" && (f.of.Severity != finding.SeverityError && least == finding.SeverityInfo || t.Verbose) {
			advice[i] = append(advice[i], "source: "+f.Source)
		}
		for _, line := range advice[i] {
			last[line] = i
		}
	}
	for i, f := range list {
		if f.of.Severity < least && !t.Verbose {
			continue
		}
		t.printf("%-7s %s\n", f.Severity, f.of)
		if f.Overlay != "" {
			t.printf("        overlay: %s\n", finding.Printable(f.Overlay))
		}
		for _, line := range advice[i] {
			if last[line] == i {
				t.printf("        %s\n", line)
			}
		}
	}
}
