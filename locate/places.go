package locate

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"usmtpkg/locate/finding"
	"usmtpkg/locate/tree"
)

// search collects what one Find looks at and finds.
type search struct {
	found  []found
	places []Place

	closed    error       // about the first USMT or arch folder that may not be read; else nil
	installed []Evidence  // what the registry looked at says of installed products
	cached    []CachedMSI // likewise, which packages of USMT Windows Installer keeps
}

// found is a candidate and the identity of its folder.
type found struct {
	Candidate
	info fs.FileInfo
}

// spot is a folder to look at.
type spot struct {
	root *os.Root // holds it; nothing outside is reached
	base string   // the absolute path root was opened at
	dir  string   // the folder's slash-separated path in root
	how  string   // why it is looked at

	sealed bool // nothing above base is looked at
}

func (p spot) path() string { return filepath.Join(p.base, filepath.FromSlash(p.dir)) }

func (p spot) in(dir string) spot {
	p.dir = path.Join(p.dir, dir)
	return p
}

func (s *search) note(path, how, outcome string) {
	s.places = append(s.places, Place{Path: finding.Printable(path), How: how, Outcome: outcome})
}

// look records the USMT folders at or below p, or why there is none, and
// reports whether there are any.
func (s *search) look(p spot) bool {
	fsys, err := fs.Sub(p.root.FS(), p.dir)
	if err != nil {
		s.note(p.path(), p.how, cause(err))
		return false
	}
	dirs, why, closed := usmtDirs(fsys)
	if closed != nil && s.closed == nil {
		s.closed = unreadable(p.in(closed.dir).path(), closed)
	}
	for _, dir := range dirs {
		s.add(p.in(dir))
	}
	if len(dirs) == 0 {
		s.note(p.path(), p.how, why)
	}
	return len(dirs) > 0
}

// lookBelow looks at every folder directly in p and reports whether any contains
// USMT. Folders that have nothing to do with it leave no place behind.
func (s *search) lookBelow(ctx context.Context, p spot) (bool, error) {
	entries, err := fs.ReadDir(p.root.FS(), p.dir)
	if err != nil {
		return false, err
	}
	found := false
	for _, e := range entries {
		if ctx.Err() != nil {
			return found, context.Cause(ctx)
		}
		if !e.IsDir() {
			continue
		}
		child, at := p.in(e.Name()), len(s.places)
		if s.look(child) {
			found = true
			continue
		}
		if outcome := s.places[at].Outcome; outcome != noUSMT && outcome != noProgram {
			continue
		}
		s.places = s.places[:at]
		if !holdsKits(e.Name()) {
			continue
		}
		below, err := s.lookBelow(ctx, child)
		if err != nil {
			return found, err
		}
		found = found || below
	}
	return found, nil
}

// add records p, a USMT folder, as a place and as a candidate. A folder already
// found another way stays one candidate.
func (s *search) add(p spot) {
	c, info, err := inspect(p)
	if err != nil {
		s.note(p.path(), p.how, cause(err))
		return
	}
	outcome := "USMT of unknown version"
	if !c.Version.IsZero() {
		outcome = "USMT " + c.Version.String()
	}
	outcome += " (" + strings.Join(c.Arches, ", ") + ")"
	for i := range s.found {
		f := &s.found[i]
		if !os.SameFile(f.info, info) {
			continue
		}
		if f.Path != c.Path {
			outcome += ", the same folder as " + f.Path
		}
		s.note(c.Path, p.how, outcome)
		f.How += "; " + p.how
		return
	}
	s.note(c.Path, p.how, outcome)
	s.found = append(s.found, found{Candidate: c, info: info})
}

// Outcomes of a place that are told apart again.
const (
	noFolder  = "no such folder"
	noUSMT    = "folder without USMT"
	noProgram = "arch folders without " + scanState
)

var errNotFolder = errors.New("not a folder")

// cause is what went wrong without the operation and the path, which the place
// names already.
func cause(err error) string {
	var refused *tree.FileError
	var at *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return noFolder
	case errors.Is(err, errNotFolder), errors.Is(err, syscall.ENOTDIR):
		return errNotFolder.Error()
	case errors.As(err, &refused):
		return refused.Reason()
	case errors.As(err, &at):
		return "not readable: " + at.Err.Error()
	default:
		return "not readable: " + err.Error()
	}
}

// openFolder opens the folder at the absolute path dir.
func openFolder(dir string) (*os.Root, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, &fs.PathError{Op: "open", Path: dir, Err: errNotFolder}
	}
	return tree.OpenRoot(dir)
}

// absolute makes a folder given by the user absolute. A bare drive letter means
// the root of the drive, not the folder the drive happens to be in.
func absolute(dir string) (string, error) {
	if runtime.GOOS == "windows" && len(dir) == 2 && filepath.VolumeName(dir) == dir {
		dir += `\`
	}
	return filepath.Abs(dir)
}
