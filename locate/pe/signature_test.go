package pe_test

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"testing"
	"time"

	"usmtpkg/locate/pe"
	"usmtpkg/locate/pe/petest"
)

func strangeExtension() pkix.Extension {
	return pkix.Extension{Id: []int{1, 2, 3, 4}, Critical: true, Value: []byte{5, 0}}
}

// by signs a program for amd64.
func by(tb testing.TB, id *petest.Identity, edits ...func(*petest.Message)) []byte {
	tb.Helper()
	m := petest.Message{Signer: id}
	for _, edit := range edits {
		edit(&m)
	}
	return petest.Sign(tb, program(pe.AMD64), m)
}

func hashed(h crypto.Hash) func(*petest.Message) {
	return func(m *petest.Message) { m.Hash = h }
}

// stamped adds a time stamp of RFC 3161.
func stamped(tb testing.TB, tsa *petest.Identity, at time.Time, edits ...func(*petest.Stamp)) func(*petest.Message) {
	tb.Helper()
	s := petest.Stamp{Authority: tsa, Time: at}
	for _, edit := range edits {
		edit(&s)
	}
	return func(m *petest.Message) { m.Unsigned = append(m.Unsigned, s.Token(tb)) }
}

// countersigned adds a time stamp of PKCS#9.
func countersigned(tb testing.TB, tsa *petest.Identity, at time.Time, edits ...func(*petest.Stamp)) func(*petest.Message) {
	tb.Helper()
	s := petest.Stamp{Authority: tsa, Time: at}
	for _, edit := range edits {
		edit(&s)
	}
	return func(m *petest.Message) {
		m.Certificates = append([]*x509.Certificate{m.Signer.Cert, tsa.Cert}, append(m.Signer.Issuers, tsa.Issuers...)...)
		m.Unsigned = append(m.Unsigned, s.Countersignature(tb))
	}
}

func stampHash(h crypto.Hash) func(*petest.Stamp) { return func(s *petest.Stamp) { s.Hash = h } }

// A case is a file and the verdict it must get.
type verdictCase struct {
	name string
	file []byte
	want pe.Signature
}

// rightFiles are signed as they should be.
func rightFiles(tb testing.TB) []verdictCase {
	tb.Helper()
	k := testKit()
	valid := func(signer, algorithm string, at time.Time) pe.Signature {
		return pe.Signature{Verdict: pe.Valid, Signer: signer, Algorithm: algorithm, Time: at}
	}
	v1 := petest.TLV(0xa1, petest.TLV(0x30, petest.OID("1.2.3"), petest.TLV(4, []byte("attribute certificate"))))
	critical := func(s *petest.Stamp) { s.Extra = [][]byte{v1} }
	named := func(h crypto.Hash) func(*petest.Stamp) {
		return func(s *petest.Stamp) { s.Signed = append(s.Signed, petest.SigningCertificate(s.Authority, h)) }
	}
	return []verdictCase{
		{"sha256", by(tb, k.leaf), valid("Contoso Ltd", "sha256", time.Time{})},
		{"sha1", by(tb, k.leaf, hashed(crypto.SHA1)), valid("Contoso Ltd", "sha1", time.Time{})},
		{"sha384", by(tb, k.leaf, hashed(crypto.SHA384)), valid("Contoso Ltd", "sha384", time.Time{})},
		{"sha512", by(tb, k.ec, hashed(crypto.SHA512)), valid("Contoso EC", "sha512", time.Time{})},
		{"elliptic curve", by(tb, k.ec), valid("Contoso EC", "sha256", time.Time{})},
		{"no usage in the whole chain", by(tb, k.noUsage), valid("Contoso Any", "sha256", time.Time{})},
		{"time stamp", by(tb, k.leaf, stamped(tb, k.tsa, later.AddDate(2, 0, 0))), valid("Contoso Ltd", "sha256", later.AddDate(2, 0, 0))},
		{"over, time stamp", by(tb, k.old, stamped(tb, k.tsa, then)), valid("Contoso Old", "sha256", then)},
		{"over, time stamp with sha1", by(tb, k.old, stamped(tb, k.tsa, then, stampHash(crypto.SHA1))), valid("Contoso Old", "sha256", then)},
		{"over, time stamp of 2016's form", by(tb, k.old, stamped(tb, k.oldCritical, then, critical)), valid("Contoso Old", "sha256", then)},
		{"over, time stamp that names its certificate", by(tb, k.old, stamped(tb, k.tsa, then, named(crypto.SHA256))), valid("Contoso Old", "sha256", then)},
		{"over, time stamp that names it in version 1", by(tb, k.old, stamped(tb, k.tsa, then, named(crypto.SHA1))), valid("Contoso Old", "sha256", then)},
		{"over, countersignature", by(tb, k.old, countersigned(tb, k.tsa, then)), valid("Contoso Old", "sha256", then)},
		{"sha1 throughout", by(tb, k.sha1, hashed(crypto.SHA1), countersigned(tb, k.tsa, then, stampHash(crypto.SHA1))), valid("Contoso SHA-1", "sha1", then)},
		{"over, second time stamp counts", by(tb, k.old, stamped(tb, k.tsa, later), stamped(tb, k.tsa, then)), valid("Contoso Old", "sha256", then)},
	}
}

