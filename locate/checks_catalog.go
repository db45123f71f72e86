package locate

import (
	"crypto"
	"fmt"
	"hash"
	"maps"
	"path"
	"slices"
	"time"

	"usmtpkg/locate/catalog"
	"usmtpkg/locate/finding"
	"usmtpkg/locate/pe"
)

// A CatalogUse says how many files of a kit a catalog vouches for.
type CatalogUse struct {
	*catalog.Catalog
	Files int
}

// A lookup takes the digests by which catalogs may list one file. It is nil where there is nothing to
// look up.
type lookup struct {
	set   *catalog.Set
	base  string    // the name of the file
	check *pe.Check // takes those of a program
	flat  []flatSum
	image []crypto.Hash
}

type flatSum struct {
	id crypto.Hash
	hash.Hash
}

// lookUp begins to look a file up, if the catalogs may list it. check is that of a program.
func (v *Validator) lookUp(name string, check *pe.Check) *lookup {
	if v.lists == nil || v.brief {
		return nil
	}
	l := &lookup{set: v.lists, base: path.Base(name), check: check}
	if check == nil || check.Unsigned() {
		for _, h := range v.lists.Digests(path.Base(name), catalog.Flat) {
			l.flat = append(l.flat, flatSum{h, h.New()})
		}
	}
	if check != nil {
		l.image = v.lists.Digests(path.Base(name), catalog.Image)
		check.AlsoDigest(l.image...)
	}
	if len(l.flat)+len(l.image) == 0 {
		return nil
	}
	return l
}

func (l *lookup) write(p []byte) {
	if l == nil {
		return
	}
	for _, f := range l.flat {
		f.Write(p)
	}
}

// catalogued is what the catalogs say of a content.
type catalogued struct {
	by    *catalog.Catalog // that lists it under the name of the file; nil: none
	other string           // the name under which one lists it instead
}

// result returns what the catalogs say of the content.
func (l *lookup) result() (*catalogued, error) {
	if l == nil {
		return nil, nil //nolint:nilnil // catalogs say nothing of most files
	}
	var found catalogued
	take := func(m catalog.Member, ok bool) {
		if !ok || found.by != nil {
			return
		}
		if m, ok = l.set.Under(l.base, m); ok {
			found = catalogued{by: m.Catalog}
		} else {
			found.other = m.Name
		}
	}
	for _, f := range l.flat {
		take(l.set.Flat(f.id, f.Sum(nil)))
	}
	for _, h := range l.image {
		digest, err := l.check.Digest(h)
		if err != nil {
			return nil, err
		}
		if digest != nil {
			take(l.set.Image(h, digest))
		}
	}
	if found == (catalogued{}) {
		return nil, nil //nolint:nilnil // as above
	}
	return &found, nil
}

// catalog returns the one that lists the content, or nil.
func (c *catalogued) catalog() *catalog.Catalog {
	if c == nil {
		return nil
	}
	return c.by
}

// catalogs records what the catalogs vouch for, and reports the files that a catalog of this kit
// names and does not list. It returns the catalogs that vouch for files.
func (s *survey) catalogs(trees []*archFolder) []CatalogUse {
	if s.unread != nil && !s.brief {
		s.add(catalogRefused.at(s.unread.Path, s.unread.Reason, "the signed catalogs of the kit"))
	}
	if s.lists == nil || s.brief {
		return nil
	}
	for _, c := range s.lists.Refused() {
		s.add(catalogRefused.at(c.File, string(c.Signature.Verdict)+": "+c.Signature.Reason, "a catalog signed by Microsoft"))
	}
	files := make(map[*catalog.Catalog]int)
	names := make(map[string]bool)
	for _, t := range trees {
		for _, e := range t.entries {
			if !e.mode.IsRegular() || s.declared[e.path] != nil {
				continue
			}
			names[fold(path.Base(e.path))] = true
			if c := e.catalogued.catalog(); c != nil {
				s.vouch(e, ProofCatalog, c.File)
				files[c]++
			}
		}
	}
	own := s.ownCatalogs(files, names)
	s.altered(trees, own)
	s.stale(trees, own, files)
	s.lost(own, names)
	var used []CatalogUse
	for _, c := range s.lists.Catalogs() {
		if files[c] > 0 {
			used = append(used, CatalogUse{c, files[c]})
		}
	}
	return used
}

