package report

import (
	"text/tabwriter"
	"time"

	"usmtpkg/stage"
)

// List is the document of list.
type List struct {
	Head
	Library  string    `json:"library"`
	Releases []Release `json:"releases"`
}

// A Release is one of a library.
type Release struct {
	Release string `json:"release"`
	Digest  string `json:"digest"`
	Sample  bool   `json:"sample,omitempty"` // it is the sample kit, which is not USMT
	Contents
	Created       time.Time        `json:"created"`
	Verified      stage.VerifyMode `json:"verified"`
	Active        bool             `json:"active"`
	Problem       string           `json:"problem,omitempty"`
	PackageSource string           `json:"package_source"`

	ContentHash *stage.ContentHash  `json:"content_hash,omitempty"` // predicted
	Overlay     []stage.OverlayFile `json:"overlay,omitempty"`
}

// ReleaseOf is the document of a release.
func ReleaseOf(r stage.Release) Release {
	return Release{
		Release: r.Name, Digest: r.Digest, Sample: r.Sample, Contents: ContentsOf(r), Created: r.Created, Verified: r.Verify.Used,
		ContentHash: r.ContentHash, Overlay: r.Overlay,
	}
}

func (d *List) text(t *printer) {
	tw := tabwriter.NewWriter(t.Out, 0, 0, 2, ' ', 0)
	Say(tw, "\tRELEASE\tUSMT\tARCHES\tFILES\tSIZE\tCREATED\n")
	for _, r := range d.Releases {
		mark := ""
		if r.Active {
			mark = "*"
		}
		if r.Problem != "" {
			Say(tw, "%s\t%s\t%s\n", mark, r.Release, r.Problem)
			continue
		}
		Say(tw, "%s\t%s\t%s\t%s\t%d\t%s\t%s", mark, r.Release, r.USMT, r.arches(), r.Files, Size(r.Bytes), r.Created.UTC().Format("2006-01-02 15:04"))
		if r.Sample {
			Say(tw, "\tsample kit, not USMT")
		}
		if len(r.Overlay) > 0 {
			Say(tw, "\toverlay: %s", OverlayText(r.Overlay))
		}
		Say(tw, "\n")
	}
	t.err = tw.Flush()
}

// Activate is the document of activate.
type Activate struct {
	Head
	DryRun        bool   `json:"dry_run"`
	Release       string `json:"release"`
	Digest        string `json:"digest"`
	Library       string `json:"library"`
	PackageSource string `json:"package_source"`       // on this machine
	Definition    string `json:"definition,omitempty"` // the folder of its scripts, if there is one
	Files         int    `json:"files"`
	Bytes         int64  `json:"bytes"`
	Active        Active `json:"active"`
}

func (d *Activate) text(t *printer) {
	if t.name(d.Release) {
		return
	}
	definition := Textf("%s\n             nothing was changed at the site; the scripts there do that", d.Definition)
	if d.Definition == "" {
		definition = "none is there; usmtpkg define writes it"
	}
	t.dryRun(d.DryRun)
	t.printf("release      %s\nverified     %s: every file was read and is what was staged\n", d.Release, filesText(d.Files, d.Bytes))
	t.printf("definition   %s\nactive       %s\n", definition, d.Active.text())
}

// Define is the document of define.
type Define struct {
	Head
	DryRun     bool       `json:"dry_run"`
	Release    string     `json:"release"`
	Definition Definition `json:"definition"`
}

// A Definition is the package definition of a release.
type Definition struct {
	Dir           string    `json:"dir"`
	PackageSource string    `json:"package_source"`
	Files         []string  `json:"files"`
	Written       []string  `json:"written"`
	Notes         []string  `json:"notes,omitempty"`
	Findings      []Finding `json:"findings,omitempty"`
}

func (d *Define) text(t *printer) {
	if !t.name(d.Release) {
		t.dryRun(d.DryRun)
		t.definition(d.Definition, d.DryRun)
	}
}

func (t *printer) definition(d Definition, dry bool) {
	t.printf("definition   %s\n             %s\npackage path %s\n", d.Dir, writtenText(d.Written, dry, "unchanged"), d.PackageSource)
	for _, n := range d.Notes {
		t.printf("             note: %s\n", n)
	}
}

// Attest is the document of attest.
type Attest struct {
	Head
	DryRun    bool     `json:"dry_run"`
	Release   string   `json:"release"`
	Digest    string   `json:"digest"`
	Dir       string   `json:"dir"`
	Files     []string `json:"files"`
	Written   []string `json:"written"`
	Assurance string   `json:"assurance"` // Authentic or IntegrityOnly
	Key       string   `json:"key,omitempty"`

	Compared Comparison `json:"-"` // with its manifests
}

// What an attestation is worth.
const (
	Authentic     = "authentic"
	IntegrityOnly = "integrity only"
	noAssurance   = "none"
)

func (d *Attest) text(t *printer) {
	if t.name(d.Release) {
		return
	}
	worth := IntegrityOnly + ": not signed here, so nobody vouches for it"
	if d.Key != "" {
		worth = Authentic + ": signed by key " + d.Key
	}
	t.dryRun(d.DryRun)
	t.printf("release      %s\n             equal to its manifests: %s\nattestation  %s\n             %s\nassurance    %s\n", d.Release, d.Compared.counts(), d.Dir,
		writtenText(d.Written, d.DryRun, "unchanged: exactly this attestation is there, nothing was written"), worth)
}
