package msi

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"usmtpkg/locate/msi/cfb"
)

func malformed(format string, args ...any) error {
	return &cfb.FormatError{Text: fmt.Sprintf(format, args...)}
}

// A stringPool has the texts of a database, which its tables refer to by number.
type stringPool struct {
	data  []byte
	spans []span
	page  uint32
	width int               // bytes of a reference
	known map[uint32]string // texts that were decoded
}

// A span is where a text is.
type span struct{ start, end uint32 }

// readStrings reads _StringPool, which has a code page and then the length and
// the count of references of each text, and _StringData, the texts.
func (d *Database) readStrings() (*stringPool, error) {
	pool, err := d.content(d.tables["_StringPool"])
	if err != nil {
		return nil, err
	}
	data, err := d.content(d.tables["_StringData"])
	if err != nil {
		return nil, err
	}
	if len(pool) < 4 || len(pool)%4 != 0 {
		return nil, malformed("the table _StringPool has %d bytes, not a multiple of 4", len(pool))
	}
	const longReferences = 1 << 31
	head := binary.LittleEndian.Uint32(pool)
	if n := len(pool) / 4; n > maxStrings {
		return nil, malformed("the database has %d texts; up to %d are read", n, maxStrings)
	}
	p := &stringPool{data: data, page: head &^ longReferences, width: 2, known: map[uint32]string{}}
	if head&longReferences != 0 {
		p.width = 3
	}
	p.spans = make([]span, 1, len(pool)/4) // text 0 is the empty one
	at := uint64(0)
	for b := pool[4:]; len(b) > 0; b = b[4:] {
		n, refs := uint64(le16(b)), uint64(le16(b[2:]))
		if n == 0 && refs != 0 { // a text of 64 KiB or more: refs is the upper half of its length
			if b = b[4:]; len(b) == 0 {
				return nil, malformed("the table _StringPool ends in the middle of an entry")
			}
			n = refs<<16 | uint64(le16(b))
		}
		if at+n > uint64(len(data)) {
			return nil, malformed("text %d ends at offset %d of the table _StringData, which has %d bytes", len(p.spans), at+n, len(data))
		}
		p.spans = append(p.spans, span{uint32(at), uint32(at + n)})
		at += n
	}
	return p, nil
}

// text returns the text of a number.
func (p *stringPool) text(id uint32) (string, error) {
	if s, ok := p.known[id]; ok {
		return s, nil
	}
	if int64(id) >= int64(len(p.spans)) {
		return "", malformed("text %d is referred to; there are %d", id, len(p.spans)-1)
	}
	s, err := p.decode(p.data[p.spans[id].start:p.spans[id].end])
	if err != nil {
		return "", malformed("text %d %v", id, err)
	}
	p.known[id] = s
	return s, nil
}

func (p *stringPool) decode(raw []byte) (string, error) {
	switch {
	case len(raw) > maxText:
		return "", fmt.Errorf("has %d bytes; up to %d are read", len(raw), maxText)
	case ascii(raw):
		return string(raw), nil
	case p.page == utf8Page && utf8.Valid(raw):
		return string(raw), nil
	case p.page == utf8Page:
		return "", errors.New("is not UTF-8, which is the code page of the database")
	}
	table := codePage(p.page)
	if table == nil {
		return "", fmt.Errorf("is in code page %d, which is not supported", p.page)
	}
	out, err := table.NewDecoder().Bytes(raw)
	return string(out), err
}

const (
	maxStrings = 256 << 10
	maxText    = 64 << 10 // bytes of a text that is read; names have up to 255 characters
	utf8Page   = 65001
)

func ascii(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// codePage returns the table of a code page, or nil. Code page 0 is for ASCII
// alone; what else is in it is read as programs of the West write it.
func codePage(n uint32) *charmap.Charmap {
	switch n {
	case 0, 1252:
		return charmap.Windows1252
	case 874:
		return charmap.Windows874
	}
	list := []*charmap.Charmap{
		charmap.Windows1250, charmap.Windows1251, nil, charmap.Windows1253, charmap.Windows1254,
		charmap.Windows1255, charmap.Windows1256, charmap.Windows1257, charmap.Windows1258,
	}
	if n < 1250 || n >= 1250+uint32(len(list)) {
		return nil
	}
	return list[n-1250]
}

func le16(b []byte) uint16 { return binary.LittleEndian.Uint16(b) }
