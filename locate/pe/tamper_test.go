package pe_test

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"usmtpkg/locate/pe"
	"usmtpkg/locate/pe/petest"
)

// flipped returns data with one bit of a byte changed.
func flipped(data []byte, off int) []byte {
	data = bytes.Clone(data)
	data[off] ^= 0x10
	return data
}

// stampedFile is signed with a certificate that is over, so that every part of
// its signature and time stamp is needed.
func stampedFile(tb testing.TB) []byte {
	tb.Helper()
	k := testKit()
	return by(tb, k.old, stamped(tb, k.tsa, then))
}

// Whatever bit of the file's content is changed, the file is tampered with. The
// checksum and the address of the certificate table are not signed.
func TestSignatureFlippedContent(t *testing.T) {
	v, file := verifier(t), stampedFile(t)
	start, _ := petest.Table(file)
	checksum := 0x40 + 88
	for off := 0; off < start; off += 1 + off/97 {
		inChecksum := off >= checksum && off < checksum+4
		c, err := v.Begin(bytes.NewReader(flipped(file, off)), int64(len(file)))
		if errors.As(err, new(*pe.FormatError)) {
			continue // no longer a program
		}
		if err != nil {
			t.Fatal(err)
		}
		if c.Needs() {
			_, _ = c.Write(flipped(file, off))
		}
		got, err := c.Signature()
		switch {
		case err != nil:
			t.Errorf("byte %#x flipped: Signature = %v", off, err)
		case inChecksum && got.Verdict != pe.Valid:
			t.Errorf("byte %#x of the checksum flipped: Signature = %+v, want it valid", off, got)
		case !inChecksum && got.Verdict != pe.Tampered:
			t.Errorf("byte %#x flipped: Signature = %+v, want it tampered", off, got)
		}
	}
}

// Whatever bit of the certificate table is changed, the file is not valid, but
// for bits that say nothing: certificates that no chain needs, and a time in
// the kit that has no use.
func TestSignatureFlippedTable(t *testing.T) {
	v, file := verifier(t), stampedFile(t)
	root := testKit().root.Cert.Raw
	start, size := petest.Table(file)
	verdicts := make(map[pe.Verdict]int)
	for off := start; off < start+size; off++ {
		got := check(t, v, flipped(file, off), 1<<20)
		verdicts[got.Verdict]++
		if got.Verdict != pe.Valid {
			continue
		}
		inRoot := false // which is in the signature, too, and is not read from there
		for rest, at := file, 0; ; {
			i := bytes.Index(rest, root)
			if i < 0 {
				break
			}
			inRoot = inRoot || off >= at+i && off < at+i+len(root)
			rest, at = rest[i+1:], at+i+1
		}
		if !inRoot && !unused(file, off) {
			t.Errorf("byte %#x of the table flipped (%#x): Signature = %+v, want it not valid", off-start, file[off-4:off+4], got)
		}
	}
	t.Logf("verdicts of %d flipped bytes: %v", size, verdicts)
	if verdicts[pe.Tampered] < size/2 {
		t.Errorf("found %v, wanted most to be tampered with", verdicts)
	}
}

// unused reports whether the byte is one that RFC 5652 gives no meaning here:
// a version number, or one of a serial number or policy of a time stamp.
func unused(file []byte, off int) bool {
	revision := file[off-4] != 0 && file[off] == 0 && file[off+1] == 2 // of the table's entry
	version := bytes.Equal(file[off-2:off], []byte{2, 1})
	return revision || version
}

// withTable replaces the certificate table of a file.
func withTable(file, table []byte) []byte {
	start, _ := petest.Table(file)
	return petest.AttachTable(file[:start], table)
}

func table(file []byte) []byte {
	start, size := petest.Table(file)
	return bytes.Clone(file[start : start+size])
}

