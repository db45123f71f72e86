package cms

import (
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"slices"
	"time"
)

// A Result is the result of Verify.
type Result struct {
	Signer string            // common name of the certificate; "" if that was not found
	Cert   *x509.Certificate // of the signer; nil if it was not found
	Root   *x509.Certificate // that its chain ends in; nil unless the signature is valid
	Time   time.Time         // of the time stamp that counts; zero without one
	Notes  []string          // what else there is to say
}

// Verify checks a signature of its content, its time stamps and its chain. The
// error is a *SignatureError; the signer's name is returned with it, if known,
// and is then what somebody claims.
func (t *Trust) Verify(sd *SignedData, now time.Time) (Result, error) {
	var res Result
	cert, err := sd.signer.certificate(sd)
	if err != nil {
		return res, err
	}
	res.Signer, res.Cert = name(cert), cert
	if err := sd.signer.check(&work{maxChecks}, cert, sd.ContentType, sd.Content.Content); err != nil {
		return res, err
	}
	times, notes, err := t.stamps(sd)
	if err != nil {
		return res, err
	}
	res.Notes = notes
	res.Time, res.Root, err = t.judge(sd, cert, times, now)
	return res, err
}

// judge checks the chain of the signer at the time that counts, and returns
// that of the time stamp, and the root.
func (t *Trust) judge(sd *SignedData, cert *x509.Certificate, times []time.Time, now time.Time) (time.Time, *x509.Certificate, error) {
	w := &work{maxChecks}
	chain := func(at time.Time) (*x509.Certificate, error) {
		return t.chain(w, cert, sd.certificates, x509.ExtKeyUsageCodeSigning, at)
	}
	if lifetime(cert) {
		root, err := chain(now)
		return latest(times), root, because(err, "; it is for lifetime signing, which no time stamp prolongs")
	}
	if len(times) == 0 {
		root, err := chain(now)
		return time.Time{}, root, because(err, ", and no time stamp counts")
	}
	var first error
	for _, at := range times {
		root, err := chain(at)
		if err == nil {
			return at, root, nil
		}
		if first == nil {
			first = because(err, ", the day of the time stamp")
		}
	}
	return times[0], nil, first
}

// lifetime reports whether the certificate's end is that of its signatures too
// (Authenticode format, "Lifetime Signing").
func lifetime(c *x509.Certificate) bool {
	return slices.ContainsFunc(c.UnknownExtKeyUsage, func(oid asn1.ObjectIdentifier) bool {
		return oid.String() == oidLifetimeSigning
	})
}

func latest(times []time.Time) time.Time {
	if len(times) == 0 {
		return time.Time{}
	}
	return slices.MaxFunc(times, time.Time.Compare)
}

// because says why a time is the one that counts, where that is the fault.
func because(err error, why string) error {
	if e, ok := errors.AsType[*SignatureError](err); ok && e.Fault == Expired {
		return fail(Expired, "%s%s", e.Text, why)
	}
	return err
}
