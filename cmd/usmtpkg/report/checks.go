package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"usmtpkg/locate"
	"usmtpkg/locate/finding"
	"usmtpkg/locate/pe"
	"usmtpkg/stage"
)

// Checks say what was checked of a USMT folder, and what was not.
type Checks struct {
	NotChecked []string       `json:"not_checked"`
	Compared   []Compared     `json:"compared"`
	Signed     map[string]int `json:"signatures"` // programs by verdict
	Proofs     map[string]int `json:"proofs"`     // files by proof
	Unproven   []string       `json:"unproven"`
	Catalogs   Catalogs       `json:"catalogs"`
	MSIs       []MSI          `json:"msis"`
	Cabinets   []Cabinet      `json:"cabinets,omitempty"` // of an offline layout

	unknown []string // the arches whose release is not known
	signers []string // of the valid signatures, sorted
}

// Compared says what an arch was compared with, and how much it has beside that.
type Compared struct {
	stage.Compared
	Extra      int   `json:"extra"`       // files that are neither in the inventory nor of an overlay
	ExtraBytes int64 `json:"extra_bytes"` // their content
}

// Catalogs say which catalogs were read and what they vouch for.
type Catalogs struct {
	Path    string           `json:"path"` // the folder; empty: there is none
	Read    int              `json:"read"`
	Used    []Catalog        `json:"used"`
	Refused []RefusedCatalog `json:"refused"`

	looked []locate.Place
}

// A Catalog is one that vouches for files.
type Catalog struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
	Signer string `json:"signer"`
	Files  int    `json:"files"`
}

// A RefusedCatalog is one that does not count.
type RefusedCatalog struct {
	Name    string `json:"name"`
	Verdict string `json:"verdict"`
	Reason  string `json:"reason"`
}

// An MSI is one that was read, and what it vouches for.
type MSI struct {
	Path     string     `json:"path"`
	Product  string     `json:"product"`
	Version  string     `json:"version"`
	SHA256   string     `json:"sha256"` // empty: it was not read
	Verdict  string     `json:"verdict"`
	Signer   string     `json:"signer,omitempty"`
	SignedAt *time.Time `json:"signed_at,omitempty"`
	Reason   string     `json:"reason,omitempty"`
	Cached   bool       `json:"cached"` // by Windows Installer; else given
	Files    int        `json:"files"`
}

// ChecksOf sums up what a validation checked, with the catalogs that were found.
func ChecksOf(rep *locate.Report, found locate.Catalogs) Checks {
	c := Checks{
		Compared: []Compared{}, Signed: map[string]int{}, Proofs: ProofsOf(rep), Unproven: append([]string{}, rep.Unproven()...),
		Catalogs: catalogsOf(rep, found), MSIs: []MSI{}, Cabinets: cabinetsOf(rep),
	}
	for v, n := range rep.Signed() {
		c.Signed[cmp.Or(string(v), stage.NotChecked)] = n
	}
	for _, a := range rep.Arches {
		if k := a.Compared; k != nil {
			of := stage.Compared{Arch: a.Arch, Inventory: k.Table, Files: k.Files, Hashed: k.Hashed, Unhashed: k.Unhashed}
			c.Compared = append(c.Compared, Compared{of, k.Extra, k.ExtraBytes})
		} else {
			c.unknown = append(c.unknown, a.Arch)
		}
	}
	for _, m := range rep.MSIs {
		c.MSIs = append(c.MSIs, MSI{
			Path: m.Path, Product: m.Product, Version: m.Version, SHA256: m.SHA256, Verdict: string(m.Signature.Verdict), Signer: m.Signature.Signer,
			SignedAt: signedAt(m.Signature.Time), Reason: m.Signature.Reason, Cached: m.Cached, Files: m.Files,
		})
	}
	signers := map[string]bool{}
	for _, p := range rep.Programs {
		if p.Signature != nil && p.Signature.Verdict == pe.Valid {
			signers[p.Signature.Signer] = true
		}
	}
	c.signers = slices.Sorted(maps.Keys(signers))
	c.NotChecked = c.gaps()
	return c
}

// ProofsOf counts the files by what vouches for their content.
func ProofsOf(rep *locate.Report) map[string]int {
	n := map[string]int{}
	for proof, count := range rep.CountProofs() {
		n[string(proof)] = count
	}
	return n
}

func catalogsOf(rep *locate.Report, found locate.Catalogs) Catalogs {
	d := Catalogs{Path: found.Path, Read: len(found.Catalogs()), Used: []Catalog{}, Refused: []RefusedCatalog{}, looked: found.Looked}
	for _, u := range rep.Catalogs {
		d.Used = append(d.Used, Catalog{u.File, u.SHA256, u.Signature.Signer, u.Files})
	}
	for _, c := range found.Refused() {
		d.Refused = append(d.Refused, RefusedCatalog{c.File, string(c.Signature.Verdict), c.Signature.Reason})
	}
	return d
}

// signedAt is the time of a signature; nil if it has none.
func signedAt(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	at = at.UTC()
	return &at
}

