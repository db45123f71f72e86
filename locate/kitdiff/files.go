// Package kitdiff compares two USMT folders: their files, and what they migrate.
//
// It compares what is there; it does not judge it. A file that is neither a program nor a text of
// package migration is compared by its content only.
package kitdiff

import (
	"cmp"
	"path"
	"slices"
	"strings"
)

// A File is what is known of a file of a kit.
type File struct {
	Path        string `json:"path"`
	Size        int64  `json:"size"`
	SHA256      string `json:"sha256,omitempty"`
	FileVersion string `json:"file_version,omitempty"`
	Machine     string `json:"machine,omitempty"`   // that a program is for, in the words of the arch folders
	Signature   string `json:"signature,omitempty"` // what the signature of a program came to
	Signer      string `json:"signer,omitempty"`    // of a valid signature

	Unknown bool `json:"-"` // only that the kit has the file is known
}

// Files are the files of a kit, by path.
type Files map[string]File

// A ChangeKind says how something differs.
type ChangeKind string

// The ways in which a file or a component differs.
const (
	Added   ChangeKind = "added"
	Removed ChangeKind = "removed"
	Changed ChangeKind = "changed" // another content
	Renamed ChangeKind = "renamed" // of files: the same content; the path differs in case
)

// A FileChange is one file that differs. Before is nil for one that was added, After for one that
// was removed.
type FileChange struct {
	Path   string     `json:"path"`
	Change ChangeKind `json:"change"`
	Before *File      `json:"before,omitempty"`
	After  *File      `json:"after,omitempty"`
}

// CompareFiles returns the files that differ, sorted by path, and how many are in both and could not be
// compared. Where a sum is not known, sizes are compared.
func CompareFiles(before, after Files) (changes []FileChange, unknown int) {
	left := make(map[string][]File) // of before, by upper-case path: for Windows that is one name
	for p, b := range before {
		if _, same := after[p]; !same {
			left[strings.ToUpper(p)] = append(left[strings.ToUpper(p)], b)
		}
	}
	for p, a := range after {
		b, found := before[p]
		if key := strings.ToUpper(p); !found && len(left[key]) > 0 {
			b, left[key], found = left[key][0], left[key][1:], true
		}
		switch {
		case !found:
			changes = append(changes, FileChange{Path: p, Change: Added, After: &a})
		case b.Unknown || a.Unknown:
			unknown++
		default:
			changes = append(changes, pair(b, a)...)
		}
	}
	for _, files := range left {
		for _, b := range files {
			changes = append(changes, FileChange{Path: b.Path, Change: Removed, Before: &b})
		}
	}
	slices.SortFunc(changes, func(a, b FileChange) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), cmp.Compare(a.Change, b.Change))
	})
	return changes, unknown
}

// pair compares the two states of one file.
func pair(b, a File) []FileChange {
	differs := b.Size != a.Size
	if b.SHA256 != "" && a.SHA256 != "" {
		differs = b.SHA256 != a.SHA256
	}
	switch {
	case differs:
		return []FileChange{{Path: a.Path, Change: Changed, Before: &b, After: &a}}
	case b.Path != a.Path:
		return []FileChange{{Path: a.Path, Change: Renamed, Before: &b, After: &a}}
	}
	return nil
}

// Counts are how many files differ.
type Counts struct {
	Added   int `json:"added"`
	Removed int `json:"removed"`
	Changed int `json:"changed"` // renamed ones as well
}

// Add counts one that differs.
func (c *Counts) Add(k ChangeKind) {
	switch k {
	case Added:
		c.Added++
	case Removed:
		c.Removed++
	case Changed, Renamed:
		c.Changed++
	}
}

// Sum is how many differ.
func (c Counts) Sum() int { return c.Added + c.Removed + c.Changed }

// ArchChanges counts the files of one arch folder that differ.
type ArchChanges struct {
	Arch string `json:"arch"`
	Counts
}

// ByArch counts the files that differ in each arch folder that has any.
func ByArch(changes []FileChange) []ArchChanges {
	list := []ArchChanges{}
	count(changes, func(p string) string {
		top, _, _ := strings.Cut(p, "/")
		return strings.ToLower(top)
	}, func(arch string, c Counts) { list = append(list, ArchChanges{arch, c}) })
	return list
}

// FolderChanges counts the files that differ directly in one folder.
type FolderChanges struct {
	Folder string `json:"folder"`
	Counts
}

// ByFolder counts the files that differ directly in each folder.
func ByFolder(changes []FileChange) []FolderChanges {
	list := []FolderChanges{}
	count(changes, path.Dir, func(folder string, c Counts) { list = append(list, FolderChanges{folder, c}) })
	return list
}

// count counts changes by a part of their path, in the order of the parts.
func count(changes []FileChange, part func(path string) string, add func(part string, c Counts)) {
	counts := map[string]*Counts{}
	var parts []string
	for _, f := range changes {
		key := part(f.Path)
		if counts[key] == nil {
			counts[key] = new(Counts)
			parts = append(parts, key)
		}
		counts[key].Add(f.Change)
	}
	slices.Sort(parts)
	for _, key := range parts {
		add(key, *counts[key])
	}
}

// A ProgramChange is a program or DLL that has another file version.
type ProgramChange struct {
	Path   string `json:"path"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// Programs returns the programs whose file version differs.
func Programs(changes []FileChange) []ProgramChange {
	list := []ProgramChange{}
	for _, f := range changes {
		if b, a := f.Before, f.After; b != nil && a != nil && b.FileVersion != "" && a.FileVersion != "" && b.FileVersion != a.FileVersion {
			list = append(list, ProgramChange{f.Path, b.FileVersion, a.FileVersion})
		}
	}
	return list
}
