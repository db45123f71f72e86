package locate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"os"
	"path"
	"path/filepath"
	"strings"

	"usmtpkg/locate/catalog"
	"usmtpkg/locate/finding"
	"usmtpkg/locate/pe"
	"usmtpkg/locate/tree"
)

// catalogsDir is the folder in a kits root, beside the ADK, into which the installers of Windows kits put
// the signed catalogs of their files. Seen in the installers of ADK 10.1.26100.2454; whether older kits
// have it is not established.
const catalogsDir = "Catalogs"

// Catalogs are the signed catalogs that were found for a kit.
type Catalogs struct {
	*catalog.Set
	Path   string  // the folder they were read from; "" if there is none, which is normal
	Looked []Place // the folders looked at, in order
}

// CatalogsError says that catalogs cannot be read.
type CatalogsError struct {
	Path   string
	Reason string
	Err    error // the failure behind it, or nil
}

func (e *CatalogsError) Error() string {
	return "reading the catalogs in " + finding.Printable(e.Path) + ": " + e.Reason
}

func (e *CatalogsError) Unwrap() error { return e.Err }

// ReadCatalogs reads and verifies the catalogs of a kit: those in the folder given, which must have some,
// or, if none is given, those in the folder Catalogs of the kits root. That is the folder above the ADK;
// for a USMT folder that was copied without its ADK, the folder above USMT. A kit without such a folder
// has an empty Set and no Path. The error is a *CatalogsError, or the cause of a canceled ctx.
func ReadCatalogs(ctx context.Context, v *pe.Verifier, c Candidate, given string) (Catalogs, error) {
	if given != "" {
		return givenCatalogs(ctx, v, given)
	}
	var found Catalogs
	for levels := 1; levels <= 2 && found.Path == ""; levels++ {
		if levels == 2 && !strings.EqualFold(filepath.Base(filepath.Dir(c.folder())), adkDir) {
			break
		}
		if err := found.above(ctx, v, c, levels); err != nil {
			return Catalogs{Looked: found.Looked}, err
		}
	}
	return found, nil
}

// givenCatalogs reads the catalogs in a folder that the user named.
func givenCatalogs(ctx context.Context, v *pe.Verifier, given string) (Catalogs, error) {
	dir, err := absolute(given)
	if err != nil {
		return Catalogs{}, &CatalogsError{given, cause(err), err}
	}
	root, err := openFolder(dir)
	if err != nil {
		return Catalogs{}, &CatalogsError{dir, cause(err), err}
	}
	defer closeFolder(root)
	found := Catalogs{Path: dir}
	if err := found.read(ctx, v, root); err != nil {
		return found, err
	}
	if len(found.Catalogs()) == 0 {
		return found, &CatalogsError{dir, "the folder has no *.cat file", nil}
	}
	return found, nil
}

// above looks for catalogs in the folder so many levels above USMT.
func (f *Catalogs) above(ctx context.Context, v *pe.Verifier, c Candidate, levels int) error {
	parent, dir, err := c.openAbove(levels)
	if errors.Is(err, errNothingAbove) {
		return nil
	}
	at := filepath.Join(dir, catalogsDir)
	if err != nil { // a folder above the one given: nobody promised that it can be read
		f.looked(at, cause(err))
		return nil
	}
	defer closeFolder(parent)
	e, err := foldEntry(parent.FS(), ".", catalogsDir)
	if err == nil {
		at = filepath.Join(dir, e.Name())
		if !e.IsDir() {
			err = errNotFolder
		}
	}
	if err != nil {
		f.looked(at, cause(err))
		return nil
	}
	root, err := tree.Sub(parent, e.Name())
	if err != nil {
		return &CatalogsError{at, cause(err), err}
	}
	defer closeFolder(root)
	f.Path = at
	if err := f.read(ctx, v, root); err != nil {
		return err
	}
	f.looked(at, fmt.Sprintf("%d catalogs", len(f.Catalogs())))
	return nil
}

func (f *Catalogs) read(ctx context.Context, v *pe.Verifier, root *os.Root) error {
	var set *catalog.Set
	var err error
	asPublished(func() { set, err = catalog.ReadFS(ctx, v, tree.FS(root)) })
	switch {
	case err != nil && ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return &CatalogsError{f.Path, failureIn(err), err}
	}
	f.Set = set
	return nil
}

// failureIn says what went wrong with which file.
func failureIn(err error) string {
	if at, ok := errors.AsType[*fs.PathError](err); ok && at.Path != "." {
		return finding.Printable(at.Path) + ": " + at.Err.Error()
	}
	return err.Error()
}

func (f *Catalogs) looked(dir, outcome string) {
	f.Looked = append(f.Looked, Place{Path: finding.Printable(dir), How: "catalogs of the kit", Outcome: outcome})
}

var errNothingAbove = errors.New("no folder above it")

// openAbove opens the folder so many levels above a USMT folder. It stays on a mounted volume.
func (c Candidate) openAbove(levels int) (*os.Root, string, error) {
	base, dir := c.base, c.dir
	if base == "" {
		base, dir = c.Path, "."
	}
	for range levels {
		switch up := filepath.Dir(base); {
		case dir != ".":
			dir = path.Dir(dir)
		case c.sealed || up == base || !filepath.IsAbs(base):
			return nil, "", errNothingAbove
		default:
			base = up
		}
	}
	at := c.shown(filepath.Join(base, filepath.FromSlash(dir)))
	outer, err := openFolder(base)
	if err != nil {
		return nil, at, err
	}
	defer closeFolder(outer)
	root, err := tree.Sub(outer, filepath.FromSlash(dir))
	return root, at, err
}
