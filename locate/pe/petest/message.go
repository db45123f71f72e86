package petest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Object identifiers for messages that are put together in tests.
const (
	OIDData             = "1.2.840.113549.1.7.1"
	OIDSignedData       = "1.2.840.113549.1.7.2"
	OIDContentType      = "1.2.840.113549.1.9.3"
	OIDMessageDigest    = "1.2.840.113549.1.9.4"
	OIDSigningTime      = "1.2.840.113549.1.9.5"
	OIDCountersignature = "1.2.840.113549.1.9.6"
	OIDStampInfo        = "1.2.840.113549.1.9.16.1.4"
	OIDIndirect         = "1.3.6.1.4.1.311.2.1.4"
	OIDNested           = "1.3.6.1.4.1.311.2.4.1"
	OIDToken            = "1.3.6.1.4.1.311.3.3.1"
)

// TLV returns an element of DER with what it holds.
func TLV(tag byte, parts ...[]byte) []byte { return tlv(tag, parts...) }

func tlv(tag byte, parts ...[]byte) []byte {
	content := slices.Concat(parts...)
	head := []byte{tag, byte(len(content))}
	if n := len(content); n >= 0x80 {
		head = []byte{tag, 0x80}
		for shift := 24; shift >= 0; shift -= 8 {
			if b := byte(n >> shift); b != 0 || head[1] > 0x80 {
				head = append(head, b)
				head[1]++
			}
		}
	}
	return append(head, content...)
}

// OID returns an object identifier in DER.
func OID(dotted string) []byte { return oid(dotted) }

func oid(dotted string) []byte {
	var id asn1.ObjectIdentifier
	for _, s := range strings.Split(dotted, ".") {
		n, err := strconv.Atoi(s)
		if err != nil {
			panic("petest: " + err.Error()) // only for a mistake in a test
		}
		id = append(id, n)
	}
	b, err := asn1.Marshal(id)
	if err != nil {
		panic("petest: " + err.Error())
	}
	return b
}

// Algorithm returns an AlgorithmIdentifier.
func Algorithm(dotted string) []byte { return tlv(0x30, oid(dotted), []byte{5, 0}) }

// Attribute returns an attribute with its values.
func Attribute(dotted string, values ...[]byte) []byte {
	return tlv(0x30, oid(dotted), tlv(0x31, values...))
}

// HashOID returns the object identifier of a hash function.
func HashOID(h crypto.Hash) string {
	return map[crypto.Hash]string{
		crypto.MD5: "1.2.840.113549.2.5", crypto.SHA1: "1.3.14.3.2.26", crypto.SHA256: "2.16.840.1.101.3.4.2.1",
		crypto.SHA384: "2.16.840.1.101.3.4.2.2", crypto.SHA512: "2.16.840.1.101.3.4.2.3",
	}[h]
}

// Sum returns a digest.
func Sum(h crypto.Hash, data []byte) []byte {
	d := h.New()
	d.Write(data)
	return d.Sum(nil)
}

// A Message is a signature to be made. Only Signer and Content are needed.
type Message struct {
	Signer      *Identity
	ContentType string // "" means data about a signed program
	Content     []byte // a whole element
	Hash        crypto.Hash
	// Certificates are those in the message; nil means the signer's and its issuers'.
	Certificates []*x509.Certificate
	Extra        [][]byte // further elements among the certificates
	Signed       [][]byte // further signed attributes
	NoAttributes bool     // sign the content itself
	Algorithm    string   // of the signature; "" means that of the key
	// Unsigned makes an unsigned attribute for the signature value.
	Unsigned []func(signature []byte) []byte
}

// Encode makes the signature.
func (m Message) Encode(tb testing.TB) []byte {
	tb.Helper()
	m = m.defaults()
	certs := slices.Clone(m.Extra)
	for _, c := range m.Certificates {
		certs = append(certs, c.Raw)
	}
	return tlv(0x30, oid(OIDSignedData), tlv(0xa0, tlv(0x30,
		[]byte{2, 1, 1},
		tlv(0x31, Algorithm(HashOID(m.Hash))),
		tlv(0x30, oid(m.ContentType), tlv(0xa0, m.Content)),
		tlv(0xa0, certs...),
		tlv(0x31, m.signerInfo(tb, inside(tb, m.Content))),
	)))
}

func (m Message) defaults() Message {
	if m.ContentType == "" {
		m.ContentType = OIDIndirect
	}
	if m.Hash == 0 {
		m.Hash = crypto.SHA256
	}
	if m.Certificates == nil {
		m.Certificates = append([]*x509.Certificate{m.Signer.Cert}, m.Signer.Issuers...)
	}
	return m
}

// signerInfo signs content, the bytes that are hashed.
func (m Message) signerInfo(tb testing.TB, content []byte) []byte {
	tb.Helper()
	attributes := slices.Concat(append([][]byte{
		Attribute(OIDContentType, oid(m.ContentType)),
		Attribute(OIDMessageDigest, tlv(4, Sum(m.Hash, content))),
	}, m.Signed...)...)
	what, signed := tlv(0x31, attributes), tlv(0xa0, attributes)
	if m.NoAttributes {
		what, signed = content, nil
	}
	signature, err := m.Signer.Key.Sign(rand.Reader, Sum(m.Hash, what), m.Hash)
	if err != nil {
		tb.Fatal(err)
	}
	algorithm := "1.2.840.10045.2.1"
	if _, ok := m.Signer.Key.Public().(*rsa.PublicKey); ok {
		algorithm = "1.2.840.113549.1.1.1"
	}
	if m.Algorithm != "" {
		algorithm = m.Algorithm
	}
	var unsigned []byte
	if len(m.Unsigned) > 0 {
		var all [][]byte
		for _, f := range m.Unsigned {
			all = append(all, f(signature))
		}
		unsigned = tlv(0xa1, all...)
	}
	serial, err := asn1.Marshal(m.Signer.Cert.SerialNumber)
	if err != nil {
		tb.Fatal(err)
	}
	return tlv(0x30, []byte{2, 1, 1}, tlv(0x30, m.Signer.Cert.RawIssuer, serial), Algorithm(HashOID(m.Hash)),
		signed, Algorithm(algorithm), tlv(4, signature), unsigned)
}

// inside returns the content of an element.
func inside(tb testing.TB, element []byte) []byte {
	tb.Helper()
	var v asn1.RawValue
	if _, err := asn1.Unmarshal(element, &v); err != nil {
		tb.Fatal(err)
	}
	return v.Bytes
}
