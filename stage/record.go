package stage

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"
)

// Origin says where a release's content came from.
type Origin struct {
	Path string `json:"path"` // the USMT folder, as it was named
	How  string `json:"how"`  // how it was found
}

// A Release is what release.json records: inventory and provenance.
type Release struct {
	Format      string          `json:"format"`
	Version     int             `json:"version"`
	Library     string          `json:"library"`
	Name        string          `json:"release"`
	Digest      string          `json:"digest"`       // SHA-256 of manifest-sha256.txt
	ContentHash *ContentHash    `json:"content_hash"` // null: none could be predicted
	USMTVersion string          `json:"usmt_version"`
	Sample      bool            `json:"sample,omitempty"` // it is a sample kit, which is not USMT
	Arches      []string        `json:"arches"`
	Source      Origin          `json:"source"`
	Evidence    []Evidence      `json:"evidence"`
	Tool        string          `json:"tool"`
	Created     time.Time       `json:"created"`
	Validation  *Validation     `json:"validation"` // null: not validated
	Verify      VerifyRecord    `json:"verify"`
	Durability  Durability      `json:"durability"`
	FileCount   int             `json:"file_count"`
	Bytes       int64           `json:"bytes"`
	Overlay     []OverlayFile   `json:"overlay"`  // sorted by path
	Catalogs    []Catalog       `json:"catalogs"` // kept beside the payload
	Files       []InventoryFile `json:"files"`
}

// Evidence is one thing in or about the source that shows its version.
type Evidence struct {
	Kind  string `json:"kind"`  // what it is, such as "file-version"
	Value string `json:"value"` // what it says
	Where string `json:"where"` // the file or place that says so
}

// Validation is the result of the validation with which a release was published.
type Validation struct {
	Rules      string         `json:"rules"` // version of the rule set
	Strict     bool           `json:"strict"`
	Findings   FindingCounts  `json:"findings"`
	NotChecked []string       `json:"not_checked"` // what was not checked
	Inventory  []Compared     `json:"inventory"`   // one for each arch that an inventory is known of
	Signatures map[string]int `json:"signatures"`  // programs by verdict; counted here, whatever is handed in
	Proofs     map[string]int `json:"proofs"`      // files by what proves their content
	MSIs       []MSI          `json:"msis"`
}

// An MSI is a signed Windows Installer package that vouched for files of the payload. It is not kept.
type MSI struct {
	Name     string    `json:"name"`
	SHA256   string    `json:"sha256"`
	Signer   string    `json:"signer"`
	SignedAt time.Time `json:"signed_at,omitzero"`
	Files    int       `json:"files"` // of the release, that it proved
}

// A Catalog is a signed list that proves files of the payload and is kept beside it: anyone who
// has the release can prove those files again, with nothing else.
type Catalog struct {
	File     string    `json:"file"` // in the release: "catalog-" and the first 16 digits of its SHA-256, with ".cat"
	Name     string    `json:"name"` // that it had
	SHA256   string    `json:"sha256"`
	Signer   string    `json:"signer"`
	SignedAt time.Time `json:"signed_at,omitzero"`
	Files    int       `json:"files"` // of the release, that it proves

	Content []byte `json:"-"` // for Stage
}

// maxCatalogs bounds the catalogs of a release. A kit has one for each arch and part, 9 in all.
const maxCatalogs = 256

// keepCatalogs takes down the catalogs that are to be kept, under new names.
func (r *run) keepCatalogs() error {
	r.catalogs = []Catalog{}
	if r.o.Catalogs == nil {
		return nil
	}
	for _, c := range r.o.Catalogs() {
		sum := sha256.Sum256(c.Content)
		c.SHA256 = hex.EncodeToString(sum[:])
		c.File, c.Name, c.Signer = "catalog-"+c.SHA256[:16]+".cat", clip(c.Name), clip(c.Signer)
		r.catalogs = append(r.catalogs, c)
	}
	slices.SortFunc(r.catalogs, func(a, b Catalog) int { return strings.Compare(a.File, b.File) })
	r.catalogs = slices.CompactFunc(r.catalogs, func(a, b Catalog) bool { return a.File == b.File })
	if n := len(r.catalogs); n > maxCatalogs {
		return fmt.Errorf("%d catalogs prove files of the kit; a release can keep at most %d", n, maxCatalogs)
	}
	return nil
}

