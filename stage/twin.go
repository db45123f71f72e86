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
	return &twin{src: src, tree: t, bufs: sync.Pool{New: func() any { b := make([]byte, tree.BufferSize); return &b }}}
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
	in  fs.File
	f   File
	buf *[]byte
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
	return &twinFile{in: in, f: t.tree.Files[i], buf: t.bufs.Get().(*[]byte)}, nil
}

func (f *twinFile) Write(p []byte) (int, error) {
	buf := (*f.buf)[:len(p)]
	switch _, err := io.ReadFull(f.in, buf); {
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return 0, errTwinDiffers
	case err != nil:
		return 0, err
	case !bytes.Equal(buf, p):
		return 0, errTwinDiffers
	}
	return len(p), nil
}

// end makes sure that the source's file ends here too, and is still the one listed.
func (f *twinFile) end() error {
	switch n, err := f.in.Read((*f.buf)[:1]); {
	case n > 0:
		return errTwinDiffers
	case err != nil && !errors.Is(err, io.EOF):
		return err
	}
	return unchanged(f.in, f.f)
}

func (t *twin) close(f *twinFile) {
	f.in.Close()
	t.bufs.Put(f.buf)
}
