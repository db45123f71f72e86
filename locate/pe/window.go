package pe

import (
	"errors"
	"fmt"
	"io"
)

// windowSize is the most that one read asks for, in bytes. The headers of a
// linked file fit in it, and so does the start of its resources.
const windowSize = 4096

// A window is the part of a file that was read last. Neighbouring parts of a
// file are mostly served from it without another read.
type window struct {
	r    io.ReaderAt
	size int64 // of the file, in bytes

	off int64 // of the window in the file
	n   int   // bytes of buf that hold the file's
	buf [windowSize]byte
}

// at returns the n bytes at off. They are valid until the next call. The caller
// keeps n within windowSize; off comes from the file and may be anything.
func (w *window) at(off int64, n int, part string) ([]byte, error) {
	if off > w.size-int64(n) {
		return nil, &FormatError{
			Offset: off,
			Part:   part,
			Found:  fmt.Sprintf("the end of the file after %d bytes", w.size),
			Want:   fmt.Sprintf("%d bytes", n),
		}
	}
	if off < w.off || off+int64(n) > w.off+int64(w.n) {
		if err := w.fill(off, part); err != nil {
			return nil, err
		}
	}
	start := int(off - w.off)
	return w.buf[start : start+n], nil
}

// fill moves the window to off.
func (w *window) fill(off int64, part string) error {
	want := int(min(windowSize, w.size-off))
	got, err := w.r.ReadAt(w.buf[:want], off)
	switch {
	case got == want:
		w.off, w.n = off, got
		return nil
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &FormatError{
			Offset: off + int64(got),
			Part:   part,
			Found:  "the end of the file",
			Want:   fmt.Sprintf("a file of %d bytes", w.size),
		}
	case err == nil:
		err = io.ErrNoProgress // a reader that breaks the contract of io.ReaderAt
	}
	return fmt.Errorf("reading %s at offset %#x: %w", part, off, err)
}
