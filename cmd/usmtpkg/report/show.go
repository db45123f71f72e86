package report

import (
	"strings"

	"usmtpkg/stage"
)

// Show is the document of show: the record of a release, and what is beside it.
type Show struct {
	Head
	Library string `json:"library"`
	Release
	Source     Origin             `json:"source"`
	Evidence   []stage.Evidence   `json:"evidence"`
	Tool       string             `json:"tool"`
	Validation *stage.Validation  `json:"validation"`
	Verify     stage.VerifyRecord `json:"verify"`
	Durability stage.Durability   `json:"durability"`
	Catalogs   []stage.Catalog    `json:"catalogs"`
	Definition Beside             `json:"definition"`
	AttestedIn Beside             `json:"attestation_folder"`

	Elsewhere []string `json:"-"` // notes on a record that was made in another library
}

// Beside is a folder beside a release.
type Beside struct {
	Dir           string   `json:"dir"`
	Files         []string `json:"files"`                    // empty: the folder need not be there
	PackageSource string   `json:"package_source,omitempty"` // that a definition gives ConfigMgr
}

// NewShow returns what the record of a release says.
func NewShow(library string, r stage.Release) *Show {
	return &Show{
		Head: NewHead("show"), Library: library, Release: ReleaseOf(r), Source: Origin(r.Source), Evidence: append([]stage.Evidence{}, r.Evidence...),
		Tool: r.Tool, Validation: r.Validation, Verify: r.Verify, Durability: r.Durability, Catalogs: append([]stage.Catalog{}, r.Catalogs...),
	}
}

func (d *Show) text(t *printer) {
	if t.name(d.Release.Release) {
		return
	}
	t.printf("release      %s\n", d.Release.Release)
	if d.Active {
		t.printf("             the active release\n")
	}
	if d.Pinned {
		t.printf("             pinned\n")
	}
	if d.Sample {
		t.printf("             sample kit, not USMT\n")
	}
	t.printf("contents     USMT %s (%s), %s\n", d.USMT, d.arches(), d.files())
	t.printf("staged       %s by %s\n             %s; %s\n", localTime(d.Created), d.Tool, verifiedText(d.Verify), durabilityText(d.Durability))
	t.printf("source       %s\n             found: %s\n", d.Source.Path, d.Source.How)
	for _, e := range d.Evidence {
		t.printf("             %s (%s: %s)\n", e.Value, e.Kind, e.Where)
	}
	d.checks(t)
	for _, c := range d.Catalogs {
		t.printf("catalog      %s, signed by %s: proves %s\n", c.Name, c.Signer, CountOf(c.Files, "file", "files"))
	}
	if len(d.Overlay) > 0 {
		t.printf("overlay      %s\n", OverlayText(d.Overlay))
	}
	t.printf("digest       %s\n", d.Digest)
	if h := d.ContentHash; h != nil {
		t.printf("content hash %s (predicted)\n", h.Value)
	}
	t.printf("files        %s\n", d.PackageSource)
	d.beside(t)
	t.notes(d.Elsewhere)
	t.notes([]string{"this is what was recorded; usmtpkg verify compares the files with it"})
}

// checks prints what the validation came to.
func (d *Show) checks(t *printer) {
	v := d.Validation
	if v == nil {
		t.printf("checked      not validated\n")
		return
	}
	c := Checks{Signed: v.Signatures}
	for _, k := range v.Inventory {
		c.Compared = append(c.Compared, Compared{Compared: k})
	}
	t.printf("checked      by the rules of %s: %s, %s; %s; %s\n", v.Rules, CountOf(v.Findings.Error, "error", "errors"),
		CountOf(v.Findings.Warning, "warning", "warnings"), c.inventoryText(), c.signatureText())
	if len(v.NotChecked) > 0 {
		t.printf("not checked  %s\n", strings.Join(v.NotChecked, ", "))
	}
	if text := ProvenText(v.Proofs); text != "" {
		t.printf("proof        %s\n", text)
	}
	for _, m := range v.MSIs {
		t.printf("MSI          %s, signed by %s: proves %s\n", m.Name, m.Signer, CountOf(m.Files, "file", "files"))
	}
}

// beside prints what is beside the release.
func (d *Show) beside(t *printer) {
	if len(d.Definition.Files) == 0 {
		t.printf("definition   none is there; usmtpkg define writes it\n")
	} else {
		t.printf("definition   %s\n             %s\n", d.Definition.Dir, strings.Join(d.Definition.Files, ", "))
	}
	if d.Definition.PackageSource != "" {
		t.printf("package path %s\n", d.Definition.PackageSource)
	}
	if d.Attestation == NoAttestation {
		t.printf("attestation  none\n")
		return
	}
	t.printf("attestation  %s, not checked here\n             %s\n", d.Attestation, d.AttestedIn.Dir)
}
