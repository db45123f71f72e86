package report

import (
	"fmt"
	"time"

	"usmtpkg/stage"
)

// An Archive is a file that has a release in it.
type Archive struct {
	File   string `json:"file"` // "-" for standard output
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Pack is the document of pack.
type Pack struct {
	Head
	Release string `json:"release"`
	Digest  string `json:"digest"`
	Contents
	Archive Archive `json:"archive"`
}

// SetRelease says what was packed.
func (d *Pack) SetRelease(r stage.Release) {
	d.Release, d.Digest, d.Contents = r.Name, r.Digest, ContentsOf(r)
}

func (d *Pack) text(t *printer) {
	if t.Quiet { // as sha256sum has it
		t.printf("%s  %s\n", d.Archive.SHA256, d.Archive.File)
		return
	}
	t.printf("release      %s\n             USMT %s (%s), %s: every file was read and is what the manifests say\n", d.Release, d.USMT, d.arches(), d.files())
	t.printf("archive      %s\n             %s, SHA-256 %s\n", d.Archive.File, Size(d.Archive.Bytes), d.Archive.SHA256)
}

// Unpack is the document of unpack.
type Unpack struct {
	Head
	Outcome string `json:"outcome"` // "published" or "unchanged"
	Release string `json:"release"`
	Digest  string `json:"digest"`
	Contents
	Library       string             `json:"library"`
	PackageSource string             `json:"package_source"` // on this machine
	Archive       *Archive           `json:"archive,omitempty"`
	Registry      *Pulled            `json:"registry,omitempty"`
	Source        Origin             `json:"source"` // that the release was staged from
	Created       time.Time          `json:"created"`
	Verify        stage.VerifyRecord `json:"verify"`
	Durability    stage.Durability   `json:"durability"`
	Checks
	Findings    []Finding    `json:"findings"`
	Notes       []string     `json:"notes,omitempty"`
	Attestation *Attestation `json:"attestation,omitempty"`

	Changes     *stage.Changes      `json:"changes,omitempty"`
	ContentHash *stage.ContentHash  `json:"content_hash"` // predicted
	Overlay     []stage.OverlayFile `json:"overlay,omitempty"`
}

// SetResult fills in what became of the release.
func (d *Unpack) SetResult(res stage.Result) {
	r := res.Release
	d.Outcome = "unchanged"
	if res.Published {
		d.Outcome = "published"
	}
	d.Release, d.Digest, d.ContentHash, d.Contents = r.Name, r.Digest, r.ContentHash, ContentsOf(r)
	d.Source, d.Created = Origin{r.Source.Path, r.Source.How}, r.Created
	d.Verify, d.Durability, d.Overlay, d.Changes = r.Verify, r.Durability, r.Overlay, res.Changes
}

func (d *Unpack) text(t *printer) {
	if t.name(d.Release) {
		return
	}
	if a := d.Archive; a != nil {
		t.printf("archive      %s\n             %s, SHA-256 %s\n", a.File, Size(a.Bytes), a.SHA256)
	}
	if d.Registry != nil {
		t.pulled(d.Registry)
	}
	t.printf("source       USMT %s (%s), staged %s from %s\n", d.USMT, d.arches(), d.Created.UTC().Format("2006-01-02 15:04"), d.Source.Path)
	t.printf("checked      %s: %s; %s; %s\n", d.files(), d.verdict(d.Findings), d.inventoryText(), d.signatureText())
	t.printf("proof        %s\n", d.proofText())
	if a := d.Attestation; a != nil {
		t.printf("attestation  %s: %s\n             %s\n", a.File, a.text(true), a.About)
	}
	if len(d.Overlay) > 0 {
		t.printf("overlay      %s\n", OverlayText(d.Overlay))
	}
	if text := changesText(d.Changes, false); text != "" {
		t.printf("changes      %s\n", text)
	}
	t.printf("release      %s\n             %s\n", d.Release, d.outcomeText())
	t.printf("verified     %s\n", d.verifiedText())
	t.printf("package path %s\n", d.PackageSource)
}

func (d *Unpack) outcomeText() string {
	if d.Outcome == "unchanged" {
		return "unchanged: it is in the library already, where it was read back; nothing was written for it"
	}
	return fmt.Sprintf("published in %s, %s", d.Library, durabilityText(d.Durability))
}

func (d *Unpack) verifiedText() string {
	s := "reread: every file was read back and is what the manifests of the release say"
	if d.Verify.Used == stage.VerifyUncached {
		s = "uncached: every file was read back past the cache and is what the manifests of the release say"
	}
	if d.Verify.Requested == stage.VerifyUncached && d.Verify.Used != stage.VerifyUncached {
		s += "; reading past the cache was asked for and is not possible here"
	}
	return s
}
