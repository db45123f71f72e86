package wellformed

import (
	"bytes"
	"errors"
	"io"
)

// scanner checks one text.
type scanner struct {
	input
	root   Root
	seen   bool      // the root element has begun
	names  []byte    // the names of the open elements, one after the other
	starts []int     // where each begins in names
	attrs  attrNames // of the start tag being scanned
}

func (s *scanner) reset(r io.Reader) {
	s.input.reset(r)
	s.root, s.seen = Root{}, false
	s.names, s.starts = s.names[:0], s.starts[:0]
	s.attrs.reset()
}

// document scans the whole text.
func (s *scanner) document() error {
	if err := s.begin(); err != nil {
		return err
	}
	if err := s.declaration(); err != nil {
		return s.ended(err, "the XML declaration")
	}
	for {
		err := s.outside()
		if errors.Is(err, errEnd) {
			return nil
		}
		if err == nil {
			err = s.content()
		}
		if err != nil {
			return err
		}
	}
}

// outside scans one piece of markup before or after the root element, where
// nothing but white space is allowed. At the end of the text it gives errEnd.
func (s *scanner) outside() error {
	c, _, err := s.space()
	if errors.Is(err, errEnd) && !s.seen {
		return s.fail("no root element")
	}
	if err != nil {
		return err
	}
	if c == '<' {
		return s.markup()
	}
	if s.seen {
		return s.unexpected("comments or white space after the root element")
	}
	return s.unexpected("the root element")
}

// content scans what is in the root element, until that is closed.
func (s *scanner) content() error {
	for len(s.starts) > 0 {
		c, err := s.skip(inText)
		if err != nil {
			return s.ended(err, "element <"+clip(s.top())+">")
		}
		switch c {
		case '<':
			err = s.markup()
		case '&':
			err = s.ended(s.reference(), "a reference")
		case '>':
			err = s.greater()
		default:
			err = s.badChar(rune(c))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// greater scans a '>' in text, which may not end "]]>". If the two bytes before
// it are "]]", they are text as well: markup ends in '>' and references in ';'.
func (s *scanner) greater() error {
	if bytes.HasSuffix(s.buf[:s.pos], []byte("]]")) {
		return s.fail(`"]]>" in text must be written "]]&gt;"`)
	}
	s.pos++
	return nil
}

// markup scans a tag, comment, CDATA section or processing instruction at '<'.
func (s *scanner) markup() error {
	w, err := s.window(2)
	if err != nil {
		return err
	}
	if len(w) < 2 {
		return s.ended(errEnd, "a tag")
	}
	switch w[1] {
	case '/':
		return s.ended(s.endTag(), "an end tag")
	case '?':
		return s.ended(s.instruction(), "a processing instruction")
	case '!':
		return s.declared()
	}
	return s.ended(s.startTag(), "a start tag")
}

const (
	openComment = "<!--"
	openCData   = "<![CDATA["
	openDoctype = "<!DOCTYPE"
)

// declared scans what begins with "<!".
func (s *scanner) declared() error {
	w, err := s.window(len(openCData))
	if err != nil {
		return err
	}
	switch {
	case bytes.HasPrefix(w, []byte(openComment)):
		s.pos += len(openComment)
		return s.ended(s.comment(), "a comment")
	case string(w) == openCData && len(s.starts) == 0:
		return s.fail("CDATA section outside the root element")
	case string(w) == openCData:
		s.pos += len(openCData)
		return s.ended(s.cdata(), "a CDATA section")
	case string(w) == openDoctype:
		return s.fail("DOCTYPE is not allowed: it could define entities or name files to read")
	}
	return s.fail("neither a comment nor a CDATA section: %q", w)
}

func (s *scanner) comment() error {
	for {
		c, err := s.skip(inComment)
		if err != nil {
			return err
		}
		if c != '-' {
			return s.badChar(rune(c))
		}
		w, err := s.window(3)
		switch {
		case err != nil:
			return err
		case string(w) == "-->":
			s.pos += 3
			return nil
		case len(w) == 3 && w[1] == '-':
			return s.fail(`"--" within a comment`)
		}
		s.pos++
	}
}

func (s *scanner) cdata() error {
	return s.until(inCData, "]]>")
}

func (s *scanner) instruction() error {
	s.pos += len("<?")
	target, err := s.name()
	if err != nil {
		return err
	}
	if bytes.EqualFold(target, []byte("xml")) {
		return s.failAt(s.pos-len(target), "XML declaration is malformed, or not at the very start")
	}
	_, spaced, err := s.space()
	if err != nil {
		return err
	}
	if spaced {
		return s.until(inPI, "?>")
	}
	if err := s.expect('?', "or white space after the target"); err != nil {
		return err
	}
	return s.expect('>', "after '?'")
}

// until scans free text of class m up to end, whose first byte is not in m.
func (s *scanner) until(m class, end string) error {
	for {
		c, err := s.skip(m)
		if err != nil {
			return err
		}
		if c != end[0] {
			return s.badChar(rune(c))
		}
		w, err := s.window(len(end))
		if err != nil {
			return err
		}
		if string(w) == end {
			s.pos += len(end)
			return nil
		}
		s.pos++
	}
}

// ended says within what the text ends, if err is that it ends.
func (s *scanner) ended(err error, what string) error {
	if err == nil || !errors.Is(err, errEnd) {
		return err
	}
	return s.failAt(s.end, "text ends within %s", what)
}

// clip returns a name for a message: no longer than a line.
func clip(b []byte) string {
	const most = 60 // bytes
	if len(b) <= most {
		return string(b)
	}
	return string(bytes.ToValidUTF8(b[:most], nil)) + "..."
}
