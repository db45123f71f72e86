package report

import (
	"encoding/json"
	"fmt"
	"strings"

	"usmtpkg/locate/finding"
	"usmtpkg/pkgdef/contentlib"
	"usmtpkg/stage"
)

// Verify is the document of verify.
type Verify struct {
	Head
	Dir string `json:"dir"`
	verifySummary
	Comparisons []Comparison `json:"comparisons"`
	Attestation *Attestation `json:"attestation,omitempty"`

	bag      bool // Dir is a bag, and so what is wanted
	uncached bool // reading past the cache was asked for
}

type verifySummary struct {
	Equal     bool   `json:"equal"`
	Uncached  bool   `json:"uncached"`
	Assurance string `json:"assurance,omitempty"` // of the attestation, if there is one
}

// What a copy is compared with.
const (
	AgainstManifest    = "manifest"
	AgainstSignatures  = "signatures"
	AgainstOverlay     = "overlay"
	AgainstAttestation = "attestation"
	AgainstSource      = "source"
	AgainstLog         = "distmgr-log"
	AgainstLibrary     = "content-library"
)

// NotProven is the verdict on a file that nothing vouches for, where that was demanded.
const NotProven stage.Verdict = "unproven"

// A Comparison is a copy compared with one thing.
type Comparison struct {
	Against string                `json:"against"` // manifest, signatures, overlay, attestation, source, distmgr-log or content-library
	Source  *Origin               `json:"source,omitempty"`
	Overlay []string              `json:"overlay,omitempty"` // the patterns that were laid over the source
	Equal   bool                  `json:"equal"`
	Bytes   int64                 `json:"bytes"`
	Notes   []string              `json:"notes,omitempty"`
	Counts  map[stage.Verdict]int `json:"counts"`
	Files   []stage.FileResult    `json:"files"`

	NotChecked []string       `json:"not_checked,omitempty"`
	Proofs     map[string]int `json:"proofs,omitempty"`   // of signatures: files by proof
	Unproven   []string       `json:"unproven,omitempty"` // of signatures: files that nothing proves
	Logged     *Logged        `json:"logged,omitempty"`   // of distmgr-log
	Content    *Content       `json:"content,omitempty"`  // of content-library

}

// NewComparison returns the document of a comparison. One of no files is not equal.
func NewComparison(against string, rep stage.Report) Comparison {
	c := Comparison{Against: against, Bytes: rep.Bytes, Notes: rep.Notes, Counts: map[stage.Verdict]int{}, Files: rep.Files}
	for _, f := range rep.Files {
		c.Counts[f.Verdict]++
	}
	c.Equal = len(rep.Files) > 0 && c.Counts[stage.Same] == len(rep.Files)
	return c
}

// An Attestation is what an attestation is worth for the copy.
type Attestation struct {
	File      string          `json:"file"`
	Assurance string          `json:"assurance"`     // authentic, integrity only, or none: the copy differs
	Key       string          `json:"key,omitempty"` // that signed the statement, and was checked
	Predicate json.RawMessage `json:"predicate"`

	Signer string `json:"-"` // the key that the signature beside it names; empty: there is none
	About  string `json:"-"` // the predicate in words
}

// NewVerify returns the document of a folder that was compared with nothing yet. A bag has in it what is wanted of it.
func NewVerify(dir string, bag, uncached bool) *Verify {
	return &Verify{Head: NewHead("verify"), Dir: dir, verifySummary: verifySummary{Equal: true, Uncached: uncached}, uncached: uncached, bag: bag}
}

// Add appends comparisons. What differs from one of them differs.
func (d *Verify) Add(all ...Comparison) {
	for _, c := range all {
		d.Comparisons, d.Equal = append(d.Comparisons, c), d.Equal && c.Equal
	}
}

// AddRead appends a comparison for which the files were read as used says.
func (d *Verify) AddRead(c Comparison, used stage.VerifyMode) {
	d.Add(c)
	d.Uncached = d.Uncached && (used == stage.VerifyUncached || c.Against == AgainstSource && d.bag)
}

// cached reports whether reading past the cache was asked for and is not possible.
func (d *Verify) cached() bool { return d.uncached && !d.Uncached }

// Attest adds what an attestation is worth, when all comparisons are made.
func (d *Verify) Attest(a Attestation) {
	if !d.Equal {
		a.Assurance = noAssurance
	}
	d.Attestation = &a
}

func (d *Verify) text(t *printer) {
	for _, c := range d.Comparisons {
		t.notes(c.Notes)
		for _, f := range c.Files {
			if f.Verdict != stage.Same || t.Verbose {
				t.printf("%-8s %s\n", f.Verdict, detail(f))
			}
		}
		result := "equal to "
		if !c.Equal {
			result = "NOT equal to "
		}
		t.printf("%s: %s%s: %s\n", d.Dir, result, c.against(), c.counts())
		t.siteText(c)
		if c.Against == AgainstSignatures {
			t.printf("content: %s\n", ProvenText(c.Proofs))
		}
	}
	if a := d.Attestation; a != nil {
		t.printf("attestation %s: %s\n             %s\n", a.File, a.text(d.Equal), a.About)
	}
	if d.cached() {
		Say(t.Err, "usmtpkg: reading past the cache is not possible here: the files may have come from it\n")
	}
}

