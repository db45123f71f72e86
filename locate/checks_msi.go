package locate

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"usmtpkg/locate/finding"
	"usmtpkg/locate/pe"
	"usmtpkg/locate/tree"
)

// A MSIUse says how many files of a kit an MSI vouches for.
type MSIUse struct {
	*MSI
	Files int
}

// msis compares each arch folder with the packages of this kit, records what they vouch for, and reports
// what is altered or missing. It returns all packages.
func (s *survey) msis(trees []*archFolder) []MSIUse {
	if len(s.packages) == 0 {
		return nil
	}
	files := make(map[*MSI]int)
	own := make(map[*MSI]bool)
	known := false
	faulty := s.faulty()
	for _, t := range trees {
		if t.version.IsZero() { // there is none, or the arch is forbidden and was not read
			continue
		}
		known = true
		p := &packed{survey: s, tree: t, have: t.byName(), rows: make(map[string][]packedRow), faulty: faulty, files: files}
		for _, m := range s.ownMSIs(t.version) {
			own[m] = true
			p.list(m)
		}
		p.compare()
	}
	var uses []MSIUse
	for _, m := range s.packages {
		uses = append(uses, MSIUse{m, files[m]})
		switch {
		case !m.Counts() && !m.Cached:
			s.add(msiUnproven.at(m.Name, m.reason(), "the MSI as Microsoft signed it"))
		case !m.Counts():
			s.add(msiRefused.at(m.Name, m.reason()+" ("+finding.Printable(m.Path)+")", "the MSI as Microsoft signed it"))
		case known && !own[m] && !m.Cached:
			s.add(msiUnrelated.at(m.Name, finding.Printable(m.Product+" "+m.Version), "an MSI of the USMT in this folder"))
		}
	}
	return uses
}

// ownMSIs returns the packages of a kit whose scanstate.exe has the version v: those that list that program
// with this version, and of those that do not list it, those of the same product version. Where no package
// lists it, the last two numbers of both versions have to be the same, as in all kits that were measured.
func (s *survey) ownMSIs(v pe.Version) []*MSI {
	products := make(map[string]bool)
	for _, m := range s.packages {
		if slices.Contains(m.scanStates, v) {
			products[m.Version] = true
		}
	}
	var own []*MSI
	for _, m := range s.packages {
		switch {
		case len(m.files) == 0:
		case len(m.scanStates) > 0:
			if slices.Contains(m.scanStates, v) {
				own = append(own, m)
			}
		case products[m.Version] || len(products) == 0 && sameBuild(m.Version, v):
			own = append(own, m)
		}
	}
	return own
}

// sameBuild reports whether the version of a product ends as a file version does: the product has 10.1
// where its files have 10.0.
func sameBuild(product string, v pe.Version) bool {
	p, err := pe.ParseVersion(product)
	return err == nil && p[2] == v[2] && p[3] == v[3]
}

// A packed is one arch folder beside the packages of its kit.
type packed struct {
	*survey
	tree   *archFolder
	have   map[string]*entry      // by folded path in the arch folder
	rows   map[string][]packedRow // likewise, what the packages say of it
	faulty map[string]bool
	files  map[*MSI]int // that each vouches for
}

// A packedRow is what a package says of a file.
type packedRow struct {
	packedFile
	msi *MSI
}

// list takes down what a package says of the arch folder.
func (p *packed) list(m *MSI) {
	for _, f := range m.files {
		if name, ok := strings.CutPrefix(f.path, p.tree.arch+"/"); ok {
			p.rows[fold(name)] = append(p.rows[fold(name)], packedRow{f, m})
		}
	}
}

func (p *packed) compare() {
	absent := make(group)
	owner := make(map[string]*MSI)
	for _, key := range slices.Sorted(maps.Keys(p.rows)) {
		rows := p.rows[key]
		switch e := p.have[key]; {
		case !p.filled(e):
			at := topmostMissing(p.have, below(rows[0].path))
			absent.add(at)
			if owner[at] == nil {
				owner[at] = rows[0].msi
			}
		case e.read() && !p.brief && p.declared[e.path] == nil:
			p.file(e, rows)
		}
	}
	p.missing(absent, owner)
}

// file compares a file with what the packages say of it. One that has what any of them lists is right.
func (p *packed) file(e *entry, rows []packedRow) {
	var bad *finding.Error
	for _, r := range rows {
		found, wanted, hashed := r.compare(e)
		if found == "" {
			if hashed {
				p.vouch(e, ProofMSI, r.msi.Name)
				p.files[r.msi]++
			}
			return
		}
		if bad == nil {
			bad = msiDiffers.at(e.path, found, wanted)
			bad.Source = r.msi.source()
		}
	}
	if !p.faulty[fold(e.path)] {
		p.add(bad)
	}
}

// compare compares a content with a package: what differs, if something does, and whether the content was
// compared by its hash. A signature of its own proves a program better than its size.
func (f packedFile) compare(e *entry) (found, wanted string, hashed bool) {
	switch signed := e.signature != nil && e.signature.Verdict == pe.Valid; {
	case e.image != nil && !f.version.IsZero() && e.image.FileVersion != f.version:
		return versionOr(e.image.FileVersion), f.version.String(), false
	case signed:
		return "", "", false
	case e.size != f.size:
		return fmt.Sprintf("%d bytes", e.size), strconv.FormatInt(f.size, 10), false
	case f.md5 == "" || e.md5 == "":
		return "", "", false
	case e.md5 != f.md5:
		return "MD5 " + e.md5, f.md5, true
	}
	return "", "", true
}

// missing reports the files that the packages list and the folder does not have.
func (p *packed) missing(absent group, owner map[string]*MSI) {
	reported := make(map[string]bool)
	for _, g := range absent.sorted() {
		name, found, wanted := p.tree.dir+"/"+g.path, "no such folder", fmt.Sprintf("the folder, with %s", files(g.files))
		if p.rows[fold(g.path)] != nil {
			found, wanted = "no such file", "the file"
		}
		if e := p.have[fold(g.path)]; e != nil {
			name, found = e.path, tree.Kind(e.mode)
			if p.standsIn(e) {
				found = inOverlay
			}
		}
		if within(p.faulty, name) {
			continue
		}
		f := msiMissing.at(name, found, wanted+" that the MSI "+finding.Printable(owner[g.path].Name)+" lists")
		f.Source = owner[g.path].source()
		p.add(f)
		reported[fold(name)] = true
	}
	p.dropPairs(reported)
	p.dropLost(reported)
}

// dropLost withdraws what the catalogs say is lost somewhere, where a finding says in which arch folder.
func (s *survey) dropLost(reported map[string]bool) {
	names := make(map[string]bool)
	for name := range reported {
		names[path.Base(name)] = true
	}
	s.findings = slices.DeleteFunc(s.findings, func(f *finding.Error) bool { return f.Rule == catalogMissing.id && names[fold(f.File)] })
}

// source names the package as the source of a finding.
func (m *MSI) source() string {
	return finding.Printable(fmt.Sprintf("%s %s (%s), signed by %s", m.Product, m.Version, m.Name, m.Signature.Signer))
}

// versionOr is a file version in words.
func versionOr(v pe.Version) string {
	if v.IsZero() {
		return "no file version"
	}
	return "file version " + v.String()
}
