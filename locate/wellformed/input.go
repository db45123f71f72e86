package wellformed

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

const (
	// bufSize is the buffer, in bytes. It has room for the longest value twice, so
	// there is always room to read on while a value is held.
	bufSize = 64 << 10

	// history is how many bytes before pos stay in the buffer: at a '>' the scan
	// looks back for "]]".
	history = 2

	// maxEmptyReads is how often a reader may give nothing and no error, as in
	// package bufio.
	maxEmptyReads = 100
)

// errEnd is the regular end of the text. It is not io.EOF: a reader's own error
// may wrap that one, and stays a failure of the reader.
var errEnd = errors.New("end of text")

// input is the text: a window of UTF-8 over the reader, and its position.
type input struct {
	r    io.Reader
	err  error // what ended reading; holds once buf[:end] is used up
	pos  int   // the next byte
	end  int   // the end of what was read
	mark int   // a value being scanned is held from here on; -1: none

	line, column int // of buf[0]

	bom   bool   // a byte order mark of UTF-8 began the text
	utf16 string // the encoding read, when it is not UTF-8: "UTF-16LE", "UTF-16BE"
	ascii string // the encoding declared, when only its ASCII is read

	buf [bufSize]byte
}

func (in *input) reset(r io.Reader) {
	in.r, in.err = r, nil
	in.pos, in.end, in.mark = 0, 0, -1
	in.line, in.column = 1, 1
	in.bom, in.utf16, in.ascii = false, "", ""
}

// fill reads more. It moves the window, so slices of the buffer end here.
func (in *input) fill() error {
	if in.mark >= 0 && in.pos-in.mark > maxValue {
		return in.valueTooLong()
	}
	if in.err != nil {
		return in.err
	}
	in.discard()
	for range maxEmptyReads {
		n, err := in.r.Read(in.buf[in.end:])
		in.end += n
		if err == io.EOF {
			in.err = errEnd
		} else if err != nil {
			in.err = in.located(err)
		}
		if n > 0 {
			return nil
		}
		if in.err != nil {
			return in.err
		}
	}
	return io.ErrNoProgress
}

// discard drops what is behind pos, except what is still in use.
func (in *input) discard() {
	n := in.pos - history
	if in.mark >= 0 {
		n = min(n, in.mark)
	}
	if n <= 0 {
		return
	}
	in.line, in.column = in.position(n)
	copy(in.buf[:], in.buf[n:in.end])
	in.pos, in.end = in.pos-n, in.end-n
	if in.mark >= 0 {
		in.mark -= n
	}
}

// position returns the line and column of buf[p]. Lines are counted here, a buffer
// at a time, and not while scanning: that costs next to nothing.
func (in *input) position(p int) (line, column int) {
	b := in.buf[:p]
	line, column = in.line, in.column
	if i := bytes.LastIndexByte(b, '\n'); i >= 0 {
		line += bytes.Count(b, []byte{'\n'})
		column, b = 1, b[i+1:]
	}
	for _, c := range b {
		if utf8.RuneStart(c) {
			column++
		}
	}
	return line, column
}

// located turns what the UTF-16 decoder objects to into a SyntaxError at the end
// of what it decoded. Errors of the reader pass.
func (in *input) located(err error) error {
	if bad := utf16Error(""); errors.As(err, &bad) {
		return in.failAt(in.end, "%s", bad)
	}
	return err
}

// fail returns a SyntaxError at pos.
func (in *input) fail(format string, args ...any) error {
	return in.failAt(in.pos, format, args...)
}

func (in *input) failAt(p int, format string, args ...any) error {
	line, column := in.position(p)
	return &SyntaxError{Line: line, Column: column, Msg: fmt.Sprintf(format, args...)}
}

func (in *input) valueTooLong() error {
	return in.failAt(in.mark, "attribute value is longer than %d bytes", maxValue)
}

// window gives the next n bytes without using them, or fewer at the end of the
// text.
func (in *input) window(n int) ([]byte, error) {
	for in.end-in.pos < n {
		if err := in.fill(); errors.Is(err, errEnd) {
			break
		} else if err != nil {
			return nil, err
		}
	}
	return in.buf[in.pos:min(in.end, in.pos+n)], nil
}

// peek gives the next byte without using it.
func (in *input) peek() (byte, error) {
	if in.pos == in.end {
		if err := in.fill(); err != nil {
			return 0, err
		}
	}
	return in.buf[in.pos], nil
}

// expect uses the next byte, which must be c; place says where that is.
func (in *input) expect(c byte, place string) error {
	got, err := in.peek()
	if err != nil {
		return err
	}
	if got != c {
		return in.unexpected(fmt.Sprintf("%q %s", c, place))
	}
	in.pos++
	return nil
}

// unexpected refuses the character at pos, where want should be.
func (in *input) unexpected(want string) error {
	r, _, err := in.rune()
	if err != nil {
		return err
	}
	return in.fail("%s expected, found %s", want, show(r))
}