func TestSignatureValid(t *testing.T) {
	v := verifier(t)
	for _, tt := range rightFiles(t) {
		t.Run(tt.name, func(t *testing.T) {
			for _, n := range []int{1, 1000, 1 << 20} {
				wantSignature(t, check(t, v, tt.file, n), tt.want)
			}
		})
	}
}

// wrongFiles are signed whole, by somebody who should not be believed.
func wrongFiles(tb testing.TB) []verdictCase {
	tb.Helper()
	k := testKit()
	want := func(v pe.Verdict, signer string, at time.Time, reason string) pe.Signature {
		return pe.Signature{Verdict: v, Signer: signer, Algorithm: "sha256", Time: at, Reason: reason}
	}
	none := time.Time{}
	notCounted := func(reason string) pe.Signature {
		return want(pe.Expired, "Contoso Old", none, "and no time stamp counts; the time stamp does not count: "+reason)
	}
	return []verdictCase{
		{"over", by(tb, k.old), want(pe.Expired, "Contoso Old", none, "is valid from 2019-01-01 to 2022-01-01, not on 2026-06-01, and no time stamp counts")},
		{"over, late time stamp", by(tb, k.old, stamped(tb, k.tsa, later)), want(pe.Expired, "Contoso Old", later, "not on 2023-01-01, the day of the time stamp")},
		{"over, late countersignature", by(tb, k.old, countersigned(tb, k.tsa, later)), want(pe.Expired, "Contoso Old", later, "not on 2023-01-01, the day of the time stamp")},
		{"lifetime signing", by(tb, k.lifer, stamped(tb, k.tsa, then)), want(pe.Expired, "Contoso Lifetime", then, "it is for lifetime signing")},
		{"over, rogue time stamp", by(tb, k.old, stamped(tb, k.rogueTSA, then)), notCounted("the chain of certificates ends in Test Root, which is not a trusted root")},
		{"over, rogue countersignature", by(tb, k.old, countersigned(tb, k.rogueTSA, then)), notCounted("the chain of certificates ends in Test Root, which is not a trusted root")},
		{"over, time stamp of a signer", by(tb, k.old, stamped(tb, k.wrongTSA, then)), notCounted("the certificate No TSA is not for time stamping alone")},
		{"over, time stamp of half a TSA", by(tb, k.old, stamped(tb, k.mixedTSA, then)), notCounted("the certificate Half a TSA is not for time stamping alone")},
		{"over, time stamp of a dead TSA", by(tb, k.old, stamped(tb, k.deadTSA, then)), notCounted("the certificate Dead TSA is valid from 2010-01-01 to 2015-01-01, not on 2020-05-04")},
		{"wrong usage", by(tb, k.server), want(pe.Untrusted, "www.example.com", none, "the certificate www.example.com is not for signing code")},
		{"time-stamping certificate", by(tb, k.tsa), want(pe.Untrusted, "Test TSA", none, "the certificate Test TSA is not for signing code")},
		{"authority as signer", by(tb, k.ca), want(pe.Untrusted, "Test CA", none, "the key of Test CA may not sign data")},
		{"self-signed", by(tb, k.selfSigned), want(pe.Untrusted, "Microsoft Corporation", none, "the chain of certificates ends in Microsoft Corporation, which is not a trusted root")},
		{"rogue root of the same name", by(tb, k.rogueLeaf), want(pe.Untrusted, "Microsoft Corporation", none, "the chain of certificates ends in Test Root, which is not a trusted root")},
		{"certificate of the issuer is missing", by(tb, k.leaf, func(m *petest.Message) { m.Certificates = []*x509.Certificate{k.leaf.Cert} }), want(pe.Untrusted, "Contoso Ltd", none, "the chain of certificates ends in Contoso Ltd, which is not a trusted root")},
		{"issuer that is no authority", by(tb, k.underLeaf), want(pe.Untrusted, "Under a leaf", none, "the certificate Contoso Ltd may not issue others")},
		{"issuer that may not sign certificates", by(tb, k.noCertSign), want(pe.Untrusted, "Contoso Lists", none, "the key of CA for lists may not sign certificates")},
		{"chain too long for its authority", by(tb, k.tooDeep), want(pe.Untrusted, "Contoso Deep", none, "the chain of certificates below Test CA is longer than it allows")},
		{"name constraints", by(tb, k.constrained), want(pe.Unsupported, "Contoso Constrained", none, "the certificate Constrained CA has name constraints")},
		{"strange critical extension", by(tb, k.strangeExt), want(pe.Unsupported, "Contoso Strange", none, "has the critical extension 1.2.3.4")},
	}
}

