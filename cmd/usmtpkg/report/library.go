package report

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
	Assurance string   `json:"assurance"` // authentic or integrity only
	Key       string   `json:"key,omitempty"`

	Compared  Comparison `json:"-"` // with its manifests
	Elsewhere []string   `json:"-"` // notes on a record that was made in another library
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
	t.notes(d.Elsewhere)
}
