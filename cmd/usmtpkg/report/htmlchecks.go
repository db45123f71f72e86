package report

import (
	"fmt"
	"slices"
	"strings"

	"usmtpkg/locate/finding"
)

// A checksView says what was checked, and what was not.
type checksView struct {
	Yes, No  []item
	Findings []findingView
}

// A findingView is a finding about one file or more.
type findingView struct {
	Severity, Rule, Found, Wanted, Hint string

	Paths []string
	Many  string // how many, if they are too many to be shown at once
}

// shownPaths is how many files of a finding a page shows at once.
const shownPaths = 3

// findingsView puts findings that say the same of several files together.
func findingsView(list []Finding) []findingView {
	var views []findingView
	at := map[string]int{}
	for _, f := range list {
		v := findingView{Severity: f.Severity, Rule: f.Rule, Found: finding.PlainText(f.Found), Wanted: finding.PlainText(f.Wanted), Hint: finding.PlainText(f.Hint)}
		key := fmt.Sprintf("%q", v)
		i, ok := at[key]
		if !ok {
			i, at[key] = len(views), len(views)
			views = append(views, v)
		}
		if f.Path != "." { // else it is about the kit
			views[i].Paths = append(views[i].Paths, finding.Printable(f.Path))
		}
	}
	worst := []string{"error", "warning", "info"}
	slices.SortStableFunc(views, func(a, b findingView) int { return slices.Index(worst, a.Severity) - slices.Index(worst, b.Severity) })
	for i := range views {
		if n := len(views[i].Paths); n > shownPaths {
			views[i].Many = CountOf(n, "file", "files")
		}
	}
	return views
}

// A stepsView says what to do next, and how to go back.
type stepsView struct{ Next, Back []step }

// A step is one of them.
type step struct{ Text, Command string }

// checks are what was checked for the page, and what nobody looked at. Both matter to who decides.
func (a *PageAbout) checks() *checksView {
	r := a.Record
	v := &checksView{Findings: findingsView(a.Findings)}
	yes := func(head, text string) { v.Yes = append(v.Yes, item{Head: head, Text: finding.PlainText(text)}) }
	no := func(head, text string) { v.No = append(v.No, item{Head: head, Text: finding.PlainText(text)}) }
	if a.Read.Equal {
		yes("Unchanged.", fmt.Sprintf("All %d files of the release and its record were read when this page was written and are as staged.", len(a.Read.Files)))
	} else {
		yes("CHANGED.", "The release was read when this page was written: "+a.Read.counts()+".")
	}
	yes("The rules.", a.Checks.verdict(a.Findings)+", when this page was written.")
	if val := r.Validation; val != nil {
		yes("The rules, when it was staged.", fmt.Sprintf("%s, %s, by the rules of %s.", CountOf(val.Findings.Error, "error", "errors"), CountOf(val.Findings.Warning, "warning", "warnings"), val.Rules))
	} else {
		no("The rules, when it was staged.", "The release was not validated then.")
	}
	if len(a.Checks.Compared) > 0 {
		yes("Complete.", upperFirst(a.Checks.inventoryText())+".")
	}
	if len(a.Checks.Signed) > 0 && !strings.HasSuffix(a.Checks.signatureText(), "not checked") {
		yes("Signatures.", upperFirst(strings.TrimPrefix(a.Checks.signatureText(), "signatures: "))+".")
	}
	if text := ProvenText(a.Checks.Proofs); strings.HasPrefix(text, "proven") {
		yes("Content.", upperFirst(text)+".")
	}
	for _, word := range a.Checks.NotChecked {
		t, ok := notCheckedTexts[word]
		if !ok {
			t = item{Head: word}
		}
		v.No = append(v.No, t)
	}
	no("Revocation.", "Whether a certificate was revoked: that needs the network.")
	switch r.Attestation {
	case NoAttestation:
		no("Who made it.", "The release has no attestation. Anyone who can write to the library can change files and checksums together.")
	default:
		no("Who made it.", "There is an attestation ("+r.Attestation+"). This page did not check it: usmtpkg verify --attestation does.")
	}
	no("ConfigMgr.", "What the site and its distribution points have. The content hash is predicted, and nobody has confirmed the prediction on a live site.")
	no("A migration.", "No state was captured or restored with this release.")
	if a.Diff == nil {
		no("Changes.", "There is no other release to compare with.")
	}
	return v
}

func upperFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// steps are what to do with the release at the site.
func (a *PageAbout) steps() *stepsView {
	r := a.Record
	name, library := r.Release.Release, quoted(r.Library)
	v := &stepsView{}
	next := func(text, command string) { v.Next = append(v.Next, step{text, command}) }
	switch {
	case r.Sample:
		next("Nothing: this is the sample kit.", "")
	case len(r.Definition.Files) == 0:
		next("Write the package definition:", "usmtpkg define "+name+" --library "+library)
	default:
		next("On a computer with the ConfigMgr console, in "+finding.PlainText(r.Definition.Dir)+", look at what would change:", `.\Publish-UsmtPackage.ps1 -WhatIf`)
		next("Then do it, and wait for the distribution points:", `.\Publish-UsmtPackage.ps1 -Wait -Validate`)
	}
	if !r.Sample && r.ContentHash != nil {
		next("Compare the predicted content hash with the one in distmgr.log:", "usmtpkg verify "+name+" --library "+library+` --package-id P0100012 --distmgr-log \\server\SMS_P01\Logs`)
	}
	v.Back = append(v.Back, step{"At the site, in the folder where the script ran; it wrote a rollback record there:", `.\Undo-UsmtPackage.ps1`})
	if a.Diff != nil && a.Diff.Before.Release != "" {
		v.Back = append(v.Back, step{"In the library, make the earlier release the active one again; it is still there, unchanged:", "usmtpkg activate " + a.Diff.Before.Release + " --library " + library})
	} else {
		v.Back = append(v.Back, step{Text: "There is no earlier release in the library to go back to."})
	}
	return v
}

// quoted is a path in a command.
func quoted(p string) string {
	p = finding.PlainText(p)
	if strings.ContainsAny(p, ` '()&;`) {
		return `"` + p + `"`
	}
	return p
}
