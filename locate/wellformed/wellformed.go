// Package wellformed checks that a text is well-formed XML 1.0 (fifth edition)
// and returns the name and the attributes of its root element. It reads once,
// forwards, in a buffer of fixed size: migration XML and manifests come from
// anywhere, and every one of them is read on every staging run.
//
// Rules beyond the grammar of https://www.w3.org/TR/xml/ (they refuse more):
//
//   - A DOCTYPE is refused, so there are no entities except the five predefined
//     ones, and nothing outside the text is ever asked for.
//   - At most 256 elements are open, and an element has at most 256 attributes.
//     A name has at most 1 KiB, a value 32 KiB, one element's attributes 64 KiB.
//   - The bytes are UTF-8 (with or without byte order mark) or UTF-16 (with one,
//     or beginning with "<?" so that the order shows), and the encoding declared
//     must be the one read. Of a text declared in another known encoding that
//     extends ASCII, such as windows-1252, only ASCII is read: a byte over 0x7F
//     is refused. Unknown encodings are refused.
//
// One rule is wider: a version 1.x is read as 1.0, as the fifth edition asks.
//
// What it does not do: namespaces (an undeclared prefix passes), validation
// against a schema, decoding of other encodings, content beyond the root's own
// tag.
package wellformed

import (
	"fmt"
	"hash/maphash"
	"io"
	"sync"
)

// Limits. Microsoft's files of release 10.0.26100.1 stay far below: depth
// 11, names of 31 bytes, 14 attributes, values of 217 bytes. Lengths are counted
// in bytes of UTF-8, before references are replaced.
const (
	maxDepth     = 256      // open elements, the root included
	maxName      = 1 << 10  // bytes of one name
	maxAttrs     = 256      // attributes of one element
	maxValue     = 32 << 10 // bytes of one attribute value
	maxAttrBytes = 64 << 10 // bytes of all names and values of one element's attributes
)

// Root is the outermost element.
type Root struct {
	Name string // as written, with its prefix
	Attr []Attr // in the order written, namespace declarations included
}

// Attr is one attribute, its value as XML defines it: references replaced, line
// ends and tabs turned into spaces.
type Attr struct {
	Name, Value string
}

// SyntaxError says that the text is not well-formed, or breaks a limit.
type SyntaxError struct {
	Line   int // from 1; a line ends at LF
	Column int // from 1, in characters; a byte order mark is none
	Msg    string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Msg)
}

// Check reads r to its end. A text that is not well-formed gives a *SyntaxError;
// an error of r comes back as it is. It needs some 64 KB whatever the length, and
// at most half a megabyte, for names as long and elements as deep as is allowed.
func Check(r io.Reader) (Root, error) {
	s, _ := scanners.Get().(*scanner)
	s.reset(r)
	err := s.document()
	root := s.root
	s.release()
	if err != nil {
		return Root{}, err
	}
	return root, nil
}

// scanners keeps buffers between calls: most files are smaller than the buffer,
// and clearing a new one would take longer than scanning them.
var scanners = sync.Pool{New: func() any {
	return &scanner{attrs: attrNames{seed: maphash.MakeSeed()}}
}}

// keepNames is the most a pooled scanner keeps for names, in bytes.
const keepNames = 16 << 10

// release hands s back to the pool without anything of the caller's.
func (s *scanner) release() {
	s.r, s.err, s.root = nil, nil, Root{}
	if cap(s.names)+cap(s.attrs.text) > keepNames {
		s.names, s.attrs.text = nil, nil
	}
	scanners.Put(s)
}
