package stage

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync/atomic"
	"time"

	"usmtpkg/locate/tree"
)

// VerifyMode is how a copy is compared with what was to be copied.
type VerifyMode string

// The modes, weakest first.
const (
	VerifyStream   VerifyMode = "stream"   // the sums of the bytes handed to the file system; nothing is read back
	VerifyReread   VerifyMode = "reread"   // every file is read back; the answer may come from a cache
	VerifyUncached VerifyMode = "uncached" // every file is read back past the page cache of this machine
)

// ParseVerifyMode reads the value of a --verify flag; empty is VerifyReread.
func ParseVerifyMode(s string) (VerifyMode, error) {
	switch m := VerifyMode(s); m {
	case "":
		return VerifyReread, nil
	case VerifyStream, VerifyReread, VerifyUncached:
		return m, nil
	}
	return "", fmt.Errorf("found verify mode %q, wanted reread, uncached or stream", s)
}

// Facts is what a Checker learned of a file, for the release's inventory.
type Facts struct {
	Machine     string // of a program: "amd64", "x86", "arm64"
	FileVersion string // of a program: "10.0.26100.1"
	Signature   string // of a program: the verdict; empty if not checked
	Signer      string
	SignedAt    time.Time
}

// factList has the facts of the files of a tree; nil where there are none, as
// of most files: of very many there is no room for empty ones.
type factList []*Facts

func (l factList) set(i int, f Facts) {
	if f != (Facts{}) {
		l[i] = &f
	}
}

func (l factList) at(i int) Facts {
	if l[i] == nil {
		return Facts{}
	}
	return *l[i]
}

// A Checker checks the content of a copy before it is published.
type Checker interface {
	// Inspect begins to look at one file. It is called once for every file, again for one that
	// had to be copied again, by several goroutines. Its error is a failure to look, never a verdict.
	Inspect(path string, r io.ReaderAt, size int64) (Inspection, error)
	// Finish gives the verdict after the last file. Its error keeps the
	// content from being published.
	Finish() error
}

// An Inspection is the look at one file. It can take the content while that is
// read and hashed anyway.
type Inspection interface {
	// Wants reports whether the whole content has to be written to it, in order.
	Wants() bool
	io.Writer
	// Facts ends the inspection. sum is the SHA-256 of the content, in
	// lower-case hexadecimal.
	Facts(sum string) (Facts, error)
}

// noChecker accepts everything.
type noChecker struct{}

func (noChecker) Inspect(string, io.ReaderAt, int64) (Inspection, error) { return noChecker{}, nil }
func (noChecker) Wants() bool                                            { return false }
func (noChecker) Write(p []byte) (int, error)                            { return len(p), nil }
func (noChecker) Facts(string) (Facts, error)                            { return Facts{}, nil }
func (noChecker) Finish() error                                          { return nil }

// inspect lets c look at a file that was hashed before.
func inspect(ctx context.Context, c Checker, f File, r io.ReaderAt, sum string, buf []byte) (Facts, error) {
	look, err := c.Inspect(f.Path, r, f.Size)
	if err != nil {
		return Facts{}, err
	}
	if look.Wants() {
		if _, err := tree.Pour(ctx, look, io.NewSectionReader(r, 0, f.Size), buf, nil); err != nil {
			return Facts{}, inFile(f.Path, err)
		}
	}
	return look.Facts(sum)
}

// A rereader reads back the files of a tree, hashes and inspects them.
type rereader struct {
	files    *tree.Folders
	checker  Checker
	uncached bool
	fellBack atomic.Bool // a file could not be read past the cache
	progress Progress
	want     []string // the sums of the tree's files, for reread
}

// reread returns the sums and facts of t.Files as they are below r.root.
func (r *rereader) reread(ctx context.Context, t Tree, workers int) ([]string, factList, error) {
	sums, facts := make([]string, len(t.Files)), make(factList, len(t.Files))
	order := largestFirst(t.Files)
	r.progress.Start("re-reading", len(t.Files), t.Bytes())
	err := tree.Each(ctx, len(order), workers, func(ctx context.Context, i int, buf []byte) error {
		i = order[i]
		sum, learned, err := r.file(ctx, t.Files[i], r.want[i], buf)
		sums[i] = sum
		facts.set(i, learned)
		return err
	})
	return sums, facts, err
}

func (r *rereader) file(ctx context.Context, f File, want string, buf []byte) (string, Facts, error) {
	in, err := r.files.OpenSteady(f.Path, os.O_RDONLY)
	if err != nil {
		return "", Facts{}, destination("re-reading", err)
	}
	defer in.Close()
	look, err := r.checker.Inspect(f.Path, in, f.Size)
	if err != nil {
		return "", Facts{}, err
	}
	h := sha256.New()
	if err := r.into(ctx, withInspection(look, h), in, f, buf); err != nil {
		return "", Facts{}, destination("re-reading", err)
	}
	r.progress.Add(1, 0)
	sum := hex.EncodeToString(h.Sum(nil))
	if sum == want {
		sum = want // one copy in memory is enough
	}
	facts, err := look.Facts(sum)
	return sum, facts, err
}

// withInspection is where the content of a file goes while it is read.
func withInspection(look Inspection, to ...io.Writer) io.Writer {
	if look.Wants() {
		to = append(to, look)
	}
	if len(to) == 1 {
		return to[0]
	}
	return io.MultiWriter(to...)
}

// into reads a file to its end into w, past the cache if that was asked for
// and can be done.
func (r *rereader) into(ctx context.Context, w io.Writer, in io.Reader, f File, buf []byte) error {
	if r.uncached && !r.fellBack.Load() {
		direct, err := openUncached(r.files, f.Path)
		switch {
		case err == nil:
			n, err := tree.PourSized(ctx, w, direct, f.Size, buf, r.progress.Add)
			if err = errors.Join(err, direct.Close()); n > 0 || !tree.IsUnsupported(err) {
				return inFile(f.Path, err)
			}
			r.fellBack.Store(true)
		case tree.IsUnsupported(err) || errors.Is(err, errors.ErrUnsupported):
			r.fellBack.Store(true)
		default:
			return err
		}
	}
	_, err := tree.PourSized(ctx, w, in, f.Size, buf, r.progress.Add)
	return inFile(f.Path, err)
}

func inFile(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", name, err)
}

// hashSource hashes the files of a source and refuses any that changed since
// it was listed.
func hashSource(ctx context.Context, src fs.FS, t Tree, workers int, p Progress) ([]string, error) {
	sums := make([]string, len(t.Files))
	order := largestFirst(t.Files)
	p.Start("hashing the source", len(t.Files), t.Bytes())
	err := tree.Each(ctx, len(order), workers, func(ctx context.Context, i int, buf []byte) error {
		f := t.Files[order[i]]
		in, err := openSource(ctx, src, f)
		if err != nil {
			return err
		}
		defer in.Close()
		h := sha256.New()
		if err := pourSource(ctx, h, in, f, buf, p); err != nil {
			return err
		}
		p.Add(1, 0)
		sums[order[i]] = hex.EncodeToString(h.Sum(nil))
		return nil
	})
	return sums, err
}
