package locate

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"usmtpkg/locate/pe"
)

// Feature is the ADK feature that installs USMT, as adksetup /features takes it.
const Feature = "OptionId.UserStateMigrationTool"

// FindOptions says where Find looks. The zero value looks at this machine's
// registry and nowhere else.
type FindOptions struct {
	// Source is the only folder to search.
	Source string
	// Volume is the root of a mounted Windows volume, the only place to search.
	Volume string
	// Registry reads the kits roots; nil reads those of this machine.
	Registry func() []KitsRoot
	// Uninstall reads the uninstall entries; nil reads those of this machine that are evidence.
	Uninstall func() []UninstallEntry
	// Cached reads which packages of USMT Windows Installer keeps; nil reads those of this machine.
	Cached func() []CachedMSI
	// ProgramFiles are this machine's Program Files folders, in the order to
	// look at them; empty and repeated ones are passed over.
	ProgramFiles []string
}

// Candidate is a folder that contains USMT: at least one arch folder with scanstate.exe.
type Candidate struct {
	Path    string     // the USMT folder, absolute
	Version pe.Version // file version of scanstate.exe, the lowest of its arches; zero when none can be read
	Arches  []string   // the arches that hold scanstate.exe, sorted
	How     string     // how it was found; several ways are joined by "; "
	Problem string     // what is odd about its version, or empty

	Evidence []Evidence // what tells which kit it came from, the best first

	// base and dir are how Open gets there again: dir is opened inside base,
	// so that a link put there meanwhile cannot lead out of base.
	base, dir string
	sealed    bool // nothing above base is looked at

	unpacked string   // the folder that an offline layout was unpacked to, which messages call Path
	packages []string // the paths of the MSIs that this was unpacked from
	cabinets []string // the paths of the cabinets beside them that they have their files in

	cached []CachedMSI // packages of USMT that Windows Installer keeps where this was found
}

// Place is one place that was searched.
type Place struct {
	Path    string `json:"path"`    // the folder, registry key or hive searched, or the value that was not followed
	How     string `json:"how"`     // why it was searched
	Outcome string `json:"outcome"` // what was found there
}

// Result is what Find found and where it looked.
type Result struct {
	Candidates []Candidate // best first
	Places     []Place     // every place, in the order looked at
}

// Best returns the candidate to take and the reason why it is that one.
// Without candidates both are empty.
func (r Result) Best() (c Candidate, reason string) {
	if len(r.Candidates) == 0 {
		return Candidate{}, ""
	}
	c = r.Candidates[0]
	equal := 0
	for _, other := range r.Candidates {
		if other.Version == c.Version {
			equal++
		}
	}
	n := len(r.Candidates)
	switch {
	case n == 1:
		return c, "the only one found"
	case c.Version.IsZero():
		return c, fmt.Sprintf("chosen from %d: the first, as none has a readable version", n)
	case equal > 1:
		return c, fmt.Sprintf("chosen from %d: highest version; %d have it", n, equal)
	default:
		return c, fmt.Sprintf("chosen from %d: highest version", n)
	}
}

// NotFoundError says that no searched place contains USMT.
type NotFoundError struct {
	Places []Place // every place searched, in order; none if there was nothing to search
}

func (e *NotFoundError) Error() string {
	switch n := len(e.Places); n {
	case 0:
		return "finding USMT: no source folder or volume given, and this system has no Windows registry to search"
	case 1:
		return fmt.Sprintf("finding USMT: %s: %s", e.Places[0].Path, e.Places[0].Outcome)
	default:
		return fmt.Sprintf("finding USMT: not in any of the %d places looked at", n)
	}
}

// Hint says what can be done about it.
func (e *NotFoundError) Hint() string {
	if len(e.Places) == 0 {
		return "give a folder that contains USMT, or the root of a mounted Windows volume"
	}
	return "install the Windows ADK with the feature " + Feature + ", or give a folder that contains USMT"
}

// Find looks for USMT in the places o names. When it finds none, the error is a
// *NotFoundError, a *SourceError when the folder given, or a USMT or arch folder, cannot be looked at, or a
// *LayoutError when the source is an offline layout; the Result has the places
// looked at in any case.
func Find(ctx context.Context, o FindOptions) (Result, error) {
	var s search
	var err error
	switch {
	case o.Source != "" && o.Volume != "":
		err = errors.New("finding USMT: found a source and a volume, wanted one of them")
	case o.Source != "":
		err = s.source(ctx, o.Source)
	case o.Volume != "":
		err = s.volume(ctx, o.Volume)
	default:
		err = s.machine(ctx, o)
	}
	r := s.result()
	if err == nil && len(r.Candidates) == 0 && s.closed != nil {
		err = s.closed // USMT is there: installing it would not help
	}
	if err == nil && len(r.Candidates) == 0 {
		err = &NotFoundError{Places: r.Places}
	}
	return r, err
}

// result sorts the candidates: highest version first, those of one version in
// the order they were found.
func (s *search) result() Result {
	r := Result{Places: s.places}
	for _, f := range s.found {
		f.Evidence = byKind(slices.Concat(f.Evidence, s.installed))
		f.cached = s.cached
		r.Candidates = append(r.Candidates, f.Candidate)
	}
	slices.SortStableFunc(r.Candidates, func(a, b Candidate) int {
		return b.Version.Compare(a.Version)
	})
	return r
}
