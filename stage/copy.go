package stage

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"

	"usmtpkg/locate/tree"
)

// A copier writes the files of a tree below dst, hashing what it writes.
type copier struct {
	src      fs.FS
	dst      *os.Root
	files    *tree.Folders // below dst
	disk     flusher       // flushes every file when it is closed; nil: all are flushed at once later
	progress Progress
	first    Checker                                               // looks at what is read; nil: nobody does
	written  func(i int, f *os.File, sum string, buf []byte) error // called with each finished file still open; may be nil
	last     *earlier                                              // the release that a server can copy files from; nil: there is none
	served   []bool                                                // by index: what it copied

	mu      sync.Mutex
	unflush bool // a flush was not supported: durability is not confirmed
}

// copyTree makes the folders of t and copies its files. It returns their
// SHA-256 sums in the order of t.Files.
func (c *copier) copyTree(ctx context.Context, t Tree, workers int) ([]string, error) {
	if err := c.makeDirs(ctx, t.Dirs, workers); err != nil {
		return nil, err
	}
	sums := make([]string, len(t.Files))
	order := largestFirst(t.Files)
	c.progress.Start("copying", len(t.Files), t.Bytes())
	err := tree.Each(ctx, len(order), workers, func(ctx context.Context, i int, buf []byte) error {
		i = order[i]
		sum, err := c.copyFile(ctx, i, t.Files[i], buf)
		sums[i] = sum
		return err
	})
	return sums, err
}

// makeDirs makes folders, those of one depth at once.
func (c *copier) makeDirs(ctx context.Context, dirs []string, workers int) error {
	byDepth := map[int][]string{}
	for _, d := range dirs {
		n := strings.Count(d, "/")
		byDepth[n] = append(byDepth[n], d)
	}
	for _, depth := range slices.Sorted(maps.Keys(byDepth)) {
		level := byDepth[depth]
		err := tree.Each(ctx, len(level), workers, func(_ context.Context, i int, _ []byte) error {
			return destination("creating a folder", c.dst.Mkdir(level[i], 0o777))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *copier) copyFile(ctx context.Context, i int, f File, buf []byte) (sum string, err error) {
	first := c.first
	if known := c.last.sum(f); known != "" {
		if sum, err = c.serve(ctx, i, f, known, buf); !errors.Is(err, errNotServed) {
			return sum, err
		}
		first = nil // it had its look
	}
	in, err := openSource(ctx, c.src, f)
	if err != nil {
		return "", err
	}
	defer in.Close()
	err = c.create(f, func(out *os.File) error {
		sum, err = c.fill(ctx, i, f, in, out, first, buf)
		return err
	})
	return sum, err
}

// create makes a new file. It closes it also after a panic: Windows does not remove a folder with an
// open file in it.
func (c *copier) create(f File, write func(out *os.File) error) error {
	out, err := c.files.OpenFile(f.Path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return destination("creating a file", err)
	}
	if err := writeAndClose(out, write); err != nil {
		return err
	}
	// A courtesy to whoever compares dates: some filers forbid it, and nothing relies on it.
	_ = c.files.Chtimes(f.Path, f.ModTime)
	c.progress.Add(1, 0)
	return nil
}

func writeAndClose(out *os.File, write func(out *os.File) error) (err error) {
	defer func() {
		if cerr := out.Close(); err == nil {
			err = destination("closing a file", cerr)
		}
	}()
	return write(out)
}

// fill writes the content of a new file.
func (c *copier) fill(ctx context.Context, i int, f File, in fs.File, out *os.File, first Checker, buf []byte) (string, error) {
	look, err := lookAt(first, in, f)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	if err := pourSource(ctx, withInspection(look, &target{out, h}), in, f, buf, c.progress); err != nil {
		return "", err
	}
	sum := hex.EncodeToString(h.Sum(nil))
	if _, err := look.Facts(sum); err != nil {
		return "", &SourceError{Err: err}
	}
	if c.disk == nil && f.Size >= worthFlushing {
		beginFlush(out)
	}
	return sum, c.finish(i, out, sum, buf)
}

// worthFlushing is the smallest file that is handed to the disk by itself, in bytes. Many small files
// are written out faster all at once: 20,000 of 4 KB in about four fifths of the time.
const worthFlushing = 64 << 10

// lookAt begins the first look at a file of the source.
func lookAt(first Checker, in fs.File, f File) (Inspection, error) {
	if first == nil {
		return noChecker{}, nil
	}
	at, ok := in.(io.ReaderAt)
	if !ok {
		return nil, fmt.Errorf("looking at %s: its file system has no random access", f.Path)
	}
	look, err := first.Inspect(f.Path, at, f.Size)
	if err != nil {
		return nil, &SourceError{Err: err}
	}
	return look, nil
}

// finish is what remains to be done with a file once its bytes are written.
func (c *copier) finish(i int, out *os.File, sum string, buf []byte) error {
	if c.disk != nil {
		if err := c.disk.flush(out); tree.IsUnsupported(err) {
			c.mu.Lock()
			c.unflush = true
			c.mu.Unlock()
		} else if err != nil {
			return destination("flushing a file", err)
		}
	}
	if c.written == nil {
		return nil
	}
	return c.written(i, out, sum, buf)
}

// A target takes the content of a new file, and hashes it.
type target struct {
	out  *os.File
	hash hash.Hash
}

func (t *target) Write(p []byte) (int, error) {
	t.hash.Write(p)
	n, err := t.out.Write(p)
	return n, destination("writing a file", err)
}

// pourSource reads a listed file of a source from its start to w, and refuses one that changes meanwhile.
func pourSource(ctx context.Context, w io.Writer, in fs.File, f File, buf []byte, p Progress) error {
	n, err := tree.PourSized(ctx, w, io.LimitReader(in, f.Size+1), f.Size, buf, p.Add)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, new(*DestinationError)):
		return err
	case err != nil:
		return &SourceError{Err: fmt.Errorf("%s: %w", f.Path, err)}
	case n > f.Size:
		return fmt.Errorf("reading %s: %w: it grew beyond %d bytes", f.Path, tree.ErrChanged, f.Size)
	case n < f.Size:
		return fmt.Errorf("reading %s: %w: read %d of %d bytes", f.Path, tree.ErrChanged, n, f.Size)
	}
	return unchanged(in, f)
}

// openSource opens a listed file and refuses one that is no longer what was listed.
func openSource(ctx context.Context, src fs.FS, f File) (fs.File, error) {
	var in fs.File
	err := tree.RetryLocked(ctx, func() (err error) {
		in, err = src.Open(f.Path)
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("opening %s: %w: it is gone", f.Path, tree.ErrChanged)
	}
	if err != nil {
		return nil, &SourceError{Err: err}
	}
	if err := unchanged(in, f); err != nil {
		in.Close()
		return nil, err
	}
	return in, nil
}

// unchanged compares an open file with what the listing said of it.
func unchanged(in fs.File, f File) error {
	info, err := in.Stat()
	switch {
	case err != nil:
		return &SourceError{Err: err}
	case !info.Mode().IsRegular():
		return fmt.Errorf("reading %s: %w: it is a %s now", f.Path, tree.ErrChanged, entryKind(info.Mode().Type()))
	case info.Size() != f.Size:
		return fmt.Errorf("reading %s: %w: it has %d bytes, and had %d when it was listed", f.Path, tree.ErrChanged, info.Size(), f.Size)
	case !info.ModTime().Equal(f.ModTime):
		return fmt.Errorf("reading %s: %w: its modification time changed", f.Path, tree.ErrChanged)
	}
	return nil
}
