// Package layout unpacks what the installers in an offline ADK layout
// (adksetup /layout) install, on any system.
//
// Rules of Open, Extract and Unpack:
//   - The input is not trusted. A fault of the layout is a [*FaultError],
//     [*MissingError], [*cab.FormatError] or [*msi.FormatError], which names the
//     file. Any other error is a failed read or comes from the caller.
//   - Paths are those of package msi: plain names, below a root, which is an
//     identifier. No two files have paths that are the same to Windows, and a
//     folder has one spelling.
//   - A file has the size that its package says, and the MD5 where the package
//     has one. Files with a version have none: the caller checks their
//     signatures. What is unpacked comes to 4 GiB at most.
//   - Cabinets are read as they are found, one folder at a time: memory does not
//     depend on what is packed in them.
//
// Signatures of packages and cabinets are not checked here (see [cab.CheckSignature]), conditions of
// components are not evaluated, and patches (.msp) are not applied.
package layout

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"usmtpkg/locate/cab"
	"usmtpkg/locate/msi"
	"usmtpkg/locate/tree"
	"usmtpkg/locate/winname"
)

// maxTotal is how many bytes are unpacked. USMT has 0.2 GB, the largest installer of an ADK 1.5 GB.
const maxTotal = 4 << 30

// FaultError says what is wrong with a layout.
type FaultError struct{ Text string }

func (e *FaultError) Error() string { return e.Text }

func fault(format string, args ...any) error { return &FaultError{fmt.Sprintf(format, args...)} }

// A Cabinet is one that a package has its files in.
type Cabinet struct {
	Package string
	Name    string
}

// MissingError says that cabinets are missing: all of them.
type MissingError struct{ Cabinets []Cabinet }

func (e *MissingError) Error() string {
	var names []string
	for i, c := range e.Cabinets {
		if i == 0 || c.Package != e.Cabinets[i-1].Package {
			names = append(names, c.Package+" needs "+c.Name)
		} else {
			names[len(names)-1] += ", " + c.Name
		}
	}
	if len(e.Cabinets) == 1 {
		return "a cabinet is missing: " + names[0]
	}
	return fmt.Sprintf("%d cabinets are missing: %s", len(e.Cabinets), strings.Join(names, "; "))
}

// A Layout is packages and the cabinets beside them.
type Layout struct {
	Files   []File    // that the packages install, by their paths
	Missing []Cabinet // that are not there

	dir      fs.FS
	names    map[string]string // of the files in dir, by what they are to Windows
	packages []*installer
}

// A File is one that a package of the layout installs.
type File struct {
	msi.File
	Package string
}

// An installer is an open package.
type installer struct {
	name     string
	file     fs.File
	db       *msi.Database
	cabinets []msi.Cabinet
	files    map[string]File // by their keys
}

// Open reads the named packages in dir, which is the folder Installers of a
// layout. Close the Layout after use.
func Open(dir fs.FS, packages ...string) (*Layout, error) {
	l := &Layout{dir: dir, names: map[string]string{}}
	entries, err := fs.ReadDir(dir, ".")
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		l.names[winname.Fold(e.Name())] = e.Name()
	}
	for _, name := range packages {
		p, err := l.openPackage(name)
		if err != nil {
			return nil, errors.Join(err, l.Close())
		}
		l.packages = append(l.packages, p)
	}
	l.spell()
	if err := l.sort(); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// Close closes the packages.
func (l *Layout) Close() error {
	var errs []error
	for _, p := range l.packages {
		errs = append(errs, p.file.Close())
	}
	return errors.Join(errs...)
}

// openPackage opens a package and reads what it installs.
func (l *Layout) openPackage(name string) (*installer, error) {
	file, r, size, err := l.open(name)
	if err != nil {
		return nil, err
	}
	p := &installer{name: name, file: file, files: map[string]File{}}
	if err := p.read(r, size); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", name, err), file.Close())
	}
	for _, c := range p.cabinets {
		if !l.has(p, c) {
			l.Missing = append(l.Missing, Cabinet{name, c.Name})
		}
	}
	return p, nil
}

