package archive

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"math"
	"strings"

	"github.com/klauspost/compress/flate"
)

// Bounds of a .zip without the extension Zip64, which Explorer reads since Windows Vista and not everything else does.
const (
	maxZipFiles = math.MaxUint16 - 1
	maxZipBytes = math.MaxUint32 - 64<<20 // the rest is for its directory, which has at most maxDirectory
)

const zipLevel = 6

// WriteZip writes files as a .zip.
func WriteZip(w io.Writer, files []File) error {
	if err := checkNames(files); err != nil {
		return err
	}
	total := int64(0)
	for _, f := range files {
		total += f.Size
	}
	if len(files) > maxZipFiles || total > maxZipBytes {
		return fault("%d files with %d bytes are too many for a .zip, which has at most %d and %d; write a .tar.zst", len(files), total, maxZipFiles, int64(maxZipBytes))
	}
	z := zip.NewWriter(w)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, zipLevel) })
	for _, f := range files {
		h := &zip.FileHeader{Name: f.Name, Method: zip.Deflate, Modified: epoch}
		h.SetMode(fileMode)
		to, err := z.CreateHeader(h)
		if err != nil {
			return err
		}
		if err := copied(to, f); err != nil {
			return err
		}
	}
	return z.Close()
}

// The end of a .zip: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.3.16
const (
	zipEnd       = "PK\x05\x06"
	zipEndSize   = 22
	maxDirectory = 32 << 20 // bytes; 65,534 files of USMT have 13 MB
)

// IsZip reports whether an archive that begins so is a .zip.
func IsZip(head []byte) bool {
	return bytes.HasPrefix(head, []byte("PK\x03\x04")) || bytes.HasPrefix(head, []byte(zipEnd))
}

// ReadZip reads a .zip of this size.
func ReadZip(ctx context.Context, r io.ReaderAt, size int64, limits Limits, each Each) error {
	src := &sourceAt{r: r}
	return src.or(newReading(limits, each).zip(ctx, src, size))
}

func (r *reading) zip(ctx context.Context, src io.ReaderAt, size int64) error {
	if err := checkZipEnd(src, size); err != nil {
		return err
	}
	z, err := zip.NewReader(src, size)
	if err != nil {
		return broken(err)
	}
	z.RegisterDecompressor(zip.Deflate, flate.NewReader)
	for _, f := range z.File {
		if err := r.count(); err != nil {
			return err
		}
		if err := r.zipped(ctx, f); err != nil {
			return err
		}
	}
	return checkTwins(r.names)
}

// zipped reads one file of a .zip.
func (r *reading) zipped(ctx context.Context, f *zip.File) error {
	const encrypted = 0x1
	mode := f.Mode()
	switch {
	case f.Flags&encrypted != 0:
		return fault("%.120q is encrypted", f.Name)
	case strings.HasSuffix(f.Name, "/") && f.UncompressedSize64 == 0:
		_, err := r.path(f.Name)
		return err
	case mode&fs.ModeType != 0:
		return fault("%.120q is neither a file nor a folder (%s)", f.Name, mode)
	case f.UncompressedSize64 > math.MaxInt64:
		return fault("%.120q has %d bytes", f.Name, f.UncompressedSize64)
	}
	in, err := f.Open()
	if errors.Is(err, zip.ErrAlgorithm) {
		return fault("%.120q is packed by method %d; usmtpkg reads stored and deflated files", f.Name, f.Method)
	}
	if err != nil {
		return broken(err)
	}
	defer in.Close() //nolint:errcheck // it was only read
	return r.file(ctx, f.Name, int64(f.UncompressedSize64), in)
}

// checkZipEnd makes sure that the directory of a .zip, which is read as a whole, is right before its end,
// and not too large.
func checkZipEnd(src io.ReaderAt, size int64) error {
	if size < zipEndSize {
		return errCut
	}
	end := make([]byte, zipEndSize)
	if _, err := src.ReadAt(end, size-zipEndSize); err != nil {
		return broken(err)
	}
	files, length, start := binary.LittleEndian.Uint16(end[10:]), int64(binary.LittleEndian.Uint32(end[12:])), int64(binary.LittleEndian.Uint32(end[16:]))
	switch {
	case string(end[:4]) != zipEnd:
		return fault("the archive is cut off, or something follows its end")
	case files > maxZipFiles || length > maxDirectory:
		return fault("the archive has too many files for a .zip: %d bytes are their names; pack them as a .tar.zst", length)
	case start+length+zipEndSize != size:
		return fault("the archive is damaged: its directory has %d bytes at byte %d, and its end is at byte %d", length, start, size-zipEndSize)
	}
	return nil
}

// sourceAt is source for a file.
type sourceAt struct {
	r   io.ReaderAt
	err error
}

func (s *sourceAt) ReadAt(p []byte, off int64) (int, error) {
	n, err := s.r.ReadAt(p, off)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

func (s *sourceAt) or(err error) error {
	if s.err != nil {
		return s.err
	}
	return err
}
