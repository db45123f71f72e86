package msi

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Limits of the paths that Files builds.
const (
	maxDirDepth = 64
	maxPath     = 400 // characters; Windows Installer itself installs up to 260
)

// dirRow is a row of the table Directory.
type dirRow struct{ parent, name string }

// A dirTree finds the paths of directories.
type dirTree struct {
	rows  map[string]dirRow
	known map[string]place
}

// A place is a directory on disk: a path below a root.
type place struct{ root, path string }

// directories reads the table Directory.
func (d *Database) directories() (*dirTree, error) {
	t, err := d.table("Directory", "Directory", "Directory_Parent", "DefaultDir")
	if err != nil {
		return nil, err
	}
	tree := &dirTree{rows: make(map[string]dirRow, t.rows), known: make(map[string]place)}
	for row := range t.rows {
		key := t.text(row, 0)
		if _, ok := tree.rows[key]; ok && t.err == nil {
			return nil, malformed("the table Directory has the row %q twice", key)
		}
		// The value is "target:source": where the files go, and where they are in an uncompressed source.
		target, _, _ := strings.Cut(t.text(row, 2), ":")
		tree.rows[key] = dirRow{t.text(row, 1), target}
	}
	return tree, t.err
}

// join returns the path of a file in a directory, and the root that it is below.
func (tree *dirTree) join(dir, name string) (root, path string, err error) {
	at, err := tree.place(dir, maxDirDepth)
	if err != nil {
		return "", "", err
	}
	if path = at.below(name); utf8.RuneCountInString(path) > maxPath {
		return "", "", fmt.Errorf("its path has more than %d characters", maxPath)
	}
	return at.root, path, nil
}

// place finds a directory; at most depth directories are in one another.
func (tree *dirTree) place(key string, depth int) (place, error) {
	if at, ok := tree.known[key]; ok {
		return at, nil
	}
	row, ok := tree.rows[key]
	switch {
	case !ok:
		return place{}, fmt.Errorf("the directory %q does not exist", key)
	case depth == 0:
		return place{}, fmt.Errorf("the directory %q contains itself, or is below more than %d others", key, maxDirDepth)
	case row.parent == "" || row.parent == key || systemFolder(key):
		return place{root: key}, nil
	}
	at, err := tree.place(row.parent, depth-1)
	if err != nil {
		return place{}, err
	}
	if row.name != "." { // which is the parent itself
		name, err := longName(row.name)
		if err != nil {
			return place{}, fmt.Errorf("the directory %q: %w", key, err)
		}
		at.path = at.below(name)
	}
	if utf8.RuneCountInString(at.path) > maxPath {
		return place{}, fmt.Errorf("the path of the directory %q has more than %d characters", key, maxPath)
	}
	tree.known[key] = at
	return at, nil
}

func (p place) below(name string) string { return strings.TrimPrefix(p.path+"/"+name, "/") }

// systemFolder reports whether Windows Installer sets a directory itself,
// whatever the table says.
// Source: https://learn.microsoft.com/windows/win32/msi/property-reference#system-folder-properties
func systemFolder(key string) bool {
	switch key {
	case "AdminToolsFolder", "AppDataFolder", "CommonAppDataFolder", "CommonFiles64Folder", "CommonFilesFolder", "DesktopFolder",
		"FavoritesFolder", "FontsFolder", "LocalAppDataFolder", "MyPicturesFolder", "NetHoodFolder", "PersonalFolder",
		"PrintHoodFolder", "ProgramFiles64Folder", "ProgramFilesFolder", "ProgramMenuFolder", "RecentFolder", "SendToFolder",
		"StartMenuFolder", "StartupFolder", "System16Folder", "System64Folder", "SystemFolder", "TempFolder", "TemplateFolder",
		"WindowsFolder", "WindowsVolume":
		return true
	}
	return false
}
