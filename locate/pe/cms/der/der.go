// Package der decodes DER, the encoding of signatures, element by element.
//
// Rules:
//   - Only DER: lengths are definite and minimal, tags are of one byte. BER,
//     which some standards let signatures be in, is refused by name.
//   - Nothing is copied: elements are parts of the input, which must not change.
//   - The first fault sticks: a parser reads all it wants and asks for Err
//     once. After a fault every element is empty, in the parts and the whole.
//   - Nothing is recursive: time and memory are those of the input's length.
//
// It does not know types: what an element means is up to the caller.
//
// Source of the encoding: ITU-T X.690 (https://www.itu.int/rec/T-REC-X.690), chapters 8 and 10.
package der

import "fmt"

// Tags of elements, as their first byte has them.
const (
	Boolean         = 0x01
	Integer         = 0x02
	BitString       = 0x03
	OctetString     = 0x04
	Null            = 0x05
	OID             = 0x06
	UTCTime         = 0x17
	GeneralizedTime = 0x18
	Sequence        = 0x30
	Set             = 0x31

	constructed = 0x20
	contextual  = 0x80
)

// Context returns the tag [n] of an element that contains other elements.
func Context(n byte) byte { return contextual | constructed | n }

// Primitive returns the tag [n] IMPLICIT of an element that contains bytes.
func Primitive(n byte) byte { return contextual | n }

// An Element is a tag and what belongs to it.
type Element struct {
	Tag     byte
	Content []byte
	Raw     []byte // with tag and length
}

// SyntaxError says that the input is not DER, or has other elements than expected.
type SyntaxError struct {
	Part  string // what was read: "message digest"
	Found string
	Want  string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s: found %s, wanted %s", e.Part, e.Found, e.Want)
}

// A Reader takes the elements of a run of bytes in their order.
type Reader struct {
	rest  []byte
	fault *fault
}

// A fault is what the Readers of a whole and of its parts share.
type fault struct{ err error }

// NewReader returns a Reader of data.
func NewReader(data []byte) *Reader { return &Reader{data, new(fault)} }

// Err returns the first fault of this Reader and of those made by its Inside,
// a *SyntaxError.
func (r *Reader) Err() error { return r.fault.err }

// Rest returns the bytes that were not read.
func (r *Reader) Rest() []byte { return r.rest }

// More reports whether elements follow; after a fault none do.
func (r *Reader) More() bool { return r.fault.err == nil && len(r.rest) > 0 }

// Next reports whether an element of this tag follows.
func (r *Reader) Next(tag byte) bool { return r.More() && r.rest[0] == tag }

// Read returns the next element, which must have this tag.
func (r *Reader) Read(tag byte, part string) Element {
	if r.More() && r.rest[0] != tag {
		r.Fail(part, fmt.Sprintf("tag %#02x", r.rest[0]), fmt.Sprintf("%#02x", tag))
	}
	return r.Any(part)
}

// Inside reads the next element, which must have this tag, and returns a
// Reader of its content.
func (r *Reader) Inside(tag byte, part string) *Reader {
	return &Reader{r.Read(tag, part).Content, r.fault}
}

// Skip reads the next element if it has this tag.
func (r *Reader) Skip(tag byte, part string) {
	if r.Next(tag) {
		r.Any(part)
	}
}

// Any returns the next element, whatever its tag.
func (r *Reader) Any(part string) Element {
	if r.fault.err != nil {
		return Element{}
	}
	head, n := r.length(part)
	if r.fault.err != nil {
		return Element{}
	}
	if n > len(r.rest)-head {
		r.Fail(part, fmt.Sprintf("the end after %d bytes", len(r.rest)-head), fmt.Sprintf("%d bytes", n))
		return Element{}
	}
	e := Element{r.rest[0], r.rest[head : head+n : head+n], r.rest[: head+n : head+n]}
	r.rest = r.rest[head+n:]
	return e
}

// length returns the length of the next element's tag and length, and the
// length of its content.
func (r *Reader) length(part string) (head, n int) {
	const (
		manyBytes = 0x1f // the tag goes on in further bytes
		maxLength = 4    // bytes of a length; 4 GiB are more than any input
	)
	b := r.rest
	if len(b) < 2 {
		r.Fail(part, "the end", "an element")
		return 0, 0
	}
	if b[0]&manyBytes == manyBytes {
		r.Fail(part, "a tag of several bytes", "a tag of one byte")
		return 0, 0
	}
	size := int(b[1] &^ 0x80)
	switch {
	case b[1] < 0x80:
		return 2, int(b[1])
	case size == 0:
		r.Fail(part, "an indefinite length (BER)", "DER")
	case size > maxLength || size > len(b)-2:
		r.Fail(part, fmt.Sprintf("a length of %d bytes", size), "the length of an element that ends in the input")
	default:
		var length uint64
		for _, c := range b[2 : 2+size] {
			length = length<<8 | uint64(c)
		}
		if length < 0x80 || length>>(8*(size-1)) == 0 {
			r.Fail(part, "a length with leading zeros (BER)", "DER")
			break
		}
		return 2 + size, int(min(length, uint64(len(b)))) // longer than the input is refused either way
	}
	return 0, 0
}

// End sets the fault unless all elements were read.
func (r *Reader) End(part string) {
	if r.More() {
		r.Fail(part, fmt.Sprintf("%d bytes more", len(r.rest)), "its end")
	}
}

// Fail sets the fault, unless there is one.
func (r *Reader) Fail(part, found, want string) {
	if r.fault.err == nil {
		r.fault.err = &SyntaxError{part, found, want}
	}
}
