package cms

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"slices"

	"usmtpkg/locate/pe/cms/der"
)

// A signer is one SignerInfo: who signed, what, and how (RFC 5652, 5.3).
type signer struct {
	issuer, serial []byte // of the certificate,
	keyID          []byte // or the identifier of its key
	digest         crypto.Hash
	signed         []attribute
	signedDER      []byte // the signed attributes, as they are hashed
	scheme         scheme
	signature      []byte
	unsigned       []attribute
}

type attribute struct {
	oid    string
	values []der.Element
}

func parseSigner(set *der.Reader) (signer, error) {
	var s signer
	r := set.Inside(der.Sequence, "signer")
	if v := r.Number("version of the signer"); r.Err() == nil && v != 1 && v != 3 {
		return s, fail(Malformed, "version of the signer: found %d, wanted 1 or 3", v)
	}
	if r.Next(der.Primitive(0)) {
		s.keyID = r.Any("key identifier of the signer").Content
	} else {
		id := r.Inside(der.Sequence, "identifier of the signer")
		s.issuer = id.Read(der.Sequence, "issuer of the signer").Raw
		s.serial = id.Read(der.Integer, "serial number of the signer").Content
		id.End("identifier of the signer")
	}
	digest := Algorithm(r, "digest algorithm of the signer")
	if r.Next(der.Context(0)) {
		s.signedDER = slices.Clone(r.Any("signed attributes").Raw)
		if err := malformed(r); err != nil {
			return s, err
		}
		s.signedDER[0] = der.Set // they are hashed as the SET they are (RFC 5652, 5.4)
		s.signed = parseAttributes(der.NewReader(s.signedDER), der.Set, r)
	}
	key := Algorithm(r, "signature algorithm of the signer")
	s.signature = r.Read(der.OctetString, "signature value").Content
	if r.Next(der.Context(1)) {
		s.unsigned = parseAttributes(r, der.Context(1), r)
	}
	r.End("signer")
	if err := malformed(r); err != nil {
		return s, err
	}
	var err error
	if s.digest, err = supportedHash(digest); err != nil {
		return s, err
	}
	s.scheme, err = supportedScheme(key, s.digest)
	return s, err
}

// parseAttributes reads a set of attributes. A fault is also one of whole.
func parseAttributes(r *der.Reader, tag byte, whole *der.Reader) []attribute {
	var list []attribute
	set := r.Inside(tag, "attributes")
	for set.More() {
		if len(list) == maxAttributes {
			set.Fail("attributes", "more", "no more than 32")
		}
		one := set.Inside(der.Sequence, "attribute")
		a := attribute{oid: one.OID("type of an attribute")}
		values := one.Inside(der.Set, "values of an attribute")
		for values.More() {
			if len(a.values) == maxAttributes {
				values.Fail("values of an attribute", "more", "no more than 32")
			}
			a.values = append(a.values, values.Any("value of an attribute"))
		}
		one.End("attribute")
		list = append(list, a)
	}
	if err := r.Err(); err != nil {
		whole.Fail("attributes", err.Error(), "attributes")
	}
	return list
}

// attribute returns the only value of the only signed attribute of a type.
func (s *signer) attribute(oid, part string) (der.Element, error) {
	var found []der.Element
	for _, a := range s.signed {
		if a.oid == oid {
			found = append(found, a.values...)
		}
	}
	if len(found) != 1 {
		return der.Element{}, fail(Malformed, "signed attribute %q: found %d values, wanted 1", part, len(found))
	}
	return found[0], nil
}

func (s *signer) has(oid string) bool {
	return slices.ContainsFunc(s.signed, func(a attribute) bool { return a.oid == oid })
}

// certificate finds the certificate of the signer among those of sd.
func (s *signer) certificate(sd *SignedData) (*x509.Certificate, error) {
	for _, c := range sd.certificates {
		if s.keyID != nil && bytes.Equal(c.SubjectKeyId, s.keyID) {
			return c, nil
		}
		if s.keyID == nil && bytes.Equal(c.RawIssuer, s.issuer) && bytes.Equal(serial(c), s.serial) {
			return c, nil
		}
	}
	return nil, fail(Malformed, "the certificate of the signer is not in the signature")
}

// serial returns the serial number as it is encoded.
func serial(c *x509.Certificate) []byte {
	b := c.SerialNumber.Bytes()
	if len(b) == 0 || b[0] >= 0x80 {
		return append([]byte{0}, b...)
	}
	return b
}

// check verifies that the signer signed content with this certificate.
func (s *signer) check(w *work, cert *x509.Certificate, contentType string, content []byte) error {
	if s.signedDER == nil {
		return fail(Unsupported, "a signature without signed attributes")
	}
	if contentType != oidData || s.has(oidContentType) { // a countersignature may leave it out
		typ, err := s.attribute(oidContentType, "content type")
		if err != nil {
			return err
		}
		if oid := der.NewReader(typ.Raw).OID("content type"); oid != contentType {
			return fail(Altered, "content type: signed as %.40q, found %s", oid, contentType)
		}
	}
	digest, err := s.attribute(oidMessageDigest, "message digest")
	if err != nil {
		return err
	}
	if digest.Tag != der.OctetString || !bytes.Equal(digest.Content, sum(s.digest, content)) {
		return fail(Altered, "the signed data has another digest than was signed")
	}
	if err := w.spend(); err != nil {
		return err
	}
	ok, err := verify(cert.PublicKey, s.scheme, s.signedDER, s.signature)
	if err != nil {
		return err
	}
	if !ok {
		return fail(Altered, "the signature was not made with the key of %s", name(cert))
	}
	return nil
}