// gaps names what the checks did not look at, so that nobody takes their silence for a pass.
func (c Checks) gaps() []string {
	list := []string{}
	if c.Signed[stage.NotChecked]+c.Signed[string(pe.Unsupported)] > 0 {
		list = append(list, "authenticode")
	}
	switch {
	case len(c.unknown) > 0:
		list = append(list, "release-inventory")
	case c.unhashed() > 0:
		list = append(list, "release-inventory-hashes")
	}
	if len(c.Unproven) > 0 {
		list = append(list, finding.ContentNotChecked)
	}
	return list
}

// unhashed counts the files that were not hashed though their hash is known.
func (c Checks) unhashed() (n int) {
	for _, k := range c.Compared {
		n += k.Unhashed
	}
	return n
}

// Inventories are the lists that were compared with, as a release records them.
func (c Checks) Inventories() []stage.Compared {
	list := []stage.Compared{}
	for _, k := range c.Compared {
		list = append(list, k.Compared)
	}
	return list
}

// verdict sums findings up in words. Extra files are counted there too: a person who reads that there
// are no errors should not miss them.
func (c Checks) verdict(findings []Finding) string {
	counts := map[string]int{}
	for _, f := range findings {
		counts[f.Severity]++
	}
	text := CountOf(counts["error"], "error", "errors") + ", " + CountOf(counts["warning"], "warning", "warnings")
	files, bytes := 0, int64(0)
	for _, k := range c.Compared {
		files, bytes = files+k.Extra, bytes+k.ExtraBytes
	}
	if files > 0 {
		text += fmt.Sprintf(", %s (%s)", CountOf(files, "extra file", "extra files"), Size(bytes))
	}
	return text
}

// inventoryText says what the files were compared with.
func (c Checks) inventoryText() string {
	if len(c.Compared) == 0 {
		return "no inventory known"
	}
	files, hashed := 0, 0
	for _, k := range c.Compared {
		files, hashed = files+k.Files, hashed+k.Hashed
	}
	text := fmt.Sprintf("compared with its inventory (%d files by hash, %d by name)", hashed, files-hashed)
	if len(c.unknown) > 0 {
		text += ", but not " + strings.Join(c.unknown, ", ")
	}
	if n := c.unhashed(); n > 0 {
		text += fmt.Sprintf(", %s by name only", CountOf(n, "file", "files"))
	}
	return text
}

// signatureText sums the signatures up in words.
func (c Checks) signatureText() string {
	switch {
	case len(c.Signed) == 0:
		return "no programs"
	case len(c.Signed) == 1 && c.Signed[stage.NotChecked] > 0:
		return "signatures not checked"
	}
	var parts []string
	for _, word := range []string{string(pe.Valid), string(pe.Unsigned), string(pe.Tampered), string(pe.Untrusted), string(pe.Expired), string(pe.Unsupported), stage.NotChecked} {
		n := c.Signed[word]
		if n == 0 {
			continue
		}
		part := fmt.Sprintf("%d %s", n, word)
		if word == string(pe.Valid) && len(c.signers) > 0 {
			part += " by " + strings.Join(c.someSigners(), ", ")
		}
		parts = append(parts, part)
	}
	return "signatures: " + strings.Join(parts, ", ")
}

// someSigners names who signed the programs whose signatures are valid.
func (c Checks) someSigners() []string {
	const most = 3 // names on a line
	if len(c.signers) > most {
		return append(slices.Clone(c.signers[:most]), "and others")
	}
	return c.signers
}

// proofWords are the proofs as text output names them.
var proofWords = map[locate.Proof]string{
	locate.ProofOverlay:   "by your overlay",
	locate.ProofSignature: "by their own signature",
	locate.ProofCatalog:   "by signed catalogs",
	locate.ProofMSI:       "by signed MSIs",
	locate.ProofSite:      "by your inventory",
	locate.ProofBuiltIn:   "by built-in inventories",
}

// ProvenText says in one line what vouches for the content of the files.
func ProvenText(counts map[string]int) string {
	var proven, parts []string
	for _, p := range locate.Proofs {
		if n := counts[string(p)]; n > 0 && p != locate.ProofNone {
			proven = append(proven, fmt.Sprintf("%d %s", n, proofWords[p]))
		}
	}
	if len(proven) > 0 {
		parts = append(parts, "proven: "+strings.Join(proven, ", "))
	}
	if n := counts[string(locate.ProofNone)]; n > 0 {
		parts = append(parts, "NOT proven: "+CountOf(n, "file", "files"))
	}
	return strings.Join(parts, "; ")
}

// proofText is ProvenText, and says why catalogs and MSIs prove no more than they do.
func (c Checks) proofText() string {
	text := ProvenText(c.Proofs) + c.cabinetText()
	if len(c.Unproven) == 0 {
		return text
	}
	switch {
	case c.Catalogs.Path != "":
		text += fmt.Sprintf("; %s read from %s", CountOf(c.Catalogs.Read, "catalog was", "catalogs were"), finding.Printable(c.Catalogs.Path))
	case len(c.Catalogs.looked) > 0:
		var dirs []string
		for _, p := range c.Catalogs.looked {
			dirs = append(dirs, p.Path+": "+p.Outcome)
		}
		text += fmt.Sprintf("; no signed catalogs found (%s); give them with --catalogs DIR", strings.Join(dirs, ", "))
	}
	read := 0
	for _, m := range c.MSIs {
		if m.Verdict == string(pe.Valid) {
			read++
		}
	}
	if read > 0 {
		text += "; " + CountOf(read, "MSI was read", "MSIs were read")
	}
	return text
}
