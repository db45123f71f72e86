package main

import (
	"context"
	"errors"
	"os"

	"usmtpkg/locate"
)

// unpackedUSMT unpacks an offline layout into a temporary folder, which is
// removed when the source is closed.
func unpackedUSMT(ctx context.Context, packed *locate.LayoutError) (u usmt, err error) {
	dir, err := os.MkdirTemp("", "usmtpkg-layout-")
	if err != nil {
		return usmt{}, err
	}
	remove := func() error { return os.RemoveAll(dir) }
	c, folder, err := packed.Unpack(ctx, dir)
	if err == nil {
		u, err = openUSMT(ctx, c, folder, "given as source")
	}
	if err != nil {
		return usmt{}, errors.Join(err, remove())
	}
	files := u.close
	u.close = func() error { return errors.Join(files(), remove()) }
	return u, nil
}
