package contentlib

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"usmtpkg/locate/tree"
	"usmtpkg/locate/winname"
)

// The folders of a content library.
const (
	libraryDir = "SCCMContentLib"
	pkgLib     = "PkgLib"
	dataLib    = "DataLib"
	fileLib    = "FileLib"
)

// ErrNotThere says that the library does not have the package or content asked for.
var ErrNotThere = errors.New("not in the content library")

// A LibraryError says that a folder cannot be used as a content library.
type LibraryError struct {
	Dir string
	Err error
}

func (e *LibraryError) Error() string {
	reason := e.Err.Error()
	if path, ok := errors.AsType[*fs.PathError](e.Err); ok && errors.Is(e.Err, fs.ErrNotExist) {
		reason = "it has no folder " + path.Path
		if path.Path == e.Dir {
			reason = "there is no such folder"
		}
	}
	return "opening the content library " + e.Dir + ": " + reason
}
func (e *LibraryError) Unwrap() error { return e.Err }

// A Library is a content library, open for reading. Its methods may be called from several
// goroutines.
type Library struct {
	dirs   []string   // the folders SCCMContentLib, one a drive
	drives []*os.Root // the first holds PkgLib and DataLib, each may hold a FileLib
	pkg    string     // the folders as they are spelled on the first drive
	data   string
	files  []string // FileLib as it is spelled on each drive; empty: it has none
}

// Open opens a content library. Each of dirs is the folder SCCMContentLib on one drive, or
// the folder that holds it; it may be a local folder, a UNC path or a mounted share. The
// first is that of the drive with PkgLib and DataLib, the others have only a FileLib.
func Open(dirs ...string) (_ *Library, err error) {
	l := &Library{}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.Close())
		}
	}()
	if len(dirs) == 0 {
		return nil, errors.New("opening a content library: found no folder, wanted at least one")
	}
	for i, dir := range dirs {
		root, own, err := openDrive(dir)
		if err != nil {
			return nil, &LibraryError{dir, err}
		}
		l.drives, l.dirs = append(l.drives, root), append(l.dirs, own)
		files, err := folderIn(root, fileLib)
		if err != nil && (i > 0 || !errors.Is(err, fs.ErrNotExist)) {
			return nil, &LibraryError{dir, err}
		}
		l.files = append(l.files, files)
	}
	if l.pkg, err = folderIn(l.drives[0], pkgLib); err == nil {
		l.data, err = folderIn(l.drives[0], dataLib)
	}
	if err != nil {
		return nil, &LibraryError{dirs[0], err}
	}
	if slices.Max(l.files) == "" {
		return nil, &LibraryError{dirs[0], fmt.Errorf("found no %s, wanted one on at least one drive", fileLib)}
	}
	return l, nil
}

// openDrive opens dir, or the content library in it, and returns which.
func openDrive(dir string) (*os.Root, string, error) {
	root, err := tree.OpenRoot(dir)
	if err != nil {
		return nil, "", err
	}
	if _, err := folderIn(root, fileLib); err == nil {
		return root, dir, nil
	}
	name, err := folderIn(root, libraryDir)
	if err != nil {
		return root, dir, nil //nolint:nilerr // it is a content library, or found to be none by its folders
	}
	inner, err := tree.Sub(root, name)
	if err := errors.Join(err, root.Close()); err != nil {
		return nil, "", err
	}
	return inner, filepath.Join(dir, name), nil
}

// IsFurtherDrive reports whether a folder is of a drive of a content library other than the first: it has no
// PkgLib.
func IsFurtherDrive(dir string) (bool, error) {
	root, _, err := openDrive(dir)
	if err != nil {
		return false, err
	}
	defer root.Close() //nolint:errcheck // only read
	if _, err := folderIn(root, fileLib); err != nil {
		return false, err
	}
	_, err = folderIn(root, pkgLib)
	return errors.Is(err, fs.ErrNotExist), nil
}

// Dirs lists the folders SCCMContentLib of the library, one a drive.
func (l *Library) Dirs() []string { return slices.Clone(l.dirs) }

// Close closes the library.
func (l *Library) Close() error {
	var errs []error
	for _, d := range l.drives {
		errs = append(errs, d.Close())
	}
	return errors.Join(errs...)
}

// folderIn finds a folder in the root, in any case.
func folderIn(root *os.Root, name string) (string, error) {
	found, info, err := entryIn(root, ".", name)
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("found %s as a file, wanted a folder", name)
	}
	return found, err
}

