package cms_test

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"usmtpkg/locate/pe/cms"
	"usmtpkg/locate/pe/cms/der"
	"usmtpkg/locate/pe/petest"
)

var (
	now  = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	then = time.Date(2020, 5, 4, 3, 2, 1, 0, time.UTC)
)

// A world is a root with a signer and a time-stamping authority.
type world struct {
	key             crypto.Signer
	root, leaf, tsa *petest.Identity
}

func newWorld(tb testing.TB) world {
	tb.Helper()
	w := world{key: petest.ECKey(tb)}
	w.root = petest.SelfSigned(tb, w.key, petest.Certificate("Test Root", 2010, 2040, petest.CA))
	w.leaf = w.root.Issue(tb, w.key, petest.Certificate("Contoso Ltd", 2019, 2022, petest.CodeSigning))
	w.tsa = w.root.Issue(tb, w.key, petest.Certificate("Test TSA", 2015, 2035, petest.TimeStamping))
	return w
}

func (w world) trust(tb testing.TB) *cms.Trust {
	tb.Helper()
	trust, err := cms.NewTrust([]*x509.Certificate{w.root.Cert})
	if err != nil {
		tb.Fatal(err)
	}
	return trust
}

// message is a signature of some text, stamped in its time.
func (w world) message(tb testing.TB, edits ...func(*petest.Message)) []byte {
	tb.Helper()
	m := petest.Message{
		Signer: w.leaf, ContentType: "1.2.3.4", Content: petest.TLV(4, []byte("hello")),
		Unsigned: []func([]byte) []byte{petest.Stamp{Authority: w.tsa, Time: then}.Token(tb)},
	}
	for _, edit := range edits {
		edit(&m)
	}
	return m.Encode(tb)
}

// verify parses and verifies.
func verify(trust *cms.Trust, message []byte) (cms.Result, error) {
	sd, rest, err := trust.Parse(message)
	if err != nil {
		return cms.Result{}, err
	}
	if len(rest) > 0 {
		return cms.Result{}, errors.New("bytes behind")
	}
	return trust.Verify(sd, now)
}

// wantFault checks kind and text of a *SignatureError.
func wantFault(t *testing.T, err error, fault cms.Fault, text string) {
	t.Helper()
	var e *cms.SignatureError
	if !errors.As(err, &e) || e.Fault != fault || !strings.Contains(e.Text, text) {
		t.Errorf("found %#v, wanted fault %d, %q", err, fault, text)
	}
}

func TestVerify(t *testing.T) {
	w := newWorld(t)
	named := w.message(t, algorithm("1.2.840.10045.4.3.2")) // ecdsa-with-SHA256
	if res, err := verify(w.trust(t), rebuilt(named, nil, nil, nil, nil)); err != nil || res.Signer != "Contoso Ltd" {
		t.Errorf("Verify = %+v, %v, want Contoso Ltd", res, err)
	}
	res, err := verify(w.trust(t), w.message(t))
	if err != nil || res.Signer != "Contoso Ltd" || !res.Time.Equal(then) || len(res.Notes) > 0 {
		t.Errorf("Verify = %+v, %v, want Contoso Ltd at %v", res, err, then)
	}
}

func TestParseRest(t *testing.T) {
	w := newWorld(t)
	sd, rest, err := w.trust(t).Parse(append(w.message(t), 0, 0, 1))
	if err != nil || !bytes.Equal(rest, []byte{0, 0, 1}) || sd.ContentType != "1.2.3.4" || string(sd.Content.Content) != "hello" || sd.Digest() != crypto.SHA256 {
		t.Errorf("Parse = %+v, %x, %v", sd, rest, err)
	}
}

// once replaces bytes that occur in data, the first time.
func once(tb testing.TB, data, from, to []byte) []byte {
	tb.Helper()
	if !bytes.Contains(data, from) || len(from) != len(to) {
		tb.Fatalf("cannot replace %x by %x", from, to)
	}
	return bytes.Replace(data, from, to, 1)
}

