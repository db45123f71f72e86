package wellformed

import (
	"encoding/binary"
	"errors"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// utf16Error says what is wrong with a text in UTF-16.
type utf16Error string

func (e utf16Error) Error() string { return string(e) }

// utf16Reader gives a text in UTF-16 as UTF-8. What is not UTF-16 is a utf16Error
// after everything before it was given. (golang.org/x/text would put U+FFFD in
// its place.)
type utf16Reader struct {
	r     io.Reader
	order binary.ByteOrder
	in    []byte // in[off:n] is not decoded yet
	off   int
	n     int
	err   error // what ended reading
}

// utf16Buf is the decoder's buffer in bytes.
const utf16Buf = 16 << 10

// newUTF16Reader decodes head and what r gives after it; err is what r ended
// with, if it did.
func newUTF16Reader(r io.Reader, head []byte, err error, bigEndian bool) *utf16Reader {
	d := &utf16Reader{r: r, in: make([]byte, max(len(head), utf16Buf)), err: err, order: binary.LittleEndian}
	d.n = copy(d.in, head)
	if bigEndian {
		d.order = binary.BigEndian
	}
	return d
}

// Read decodes what it has, and reads once more if that is not a whole character.
// p must have room for one.
func (d *utf16Reader) Read(p []byte) (int, error) {
	if n, err := d.decode(p); n > 0 || err != nil {
		return n, err
	}
	if errors.Is(d.err, errEnd) && d.off < d.n {
		return 0, utf16Error("UTF-16 text ends within a character")
	}
	if d.err != nil {
		return 0, d.err
	}
	d.n = copy(d.in, d.in[d.off:d.n])
	d.off = 0
	n, err := d.r.Read(d.in[d.n:])
	d.n += n
	if d.err = err; err == io.EOF {
		d.err = errEnd
	}
	return d.decode(p)
}

// decode gives the whole characters it has, as many as there is room for. An
// error comes only when there is none before it.
func (d *utf16Reader) decode(p []byte) (n int, err error) {
	for d.n-d.off >= 2 && len(p)-n >= utf8.UTFMax {
		r, size := rune(d.order.Uint16(d.in[d.off:])), 2
		if utf16.IsSurrogate(r) {
			if r < lowSurrogate && d.n-d.off < 4 {
				break // its other half is still to be read
			}
			if r = d.pair(r); r == utf8.RuneError && n > 0 {
				break
			} else if r == utf8.RuneError {
				return 0, utf16Error("unpaired surrogate in UTF-16 text")
			}
			size = 4
		}
		n += utf8.EncodeRune(p[n:], r)
		d.off += size
	}
	return n, nil
}

// lowSurrogate is the first code unit that is the second half of a pair.
const lowSurrogate = 0xDC00

// pair gives the character that a surrogate makes with the unit after it, or
// utf8.RuneError.
func (d *utf16Reader) pair(r rune) rune {
	if r >= lowSurrogate {
		return utf8.RuneError
	}
	return utf16.DecodeRune(r, rune(d.order.Uint16(d.in[d.off+2:])))
}
