package cms

import (
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"slices"
	"time"
)

// A Result is what Verify found out.
type Result struct {
	Signer string    // common name of the certificate; "" if that was not found
	Time   time.Time // of the time stamp that counts; zero without one
	Notes  []string  // what else there is to say
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
	res.Signer = name(cert)
	if err := sd.signer.check(&work{maxChecks}, cert, sd.ContentType, sd.Content.Content); err != nil {
		return res, err
	}
	times, notes, err := t.stamps(sd)
	if err != nil {
		return res, err
	}
	res.Notes = notes
	res.Time, err = t.judge(sd, cert, times, now)
	return res, err
}

// judge checks the chain of the signer at the time that counts, and returns
// that of the time stamp.
func (t *Trust) judge(sd *SignedData, cert *x509.Certificate, times []time.Time, now time.Time) (time.Time, error) {
	w := &work{maxChecks}
	chain := func(at time.Time) error {
		return t.chain(w, cert, sd.certificates, x509.ExtKeyUsageCodeSigning, at)
	}
	if lifetime(cert) {
		return latest(times), because(chain(now), "; it is for lifetime signing, which no time stamp prolongs")
	}
	if len(times) == 0 {
		return time.Time{}, because(chain(now), ", and no time stamp counts")
	}
	var first error
	for _, at := range times {
		err := chain(at)
		if err == nil {
			return at, nil
		}
		if first == nil {
			first = because(err, ", the day of the time stamp")
		}
	}
	return times[0], first
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