// lost reports the files that a catalog of the kit lists and that no arch folder has.
func (s *survey) lost(own map[*catalog.Catalog]bool, names map[string]bool) {
	for _, c := range s.lists.Catalogs() {
		for _, m := range c.Members {
			if key := fold(m.Name); own[c] && m.Name != "" && !names[key] {
				names[key] = true // once
				s.add(catalogMissing.at(m.Name, "no such file in any arch folder", "the file that the catalog "+finding.Printable(c.File)+" lists"))
			}
		}
	}
}

// ownCatalogs returns the catalogs that belong to this kit, as the folder has those of all features of the ADK:
// those of which half the names or more are names of files in the kit. That they list files of it is
// not enough: Windows Setup has some of the same files, and others of the same names. One name alone
// may be chance, unless the catalog lists the file as well.
func (s *survey) ownCatalogs(files map[*catalog.Catalog]int, names map[string]bool) map[*catalog.Catalog]bool {
	own := make(map[*catalog.Catalog]bool)
	for _, c := range s.lists.Catalogs() {
		listed := make(map[string]bool)
		for _, m := range c.Members {
			if m.Name != "" {
				listed[fold(m.Name)] = true
			}
		}
		known := 0
		for name := range maps.Keys(listed) {
			if names[name] {
				known++
			}
		}
		own[c] = 2*known >= len(listed) && (known > 1 || files[c] > 0)
	}
	return own
}

// altered reports the files whose name a catalog of the kit has, and whose content none has under that
// name. A signature of its own proves a file better, as an update brings such files without a catalog,
// unless it is another file of the kit under this name. So does the list of the release: folders have
// files of the same name, and the catalog of some may be missing.
func (s *survey) altered(trees []*archFolder, own map[*catalog.Catalog]bool) {
	faulty := s.faulty()
	for _, t := range trees {
		for _, e := range t.entries {
			if !e.mode.IsRegular() || !e.read() || e.catalogued.catalog() != nil || s.declared[e.path] != nil || faulty[fold(e.path)] {
				continue
			}
			found := fmt.Sprintf("%d bytes that no catalog lists", e.size)
			if e.catalogued != nil {
				found = "the content of " + finding.Printable(e.catalogued.other)
			} else if e.voucher != nil {
				continue
			}
			named := slices.DeleteFunc(slices.Clone(s.lists.Named(path.Base(e.path))), func(m catalog.Member) bool { return !own[m.Catalog] })
			if len(named) > 0 && !s.listed(t, e) {
				s.add(catalogDiffers.at(e.path, found, "the file as the catalog "+finding.Printable(named[0].Catalog.File)+" lists it"))
			}
		}
	}
}

// sameKit is how long after one another the catalogs of one kit are made, at most: those of ADK
// 10.1.26100.2454 within minutes.
const sameKit = 24 * time.Hour

// stale reports the files that only an older catalog lists, where a newer one that also vouches for files
// of the kit lists other content under the name, and no file of that name has this. That is half of an
// upgrade: the folder of catalogs keeps those of the older kit.
func (s *survey) stale(trees []*archFolder, own map[*catalog.Catalog]bool, files map[*catalog.Catalog]int) {
	newest := make(map[string]time.Time) // by name: when the newest catalog was made that lists one of the files
	each := func(do func(e *entry, name string, by *catalog.Catalog)) {
		for _, t := range trees {
			for _, e := range t.entries {
				if by := e.catalogued.catalog(); by != nil && s.declared[e.path] == nil {
					do(e, fold(path.Base(e.path)), by)
				}
			}
		}
	}
	each(func(_ *entry, name string, by *catalog.Catalog) {
		if by.Listed.After(newest[name]) {
			newest[name] = by.Listed
		}
	})
	each(func(e *entry, name string, by *catalog.Catalog) {
		limit := by.Listed.Add(sameKit)
		for _, m := range s.lists.Named(path.Base(e.path)) {
			if n := m.Catalog; own[n] && files[n] > 0 && n.Listed.After(limit) && !newest[name].After(limit) {
				s.add(catalogDiffers.at(e.path, fmt.Sprintf("the content that the catalog %s of %s lists", finding.Printable(by.File), by.Listed.UTC().Format(time.DateOnly)),
					fmt.Sprintf("the file as the newer catalog %s of %s lists it", finding.Printable(n.File), n.Listed.UTC().Format(time.DateOnly))))
				return
			}
		}
	})
}
