package locate

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path"
	"slices"
	"strings"

	"usmtpkg/locate/pe"
	"usmtpkg/locate/tree"
	"usmtpkg/locate/winname"
)

// Names of the folders on the way to USMT.
const (
	adkDir  = "Assessment and Deployment Kit"
	usmtDir = "User State Migration Tool"
)

// shapes are the paths at which a folder can contain USMT, best first: it is the
// USMT folder, an ADK root, a kits root, or a WAIK (USMT 4.0) root.
var shapes = [...]string{".", usmtDir, adkDir + "/" + usmtDir, "Tools/USMT"}

// holdsKits reports whether a folder contains kits roots further down: Windows Kits
// itself, and what msiexec /a puts around it when it unpacks an ADK installer.
func holdsKits(name string) bool {
	return slices.ContainsFunc([]string{"Windows Kits", "Program Files", "Program Files (x86)"},
		func(s string) bool { return winname.Same(s, name) })
}

// usmtDirs returns the USMT folders in fsys at one of the shapes, or
// says why there is none. closed is the first USMT or arch folder that may not be read, if any.
func usmtDirs(fsys fs.FS) (dirs []string, why string, closed *closedError) {
	why = noUSMT
	for _, shape := range shapes {
		dir, err := foldPath(fsys, shape)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		var programs []program
		var lack string
		if err == nil {
			programs, lack, err = scanStates(fsys, dir)
		}
		if closed == nil {
			errors.As(err, &closed)
		}
		switch {
		case err != nil && shape == ".":
			return nil, cause(err), closed
		case err != nil:
			why = shape + ": " + cause(err)
		case len(programs) > 0:
			dirs = append(dirs, dir)
		case shape == ".":
			why = lack
		default:
			why = shape + ": " + lack
		}
	}
	if why == noUSMT {
		if _, err := foldPath(fsys, adkDir); err == nil {
			why = "ADK without USMT, its feature " + Feature + " is not installed"
		}
	}
	return dirs, why, closed
}

// A closedError is about a USMT or arch folder that this account may not read.
type closedError struct {
	dir string // slash-separated, in the file system it was found in
	err error
}

func (e *closedError) Error() string { return e.err.Error() }
func (e *closedError) Unwrap() error { return e.err }

// program is the scanstate.exe of one arch folder.
type program struct {
	arch    string
	path    string // slash-separated, in the file system it was found in
	regular bool   // a file, not a link to one

	version pe.Version // once read; zero if err says why there is none
	err     error
}

// scanStates finds scanstate.exe in the arch folders of dir, or says what is
// there instead.
func scanStates(fsys fs.FS, dir string) (programs []program, lack string, err error) {
	sub, err := fs.Sub(fsys, dir)
	if err != nil {
		return nil, "", err
	}
	arches, err := Arches(sub)
	if dir != "." && errors.Is(err, fs.ErrPermission) { // its name says that USMT is in it
		return nil, "", &closedError{dir, err}
	}
	if err != nil {
		return nil, "", err
	}
	for _, a := range arches {
		e, err := foldEntry(sub, a.Dir, scanState)
		if errors.Is(err, fs.ErrNotExist) || err == nil && e.IsDir() {
			continue
		}
		if errors.Is(err, fs.ErrPermission) {
			return nil, "", &closedError{path.Join(dir, a.Dir), err}
		}
		if err != nil {
			return nil, "", err
		}
		programs = append(programs, program{
			arch:    a.Arch,
			path:    path.Join(dir, a.Dir, e.Name()),
			regular: e.Type().IsRegular(),
		})
	}
	switch {
	case len(programs) > 0:
		return programs, "", nil
	case len(arches) > 0:
		return nil, noProgram, nil
	default:
		lack, err = linkedArch(sub)
		return nil, lack, err
	}
}

// linkedArch says which arch folder is there in name only, as a link or a file:
// links are not followed, so that what is copied is what was seen.
func linkedArch(fsys fs.FS) (lack string, err error) {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return "", err
	}
	for _, e := range entries {
		if _, ok := archOf(e.Name()); ok {
			return e.Name() + " in it is a file or a link, not a folder", nil
		}
	}
	return noUSMT, nil
}

