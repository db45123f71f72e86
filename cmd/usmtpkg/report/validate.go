package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"usmtpkg/locate"
	"usmtpkg/locate/finding"
	"usmtpkg/locate/pe"
	"usmtpkg/stage"
)

// Validate is the document of validate.
type Validate struct {
	Head
	Source Origin `json:"source"`
	Validation
	Programs []Program `json:"programs"`
	Findings []Finding `json:"findings"`

	Overlay []stage.OverlayFile `json:"overlay,omitempty"`

	version string // of the programs, in words
	arches  []locate.ArchReport
}

// A Validation sums the judgement on a USMT folder up.
type Validation struct {
	Contents
	Valid  bool `json:"valid"`
	Strict bool `json:"strict"`
	Checks
}

// A Program is a program or DLL of a USMT folder, with the verdict on its signature.
type Program struct {
	Path      string     `json:"path"`
	Machine   string     `json:"machine"`
	Version   string     `json:"file_version,omitempty"`
	Signature string     `json:"signature"`
	Signer    string     `json:"signer,omitempty"`
	SignedAt  *time.Time `json:"signed_at,omitempty"`
	Reason    string     `json:"reason,omitempty"`
	Windows   string     `json:"windows,omitempty"` // what Windows says of it

	Trusted bool `json:"-"` // by Windows
}

// NewValidate returns the document of a validation. The candidate is what was validated.
func NewValidate(c locate.Candidate, rep *locate.Report, found locate.Catalogs, strict bool) *Validate {
	return &Validate{
		Head: NewHead("validate"), Source: Origin{c.Path, c.How},
		Validation: Validation{
			Contents: Contents{USMT: c.Version.String(), Arches: c.Arches, Files: rep.Files, Bytes: rep.Bytes},
			Valid:    rep.Err(strict) == nil, Strict: strict, Checks: ChecksOf(rep, found),
		},
		Programs: programsOf(rep), Findings: Findings(rep.Findings()), version: VersionText(rep.Version), arches: rep.Arches,
	}
}

func programsOf(rep *locate.Report) []Program {
	docs := make([]Program, len(rep.Programs))
	for i, p := range rep.Programs {
		docs[i] = Program{Path: p.Path, Machine: p.Machine, Version: p.Version, Signature: stage.NotChecked}
		if sig := p.Signature; sig != nil {
			docs[i].Signature, docs[i].Signer, docs[i].Reason, docs[i].SignedAt = string(sig.Verdict), sig.Signer, sig.Reason, signedAt(sig.Time)
		}
	}
	return docs
}

func (d *Validate) text(t *printer) {
	t.findings(d.Findings, finding.SeverityInfo)
	for _, line := range disagreements(d.Programs) {
		t.printf("%s\n", line)
	}
	if len(d.Overlay) > 0 {
		t.printf("overlay: %s\n", OverlayText(d.Overlay))
	}
	if t.Verbose {
		for _, name := range d.Unproven {
			t.printf("by name only: %s\n", finding.Printable(name))
		}
	}
	t.printf("%s: USMT %s (%s), %s: %s; %s; %s\ncontent: %s\n",
		d.Source.Path, d.version, d.Contents.arches(), d.files(), d.verdict(d.Findings), d.inventoryText(), d.signatureText(), d.proofText())
}

// disagreements are the programs of which Windows thinks otherwise, such as those
// that a catalog vouches for.
func disagreements(programs []Program) []string {
	var lines []string
	for _, p := range programs {
		if p.Windows != "" && p.Trusted != (p.Signature == string(pe.Valid)) {
			lines = append(lines, fmt.Sprintf("note    %s: Windows says %s, the verdict here is %s", finding.Printable(p.Path), p.Windows, p.Signature))
		}
	}
	return lines
}

// packageSuite holds what belongs to no arch folder.
const packageSuite = "package"

// outcome has one suite an arch folder.
func (d *Validate) outcome() outcome {
	o := outcome{Head: d.Head, summary: d.Validation, bases: []uriBase{{"USMT", d.Source.Path, "the USMT folder, found: " + d.Source.How}}}
	byArch := map[string][]result{}
	for _, f := range d.Findings {
		arch := suiteOf(f.of)
		byArch[arch] = append(byArch[arch], f.result(d.Strict))
	}
	o.suites = []suite{{name: packageSuite, about: d.Source.Path, results: byArch[packageSuite]}}
	for _, name := range d.NotChecked {
		if name != finding.ContentNotChecked { // of that each arch folder says it
			o.suites[0].skipped = append(o.suites[0].skipped, skippedCheck{name, "was not checked"})
		}
	}
	for _, arch := range []string{locate.AMD64, locate.ARM64, locate.X86} {
		s := suite{name: arch, results: byArch[arch]}
		i := slices.IndexFunc(d.arches, func(a locate.ArchReport) bool { return a.Arch == arch })
		if i >= 0 {
			a := d.arches[i]
			s.about = fmt.Sprintf("USMT %s, %s", VersionText(a.Version), filesText(a.Files, a.Bytes))
			s.skipped = contentSkipped(d.Unproven, a.Dir)
			if !s.fails() {
				s.passed = []string{"every rule that was checked"}
			}
		}
		if i >= 0 || len(s.results) > 0 {
			o.suites = append(o.suites, s)
		}
	}
	return o
}

// contentSkipped is the check of content that was not made in an arch folder.
func contentSkipped(unproven []string, dir string) []skippedCheck {
	n := 0
	for _, name := range unproven {
		if strings.HasPrefix(name, dir+"/") {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	return []skippedCheck{{finding.ContentNotChecked, fmt.Sprintf("was not checked for %s, which nothing vouches for", CountOf(n, "file", "files"))}}
}

// suiteOf is the arch folder that a finding is in, however it is spelt, or packageSuite.
func suiteOf(f *finding.Error) string {
	top, _, _ := strings.Cut(f.File, "/")
	switch top = strings.ToLower(top); top {
	case locate.AMD64, locate.ARM64, locate.X86:
		return top
	}
	return packageSuite
}

func (f Finding) result(strict bool) result {
	return result{
		check: f.Path + ": " + f.Rule, rule: f.Rule, severity: f.of.Severity, fails: f.of.Fails(strict),
		base: "USMT", file: f.of.File, label: f.Path, found: f.Found, wanted: f.Wanted, detail: f.Detail, hint: f.Hint, source: f.Source,
	}
}
