// Package cms verifies signatures of the Cryptographic Message Syntax, which
// began as PKCS#7: SignedData with one signer, its time stamps, and the chain
// of certificates to a root that the caller trusts.
//
// Rules:
//   - The input is not trusted. Certificates, time stamps, depth of a chain and
//     size of a key have limits; the work for one signature is at most 40
//     checks of a signature, and 40 for each of its 4 time stamps.
//   - The encoding is DER. The signed attributes are hashed as they are.
//   - A time stamp counts if it is of this very signature (digest of its
//     value), is signed by a certificate for time stamping and nothing else, and
//     that chain ends in a root, all of it valid at the time it states. That the
//     usage is marked critical is not demanded, though RFC 3161 (2.3) does:
//     Microsoft's time-stamping certificates were not so marked before 2021.
//   - The chain of a signature is checked at the time of its time stamp, without
//     one at the present time; with the usage "lifetime signing" at the present.
//   - SHA-1 is accepted in signatures, time stamps and
//     certificates, as genuine programs of before 2018 have nothing else.
//     crypto/x509 refuses it, which is why chains are checked here.
//   - A time stamp that was altered spoils the signature. One that does not
//     count for another reason is as good as none, and a note says so.
//
// It does not check revocation: that needs the network, and the programs this
// is made for are checked without. It knows RSA (PKCS #1 v1.5) and ECDSA, but
// not RSASSA-PSS, EdDSA, name constraints and certificate policies: what needs
// these is unsupported, never valid. It knows nothing of the files signed.
//
// Sources: RFC 5652 (CMS), RFC 2315 (PKCS#7), RFC 3161 and 5816 (time stamps),
// RFC 2985 (countersignature), RFC 5280 (chains), and Microsoft's Windows
// Authenticode Portable Executable Signature Format, version 1.0 (2008).
package cms

import (
	"crypto"
	"crypto/x509"
	"fmt"

	"usmtpkg/locate/pe/cms/der"
)

// Limits of what is looked at.
const (
	maxCertificates = 64       // in one signature; genuine ones have up to 8
	maxCertificate  = 16 << 10 // bytes; genuine ones have up to 2.5 KiB
	maxAttributes   = 32       // signed and unsigned, each, and values of one; genuine ones have up to 7
	maxStamps       = 4        // time stamps of one signature
)

// A Fault is the kind of what is wrong with a signature.
type Fault int

// The kinds of faults.
const (
	Malformed   Fault = iota // not in the form it must have
	Altered                  // a digest or a signature is not that of the data
	Untrusted                // no chain to a root, or one that does not allow the use
	Expired                  // outside the validity of a certificate
	Unsupported              // not checked: this package cannot
)

// SignatureError says that a signature is not valid.
type SignatureError struct {
	Fault Fault
	Text  string
}

func (e *SignatureError) Error() string { return e.Text }

func fail(f Fault, format string, args ...any) error {
	return &SignatureError{f, fmt.Sprintf(format, args...)}
}

// malformed makes a SignatureError of a fault of the encoding.
func malformed(r *der.Reader) error {
	if err := r.Err(); err != nil {
		return fail(Malformed, "%v", err)
	}
	return nil
}

// SignedData is a signature and what it signs, parsed but not verified.
type SignedData struct {
	ContentType  string      // object identifier
	Content      der.Element // what is signed: its content; its tag is not, and has to be looked at
	certificates []*x509.Certificate
	signer       signer
}

// Digest returns the hash function that the signer used for the content.
func (sd *SignedData) Digest() crypto.Hash { return sd.signer.digest }

// Unsigned returns the values of an unsigned attribute, each with tag and
// length. Anybody may have put them there.
func (sd *SignedData) Unsigned(oid string) [][]byte {
	var values [][]byte
	for _, a := range sd.signer.unsigned {
		if a.oid == oid {
			for _, v := range a.values {
				values = append(values, v.Raw)
			}
		}
	}
	return values
}

// Parse parses a signature and returns what follows it. It keeps parts of
// data. The error is a *SignatureError: Malformed or Unsupported.
func (t *Trust) Parse(data []byte) (sd *SignedData, rest []byte, err error) {
	outer := der.NewReader(data)
	info := outer.Inside(der.Sequence, "signature")
	if oid := info.OID("type of the signature"); info.Err() == nil && oid != oidSignedData {
		return nil, nil, fail(Malformed, "type of the signature: found %s, wanted %s (signed data)", oid, oidSignedData)
	}
	explicit := info.Inside(der.Context(0), "signed data")
	body := explicit.Inside(der.Sequence, "signed data")
	explicit.End("signed data")
	info.End("signature")
	sd, err = t.parseBody(body)
	return sd, outer.Rest(), err
}

func (t *Trust) parseBody(r *der.Reader) (*SignedData, error) {
	sd := new(SignedData)
	if v := r.Number("version of the signed data"); r.Err() == nil && (v < 1 || v > 5) {
		return nil, fail(Malformed, "version of the signed data: found %d, wanted 1 to 5", v)
	}
	digests := r.Inside(der.Set, "digest algorithms")
	var hashes []string
	for digests.More() && len(hashes) < maxAttributes {
		hashes = append(hashes, Algorithm(digests, "digest algorithm"))
	}
	digests.End("digest algorithms")

	content := r.Inside(der.Sequence, "content")
	sd.ContentType = content.OID("type of the content")
	explicit := content.Inside(der.Context(0), "content")
	sd.Content = explicit.Any("content")
	explicit.End("content")
	content.End("content")

	if r.Next(der.Context(0)) {
		if err := t.parseCertificates(sd, r.Inside(der.Context(0), "certificates")); err != nil {
			return nil, err
		}
	}
	r.Skip(der.Context(1), "revocation lists")
	signers := r.Inside(der.Set, "signers")
	r.End("signed data")
	var err error
	if sd.signer, err = parseSigner(signers); err != nil {
		return nil, err
	}
	if signers.More() {
		return nil, fail(Unsupported, "several signers in one signature")
	}
	if err := malformed(r); err != nil {
		return nil, err
	}
	for _, oid := range hashes {
		if HashOf(oid) == sd.signer.digest {
			return sd, nil
		}
	}
	return nil, fail(Malformed, "digest algorithms: found none, wanted that of the signer (%v)", sd.signer.digest)
}

// parseCertificates takes up the certificates. Other kinds (RFC 5652, 10.2.2),
// such as the attribute certificates in Microsoft's time stamps, are left out.
// One that cannot be read is damage, whether or not the chain needs it.
func (t *Trust) parseCertificates(sd *SignedData, r *der.Reader) error {
	for n := 0; r.More(); n++ {
		e := r.Any("certificate")
		switch {
		case r.Err() != nil || e.Tag >= der.Context(0) && e.Tag <= der.Context(3):
		case e.Tag != der.Sequence:
			return fail(Malformed, "certificates: found tag %#02x, wanted a certificate", e.Tag)
		case n == maxCertificates:
			return fail(Unsupported, "more than %d certificates in one signature", maxCertificates)
		case len(e.Raw) > maxCertificate:
			return fail(Unsupported, "a certificate of %d bytes, more than %d", len(e.Raw), maxCertificate)
		default:
			c, err := t.certificate(e.Raw)
			if err != nil {
				return fail(Malformed, "a certificate cannot be read: %v", err)
			}
			sd.certificates = append(sd.certificates, c)
		}
	}
	return malformed(r)
}
