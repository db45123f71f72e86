package wellformed

import (
	"bytes"
	"hash/maphash"
)

// startTag scans a start tag or an empty-element tag.
func (s *scanner) startTag() error {
	if s.seen && len(s.starts) == 0 {
		return s.fail("second root element")
	}
	s.pos++ // the '<'
	name, err := s.name()
	if err != nil {
		return err
	}
	if len(s.starts) == maxDepth {
		return s.failAt(s.pos-len(name), "more than %d elements are open", maxDepth)
	}
	s.push(name)
	s.attrs.reset()
	for {
		c, spaced, err := s.space()
		switch {
		case err != nil:
			return err
		case c == '>':
			s.pos++
			return nil
		case c == '/':
			s.pos++
			s.pop()
			return s.expect('>', "after '/'")
		case !spaced:
			return s.unexpected(`white space, "/>" or ">"`)
		}
		if err := s.attribute(); err != nil {
			return err
		}
	}
}

// push opens an element.
func (s *scanner) push(name []byte) {
	if !s.seen {
		s.seen = true
		s.root.Name = string(name)
	}
	s.starts = append(s.starts, len(s.names))
	s.names = append(s.names, name...)
}

// top returns the name of the innermost open element.
func (s *scanner) top() []byte { return s.names[s.starts[len(s.starts)-1]:] }

// pop closes the innermost open element.
func (s *scanner) pop() {
	last := len(s.starts) - 1
	s.names = s.names[:s.starts[last]]
	s.starts = s.starts[:last]
}

// endTag scans an end tag. Nearly always it is the one expected, without white
// space and within the buffer.
func (s *scanner) endTag() error {
	if len(s.starts) == 0 {
		return s.fail("end tag outside the root element")
	}
	open := s.top()
	b := s.buf[s.pos+len("</") : s.end]
	if len(b) > len(open) && b[len(open)] == '>' && bytes.HasPrefix(b, open) {
		s.pos += len("</>") + len(open)
		s.pop()
		return nil
	}
	s.pos += len("</")
	name, err := s.name()
	if err != nil {
		return err
	}
	if !bytes.Equal(name, open) {
		return s.failAt(s.pos-len(name), "<%s> is closed by </%s>", clip(open), clip(name))
	}
	if _, _, err := s.space(); err != nil {
		return err
	}
	s.pop()
	return s.expect('>', "after the name of an end tag")
}

// attribute scans one attribute of the start tag.
func (s *scanner) attribute() error {
	name, err := s.name()
	if err != nil {
		return err
	}
	at := s.pos - len(name)
	if len(s.attrs.sums) == maxAttrs {
		return s.failAt(at, "element <%s> has more than %d attributes", clip(s.top()), maxAttrs)
	}
	if !s.attrs.add(name) {
		return s.failAt(at, "attribute %s is given twice", clip(name))
	}
	value, err := s.assigned()
	if err != nil {
		return err
	}
	if s.attrs.bytes += len(value); s.attrs.bytes > maxAttrBytes {
		return s.fail("attributes of element <%s> are longer than %d bytes", clip(s.top()), maxAttrBytes)
	}
	if len(s.starts) == 1 { // the root's tag: any other is within it
		s.root.Attr = append(s.root.Attr, Attr{Name: string(s.attrs.last()), Value: unescape(value)})
	}
	return nil
}

// assigned scans what follows an attribute's name, and gives the value as it is
// written. The slice is valid until the next read.
func (s *scanner) assigned() ([]byte, error) {
	if _, _, err := s.space(); err != nil {
		return nil, err
	}
	if err := s.expect('=', "after the name"); err != nil {
		return nil, err
	}
	quote, _, err := s.space()
	switch {
	case err != nil:
		return nil, err
	case quote == '"':
		return s.value(quote, inDouble)
	case quote == '\'':
		return s.value(quote, inSingle)
	}
	return nil, s.unexpected("a quoted value")
}

// value scans a value from its opening quote to its closing one; m is the class
// of what is plain in between.
func (s *scanner) value(quote byte, m class) ([]byte, error) {
	s.pos++
	s.mark = s.pos
	err := s.valueText(quote, m)
	if s.pos-s.mark > maxValue { // first: it holds however much is read at once
		return nil, s.valueTooLong()
	}
	if err != nil {
		return nil, err
	}
	v := s.held()
	s.pos++
	return v, nil
}

// valueText scans a value up to its closing quote.
func (s *scanner) valueText(quote byte, m class) error {
	for {
		c, err := s.skip(m)
		if err != nil {
			return err
		}
		switch c {
		case quote:
			return nil
		case '&':
			if err := s.reference(); err != nil {
				return err
			}
		case '<':
			return s.fail(`"<" in an attribute value must be written "&lt;"`)
		default:
			return s.badChar(rune(c))
		}
	}
}

// attrNames are the names of one start tag's attributes. Hashes with a seed keep
// the search for doubles cheap, whatever the names are.
type attrNames struct {
	seed  maphash.Seed
	sums  []uint64 // of each name
	ends  []int    // where each ends in text
	text  []byte   // the names, one after the other
	bytes int      // of names and values
}

func (a *attrNames) reset() {
	a.sums, a.ends, a.text, a.bytes = a.sums[:0], a.ends[:0], a.text[:0], 0
}

// add notes a name, and says false when it is there already.
func (a *attrNames) add(name []byte) bool {
	sum := maphash.Bytes(a.seed, name)
	for i, other := range a.sums {
		if other == sum && bytes.Equal(a.name(i), name) {
			return false
		}
	}
	a.text = append(a.text, name...)
	a.sums = append(a.sums, sum)
	a.ends = append(a.ends, len(a.text))
	a.bytes += len(name)
	return true
}

func (a *attrNames) name(i int) []byte {
	from := 0
	if i > 0 {
		from = a.ends[i-1]
	}
	return a.text[from:a.ends[i]]
}

func (a *attrNames) last() []byte { return a.name(len(a.ends) - 1) }
