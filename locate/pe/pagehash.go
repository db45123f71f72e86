package pe

import (
	"bytes"
	"cmp"
	"crypto"
	"fmt"
	"hash"
	"slices"

	"usmtpkg/locate/pe/cms/der"
)

// pageSize is how many bytes one page hash is of: a page of memory of x86,
// amd64 and arm64.
const pageSize = 4096

// pages checks the page hashes of one signature, while the content passes by:
// a digest of the headers and of each 4096 bytes of each section, the last
// filled with zeros, by which Windows may check a program as it is loaded.
// They say nothing that the digest of the file does not say.
type pages struct {
	list []page // by offset
	next int    // the page that the content has come to
	hash hash.Hash

	skipped string // why they are not checked
	fault   string // what is wrong with them
}

// A page is a run of the file and its digest.
type page struct {
	start, end int64
	want       []byte
}

// readPages reads the page hashes in SpcPeImageData, if it has any. Faults of
// the encoding are left in r.
func readPages(r *der.Reader, img *image) *pages {
	r.Skip(der.BitString, "flags")
	if !r.Next(der.Context(0)) {
		r.End("data about the signed program")
		return nil
	}
	file := r.Inside(der.Context(0), "name of the signed program")
	r.End("data about the signed program")
	if !file.Next(der.Context(1)) {
		return nil // a name, mostly "<<<Obsolete>>>"
	}
	object := file.Inside(der.Context(1), "serialized object")
	object.Read(der.OctetString, "class of the serialized object")
	data := object.Read(der.OctetString, "serialized object")
	object.End("serialized object")
	inner := der.NewReader(data.Content)
	attribute := inner.Inside(der.Set, "page hashes").Inside(der.Sequence, "page hashes")
	kind := attribute.OID("kind of the page hashes")
	table := attribute.Inside(der.Set, "page hashes").Read(der.OctetString, "page hashes").Content
	if err := inner.Err(); err != nil {
		r.Fail("page hashes", err.Error(), "a set of one table")
		return nil
	}
	switch kind {
	case oidPageHashSHA1:
		return newPages(crypto.SHA1, table, img)
	case oidPageHashSHA256:
		return newPages(crypto.SHA256, table, img)
	}
	return &pages{skipped: "they are of the kind " + kind}
}

// newPages reads a table of offsets and digests, and compares the offsets with
// where the pages of the file are.
func newPages(h crypto.Hash, table []byte, img *image) *pages {
	switch {
	case img.sectionAlign != pageSize:
		return &pages{skipped: fmt.Sprintf("sections are aligned to %d bytes, not %d", img.sectionAlign, pageSize)}
	case img.headersSize > pageSize:
		return &pages{skipped: fmt.Sprintf("the headers have %d bytes, more than %d", img.headersSize, pageSize)}
	}
	p := &pages{hash: h.New()}
	size := 4 + h.Size()
	if len(table)%size != 0 || len(table) < 2*size {
		return &pages{fault: fmt.Sprintf("the table of page hashes has %d bytes, wanted some of %d each", len(table), size)}
	}
	for b := table; len(b) > 0; b = b[size:] {
		p.list = append(p.list, page{start: int64(u32(b)), want: b[4:size]})
	}
	last := p.list[len(p.list)-1] // tells where the last page ends
	p.list = p.list[:len(p.list)-1]
	if !zero(last.want) {
		return &pages{fault: "the table of page hashes has no end"}
	}
	slices.SortFunc(p.list, func(a, b page) int { return cmp.Compare(a.start, b.start) })
	p.place(img)
	return p
}

// place sets the ends of the pages.
func (p *pages) place(img *image) {
	sections := slices.Clone(img.sections)
	slices.SortFunc(sections, func(a, b section) int { return cmp.Compare(a.offset, b.offset) })
	i := 0
	add := func(start, end int64) bool {
		if i == len(p.list) || p.list[i].start != start {
			p.fault = fmt.Sprintf("there is no page hash of the bytes from %#x to %#x", start, end)
			return false
		}
		p.list[i].end = end
		i++
		return true
	}
	at := int64(img.headersSize)
	if !add(0, at) {
		return
	}
	for _, s := range sections {
		if int64(s.offset) < at {
			p.skipped = "sections overlap one another, or the headers"
			return
		}
		end := int64(s.offset) + int64(s.size)
		for at = int64(s.offset); at < end; at = min(at+pageSize, end) {
			if !add(at, min(at+pageSize, end)) {
				return
			}
		}
	}
	if i < len(p.list) {
		p.fault = fmt.Sprintf("there is a page hash of the bytes from %#x, where no page is", p.list[i].start)
	}
}

// write takes the bytes of the file at off. They come in order; what is left
// out of the digest of the file is not among them.
func (p *pages) write(off int64, b []byte) {
	if p == nil || p.skipped != "" || p.fault != "" {
		return
	}
	for len(b) > 0 && p.next < len(p.list) {
		current := p.list[p.next]
		if off < current.start {
			n := min(int64(len(b)), current.start-off)
			off, b = off+n, b[n:]
			continue
		}
		n := max(0, min(int64(len(b)), current.end-off))
		p.hash.Write(b[:n])
		if off, b = off+n, b[n:]; off >= current.end {
			p.finish(current)
		}
	}
}

// finish compares the digest of a page.
func (p *pages) finish(done page) {
	p.hash.Write(make([]byte, pageSize-(done.end-done.start)))
	if got := p.hash.Sum(nil); p.fault == "" && !bytes.Equal(got, done.want) {
		p.fault = fmt.Sprintf("the bytes from %#x to %#x have the page hash %x, signed is %x", done.start, done.end, got, done.want)
	}
	p.hash.Reset()
	p.next++
}

// close compares the page that the content ended in.
func (p *pages) close() {
	for p != nil && p.skipped == "" && p.fault == "" && p.next < len(p.list) {
		p.finish(p.list[p.next])
	}
}

func (p *pages) differ() bool { return p != nil && p.fault != "" }

// note says what came of page hashes that do not differ; "" if there are none.
func (p *pages) note() string {
	switch {
	case p == nil:
		return ""
	case p.skipped != "":
		return "page hashes not checked: " + p.skipped
	}
	return "page hashes checked"
}
