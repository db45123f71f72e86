package locate

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"usmtpkg/locate/finding"
	"usmtpkg/locate/inventory"
	"usmtpkg/locate/pe"
	"usmtpkg/locate/tree"
)

// A Comparison says how far an arch folder was compared with the list of its release.
type Comparison struct {
	Table    string // where that list was read from
	Files    int    // files it has for the arch
	Hashed   int    // files whose SHA-256 was compared with it
	Unhashed int    // files whose SHA-256 it has, but whose content was not hashed here: they may differ

	Extra      int   // files in the folder that are neither in the list nor of an overlay
	ExtraBytes int64 // their content
}

// inventory compares each arch folder with what its release consists of, where that is known.
// It comes after the other rules: what they called an error of a path is not said twice.
func (s *survey) inventory(trees []*archFolder) {
	if len(s.tables) == 0 {
		return
	}
	faulty := s.faulty()
	var unknown []pe.Version
	for _, t := range trees {
		if t.kit.IsZero() {
			continue
		}
		table, list, known := s.listOf(t.kit, t.arch)
		switch {
		case list != nil:
			l := &listing{survey: s, tree: t, release: list, faulty: faulty, source: sourceOf(table, list), table: table.Name, proof: proofOf(table)}
			l.compare()
			l.result.Table = table.Name
			t.compared = &l.result
		case known != nil:
			s.add(inventoryUnknown.at(t.dir, "USMT "+t.kit.String()+" for "+t.arch, "an arch whose files are known: "+strings.Join(known, ", ")))
		case !slices.Contains(unknown, t.kit):
			unknown = append(unknown, t.kit)
			s.add(inventoryUnknown.at(".", "USMT "+t.kit.String(), "a release whose files are known: "+strings.Join(s.releases(), ", ")))
		}
	}
}

// listOf returns the first list of a release that has the arch. If none has, arches are those
// for which the release is known.
func (s *survey) listOf(v pe.Version, arch string) (table *inventory.Table, list *inventory.Release, arches []string) {
	for _, t := range s.tables {
		if r, ok := t.Release(v); ok {
			if r.Measured(arch) {
				return t, r, nil
			}
			arches = append(arches, r.Arches...)
		}
	}
	slices.Sort(arches)
	return nil, nil, slices.Compact(arches)
}

// row returns what the list of a release says of a file.
func (s *survey) row(list *inventory.Release, t *archFolder, e *entry) (inventory.File, bool) {
	name := fold(t.arch + "/" + below(e.path))
	i := slices.IndexFunc(list.Files, func(f inventory.File) bool { return fold(f.Path) == name })
	if i < 0 {
		return inventory.File{}, false
	}
	return list.Files[i], true
}

// listed reports whether the list of the release has this very content for this path, and more than
// a single copy speaks for it.
func (s *survey) listed(t *archFolder, e *entry) bool {
	f, ok := s.hashed(t, e)
	return ok && !f.Doubtful()
}

// hashed returns what the list of the release says of a file, if it has this very content for this path.
func (s *survey) hashed(t *archFolder, e *entry) (inventory.File, bool) {
	_, list, _ := s.listOf(t.kit, t.arch)
	if list == nil {
		return inventory.File{}, false
	}
	f, ok := s.row(list, t, e)
	found, _, hashed := e.compare(f)
	return f, ok && hashed && found == ""
}

// releases returns the versions of all tables.
func (s *survey) releases() []string {
	var versions []pe.Version
	for _, t := range s.tables {
		for _, r := range t.Releases {
			versions = append(versions, r.Version)
		}
	}
	slices.SortFunc(versions, pe.Version.Compare)
	var names []string
	for _, v := range slices.Compact(versions) {
		names = append(names, v.String())
	}
	return names
}

// sourceOf says where the claims of a list come from.
func sourceOf(t *inventory.Table, r *inventory.Release) string {
	source := fmt.Sprintf("inventory (%s) of USMT %s", t.Name, r.Version)
	if len(r.Notes) > 0 {
		source += ": " + strings.Join(r.Notes, " ")
	}
	return source
}

// proofOf says what a hash in a table is.
func proofOf(t *inventory.Table) Proof {
	if t.BuiltIn {
		return ProofBuiltIn
	}
	return ProofSite
}

// A listing is one arch folder beside the list of its release.
type listing struct {
	*survey
	tree    *archFolder
	release *inventory.Release
	faulty  map[string]bool
	source  string
	table   string // the name of its table
	proof   Proof  // what a hash in it is
	result  Comparison

	have   map[string]*entry // by folded path in the arch folder
	listed map[string]bool   // what the list has, likewise: true for its files, false for the folders they lie in
}