// rebuilt puts a signature together again, with elements at three ends: of the
// whole, of the part around the body, and of the body; and more signers.
func rebuilt(message, whole, around, body, signer []byte) []byte {
	r := der.NewReader(message).Inside(der.Sequence, "message")
	id := r.Any("type").Raw
	inner := r.Inside(der.Context(0), "around").Inside(der.Sequence, "body")
	var parts []byte
	for inner.More() && (!inner.Next(der.Set) || len(parts) < 40) { // the digest algorithms are a set, too
		parts = append(parts, inner.Any("part").Raw...)
	}
	signers := inner.Read(der.Set, "signers").Content
	if signer != nil {
		signer = signers
	}
	full := petest.TLV(0x30, parts, petest.TLV(0x31, signers, signer), body)
	return petest.TLV(0x30, id, petest.TLV(0xa0, full, around), whole)
}

func algorithm(oid string) func(*petest.Message) {
	return func(m *petest.Message) { m.Algorithm = oid }
}

// longer is an element with two bytes more in it.
func longer(raw []byte) []byte {
	return petest.TLV(raw[0], raw[4:], []byte{5, 0}) // behind a length of three bytes
}

func TestFaults(t *testing.T) {
	w := newWorld(t)
	plain := func(edits ...func(*petest.Message)) []byte {
		return w.message(t, append(edits, func(m *petest.Message) { m.Unsigned = nil })...)
	}
	attribute := func(b ...[]byte) func(*petest.Message) {
		return func(m *petest.Message) { m.Signed = append(m.Signed, b...) }
	}
	lost := petest.Message{Signer: w.leaf, ContentType: "1.2.3.4", Content: petest.TLV(4, []byte("hello")), Certificates: []*x509.Certificate{w.root.Cert}}
	broken := lost
	broken.Extra = [][]byte{petest.TLV(0x30, []byte{1, 1, 0})}
	cut := plain()
	before := append(petest.Algorithm(petest.HashOID(crypto.SHA256)), 0xa0)
	cut[bytes.LastIndex(cut, before)+len(before)] = 0x85
	tests := []struct {
		name    string
		message []byte
		fault   cms.Fault
		text    string
	}{
		{"empty", nil, cms.Malformed, "signature: found the end, wanted an element"},
		{"other type", once(t, plain(), petest.OID(petest.OIDSignedData), petest.OID("1.2.840.113549.1.7.3")), cms.Malformed, "type of the signature: found 1.2.840.113549.1.7.3"},
		{"version 9 of the whole", once(t, plain(), []byte{2, 1, 1, 0x31}, []byte{2, 1, 9, 0x31}), cms.Malformed, "version of the signed data: found 9, wanted 1 to 5"},
		{"version 2 of the signer", once(t, plain(), []byte{2, 1, 1, 0x30}, []byte{2, 1, 2, 0x30}), cms.Malformed, "version of the signer: found 2, wanted 1 or 3"},
		{"BER", once(t, plain(), []byte{0x30, 0x82}, []byte{0x30, 0x80}), cms.Malformed, "indefinite length (BER)"},
		{"MD5", bytes.ReplaceAll(plain(), petest.Algorithm(petest.HashOID(crypto.SHA256)), petest.Algorithm("2.16.840.1.101.3.4.2.9")), cms.Unsupported, "digest algorithm 2.16.840.1.101.3.4.2.9"},
		{"digest algorithms do not name that of the signer", once(t, plain(), petest.OID(petest.HashOID(crypto.SHA256)), petest.OID(petest.HashOID(crypto.SHA512))), cms.Malformed, "digest algorithms: found none, wanted that of the signer"},
		{"unknown signature algorithm", bytes.Replace(plain(), petest.Algorithm("1.2.840.10045.2.1"), petest.Algorithm("1.2.840.10045.2.9"), 1), cms.Unsupported, "signature algorithm 1.2.840.10045.2.9"},
		{"content altered", once(t, plain(), []byte("hello"), []byte("hallo")), cms.Altered, "the signed data has another digest than was signed"},
		{"content type altered", once(t, plain(), petest.OID("1.2.3.4"), petest.OID("1.2.3.5")), cms.Altered, `content type: signed as "1.2.3.4", found 1.2.3.5`},
		{"two message digests", plain(attribute(petest.Attribute(petest.OIDMessageDigest, petest.TLV(4, make([]byte, 32))))), cms.Malformed, `signed attribute "message digest": found 2 values, wanted 1`},
		{"message digest of two values", plain(attribute(petest.Attribute(petest.OIDContentType, petest.OID("1.2.3.4")))), cms.Malformed, `signed attribute "content type": found 2 values, wanted 1`},
		{"many attributes", plain(attribute(bytes.Repeat(petest.Attribute("1.2.3", []byte{5, 0}), 31))), cms.Malformed, "attributes: found more, wanted no more than 32"},
		{"bytes in a certificate behind its signature", plain(func(m *petest.Message) {
			m.Extra = [][]byte{longer(m.Signer.Cert.Raw)}
			m.Certificates = []*x509.Certificate{w.root.Cert}
		}), cms.Malformed, "a certificate cannot be read: certificate: found 2 bytes more, wanted its end"},
		{"signature algorithm with another hash function", plain(algorithm("1.2.840.10045.4.3.4")), cms.Malformed, "signature algorithm with SHA-512, digest algorithm SHA-256"},
		{"signature algorithm of another key", plain(algorithm("1.2.840.113549.1.1.11")), cms.Altered, "the signature was not made with the key of Contoso Ltd"},
		{"more at the end", rebuilt(plain(), []byte{5, 0}, nil, nil, nil), cms.Malformed, "signature: found 2 bytes more, wanted its end"},
		{"more around the body", rebuilt(plain(), nil, []byte{5, 0}, nil, nil), cms.Malformed, "signed data: found 2 bytes more, wanted its end"},
		{"more in the body", rebuilt(plain(), nil, nil, []byte{5, 0}, nil), cms.Malformed, "signed data: found 2 bytes more, wanted its end"},
		{"two signers", rebuilt(plain(), nil, nil, nil, []byte{1}), cms.Unsupported, "several signers in one signature"},
		{"no certificate", plain(func(m *petest.Message) { m.Extra = [][]byte{{4, 0}} }), cms.Malformed, "certificates: found tag 0x04, wanted a certificate"},
		{"signed attributes cut off", cut, cms.Malformed, "signed attributes: found a length of 5 bytes"},
		{"signer without certificate", lost.Encode(t), cms.Malformed, "the certificate of the signer is not in the signature"},
		{"signer with an unreadable certificate", broken.Encode(t), cms.Malformed, "a certificate cannot be read: signed part of the certificate"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := verify(w.trust(t), tt.message)
			wantFault(t, err, tt.fault, tt.text)
		})
	}
}

