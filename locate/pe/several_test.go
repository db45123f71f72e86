package pe_test

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"usmtpkg/locate/pe"
	"usmtpkg/locate/pe/petest"
)

// message makes a signature of the program that by signs.
func message(tb testing.TB, id *petest.Identity, edits ...func(*petest.Message)) []byte {
	tb.Helper()
	m := petest.Message{Signer: id, Hash: crypto.SHA256}
	for _, edit := range edits {
		edit(&m)
	}
	if m.Content == nil {
		m.Content = petest.Indirect(m.Hash, 0, petest.Padded(program(pe.AMD64)))
	}
	return m.Encode(tb)
}

// nested puts further signatures into a message.
func nested(more ...[]byte) func(*petest.Message) {
	return func(m *petest.Message) {
		m.Unsigned = append(m.Unsigned, func([]byte) []byte { return petest.Attribute(petest.OIDNested, more...) })
	}
}

func content(b []byte) func(*petest.Message) { return func(m *petest.Message) { m.Content = b } }

// Of several signatures the best counts, unless one is tampered with.
func TestSignatureSeveral(t *testing.T) {
	k, v := testKit(), verifier(t)
	image := program(pe.AMD64)
	wrong := petest.Indirect(crypto.SHA256, 0, program(pe.I386))
	tests := []struct {
		name string
		file []byte
		want pe.Signature
	}{
		{"dual", by(t, k.sha1, hashed(crypto.SHA1), stamped(t, k.tsa, then), nested(message(t, k.leaf))), pe.Signature{Verdict: pe.Valid, Signer: "Contoso Ltd", Algorithm: "sha256"}},
		{"dual, the first valid alone", by(t, k.leaf, hashed(crypto.SHA1), nested(message(t, k.old))), pe.Signature{Verdict: pe.Valid, Signer: "Contoso Ltd", Algorithm: "sha1", Reason: "another of 2 signatures is expired: the certificate Contoso Old"}},
		{"dual, the nested one valid alone", by(t, k.rogueLeaf, hashed(crypto.SHA1), nested(message(t, k.leaf))), pe.Signature{Verdict: pe.Valid, Signer: "Contoso Ltd", Algorithm: "sha256", Reason: "another of 2 signatures is untrusted: the chain"}},
		{"dual, none valid", by(t, k.rogueLeaf, nested(message(t, k.old))), pe.Signature{Verdict: pe.Expired, Signer: "Contoso Old", Algorithm: "sha256", Reason: "another of 2 signatures is untrusted: the chain"}},
		{"two values", by(t, k.leaf, nested(message(t, k.rogueLeaf), message(t, k.ec, hashed(crypto.SHA512)))), pe.Signature{Verdict: pe.Valid, Signer: "Contoso EC", Algorithm: "sha512", Reason: "another of 3 signatures is untrusted: the chain"}},
		{"nested in nested", by(t, k.rogueLeaf, nested(message(t, k.rogueLeaf, nested(message(t, k.ec))))), pe.Signature{Verdict: pe.Valid, Signer: "Contoso EC", Algorithm: "sha256", Reason: "another of 3 signatures is untrusted: the chain"}},
		{"nested one of another file", by(t, k.leaf, nested(message(t, k.leaf, content(wrong)))), pe.Signature{Verdict: pe.Tampered, Signer: "Contoso Ltd", Algorithm: "sha256", Reason: "another of 2 signatures is valid"}},
		{"first one of another file", by(t, k.leaf, content(wrong), nested(message(t, k.leaf))), pe.Signature{Verdict: pe.Tampered, Signer: "Contoso Ltd", Algorithm: "sha256", Reason: "another of 2 signatures is valid"}},
		{"nested garbage", by(t, k.leaf, nested(petest.TLV(0x30, []byte{1, 1, 0}))), pe.Signature{Verdict: pe.Tampered, Reason: "another of 2 signatures is valid"}},
		{"nested one unsupported", by(t, k.leaf, nested(message(t, k.leaf, func(m *petest.Message) { m.NoAttributes = true }))), pe.Signature{Verdict: pe.Valid, Signer: "Contoso Ltd", Algorithm: "sha256", Reason: "another of 2 signatures is unsupported: a signature without signed attributes"}},
		{"eight", by(t, k.leaf, nested(many(message(t, k.ec), 7)...)), pe.Signature{Verdict: pe.Valid, Signer: "Contoso Ltd", Algorithm: "sha256"}},
		{"nine", by(t, k.leaf, nested(many(message(t, k.ec), 8)...)), pe.Signature{Verdict: pe.Valid, Signer: "Contoso Ltd", Algorithm: "sha256", Reason: "another of 9 signatures is unsupported: more than 8 signatures in one file"}},
		{"two entries", petest.Attach(image, message(t, k.rogueLeaf), message(t, k.leaf)), pe.Signature{Verdict: pe.Valid, Signer: "Contoso Ltd", Algorithm: "sha256", Reason: "another of 2 signatures is untrusted: the chain"}},
		{"two entries, one of another file", petest.Attach(image, message(t, k.leaf), message(t, k.leaf, content(wrong))), pe.Signature{Verdict: pe.Tampered, Signer: "Contoso Ltd", Algorithm: "sha256", Reason: "another of 2 signatures is valid"}},
		{"eight time stamps", by(t, k.leaf, func(m *petest.Message) {
			for range 8 {
				stamped(t, k.tsa, now)(m)
			}
		}), pe.Signature{Verdict: pe.Unsupported, Signer: "Contoso Ltd", Algorithm: "sha256", Reason: "more than 4 time stamps of one signature"}},
		{"many certificates", by(t, k.leaf, func(m *petest.Message) {
			for range 65 {
				m.Extra = append(m.Extra, k.root.Cert.Raw)
			}
		}), pe.Signature{Verdict: pe.Unsupported, Reason: "more than 64 certificates in one signature"}},
		{"unreadable certificate beside", by(t, k.leaf, func(m *petest.Message) {
			m.Extra = [][]byte{petest.TLV(0x30, []byte{1, 1, 0})}
		}), pe.Signature{Verdict: pe.Tampered, Reason: "a certificate cannot be read: signed part of the certificate"}},
		{"certificate of the signer missing", by(t, k.leaf, func(m *petest.Message) {
			m.Certificates = []*x509.Certificate{k.root.Cert}
		}), pe.Signature{Verdict: pe.Tampered, Algorithm: "sha256", Reason: "the certificate of the signer is not in the signature"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.want.Time = time.Time{}
			wantSignature(t, check(t, v, tt.file, 1000), tt.want)
		})
	}
}