func TestSignatureHiddenData(t *testing.T) {
	k, v := testKit(), verifier(t)
	file := by(t, k.leaf)
	signature := table(file)[8:]
	p7 := signature[:4+int(binary.BigEndian.Uint16(signature[2:]))]
	start, size := petest.Table(file)
	directory := petest.Directory(file)
	stuffed := append(bytes.Clone(p7), make([]byte, 16)...)
	copy(stuffed[len(p7)+9:], "hidden")
	short := petest.Entry(p7) // padded outside of the entry
	inPadding := append(bytes.Clone(short), bytes.Repeat([]byte{1}, -len(short)&7)...)
	zeroPadding := append(bytes.Clone(short), make([]byte, -len(short)&7)...)
	moved := patch(file, directory, append(le32(uint32(start)), le32(uint32(size-8))...)...)
	tests := []struct {
		name, want string
		file       []byte
	}{
		{"as it is", "", file},
		{"padding outside of the entry", "", withTable(file, zeroPadding)},
		{"zeros in the entry", "", withTable(file, petest.Entry(append(bytes.Clone(p7), make([]byte, 64)...)))},
		{"appended", "4 bytes are hidden behind the certificate table, which ends at offset", append(bytes.Clone(file), "more"...)},
		{"appended zeros", "8 bytes are hidden behind the certificate table", append(bytes.Clone(file), make([]byte, 8)...)},
		{"size of the table too small", "8 bytes are hidden behind the certificate table", moved},
		{"stuffed", "16 bytes that are not all zero are hidden behind the signature", withTable(file, petest.Entry(stuffed))},
		{"in the padding", "certificate table: entry 1: data is hidden in its padding", withTable(file, inPadding)},
		{"length of zero", "certificate table: entry 1: found a length of 0 bytes", withTable(file, append(make([]byte, 8), signature...))},
		{"length too large", "certificate table: entry 1: found a length of 4294967295 bytes", withTable(file, append([]byte{255, 255, 255, 255, 0, 2, 2, 0}, signature...))},
		{"entry cut off", "certificate table: entry 2: found 4 bytes, wanted 8 of a header", withTable(file, append(table(file), 1, 2, 3, 4))},
		{"other type", "certificate table: entry 1: found type 0x1 of revision 0x200, wanted 0x2", withTable(file, patch(table(file), 6, 1))},
		{"too many entries", "certificate table: found more than 8 entries", withTable(file, bytes.Repeat(table(file), 9))},
		{"table not aligned", "the certificate table starts at offset", patch(append(file[:start:start], append(make([]byte, 4), file[start:]...)...), directory, le32(uint32(start+4))...)},
		{"table over the headers", "the certificate table at offset 0x40 overlaps the headers", patch(file, directory, append(le32(0x40), le32(uint32(len(file)-0x40))...)...)},
		{"table over a section", "overlaps a section, which ends at", patch(file, directory, append(le32(0x400), le32(uint32(len(file)-0x400))...)...)},
		{"not a signature", "signature: found tag 0x68, wanted 0x30", withTable(file, petest.Entry([]byte("hello, world, 16")))},
		{"signature cut off", "wanted", withTable(file, petest.Entry(signature[:800]))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := check(t, v, tt.file, 1000)
			if tt.want == "" {
				wantSignature(t, got, pe.Signature{Verdict: pe.Valid, Signer: "Contoso Ltd", Algorithm: "sha256"})
				return
			}
			wantSignature(t, got, pe.Signature{Verdict: pe.Tampered, Signer: got.Signer, Algorithm: got.Algorithm, Reason: tt.want})
		})
	}
}

