package locate

import (
	"maps"
	"path"
	"slices"
	"strings"

	"usmtpkg/locate/catalog"
	"usmtpkg/locate/finding"
	"usmtpkg/locate/inventory"
	"usmtpkg/locate/pe"
	"usmtpkg/locate/tree"
)

// A Report is the result of validating one USMT folder.
type Report struct {
	Version pe.Version   // file version of scanstate.exe, the lowest of the arches; zero if there is none
	Arches  []ArchReport // the arch folders found and not forbidden, in the order amd64, arm64, x86
	Files   int          // files in them
	Bytes   int64        // their content

	Programs []Program   // the programs and DLLs in them, by path
	Proven   []FileProof // what vouches for each of the files, by path

	Catalogs []CatalogUse // the catalogs that vouch for files, in the order of Options.Catalogs
	MSIs     []MSIUse     // all packages, in the order of Options.MSIs
	Cabinets []SignedCabinet

	findings []*finding.Error
}

// An ArchReport says what one arch folder contains.
type ArchReport struct {
	Arch    string     // AMD64, ARM64 or X86
	Dir     string     // its name as it is spelled on disk
	Version pe.Version // file version of scanstate.exe; zero if there is none
	Files   int
	Bytes   int64

	Compared *Comparison // with the inventory of its release; nil where none is known
}

// Findings returns all findings, sorted by path, then by rule.
func (r *Report) Findings() []*finding.Error { return slices.Clone(r.findings) }

// Count returns the number of findings of a severity.
func (r *Report) Count(s finding.Severity) int {
	n := 0
	for _, f := range r.findings {
		if f.Severity == s {
			n++
		}
	}
	return n
}

// Err returns nil if the folder may become a package, else a *multierror.Error with a
// *finding.Error for each finding of severity error; strict adds the warnings.
func (r *Report) Err(strict bool) error { return finding.Join(r.findings, strict) }

// Finish judges what was entered and inspected so far. The same entries give the same report,
// in whatever order they came.
func (v *Validator) Finish() *Report {
	v.mu.Lock()
	defer v.mu.Unlock()
	s := &survey{policy: v.policy, prefix: v.prefix, tables: v.tables, lists: v.lists, unread: v.unread, packages: v.msis, cabinets: v.cabs, declared: v.overlay, brief: v.brief}
	trees := s.groupByArch(v.entries)
	s.arches(trees)
	for _, t := range trees {
		s.judge(t)
	}
	s.versions(trees)
	s.overlay(trees)
	s.proofs(trees)
	used := s.catalogs(trees)
	packages := s.msis(trees)
	s.checkCabinets()
	s.inventory(trees)
	s.origins(trees)
	s.siblings(trees)
	proven := s.proven(trees)
	s.attribute()
	r := s.report(trees)
	r.Proven, r.Catalogs, r.MSIs, r.Cabinets = proven, used, packages, s.cabinets
	r.Programs = programs(trees)
	finding.Sort(s.findings)
	r.findings = s.findings
	return r
}

// survey collects the findings of one Finish.
type survey struct {
	policy   Policy
	prefix   int
	brief    bool // only the core files were inspected
	tables   []*inventory.Table
	lists    *catalog.Set
	unread   *CatalogsError
	packages []*MSI
	cabinets []SignedCabinet
	declared map[string]*Declared // files of the overlay, by path
	findings []*finding.Error
	vouchers map[Voucher]*Voucher // each that vouches for a file, once
}

func (s *survey) add(f *finding.Error) {
	if f != nil {
		s.findings = append(s.findings, f)
	}
}

// An archFolder is what is in one arch folder.
type archFolder struct {
	arch    string
	dir     string            // name of the folder as it is spelled on disk
	entries []*entry          // all of it, the folder itself included, sorted by path
	root    map[string]*entry // what lies directly in it, by folded name
	version pe.Version        // of scanstate.exe
	kit     pe.Version        // of most of its programs, see rootVersions; zero where the arch is not judged
	files   int
	bytes   int64

	compared *Comparison
}

// groupByArch sorts the entries by arch folder, and checks what is in none.
// Folders that differ in case only count as one; that they do is another finding.
func (s *survey) groupByArch(entries map[string]*entry) []*archFolder {
	byArch := make(map[string]*archFolder)
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		e := entries[name]
		top, _, below := strings.Cut(name, "/")
		arch, ok := archOf(top)
		switch {
		case !ok:
			if !below {
				f := leftOut.at(name, tree.Kind(e.mode), "an arch folder")
				f.Text = tree.Kind(e.mode) + " that does not become part of the package"
				s.add(f)
			}
			continue
		case !below && !e.mode.IsDir() && !s.policy.forbids(arch):
			s.add(entryType.at(name, tree.Kind(e.mode), "a folder"))
		}
		t := byArch[arch]
		if t == nil {
			t = &archFolder{arch: arch, dir: top, root: make(map[string]*entry)}
			byArch[arch] = t
		}
		t.take(e)
	}
	var trees []*archFolder
	for _, arch := range archNames {
		if t := byArch[arch]; t != nil {
			trees = append(trees, t)
		}
	}
	return trees
}

// take adds an entry to the folder.
func (t *archFolder) take(e *entry) {
	t.entries = append(t.entries, e)
	if e.mode.IsRegular() && strings.Contains(e.path, "/") {
		t.files++
		t.bytes += e.size
	}
	if strings.Count(e.path, "/") != 1 {
		return
	}
	key := fold(path.Base(e.path))
	if t.root[key] != nil {
		return
	}
	t.root[key] = e
	if key == fold(scanState) && e.image != nil {
		t.version = e.image.FileVersion
	}
}

// report sums up the trees.
func (s *survey) report(trees []*archFolder) *Report {
	r := &Report{}
	for _, t := range trees {
		if s.policy.forbids(t.arch) || !t.isFolder() {
			continue
		}
		r.Arches = append(r.Arches, ArchReport{t.arch, t.dir, t.version, t.files, t.bytes, t.compared})
		r.Files += t.files
		r.Bytes += t.bytes
		if !t.version.IsZero() && (r.Version.IsZero() || t.version.Compare(r.Version) < 0) {
			r.Version = t.version
		}
	}
	return r
}

// isFolder reports whether t is a folder, and not something else of that name.
func (t *archFolder) isFolder() bool {
	return slices.ContainsFunc(t.entries, func(e *entry) bool { return e.path == t.dir && e.mode.IsDir() }) || t.files > 0
}