func TestSignatureNotBelieved(t *testing.T) {
	v := verifier(t)
	for _, tt := range wrongFiles(t) {
		t.Run(tt.name, func(t *testing.T) {
			wantSignature(t, check(t, v, tt.file, 1000), tt.want)
		})
	}
}

// A time stamp that does not count changes nothing while the certificate is valid.
func TestSignatureStampNotNeeded(t *testing.T) {
	k := testKit()
	got := check(t, verifier(t), by(t, k.leaf, stamped(t, k.rogueTSA, then)), 1000)
	wantSignature(t, got, pe.Signature{
		Verdict: pe.Valid, Signer: "Contoso Ltd", Algorithm: "sha256",
		Reason: "the time stamp does not count: the chain of certificates ends in Test Root, which is not a trusted root",
	})
}

// Time is asked for at each file, not once.
func TestSignatureClock(t *testing.T) {
	k := testKit()
	clock := then
	v, err := pe.NewVerifier(func() time.Time { return clock }, []*x509.Certificate{k.root.Cert})
	if err != nil {
		t.Fatal(err)
	}
	file := by(t, k.old)
	for _, tt := range []struct {
		at   time.Time
		want pe.Verdict
	}{{then, pe.Valid}, {later, pe.Expired}, {then.AddDate(-10, 0, 0), pe.Expired}, {then, pe.Valid}} {
		clock = tt.at
		if got := check(t, v, file, 1000); got.Verdict != tt.want {
			t.Errorf("at %v: Signature = %+v, want %s", tt.at, got, tt.want)
		}
	}
}

// Another Verifier, without the root, does not believe the same file.
func TestSignatureRootNotGiven(t *testing.T) {
	v, err := pe.NewVerifier(func() time.Time { return now }, nil)
	if err != nil {
		t.Fatal(err)
	}
	got := check(t, v, by(t, testKit().leaf), 1000)
	wantSignature(t, got, pe.Signature{Verdict: pe.Untrusted, Signer: "Contoso Ltd", Algorithm: "sha256", Reason: "ends in Test Root, which is not a trusted root"})
}

// A root may also be the certificate of a signer.
func TestSignatureTrustedSigner(t *testing.T) {
	k := testKit()
	got := check(t, verifier(t, k.selfSigned.Cert), by(t, k.selfSigned), 1000)
	wantSignature(t, got, pe.Signature{Verdict: pe.Valid, Signer: "Microsoft Corporation", Algorithm: "sha256"})
}