func (p *installer) read(r io.ReaderAt, size int64) (err error) {
	if p.db, err = msi.Open(r, size); err != nil {
		return err
	}
	list, err := p.db.Files()
	if err != nil {
		return err
	}
	for _, f := range list {
		p.files[f.Key] = File{f, p.name}
	}
	p.cabinets, err = p.db.Cabinets()
	return err
}

// Cabinets returns the names of the cabinets in the folder that the packages have their files in, sorted.
func (l *Layout) Cabinets() []string {
	var names []string
	for _, p := range l.packages {
		for _, c := range p.cabinets {
			if name, ok := l.names[winname.Fold(c.Name)]; ok && !c.Embedded {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// open opens a file of the layout, whatever the case of its name is.
func (l *Layout) open(name string) (fs.File, io.ReaderAt, int64, error) {
	if found, ok := l.names[winname.Fold(name)]; ok {
		name = found
	}
	file, err := l.dir.Open(name)
	if err != nil {
		return nil, nil, 0, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fault("%s is not a file", name)
	}
	var r io.ReaderAt
	if err == nil {
		r, err = tree.ReaderAt(file)
	}
	if err != nil {
		return nil, nil, 0, errors.Join(err, file.Close())
	}
	return file, r, info.Size(), nil
}

// has reports whether a cabinet of a package is there.
func (l *Layout) has(p *installer, c msi.Cabinet) bool {
	if !c.Embedded {
		_, ok := l.names[winname.Fold(c.Name)]
		return ok
	}
	_, _, err := p.db.Stream(c.Name)
	return !errors.Is(err, fs.ErrNotExist)
}

// spell lists the files, and gives each folder one spelling: packages may spell
// it differently, which is two folders on Linux.
func (l *Layout) spell() {
	folders := map[string]string{".": ""} // by what they are to Windows, with a slash at the end
	var folder func(dir string) string
	folder = func(dir string) string {
		key := winname.Fold(dir)
		if _, ok := folders[key]; !ok {
			folders[key] = folder(path.Dir(dir)) + path.Base(dir) + "/"
		}
		return folders[key]
	}
	for _, p := range l.packages {
		for _, key := range slices.Sorted(maps.Keys(p.files)) {
			f := p.files[key]
			f.Path = folder(path.Dir(f.Path)) + path.Base(f.Path)
			p.files[key] = f
			l.Files = append(l.Files, f)
		}
	}
}

// sort puts the files in order and checks that they can be written side by side.
func (l *Layout) sort() error {
	place := func(f File) string { return winname.Fold(f.Place()) }
	slices.SortFunc(l.Files, func(a, b File) int { return cmp.Or(cmp.Compare(place(a), place(b)), cmp.Compare(a.Package, b.Package)) })
	total := int64(0)
	for i, f := range l.Files {
		if !isIdentifier(f.Root) {
			return fault("%s: %s is below the directory %q, which is not an identifier", f.Package, f.Path, f.Root)
		}
		if total += f.Size; total > maxTotal {
			return fault("the files of the packages have more than %d bytes together", int64(maxTotal))
		}
		if i > 0 && place(f) == place(l.Files[i-1]) {
			return fault("%s and %s both install %s", l.Files[i-1].Package, f.Package, f.Path)
		}
	}
	return nil
}

// Place returns where Unpack puts the file.
func (f File) Place() string { return f.Root + "/" + f.Path }

// isIdentifier reports whether s is one, as keys of the table Directory have to be.
// Source: https://learn.microsoft.com/windows/win32/msi/identifier
func isIdentifier(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c == '_':
		case i > 0 && (c >= '0' && c <= '9' || c == '.'):
		default:
			return false
		}
	}
	return s != "" && s[len(s)-1] != '.'
}

// cabinet opens a cabinet of a package. Close the file, unless it is nil.
func (l *Layout) cabinet(p *installer, c msi.Cabinet) (*cab.Cabinet, fs.File, error) {
	if c.Embedded {
		r, size, err := p.db.Stream(c.Name)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", p.name, err)
		}
		open, err := cab.Open(p.name+", "+c.Name, r, size)
		return open, nil, err
	}
	file, r, size, err := l.open(c.Name)
	if err != nil {
		return nil, nil, err
	}
	open, err := cab.Open(c.Name, r, size)
	if err != nil {
		return nil, nil, errors.Join(err, file.Close())
	}
	return open, file, nil
}
