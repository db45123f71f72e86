package locate

import (
	"fmt"

	"usmtpkg/locate/inventory"
	"usmtpkg/locate/pe"
)

// signatures judges what was found out about the Authenticode signatures of an arch folder.
func (s *survey) signatures(t *tree) {
	for _, e := range t.entries {
		if e.signature == nil {
			continue
		}
		sig := *e.signature
		by := "a signature under Microsoft's roots, or under one given as trusted"
		switch sig.Verdict {
		case pe.Valid:
		case pe.Unsigned:
			s.unsigned(t, e)
		case pe.Tampered:
			s.add(signatureTampered.at(e.path, sig.Reason, "the file as "+signerOr(sig, "its publisher")+" signed it"))
		case pe.Untrusted:
			s.add(signatureUntrusted.at(e.path, claimed(sig), by))
		case pe.Expired:
			s.add(signatureExpired.at(e.path, claimed(sig), "a time stamp that shows it was signed while the certificate was good"))
		default:
			s.add(signatureUnsupported.at(e.path, claimed(sig), by))
		}
	}
}

// unsigned reports a program without a signature, unless it is known to have none in its release.
// A genuine kit has such plug-ins; that a core program has none is worth a warning.
func (s *survey) unsigned(t *tree, e *entry) {
	const found = "no signature in the file"
	switch {
	case s.listedUnsigned(t, e):
	case isCorePath(e.path):
		s.add(signatureMissing.at(e.path, found, "one by Microsoft, as in every kit since Windows 10"))
	default:
		s.add(signatureNone.at(e.path, found, "one that tells who made it"))
	}
}

// listedUnsigned reports whether the list of the release knows the file as unsigned.
func (s *survey) listedUnsigned(t *tree, e *entry) bool {
	_, list, _ := s.listOf(t.kit, t.arch)
	if list == nil {
		return false
	}
	for _, f := range list.Files {
		if fold(f.Path) == fold(t.arch+"/"+below(e.path)) {
			return f.Signature == inventory.Unsigned
		}
	}
	return false
}

// claimed is what is known of a signature that is not valid.
func claimed(sig pe.Signature) string {
	if sig.Signer == "" {
		return sig.Reason
	}
	return fmt.Sprintf("a signature in the name of %q: %s", sig.Signer, sig.Reason)
}

func signerOr(sig pe.Signature, other string) string {
	if sig.Signer == "" {
		return other
	}
	return fmt.Sprintf("%q", sig.Signer)
}

// A Program is a program or DLL of a USMT folder.
type Program struct {
	Path      string
	Machine   string // arch it is built for
	Version   string // file version; "" if it has none
	Signature *pe.Signature
}

// programs lists the programs and DLLs of the trees, by path.
func programs(trees []*tree) []Program {
	var list []Program
	for _, t := range trees {
		for _, e := range t.entries {
			if e.image == nil {
				continue
			}
			f := e.facts()
			list = append(list, Program{Path: e.path, Machine: f.Machine, Version: f.Version, Signature: e.signature})
		}
	}
	return list
}

// Signed counts programs by the verdict on their signature; those nobody looked at under "".
func (r *Report) Signed() map[pe.Verdict]int {
	n := make(map[pe.Verdict]int)
	for _, p := range r.Programs {
		if p.Signature == nil {
			n[""]++
			continue
		}
		n[p.Signature.Verdict]++
	}
	return n
}
