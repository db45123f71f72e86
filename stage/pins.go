package stage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"usmtpkg/locate/tree"
)

// pinsFile lists the releases that are never removed, sorted.
const (
	pinsFile   = "pins.json"
	pinsFormat = "usmtpkg pins"
)

type pins struct {
	Format   string   `json:"format"`
	Version  int      `json:"version"`
	Releases []string `json:"releases"`
}

// Pins returns the releases that are pinned, sorted. Where that cannot be read, nothing may be removed.
func (l *Library) Pins() ([]string, error) {
	root, err := tree.OpenRoot(l.dir)
	if err != nil {
		return nil, destination("opening the library", err)
	}
	defer root.Close() //nolint:errcheck // only read
	b, err := readSmall(root, pinsFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if bad := (*FormatError)(nil); errors.As(err, &bad) {
		return nil, err
	}
	if err != nil {
		return nil, destination("reading "+pinsFile, err)
	}
	var p pins
	err = decode(pinsFile, b, pinsFormat, formatVersion, &p)
	if bad := (*FormatError)(nil); errors.As(err, &bad) {
		bad.Reason += "; restore it from a backup, or move it away and pin again"
	}
	if err != nil {
		return nil, err
	}
	if p.Releases == nil {
		return nil, &FormatError{pinsFile, "it has no list of releases; restore it from a backup, or move it away and pin again"}
	}
	for _, name := range p.Releases {
		if !releaseName.MatchString(name) {
			return nil, &FormatError{pinsFile, fmt.Sprintf("%q is not the name of a release", name)}
		}
	}
	slices.Sort(p.Releases) // somebody may have edited it
	return slices.Compact(p.Releases), nil
}

// Pin makes sure that a release is never removed, and reports whether it could have been.
func (w *Writer) Pin(ctx context.Context, release string) (changed bool, err error) {
	if _, err := w.Release(release); err != nil {
		return false, err
	}
	list, err := w.Pins()
	at, found := slices.BinarySearch(list, release)
	if err != nil || found {
		return false, err
	}
	return true, w.writePins(ctx, slices.Insert(list, at, release))
}

// Unpin takes that back. The release need not be in the library any more.
func (w *Writer) Unpin(ctx context.Context, release string) (changed bool, err error) {
	list, err := w.Pins()
	at := slices.Index(list, release)
	if err != nil || at < 0 {
		return false, err
	}
	return true, w.writePins(ctx, slices.Delete(list, at, at+1))
}

func (w *Writer) writePins(ctx context.Context, list []string) error {
	b, err := json.MarshalIndent(pins{pinsFormat, formatVersion, list}, "", "  ")
	if err != nil {
		return err
	}
	if err := w.lock.check(); err != nil {
		return err
	}
	return destination("writing "+pinsFile, w.replace(ctx, pinsFile, append(b, '\n')))
}