// inspect makes a candidate of p, a USMT folder.
func inspect(p spot) (Candidate, fs.FileInfo, error) {
	info, err := p.root.Stat(p.dir)
	if err != nil {
		return Candidate{}, nil, err
	}
	programs, _, err := scanStates(p.root.FS(), p.dir)
	if err != nil {
		return Candidate{}, nil, err
	}
	c := Candidate{Path: p.path(), How: p.how, base: p.base, dir: p.dir, sealed: p.sealed}
	for _, prog := range programs {
		c.Arches = append(c.Arches, prog.arch)
	}
	c.Arches = slices.Compact(c.Arches)
	for i := range programs {
		programs[i].version, programs[i].err = programVersion(p.root, programs[i])
	}
	c.Version, c.Problem = versionOf(programs)
	c.Evidence = slices.Concat(fileEvidence(programs), manifestEvidence(p))
	return c, info, nil
}

// versionOf returns the lowest version of the programs: a kit that was upgraded
// in part must not win over a whole one. The problem names what cannot be read
// and versions that differ.
func versionOf(programs []program) (lowest pe.Version, problem string) {
	var problems, seen []string
	differ := false
	for _, prog := range programs {
		v := prog.version
		switch {
		case prog.err != nil:
			problems = append(problems, prog.err.Error())
			continue
		case lowest.IsZero():
			lowest = v
		case v != lowest:
			differ = true
		}
		if v.Compare(lowest) < 0 {
			lowest = v
		}
		seen = append(seen, prog.arch+" "+v.String())
	}
	if differ {
		problems = append(problems, "the versions of its arches differ, the lowest counts: "+strings.Join(seen, ", "))
	}
	return lowest, strings.Join(problems, "; ")
}

// programVersion reads the file version of one scanstate.exe.
func programVersion(root *os.Root, prog program) (pe.Version, error) {
	name := prog.arch + "/" + scanState
	if !prog.regular {
		return pe.Version{}, fmt.Errorf("%s: not a regular file", name)
	}
	f, err := tree.OpenIn(root, prog.path, math.MaxInt64) // pe.Read has the limits
	if err != nil {
		return pe.Version{}, fmt.Errorf("%s: %s", name, cause(err))
	}
	defer f.Close() //nolint:errcheck // only read
	info, err := f.Stat()
	if err != nil {
		return pe.Version{}, fmt.Errorf("%s: %s", name, cause(err))
	}
	facts, err := pe.Read(f, info.Size())
	switch {
	case err != nil:
		return pe.Version{}, fmt.Errorf("%s: %w", name, err)
	case facts.FileVersion.IsZero():
		return pe.Version{}, fmt.Errorf("%s: it has no file version", name)
	}
	return facts.FileVersion, nil
}

// foldPath returns the path of name in fsys as it is spelled there. Each element
// is matched without regard to case, an exact match first.
func foldPath(fsys fs.FS, name string) (string, error) {
	at := "."
	if name == at {
		return at, nil
	}
	for elem := range strings.SplitSeq(name, "/") {
		e, err := foldEntry(fsys, at, elem)
		if err != nil {
			return "", err
		}
		at = path.Join(at, e.Name())
	}
	return at, nil
}

// foldEntry returns the entry of dir whose name is name without regard to case,
// an exact match first.
func foldEntry(fsys fs.FS, dir, name string) (fs.DirEntry, error) {
	names, err := namesIn(fsys, dir)
	if err != nil {
		return nil, err
	}
	i := slices.Index(names, name)
	if i < 0 {
		slices.Sort(names) // of several the same each time
		i = slices.IndexFunc(names, func(n string) bool { return winname.Same(n, name) })
	}
	if i < 0 {
		return nil, &fs.PathError{Op: "open", Path: path.Join(dir, name), Err: fs.ErrNotExist}
	}
	info, err := fs.Lstat(fsys, path.Join(dir, names[i]))
	if err != nil { // as Windows answers while another program holds the file: its folder tells what it is
		return listedEntry(fsys, dir, names[i], err)
	}
	return fs.FileInfoToDirEntry(info), nil
}

// listedEntry returns an entry as the list of its folder has it, or else cause.
func listedEntry(fsys fs.FS, dir, name string, cause error) (fs.DirEntry, error) {
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(entries, func(e fs.DirEntry) bool { return e.Name() == name })
	if i < 0 {
		return nil, cause
	}
	return entries[i], nil
}

// namesIn lists the names in a folder, in any order. An os.Root that lists
// entries asks for size and time of each.
func namesIn(fsys fs.FS, dir string) ([]string, error) {
	f, err := fsys.Open(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if d, ok := f.(interface{ Readdirnames(n int) ([]string, error) }); ok {
		return d.Readdirnames(-1)
	}
	entries, err := fs.ReadDir(fsys, dir)
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, err
}
