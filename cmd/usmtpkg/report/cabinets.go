package report

import (
	"maps"
	"slices"
	"strings"

	"usmtpkg/locate"
	"usmtpkg/locate/pe"
)

// A Cabinet is one that USMT was unpacked from, with the verdict on its signature.
type Cabinet struct {
	Name    string `json:"name"`
	Verdict string `json:"verdict"`
	Signer  string `json:"signer,omitempty"`
	Reason  string `json:"reason,omitempty"`
}

func cabinetsOf(rep *locate.Report) []Cabinet {
	var list []Cabinet
	for _, c := range rep.Cabinets {
		list = append(list, Cabinet{c.Name, string(c.Signature.Verdict), c.Signature.Signer, c.Signature.Reason})
	}
	return list
}

// cabinetText sums up the signatures of the cabinets; those that are not as they should be are findings.
func (c Checks) cabinetText() string {
	signed, signers, unsigned := 0, map[string]bool{}, 0
	for _, c := range c.Cabinets {
		switch c.Verdict {
		case string(pe.Valid):
			signed++
			signers[c.Signer] = true
		case string(pe.Unsigned):
			unsigned++
		}
	}
	text := ""
	if signed > 0 {
		text += "; " + CountOf(signed, "cabinet", "cabinets") + " signed by " + strings.Join(slices.Sorted(maps.Keys(signers)), ", ")
	}
	if unsigned > 0 {
		text += "; " + CountOf(unsigned, "cabinet", "cabinets") + " unsigned"
	}
	return text
}
