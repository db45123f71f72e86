package wellformed

import (
	"errors"
	"fmt"
	"unicode/utf8"
)

// skip passes over free text of class m and gives the ASCII byte that ends it,
// unused: one with a meaning there, or a control character.
func (in *input) skip(m class) (byte, error) {
	for {
		b := in.buf[in.pos:in.end]
		i := 0
		for i < len(b) && classes[b[i]]&m != 0 {
			i++
		}
		in.pos += i
		if i < len(b) && b[i] < utf8.RuneSelf {
			return b[i], nil
		}
		next := in.fill
		if i < len(b) {
			next = in.runes
		}
		if err := next(); err != nil {
			return 0, err
		}
	}
}

// runes passes over the characters outside ASCII at pos.
func (in *input) runes() error {
	for in.pos < in.end && in.buf[in.pos] >= utf8.RuneSelf {
		r, n, err := in.rune()
		if err != nil {
			return err
		}
		if !isChar(r) {
			return in.badChar(r)
		}
		in.pos += n
	}
	return nil
}

// rune gives the next character and its length without using it.
func (in *input) rune() (rune, int, error) {
	if in.pos == in.end {
		if err := in.fill(); err != nil {
			return 0, 0, err
		}
	}
	if c := in.buf[in.pos]; c < utf8.RuneSelf {
		return rune(c), 1, nil
	}
	if in.ascii != "" {
		return 0, 0, in.fail("byte 0x%02X is not ASCII, and encoding %q is read as far as it is ASCII", in.buf[in.pos], in.ascii)
	}
	b := in.buf[in.pos:in.end]
	if len(b) < utf8.UTFMax {
		var err error
		if b, err = in.window(utf8.UTFMax); err != nil {
			return 0, 0, err
		}
	}
	r, n := utf8.DecodeRune(b)
	if r == utf8.RuneError && n == 1 {
		return 0, 0, in.fail("byte 0x%02X is not UTF-8", b[0])
	}
	return r, n, nil
}

// space passes over white space and gives the byte after it, unused.
func (in *input) space() (c byte, spaced bool, err error) {
	for {
		for in.pos < in.end {
			if c = in.buf[in.pos]; classes[c]&isSpace == 0 {
				return c, spaced, nil
			}
			spaced = true
			in.pos++
		}
		if err := in.fill(); err != nil {
			return 0, spaced, err
		}
	}
}

// name uses a name. The slice is valid until the next read.
func (in *input) name() ([]byte, error) {
	b := in.buf[in.pos:in.end]
	i := 0
	for i < len(b) && classes[b[i]]&inName != 0 {
		i++
	}
	if 0 < i && i < len(b) && i <= maxName && b[i] < utf8.RuneSelf && classes[b[0]]&startsName != 0 {
		in.pos += i
		return b[:i], nil
	}
	return in.slowName()
}

// slowName is name for whatever is not plain ASCII within the buffer, and for
// what is not a name.
func (in *input) slowName() ([]byte, error) {
	in.mark = in.pos
	for {
		r, n, err := in.rune()
		first := in.pos == in.mark
		switch {
		case errors.Is(err, errEnd) && !first:
			return in.held(), nil
		case err != nil:
			return nil, err
		case first && !isNameStart(r):
			return nil, in.unexpected("a name")
		case !isNameChar(r):
			return in.held(), nil
		}
		if in.pos += n; in.pos-in.mark > maxName {
			return nil, in.failAt(in.mark, "name is longer than %d bytes", maxName)
		}
	}
}

// held gives the text since mark and lets go of it.
func (in *input) held() []byte {
	b := in.buf[in.mark:in.pos]
	in.mark = -1
	return b
}

// badChar refuses a character that is not allowed in XML, or not where it is.
func (in *input) badChar(r rune) error {
	if isChar(r) {
		return in.fail("character %s is not allowed here", show(r))
	}
	return in.fail("character %s is not allowed in XML", show(r))
}

// show returns a character for a message: quoted when it can be seen.
func show(r rune) string {
	if r >= ' ' && r < 0x7F {
		return fmt.Sprintf("%q", r)
	}
	return fmt.Sprintf("%U", r)
}
