package locate

import (
	"io/fs"
	"path"
	"unicode/utf8"
)

// names checks the names in a tree: each by itself, and against the others of its folder.
func (s *survey) names(t *tree) {
	firsts := make(map[string]*entry) // by folder and twin key
	for _, e := range t.entries {
		dir, name := path.Split(e.path)
		s.add(badName(e.path, name))
		if !utf8.ValidString(name) {
			continue
		}
		s.add(longPath(e.path, s.prefix))
		key := dir + twinKey(name)
		first, ok := firsts[key]
		if !ok {
			firsts[key] = e
			continue
		}
		r, wanted := nameTwin, "names that differ in more than the encoding of an accent"
		if fold(path.Base(first.path)) == fold(name) {
			r, wanted = nameCollision, "names that differ in more than case"
		}
		s.add(r.at(e.path, "the same name as "+printable(first.path), wanted))
	}
}

// typeName says what an entry is.
func typeName(mode fs.FileMode) string {
	switch {
	case mode.IsRegular():
		return "a file"
	case mode.IsDir():
		return "a folder"
	case mode&fs.ModeSymlink != 0:
		return "a symbolic link"
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	case mode&fs.ModeDevice != 0:
		return "a device"
	case mode&fs.ModeIrregular != 0:
		return "a reparse point (a junction, a mount point or a file that lies elsewhere)"
	}
	return "something of type " + mode.Type().String()
}
