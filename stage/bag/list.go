package bag

import (
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"usmtpkg/locate/tree"
)

// listing is what this package reads in the base folder.
type listing struct {
	info, fetch bool
	manifests   []Manifest // payload first, each kind sorted by name
}

// list looks at the names in the base folder as they are spelled, so that a
// file system which ignores case gives the same answer as one which does not.
func list(fsys fs.FS) (listing, error) {
	var l listing
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return l, fmt.Errorf("listing the bag: %w", err)
	}
	var declared, payload bool
	for _, e := range entries {
		name := e.Name()
		if name == PayloadFolder {
			if !e.IsDir() {
				return l, &SyntaxError{File: name, Found: tree.Kind(e.Type()), Wanted: "a folder"}
			}
			payload = true
		}
		if !isTagName(name) {
			continue
		}
		if !e.Type().IsRegular() {
			return l, &SyntaxError{File: name, Found: tree.Kind(e.Type()), Wanted: "a regular file"}
		}
		switch name {
		case DeclarationName:
			declared = true
		case InfoName:
			l.info = true
		case FetchName:
			l.fetch = true
		default:
			m, err := ParseManifestName(name)
			if err != nil {
				return l, err
			}
			l.manifests = append(l.manifests, m)
		}
	}
	slices.SortFunc(l.manifests, func(a, b Manifest) int { return strings.Compare(a.Name(), b.Name()) })
	switch {
	case !declared:
		return l, &SyntaxError{File: DeclarationName, Found: "no such file", Wanted: "the bag declaration"}
	case !payload:
		return l, &SyntaxError{File: PayloadFolder, Found: "no such folder", Wanted: "the payload folder"}
	case len(l.manifests) == 0 || l.manifests[0].Tag:
		return l, &SyntaxError{File: "manifest-ALGORITHM.txt", Found: "no such file", Wanted: "at least one payload manifest"}
	}
	return l, nil
}

// isTagName reports whether this package reads a file of that name.
func isTagName(name string) bool {
	switch name {
	case DeclarationName, InfoName, FetchName:
		return true
	}
	return isManifestName(name)
}

// withFile calls f with the open file. Errors of f come back as they are.
func withFile(fsys fs.FS, name string, f func(io.Reader) error) error {
	file, err := fsys.Open(name)
	if err != nil {
		return fmt.Errorf("opening a tag file: %w", err)
	}
	defer file.Close()
	return f(file)
}
