package wellformed

import (
	"bytes"
	"strconv"
	"strings"
	"unicode"
)

// entities are the predefined entities, section 4.6. Without a DOCTYPE there
// are no others.
var entities = [...]struct {
	ref  string
	char byte
}{
	{"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}, {"&quot;", '"'}, {"&apos;", '\''},
}

// predefined gives the character and the length of the predefined entity at the
// beginning of b, or a length of 0.
func predefined(b []byte) (char byte, n int) {
	for _, e := range entities {
		if len(b) >= len(e.ref) && string(b[:len(e.ref)]) == e.ref {
			return e.char, len(e.ref)
		}
	}
	return 0, 0
}

// reference scans a reference at '&'.
func (in *input) reference() error {
	const enough = 24 // bytes: the longest entity, and a wrong one for the message
	w, err := in.window(enough)
	if err != nil {
		return err
	}
	if _, n := predefined(w); n > 0 {
		in.pos += n
		return nil
	}
	if len(w) > 1 && w[1] == '#' {
		in.pos += len("&#")
		return in.charReference()
	}
	if i := bytes.IndexAny(w, "; \t\r\n<\"'"); i > 1 && w[i] == ';' {
		return in.fail("entity %q is not one of the five that XML predefines", w[:i+1])
	}
	return in.fail(`"&" that begins no reference must be written "&amp;"`)
}

// charReference scans the number of a character reference and its semicolon.
func (in *input) charReference() error {
	base := rune(10)
	c, err := in.peek()
	if err == nil && c == 'x' {
		base = 16
		in.pos++
	}
	r, digits := rune(0), 0
	for ; ; digits++ {
		if c, err = in.peek(); err != nil {
			return err
		}
		d := digit(c)
		if d >= base {
			break
		}
		r = min(r*base+d, unicode.MaxRune+1)
		in.pos++
	}
	switch {
	case digits == 0:
		return in.unexpected("a number after \"&#\"")
	case c != ';':
		return in.unexpected("';' after a character reference")
	case !isChar(r):
		return in.fail("character reference to a character that is not allowed in XML")
	}
	in.pos++
	return nil
}

// digit returns the value of a hexadecimal digit; 16 for anything else.
func digit(c byte) rune {
	switch {
	case '0' <= c && c <= '9':
		return rune(c - '0')
	case 'a' <= c && c <= 'f':
		return rune(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return rune(c-'A') + 10
	}
	return 16
}

// unescape gives the value of an attribute that was scanned, section 3.3.3: a
// line end or tab counts as a space, unless it comes from a reference.
func unescape(b []byte) string {
	var v strings.Builder
	for len(b) > 0 {
		i := bytes.IndexAny(b, "&\t\r\n")
		if i < 0 {
			i = len(b)
		}
		v.Write(b[:i])
		if b = b[i:]; len(b) == 0 {
			break
		}
		n := 1
		switch {
		case b[0] == '&':
			n = unescapeOne(&v, b)
		case bytes.HasPrefix(b, []byte("\r\n")):
			n = 2
			v.WriteByte(' ')
		default:
			v.WriteByte(' ')
		}
		b = b[n:]
	}
	return v.String()
}

// unescapeOne writes what the reference at the start of b means, and
// gives its length.
func unescapeOne(v *strings.Builder, b []byte) int {
	if char, n := predefined(b); n > 0 {
		v.WriteByte(char)
		return n
	}
	end := bytes.IndexByte(b, ';')
	num, base := string(b[len("&#"):end]), 10
	if num[0] == 'x' {
		num, base = num[1:], 16
	}
	r, _ := strconv.ParseInt(num, base, 32) // scanned: it is a number, and a character's
	v.WriteRune(rune(r))
	return end + 1
}