// maxMSIs bounds the MSIs that are recorded. A kit has three.
const maxMSIs = 64

// FindingCounts are the findings of a validation by severity.
type FindingCounts struct {
	Error   int `json:"error"`
	Warning int `json:"warning"`
	Info    int `json:"info"`
}

// Compared says how an arch was compared with the inventory of its release.
type Compared struct {
	Arch      string `json:"arch"`
	Inventory string `json:"inventory"` // where that was read from
	Files     int    `json:"files"`     // that it lists
	Hashed    int    `json:"hashed"`    // whose content was compared with it
	Unhashed  int    `json:"unhashed"`  // whose content could have been, and was not
}

// VerifyRecord says how the copy was compared before it was published.
type VerifyRecord struct {
	Requested VerifyMode `json:"requested"`
	Used      VerifyMode `json:"used"`
}

// Durability says how a release was made to survive a power cut.
type Durability string

// How the content was flushed before the release was published.
const (
	DurableSyncFS       Durability = "syncfs"        // the whole file system, once
	DurableFsync        Durability = "fsync"         // every file by itself
	DurableNotConfirmed Durability = "not-confirmed" // the file system does not support flushing
)

// InventoryFile is one file of a release. Signature, Signer and SignedAt are of
// programs; a program always has the first.
type InventoryFile struct {
	Path        string    `json:"path"` // below data/
	Size        int64     `json:"size"`
	SHA256      string    `json:"sha256"`
	Machine     string    `json:"machine,omitempty"`
	FileVersion string    `json:"file_version,omitempty"`
	Signature   string    `json:"signature,omitempty"` // the verdict
	Signer      string    `json:"signer,omitempty"`
	SignedAt    time.Time `json:"signed_at,omitzero"`
	Proof       string    `json:"proof,omitempty"`   // what proves the content
	Voucher     string    `json:"voucher,omitempty"` // who or what that is
}

// NotChecked is the verdict on a program's signature that was not checked.
const NotChecked = "not-checked"

// Bounds of what is recorded from the source, which may be as long as somebody
// likes: the head of release.json must stay below maxHead.
const (
	maxText     = 256 // bytes
	maxEvidence = 16
)

// clip shortens a text of the source.
func clip(s string) string {
	if len(s) <= maxText {
		return s
	}
	return strings.ToValidUTF8(s[:maxText-len("…")], "") + "…"
}

// inventory lists the files with what was learned of them.
func (r *run) inventory() iter.Seq[InventoryFile] {
	return func(yield func(InventoryFile) bool) {
		for i, f := range r.tree.Files {
			facts := r.facts.at(i)
			var proof, voucher string
			if r.o.Proof != nil {
				proof, voucher = r.o.Proof(f.Path)
			}
			if !yield(InventoryFile{
				Path: f.Path, Size: f.Size, SHA256: r.sums[i],
				Machine: facts.Machine, FileVersion: facts.FileVersion,
				Signature: facts.verdict(), Signer: clip(facts.Signer), SignedAt: facts.SignedAt.UTC().Truncate(time.Second),
				Proof: proof, Voucher: clip(voucher),
			}) {
				return
			}
		}
	}
}

// verdict returns the signature's; a program is never without one.
func (f Facts) verdict() string {
	if f.Signature == "" && f.Machine != "" {
		return NotChecked
	}
	return f.Signature
}

// evidence is what the record says of the version of the source.
func (r *run) evidence() []Evidence {
	list := []Evidence{}
	for _, e := range r.o.Evidence[:min(len(r.o.Evidence), maxEvidence)] {
		list = append(list, Evidence{e.Kind, clip(e.Value), clip(e.Where)})
	}
	return list
}

// finish ends the check and takes down what is to be recorded of it.
func (r *run) finish() error {
	if err := errors.Join(r.o.Checker.Finish(), r.keepCatalogs()); err != nil || r.o.Validation == nil {
		return err
	}
	v := r.o.Validation()
	v.Signatures = map[string]int{}
	for i := range r.facts {
		if verdict := r.facts.at(i).verdict(); verdict != "" {
			v.Signatures[verdict]++
		}
	}
	list := []MSI{}
	for _, m := range v.MSIs[:min(len(v.MSIs), maxMSIs)] {
		m.Name, m.Signer = clip(m.Name), clip(m.Signer)
		list = append(list, m)
	}
	v.MSIs = list
	r.validation = &v
	return nil
}