func TestSignatureUnsigned(t *testing.T) {
	v, file := verifier(t), stampedFile(t)
	directory := petest.Directory(file)
	start, _ := petest.Table(file)
	fewDirectories := patch(program(pe.AMD64), 0x40+24+108, 4)
	noTable := func(b []byte) []byte { return patch(b, directory, make([]byte, 8)...) }
	entry := []byte{19 + 8, 0, 0, 0, 0, 2, 2, 0, 0x30, 17, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2, 0xa0, 4, 0x30, 2, 5, 0}
	behind := func(tail ...byte) []byte { return noTable(append(file[:start:start], tail...)) }
	const left = "the headers say that it is not signed, but a signature is still at offset 0x2800"
	unsigned, tampered := pe.Signature{Verdict: pe.Unsigned}, pe.Signature{Verdict: pe.Tampered, Reason: left}
	tests := []struct {
		name string
		data []byte
		want pe.Signature
	}{
		{"plain", program(pe.AMD64), unsigned},
		{"x86", program(pe.I386), unsigned},
		{"four directories", fewDirectories, unsigned},
		{"stripped", noTable(file[:start]), unsigned},
		{"other data behind the sections", behind(bytes.Repeat([]byte("debug "), 300000)...), unsigned},
		{"the type of a signature alone", behind(entry[8:]...), unsigned},
		{"an entry that ends before the file", behind(append(entry[:len(entry):len(entry)], 0, 1, 0, 0)...), unsigned},
		{"an entry that ends behind the file", behind(entry[:len(entry)-1]...), unsigned},
		{"an entry of another revision", behind(patch(entry, 5, 3)...), unsigned},
		{"an entry of another type", behind(patch(entry, 6, 1)...), unsigned},
		{"an entry before more zeros than are read", behind(append(entry[:len(entry):len(entry)], make([]byte, 1<<20)...)...), unsigned},
		{"address without size, no table", patch(file[:start], directory+4, make([]byte, 4)...),
			pe.Signature{Verdict: pe.Unsigned, Reason: "the certificate table has the address 0x2800 and no bytes"}},
		{"zeroed directory", noTable(file), tampered},
		{"size of zero", patch(file, directory+4, make([]byte, 4)...), tampered},
		{"short entry", behind(entry...), tampered},
		{"padded entry", behind(append(entry[:len(entry):len(entry)], 0, 0, 0, 0, 0)...), tampered},
		{"other data before the entry", behind(append(make([]byte, 8), entry...)...),
			pe.Signature{Verdict: pe.Tampered, Reason: "the headers say that it is not signed, but a signature is still at offset 0x2808"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { wantSignature(t, check(t, v, tt.data, 1000), tt.want) })
	}
	for pad := 32<<10 - 2*len(entry); pad < 32<<10+2*len(entry); pad++ { // wherever it lies between what is read at once
		before := bytes.Repeat([]byte{1}, pad)
		wantSignature(t, check(t, v, behind(append(before, entry...)...), 1000), pe.Signature{
			Verdict: pe.Tampered, Reason: fmt.Sprintf("a signature is still at offset %#x", 0x2800+pad),
		})
	}
}

// A file that was cut off, at any border of its parts or within one, is no program.
func TestSignatureTruncated(t *testing.T) {
	v, file := verifier(t), stampedFile(t)
	start, size := petest.Table(file)
	for _, n := range []int{0, 0x3f, 0x40, 0x57, 0x200, 0x400, 0x1000, start - 1, start, start + 8, start + size/2, start + size - 8, len(file) - 1} {
		_, err := v.Begin(bytes.NewReader(file[:n]), int64(n))
		if !errors.As(err, new(*pe.FormatError)) {
			t.Errorf("Begin of the first %#x bytes = %v, want a *pe.FormatError", n, err)
		}
		_, err = v.Begin(bytes.NewReader(file[:n]), int64(len(file)))
		if !errors.As(err, new(*pe.FormatError)) {
			t.Errorf("Begin of the first %#x bytes, by the size of all = %v, want a *pe.FormatError", n, err)
		}
	}
}

func TestBeginFailure(t *testing.T) {
	v, file := verifier(t), stampedFile(t)
	start, _ := petest.Table(file)
	for _, tt := range []struct {
		name, want string
		r          io.ReaderAt
	}{
		{"headers", "reading DOS header at offset 0x0: disk is gone", &faulty{bytes.NewReader(file), 1, 0, errDisk}},
		{"table", fmt.Sprintf("reading certificate table at offset %#x: disk is gone", start), &faulty{bytes.NewReader(file), 2, 100, errDisk}},
		{"stops for no reason", fmt.Sprintf("reading certificate table at offset %#x: %v", start, io.ErrNoProgress), &faulty{bytes.NewReader(file), 2, 100, nil}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := v.Begin(tt.r, int64(len(file)))
			if err == nil || err.Error() != tt.want || errors.As(err, new(*pe.FormatError)) {
				t.Errorf("Begin = %v, want %q", err, tt.want)
			}
		})
	}
}

// What is written has to be what Begin looked at, and all of it.
func TestSignatureContentDiffers(t *testing.T) {
	v, file := verifier(t), stampedFile(t)
	start, _ := petest.Table(file)
	tests := []struct {
		name    string
		content []byte
		want    string
	}{
		{"nothing", nil, fmt.Sprintf("checking the signature: found 0 bytes of content, wanted %d", len(file))},
		{"one byte less", file[:len(file)-1], fmt.Sprintf("found %d bytes of content, wanted %d", len(file)-1, len(file))},
		{"one byte more", append(bytes.Clone(file), 0), fmt.Sprintf("found %d bytes of content, wanted %d", len(file)+1, len(file))},
		{"other address of the headers", flipped(file, 0x3d), "checking the signature: at offset 0x3c: the file changed while it was read"},
		{"other directory", flipped(file, petest.Directory(file)+1), "at offset 0x40: the file changed while it was read"},
		{"other section", flipped(file, 0x150), "the file changed while it was read"},
		{"other table", flipped(file, start+700), fmt.Sprintf("at offset %#x: the file changed while it was read", start)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := v.Begin(bytes.NewReader(file), int64(len(file)))
			if err != nil {
				t.Fatal(err)
			}
			_, _ = c.Write(tt.content)
			got, err := c.Signature()
			if err == nil || !strings.Contains(err.Error(), tt.want) || got != (pe.Signature{}) {
				t.Errorf("Signature = %+v, %v, want %q", got, err, tt.want)
			}
		})
	}
}

