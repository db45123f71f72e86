package locate

import (
	"path"
	"unicode/utf8"

	"usmtpkg/locate/finding"
	"usmtpkg/locate/winname"
)

// names checks the names in an arch folder: each by itself, and against the others of its folder.
func (s *survey) names(t *archFolder) {
	paths := make([]string, 0, len(t.entries))
	for _, e := range t.entries {
		s.add(badName(e.path, path.Base(e.path)))
		if !utf8.ValidString(e.path) {
			continue
		}
		s.add(longPath(e.path, s.prefix))
		if e.mode.IsDir() {
			paths = append(paths, e.path+"/.")
			continue
		}
		paths = append(paths, e.path)
	}
	for _, twin := range winname.Twins(paths) {
		r, wanted := nameTwin, "names that differ in more than case or the encoding of an accent"
		if winname.Same(twin.A, twin.B) {
			r, wanted = nameCollision, "names that differ in more than case"
		}
		s.add(r.at(twin.B, "the same name as "+finding.Printable(twin.A), wanted))
	}
}
