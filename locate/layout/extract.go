package layout

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // Microsoft's packages have no other hash of their files
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"

	"usmtpkg/locate/cab"
	"usmtpkg/locate/msi"
	"usmtpkg/locate/tree"
)

// Extract unpacks the files, in the order of their cabinets. create is called
// for each, and what it returns is written and closed; if that is nil, the file
// is left out. Files with the same content may be written together.
//
// If the error is not nil, what was written is not to be used. Missing cabinets
// are an error before anything is written.
func (l *Layout) Extract(ctx context.Context, create func(File) (io.WriteCloser, error)) error {
	if len(l.Missing) > 0 {
		return &MissingError{l.Missing}
	}
	for _, p := range l.packages {
		e := &extraction{l: l, p: p, create: create, left: maps.Clone(p.files), buf: tree.Buffer()}
		for _, c := range p.cabinets {
			if err := e.cabinet(ctx, c); err != nil {
				return err
			}
		}
		if keys := slices.Sorted(maps.Keys(e.left)); len(keys) > 0 {
			first := e.left[keys[0]]
			return fault("the cabinets of %s lack %d of the files that it installs, such as %s (%s)", p.name, len(keys), first.Path, first.Key)
		}
	}
	return nil
}

// An extraction unpacks the files of one package.
type extraction struct {
	l      *Layout
	p      *installer
	create func(File) (io.WriteCloser, error)
	left   map[string]File // to be unpacked, by their keys
	buf    []byte
}

// cabinet unpacks one cabinet, and what continues from it into the next ones.
func (e *extraction) cabinet(ctx context.Context, c msi.Cabinet) (err error) {
	var files []fs.File
	defer func() {
		for _, f := range files {
			err = errors.Join(err, f.Close())
		}
	}()
	open := func(name string) (*cab.Cabinet, error) {
		opened, file, err := e.l.cabinet(e.p, msi.Cabinet{Name: name, Embedded: c.Embedded})
		if file != nil {
			files = append(files, file)
		}
		return opened, err
	}
	first, err := open(c.Name)
	if err != nil {
		return err
	}
	r := cab.NewReader(first, open)
	for {
		entry, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = e.entry(ctx, c, entry, r)
		}
		if err != nil {
			return err
		}
	}
}

// entry unpacks one file of a cabinet, to each of the places where the package
// wants it.
func (e *extraction) entry(ctx context.Context, c msi.Cabinet, entry *cab.File, r *cab.Reader) error {
	sum := md5.New()
	var to []io.WriteCloser
	var writers []io.Writer
	hashed := false // programs have no MD5, and are most of USMT
	var wanted []File
	for _, key := range append([]string{entry.Name}, entry.Twins...) {
		f, ok := e.left[key]
		if !ok {
			continue // nothing that the package installs
		}
		delete(e.left, key)
		if f.Size != entry.Size {
			return errors.Join(fault("%s: %s (%s) has %d bytes; %s says %d", c.Name, f.Path, key, entry.Size, f.Package, f.Size), closeAll(to))
		}
		w, err := e.create(f)
		if err != nil {
			return errors.Join(err, closeAll(to))
		}
		if w != nil {
			to, writers, wanted = append(to, w), append(writers, w), append(wanted, f)
			hashed = hashed || f.MD5 != nil
		}
	}
	if len(to) == 0 {
		return nil
	}
	if hashed {
		writers = append(writers, sum)
	}
	_, err := tree.Pour(ctx, io.MultiWriter(writers...), r, e.buf, nil)
	if err := errors.Join(err, closeAll(to)); err != nil {
		return fmt.Errorf("unpacking %s: %w", wanted[0].Path, err)
	}
	for _, f := range wanted {
		if got := sum.Sum(nil); f.MD5 != nil && !bytes.Equal(got, f.MD5) {
			return fault("%s: %s (%s) has the MD5 %x; %s says %x", c.Name, f.Path, f.Key, got, f.Package, f.MD5)
		}
	}
	return nil
}

func closeAll(list []io.WriteCloser) error {
	var errs []error
	for _, w := range list {
		errs = append(errs, w.Close())
	}
	return errors.Join(errs...)
}
