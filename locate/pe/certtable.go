package pe

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"

	"usmtpkg/locate/pe/cms"
)

// Limits and sizes of the certificate table, in bytes unless they say otherwise.
// Source: PE format, "The Attribute Certificate Table (Image Only)".
const (
	maxTable      = 1 << 20 // genuine tables have 6 to 40 KiB; page hashes of 100 MiB still fit
	entryHeader   = 8       // length, revision, type
	entryAlign    = 8
	typeSigned    = 2 // WIN_CERT_TYPE_PKCS_SIGNED_DATA
	maxSignatures = 8 // of one file, nested ones included
)

// oidNested is the unsigned attribute with further signatures.
const oidNested = "1.3.6.1.4.1.311.2.4.1"

// tableFault says what is wrong with the position of the certificate table, or "".
func (img *image) tableFault(size int64) string {
	start, end := int64(img.certificates.addr), int64(img.certificates.addr)+int64(img.certificates.size)
	switch {
	case start%entryAlign != 0:
		return fmt.Sprintf("the certificate table starts at offset %#x, wanted a multiple of %d", start, entryAlign)
	case start < img.sectionsEnd:
		return fmt.Sprintf("the certificate table at offset %#x overlaps the headers, which end at %#x", start, img.sectionsEnd)
	case end != size:
		return fmt.Sprintf("%d bytes are hidden behind the certificate table, which ends at offset %#x", size-end, end)
	}
	for _, s := range img.sections {
		if sectionEnd := int64(s.offset) + int64(s.size); sectionEnd > start {
			return fmt.Sprintf("the certificate table at offset %#x overlaps a section, which ends at %#x", start, sectionEnd)
		}
	}
	return ""
}

// unsigned returns the verdict on a file whose headers name no certificate table: it
// is unsigned, unless a signature is still at its end. The error is a failed read.
func (img *image) unsigned(r io.ReaderAt, size int64) (Signature, error) {
	at, err := img.leftBehind(r, size)
	switch dir := img.certificates; {
	case err != nil:
		return Signature{}, err
	case at != 0:
		return Signature{Verdict: Tampered, Reason: fmt.Sprintf("the headers say that it is not signed, but a signature is still at offset %#x", at)}, nil
	case dir.addr != 0:
		return Signature{Verdict: Unsigned, Reason: fmt.Sprintf("the certificate table has the address %#x and no bytes", dir.addr)}, nil
	}
	return Signature{Verdict: Unsigned}, nil
}

// signedData is how a PKCS#7 signature names its type, in DER.
var signedData = []byte{0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02}

// leftBehind returns the offset of an entry of a certificate table behind the
// sections that reaches to the end of the file, zeros aside, though no header
// names it; 0 if there is none. It reads no more than a table can have.
func (img *image) leftBehind(r io.ReaderAt, size int64) (int64, error) {
	start := img.sectionsEnd
	for _, s := range img.sections {
		start = max(start, int64(s.offset)+int64(s.size))
	}
	start = max(start, size-maxTable)
	const overlap = entryHeader + maxOuter + 11 // so that what tells an entry is whole in one part
	buf := make([]byte, min(leftBehindBuffer, size-start))
	found, foundEnd, contentEnd := int64(0), int64(0), int64(0)
	for at := start; at < size; at += int64(len(buf)) - overlap {
		part := buf[:min(int64(len(buf)), size-at)]
		if n, err := r.ReadAt(part, at); n < len(part) {
			return 0, tableReadFault(at, n, size, err)
		}
		if n := len(bytes.TrimRight(part, "\x00")); n > 0 {
			contentEnd = at + int64(n)
		}
		for off, n := range entries(part) {
			if end := at + int64(off) + n; end <= size && end > foundEnd {
				found, foundEnd = at+int64(off), end
			}
		}
		if at+int64(len(part)) == size {
			break
		}
	}
	if foundEnd < contentEnd {
		return 0, nil
	}
	return found, nil
}

const (
	leftBehindBuffer = 32 << 10 // bytes
	maxOuter         = 5        // bytes of tag and length of the outermost element
)

