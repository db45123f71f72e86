package cms

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"sync"

	"usmtpkg/locate/finding"
	"usmtpkg/locate/pe/cms/der"
)

// What a Trust remembers: so many certificates, and as many links between them,
// of so many bytes each. The files of one vendor need about 10 in all.
const (
	maxMemory     = 256
	maxRemembered = 4 << 10
)

// A Trust is a set of roots. It remembers certificates it has seen and which
// signed which, since programs made together share them; whether a chain is
// trusted is determined each time. Its methods may be called from several
// goroutines.
type Trust struct {
	roots map[*x509.Certificate]bool

	mu    sync.Mutex
	known map[string]*x509.Certificate // by their DER
	links map[link]bool                // of certificates in known only, which are never forgotten
}

// A link says whether a certificate is signed with the key of another.
type link struct{ child, parent *x509.Certificate }

// NewTrust returns a Trust in these roots, of which there must be one at least.
func NewTrust(roots []*x509.Certificate) (*Trust, error) {
	if len(roots) == 0 {
		return nil, errors.New("trusting certificates: found no root, wanted one or more")
	}
	t := &Trust{
		roots: make(map[*x509.Certificate]bool),
		known: make(map[string]*x509.Certificate),
		links: make(map[link]bool),
	}
	for _, root := range roots {
		if err := usableKey(root); err != nil {
			return nil, fmt.Errorf("trusting the root %s: %w", name(root), err)
		}
		c, ok := t.known[string(root.Raw)]
		if !ok {
			c = root
			t.known[string(root.Raw)] = c
		}
		t.roots[c] = true
	}
	return t, nil
}

// usableKey refuses a root whose key no check would accept.
func usableKey(c *x509.Certificate) error {
	switch key := c.PublicKey.(type) {
	case *rsa.PublicKey:
		if n := key.N.BitLen(); n < minRSA || n > maxRSA {
			return fmt.Errorf("found an RSA key of %d bits, wanted %d to %d", n, minRSA, maxRSA)
		}
	case *ecdsa.PublicKey:
	default:
		return fmt.Errorf("found a key of kind %v, wanted RSA or ECDSA", c.PublicKeyAlgorithm)
	}
	return nil
}

// certificate parses a certificate, or returns the one that was parsed before.
func (t *Trust) certificate(raw []byte) (*x509.Certificate, error) {
	t.mu.Lock()
	c, ok := t.known[string(raw)]
	t.mu.Unlock()
	if ok {
		return c, nil
	}
	// crypto/x509 reads past bytes behind the signature, which nobody signed.
	whole := der.NewReader(raw)
	parts := whole.Inside(der.Sequence, "certificate")
	parts.Read(der.Sequence, "signed part of the certificate")
	parts.Read(der.Sequence, "signature algorithm of the certificate")
	parts.Read(der.BitString, "signature of the certificate")
	parts.End("certificate")
	if err := whole.Err(); err != nil {
		return nil, err
	}
	c, err := x509.ParseCertificate(raw)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if first, ok := t.known[string(raw)]; ok {
		return first, nil
	}
	if len(raw) <= maxRemembered && len(t.known) < len(t.roots)+maxMemory {
		t.known[string(raw)] = c
	}
	return c, nil
}

// signed reports whether child is signed with the key of parent. The error is
// that it could not be checked.
func (t *Trust) signed(w *work, child, parent *x509.Certificate) (bool, error) {
	if err := w.spend(); err != nil {
		return false, err
	}
	l := link{child, parent}
	t.mu.Lock()
	ok, seen := t.links[l]
	t.mu.Unlock()
	if seen {
		return ok, nil
	}
	s, err := schemeOf(child)
	if err != nil {
		return false, err
	}
	ok, err = verify(parent.PublicKey, s, child.RawTBSCertificate, child.Signature)
	if err != nil {
		return false, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.known[string(child.Raw)] == child && t.known[string(parent.Raw)] == parent && len(t.links) < maxMemory {
		t.links[l] = ok
	}
	return ok, nil
}

// name is how messages call a certificate: its common name, else its whole
// name, cut to 64 characters (the longest common name, RFC 5280, upper bounds).
// It may be anything, so it is made printable.
func name(c *x509.Certificate) string {
	const longest = 64
	text := c.Subject.CommonName
	if text == "" {
		text = c.Subject.String()
	}
	if runes := []rune(text); len(runes) > longest {
		text = string(runes[:longest])
	}
	return finding.PlainText(text)
}
