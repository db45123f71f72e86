// Package petest signs programs for tests: certificates, PKCS#7 signatures,
// time stamps and certificate tables, right ones and wrong ones.
//
// It shares no code with the packages that verify: DER is put together by hand
// and the digest of a file is found in its own way, so that a mistake on one
// side shows. It is for tests alone.
package petest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"testing"
	"time"
)

// An Identity is a certificate with its key and those it was issued under.
type Identity struct {
	Cert    *x509.Certificate
	Key     crypto.Signer
	Issuers []*x509.Certificate // from the next one to the root
}

// RSAKey makes a key of so many bits.
func RSAKey(tb testing.TB, bits int) crypto.Signer {
	tb.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

// ECKey makes a key on the curve P-256.
func ECKey(tb testing.TB) crypto.Signer {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

// Certificate returns a template that is valid from the start of one year to the
// start of another. Edits change it further.
func Certificate(name string, from, to int, edits ...func(*x509.Certificate)) *x509.Certificate {
	t := &x509.Certificate{
		Subject:               pkix.Name{CommonName: name, Organization: []string{"Test"}},
		NotBefore:             time.Date(from, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:              time.Date(to, 1, 1, 0, 0, 0, 0, time.UTC),
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature,
	}
	for _, edit := range edits {
		edit(t)
	}
	return t
}

// CA makes a template one of an authority.
func CA(t *x509.Certificate) { t.IsCA, t.KeyUsage = true, x509.KeyUsageCertSign }

// CodeSigning makes a template one for signing programs.
func CodeSigning(t *x509.Certificate) {
	t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}
}

// TimeStamping makes a template one for time stamps, marked critical as RFC 3161 has it.
func TimeStamping(t *x509.Certificate) {
	t.ExtraExtensions = append(t.ExtraExtensions, pkix.Extension{
		Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true,
		Value: tlv(0x30, oid("1.3.6.1.5.5.7.3.8")),
	})
}

// SHA1 lets a certificate be signed with SHA-1 and RSA.
func SHA1(t *x509.Certificate) { t.SignatureAlgorithm = x509.SHA1WithRSA }

// SelfSigned returns an identity that vouches for itself.
func SelfSigned(tb testing.TB, key crypto.Signer, t *x509.Certificate) *Identity {
	tb.Helper()
	return issue(tb, key, t, t, key)
}

// Issue returns an identity that id vouches for.
func (id *Identity) Issue(tb testing.TB, key crypto.Signer, t *x509.Certificate) *Identity {
	tb.Helper()
	issued := issue(tb, key, t, id.Cert, id.Key)
	issued.Issuers = append([]*x509.Certificate{id.Cert}, id.Issuers...)
	return issued
}

func issue(tb testing.TB, key crypto.Signer, t, parent *x509.Certificate, parentKey crypto.Signer) *Identity {
	tb.Helper()
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		tb.Fatal(err)
	}
	t.SerialNumber = serial.Add(serial, big.NewInt(1))
	raw, err := x509.CreateCertificate(rand.Reader, t, parent, key.Public(), parentKey)
	if err != nil {
		tb.Fatal(err)
	}
	c, err := x509.ParseCertificate(raw)
	if err != nil {
		tb.Fatal(err)
	}
	return &Identity{Cert: c, Key: key}
}

// PEM returns certificates as a PEM file has them.
func PEM(certs ...*x509.Certificate) []byte {
	var b []byte
	for _, c := range certs {
		b = append(b, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return b
}