func many(b []byte, n int) [][]byte {
	var all [][]byte
	for range n {
		all = append(all, b)
	}
	return all
}

// paged signs a program with page hashes, in a table that edit may change.
func paged(tb testing.TB, image []byte, h crypto.Hash, edit func(table []byte) []byte) []byte {
	tb.Helper()
	image = petest.Padded(image)
	kind := map[crypto.Hash]string{crypto.SHA1: "1.3.6.1.4.1.311.2.3.1", crypto.SHA256: "1.3.6.1.4.1.311.2.3.2"}[h]
	link := petest.PageLink(kind, edit(petest.PageTable(h, image)))
	return petest.Sign(tb, image, petest.Message{
		Signer: testKit().leaf, Content: petest.IndirectOf(crypto.SHA256, petest.Digest(crypto.SHA256, image), link),
	})
}

func TestSignaturePageHashes(t *testing.T) {
	v := verifier(t)
	same := func(b []byte) []byte { return b }
	le := binary.LittleEndian
	program := program(pe.AMD64) // pages at 0, 0x200, 0x1200, 0x2200 and 0x2600
	swapped := func(b []byte) []byte {
		return append(append(append(bytes.Clone(b[:36]), b[72:108]...), b[36:72]...), b[108:]...)
	}
	valid := pe.Signature{Verdict: pe.Valid, Signer: "Contoso Ltd", Algorithm: "sha256", Reason: "page hashes checked"}
	note := func(reason string) pe.Signature { s := valid; s.Reason = reason; return s }
	tampered := func(reason string) pe.Signature { s := note(reason); s.Verdict = pe.Tampered; return s }
	tests := []struct {
		name string
		file []byte
		want pe.Signature
	}{
		{"sha256", paged(t, program, crypto.SHA256, same), valid},
		{"sha1", paged(t, program, crypto.SHA1, same), valid},
		{"in another order", paged(t, program, crypto.SHA256, swapped), valid},
		{"headers differ", paged(t, program, crypto.SHA256, func(b []byte) []byte { return flipped(b, 4) }), tampered("the bytes from 0x0 to 0x200 have the page hash")},
		{"page differs", paged(t, program, crypto.SHA256, func(b []byte) []byte { return flipped(b, 36+35) }), tampered("the bytes from 0x200 to 0x1200 have the page hash")},
		{"last page differs", paged(t, program, crypto.SHA256, func(b []byte) []byte { return flipped(b, 4*36+4) }), tampered("the bytes from 0x2600 to 0x2800 have the page hash")},
		{"page missing", paged(t, program, crypto.SHA256, func(b []byte) []byte { return append(bytes.Clone(b[:72]), b[108:]...) }), tampered("there is no page hash of the bytes from 0x1200 to 0x2200")},
		{"last page missing", paged(t, program, crypto.SHA256, func(b []byte) []byte { return append(bytes.Clone(b[:144]), b[180:]...) }), tampered("there is no page hash of the bytes from 0x2600")},
		{"page too many", paged(t, program, crypto.SHA256, func(b []byte) []byte {
			return append(le.AppendUint32(nil, 0x9000), append(bytes.Repeat([]byte{7}, 32), b...)...)
		}), tampered("there is a page hash of the bytes from 0x9000, where no page is")},
		{"no end", paged(t, program, crypto.SHA256, func(b []byte) []byte { return b[:len(b)-36] }), tampered("the table of page hashes has no end")},
		{"cut off", paged(t, program, crypto.SHA256, func(b []byte) []byte { return b[:len(b)-1] }), tampered(fmt.Sprintf("the table of page hashes has %d bytes, wanted some of 36 each", 6*36-1))},
		{"empty", paged(t, program, crypto.SHA256, func([]byte) []byte { return nil }), tampered("the table of page hashes has 0 bytes")},
		{"no pages of 4096 bytes", paged(t, patch(program, 0x40+24+32, le32(0x200)...), crypto.SHA256, same), note("page hashes not checked: sections are aligned to 512 bytes, not 4096")},
		{"large headers", paged(t, patch(program, 0x40+24+60, le32(0x1200)...), crypto.SHA256, func([]byte) []byte { return nil }), note("page hashes not checked: the headers have 4608 bytes, more than 4096")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, n := range []int{1, 1000, 4096, 1 << 20} {
				wantSignature(t, check(t, v, tt.file, n), tt.want)
			}
		})
	}
}
