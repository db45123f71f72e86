package cms

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"slices"
	"time"
)

// maxChain is the longest chain, in certificates. Genuine ones have 3 or 4.
const maxChain = 8

// A search looks for a chain from a certificate to a root.
type search struct {
	trust      *Trust
	work       *work
	candidates []*x509.Certificate // that may be in the chain, beside the roots
	usage      x509.ExtKeyUsage
	at         time.Time
	root       *x509.Certificate // that the chain ends in, once it is found
	fault      error             // the most telling of those met
}

// chain checks that a chain from leaf ends in a root and that all of it allows
// the usage and is valid at the time. It returns the root.
func (t *Trust) chain(w *work, leaf *x509.Certificate, candidates []*x509.Certificate, usage x509.ExtKeyUsage, at time.Time) (*x509.Certificate, error) {
	s := &search{trust: t, work: w, candidates: candidates, usage: usage, at: at}
	if s.extend([]*x509.Certificate{leaf}) {
		return s.root, nil
	}
	return nil, s.fault
}

// extend looks for the rest of a chain.
func (s *search) extend(chain []*x509.Certificate) bool {
	last := chain[len(chain)-1]
	if s.trust.roots[last] {
		err := s.check(chain)
		s.root = last
		s.note(err)
		return err == nil
	}
	s.note(fail(Untrusted, "the chain of certificates ends in %s, which is not a trusted root", name(last)))
	if len(chain) == maxChain {
		return false
	}
	for _, c := range s.issuers(last) {
		if slices.Contains(chain, c) {
			continue
		}
		ok, err := s.trust.signed(s.work, last, c)
		switch {
		case err != nil:
			s.note(err)
		case ok:
			if s.extend(append(slices.Clip(chain), c)) {
				return true
			}
		case len(last.AuthorityKeyId) > 0 && bytes.Equal(last.AuthorityKeyId, c.SubjectKeyId):
			s.note(fail(Altered, "the certificate %s names the key of %s but is not signed with it", name(last), name(c)))
		}
	}
	return false
}

// issuers returns the certificates that have the name of the issuer of c.
func (s *search) issuers(c *x509.Certificate) []*x509.Certificate {
	var found []*x509.Certificate
	for root := range s.trust.roots {
		if bytes.Equal(root.RawSubject, c.RawIssuer) {
			found = append(found, root)
		}
	}
	for _, b := range s.candidates {
		if bytes.Equal(b.RawSubject, c.RawIssuer) && !slices.Contains(found, b) {
			found = append(found, b)
		}
	}
	// In an order of their own, so that the same input always gives the same answer.
	slices.SortStableFunc(found, func(a, b *x509.Certificate) int {
		return bytes.Compare(a.Raw, b.Raw)
	})
	return found
}

// note keeps the fault that says most: one of a chain to a root before one of
// a chain that ends elsewhere, a forgery before all; else the last, which is of
// the longer chain.
func (s *search) note(err error) {
	if err == nil {
		return
	}
	if s.fault == nil || telling(err) >= telling(s.fault) {
		s.fault = err
	}
}

func telling(err error) int {
	var e *SignatureError
	if !errors.As(err, &e) {
		return 0
	}
	switch e.Fault {
	case Altered:
		return 3
	case Expired:
		return 2
	case Unsupported:
		return 1
	default:
		return 0
	}
}

// check checks a chain whose signatures are right and which ends in a root.
func (s *search) check(chain []*x509.Certificate) error {
	for i, c := range chain {
		if i > 0 {
			if err := issues(c, i-1); err != nil {
				return err
			}
		}
		if err := understood(c); err != nil {
			return err
		}
	}
	if err := s.allowed(chain); err != nil {
		return err
	}
	for _, c := range chain {
		if s.at.Before(c.NotBefore) || s.at.After(c.NotAfter) {
			return fail(Expired, "the certificate %s is valid from %s to %s, not on %s", name(c),
				day(c.NotBefore), day(c.NotAfter), day(s.at))
		}
	}
	return nil
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// issues checks that a certificate may issue others, with a number of further
// issuers below it.
func issues(c *x509.Certificate, below int) error {
	// Version 1 has no extensions to say it with, and is accepted as a root only,
	// since crypto/x509 finds no basic constraints in it.
	isCA := c.BasicConstraintsValid && c.IsCA || c.Version == 1 && bytes.Equal(c.RawSubject, c.RawIssuer)
	switch {
	case !isCA:
		return fail(Untrusted, "the certificate %s may not issue others", name(c))
	case c.KeyUsage != 0 && c.KeyUsage&x509.KeyUsageCertSign == 0:
		return fail(Untrusted, "the key of %s may not sign certificates", name(c))
	case c.MaxPathLen >= 0 && (c.MaxPathLen > 0 || c.MaxPathLenZero) && below > c.MaxPathLen:
		return fail(Untrusted, "the chain of certificates below %s is longer than it allows", name(c))
	}
	return nil
}

// understood refuses a certificate that restricts itself in a way not checked
// here: any critical extension but those that are, and name constraints.
func understood(c *x509.Certificate) error {
	for _, e := range c.Extensions {
		switch {
		case e.Id.Equal(asn1.ObjectIdentifier{2, 5, 29, 30}):
			return fail(Unsupported, "the certificate %s has name constraints", name(c))
		case !e.Critical:
		case len(e.Id) == 4 && e.Id[0] == 2 && e.Id[1] == 5 && e.Id[2] == 29 && slices.Contains(checked, e.Id[3]):
		default:
			return fail(Unsupported, "the certificate %s has the critical extension %v", name(c), e.Id)
		}
	}
	return nil
}

// checked are the extensions 2.5.29.x (RFC 5280, 4.2.1) that are checked, or
// that restrict nothing here when they are critical: key usage, alternative
// name, basic constraints, policies, extended key usage.
var checked = []int{15, 17, 19, 32, 37}

// allowed checks the key usage of the leaf, and the extended key usage of all:
// the leaf must have the usage, or none of the chain may have any (Authenticode
// format, "Certificate processing"); an issuer with usages must have it too.
func (s *search) allowed(chain []*x509.Certificate) error {
	leaf := chain[0]
	if leaf.KeyUsage != 0 && leaf.KeyUsage&(x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment) == 0 {
		return fail(Untrusted, "the key of %s may not sign data", name(leaf))
	}
	what := "signing code"
	if s.usage == x509.ExtKeyUsageTimeStamping {
		what = "time stamping"
		if !slices.Equal(leaf.ExtKeyUsage, []x509.ExtKeyUsage{s.usage}) || len(leaf.UnknownExtKeyUsage) > 0 {
			return fail(Untrusted, "the certificate %s is not for time stamping alone", name(leaf))
		}
	}
	for i, c := range chain {
		none := len(c.ExtKeyUsage) == 0 && len(c.UnknownExtKeyUsage) == 0
		switch {
		case slices.Contains(c.ExtKeyUsage, s.usage):
		case i == 0 && none && !slices.ContainsFunc(chain, hasUsage):
		case i > 0 && (none || slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageAny)):
		default:
			return fail(Untrusted, "the certificate %s is not for %s", name(c), what)
		}
	}
	return nil
}

func hasUsage(c *x509.Certificate) bool {
	return len(c.ExtKeyUsage) > 0 || len(c.UnknownExtKeyUsage) > 0
}
