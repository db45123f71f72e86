package msi

import (
	"crypto/md5"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode"
)

// A File is one that the package installs.
type File struct {
	Key string // of its row, which is its name in the cabinet
	// Root is the directory property that Path is below, such as
	// "ProgramFilesFolder", or "TARGETDIR": where it is, Windows Installer decides.
	Root     string
	Path     string // the long names, slash-separated
	Size     int64  // in bytes
	Version  string // "" for a file without one
	MD5      []byte // of a file without a version; nil where the package has none
	Sequence int    // its place in the cabinets
}

// USMT returns the arch folder that a file of USMT is in and its path below
// that; ok reports whether the file is in such a folder.
func (f File) USMT() (arch, path string, ok bool) {
	parts := strings.Split(f.Path, "/")
	for i := len(parts) - 3; i >= 0; i-- {
		if strings.EqualFold(parts[i], "User State Migration Tool") {
			return parts[i+1], strings.Join(parts[i+2:], "/"), true
		}
	}
	return "", "", false
}

// Files returns the files that the package installs, in the order of its table.
func (d *Database) Files() ([]File, error) {
	t, err := d.table("File", "File", "Component_", "FileName", "FileSize", "Version", "Sequence")
	if err != nil {
		return nil, err
	}
	if t.rows > maxFiles {
		return nil, malformed("the package has %d files; up to %d are read", t.rows, maxFiles)
	}
	keys := make(map[string]bool, t.rows)
	for row := range t.rows {
		key := t.text(row, 0)
		if keys[key] && t.err == nil {
			return nil, malformed("the table File has the row %q twice", key)
		}
		keys[key] = true
	}
	l, err := d.layout()
	if err != nil {
		return nil, err
	}
	files := make([]File, t.rows)
	for row := range files {
		key, component := t.text(row, 0), t.text(row, 1)
		f := File{Key: key, Size: int64(t.number(row, 3)), Version: t.text(row, 4), MD5: l.hashes[key], Sequence: int(t.number(row, 5))}
		name := t.text(row, 2)
		if t.err != nil {
			return nil, t.err
		}
		if keys[f.Version] { // the file that this one is a companion of
			f.Version = ""
		}
		if f.Root, f.Path, err = l.path(component, name); err != nil {
			return nil, malformed("the file %q: %v", key, err)
		}
		if f.Size < 0 {
			return nil, malformed("the file %q has the size %d", key, f.Size)
		}
		files[row] = f
	}
	return files, nil
}

// A layout is what other tables say about the rows of File.
type layout struct {
	dirs   map[string]string // of components
	tree   *dirTree
	hashes map[string][]byte // of files
}

func (d *Database) layout() (l layout, err error) {
	if l.dirs, err = d.componentDirs(); err != nil {
		return l, err
	}
	if l.tree, err = d.directories(); err != nil {
		return l, err
	}
	l.hashes, err = d.fileHashes()
	return l, err
}

// path returns where a file of a component is, by its value of FileName.
func (l layout) path(component, fileName string) (root, path string, err error) {
	dir, ok := l.dirs[component]
	if !ok {
		return "", "", fmt.Errorf("its component %q does not exist", component)
	}
	name, err := longName(fileName)
	if err != nil {
		return "", "", err
	}
	return l.tree.join(dir, name)
}

// maxFiles is how many files of a package are read. A package of the ADK installs 1,563.
const maxFiles = 32 << 10

// componentDirs returns the directory of each component.
func (d *Database) componentDirs() (map[string]string, error) {
	t, err := d.table("Component", "Component", "Directory_")
	if err != nil {
		return nil, err
	}
	dirs := make(map[string]string, t.rows)
	for row := range t.rows {
		key := t.text(row, 0)
		if _, ok := dirs[key]; ok && t.err == nil {
			return nil, malformed("the table Component has the row %q twice", key)
		}
		dirs[key] = t.text(row, 1)
	}
	return dirs, t.err
}

// fileHashes returns the MD5 of each file that has one, by the key of the file.
func (d *Database) fileHashes() (map[string][]byte, error) {
	t, err := d.table("MsiFileHash", "File_", "Options", "HashPart1", "HashPart2", "HashPart3", "HashPart4")
	if err != nil {
		return nil, err
	}
	hashes := make(map[string][]byte, t.rows)
	for row := range t.rows {
		key := t.text(row, 0)
		if _, ok := hashes[key]; ok && t.err == nil {
			return nil, malformed("the table MsiFileHash has the row %q twice", key)
		}
		if o := t.number(row, 1); o != 0 && t.err == nil {
			return nil, malformed("the hash of the file %q has the options %d, which are not known", key, o)
		}
		sum := make([]byte, 0, md5.Size)
		for col := 2; col < 6; col++ {
			sum = binary.LittleEndian.AppendUint32(sum, uint32(t.number(row, col)))
		}
		hashes[key] = sum
	}
	return hashes, t.err
}

// longName returns the name that a value of the kind "short|long" gives a file
// or directory on disk.
func longName(value string) (string, error) {
	name := value
	if _, long, ok := strings.Cut(value, "|"); ok {
		name = long
	}
	bad := func(r rune) bool { return strings.ContainsRune(`\/:*?"<>|`, r) || unicode.IsControl(r) }
	switch {
	case name == "" || name == "." || name == ".." || strings.ContainsFunc(name, bad):
		return "", fmt.Errorf("%q is not a plain name", value)
	case strings.HasSuffix(name, ".") || strings.HasSuffix(name, " "):
		return "", fmt.Errorf("%q ends with a dot or a space, which Windows would drop", value)
	}
	return name, nil
}

// A Cabinet is an archive with files of the package.
type Cabinet struct {
	Name     string
	Embedded bool // Name is a stream of the database, not a file beside it
	Last     int  // the highest Sequence of the files in it
}

// Cabinets returns the cabinets of the package, in the order of its table.
func (d *Database) Cabinets() ([]Cabinet, error) {
	t, err := d.table("Media", "LastSequence", "Cabinet")
	if err != nil {
		return nil, err
	}
	var list []Cabinet
	for row := range t.rows {
		name, embedded := strings.CutPrefix(t.text(row, 1), "#")
		if name == "" {
			continue
		}
		plain, err := longName(name)
		if t.err == nil && (err != nil || plain != name) {
			return nil, malformed("the cabinet %q is not a plain name", name)
		}
		list = append(list, Cabinet{name, embedded, int(t.number(row, 0))})
	}
	return list, t.err
}

// Property returns a property of the package, such as ProductVersion, or "".
func (d *Database) Property(name string) (string, error) {
	t, err := d.table("Property", "Property", "Value")
	if err != nil {
		return "", err
	}
	for row := range t.rows {
		if t.text(row, 0) == name {
			return t.text(row, 1), t.err
		}
	}
	return "", t.err
}