// token is the value of a time stamp, of another signature.
func token(tb testing.TB, w world) []byte {
	tb.Helper()
	attribute := petest.Stamp{Authority: w.tsa, Time: then, Of: []byte("another")}.Token(tb)(nil)
	r := der.NewReader(attribute).Inside(der.Sequence, "attribute")
	r.OID("type")
	return r.Inside(der.Set, "values").Rest()
}

// Time stamps that are wrong in themselves.
func TestStampFaults(t *testing.T) {
	w := newWorld(t)
	other := w.root.Issue(t, w.key, petest.Certificate("Other TSA", 2015, 2035, petest.TimeStamping))
	extension := func(critical ...byte) []byte {
		return petest.TLV(0xa1, petest.TLV(0x30, petest.OID("1.2.3"), critical, petest.TLV(4, nil)))
	}
	stamp := func(edit func(*petest.Stamp)) []byte {
		s := petest.Stamp{Authority: w.tsa, Time: then}
		edit(&s)
		return w.message(t, func(m *petest.Message) { m.Unsigned = []func([]byte) []byte{s.Token(t)} })
	}
	value := func(b []byte) []byte {
		return w.message(t, func(m *petest.Message) {
			m.Unsigned = []func([]byte) []byte{func([]byte) []byte { return petest.Attribute(petest.OIDToken, b) }}
		})
	}
	tests := []struct {
		name    string
		message []byte
		fault   cms.Fault
		text    string // of the fault, or of a note of one that is expired
	}{
		{"names another certificate", stamp(func(s *petest.Stamp) { s.Signed = [][]byte{petest.SigningCertificate(other, crypto.SHA256)} }), cms.Altered, "time stamp: it names another certificate than Test TSA"},
		{"names another certificate in version 1", stamp(func(s *petest.Stamp) { s.Signed = [][]byte{petest.SigningCertificate(other, crypto.SHA1)} }), cms.Altered, "time stamp: it names another certificate than Test TSA"},
		{"critical extension", stamp(func(s *petest.Stamp) { s.Info = [][]byte{extension(1, 1, 0xff)} }), cms.Expired, "the time stamp does not count: the time stamp has a critical extension"},
		{"more than it may hold", stamp(func(s *petest.Stamp) { s.Info = [][]byte{{0xa2, 0}} }), cms.Malformed, "time stamp: time-stamp information: found 2 bytes more, wanted its end"},
		{"a signature of something else", value(w.message(t)), cms.Malformed, "time stamp: token: found a signature of 1.2.3.4"},
		{"garbage", value([]byte{0x30, 0}), cms.Malformed, "time stamp: type of the signature"},
		{"a second value of garbage", value(append([]byte{5, 0}, token(t, w)...)), cms.Malformed, "time stamp: signature: found tag 0x05"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			res, err := verify(w.trust(t), tt.message)
			if tt.fault == cms.Expired {
				wantFault(t, err, tt.fault, "no time stamp counts")
				if len(res.Notes) != 1 || res.Notes[0] != tt.text {
					t.Errorf("Notes = %q, want %q", res.Notes, tt.text)
				}
				return
			}
			wantFault(t, err, tt.fault, tt.text)
		})
	}
	full := stamp(func(s *petest.Stamp) {
		s.Info = [][]byte{petest.TLV(0x30, []byte{2, 1, 1}), {1, 1, 0xff}, {2, 1, 7}, petest.TLV(0xa0, []byte{5, 0}), extension(), nil}
	})
	if res, err := verify(w.trust(t), full); err != nil || !res.Time.Equal(then) {
		t.Errorf("Verify of a time stamp with all that it may hold = %+v, %v", res, err)
	}
}

