package locate

import (
	"path"
	"slices"
	"strings"

	"usmtpkg/locate/finding"
	"usmtpkg/locate/inventory"
)

// The names under which two programs of USMT were built, where these are not their own. The second looks
// like that of a template, so that other plug-ins may have it too.
var (
	builtAsMigSys = fold("MigSysHelper.DLL")
	builtAsPlugin = fold("WMIMigrationPlugin.dll") // TlsRepPlugin.dll
)

// origins reports the programs that were built as another program. A signature shows who made a program,
// not which one it is: that is in the version resource, which the signature covers. A list or a catalog
// that has the content under the name of the file knows better.
func (s *survey) origins(trees []*archFolder) {
	usmt := s.programNames()
	faulty := s.faulty()
	for _, t := range trees {
		here := t.programNames()
		for _, e := range t.entries {
			if e.image == nil || s.declared[e.path] != nil || faulty[fold(e.path)] || e.catalogued.catalog() != nil {
				continue
			}
			if _, listed := s.hashed(t, e); !listed {
				s.add(origin(e, usmt, here))
			}
		}
	}
}

// origin compares the name of a program with the one it was built under. usmt and here are the names of
// the programs of USMT and of those in the arch folder.
func origin(e *entry, usmt, here map[string]bool) *finding.Error {
	own, built := withoutMUI(fold(path.Base(e.path))), withoutMUI(fold(e.image.OriginalName))
	if built == builtAsMigSys {
		built = fold("migsys.dll")
	}
	found := "the program " + finding.Printable(e.image.OriginalName) + ", by its version resource"
	switch another := usmt[built] || here[built]; {
	case built == own || built == "":
		return nil
	case another && usmt[own]:
		return programMisnamed.at(e.path, found, path.Base(e.path))
	case another, usmt[own] && built != builtAsPlugin:
		return programUnfamiliar.at(e.path, found, path.Base(e.path))
	}
	return nil
}

// programNames returns the folded names of the programs that releases of USMT have, in whatever folder.
func (s *survey) programNames() map[string]bool {
	names := make(map[string]bool)
	for _, name := range coreFiles {
		names[fold(name)] = kindOf(name) == image
	}
	for _, table := range append(slices.Clone(s.tables), inventory.Known()) {
		for _, r := range table.Releases {
			for _, f := range r.Files {
				if kindOf(f.Path) == image {
					names[fold(path.Base(f.Path))] = true
				}
			}
		}
	}
	return names
}

// programNames returns the folded names of the programs in the arch folder, likewise.
func (t *archFolder) programNames() map[string]bool {
	names := make(map[string]bool)
	for _, e := range t.entries {
		if e.mode.IsRegular() && kindOf(e.path) == image {
			names[fold(path.Base(e.path))] = true
		}
	}
	return names
}

// withoutMUI cuts off what a version resource has behind the name of a program whose texts are in another
// file.
func withoutMUI(folded string) string { return strings.TrimSuffix(folded, fold(".mui")) }
