package cms

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	_ "crypto/sha1" // hashes for crypto.Hash
	_ "crypto/sha256"
	_ "crypto/sha512"
	"crypto/x509"
	"fmt"

	"usmtpkg/locate/pe/cms/der"
)

// Object identifiers. Sources: RFC 5652, 2985, 3161, 5035, 5280, and for the
// last Microsoft's list, https://learn.microsoft.com/windows/win32/seccrypto/constants-for-certgetenhancedkeyusage
const (
	oidData             = "1.2.840.113549.1.7.1"
	oidSignedData       = "1.2.840.113549.1.7.2"
	oidContentType      = "1.2.840.113549.1.9.3"
	oidMessageDigest    = "1.2.840.113549.1.9.4"
	oidSigningTime      = "1.2.840.113549.1.9.5"
	oidCountersignature = "1.2.840.113549.1.9.6"
	oidStampInfo        = "1.2.840.113549.1.9.16.1.4"
	oidSigningCert      = "1.2.840.113549.1.9.16.2.12"
	oidSigningCertV2    = "1.2.840.113549.1.9.16.2.47"
	oidStampToken       = "1.3.6.1.4.1.311.3.3.1"
	oidLifetimeSigning  = "1.3.6.1.4.1.311.10.3.13"
)

// Limits of RSA keys, in bits. Below, crypto/rsa refuses; above, a check costs
// milliseconds. Code is signed with 2048 to 4096 bits.
const (
	minRSA = 1024
	maxRSA = 4096
)

// A scheme is a kind of key and the hash function used with it.
type scheme struct {
	kind x509.PublicKeyAlgorithm
	hash crypto.Hash
}

// HashOf returns the hash function of an object identifier, or 0 for one that
// is not supported.
func HashOf(oid string) crypto.Hash {
	switch oid {
	case "1.3.14.3.2.26":
		return crypto.SHA1
	case "2.16.840.1.101.3.4.2.1":
		return crypto.SHA256
	case "2.16.840.1.101.3.4.2.2":
		return crypto.SHA384
	case "2.16.840.1.101.3.4.2.3":
		return crypto.SHA512
	}
	return 0
}

func supportedHash(oid string) (crypto.Hash, error) {
	if h := HashOf(oid); h != 0 {
		return h, nil
	}
	return 0, fail(Unsupported, "digest algorithm %s", oid)
}

// supportedScheme reads a signature algorithm, which may leave the hash
// function to the digest algorithm but must not name another.
func supportedScheme(oid string, digest crypto.Hash) (scheme, error) {
	var s scheme
	switch oid {
	case "1.2.840.113549.1.1.1": // rsaEncryption
		return scheme{x509.RSA, digest}, nil
	case "1.2.840.10045.2.1": // id-ecPublicKey
		return scheme{x509.ECDSA, digest}, nil
	case "1.2.840.113549.1.1.5":
		s = scheme{x509.RSA, crypto.SHA1}
	case "1.2.840.113549.1.1.11":
		s = scheme{x509.RSA, crypto.SHA256}
	case "1.2.840.113549.1.1.12":
		s = scheme{x509.RSA, crypto.SHA384}
	case "1.2.840.113549.1.1.13":
		s = scheme{x509.RSA, crypto.SHA512}
	case "1.2.840.10045.4.1":
		s = scheme{x509.ECDSA, crypto.SHA1}
	case "1.2.840.10045.4.3.2":
		s = scheme{x509.ECDSA, crypto.SHA256}
	case "1.2.840.10045.4.3.3":
		s = scheme{x509.ECDSA, crypto.SHA384}
	case "1.2.840.10045.4.3.4":
		s = scheme{x509.ECDSA, crypto.SHA512}
	default:
		return s, fail(Unsupported, "signature algorithm %s", oid)
	}
	if s.hash != digest {
		return s, fail(Malformed, "signature algorithm with %v, digest algorithm %v", s.hash, digest)
	}
	return s, nil
}

// schemeOf returns the scheme a certificate is signed with.
func schemeOf(c *x509.Certificate) (scheme, error) {
	switch c.SignatureAlgorithm {
	case x509.SHA1WithRSA:
		return scheme{x509.RSA, crypto.SHA1}, nil
	case x509.SHA256WithRSA:
		return scheme{x509.RSA, crypto.SHA256}, nil
	case x509.SHA384WithRSA:
		return scheme{x509.RSA, crypto.SHA384}, nil
	case x509.SHA512WithRSA:
		return scheme{x509.RSA, crypto.SHA512}, nil
	case x509.ECDSAWithSHA1:
		return scheme{x509.ECDSA, crypto.SHA1}, nil
	case x509.ECDSAWithSHA256:
		return scheme{x509.ECDSA, crypto.SHA256}, nil
	case x509.ECDSAWithSHA384:
		return scheme{x509.ECDSA, crypto.SHA384}, nil
	case x509.ECDSAWithSHA512:
		return scheme{x509.ECDSA, crypto.SHA512}, nil
	default:
		return scheme{}, fail(Unsupported, "certificate %s is signed with %v", name(c), c.SignatureAlgorithm)
	}
}

// Algorithm reads an AlgorithmIdentifier and returns its object identifier.
func Algorithm(r *der.Reader, part string) string {
	id := r.Inside(der.Sequence, part)
	oid := id.OID(part)
	switch {
	case id.Next(der.Null):
		if null := id.Any(part); len(null.Content) > 0 {
			id.Fail(part, fmt.Sprintf("NULL of %d bytes", len(null.Content)), "none")
		}
	case id.Next(der.OID):
		id.OID(part) // the curve of a key, which its certificate names too
	case id.More():
		id.Read(der.Sequence, part) // of algorithms that are not supported
	}
	id.End(part)
	return oid
}

func sum(h crypto.Hash, data []byte) []byte {
	d := h.New()
	d.Write(data)
	return d.Sum(nil)
}

// work counts the signatures that are looked at, so that their number is
// bounded, whether they are checked or remembered.
type work struct{ left int }

// maxChecks is how many signatures are looked at for one signature and its
// chain. A genuine one needs 4.
const maxChecks = 40

func (w *work) spend() error {
	if w.left--; w.left < 0 {
		return fail(Unsupported, "a chain of certificates that needs more than %d checks", maxChecks)
	}
	return nil
}

// verify checks a signature of data. The error is that it could not be checked.
func verify(key any, s scheme, data, signature []byte) (bool, error) {
	switch key := key.(type) {
	case *rsa.PublicKey:
		if s.kind != x509.RSA {
			return false, nil
		}
		if n := key.N.BitLen(); n < minRSA || n > maxRSA {
			return false, fail(Unsupported, "an RSA key of %d bits, wanted %d to %d", n, minRSA, maxRSA)
		}
		return verifyRSA(key, s.hash, sum(s.hash, data), signature), nil
	case *ecdsa.PublicKey:
		return s.kind == x509.ECDSA && ecdsa.VerifyASN1(key, sum(s.hash, data), signature), nil
	default:
		return false, fail(Unsupported, "a key of type %T", key)
	}
}