// entries yields where in b something begins as an entry with a PKCS#7
// signature, and the length that it claims.
func entries(b []byte) iter.Seq2[int, int64] {
	return func(yield func(int, int64) bool) {
		for off := 0; ; off++ {
			i := bytes.Index(b[off:], signedData)
			if i < 0 {
				return
			}
			off += i
			for before := entryHeader + 2; before <= min(entryHeader+maxOuter, off); before++ {
				e := b[off-before:]
				revision, kind := u16(e[4:]), u16(e[6:])
				if e[entryHeader] == 0x30 && (revision == 0x100 || revision == 0x200) && kind == typeSigned && !yield(off-before, int64(u32(e))) {
					return
				}
			}
		}
	}
}

// readTable reads the certificate table, which the headers place in the file.
func readTable(r io.ReaderAt, size int64, dir directory) ([]byte, error) {
	table := make([]byte, dir.size)
	n, err := r.ReadAt(table, int64(dir.addr))
	if n == len(table) {
		return table, nil
	}
	return nil, tableReadFault(int64(dir.addr), n, size, err)
}

// tableReadFault says why only n bytes could be read at an offset.
func tableReadFault(off int64, n int, size int64, err error) error {
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &FormatError{off + int64(n), "certificate table", "the end of the file", fmt.Sprintf("a file of %d bytes", size)}
	case err == nil:
		err = io.ErrNoProgress // a reader that breaks the contract of io.ReaderAt
	}
	return fmt.Errorf("reading certificate table at offset %#x: %w", off, err)
}

// splitTable returns the signatures of the table, each still with its padding.
func splitTable(table []byte) ([][]byte, error) {
	var entries [][]byte
	for off := 0; off < len(table); {
		rest := table[off:]
		if len(rest) < entryHeader {
			return nil, fmt.Errorf("entry %d: found %d bytes, wanted %d of a header", len(entries)+1, len(rest), entryHeader)
		}
		n, revision, kind := int64(u32(rest)), u16(rest[4:]), u16(rest[6:])
		if n < entryHeader || n > int64(len(rest)) {
			return nil, fmt.Errorf("entry %d: found a length of %d bytes, wanted %d to %d", len(entries)+1, n, entryHeader, len(rest))
		}
		if revision != 0x100 && revision != 0x200 || kind != typeSigned {
			return nil, fmt.Errorf("entry %d: found type %#x of revision %#x, wanted %#x (PKCS#7) of %#x",
				len(entries)+1, kind, revision, typeSigned, 0x200)
		}
		next := min((int(n)+entryAlign-1)/entryAlign*entryAlign, len(rest))
		if !zero(rest[n:next]) {
			return nil, fmt.Errorf("entry %d: data is hidden in its padding", len(entries)+1)
		}
		if entries = append(entries, rest[entryHeader:n]); len(entries) > maxSignatures {
			return nil, fmt.Errorf("found more than %d entries", maxSignatures)
		}
		off += next
	}
	return entries, nil
}

func zero(b []byte) bool { return len(bytes.TrimLeft(b, "\x00")) == 0 }

// collect parses the signatures of a file of this format and those nested in them.
// No fault is left out: each is that of a signature in the result.
func (v *Verifier) collect(entries [][]byte, f format) []*signature {
	var all []*signature
	for queue := entries; len(queue) > 0; queue = queue[1:] {
		if len(all) == maxSignatures {
			return append(all, &signature{fault: &cms.SignatureError{
				Fault: cms.Unsupported, Text: fmt.Sprintf("more than %d signatures in one file", maxSignatures),
			}})
		}
		s := new(signature)
		var rest []byte
		s.data, rest, s.fault = v.trust.Parse(queue[0])
		if s.fault == nil && !zero(rest) {
			s.fault = &cms.SignatureError{
				Fault: cms.Altered, Text: fmt.Sprintf("%d bytes that are not all zero are hidden behind the signature", len(rest)),
			}
		}
		if s.fault == nil {
			queue = append(queue, s.data.Unsigned(oidNested)...)
			s.fault = s.readContent(f)
		}
		all = append(all, s)
	}
	return all
}
