package stage

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"strings"
	"sync"

	"usmtpkg/locate/tree"
)

// errTwinDiffers: the source is not what the release contains, or the release is
// not whole; which of the two, the sums will show.
var errTwinDiffers = errors.New("source and release differ")

// A twin is a source that is compared byte by byte with a release while the
// release is read and hashed. Where both are equal and the sums are right, the
// source has been hashed too, at the price of reading it.
type twin struct {
	src  fs.FS
	tree Tree
	bufs sync.Pool // *[]byte
}

func newTwin(src fs.FS, t Tree) *twin {
	return &twin{src: src, tree: t, bufs: sync.Pool{New: func() any { b := make([]byte, tree.BufferSize+1); return &b }}}
}

// share has the source's paths share the memory of the release's, where they are equal.
func (t *twin) share(want []wanted) {
	if t == nil {
		return
	}
	for _, w := range want {
		p, payload := strings.CutPrefix(w.path, dataDir+"/")
		if i, found := t.tree.find(p); payload && found {
			t.tree.Files[i].Path = p
		}
	}
}

// A twinFile compares what is written to it with a file of the source.
type twinFile struct {
	in    fs.File
	f     File
	buf   *[]byte
	left  int64 // in bytes
	ended bool  // nothing follows what was read
}

// open opens the file of that path in the source.
func (t *twin) open(ctx context.Context, path string) (*twinFile, error) {
	i, found := t.tree.find(path)
	if !found {
		return nil, errTwinDiffers
	}
	in, err := openSource(ctx, t.src, t.tree.Files[i])
	if err != nil {
		return nil, err
	}
	f := t.tree.Files[i]
	return &twinFile{in: in, f: f, buf: t.bufs.Get().(*[]byte), left: f.Size}, nil
}

func (f *twinFile) Write(p []byte) (int, error) {
	f.left -= int64(len(p))
	room := len(p)
	if f.left == 0 {
		room++ // for what should not be there
	}
	buf := (*f.buf)[:room]
	n, err := io.ReadAtLeast(f.in, buf, len(p))
	switch {
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return 0, errTwinDiffers
	case err != nil:
		return 0, err
	case !bytes.Equal(buf[:n], p):
		return 0, errTwinDiffers
	}
	f.ended = f.left == 0
	return len(p), nil
}

// end makes sure that the source's file ends here too, and is still the one listed.
func (f *twinFile) end() error {
	if !f.ended {
		switch n, err := f.in.Read((*f.buf)[:1]); {
		case n > 0:
			return errTwinDiffers
		case err != nil && !errors.Is(err, io.EOF):
			return err
		}
	}
	return unchanged(f.in, f.f)
}

func (t *twin) close(f *twinFile) {
	f.in.Close()
	t.bufs.Put(f.buf)
}
