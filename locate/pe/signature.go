package pe

import (
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"usmtpkg/locate/pe/cms"
)

// A Verdict is what is known of the Authenticode signatures of a file.
type Verdict string

// The verdicts. Only Valid means that the signer vouches for the file.
const (
	Valid       Verdict = "valid"       // signed, whole, under a trusted root, at a time that counts
	Unsigned    Verdict = "unsigned"    // no signature in the file; a catalog elsewhere may have one
	Tampered    Verdict = "tampered"    // the file, or its signature, was altered, or hides something
	Untrusted   Verdict = "untrusted"   // no chain to a trusted root, or one not for signing code
	Expired     Verdict = "expired"     // the certificate is over, and no time stamp counts
	Unsupported Verdict = "unsupported" // the signature cannot be checked here
)

// A Signature is the verdict on the signatures of a file. If there are several, it is about the
// best, or the one with the stronger digest if they are alike; but one that is tampered with makes
// the file Tampered.
type Signature struct {
	Verdict Verdict
	// Signer is the common name of the signing certificate, "" if that is not
	// known. Unless the verdict is Valid or Expired, it is what somebody claims.
	Signer    string
	Time      time.Time // of the time stamp that was verified; zero without one
	Algorithm string    // of the digest of the file: "sha1", "sha256", "sha384", "sha512"; else ""
	Reason    string    // why it is not valid; of a valid one, what else there is to say, or ""
}

// A Verifier checks signatures. Its methods may be called from several
// goroutines; it remembers certificates, so that one for all files is fastest.
//
// Under Microsoft's roots it trusts Microsoft's own certificates only: the roots
// also have certificates of others, such as sellers in its store.
type Verifier struct {
	now    func() time.Time
	trust  *cms.Trust
	vendor []*x509.Certificate // Microsoft's roots
}

// NewVerifier returns a Verifier that trusts Microsoft's roots and extra ones.
// It calls now for the time whenever it checks a file.
func NewVerifier(now func() time.Time, extraRoots []*x509.Certificate) (*Verifier, error) {
	roots, err := vendorRoots(microsoftRoots, pinned())
	if err != nil {
		return nil, err
	}
	trust, err := cms.NewTrust(slices.Concat(extraRoots, roots))
	if err != nil {
		return nil, err
	}
	return &Verifier{now: now, trust: trust, vendor: roots}, nil
}

// A signature is one of a file's, with what it says about the content.
type signature struct {
	data  *cms.SignedData
	hash  crypto.Hash
	want  []byte // the digest of the file
	pages *pages // nil without page hashes
	fault error  // why the rest could not be read; nil
}

// judge gives the verdict on one signature of a file with this digest.
func (v *Verifier) judge(s *signature, digest []byte) Signature {
	if s.fault != nil {
		return Signature{Verdict: verdict(s.fault), Reason: s.fault.Error()}
	}
	sig, notes := v.vouch(s.data)
	if note := s.pages.note(); note != "" {
		notes = append(notes, note)
	}
	switch {
	case string(digest) != string(s.want):
		sig.Verdict = Tampered
		notes = []string{fmt.Sprintf("the %s digest of the file is %x, signed is %x", sig.Algorithm, digest, s.want)}
	case s.pages.differ():
		sig.Verdict = Tampered
		notes = []string{s.pages.fault}
	}
	sig.Reason = strings.Join(notes, "; ")
	return sig
}

// vouch gives the verdict on who signed a message and when, whatever the message says, and what else
// there is to say about that.
func (v *Verifier) vouch(sd *cms.SignedData) (Signature, []string) {
	res, err := v.trust.Verify(sd, v.now())
	if err == nil {
		err = v.ownSigner(res)
	}
	notes := res.Notes
	if err != nil {
		notes = append([]string{err.Error()}, notes...)
	}
	return Signature{Verdict: verdict(err), Signer: res.Signer, Time: res.Time, Algorithm: algorithmName(sd.Digest())}, notes
}

