package stage

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// contentLibrary is the folder name of ConfigMgr's own content library, and
// the names below it that only the site writes.
// Source: https://learn.microsoft.com/mem/configmgr/core/plan-design/hierarchy/the-content-library
const contentLibrary = "SCCMContentLib"

// refuseTarget refuses folders that can never be a library: dir is absolute
// and clean, protected lists folders of this machine (home, Windows).
func refuseTarget(dir string, protected []string) error {
	if fault := targetFault(dir); fault != "" {
		return &RefusedError{Path: dir, Reason: fault}
	}
	if filepath.Dir(dir) == dir || filepath.VolumeName(dir) == strings.TrimRight(dir, `\/`) {
		return &RefusedError{Path: dir, Reason: "it is the root of a volume or share; choose a folder below it"}
	}
	resolved := resolve(dir)
	for _, p := range []string{dir, resolved} {
		for part := range strings.FieldsFuncSeq(p, func(r rune) bool { return r == '/' || r == '\\' }) {
			// Its shares are SCCMContentLib$ and, on further drives, SCCMContentLibD$ and so on.
			name := strings.ToLower(part)
			if name == strings.ToLower(contentLibrary) || strings.HasPrefix(name, strings.ToLower(contentLibrary)) && strings.HasSuffix(name, "$") {
				return &RefusedError{Path: dir, Reason: "it is in ConfigMgr's content library, which only the site may write; choose a folder for package sources"}
			}
		}
	}
	if isContentLibrary(dir) {
		return &RefusedError{Path: dir, Reason: "it is ConfigMgr's content library (it contains two of PkgLib, DataLib and FileLib), which only the site may write; choose a folder for package sources"}
	}
	for p := filepath.Dir(resolved); filepath.Dir(p) != p; p = filepath.Dir(p) {
		if _, err := os.Lstat(filepath.Join(p, markerFile)); err == nil {
			return &RefusedError{Path: dir, Reason: "it is in the library " + p}
		}
		if isContentLibrary(p) {
			return &RefusedError{Path: dir, Reason: "it is in ConfigMgr's content library " + p + ", which only the site may write"}
		}
	}
	for _, p := range protected {
		if p != "" && sameFolder(p, dir) {
			return &RefusedError{Path: dir, Reason: "it is a system or home folder; choose a dedicated folder"}
		}
	}
	return nil
}

// isContentLibrary recognizes a content library under any name: that of a site's first drive,
// and that of a further drive, which has no PkgLib. A server's share may be mounted where case
// counts, so names are compared without it.
func isContentLibrary(dir string) bool {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return false
	}
	found := map[string]bool{}
	for _, e := range entries {
		switch name := strings.ToLower(e.Name()); name {
		case "pkglib", "datalib", "filelib":
			if info, err := os.Stat(filepath.Join(dir, e.Name())); err == nil && info.IsDir() {
				found[name] = true
			}
		}
	}
	return len(found) > 1
}

// resolve follows the links in the part of dir that exists.
func resolve(dir string) string {
	rest := ""
	for p := dir; ; p = filepath.Dir(p) {
		if found, err := filepath.EvalSymlinks(p); err == nil {
			return filepath.Join(found, rest)
		}
		if filepath.Dir(p) == p {
			return dir
		}
		rest = filepath.Join(filepath.Base(p), rest)
	}
}

// sameFolder compares two folders by identity, so that case, links, mapped
// drives and short names do not matter.
func sameFolder(a, b string) bool {
	x, err1 := os.Stat(a)
	y, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(x, y)
}

// refuseOverlap refuses a source that is the library, holds it, or lies in it.
func refuseOverlap(dir, source string) error {
	if source == "" {
		return nil
	}
	if within(resolve(dir), source) || leadsInto(existing(dir), source) {
		return &RefusedError{Path: dir, Reason: fmt.Sprintf("it is in the source %s", source)}
	}
	if within(resolve(source), dir) || leadsInto(source, dir) {
		return &RefusedError{Path: dir, Reason: fmt.Sprintf("it contains the source %s", source)}
	}
	return nil
}

// refuseWithin refuses a library that holds one of the folders of an overlay.
func refuseWithin(dir string, folders []string) error {
	for _, f := range folders {
		if within(resolve(f), dir) || leadsInto(f, dir) {
			return &RefusedError{Path: dir, Reason: fmt.Sprintf("it contains the overlay's folder %s", f)}
		}
	}
	return nil
}

// within reports whether inner is outer or lies below it, by identity.
func within(inner, outer string) bool {
	for p := inner; ; p = filepath.Dir(p) {
		if sameFolder(p, outer) {
			return true
		}
		if filepath.Dir(p) == p {
			return false
		}
	}
}

// leadsInto reports whether inner is one of the folders below outer, by identity,
// where nothing above it tells where it is: a drive letter, a share or a mount
// can lead right into a tree. Then the tree has to be searched. That is done
// down to the arch folders of a release, and what lies in them.
func leadsInto(inner, outer string) bool {
	return within(finalPath(inner), outer) || otherWay(inner, outer) && search(inner, outer)
}

func search(inner, outer string) bool {
	const depth = 4 // <release>/data/<arch>/<folder>
	want, err := os.Stat(inner)
	if err != nil {
		return false
	}
	found := false
	_ = filepath.WalkDir(outer, func(p string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return nil //nolint:nilerr // what cannot be looked at is not known to be the same
		}
		// By name: a listing tells the volume of the folder that is listed.
		if info, err := os.Stat(p); err == nil && os.SameFile(info, want) {
			found = true
			return fs.SkipAll
		}
		if below, err := filepath.Rel(outer, p); err == nil && strings.Count(filepath.ToSlash(below), "/") >= depth-1 {
			return fs.SkipDir
		}
		return nil
	})
	return found
}

// existing is the part of dir that exists.
func existing(dir string) string {
	for p := dir; ; p = filepath.Dir(p) {
		if _, err := os.Stat(p); err == nil || filepath.Dir(p) == p {
			return p
		}
	}
}

// checkOwn makes sure that a folder without a marker holds nothing: then it
// may become a library.
func checkOwn(root *os.Root) error {
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !partialName.MatchString(e.Name()) {
			return fmt.Errorf("%s is not empty (%s) and not a usmtpkg library (no %s): %w",
				filepath.Clean(root.Name()), e.Name(), markerFile, errNotOurs)
		}
	}
	return nil
}

var errNotOurs = errors.New("usmtpkg does not write among other files")
