package cms

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"errors"
	"time"

	"usmtpkg/locate/pe/cms/der"
)

// A stamp is a time stamp of a signature value, of either kind.
type stamp struct {
	time       time.Time
	cert       *x509.Certificate
	candidates []*x509.Certificate
	verify     func(*work) error // checks its signature
}

// stamps verifies the time stamps of a signature. It returns the times of
// those that count and a note of each that does not; the error is one that was
// altered, or is not of this signature.
func (t *Trust) stamps(sd *SignedData) (times []time.Time, notes []string, err error) {
	n := 0
	for _, kind := range []struct {
		oid   string
		parse func(*SignedData, []byte) (stamp, error)
	}{
		{oidStampToken, t.token},
		{oidCountersignature, countersignature},
	} {
		for _, raw := range sd.Unsigned(kind.oid) {
			if n++; n > maxStamps {
				return nil, nil, fail(Unsupported, "more than %d time stamps of one signature", maxStamps)
			}
			at, err := t.stamp(sd, raw, kind.parse)
			var fault *SignatureError
			switch {
			case err == nil:
				times = append(times, at)
			case errors.As(err, &fault) && (fault.Fault == Altered || fault.Fault == Malformed):
				return nil, nil, fail(fault.Fault, "time stamp: %v", err)
			default:
				notes = append(notes, "the time stamp does not count: "+err.Error())
			}
		}
	}
	return times, notes, nil
}

// stamp verifies one time stamp.
func (t *Trust) stamp(sd *SignedData, raw []byte, parse func(*SignedData, []byte) (stamp, error)) (time.Time, error) {
	st, err := parse(sd, raw)
	if err != nil {
		return time.Time{}, err
	}
	w := &work{maxChecks}
	if err := st.verify(w); err != nil {
		return time.Time{}, err
	}
	_, err = t.chain(w, st.cert, st.candidates, x509.ExtKeyUsageTimeStamping, st.time)
	return st.time, err
}

// countersignature reads a time stamp of PKCS#9 (RFC 2985, 5.3.6): a further
// signer, of the signature value, whose certificate is beside that of the first.
func countersignature(sd *SignedData, raw []byte) (stamp, error) {
	r := der.NewReader(raw)
	s, err := parseSigner(r)
	if err != nil {
		return stamp{}, err
	}
	at, err := s.attribute(oidSigningTime, "signing time")
	if err != nil {
		return stamp{}, err
	}
	clock := der.NewReader(at.Raw)
	st := stamp{time: clock.Time("signing time"), candidates: sd.certificates}
	if err := malformed(clock); err != nil {
		return stamp{}, err
	}
	if st.cert, err = s.certificate(sd); err != nil {
		return stamp{}, err
	}
	st.verify = func(w *work) error { return s.check(w, st.cert, oidData, sd.signer.signature) }
	return st, nil
}

// token reads a time stamp of RFC 3161: a separate signature, of a structure
// with the time and the digest of the signature value.
func (t *Trust) token(sd *SignedData, raw []byte) (stamp, error) {
	inner, _, err := t.Parse(raw) // which is one element: nothing follows
	if err != nil {
		return stamp{}, err
	}
	if inner.ContentType != oidStampInfo {
		return stamp{}, fail(Malformed, "token: found a signature of %s, wanted one of %s (time-stamp information)",
			inner.ContentType, oidStampInfo)
	}
	if inner.Content.Tag != der.OctetString {
		return stamp{}, fail(Malformed, "content of the token: found tag %#02x, wanted %#02x", inner.Content.Tag, der.OctetString)
	}
	info, err := parseStampInfo(inner.Content.Content)
	if err != nil {
		return stamp{}, err
	}
	if !bytes.Equal(info.imprint, sum(info.hash, sd.signer.signature)) {
		return stamp{}, fail(Altered, "it is of another signature")
	}
	st := stamp{time: info.time, candidates: inner.certificates}
	if st.cert, err = inner.signer.certificate(inner); err != nil {
		return stamp{}, err
	}
	st.verify = func(w *work) error {
		if err := inner.signer.namesCertificate(st.cert); err != nil {
			return err
		}
		return inner.signer.check(w, st.cert, oidStampInfo, inner.Content.Content)
	}
	return st, nil
}

// stampInfo is what is used of a TSTInfo (RFC 3161, 2.4.2).
type stampInfo struct {
	hash    crypto.Hash
	imprint []byte
	time    time.Time
}

func parseStampInfo(content []byte) (stampInfo, error) {
	const part = "time-stamp information"
	var info stampInfo
	outer := der.NewReader(content)
	r := outer.Inside(der.Sequence, part)
	outer.End(part)
	if v := r.Number("version of the " + part); r.Err() == nil && v != 1 {
		return info, fail(Malformed, "version of the %s: found %d, wanted 1", part, v)
	}
	r.OID("policy of the time stamp")
	imprint := r.Inside(der.Sequence, "message imprint")
	digest := Algorithm(imprint, "digest algorithm of the message imprint")
	info.imprint = imprint.Read(der.OctetString, "message imprint").Content
	imprint.End("message imprint")
	r.Read(der.Integer, "serial number of the time stamp")
	info.time = r.Time("time of the time stamp")
	r.Skip(der.Sequence, "accuracy")
	r.Bool("ordering")
	r.Skip(der.Integer, "nonce")
	r.Skip(der.Context(0), "name of the authority")
	critical := criticalExtension(r)
	r.End(part)
	if err := malformed(r); err != nil {
		return info, err
	}
	if critical {
		return info, fail(Unsupported, "the time stamp has a critical extension")
	}
	var err error
	info.hash, err = supportedHash(digest)
	return info, err
}

// criticalExtension reads the extensions, if there are any.
func criticalExtension(r *der.Reader) (critical bool) {
	if !r.Next(der.Context(1)) {
		return false
	}
	list := r.Inside(der.Context(1), "extensions")
	for list.More() {
		e := list.Inside(der.Sequence, "extension")
		e.OID("type of an extension")
		critical = e.Bool("critical") || critical
		e.Read(der.OctetString, "value of an extension")
		e.End("extension")
	}
	return critical
}

// namesCertificate checks the attribute by which the signer of a token names
// its certificate (RFC 2634, 5.4, and RFC 5035): the first in it must be cert.
func (s *signer) namesCertificate(cert *x509.Certificate) error {
	for _, kind := range []struct {
		oid  string
		hash crypto.Hash
	}{{oidSigningCert, crypto.SHA1}, {oidSigningCertV2, crypto.SHA256}} {
		if !s.has(kind.oid) {
			continue
		}
		value, err := s.attribute(kind.oid, "signing certificate")
		if err != nil {
			return err
		}
		r := der.NewReader(value.Raw)
		id := r.Inside(der.Sequence, "signing certificate").
			Inside(der.Sequence, "list of certificates").
			Inside(der.Sequence, "certificate")
		hash := kind.hash
		if kind.hash == crypto.SHA256 && id.Next(der.Sequence) { // else the default
			if hash, err = supportedHash(Algorithm(id, "digest algorithm of the certificate")); r.Err() == nil && err != nil {
				return err
			}
		}
		digest := id.Read(der.OctetString, "digest of the certificate").Content
		if err := malformed(r); err != nil {
			return err
		}
		if !bytes.Equal(digest, sum(hash, cert.Raw)) {
			return fail(Altered, "it names another certificate than %s", name(cert))
		}
	}
	return nil
}