// Message verifies a signed message that is not part of a program, such as a catalog, by the same
// roots, time stamps and rules as a program's signature. Nothing may follow the message. What it
// says is for the caller to read, and to believe only if the verdict is Valid; the message is nil if
// it cannot be read. Signatures nested in it are not looked at: anyone can add them.
func (v *Verifier) Message(data []byte) (*cms.SignedData, Signature) {
	sd, rest, err := v.trust.Parse(data)
	if err == nil && len(rest) > 0 {
		err = &cms.SignatureError{Fault: cms.Malformed, Text: fmt.Sprintf("found %d bytes after the signed message, wanted its end", len(rest))}
	}
	if err != nil {
		return nil, Signature{Verdict: verdict(err), Reason: err.Error()}
	}
	sig, notes := v.vouch(sd)
	sig.Reason = strings.Join(notes, "; ")
	return sd, sig
}

// microsoft is the organization in the certificates of Microsoft's own signers.
const microsoft = "Microsoft Corporation"

// oidHardware is the usage of certificates with which Microsoft signs the drivers of others (WHQL); others
// of the kind are below it.
// Source: https://learn.microsoft.com/windows/win32/seccrypto/constants-for-certgetenhancedkeyusage
const oidHardware = "1.3.6.1.4.1.311.10.3.5"

// ownSigner refuses a signer whom Microsoft certified and who is not Microsoft.
func (v *Verifier) ownSigner(res cms.Result) error {
	for _, usage := range res.Cert.UnknownExtKeyUsage {
		if strings.HasPrefix(usage.String()+".", oidHardware+".") {
			return &cms.SignatureError{Fault: cms.Untrusted, Text: "it is a signature for drivers of others, which Microsoft tested and did not write"}
		}
	}
	under := func(root *x509.Certificate) bool { return root.Equal(res.Root) }
	if !slices.ContainsFunc(v.vendor, under) || slices.Contains(res.Cert.Subject.Organization, microsoft) {
		return nil
	}
	return &cms.SignatureError{
		Fault: cms.Untrusted,
		Text:  fmt.Sprintf("Microsoft certified the signer, which is not %s but %q", microsoft, res.Cert.Subject.Organization),
	}
}

// verdict translates what the signature's own check found.
func verdict(err error) Verdict {
	if err == nil {
		return Valid
	}
	e, ok := errors.AsType[*cms.SignatureError](err)
	if !ok {
		return Unsupported
	}
	switch e.Fault {
	case cms.Malformed, cms.Altered:
		return Tampered
	case cms.Untrusted:
		return Untrusted
	case cms.Expired:
		return Expired
	default:
		return Unsupported
	}
}

// best chooses among the signatures of a file, of which there is one at least.
func best(all []Signature) Signature {
	top := all[0]
	for _, s := range all[1:] {
		if rank(s) > rank(top) || rank(s) == rank(top) && strength(s.Algorithm) > strength(top.Algorithm) {
			top = s
		}
	}
	for _, s := range all {
		if s.Verdict != top.Verdict {
			note := strings.TrimSuffix(fmt.Sprintf("another of %d signatures is %s: %s", len(all), s.Verdict, s.Reason), ": ")
			top.Reason = strings.TrimPrefix(top.Reason+"; "+note, "; ")
		}
	}
	return top
}

func rank(s Signature) int {
	switch s.Verdict {
	case Tampered:
		return 5
	case Valid:
		return 4
	case Expired:
		return 3
	case Untrusted:
		return 2
	default:
		return 1
	}
}

// strength orders digests by the length of their sums, in bytes.
func strength(algorithm string) int {
	for _, h := range []crypto.Hash{crypto.SHA1, crypto.SHA256, crypto.SHA384, crypto.SHA512} {
		if algorithmName(h) == algorithm {
			return h.Size()
		}
	}
	return 0
}

// algorithmName is "sha256" for SHA-256, and so on.
func algorithmName(h crypto.Hash) string {
	return strings.ToLower(strings.ReplaceAll(h.String(), "-", ""))
}
