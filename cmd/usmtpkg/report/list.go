package report

import (
	"strings"
	"text/tabwriter"
	"time"

	"usmtpkg/stage"
)

// List is the document of list.
type List struct {
	Head
	Library  string    `json:"library"`
	Foreign  []string  `json:"foreign"` // entries that are not usmtpkg's
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
	Pinned        bool             `json:"pinned"`
	Attestation   string           `json:"attestation"` // signed, unsigned or none; the signature is not checked
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

// Whether a release has an attestation, and whether that has a signature.
const (
	Signed        = "signed"
	Unsigned      = "unsigned"
	NoAttestation = "none"
)

func (d *List) text(t *printer) {
	if len(d.Releases) == 0 {
		t.printf("no releases in %s; usmtpkg refresh makes one\n", d.Library)
	} else {
		t.releases(d.Releases)
	}
	if len(d.Foreign) > 0 {
		t.printf("not usmtpkg's, left alone: %s\n", strings.Join(d.Foreign, ", "))
	}
}

// releases prints a table of releases.
func (t *printer) releases(list []Release) {
	var table strings.Builder
	tw := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	Say(tw, "\tRELEASE\tUSMT\tARCHES\tFILES\tSIZE\tCREATED\t\n")
	for _, r := range list {
		mark := ""
		if r.Active {
			mark = "*"
		}
		if r.Problem != "" {
			Say(tw, "%s\t%s\t%s\n", mark, r.Release, r.Problem)
			continue
		}
		Say(tw, "%s\t%s\t%s\t%s\t%d\t%s\t%s\t%s\n", mark, r.Release, r.USMT, r.arches(), r.Files, Size(r.Bytes), localTime(r.Created), r.remarks())
	}
	_ = tw.Flush() // a strings.Builder takes everything
	for line := range strings.Lines(table.String()) {
		t.printf("%s\n", Lines(strings.TrimRight(line, " \n")))
	}
}

// localTime is a time as people here read it.
func localTime(at time.Time) string { return at.Local().Format("2006-01-02 15:04 -07:00") }

// remarks are what else there is to know of a release.
func (r Release) remarks() string {
	var list []string
	if r.Sample {
		list = append(list, "sample kit, not USMT")
	}
	if r.Pinned {
		list = append(list, "pinned")
	}
	if r.Attestation == Signed {
		list = append(list, "signed")
	}
	if len(r.Overlay) > 0 {
		list = append(list, "overlay: "+OverlayText(r.Overlay))
	}
	return strings.Join(list, "; ")
}
