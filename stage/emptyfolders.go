package stage

import (
	"path"
	"slices"
	"strings"
)

// foldersOf returns the folders that files are in, up to ".".
func foldersOf[T any](files []T, pathOf func(T) string) map[string]bool {
	folders := map[string]bool{".": true}
	last := "."
	for _, f := range files {
		d := path.Dir(pathOf(f))
		if d == last { // as of nearly all in a sorted list
			continue
		}
		for last = d; !folders[d]; d = path.Dir(d) {
			folders[d] = true
		}
	}
	return folders
}

// lower returns a set of names in lower case.
func lower(names map[string]bool) map[string]bool {
	set := make(map[string]bool, len(names))
	for name := range names {
		set[strings.ToLower(name)] = true
	}
	return set
}

// emptyFolders returns the results for folders with no file in them that should not
// be there: known has those that should, in lower case. Of folders in one
// another the uppermost is named. Other folders are reported by what is in them.
func emptyFolders(t Tree, odd map[string]string, known map[string]bool) (results []FileResult) {
	used := foldersOf(t.Files, func(f File) string { return f.Path })
	for p := range odd {
		for d := path.Dir(p); !used[d]; d = path.Dir(d) {
			used[d] = true
		}
	}
	empty := map[string]bool{}
	for _, d := range slices.Sorted(slices.Values(t.Dirs)) {
		if used[d] || known[strings.ToLower(d)] {
			continue
		}
		if empty[d] = true; !empty[path.Dir(d)] {
			results = append(results, FileResult{Path: d, Verdict: Extra, Found: "empty folder"})
		}
	}
	return results
}
