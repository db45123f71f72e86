package pe_test

import (
	"bytes"
	"crypto/x509"
	"strings"
	"sync"
	"testing"
	"time"

	"usmtpkg/locate/pe"
	"usmtpkg/locate/pe/petest"
	"usmtpkg/locate/samplekit"
)

// A kit is the authorities and signers of the tests. All chains end in root,
// but for those of rogue, which has the same names.
type kit struct {
	root, ca, tsa          *petest.Identity
	leaf, old, ec, lifer   *petest.Identity // right ones; old is over
	server, noUsage, sha1  *petest.Identity
	rogueLeaf, rogueTSA    *petest.Identity
	wrongTSA, mixedTSA     *petest.Identity
	deadTSA, oldCritical   *petest.Identity
	constrained, tooDeep   *petest.Identity
	underLeaf, noCertSign  *petest.Identity
	selfSigned, strangeExt *petest.Identity
}

// now is the present of the tests, late that of a file signed after its
// certificate was over.
var (
	now   = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	then  = time.Date(2020, 5, 4, 3, 2, 1, 0, time.UTC) // while the old certificate was valid
	later = time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC) // when it was not
)

func buildKit(tb testing.TB) *kit {
	tb.Helper()
	rsaKey, rsaKey2 := petest.RSAKey(tb, 2048), petest.RSAKey(tb, 2048)
	key := petest.ECKey(tb)
	k := new(kit)
	cert, ca, code, tsa := petest.Certificate, petest.CA, petest.CodeSigning, petest.TimeStamping
	k.root = petest.SelfSigned(tb, rsaKey, cert("Test Root", 2010, 2040, ca))
	k.ca = k.root.Issue(tb, rsaKey2, cert("Test CA", 2012, 2035, ca, func(c *x509.Certificate) { c.MaxPathLenZero = true }))
	k.leaf = k.ca.Issue(tb, rsaKey, cert("Contoso Ltd", 2024, 2028, code))
	k.old = k.ca.Issue(tb, rsaKey, cert("Contoso Old", 2019, 2022, code))
	k.ec = k.ca.Issue(tb, key, cert("Contoso EC", 2024, 2028, code))
	k.lifer = k.ca.Issue(tb, key, cert("Contoso Lifetime", 2019, 2022, code, func(c *x509.Certificate) {
		c.UnknownExtKeyUsage = append(c.UnknownExtKeyUsage, []int{1, 3, 6, 1, 4, 1, 311, 10, 3, 13})
	}))
	k.server = k.ca.Issue(tb, key, cert("www.example.com", 2024, 2028, func(c *x509.Certificate) {
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	}))
	k.noUsage = k.ca.Issue(tb, key, cert("Contoso Any", 2024, 2028))
	sha1CA := k.root.Issue(tb, rsaKey2, cert("Test CA SHA-1", 2012, 2035, ca, petest.SHA1))
	k.sha1 = sha1CA.Issue(tb, rsaKey, cert("Contoso SHA-1", 2019, 2022, code, petest.SHA1))
	k.tsa = k.root.Issue(tb, rsaKey2, cert("Test TSA", 2015, 2035, tsa))
	k.oldCritical = k.root.Issue(tb, key, cert("Test TSA, not critical", 2015, 2035, func(c *x509.Certificate) {
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping}
	}))
	k.wrongTSA = k.root.Issue(tb, key, cert("No TSA", 2015, 2035, code))
	k.mixedTSA = k.root.Issue(tb, key, cert("Half a TSA", 2015, 2035, func(c *x509.Certificate) {
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping, x509.ExtKeyUsageCodeSigning}
	}))
	k.deadTSA = k.root.Issue(tb, key, cert("Dead TSA", 2010, 2015, tsa))

	rogue := petest.SelfSigned(tb, petest.ECKey(tb), cert("Test Root", 2010, 2040, ca))
	k.rogueLeaf = rogue.Issue(tb, key, cert("Microsoft Corporation", 2015, 2035, code))
	k.rogueTSA = rogue.Issue(tb, key, cert("Microsoft Time-Stamp Service", 2015, 2035, tsa))
	k.selfSigned = petest.SelfSigned(tb, key, cert("Microsoft Corporation", 2015, 2035, code))

	k.constrained = k.root.Issue(tb, key, cert("Constrained CA", 2012, 2035, ca, func(c *x509.Certificate) {
		c.PermittedDNSDomains = []string{"example.com"}
	})).Issue(tb, key, cert("Contoso Constrained", 2024, 2028, code))
	k.tooDeep = k.ca.Issue(tb, key, cert("CA too deep", 2012, 2035, ca)).Issue(tb, key, cert("Contoso Deep", 2024, 2028, code))
	k.underLeaf = k.leaf.Issue(tb, key, cert("Under a leaf", 2024, 2028, code))
	k.noCertSign = k.root.Issue(tb, key, cert("CA for lists", 2012, 2035, ca, func(c *x509.Certificate) {
		c.KeyUsage = x509.KeyUsageCRLSign
	})).Issue(tb, key, cert("Contoso Lists", 2024, 2028, code))
	k.strangeExt = k.ca.Issue(tb, key, cert("Contoso Strange", 2024, 2028, code, func(c *x509.Certificate) {
		c.ExtraExtensions = append(c.ExtraExtensions, strangeExtension())
	}))
	return k
}

var testKit = sync.OnceValue(func() *kit {
	var tb buildTB
	return buildKit(&tb)
})

// buildTB lets the kit be built once for all tests: a failure is a panic.
type buildTB struct{ testing.TB }

func (*buildTB) Helper()        {}
func (*buildTB) Fatal(a ...any) { panic(a) }

// program is an unsigned file with two sections.
func program(m pe.Machine) []byte { return samplekit.PE(m, sampleVersion, 9000) }

// verifier trusts the root of the kit and takes now for the present.
func verifier(tb testing.TB, roots ...*x509.Certificate) *pe.Verifier {
	tb.Helper()
	if roots == nil {
		roots = append(roots, testKit().root.Cert)
	}
	v, err := pe.NewVerifier(func() time.Time { return now }, roots)
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

// check finds the verdict, handing the content over in pieces of n bytes.
func check(tb testing.TB, v *pe.Verifier, data []byte, n int) pe.Signature {
	tb.Helper()
	c, err := v.Begin(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		tb.Fatalf("Begin = %v", err)
	}
	for b := data; c.Needs() && len(b) > 0; {
		m, err := c.Write(b[:min(n, len(b))])
		if err != nil || m != min(n, len(b)) {
			tb.Fatalf("Write = %d, %v, want %d", m, err, min(n, len(b)))
		}
		b = b[m:]
	}
	s, err := c.Signature()
	if err != nil {
		tb.Fatalf("Signature = %v", err)
	}
	return s
}

// wantSignature compares a verdict with what is wanted, of whose Reason a part
// is enough.
func wantSignature(tb testing.TB, got, want pe.Signature) {
	tb.Helper()
	reason := got.Reason
	if want.Reason != "" && strings.Contains(reason, want.Reason) {
		got.Reason = want.Reason
	}
	if got != want {
		got.Reason = reason
		tb.Errorf("Signature = %+v, want %+v", got, want)
	}
}
