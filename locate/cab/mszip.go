package cab

import (
	"bytes"
	"io"

	"github.com/klauspost/compress/flate"
)

// mszip decompresses MSZIP: each block is a deflate stream of its own, which may
// refer to the 32 KiB before it.
type mszip struct {
	in      bytes.Reader
	inflate io.ReadCloser
	buf     []byte // up to blockSize bytes before the block, then the block
	n       int    // bytes in buf
}

func newMSZIP() *mszip {
	m := &mszip{buf: make([]byte, 2*blockSize+1)}
	m.inflate = flate.NewReader(&m.in)
	return m
}

func (m *mszip) decompress(block []byte, n int) ([]byte, error) {
	if len(block) < 2 || string(block[:2]) != "CK" {
		return nil, badBlock("it begins with %q; blocks of MSZIP begin with \"CK\"", block[:min(2, len(block))])
	}
	if m.n > blockSize {
		m.n = copy(m.buf, m.buf[m.n-blockSize:m.n])
	}
	m.in.Reset(block[2:])
	if err := m.inflate.(flate.Resetter).Reset(&m.in, m.buf[:m.n]); err != nil {
		return nil, err
	}
	out := m.buf[m.n : m.n+n+1] // one more, to see the end
	switch got, err := io.ReadFull(m.inflate, out); {
	case err == nil:
		return nil, badBlock("it decompresses to more than %d bytes", n)
	case err != io.EOF && err != io.ErrUnexpectedEOF:
		return nil, badBlock("MSZIP: %v", err)
	case got != n:
		return nil, badBlock("it decompresses to %d bytes; wanted %d", got, n)
	case m.in.Len() > 0:
		return nil, badBlock("%d bytes follow its compressed data", m.in.Len())
	}
	m.n += n
	return out[:n], nil
}
