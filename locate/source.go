package locate

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"usmtpkg/locate/finding"
	"usmtpkg/locate/tree"
)

// SourceError says that the given source or volume cannot be searched, or
// that it is one arch folder and not the folder above it.
type SourceError struct {
	Path   string // as given, made absolute
	Reason string
	Err    error // the failure behind it, or nil

	hint string
}

func (e *SourceError) Error() string {
	return "finding USMT in " + finding.Printable(e.Path) + ": " + e.Reason
}

func (e *SourceError) Unwrap() error { return e.Err }

// Hint says what to give instead, or nothing if the error says it all.
func (e *SourceError) Hint() string { return e.hint }

func unreadable(path string, err error) error {
	return &SourceError{Path: path, Reason: cause(err), Err: err}
}

// source looks in the folder given as source and, when it contains no USMT at one
// of the known places, one folder further down. An installer of USMT stands for
// the layout that it lies in.
func (s *search) source(ctx context.Context, source string) error {
	if isInstaller(filepath.Base(source)) {
		if info, err := os.Stat(source); err == nil && info.Mode().IsRegular() {
			source = filepath.Dir(source)
		}
	}
	root, dir, err := openGiven(source)
	if err != nil {
		return err
	}
	defer closeFolder(root)
	here := spot{root: root, base: dir, dir: ".", how: "given as source"}
	if s.look(here) {
		return nil
	}
	at := len(s.places) - 1
	if e, err := foldEntry(root.FS(), ".", scanState); err == nil && !e.IsDir() {
		return singleArch(dir)
	}
	below, err := s.lookBelow(ctx, here)
	if err != nil {
		return err
	}
	if below {
		s.places[at].Outcome = "folder that contains USMT further down"
		return nil
	}
	packed, err := asLayout(root.FS(), dir)
	switch {
	case err != nil:
		return unreadable(dir, err)
	case packed != nil:
		return packed
	}
	return nil
}

// openGiven opens a folder given by the user, which has to be readable.
func openGiven(given string) (root *os.Root, dir string, err error) {
	dir, err = absolute(given)
	if err != nil {
		return nil, "", unreadable(given, err)
	}
	root, err = openFolder(dir)
	if err != nil {
		return nil, "", unreadable(dir, err)
	}
	if _, err := fs.ReadDir(root.FS(), "."); err != nil {
		closeFolder(root)
		return nil, "", unreadable(dir, err)
	}
	return root, dir, nil
}

// singleArch returns the error for a folder that contains scanstate.exe itself.
func singleArch(dir string) error {
	if arch, ok := archOf(filepath.Base(dir)); ok {
		return &SourceError{Path: dir, Reason: "this is the " + arch + " folder of USMT, not USMT itself",
			hint: "give the folder above it: " + filepath.Dir(dir)}
	}
	arches := strings.Join(archNames, ", ")
	return &SourceError{Path: dir, Reason: scanState + " is directly in it, not in a folder named after its arch (" + arches + ")",
		hint: "put the files into a folder named after their arch, and give the folder above it"}
}

// Source is a candidate opened for reading. Close it after use.
type Source struct {
	root *os.Root
}

// Open opens the folder of a candidate. The candidate of a mounted volume, or
// of a folder that was given, is reached through that volume or folder, so that
// a link put there meanwhile cannot lead out of it.
func Open(c Candidate) (*Source, error) {
	base, dir := c.base, c.dir
	if base == "" {
		base, dir = c.Path, "."
	}
	outer, err := openFolder(base)
	if err != nil {
		return nil, fmt.Errorf("opening USMT: %w", err)
	}
	defer closeFolder(outer)
	root, err := tree.Sub(outer, filepath.FromSlash(dir))
	if err != nil {
		return nil, fmt.Errorf("opening USMT in %s: %w", base, err)
	}
	return &Source{root: root}, nil
}

// Root returns the candidate's folder. Links in it are followed only while they stay in it.
func (s *Source) Root() *os.Root { return s.root }

// Close releases the folder.
func (s *Source) Close() error { return s.root.Close() }

// closeFolder closes a folder that was only read; that cannot lose anything.
func closeFolder(root *os.Root) { _ = root.Close() }
