// Package archive writes files into a .tar.zst or .zip, and reads such archives as streams.
//
// Rules of WriteTar and WriteZip:
//   - The same files give the same bytes, on any machine: no owners, one mode, one time, fixed levels of
//     compression, and no influence of the number of processors. A new version of the compressor may
//     change them.
//   - Files come in the order given. Names that [ReadTar] and [ReadZip] would refuse are an error.
//
// Rules of ReadTar and ReadZip:
//   - The input is not trusted. Everything wrong with it is a [*FormatError]. Any other error is one of
//     the reader given or of the function called.
//   - The function given is called for each file, in the order of the archive, with what it contains.
//     Twins ([winname.Twins]) are only known at the end: who writes the files must not replace any.
//   - Folders are left out, and a leading "./" is cut off. Anything else that is not a file is refused:
//     links, devices, sparse files.
//   - A path is one that Windows accepts, below the folder that the archive is unpacked into.
//   - Limits bound what is unpacked. Memory does not depend on sizes, only on the number of files.
//   - The archive has an end, and nothing after it.
//
// They do not know what the files are: whoever takes them checks that.
package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/zstd"

	"usmtpkg/locate/tree"
	"usmtpkg/locate/winname"
)

// A File is one to be written into an archive.
type File struct {
	Name string // its path, with slashes
	Size int64
	Copy func(w io.Writer) error // writes its content: Size bytes
}

// Limits bound what is read from an archive.
type Limits struct {
	Files int   // files and folders
	Bytes int64 // of all files
}

// An Each takes a file from an archive: its path, and its content, which is of this size. What it does not
// read is checked and dropped.
type Each func(name string, size int64, r io.Reader) error

// FormatError says what is wrong with an archive.
type FormatError struct{ Text string }

func (e *FormatError) Error() string { return e.Text }

func fault(format string, args ...any) error { return &FormatError{fmt.Sprintf(format, args...)} }

var errCut = fault("the archive is cut off")

// broken is the fault of an archive that cannot be decoded.
func broken(err error) error {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF):
		return errCut
	case errors.Is(err, zstd.ErrMagicMismatch):
		return fault("it is neither a .tar.zst nor a .zip, or something follows its end")
	case errors.Is(err, zstd.ErrWindowSizeExceeded):
		return fault("it is packed with a window of more than %d MiB; pack it with zstd up to level 19, without --long", maxWindow>>20)
	}
	return fault("the archive is damaged: %v", err)
}

// checkNames refuses files that could not be read again.
func checkNames(files []File) error {
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = f.Name
		if bad := winname.PathFault(f.Name); bad != "" {
			return fault("%.120q has %s, which Windows does not accept", f.Name, bad)
		}
	}
	return checkTwins(names)
}

func checkTwins(names []string) error {
	if twins := winname.Twins(names); len(twins) > 0 {
		return fault("%.120q and %.120q %s", twins[0].A, twins[0].B, twins[0].Kind)
	}
	return nil
}

// copied writes a file into an archive that expects it to have its size.
func copied(w io.Writer, f File) error {
	c := &counted{w: w}
	if err := f.Copy(c); err != nil {
		return err
	}
	if c.n != f.Size {
		return fmt.Errorf("packing %s: found %d bytes, wanted %d", f.Name, c.n, f.Size)
	}
	return nil
}

type counted struct {
	w io.Writer
	n int64
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// A reading is one call of ReadTar or ReadZip.
type reading struct {
	limits  Limits
	each    Each
	entries int
	bytes   int64
	names   []string
	length  int // of the names
	buf     []byte
}

func newReading(limits Limits, each Each) *reading {
	return &reading{limits: limits, each: each, buf: tree.Buffer()}
}

// maxNames bounds the names of an archive, in bytes: 300,000 files of USMT have fewer.
const maxNames = 32 << 20

// count counts an entry.
func (r *reading) count() error {
	if r.entries++; r.entries > r.limits.Files {
		return fault("the archive has more than %d files and folders", r.limits.Files)
	}
	return nil
}

// path returns the path of an entry. A folder has a slash at its end.
func (r *reading) path(name string) (p string, err error) {
	p = strings.TrimSuffix(strings.TrimPrefix(name, "./"), "/")
	if p == "" && strings.HasSuffix(name, "/") { // the top folder itself
		return p, nil
	}
	if bad := winname.PathFault(p); bad != "" {
		return p, fault("%.120q has %s, which Windows does not accept", name, bad)
	}
	return p, nil
}

// file hands over one file.
func (r *reading) file(ctx context.Context, name string, size int64, content io.Reader) error {
	p, err := r.path(name)
	if err != nil {
		return err
	}
	if size < 0 || size > r.limits.Bytes-r.bytes {
		return fault("the files of the archive have more than %d bytes together", r.limits.Bytes)
	}
	r.bytes += size
	r.names = append(r.names, p)
	if r.length += len(p); r.length > maxNames {
		return fault("the names in the archive have more than %d bytes together", maxNames)
	}
	in := &entry{r: content}
	err = r.each(p, size, in)
	if err == nil {
		_, err = tree.Pour(ctx, io.Discard, in, r.buf, nil)
	}
	if in.err != nil {
		return in.err
	}
	return err
}

// An entry is the content of one file. Both readers below it see to it that it is as long as the archive says.
type entry struct {
	r   io.Reader
	err error // what is wrong with it
}

func (e *entry) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		e.err = broken(err)
		err = e.err
	}
	return n, err
}

// A source is the archive itself. Its errors are not those of what is in it.
type source struct {
	r   io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

// or returns the error of the source, if it has one, because what follows from it is not a fault of the archive.
func (s *source) or(err error) error {
	if s.err != nil {
		return s.err
	}
	return err
}