// against names what a copy was compared with.
func (c Comparison) against() string {
	switch c.Against {
	case AgainstSignatures:
		return "what its publisher signed"
	case AgainstAttestation:
		return "the attestation"
	case AgainstOverlay:
		return "the overlay that it records"
	case AgainstSource:
		if len(c.Overlay) > 0 {
			return "the source " + c.Source.Path + " with the overlay " + finding.Printable(strings.Join(c.Overlay, ", ")) + ", as they are now"
		}
		return "the source " + c.Source.Path + ", as it is now"
	case AgainstLog:
		return "the newest content hash of package " + c.Logged.PackageID + " in distmgr.log"
	case AgainstLibrary:
		return "what the content library holds of package " + c.Content.PackageID
	}
	return "its manifests"
}

func detail(f stage.FileResult) string {
	switch {
	case f.Wanted == "" && f.Found == "":
		return f.Path
	case f.Wanted == "":
		return fmt.Sprintf("%s (found %s)", f.Path, f.Found)
	}
	return fmt.Sprintf("%s (found %s, wanted %s)", f.Path, f.Found, f.Wanted)
}

// nothing says what there is in a comparison of no files. It is not an equal one.
func (c Comparison) nothing() string {
	if c.Against == AgainstSignatures {
		return "no file that a signature, a catalog or an MSI proves"
	}
	return "no file to compare"
}

// counts lists how many files got which verdict, and how much was read for that.
func (c Comparison) counts() string {
	if len(c.Files) == 0 {
		return c.nothing()
	}
	s := fmt.Sprintf("%d same", c.Counts[stage.Same])
	verdicts := []stage.Verdict{
		stage.Changed, stage.Missing, stage.Extra, stage.Case, stage.Type, NotProven,
		contentlib.ObjectMissing, contentlib.ObjectChanged, contentlib.Different, contentlib.Unfinished, contentlib.NotFound,
	}
	for _, v := range verdicts {
		if n := c.Counts[v]; n > 0 {
			s += fmt.Sprintf(", %d %s", n, v)
		}
	}
	if c.Bytes > 0 {
		s += ", " + Size(c.Bytes)
	}
	return s
}

// text says what the attestation is worth; equal reports whether it is about this copy.
func (a *Attestation) text(equal bool) string {
	switch {
	case a.Key != "" && equal:
		return Authentic + ": signed by key " + a.Key
	case a.Key != "":
		return "signed by key " + a.Key + ", and this copy is NOT what it attests"
	case !equal:
		return "this copy is NOT what it attests, and nobody vouches for that either"
	case a.Signer != "":
		return IntegrityOnly + ": nobody vouches for it; a signature beside it names key " + a.Signer + " and was not checked, since no --public-key is given"
	}
	return IntegrityOnly + ": nobody vouches for it"
}

// signatureCheck is the check of who signed an attestation.
const signatureCheck = "signature of the attestation"

// outcome has one suite a comparison.
func (d *Verify) outcome() outcome {
	o := outcome{Head: d.Head, bases: []uriBase{{"COPY", d.Dir, "the folder that was verified"}}}
	summary := d.verifySummary
	if d.Attestation != nil {
		summary.Assurance = d.Attestation.Assurance
	}
	o.summary = summary
	for i, c := range d.Comparisons {
		base := o.baseOf(c, d.bag)
		s := suite{name: c.Against, about: d.Dir, notes: c.Notes}
		if c.Source != nil {
			s.about += " and " + c.Source.Path
		}
		s.fill(c, base)
		if d.cached() && i == 0 {
			s.skipped = []skippedCheck{{"reading past the cache", "is not possible here: the files may have come from the cache"}}
		}
		if a := d.Attestation; a != nil && c.Against == AgainstAttestation {
			if a.Key != "" {
				s.passed = append(s.passed, signatureCheck)
			} else {
				s.skipped = append(s.skipped, skippedCheck{signatureCheck, "was not checked, since no public key is given: " + IntegrityOnly})
			}
		}
		o.suites = append(o.suites, s)
	}
	return o
}

// baseOf is the base of the results of a comparison, which is added.
func (o *outcome) baseOf(c Comparison, bag bool) string {
	base := "COPY"
	if c.Source != nil {
		o.bases = append(o.bases, uriBase{"SOURCE", c.Source.Path, "the source, found: " + c.Source.How})
		if bag { // what is wanted is in the bag, and the source is what was looked at
			base = "SOURCE"
		}
	}
	if site := c.siteBase(); site.id != "" {
		o.bases, base = append(o.bases, site), site.id
	}
	return base
}

// fill fills in the checks of a comparison.
func (s *suite) fill(c Comparison, base string) {
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
	if !c.Equal && len(s.results) == 0 {
		s.results = []result{fileResult(stage.FileResult{Path: ".", Verdict: stage.Missing, Found: c.nothing(), Wanted: "at least one"}, base)}
	}
}
