package report

import (
	"strings"

	"usmtpkg/locate"
	"usmtpkg/locate/inventory"
	"usmtpkg/locate/pe"
)

// Locate is the document of locate.
type Locate struct {
	Head
	Candidates []Candidate    `json:"candidates"`
	Reason     string         `json:"reason"`
	Places     []locate.Place `json:"places"`
}

// A Candidate is a USMT folder that was found.
type Candidate struct {
	Path    string   `json:"path"`
	Version string   `json:"usmt_version"` // empty: not known
	Arches  []string `json:"arches"`
	How     string   `json:"how"`
	Problem string   `json:"problem,omitempty"`

	Evidence []locate.Evidence `json:"evidence"`
}

// NewLocate returns the document of what was found, and of why the first is taken.
func NewLocate(res locate.Result, reason string) *Locate {
	d := &Locate{Head: NewHead("locate"), Candidates: []Candidate{}, Reason: reason, Places: append([]locate.Place{}, res.Places...)}
	for _, c := range res.Candidates {
		doc := Candidate{Path: c.Path, Arches: c.Arches, How: c.How, Problem: c.Problem, Evidence: append([]locate.Evidence{}, c.Evidence...)}
		if !c.Version.IsZero() {
			doc.Version = c.Version.String()
		}
		d.Candidates = append(d.Candidates, doc)
	}
	return d
}

func (d *Locate) text(t *printer) {
	for i, c := range d.Candidates {
		note, version := "", c.Version
		if i == 0 {
			note = "   <- " + d.Reason
		}
		if version == "" {
			version = unknownVersion
		}
		t.printf("USMT %s (%s)%s\n  in     %s\n  found  %s\n", version, strings.Join(c.Arches, ", "), note, c.Path, c.How)
		if c.Problem != "" {
			t.printf("  but    %s\n", c.Problem)
		}
		for _, e := range c.Evidence {
			says := e.Value
			if e.Problem != "" {
				says = e.Problem
			}
			if t.Verbose {
				t.printf("  says   %s (%s: %s)\n", says, e.Kind, e.Where)
			}
		}
	}
	if t.Verbose {
		t.printf("looked at:\n")
		t.places(d.Places)
	}
}

func (t *printer) places(places []locate.Place) {
	for _, p := range places {
		t.printf("  %s: %s (%s)\n", p.Path, p.Outcome, p.How)
	}
}

// Looked prints the places that were looked at to c.Err.
func (c Console) Looked(places []locate.Place) {
	(&printer{Console: Console{Out: c.Err}}).places(places)
}

const unknownVersion = "unknown version"

// VersionText is a version as users read it.
func VersionText(v pe.Version) string {
	if v.IsZero() {
		return unknownVersion
	}
	return v.String()
}

// Inventory is the document of inventory.
type Inventory struct {
	Head
	Source Origin          `json:"source"`
	USMT   string          `json:"usmt_version"`
	Arches []string        `json:"arches"`
	Notes  []string        `json:"notes"`
	Files  []InventoryFile `json:"files"`
	File   string          `json:"file,omitempty"` // that the list was written to

	list *inventory.Table
}

// An InventoryFile is a file of an inventory.
type InventoryFile struct {
	Path      string              `json:"path"`
	Size      int64               `json:"size"`
	Machine   string              `json:"machine,omitempty"`
	Version   string              `json:"file_version,omitempty"`
	Signature inventory.Signature `json:"signature,omitempty"`
	SHA256    string              `json:"sha256"`
	LFSHA256  string              `json:"lf_sha256,omitempty"` // of texts, with LF line ends
}

// NewInventory returns the document of a list with one release, which was written to file, if that is not empty.
func NewInventory(source Origin, list *inventory.Table, file string) *Inventory {
	rel := list.Releases[0]
	d := &Inventory{
		Head: NewHead("inventory"), Source: source, USMT: rel.Version.String(), Arches: rel.Arches, Notes: rel.Notes, Files: []InventoryFile{}, File: file,
		list: list,
	}
	for _, f := range rel.Files {
		doc := InventoryFile{Path: f.Path, Size: f.Size, Machine: f.Machine, Signature: f.Signature, SHA256: f.SHA256, LFSHA256: f.LFSHA256}
		if !f.Version.IsZero() {
			doc.Version = f.Version.String()
		}
		d.Files = append(d.Files, doc)
	}
	return d
}

func (d *Inventory) text(t *printer) {
	if d.File != "" {
		t.printf("written      %s: %s of USMT %s\n", d.File, CountOf(len(d.Files), "file", "files"), d.USMT)
		return
	}
	if t.err == nil {
		t.err = inventory.Write(t.Out, d.list)
	}
}

// Init is the document of init.
type Init struct {
	Head
	File   string `json:"file"`
	Schema string `json:"schema,omitempty"` // written beside it; empty if there was one
}

func (d *Init) text(t *printer) {
	t.printf("written      %s\n", d.File)
	if d.Schema != "" {
		t.printf("             %s\n", d.Schema)
	}
}
