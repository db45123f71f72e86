package cab

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// A headerReader reads fields one after the other. After the first error it
// gives zeros.
type headerReader struct {
	c   *Cabinet
	r   *bufio.Reader
	at  int64
	err error
}

func (h *headerReader) seek(at int64) {
	if h.at = at; h.err == nil {
		h.r = bufio.NewReader(io.NewSectionReader(h.c.r, at, max(0, h.c.end-at)))
	}
}

func (h *headerReader) bytes(n int) []byte {
	b := make([]byte, n)
	if h.err == nil {
		if _, err := io.ReadFull(h.r, b); err != nil {
			h.err = h.c.readError(h.at, err)
			clear(b)
		}
		h.at += int64(n)
	}
	return b
}

func (h *headerReader) skip(n int) { h.bytes(n) }

// text reads a text that ends with a zero byte, which has up to 255 others.
func (h *headerReader) text() string {
	var b []byte
	for start := h.at; h.err == nil; {
		switch c := h.bytes(1)[0]; {
		case h.err != nil:
		case c == 0:
			return string(b)
		case len(b) == 255:
			h.err = h.c.malformed(start, "the text that begins with %q has no end within 256 bytes", b[:16])
		default:
			b = append(b, c)
		}
	}
	return ""
}

// name reads a text that must not be empty.
func (h *headerReader) name(of string) string {
	at := h.at
	s := h.text()
	if s == "" && h.err == nil {
		h.err = h.c.malformed(at, "the name of %s is empty", of)
	}
	return s
}

// readError returns the error for a read at offset that gave err.
func (c *Cabinet) readError(offset int64, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return c.malformed(offset, "the cabinet ends here, at byte %d, within something that is larger", c.end)
	}
	return fmt.Errorf("%s: %w", c.Name, err)
}