// The signature of one file is put into another, and other abuse of messages.
func TestSignatureOfSomethingElse(t *testing.T) {
	k, v := testKit(), verifier(t)
	image := petest.Padded(program(pe.AMD64))
	digest := petest.Digest(crypto.SHA256, image)
	link := petest.TLV(0xa2, []byte{0x80, 0})
	right := petest.IndirectOf(crypto.SHA256, digest, link)
	otherKind := bytes.Replace(right, petest.OID("1.3.6.1.4.1.311.2.1.15"), petest.OID("1.3.6.1.4.1.311.2.1.30"), 1)
	stamp := petest.Stamp{Authority: k.tsa, Time: then}
	stamp.Of = []byte("another signature value")
	tests := []struct {
		name string
		m    petest.Message
		want pe.Signature
	}{
		{"other file", petest.Message{Content: petest.Indirect(crypto.SHA256, 0, program(pe.I386))}, pe.Signature{Verdict: pe.Tampered, Signer: "Contoso Ltd", Algorithm: "sha256", Reason: fmt.Sprintf("the sha256 digest of the file is %x, signed is", digest)}},
		{"digest of no bytes", petest.Message{Content: petest.IndirectOf(crypto.SHA256, nil, link)}, pe.Signature{Verdict: pe.Tampered, Signer: "Contoso Ltd", Algorithm: "sha256", Reason: "the sha256 digest of the file is"}},
		{"digest of half the bytes", petest.Message{Content: petest.IndirectOf(crypto.SHA256, digest[:16], link)}, pe.Signature{Verdict: pe.Tampered, Signer: "Contoso Ltd", Algorithm: "sha256", Reason: "the sha256 digest of the file is"}},
		{"other kind of file", petest.Message{Content: otherKind}, pe.Signature{Verdict: pe.Unsupported, Reason: "a signature of a file of kind 1.3.6.1.4.1.311.2.1.30, not of a program"}},
		{"other content", petest.Message{Content: right, ContentType: petest.OIDData}, pe.Signature{Verdict: pe.Unsupported, Reason: "a signature of 1.2.840.113549.1.7.1, not of a program"}},
		{"content of garbage", petest.Message{Content: petest.TLV(0x30, []byte{1, 2, 3})}, pe.Signature{Verdict: pe.Tampered, Reason: "kind of the signed file: found tag 0x01, wanted 0x30"}},
		{"content with more behind", petest.Message{Content: petest.TLV(0x30, right[2:], []byte{5, 0})}, pe.Signature{Verdict: pe.Tampered, Reason: "signed content: found 2 bytes more, wanted its end"}},
		{"two digest functions", petest.Message{Content: petest.IndirectOf(crypto.SHA1, petest.Digest(crypto.SHA1, image), link)}, pe.Signature{Verdict: pe.Unsupported, Reason: "a SHA-1 digest of the file, signed with SHA-256"}},
		{"MD5 digest", petest.Message{Content: petest.IndirectOf(crypto.MD5, make([]byte, 16), link)}, pe.Signature{Verdict: pe.Unsupported, Reason: "digest algorithm 1.2.840.113549.2.5"}},
		{"no attributes", petest.Message{Content: right, NoAttributes: true}, pe.Signature{Verdict: pe.Unsupported, Signer: "Contoso Ltd", Algorithm: "sha256", Reason: "a signature without signed attributes"}},
		{"time stamp of another", petest.Message{Content: right, Unsigned: []func([]byte) []byte{stamp.Token(t)}}, pe.Signature{Verdict: pe.Tampered, Signer: "Contoso Ltd", Algorithm: "sha256", Reason: "time stamp: it is of another signature"}},
		{"countersignature of another", petest.Message{Content: right, Certificates: slices.Concat([]*x509.Certificate{k.leaf.Cert, k.tsa.Cert}, k.leaf.Issuers), Unsigned: []func([]byte) []byte{stamp.Countersignature(t)}}, pe.Signature{Verdict: pe.Tampered, Signer: "Contoso Ltd", Algorithm: "sha256", Reason: "time stamp: the signed data has another digest than was signed"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.m.Signer = k.leaf
			wantSignature(t, check(t, v, petest.Sign(t, image, tt.m), 1000), tt.want)
		})
	}
}