// tell adds a finding about a path that has no error yet.
func (l *listing) tell(r rule, name, found, wanted string) {
	if r.severity != finding.SeverityInfo && l.faulty[fold(name)] {
		return
	}
	f := r.at(name, found, wanted)
	f.Source = l.source
	l.add(f)
}

// below cuts the arch folder off a path.
func below(name string) string {
	_, rest, _ := strings.Cut(name, "/")
	return rest
}

// usmt names the release.
func (l *listing) usmt() string { return "USMT " + l.release.Version.String() }

func (l *listing) compare() {
	l.have, l.listed = l.tree.byName(), make(map[string]bool)
	absent := make(group)
	for _, f := range l.release.Files {
		name, ok := strings.CutPrefix(f.Path, l.tree.arch+"/")
		if !ok {
			continue
		}
		l.result.Files++
		l.listed[fold(name)] = true
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			l.listed[fold(dir)] = false
		}
		if e := l.have[fold(name)]; e != nil && !e.mode.IsDir() {
			if !l.declaredFile(e) {
				l.file(e, f)
			}
		} else {
			absent.add(topmostMissing(l.have, name))
		}
	}
	l.missing(absent)
	l.extra()
}

// file compares a file with what the list says of it.
func (l *listing) file(e *entry, f inventory.File) {
	if e.image != nil && !f.Version.IsZero() && e.image.FileVersion != f.Version {
		found := e.image.FileVersion.String()
		if e.image.FileVersion.IsZero() {
			found = "no file version"
		}
		l.tell(inventoryVersion, e.path, found, f.Version.String()+" as in "+l.usmt())
		return
	}
	found, wanted, hashed := "", "", false
	if e.read() {
		found, wanted, hashed = e.compare(f)
	}
	switch {
	case found != "" && f.Doubtful():
		if e.voucher == nil {
			l.tell(inventoryDoubtful, e.path, found, wanted+" as in "+l.usmt())
		}
	case found != "":
		l.tell(inventoryDiffers, e.path, found, wanted+" as in "+l.usmt())
	case hashed:
		l.vouch(e, l.proof, l.table)
	}
	switch {
	case hashed:
		l.result.Hashed++
	case f.Hashed() && found == "":
		l.result.Unhashed++
	}
}

// compare compares a content with what a list says of it: what differs, if something does, and
// whether that was seen by a hash. A text is the same with other line ends.
func (c content) compare(f inventory.File) (found, wanted string, hashed bool) {
	have, want, name := c.sum, f.SHA256, "SHA-256 "
	switch {
	case f.LFSHA256 != "":
		have, want, name = c.lf, f.LFSHA256, "SHA-256 (with LF line ends) "
	case f.Size >= 0 && c.size != f.Size:
		return fmt.Sprintf("%d bytes", c.size), strconv.FormatInt(f.Size, 10), false
	case f.SHA256 == "":
		have, want, name = c.md5, f.MD5, "MD5 "
	}
	switch {
	case have == "" || want == "":
		return "", "", false
	case have != want:
		return name + have, want, true
	}
	return "", "", true
}

// missing reports what the list has and the folder has not.
func (l *listing) missing(absent group) {
	replaced := make(map[string]bool)
	for _, g := range absent.sorted() {
		name, found, wanted := l.tree.dir+"/"+g.path, "no such folder", "a folder with "+files(g.files)+" of "+l.usmt()
		if l.listed[fold(g.path)] {
			found, wanted = "no such file", "a file of "+l.usmt()
		}
		if e := l.have[fold(g.path)]; e != nil {
			name, found = e.path, tree.Kind(e.mode)
		}
		l.tell(inventoryMissing, name, found, wanted)
		replaced[fold(name)] = true
	}
	l.dropPairs(replaced)
}

// extra reports what the folder has and the list has not.
func (l *listing) extra() {
	more := make(group)
	for _, e := range l.tree.entries {
		name := below(e.path)
		if _, ok := l.listed[fold(name)]; ok || name == "" || !e.mode.IsRegular() || l.declared[e.path] != nil {
			continue
		}
		l.result.Extra++
		l.result.ExtraBytes += e.size
		at := name
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			if _, ok := l.listed[fold(dir)]; !ok {
				at = dir
			}
		}
		more.add(at)
	}
	for _, g := range more.sorted() {
		found := "a file"
		if e := l.have[fold(g.path)]; e != nil && e.mode.IsDir() {
			found = "a folder with " + files(g.files)
		}
		l.tell(inventoryExtra, l.tree.dir+"/"+g.path, found, "none of this name in "+l.usmt())
	}
}
