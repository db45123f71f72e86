package locate

import (
	"fmt"
	"strings"

	"usmtpkg/locate/inventory"
	"usmtpkg/locate/pe"
)

// signatures checks the Authenticode signatures of an arch folder.
func (s *survey) signatures(t *archFolder) {
	for _, e := range t.entries {
		if e.signature == nil {
			continue
		}
		sig := *e.signature
		by := "a signature under Microsoft's roots, or under one given as trusted"
		switch sig.Verdict {
		case pe.Valid:
		case pe.Unsigned:
			s.unproven(t, e, "no signature in the file", signatureNone)
		case pe.Tampered:
			s.add(signatureTampered.at(e.path, sig.Reason, "the file as "+signerOr(sig, "its publisher")+" signed it"))
		case pe.Untrusted:
			s.add(signatureUntrusted.at(e.path, claimed(sig), by))
		case pe.Expired:
			s.add(signatureExpired.at(e.path, claimed(sig), "a time stamp that shows it was signed while the certificate was good"))
		default:
			s.unproven(t, e, "a signature that cannot be checked here: "+sig.Reason, signatureUnsupported)
		}
	}
}

// unproven reports a program that no signature vouches for, unless the list of its release does, by
// its hash or by saying that it has none. Genuine kits have such plug-ins in their manifest folders;
// in the root of an arch folder a removed signature looks like this, and in a kit that is known, a
// program that does not belong to it.
func (s *survey) unproven(t *archFolder, e *entry, found string, otherwise rule) {
	if e.catalogued.catalog() != nil { // a signed catalog vouches for it
		return
	}
	_, list, _ := s.listOf(t.kit, t.arch)
	root := strings.Count(e.path, "/") == 1
	if s.declared[e.path] != nil { // the site vouches for it
		s.add(otherwise.at(e.path, found, "one that shows who made it"))
		return
	}
	if list == nil {
		switch {
		case root && t.kit.Compare(allSigned) >= 0:
			s.add(signatureUnproven.at(e.path, found, "one by Microsoft, as every program there has since Windows 10"))
		case root:
			s.add(signatureUnproven.at(e.path, found, "one that shows who made it"))
		default:
			s.add(otherwise.at(e.path, found, "one that shows who made it"))
		}
		return
	}
	f, ok := s.row(list, t, e)
	if !ok {
		s.add(signatureMissing.at(e.path, found, "one, because the program is not part of USMT "+t.kit.String()))
		return
	}
	switch {
	case f.SHA256 != "" && f.SHA256 == e.sum || f.Signature == inventory.Unsigned && otherwise == signatureNone:
	case f.Signature == inventory.Signed:
		s.add(signatureMissing.at(e.path, found, "one, as the file of USMT "+t.kit.String()+" has"))
	default:
		s.add(signatureUnproven.at(e.path, found, "one that shows who made it"))
	}
}

// allSigned is the first measured release of which every program in the roots of its arch folders
// is signed, as of all later ones.
var allSigned = pe.Version{10, 0, 10586, 0}

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
func programs(trees []*archFolder) []Program {
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

// Signed counts programs by the verdict on their signature; those without one under "".
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
