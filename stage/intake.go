package stage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"sync"

	"usmtpkg/locate/tree"
	"usmtpkg/locate/winname"
)

// An intake is one call of Receive.
type intake struct {
	w      *Writer
	o      ReceiveOptions
	what   string
	dir    string // where the release is being written
	root   *os.Root
	files  *tree.Folders // below root
	copier *copier

	mu        sync.Mutex
	begun     bool
	top       string // the folder that all paths are below, with its slash
	made      map[string]bool
	payload   contentSize // that came
	tags      int64       // bytes of tag files that came
	said      *contentSize
	hasRecord bool

	rec        Release // verified
	changes    *Changes
	durability Durability
}

type contentSize struct {
	files int
	bytes int64
}

// put writes one file of the release.
func (x *intake) put(ctx context.Context, name string, size int64, r io.Reader) error {
	name, err := x.admit(name, size)
	if err != nil {
		return err
	}
	if err := x.write(ctx, name, size, r); err != nil || name != releaseFile {
		return err
	}
	return x.know()
}

// admit decides whether a file is part of a release, and makes its folder.
func (x *intake) admit(name string, size int64) (string, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.begun {
		x.begun, x.made = true, map[string]bool{".": true}
		if first, rest, below := strings.Cut(name, "/"); below && !isPart(name) && isPart(rest) {
			x.top = first + "/"
		}
	}
	p, below := strings.CutPrefix(name, x.top)
	if !below || !isPart(p) || winname.PathFault(p) != "" {
		return "", x.fault("%.120q is not part of a release", name)
	}
	if strings.HasPrefix(p, dataDir+"/") {
		x.payload.files, x.payload.bytes = x.payload.files+1, x.payload.bytes+size
	} else {
		x.tags += size
	}
	if err := x.checkSize(); err != nil {
		return "", err
	}
	return p, x.mkdir(path.Dir(p))
}

func (x *intake) fault(format string, args ...any) error {
	return &FormatError{x.what, fmt.Sprintf(format, args...)}
}

// isPart reports whether a file of that path can be in a release.
func isPart(p string) bool {
	return strings.HasPrefix(p, dataDir+"/") || slices.Contains(ownTags(), p) || isCatalog(p) && !strings.Contains(p, "/")
}

// maxTags bounds the tag files, in bytes: the record of the most files that a release can have, their
// manifest, and as much again for catalogs.
const maxTags = 4 * maxRecord

// checkSize holds what came against the record, or as long as that is not there against what any release may have.
func (x *intake) checkSize() error {
	said := contentSize{Received.Files, Received.Bytes}
	if x.said != nil {
		said = *x.said
	}
	if x.payload.files > said.files || x.payload.bytes > said.bytes {
		return x.fault("it has more than the %d files with %d bytes that it should have", said.files, said.bytes)
	}
	if x.tags > maxTags {
		return x.fault("its tag files have more than %d bytes", maxTags)
	}
	return nil
}

// mkdir makes a folder of the release.
func (x *intake) mkdir(dir string) error {
	if x.made[dir] {
		return nil
	}
	if err := x.root.MkdirAll(dir, 0o777); err != nil {
		for p := range parentsAnd(dir) {
			if info, lerr := x.root.Lstat(p); lerr == nil && !info.IsDir() {
				return x.fault("%.120q is a file and also a folder", p)
			}
		}
		return destination("creating a folder", err)
	}
	for p := range parentsAnd(dir) {
		x.made[p] = true
	}
	return nil
}

// folders returns the folders that were made.
func (x *intake) folders() []string {
	delete(x.made, ".")
	return slices.Sorted(maps.Keys(x.made))
}

// write writes one file, which must not be there yet.
func (x *intake) write(ctx context.Context, name string, size int64, r io.Reader) (err error) {
	out, err := x.files.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if errors.Is(err, fs.ErrExist) {
		return x.fault("%.120q is in it twice, or there is a name that is the same to this system", name)
	}
	if err != nil {
		return destination("creating a file", err)
	}
	defer func() { err = errors.Join(err, destination("closing a file", out.Close())) }()
	buf, _ := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	n, err := tree.Pour(ctx, fileWriter{out}, r, *buf, x.o.Progress.Add)
	switch {
	case err != nil:
		return err
	case n != size:
		return x.fault("%.120q has %d bytes, and should have %d", name, n, size)
	}
	if x.copier.disk == nil && size >= worthFlushing {
		beginFlush(out)
	}
	x.o.Progress.Add(1, 0)
	return x.copier.finish(0, out, "", nil)
}

// buffers are for files that come one after another.
var buffers = sync.Pool{New: func() any { b := tree.Buffer(); return &b }}

// A fileWriter marks the errors of the destination.
type fileWriter struct{ f *os.File }

func (w fileWriter) Write(p []byte) (int, error) {
	n, err := w.f.Write(p)
	return n, destination("writing a file", err)
}

// know takes note of the record, which has just been written. One that cannot be read is found when the
// release is verified.
func (x *intake) know() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.hasRecord = true
	rec, err := readRelease(x.root)
	if err != nil || rec.badHead() != "" || rec.FileCount < 0 || rec.Bytes < 0 {
		return nil
	}
	if rec.FileCount > Received.Files || rec.Bytes > Received.Bytes {
		return x.fault("it has %d files with %d bytes; more than %d and %d are not unpacked", rec.FileCount, rec.Bytes, Received.Files, Received.Bytes)
	}
	if x.o.Known != nil {
		if err := x.o.Known(rec); err != nil {
			return err
		}
	}
	x.said = &contentSize{rec.FileCount, rec.Bytes}
	if err := errors.Join(x.suits(rec), x.checkSize()); err != nil {
		return err
	}
	x.o.Progress.Start("unpacking", rec.FileCount, rec.Bytes)
	return checkRoom("unpacking", x.w.root, rec.FileCount-x.payload.files, rec.Bytes-x.payload.bytes)
}
