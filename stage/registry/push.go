package registry

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/errdef"

	"usmtpkg/locate/tree"
	"usmtpkg/stage/archive"
)

// A Part is the files that become one layer.
type Part struct {
	Name  string
	Files []archive.File
}

// An Artifact is what Push puts into a repository.
type Artifact struct {
	Config      string // the name of the file among them that is the config
	Parts       []Part // Tags first
	Annotations map[string]string
	Before      string // what Tagged returned
	MountFrom   string // a repository of the same registry that may have the layers; may be empty
}

// A Transfer says what became of a layer.
type Transfer struct {
	Layer
	How How
}

// How a layer came to be where it is.
type How string

// The ways.
const (
	Sent    How = "sent"
	There   How = "there"   // the repository had it
	Mounted How = "mounted" // another repository of the registry had it
	Missing How = "missing" // of a dry run: it would be sent, or mounted
	Fetched How = "fetched"
	Local   How = "local" // the library had its files
)

// Pushed says what Push did.
type Pushed struct {
	Digest   string // of the manifest
	Layers   []Transfer
	Sent     int64 // bytes of layers and config that were sent
	Existing bool  // the repository had exactly this under this tag
}

// Push puts a release into the repository, under the tag of its reference. With dry it looks what is there, and
// sends nothing. Layers are packed into a temporary folder, because their digests must be known first.
func (r *Repository) Push(ctx context.Context, a Artifact, dry bool) (done Pushed, err error) {
	doing := "pushing to " + r.Reference.String()
	dir, err := os.MkdirTemp("", "usmtpkg-push-")
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	record := noted(a.Parts, a.Config)
	layers, err := pack(a.Parts, dir)
	if err != nil {
		return done, err
	}
	config := Blob{digest.FromBytes(record.Bytes()).String(), int64(record.Len())}
	d, manifest, err := releaseManifest(config, layers, a.Annotations)
	if err != nil {
		return done, err
	}
	done.Digest = d.Digest.String()
	done.Existing = a.Before == done.Digest
	if done.Layers, done.Sent, err = r.send(ctx, layers, dir, a.MountFrom, dry); err != nil {
		return done, fault(doing, err)
	}
	if dry {
		return done, nil
	}
	sent, err := r.sendBytes(ctx, config.descriptor(configType), record.Bytes())
	done.Sent += sent
	if err == nil && !done.Existing {
		err = r.sendManifest(ctx, d, manifest, r.Reference.parsed.Reference)
	}
	return done, fault(doing, err)
}

// Tagged returns the digest that the tag has, or nothing. It is to be asked first, so that no layer is packed
// for a registry that does not let us in.
func (r *Repository) Tagged(ctx context.Context) (string, error) {
	ctx, _, stop := watched(ctx, r.o.Patience+stall)
	defer stop()
	d, err := r.remote.Resolve(ctx, r.Reference.parsed.Reference)
	if errors.Is(err, errdef.ErrNotFound) {
		return "", nil
	}
	return d.Digest.String(), fault("asking for "+r.Reference.String(), err)
}

// noted keeps what is packed of the file with that name.
func noted(parts []Part, name string) *bytes.Buffer {
	var b bytes.Buffer
	for _, p := range parts {
		for i, f := range p.Files {
			if f.Name == name {
				p.Files[i].Copy = func(w io.Writer) error { b.Reset(); return f.Copy(io.MultiWriter(w, &b)) }
			}
		}
	}
	return &b
}

// pack packs the parts into files in dir, which have their numbers. One packs on all processors.
func pack(parts []Part, dir string) ([]Layer, error) {
	layers := make([]Layer, len(parts))
	for i, p := range parts {
		f, err := os.Create(packed(dir, i))
		if err != nil {
			return nil, err
		}
		sum := sha256.New()
		err = archive.WriteTar(io.MultiWriter(f, sum), p.Files)
		info, err2 := f.Stat()
		if err := errors.Join(err, err2, f.Close()); err != nil {
			return nil, err
		}
		layers[i] = Layer{p.Name, Blob{"sha256:" + hex.EncodeToString(sum.Sum(nil)), info.Size()}}
	}
	return layers, nil
}

func packed(dir string, i int) string { return filepath.Join(dir, strconv.Itoa(i)) }

