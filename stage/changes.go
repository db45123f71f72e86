package stage

import (
	"cmp"
	"slices"
	"strings"
)

// Changes is how the files of a kit differ from those of an earlier release. Overlays are left out
// on both sides: they are the site's files, and change with its settings.
type Changes struct {
	Release     string `json:"release"`           // compared with
	USMTVersion string `json:"usmt_version"`      // of that release
	Active      bool   `json:"active"`            // that release is the active one
	Problem     string `json:"problem,omitempty"` // why nothing could be compared

	Arches   []ArchChanges   `json:"arches"`          // those with a difference
	Programs []ProgramChange `json:"programs"`        // those whose file version differs
	Files    []FileChange    `json:"files,omitempty"` // if both are of one USMT version, every difference
	Replaced int             `json:"replaced"`        // files that could not be compared: an overlay replaced them here or there
}

// ArchChanges counts the files of one arch folder that differ.
type ArchChanges struct {
	Arch    string `json:"arch"`
	Added   int    `json:"added"`
	Removed int    `json:"removed"`
	Changed int    `json:"changed"`
}

// A ProgramChange is a program or DLL that has another file version.
type ProgramChange struct {
	Path   string `json:"path"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// A FileChange is one file that differs. Before is nil for one that was added, After for one that
// was removed.
type FileChange struct {
	Path   string     `json:"path"`
	Change ChangeKind `json:"change"`
	Before *FileState `json:"before,omitempty"`
	After  *FileState `json:"after,omitempty"`
}

// A ChangeKind says how a file differs.
type ChangeKind string

// The ways in which a file differs.
const (
	FileAdded   ChangeKind = "added"
	FileRemoved ChangeKind = "removed"
	FileChanged ChangeKind = "changed" // another content
	FileRenamed ChangeKind = "renamed" // the same content; the path differs in case
)

// A FileState is what is known of a file.
type FileState struct {
	Path        string `json:"path"`
	Size        int64  `json:"size"`
	SHA256      string `json:"sha256,omitempty"`
	FileVersion string `json:"file_version,omitempty"`

	replaced bool // an overlay has its place: only that the kit has it is known
}

// Same reports whether no file differs. Of a release that could not be compared it is false.
func (c Changes) Same() bool { return c.Problem == "" && len(c.Arches) == 0 }

// kitFiles are the files of a source or a release without its overlay, by path.
type kitFiles map[string]FileState

// lay takes the overlay out of the kit.
func (k kitFiles) lay(overlay []OverlayFile) kitFiles {
	for _, f := range overlay {
		delete(k, f.Path)
		if f.Replaces {
			k[f.Path] = FileState{Path: f.Path, replaced: true}
		}
	}
	return k
}

// kit returns the source, as far as it is known by now.
func (r *run) kit() kitFiles {
	k := make(kitFiles, len(r.tree.Files))
	for i, f := range r.tree.Files {
		s := FileState{Path: f.Path, Size: f.Size}
		if r.sums != nil {
			s.SHA256 = r.sums[i]
		}
		if r.facts != nil {
			s.FileVersion = r.facts.at(i).FileVersion
		}
		k[f.Path] = s
	}
	return k.lay(r.o.Overlay)
}

// compare finds what differs. Where a sum is not known yet, sizes are compared.
func (c *Changes) compare(before, after kitFiles) {
	left := make(map[string][]FileState) // of before, by upper-case path: for Windows that is one name
	for p, b := range before {
		if _, same := after[p]; !same {
			left[strings.ToUpper(p)] = append(left[strings.ToUpper(p)], b)
		}
	}
	for p, a := range after {
		b, found := before[p]
		if key := strings.ToUpper(p); !found && len(left[key]) > 0 {
			b, left[key], found = left[key][0], left[key][1:], true
		}
		if found {
			c.pair(b, a)
		} else {
			c.Files = append(c.Files, FileChange{Path: p, Change: FileAdded, After: &a})
		}
	}
	for _, states := range left {
		for _, b := range states {
			c.Files = append(c.Files, FileChange{Path: b.Path, Change: FileRemoved, Before: &b})
		}
	}
	c.sum()
}

// pair compares the two states of one file.
func (c *Changes) pair(b, a FileState) {
	differs := b.Size != a.Size
	if b.SHA256 != "" && a.SHA256 != "" {
		differs = b.SHA256 != a.SHA256
	}
	switch {
	case b.replaced || a.replaced:
		c.Replaced++
	case differs:
		c.Files = append(c.Files, FileChange{Path: a.Path, Change: FileChanged, Before: &b, After: &a})
	case b.Path != a.Path:
		c.Files = append(c.Files, FileChange{Path: a.Path, Change: FileRenamed, Before: &b, After: &a})
	}
}

// sum puts the files in order, and counts them.
func (c *Changes) sum() {
	slices.SortFunc(c.Files, func(a, b FileChange) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), cmp.Compare(a.Change, b.Change))
	})
	counts := make(map[string]*ArchChanges)
	for _, f := range c.Files {
		top, _, _ := strings.Cut(f.Path, "/")
		top = strings.ToLower(top)
		if counts[top] == nil {
			counts[top] = &ArchChanges{Arch: top}
		}
		switch f.Change {
		case FileAdded:
			counts[top].Added++
		case FileRemoved:
			counts[top].Removed++
		case FileChanged, FileRenamed:
			counts[top].Changed++
			if f.Before.FileVersion != "" && f.After.FileVersion != "" && f.Before.FileVersion != f.After.FileVersion {
				c.Programs = append(c.Programs, ProgramChange{f.Path, f.Before.FileVersion, f.After.FileVersion})
			}
		}
	}
	for _, a := range counts {
		c.Arches = append(c.Arches, *a)
	}
	slices.SortFunc(c.Arches, func(a, b ArchChanges) int { return strings.Compare(a.Arch, b.Arch) })
}
