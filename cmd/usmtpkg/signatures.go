package main

import (
	"cmp"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"usmtpkg/locate"
	"usmtpkg/locate/finding"
	"usmtpkg/locate/pe"
	"usmtpkg/locate/pe/wintrust"
	"usmtpkg/locate/tree"
	"usmtpkg/stage"
)

// trustOptions say whose signatures count.
type trustOptions struct {
	roots []string
}

func (o *trustOptions) flags(f *pflag.FlagSet) {
	f.StringSliceVar(&o.roots, "trust-root", nil, "a certificate, PEM or DER, that signatures may rest on besides Microsoft's roots, for kits signed again")
}

// signatures is what judges the signatures of the source; nil for the sample
// kit, whose programs nobody signed.
func (o *options) signatures(env environment) (*pe.Verifier, error) {
	if o.source.sample {
		return nil, nil //nolint:nilnil // without one they are not checked, and that is said
	}
	return o.policy.trust.verifier(env.now)
}

// maxRoots bounds a file of certificates, in bytes; a certificate has 1 to 3 KiB.
const maxRoots = 1 << 20

// verifier judges signatures under Microsoft's roots and those given.
func (o *trustOptions) verifier(now func() time.Time) (*pe.Verifier, error) {
	var extra []*x509.Certificate
	for _, name := range o.roots {
		b, err := tree.ReadFile(name, maxRoots)
		if err != nil {
			return nil, &usageError{msg: fmt.Sprintf("reading the trusted roots: %v", err)}
		}
		certs, err := pe.ParseRoots(b)
		if err != nil {
			return nil, &usageError{msg: fmt.Sprintf("%s: %v", name, err), hint: "--trust-root takes a file of certificates, PEM or DER"}
		}
		extra = append(extra, certs...)
	}
	return pe.NewVerifier(now, extra)
}

// notCheckedVerdict is the word for a signature that nobody looked at.
const notCheckedVerdict = stage.NotChecked

// verdictWord is the verdict on a program's signature as documents say it.
func verdictWord(v pe.Verdict) string { return cmp.Or(string(v), notCheckedVerdict) }

// signatureCounts counts programs by verdict.
func signatureCounts(rep *locate.Report) map[string]int {
	n := make(map[string]int)
	for v, count := range rep.Signed() {
		n[verdictWord(v)] = count
	}
	return n
}

// unjudged reports whether the signature of any program was not checked, or could not be.
func unjudged(rep *locate.Report) bool {
	n := rep.Signed()
	return n[""]+n[pe.Unsupported] > 0
}

// signatureText sums the signatures up in words.
func signatureText(rep *locate.Report) string {
	counts := signatureCounts(rep)
	if len(counts) == 0 {
		return "no programs"
	}
	if counts[notCheckedVerdict] == len(rep.Programs) {
		return "signatures not checked"
	}
	var parts []string
	order := []pe.Verdict{pe.Valid, pe.Unsigned, pe.Tampered, pe.Untrusted, pe.Expired, pe.Unsupported, ""}
	for _, v := range order {
		word := verdictWord(v)
		if n := counts[word]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s%s", n, word, signers(rep, v)))
		}
	}
	return "signatures: " + strings.Join(parts, ", ")
}

// signers names who signed the programs whose signatures are valid.
func signers(rep *locate.Report, v pe.Verdict) string {
	if v != pe.Valid {
		return ""
	}
	names := make(map[string]bool)
	for _, p := range rep.Programs {
		if p.Signature != nil && p.Signature.Verdict == v {
			names[p.Signature.Signer] = true
		}
	}
	const most = 3 // names on a line
	list := slices.Sorted(maps.Keys(names))
	if len(list) > most {
		list = append(list[:most], "and others")
	}
	return " by " + strings.Join(list, ", ")
}

// jsonProgram is a program or DLL of a USMT folder, with the verdict on its signature.
type jsonProgram struct {
	Path      string     `json:"path"`
	Machine   string     `json:"machine"`
	Version   string     `json:"file_version,omitempty"`
	Signature string     `json:"signature"`
	Signer    string     `json:"signer,omitempty"`
	SignedAt  *time.Time `json:"signed_at,omitempty"`
	Reason    string     `json:"reason,omitempty"`
	Windows   string     `json:"windows,omitempty"` // what Windows says of it
	trusted   bool       // by Windows
}

// secondOpinions asks Windows about the programs of a source, where it is there to be
// asked. Its answer stands beside ours and changes nothing.
func secondOpinions(u usmt, programs []jsonProgram) {
	for i := range programs {
		p := &programs[i]
		v, err := wintrust.Judge(u.fileOf(p.Path))
		switch {
		case errors.Is(err, errors.ErrUnsupported):
			return
		case err != nil:
			p.Windows = "not known: " + err.Error()
		default:
			p.Windows, p.trusted = v.String(), v.Trusted
		}
	}
}

// disagreements are the programs of which Windows thinks otherwise, such as those
// that a catalog vouches for.
func disagreements(programs []jsonProgram) []string {
	var lines []string
	for _, p := range programs {
		if p.Windows != "" && p.trusted != (p.Signature == string(pe.Valid)) {
			lines = append(lines, fmt.Sprintf("note    %s: Windows says %s, the verdict here is %s", finding.Printable(p.Path), p.Windows, p.Signature))
		}
	}
	return lines
}

func programDocuments(rep *locate.Report) []jsonProgram {
	docs := make([]jsonProgram, len(rep.Programs))
	for i, p := range rep.Programs {
		d := jsonProgram{Path: p.Path, Machine: p.Machine, Version: p.Version, Signature: notCheckedVerdict}
		if sig := p.Signature; sig != nil {
			d.Signature, d.Signer, d.Reason = string(sig.Verdict), sig.Signer, sig.Reason
			if !sig.Time.IsZero() {
				at := sig.Time.UTC()
				d.SignedAt = &at
			}
		}
		docs[i] = d
	}
	return docs
}