// Certificates that were remembered change no verdict, whatever their number
// and whoever asks.
func TestTrustShared(t *testing.T) {
	w := newWorld(t)
	trust := w.trust(t)
	message := w.message(t)
	rogue := petest.SelfSigned(t, w.key, petest.Certificate("Test Root", 2010, 2040, petest.CA))
	var wg sync.WaitGroup
	for range 4 {
		stranger := rogue.Issue(t, w.key, petest.Certificate("Contoso Ltd", 2019, 2040, petest.CodeSigning))
		wrong := w.message(t, func(m *petest.Message) { m.Signer, m.Unsigned = stranger, nil })
		many := w.message(t, func(m *petest.Message) {
			for i := range 60 {
				m.Extra = append(m.Extra, petest.SelfSigned(t, w.key, petest.Certificate("Filler", 2000+i, 2061)).Cert.Raw)
			}
		})
		wg.Go(func() {
			for range 20 {
				if _, err := verify(trust, message); err != nil {
					t.Errorf("Verify = %v, want nil", err)
				}
				if _, err := verify(trust, many); err != nil {
					t.Errorf("Verify with many certificates = %v, want nil", err)
				}
				// The key is that of the right root, whose certificate the stranger does not name.
				if _, err := verify(trust, wrong); err != nil {
					t.Errorf("Verify of one issued with the key of the root = %v", err)
				}
			}
		})
	}
	wg.Wait()
}