// send sends the layers that the repository does not have, or cannot take from another one.
func (r *Repository) send(ctx context.Context, layers []Layer, dir, from string, dry bool) ([]Transfer, int64, error) {
	list := make([]Transfer, len(layers))
	var missing int
	var size int64
	for i, l := range layers {
		list[i] = Transfer{l, There}
		there, err := r.has(ctx, l.descriptor(layerType))
		if err != nil {
			return nil, 0, err
		}
		if !there {
			list[i].How, missing, size = Missing, missing+1, size+l.Size
		}
	}
	if dry || missing == 0 {
		return list, 0, nil
	}
	r.o.Progress.Start("sending", missing, size)
	var sent atomic.Int64
	err := tree.Each(ctx, len(list), r.o.Workers, func(ctx context.Context, i int, _ []byte) (err error) {
		if list[i].How == There {
			return nil
		}
		list[i].How, err = r.sendLayer(ctx, list[i].Layer, packed(dir, i), from)
		if list[i].How == Sent {
			sent.Add(list[i].Size)
		}
		r.o.Progress.Add(1, 0)
		return err
	})
	return list, sent.Load(), err
}

func (r *Repository) has(ctx context.Context, d ocispec.Descriptor) (bool, error) {
	ctx, _, stop := watched(ctx, r.o.Patience+stall)
	defer stop()
	return r.remote.Blobs().Exists(ctx, d)
}

// sendLayer sends a layer. One that the network cut off is sent again from its beginning: by its digest
// the registry knows that it is the same.
func (r *Repository) sendLayer(ctx context.Context, l Layer, file, from string) (how How, err error) {
	d := l.descriptor(layerType)
	err = r.again(ctx, func(first bool) error {
		if !first {
			if there, err := r.has(ctx, d); err != nil || there {
				how = Sent // it was, though nobody answered
				return err
			}
		}
		how, err = r.sendOnce(ctx, d, file, from)
		return err
	})
	return how, err
}

func (r *Repository) sendOnce(ctx context.Context, d ocispec.Descriptor, file, from string) (How, error) {
	ctx, w, stop := watched(ctx, stall)
	defer stop()
	var counted atomic.Int64 // the transport may read on for a moment after it failed
	open := func() (io.ReadCloser, error) {
		f, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		return readCloser{movingReader{f, func(n int) { w.moved(); counted.Add(int64(n)); r.o.Progress.Add(0, int64(n)) }}, f}, nil
	}
	how, err := Sent, error(nil)
	if from == "" {
		var in io.ReadCloser
		if in, err = open(); err == nil {
			err = r.remote.Blobs().Push(ctx, d, in)
			_ = in.Close() // it is only read
		}
	} else {
		how = Mounted
		err = r.remote.Mount(ctx, d, from, func() (io.ReadCloser, error) { how = Sent; return open() })
	}
	if err != nil {
		r.o.Progress.Add(0, -counted.Load()) // none of it counts
		err = orStalled(ctx, err)
	}
	return how, err
}

type readCloser struct {
	io.Reader
	io.Closer
}

// sendBytes sends a small blob that the repository does not have, and returns how much that was.
func (r *Repository) sendBytes(ctx context.Context, d ocispec.Descriptor, b []byte) (sent int64, err error) {
	err = r.again(ctx, func(bool) error {
		there, err := r.has(ctx, d)
		if err != nil || there {
			return err
		}
		ctx, _, stop := watched(ctx, r.o.Patience+stall)
		defer stop()
		sent = d.Size
		return r.remote.Blobs().Push(ctx, d, bytes.NewReader(b))
	})
	return sent, err
}

// sendManifest sends a manifest, which may be sent any number of times.
func (r *Repository) sendManifest(ctx context.Context, d ocispec.Descriptor, b []byte, reference string) error {
	return r.again(ctx, func(bool) error {
		ctx, _, stop := watched(ctx, r.o.Patience+stall)
		defer stop()
		return r.remote.Manifests().PushReference(ctx, d, bytes.NewReader(b), reference)
	})
}

// again repeats what may be repeated while the registry, or the network, is away.
func (r *Repository) again(ctx context.Context, do func(first bool) error) error {
	over := time.NewTimer(r.o.Patience)
	defer over.Stop()
	for wait := firstWait; ; wait = min(2*wait, maxWait) {
		err := do(wait == firstWait)
		if err == nil || kindOf(err) != Away || ctx.Err() != nil {
			return err
		}
		timer := time.NewTimer(wait)
		select {
		case <-over.C:
			timer.Stop()
			return err
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		case <-timer.C:
		}
	}
}
