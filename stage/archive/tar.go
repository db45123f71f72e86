package archive

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
)

// epoch is the time of every file in an archive: the first that a .zip can have.
var epoch = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

const fileMode = 0o644

// WriteTar writes files as a .tar.zst.
func WriteTar(w io.Writer, files []File) (err error) {
	if err := checkNames(files); err != nil {
		return err
	}
	packed, err := newFrames(w)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := packed.Close(); cerr != nil {
			err = cerr // the cause of any other
		}
	}()
	t := tar.NewWriter(packed)
	for _, f := range files {
		if err := t.WriteHeader(&tar.Header{Name: f.Name, Size: f.Size, Mode: fileMode, ModTime: epoch}); err != nil {
			return err
		}
		if err := copied(t, f); err != nil {
			return err
		}
	}
	return t.Close()
}

// maxWindow is how much of what came before a .tar.zst may refer to, in bytes: zstd does so up to level 19.
const maxWindow = 8 << 20

// ReadTar reads a .tar.zst to its end.
func ReadTar(ctx context.Context, r io.Reader, limits Limits, each Each) error {
	src := &source{r: r}
	packed, err := zstd.NewReader(src, zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderLowmem(true))
	if err == nil {
		err = newReading(limits, each).tar(ctx, packed)
		packed.Close() // it reads ahead
	}
	return src.or(err)
}

// A tar ends with two blocks of zeros. GNU tar fills up the last record with more of them: to 20 blocks,
// unless it is told otherwise.
const (
	trailer   = 1024
	maxFiller = 1 << 20
)

func (r *reading) tar(ctx context.Context, packed io.Reader) error {
	in := &countedReader{r: packed}
	t := tar.NewReader(in)
	for {
		start := in.n
		h, err := t.Next()
		switch {
		case errors.Is(err, io.EOF) && in.n-start < trailer:
			return errCut
		case errors.Is(err, io.EOF):
			return errors.Join(onlyZeros(in), checkTwins(r.names))
		case err != nil:
			return broken(err)
		}
		if err := r.count(); err != nil {
			return err
		}
		if err := r.tarEntry(ctx, h, t); err != nil {
			return err
		}
	}
}

// tarEntry takes one file of a tar.
func (r *reading) tarEntry(ctx context.Context, h *tar.Header, content io.Reader) error {
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return fault("%.120q is a sparse file; pack it without --sparse", h.Name)
		}
	}
	switch h.Typeflag {
	case tar.TypeReg:
		return r.file(ctx, h.Name, h.Size, content)
	case tar.TypeDir:
		_, err := r.path(h.Name)
		return err
	case tar.TypeXGlobalHeader:
		return nil
	}
	return fault("%.120q is neither a file nor a folder (type %q)", h.Name, h.Typeflag)
}

// onlyZeros reads what follows a tar.
func onlyZeros(r io.Reader) error {
	n, err := io.Copy(zeros{}, io.LimitReader(r, maxFiller+1))
	switch {
	case n > maxFiller || errors.Is(err, errNotZero):
		return fault("something follows the end of the archive")
	case err != nil:
		return broken(err)
	}
	return nil
}

type zeros struct{}

var errNotZero = errors.New("not zero")

func (zeros) Write(p []byte) (int, error) {
	if len(bytes.TrimLeft(p, "\x00")) > 0 {
		return 0, errNotZero
	}
	return len(p), nil
}

type countedReader struct {
	r io.Reader
	n int64
}

func (c *countedReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}
