// Package wintrust asks Windows about the signature of a file: a second opinion beside the verdict
// of package pe.
//
// Rules:
//   - A file is checked by its own signature or, if it has none, by a catalog of
//     this machine that lists its digest.
//   - Nothing is shown and nothing is fetched: no dialog, no revocation check,
//     and certificates only from the machine and the file.
//   - The answer is that of this machine: it depends on the roots it trusts,
//     its policies, its catalogs and its clock. It does not replace the verdict
//     of package pe, which is the same on all machines.
//
// Systems other than Windows have no such answer.
package wintrust

import "fmt"

// A Verdict is what Windows says about a file.
type Verdict struct {
	Trusted bool
	Code    uint32 // HRESULT; 0 if trusted
	Catalog string // path of the catalog that the answer rests on; "" for the file's own signature
	Note    string // what could not be looked at; mostly ""
}

// String says it in words: "trusted", "trusted by catalog C:\…",
// "not trusted: 0x800b0100 (no signature)".
func (v Verdict) String() string {
	s := "trusted"
	if !v.Trusted {
		s = fmt.Sprintf("not trusted: %#08x", v.Code)
		if text := meaning(v.Code); text != "" {
			s += " (" + text + ")"
		}
	}
	if v.Catalog != "" {
		s += " by catalog " + v.Catalog
	}
	if v.Note != "" {
		s += "; " + v.Note
	}
	return s
}

// Answers of WinVerifyTrust. Source: winerror.h of the Windows SDK.
const (
	providerUnknown = 0x800b0001 // TRUST_E_PROVIDER_UNKNOWN
	formUnknown     = 0x800b0003 // TRUST_E_SUBJECT_FORM_UNKNOWN
	noSignature     = 0x800b0100 // TRUST_E_NOSIGNATURE
)

func meaning(code uint32) string {
	switch code {
	case noSignature:
		return "no signature"
	case providerUnknown, formUnknown:
		return "not a kind of file that has a signature"
	case 0x80096010: // TRUST_E_BAD_DIGEST
		return "the file is not what was signed"
	case 0x80096005: // TRUST_E_TIME_STAMP
		return "the time stamp is not valid"
	case 0x80096003: // TRUST_E_COUNTER_SIGNER
		return "the countersignature is not valid"
	case 0x80096004: // TRUST_E_CERT_SIGNATURE
		return "the signature of a certificate is not valid"
	case 0x800b0004: // TRUST_E_SUBJECT_NOT_TRUSTED
		return "the signer is not trusted"
	case 0x800b0101: // CERT_E_EXPIRED
		return "a certificate is over or not yet valid"
	case 0x800b0109: // CERT_E_UNTRUSTEDROOT
		return "the root is not trusted"
	case 0x800b010a: // CERT_E_CHAINING
		return "no chain of certificates to a trusted root"
	case 0x800b010c: // CERT_E_REVOKED
		return "a certificate was revoked"
	case 0x800b0110: // CERT_E_WRONG_USAGE
		return "a certificate is not for signing code"
	case 0x800b0111: // TRUST_E_EXPLICIT_DISTRUST
		return "a certificate is distrusted on this machine"
	case 0x80092026: // CRYPT_E_SECURITY_SETTINGS
		return "policies of this machine forbid it"
	}
	return ""
}
