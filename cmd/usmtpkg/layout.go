package main

import (
	"context"
	"errors"
	"os"

	"usmtpkg/locate"
	"usmtpkg/stage"
)

// unpackedUSMT unpacks an offline layout into a temporary folder, which is
// removed when the source is closed.
func (p *program) unpackedUSMT(ctx context.Context, packed *locate.LayoutError) (u usmt, err error) {
	temp, err := stage.NewScratch(ctx, os.TempDir(), "usmtpkg-layout")
	if err != nil {
		return usmt{}, err
	}
	p.console().Note(temp.Notes...)
	remove := func() error { return temp.Remove(ctx) }
	c, folder, err := packed.Unpack(ctx, temp.Dir)
	if err == nil {
		u, err = openUSMT(ctx, c, folder, "given as source")
		u.layout = packed.Path
		p.console().Note(packed.PatchNote()...)
	}
	if err != nil {
		return usmt{}, errors.Join(err, remove())
	}
	files := u.close
	u.close = func() error { return errors.Join(files(), remove()) }
	return u, nil
}