// entryIn finds an entry of a folder by a name, or one that differs in case alone.
func entryIn(root *os.Root, dir, name string) (string, fs.FileInfo, error) {
	p := path.Join(dir, name)
	info, err := root.Lstat(p)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return p, info, err
	}
	entries, listErr := fs.ReadDir(root.FS(), dir)
	if listErr != nil {
		return "", nil, listErr
	}
	for _, e := range entries {
		if winname.Same(e.Name(), name) {
			p = path.Join(dir, e.Name())
			info, err = root.Lstat(p)
			return p, info, err
		}
	}
	return "", nil, err
}

// readINI reads an INI file of the first drive; p is its path there.
func (l *Library) readINI(p string) (ini, error) {
	f, err := tree.OpenIn(l.drives[0], p, math.MaxInt64) // parseINI has the limit
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read
	return parseINI(p, f)
}

// A Package says what the library knows of a package.
type Package struct {
	ID       string
	Version  int      // the source version; 0 where the library does not tell
	Contents []string // content ids, sorted; the earlier version of a package may still be among them

	// Current is the content id of the version that is distributed: that of Version, or the
	// only one there is. It is empty if that is not known.
	Current string
}

var (
	// A package id is the site code and five hex digits (seen: P0100012).
	packageID = regexp.MustCompile(`^[0-9A-Za-z]{3}[0-9A-Fa-f]{5}$`)

	// A content id is <package id>.<version>, or Content_<guid>.<version> of an application (seen).
	contentID = regexp.MustCompile(`^[0-9A-Za-z_{}-]{1,100}(\.[0-9]{1,10})?$`)
)

// CheckPackageID returns an error if id is not a package id.
func CheckPackageID(id string) error {
	if !packageID.MatchString(id) {
		return fmt.Errorf("found package id %q, wanted a site code and five hex digits, such as P0100012", id)
	}
	return nil
}

// Package reads what the library says of a package. One that is not there is ErrNotThere.
func (l *Library) Package(id string) (Package, error) {
	if err := CheckPackageID(id); err != nil {
		return Package{}, err
	}
	name, _, err := entryIn(l.drives[0], l.pkg, id+".INI")
	if errors.Is(err, fs.ErrNotExist) {
		return Package{}, fmt.Errorf("package %s: %w", id, ErrNotThere)
	}
	if err != nil {
		return Package{}, err
	}
	text, err := l.readINI(name)
	if err != nil {
		return Package{}, err
	}
	p := Package{ID: id}
	for _, c := range slices.Sorted(maps.Keys(text["packages"])) {
		if !contentID.MatchString(c) {
			return Package{}, &FormatError{File: name, Found: fmt.Sprintf("content id %.120q", c), Wanted: "one such as " + id + ".1"}
		}
		p.Contents = append(p.Contents, strings.ToUpper(c))
	}
	if v, ok := text["info"]["version"]; ok {
		p.Version, err = strconv.Atoi(v)
		if err != nil || p.Version <= 0 {
			return Package{}, &FormatError{File: name, Found: fmt.Sprintf("Version=%.80q", v), Wanted: "a number"}
		}
		p.Current = strings.ToUpper(id) + "." + strconv.Itoa(p.Version)
		if !slices.Contains(p.Contents, p.Current) {
			return Package{}, &FormatError{File: name, Found: fmt.Sprintf("Version=%d without its content", p.Version), Wanted: p.Current + " among " + strings.Join(p.Contents, ", ")}
		}
	} else if len(p.Contents) == 1 {
		p.Current = p.Contents[0]
	}
	if len(p.Contents) == 0 {
		return Package{}, &FormatError{File: name, Found: "no content id", Wanted: "at least one in [Packages]"}
	}
	return p, nil
}

// ContentOf returns the content id of a source version of the package: that of the version that is
// distributed for 0. One that is not listed, or not known, is ErrNotThere.
func (p Package) ContentOf(version int) (string, error) {
	id := p.Current
	if version != 0 {
		id = strings.ToUpper(p.ID) + "." + strconv.Itoa(version)
	}
	switch {
	case id == "":
		return "", fmt.Errorf("package %s: found no version that is distributed among %s: %w", p.ID, strings.Join(p.Contents, ", "), ErrNotThere)
	case !slices.Contains(p.Contents, id):
		return "", fmt.Errorf("package %s: found %s, wanted %s: %w", p.ID, strings.Join(p.Contents, ", "), id, ErrNotThere)
	}
	return id, nil
}