func TestNewTrust(t *testing.T) {
	if _, err := cms.NewTrust(nil); err == nil || err.Error() != "trusting certificates: found no root, wanted one or more" {
		t.Errorf("NewTrust of none = %v", err)
	}
	w := newWorld(t)
	huge := w.root.Issue(t, hugeKey{bits: 16384}, petest.Certificate("Huge", 2010, 2040, petest.CA))
	if _, err := cms.NewTrust([]*x509.Certificate{huge.Cert}); err == nil || err.Error() != "trusting the root Huge: found an RSA key of 16384 bits, wanted 1024 to 4096" {
		t.Errorf("NewTrust of a huge key = %v", err)
	}
}

// hugeKey is an RSA key of any size, which signs nothing.
type hugeKey struct{ bits uint }

func (k hugeKey) Public() crypto.PublicKey {
	n := new(big.Int).Lsh(big.NewInt(1), k.bits-1)
	return &rsa.PublicKey{N: n.Add(n, big.NewInt(1)), E: 65537}
}

func (k hugeKey) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return make([]byte, k.bits/8), nil
}

// Input that would take long is refused, or takes no longer than other input.
func TestLimits(t *testing.T) {
	w := newWorld(t)
	sign := func(id *petest.Identity, extra ...[]byte) []byte {
		return w.message(t, func(m *petest.Message) { m.Signer, m.Extra, m.Unsigned = id, extra, nil })
	}
	// Authorities that all have the key and the name that issued the leaf: any
	// of them may have issued any other.
	var maze [][]byte
	dead := petest.SelfSigned(t, w.key, petest.Certificate("Maze", 2010, 2040, petest.CA))
	for i := range 50 {
		maze = append(maze, petest.SelfSigned(t, w.key, petest.Certificate("Maze", 2010, 2040+i, petest.CA)).Cert.Raw)
	}
	lost := dead.Issue(t, w.key, petest.Certificate("Lost", 2019, 2040, petest.CodeSigning))
	deep := w.root
	for i := range 9 {
		deep = deep.Issue(t, w.key, petest.Certificate(fmt.Sprint("Deep ", i), 2010, 2040, petest.CA))
	}
	deep = deep.Issue(t, w.key, petest.Certificate("Deep leaf", 2010, 2040, petest.CodeSigning))
	huge := w.root.Issue(t, hugeKey{bits: 65536}, petest.Certificate("Huge", 2019, 2040, petest.CodeSigning))
	small := w.root.Issue(t, hugeKey{bits: 512}, petest.Certificate("Small", 2019, 2040, petest.CodeSigning))
	tests := []struct {
		name    string
		message []byte
		fault   cms.Fault
		text    string
	}{
		{"maze of authorities", sign(lost, maze...), cms.Unsupported, "a chain of certificates that needs more than 40 checks"},
		{"chain of 11", sign(deep), cms.Untrusted, "the chain of certificates ends in Deep 2, which is not a trusted root"},
		{"huge key", sign(huge), cms.Unsupported, "an RSA key of 65536 bits, wanted 1024 to 4096"},
		{"small key", sign(small), cms.Unsupported, "an RSA key of 512 bits, wanted 1024 to 4096"},
		{"large certificate", sign(w.leaf, petest.TLV(0x30, make([]byte, 70_000))), cms.Unsupported, "a certificate of 70005 bytes, more than 16384"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := verify(w.trust(t), tt.message)
			wantFault(t, err, tt.fault, tt.text)
		})
	}
}
