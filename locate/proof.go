package locate

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"usmtpkg/locate/finding"
	"usmtpkg/locate/pe"
)

// A Proof says what vouches for the content of a file.
type Proof string

// The proofs, best first. Only the last one says that nothing vouches for the content.
const (
	ProofOverlay   Proof = "overlay"        // the site laid the file over the kit
	ProofSignature Proof = "signature"      // the file has a valid signature itself
	ProofCatalog   Proof = "catalog"        // a signed catalog lists its hash
	ProofMSI       Proof = "msi"            // a signed Windows Installer database lists its hash
	ProofSite      Proof = "site-list"      // the list given with --inventory has its hash
	ProofBuiltIn   Proof = "built-in-list"  // a list in this program has its hash
	ProofNone      Proof = finding.NameOnly // at most its name was compared
)

// Proofs lists every proof, best first.
var Proofs = []Proof{ProofOverlay, ProofSignature, ProofCatalog, ProofMSI, ProofSite, ProofBuiltIn, ProofNone}

// A Voucher is a proof with its origin.
type Voucher struct {
	Proof Proof
	By    string // the signer, catalog, database or list; "" for ProofNone
}

// unproven is the voucher of a file that nothing vouches for.
var unproven = &Voucher{Proof: ProofNone}

// A FileProof is the voucher of one file of a USMT folder.
type FileProof struct {
	Path string
	*Voucher
}

// ProofOf returns the voucher of a file; that of a file which is not in the report is ProofNone.
func (r *Report) ProofOf(name string) Voucher {
	i, ok := slices.BinarySearchFunc(r.Proven, name, func(p FileProof, name string) int { return strings.Compare(p.Path, name) })
	if !ok {
		return *unproven
	}
	return *r.Proven[i].Voucher
}

// CountProofs counts the files by proof.
func (r *Report) CountProofs() map[Proof]int {
	n := make(map[Proof]int)
	for _, p := range r.Proven {
		n[p.Proof]++
	}
	return n
}

// Unproven returns the paths of the files that nothing vouches for.
func (r *Report) Unproven() []string {
	var names []string
	for _, p := range r.Proven {
		if p.Proof == ProofNone {
			names = append(names, p.Path)
		}
	}
	return names
}

// vouch records that something vouches for the content of a file, unless something better does.
func (s *survey) vouch(e *entry, proof Proof, by string) {
	if e.voucher != nil && slices.Index(Proofs, e.voucher.Proof) <= slices.Index(Proofs, proof) {
		return
	}
	v := Voucher{proof, by}
	if s.vouchers[v] == nil {
		if s.vouchers == nil {
			s.vouchers = make(map[Voucher]*Voucher)
		}
		s.vouchers[v] = &v // one for all files: there are many
	}
	e.voucher = s.vouchers[v]
}

// proofs records what the files themselves, and the site, vouch for. It comes before all else that
// vouches, and forgets what an earlier Finish recorded.
func (s *survey) proofs(trees []*archFolder) {
	for _, t := range trees {
		for _, e := range t.entries {
			e.voucher = nil
			switch d := s.declared[e.path]; {
			case d != nil:
				s.vouch(e, ProofOverlay, d.From)
			case e.signature != nil && e.signature.Verdict == pe.Valid:
				s.vouch(e, ProofSignature, e.signature.Signer)
			}
		}
	}
}

// proven lists the vouchers of the files that are part of the package, and reports those that have
// none where the policy wants one for each.
func (s *survey) proven(trees []*archFolder) []FileProof {
	if s.brief {
		return nil // nobody looked
	}
	var list []FileProof
	for _, t := range trees {
		if s.policy.forbids(t.arch) {
			continue
		}
		var lacking []string
		for _, e := range t.entries {
			if !e.mode.IsRegular() || e.path == t.dir {
				continue
			}
			v := e.voucher
			if v == nil {
				v = unproven
				lacking = append(lacking, e.path)
			}
			list = append(list, FileProof{e.path, v})
		}
		if len(lacking) > 0 && s.policy.RequireProof {
			s.add(proofMissing.at(t.dir, fmt.Sprintf("%s without a proof, such as %s", files(len(lacking)), finding.Printable(path.Base(lacking[0]))),
				"a proof of the content of each"))
		}
	}
	slices.SortFunc(list, func(a, b FileProof) int { return strings.Compare(a.Path, b.Path) })
	return list
}

func files(n int) string {
	if n == 1 {
		return "1 file"
	}
	return fmt.Sprintf("%d files", n)
}
