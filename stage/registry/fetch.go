package registry

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"

	"usmtpkg/locate/tree"
	"usmtpkg/stage/archive"
)

// ReadConfig reads the config of a release: its release.json.
func (r *Repository) ReadConfig(ctx context.Context, m Manifest) ([]byte, error) {
	return r.readBlob(ctx, m.Config.descriptor(configType))
}

// readBlob reads a small blob, which is what its digest says.
func (r *Repository) readBlob(ctx context.Context, d ocispec.Descriptor) (b []byte, err error) {
	err = r.again(ctx, func(bool) error {
		ctx, _, stop := watched(ctx, r.o.Patience+stall)
		defer stop()
		b, err = content.FetchAll(ctx, r.remote.Blobs(), d)
		return err
	})
	return b, damage("fetching "+d.Digest.String()+" of "+r.Reference.Name(), err)
}

// Deliver fetches layers, several at once, and puts their files. A put that fails ends it.
func (r *Repository) Deliver(ctx context.Context, layers []Layer, limits archive.Limits, put archive.Each) error {
	return tree.Each(ctx, len(layers), r.o.Workers, func(ctx context.Context, i int, _ []byte) error {
		return r.deliver(ctx, layers[i], limits, put)
	})
}

func (r *Repository) deliver(ctx context.Context, l Layer, limits archive.Limits, put archive.Each) error {
	in := &layerReader{r: r, ctx: ctx, layer: l, sum: sha256.New(), stop: func() {}}
	err := archive.ReadTar(ctx, in, limits, put)
	if err == nil {
		_, err = io.Copy(io.Discard, in) // whoever unpacks need not have seen its end, where the digest is compared
	}
	if format := (*archive.FormatError)(nil); errors.As(err, &format) {
		// What was damaged on the way is no longer an archive, either: the digest says which it is.
		if _, ended := io.Copy(io.Discard, in); ended != nil {
			err = ended
		} else {
			err = invalid(in.doing(), format.Error())
		}
	}
	return errors.Join(err, in.Close())
}

// A layerReader reads one layer.
type layerReader struct {
	r     *Repository
	ctx   context.Context //nolint:containedctx // a reader has no other way to be told
	layer Layer
	at    int64
	sum   hash.Hash

	in    io.ReadCloser // nil: not connected
	watch *watch
	stop  func()
}

func (l *layerReader) Read(p []byte) (n int, err error) {
	if l.at == l.layer.Size {
		return 0, l.end()
	}
	if len(p) == 0 {
		return 0, nil
	}
	p = p[:min(int64(len(p)), l.layer.Size-l.at)]
	err = l.r.again(l.ctx, func(bool) error {
		if err := l.connect(); err != nil {
			return err
		}
		n, err = l.in.Read(p)
		l.watch.moved()
		if n > 0 {
			return nil // an error comes again
		}
		if err == nil || errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		err = errors.Join(orStalled(l.ctx, err), l.Close())
		return err
	})
	l.sum.Write(p[:n])
	l.at += int64(n)
	return n, damage(l.doing(), err)
}

func (l *layerReader) doing() string {
	return fmt.Sprintf("fetching the layer %s of %s", l.layer.Part, l.r.Reference.Name())
}

// end is the end of the layer, if it is the right one.
func (l *layerReader) end() error {
	if found := "sha256:" + hex.EncodeToString(l.sum.Sum(nil)); found != l.layer.Digest {
		return fault(l.doing(), fmt.Errorf("%w: found %s, wanted %s", content.ErrMismatchedDigest, found, l.layer.Digest))
	}
	return io.EOF
}

// connect asks for the layer, from where it was read to.
func (l *layerReader) connect() error {
	if l.in != nil {
		return nil
	}
	ctx, watch, stop := watched(l.ctx, stall)
	in, err := l.r.remote.Blobs().Fetch(ctx, l.layer.descriptor(layerType))
	if err == nil && l.at > 0 {
		if seeker, ok := in.(io.Seeker); ok {
			_, err = seeker.Seek(l.at, io.SeekStart)
		} else {
			_, err = io.CopyN(io.Discard, movingReader{in, func(int) { watch.moved() }}, l.at)
		}
		if err != nil {
			_ = in.Close() // the error is that of the server
		}
	}
	if err != nil {
		err = orStalled(ctx, err)
		stop()
		return err
	}
	l.in, l.watch, l.stop = in, watch, stop
	return nil
}

// Close ends the connection.
func (l *layerReader) Close() error {
	l.stop()
	if l.in == nil {
		return nil
	}
	err := l.in.Close()
	l.in = nil
	return err
}
