package locate

import (
	"context"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"usmtpkg/locate/cab"
	"usmtpkg/locate/layout"
	"usmtpkg/locate/msi"
)

// Unpack unpacks all that the USMT installers of the layout install into the
// empty folder dir: USMT, and the catalogs that prove its files. The candidate
// is called by the path of the layout; folder is where its files are. A fault of
// the layout is a *LayoutError, too.
//
// Signatures are not checked: whoever uses the candidate validates its files, as
// those of any other source, and ReadKitMSIs gives it the packages.
func (e *LayoutError) Unpack(ctx context.Context, dir string) (c Candidate, folder string, err error) {
	if err := e.complete(); err != nil {
		return c, "", err
	}
	kits, cabinets, err := e.unpack(ctx, dir)
	if err != nil {
		return c, "", e.because(err)
	}
	found, err := Find(ctx, FindOptions{Source: kits})
	if err != nil {
		return c, "", e.because(err)
	}
	c, _ = found.Best()
	folder, c.Path, c.How, c.unpacked, c.packages = c.Path, e.Path, "unpacked from an offline layout", dir, e.MSIs
	c.cabinets = joined(filepath.Dir(e.MSIs[0]), cabinets)
	for i := range c.Evidence {
		c.Evidence[i].Where = c.shown(c.Evidence[i].Where)
	}
	c.Evidence = byKind(append(c.Evidence, e.evidence()...))
	return c, folder, nil
}

// folder returns where the candidate is.
func (c Candidate) folder() string {
	if c.base == "" {
		return c.Path
	}
	return filepath.Join(c.base, filepath.FromSlash(c.dir))
}

// shown returns how messages call a path: what was unpacked is gone when they are read.
func (c Candidate) shown(path string) string {
	if c.unpacked == "" {
		return path
	}
	return strings.Replace(path, c.unpacked, c.Path, 1)
}

// because returns the error for a layout that cannot be unpacked. Only faults of
// the layout are its own.
func (e *LayoutError) because(err error) error {
	for _, fault := range []any{new(*layout.FaultError), new(*layout.MissingError), new(*cab.FormatError), new(*msi.FormatError), new(*NotFoundError)} {
		if errors.As(err, fault) {
			return &LayoutError{e.Path, e.MSIs, err, e.patches}
		}
	}
	return fmt.Errorf("unpacking USMT from %s: %w", e.Path, err)
}

// unpack unpacks into dir, and returns the kits root there, and the names of the cabinets.
func (e *LayoutError) unpack(ctx context.Context, dir string) (kits string, cabinets []string, err error) {
	l, closeAll, err := e.open()
	if err != nil {
		return "", nil, err
	}
	defer func() { err = errors.Join(err, closeAll()) }()
	to, err := openFolder(dir)
	if err != nil {
		return "", nil, err
	}
	defer closeFolder(to)
	if err := l.Unpack(ctx, to); err != nil {
		return "", nil, err
	}
	for _, f := range l.Files {
		if _, name, ok := f.USMT(); ok {
			adk := strings.TrimSuffix(f.Place(), "/"+name)
			return filepath.Join(dir, filepath.FromSlash(path.Join(adk, "../../.."))), l.Cabinets(), nil
		}
	}
	return "", nil, &NotFoundError{}
}
