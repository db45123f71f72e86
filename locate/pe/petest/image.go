package petest

import (
	"bytes"
	"crypto"
	"encoding/binary"
	"testing"
)

// Where things are in a file that samplekit or winres made, in bytes.
type layout struct {
	checksum, directory int // the latter of the certificate table
	sections            int // the section table
	count               int
	headers             int // size of the headers
}

func layoutOf(image []byte) layout {
	le := binary.LittleEndian
	nt := int(le.Uint32(image[0x3c:]))
	l := layout{
		checksum: nt + 88, directory: nt + 24 + 128, count: int(le.Uint16(image[nt+6:])),
		sections: nt + 24 + int(le.Uint16(image[nt+20:])), headers: int(le.Uint32(image[nt+84:])),
	}
	if le.Uint16(image[nt+24:]) == 0x20b {
		l.directory += 16
	}
	return l
}

// Directory returns the offset of the certificate table's address in an image.
func Directory(image []byte) int { return layoutOf(image).directory }

// Table returns the offset and the size of the certificate table of a file.
func Table(image []byte) (start, size int) {
	d := image[Directory(image):]
	return int(binary.LittleEndian.Uint32(d)), int(binary.LittleEndian.Uint32(d[4:]))
}

// Padded fills a file without a certificate table, as it is before it is signed.
func Padded(image []byte) []byte {
	return append(bytes.Clone(image), make([]byte, -len(image)&7)...)
}

// Digest returns the Authenticode digest of a file, which is filled up and may have
// a certificate table at its end.
func Digest(h crypto.Hash, image []byte) []byte {
	l := layoutOf(image)
	end := len(image)
	if start, size := Table(image); size > 0 {
		end = start
	}
	d := h.New()
	d.Write(image[:l.checksum])
	d.Write(image[l.checksum+4 : l.directory])
	d.Write(image[l.directory+8 : end])
	return d.Sum(nil)
}

// Indirect returns the content of a signature of a file. Page hashes are in it, if
// pages is a hash function.
func Indirect(h, pages crypto.Hash, image []byte) []byte {
	return IndirectOf(h, Digest(h, image), pageLink(pages, image))
}

// IndirectOf returns the content of a signature for a digest and a link.
func IndirectOf(h crypto.Hash, digest, link []byte) []byte {
	data := tlv(0x30, []byte{3, 1, 0}, tlv(0xa0, link))
	return tlv(0x30,
		tlv(0x30, oid("1.3.6.1.4.1.311.2.1.15"), data),
		tlv(0x30, Algorithm(HashOID(h)), tlv(4, digest)))
}

func pageLink(h crypto.Hash, image []byte) []byte {
	switch h {
	case crypto.SHA1:
		return PageLink("1.3.6.1.4.1.311.2.3.1", PageTable(h, image))
	case crypto.SHA256:
		return PageLink("1.3.6.1.4.1.311.2.3.2", PageTable(h, image))
	default:
		return tlv(0xa2, []byte{0x80, 0}) // an empty file name
	}
}

// PageLink returns a link that holds a table of page hashes.
func PageLink(dotted string, table []byte) []byte {
	class := []byte{0xa6, 0xb5, 0x86, 0xd5, 0xb4, 0xa1, 0x24, 0x66, 0xae, 0x05, 0xa2, 0x17, 0xda, 0x8e, 0x60, 0xd6}
	return tlv(0xa1, tlv(4, class), tlv(4, tlv(0x31, tlv(0x30, oid(dotted), tlv(0x31, tlv(4, table))))))
}

// PageTable returns the table of page hashes of a file.
func PageTable(h crypto.Hash, image []byte) []byte {
	le := binary.LittleEndian
	l := layoutOf(image)
	var table []byte
	add := func(start, end int, parts ...[]byte) {
		d := h.New()
		for _, p := range parts {
			d.Write(p)
		}
		d.Write(make([]byte, max(0, 4096-(end-start)))) // also where parts leave something out
		table = d.Sum(le.AppendUint32(table, uint32(start)))
	}
	add(0, l.headers, image[:l.checksum], image[l.checksum+4:l.directory], image[l.directory+8:l.headers])
	last := 0
	for i := range l.count {
		s := image[l.sections+40*i:]
		start := int(le.Uint32(s[20:]))
		last = start + int(le.Uint32(s[16:]))
		for at := start; at < last; at += 4096 {
			end := min(at+4096, last)
			add(at, end, image[at:end])
		}
	}
	return append(le.AppendUint32(table, uint32(last)), make([]byte, h.Size())...)
}

// Attach makes a certificate table of signatures, an entry each, at the end of
// a file that has none.
func Attach(image []byte, signatures ...[]byte) []byte {
	var table []byte
	for _, s := range signatures {
		padded := append(bytes.Clone(s), make([]byte, -len(s)&7)...)
		table = append(table, Entry(padded)...)
	}
	return AttachTable(image, table)
}

// Entry returns an entry of a certificate table that holds data.
func Entry(data []byte) []byte {
	b := binary.LittleEndian.AppendUint32(nil, uint32(8+len(data)))
	return append(append(b, 0, 2, 2, 0), data...)
}

// AttachTable puts a certificate table at the end of a file that has none.
func AttachTable(image, table []byte) []byte {
	out := Padded(image)
	d := out[Directory(out):]
	binary.LittleEndian.PutUint32(d, uint32(len(out)))
	binary.LittleEndian.PutUint32(d[4:], uint32(len(table)))
	return append(out, table...)
}

// Sign signs a file in the usual way.
func Sign(tb testing.TB, image []byte, m Message) []byte {
	tb.Helper()
	m = m.defaults()
	if m.Content == nil {
		m.Content = Indirect(m.Hash, 0, Padded(image))
	}
	return Attach(image, m.Encode(tb))
}
