package locate

import (
	"fmt"
	"path"
	"slices"

	"usmtpkg/locate/finding"
	"usmtpkg/locate/tree"
)

// siblings compares the arch folders of a release by the names of their files, where no list says
// which those are: amd64 and x86 have the same files, and each has every file that arm64 has.
// It runs after inventory, which finds out what is listed.
func (s *survey) siblings(trees []*archFolder) {
	faulty := s.faulty()
	for _, t := range trees {
		if !t.kit.IsZero() && t.compared == nil && t.arch != ARM64 {
			l := &lack{survey: s, tree: t, have: t.byName(), absent: make(group), owner: make(map[string]string), files: make(map[string]bool)}
			l.collect(trees)
			l.report(faulty)
		}
	}
}

// A lack is what one arch folder lacks that its siblings have.
type lack struct {
	*survey
	tree   *archFolder
	have   map[string]*entry
	absent group
	owner  map[string]string // the first sibling that has it, by path in absent
	files  map[string]bool   // the folded names of the files
}

func (l *lack) collect(trees []*archFolder) {
	for _, sibling := range trees {
		if sibling == l.tree || sibling.kit != l.tree.kit {
			continue
		}
		for _, e := range sibling.entries {
			name := below(e.path)
			if key := fold(name); !l.filled(l.have[key]) && !l.files[key] && l.ofKit(e) {
				l.files[key] = true
				at := topmostMissing(l.have, name)
				l.absent.add(at)
				if l.owner[at] == "" {
					l.owner[at] = sibling.dir
				}
			}
		}
	}
}

// ofKit reports whether an entry is a file of the kit itself, with a name that Windows accepts.
func (s *survey) ofKit(e *entry) bool {
	d := s.declared[e.path]
	return e.mode.IsRegular() && below(e.path) != "" && (d == nil || d.Stock != nil) && badName(e.path, path.Base(e.path)) == nil
}

// filled reports whether an entry, which may be nil, counts as the file that a sibling has.
func (s *survey) filled(e *entry) bool { return e != nil && !e.mode.IsDir() && !s.standsIn(e) }

func (l *lack) report(faulty map[string]bool) {
	reported := make(map[string]bool)
	for _, g := range l.absent.sorted() {
		name, found := l.tree.dir+"/"+g.path, "no such folder"
		wanted := fmt.Sprintf("the folder that %s has, with %s", l.owner[g.path], files(g.files))
		if l.files[fold(g.path)] {
			found, wanted = "no such file", "the file that "+l.owner[g.path]+" has"
		}
		if e := l.have[fold(g.path)]; e != nil {
			name, found = e.path, tree.Kind(e.mode)
			if l.standsIn(e) {
				found = inOverlay
			}
		}
		if !within(faulty, name) {
			l.add(siblingMissing.at(name, found, wanted))
			reported[fold(name)] = true
		}
	}
	l.dropPairs(reported)
}

// within reports whether a path, or a folder around it, is in a set of folded paths. The arch folder
// itself does not count.
func within(set map[string]bool, name string) bool {
	for ; path.Dir(name) != "."; name = path.Dir(name) {
		if set[fold(name)] {
			return true
		}
	}
	return false
}

// dropPairs withdraws the guess that a list of system files should be there, where a finding says
// so that rests on more.
func (s *survey) dropPairs(reported map[string]bool) {
	s.findings = slices.DeleteFunc(s.findings, func(f *finding.Error) bool { return f.Rule == listPair.id && reported[fold(f.Path)] })
}

// topmostMissing returns the path to report when a file is not there, below its arch folder: the
// topmost folder that is missing with it, else its own.
func topmostMissing(have map[string]*entry, name string) string {
	at := name
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		if e := have[fold(dir)]; e == nil || !e.mode.IsDir() {
			at = dir
		}
	}
	return at
}

// byName maps the folded paths in the arch folder to its entries, the first of each.
func (t *archFolder) byName() map[string]*entry {
	have := make(map[string]*entry, len(t.entries))
	for _, e := range t.entries {
		if key := fold(below(e.path)); have[key] == nil {
			have[key] = e
		}
	}
	return have
}

// faulty has the folded paths with an error.
func (s *survey) faulty() map[string]bool {
	faulty := make(map[string]bool)
	for _, f := range s.findings {
		if f.Severity == finding.SeverityError {
			faulty[fold(f.Path)] = true
		}
	}
	return faulty
}
