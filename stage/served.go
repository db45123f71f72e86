package stage

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync/atomic"

	"usmtpkg/locate/kitdiff"
	"usmtpkg/locate/tree"
)

// worthServing is the smallest file that a server is asked to copy, in bytes: asking takes as many
// calls as sending a smaller one.
const worthServing = 64 << 10

// An earlier release on a share is where its server can copy files from, so that they need not be sent.
// A nil one has none.
type earlier struct {
	name  string
	kit   kitdiff.Files
	root  *os.Root
	files *tree.Folders
	off   atomic.Bool // the server does not copy
}

// earlier returns the release that a kit is compared with, if it is on a share. The files of an
// unreadable one are sent.
func (w *Writer) earlier(ctx context.Context, r *run, dir *os.File) *earlier {
	name := r.base.reference()
	if name == "" || r.o.Verify == VerifyStream || !isShare(dir) {
		return nil
	}
	kit, err := r.base.kit(name)
	if err != nil {
		return nil
	}
	root, err := tree.Sub(w.root, name+"/"+dataDir)
	if err != nil {
		return nil
	}
	return &earlier{name: name, kit: kit, root: root, files: tree.NewFolders(ctx, root, 1)}
}

func (e *earlier) close() {
	if e != nil {
		_ = errors.Join(e.files.Close(), e.root.Close()) // only read
	}
}

// sum returns the SHA-256 that a file with the path and the size of f has there, if its server is to copy it.
func (e *earlier) sum(f File) string {
	if e == nil || f.Size < worthServing || e.off.Load() {
		return ""
	}
	if s := e.kit[f.Path]; s.Size == f.Size {
		return s.SHA256
	}
	return ""
}

// copy has the server copy a file.
func (e *earlier) copy(ctx context.Context, f File, out *os.File) error {
	in, err := e.files.OpenFile(f.Path, os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // only read
	err = copyOnServer(ctx, in, out, f.Size)
	if err != nil {
		e.off.Store(true)
	}
	return err
}

// errNotServed: the file has to be sent.
var errNotServed = errors.New("not copied by the server")

// serve has the server copy a file if the earlier release has its content: if the source, as it is now,
// has the sum of the earlier release's manifest. Whether the copy has it too, reading it back shows.
func (c *copier) serve(ctx context.Context, i int, f File, known string, buf []byte) (sum string, err error) {
	in, err := openSource(ctx, c.src, f)
	if err != nil {
		return "", err
	}
	defer in.Close()
	look, err := lookAt(c.first, in, f)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	if err := pourSource(ctx, withInspection(look, h), in, f, buf, progressOr(nil)); err != nil {
		return "", err
	}
	sum = hex.EncodeToString(h.Sum(nil))
	if _, err := look.Facts(sum); err != nil {
		return "", &SourceError{Err: err}
	}
	if sum != known {
		return "", errNotServed
	}
	err = c.create(f, func(out *os.File) error {
		if err := c.last.copy(ctx, f, out); err != nil {
			return errNotServed
		}
		return c.finish(i, out, sum, buf)
	})
	switch {
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case errors.Is(err, errNotServed):
		if err := c.dst.Remove(f.Path); err != nil {
			return "", destination("copying on the server", err)
		}
	case err == nil:
		c.served[i] = true
		c.progress.Add(0, f.Size)
	}
	return sum, err
}

// sendDamaged sends the files again whose copy by the server is not what it should be: the earlier
// release is damaged. It corrects sums and facts.
func (w *Writer) sendDamaged(ctx context.Context, rr *rereader, r *run, sums []string, facts factList) error {
	c := &copier{src: r.src.FS, dst: rr.files.Root(), files: rr.files, disk: w.disk, progress: progressOr(nil)}
	buf := tree.Buffer()
	for i, f := range r.tree.Files {
		if sums[i] == r.sums[i] || !r.served[i] {
			continue
		}
		w.note(fmt.Sprintf("release %s is damaged: data/%s differs from its manifest; the copy was made from the source instead", r.base.reference(), f.Path))
		if err := c.dst.Remove(f.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return destination("copying again", err)
		}
		if _, err := c.copyFile(ctx, i, f, buf); err != nil {
			return err
		}
		sum, learned, err := rr.file(ctx, f, r.sums[i], buf)
		if err != nil {
			return err
		}
		sums[i] = sum
		facts.set(i, learned)
	}
	return nil
}
