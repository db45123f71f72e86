package stage

import "usmtpkg/locate/kitdiff"

// Changes is how the files of a kit differ from those of an earlier release. Overlays are left out
// on both sides: they are the site's files, and change with its settings.
type Changes struct {
	Release     string `json:"release"`           // compared with
	USMTVersion string `json:"usmt_version"`      // of that release
	Active      bool   `json:"active"`            // that release is the active one
	Problem     string `json:"problem,omitempty"` // why nothing could be compared

	Arches   []kitdiff.ArchChanges   `json:"arches"`          // those with a difference
	Programs []kitdiff.ProgramChange `json:"programs"`        // those whose file version differs
	Files    []kitdiff.FileChange    `json:"files,omitempty"` // if both are of one USMT version, every difference
	// Migration is how what the two migrate differs, if somebody compared that.
	Migration *kitdiff.Components `json:"migration,omitempty"`
	// All are all files that differ, overlays left out.
	All []kitdiff.FileChange `json:"-"`

	Replaced int `json:"replaced"` // files that could not be compared: an overlay replaced them here or there
}

// Same reports whether no file differs. Of a release that could not be compared it is false.
func (c Changes) Same() bool { return c.Problem == "" && len(c.Arches) == 0 }

// layOut takes the overlay out of the files of a source or a release: what it replaces is unknown.
func layOut(k kitdiff.Files, overlay []OverlayFile) kitdiff.Files {
	for _, f := range overlay {
		delete(k, f.Path)
		if f.Replaces {
			k[f.Path] = kitdiff.File{Path: f.Path, Unknown: true}
		}
	}
	return k
}

// kit returns the source, as far as it is known by now.
func (r *run) kit() kitdiff.Files {
	k := make(kitdiff.Files, len(r.tree.Files))
	for i, f := range r.tree.Files {
		s := kitdiff.File{Path: f.Path, Size: f.Size}
		if r.sums != nil {
			s.SHA256 = r.sums[i]
		}
		if r.facts != nil {
			s.FileVersion = r.facts.at(i).FileVersion
		}
		k[f.Path] = s
	}
	return layOut(k, r.o.Overlay)
}

// compare finds what differs.
func (c *Changes) compare(before, after kitdiff.Files) {
	c.All, c.Replaced = kitdiff.CompareFiles(before, after)
	c.Files = c.All
	c.Arches, c.Programs = kitdiff.ByArch(c.Files), kitdiff.Programs(c.Files)
}
