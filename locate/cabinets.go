package locate

import (
	"context"
	"path/filepath"

	"usmtpkg/locate/cab"
	"usmtpkg/locate/pe"
	"usmtpkg/locate/tree"
)

// A SignedCabinet is a cabinet that USMT was unpacked from, and the verdict on its signature. It proves nothing
// about files: their own signatures, catalogs and MSIs do.
type SignedCabinet struct {
	Name      string // its base name
	Signature pe.Signature
}

func (c SignedCabinet) reason() string {
	if c.Signature.Reason == "" {
		return string(c.Signature.Verdict)
	}
	return string(c.Signature.Verdict) + ": " + c.Signature.Reason
}

// CheckCabinets checks the signatures of the cabinets beside the installers that a candidate was unpacked
// from; of one found otherwise there are none. The error is a failure to read.
func CheckCabinets(ctx context.Context, v *pe.Verifier, c Candidate) ([]SignedCabinet, error) {
	list := make([]SignedCabinet, len(c.cabinets))
	err := tree.Each(ctx, len(list), 0, func(ctx context.Context, i int, _ []byte) error {
		f, err := tree.Open(c.cabinets[i], maxCabinet)
		if err != nil {
			return err
		}
		defer f.Close() //nolint:errcheck // only read
		info, err := f.Stat()
		if err != nil {
			return err
		}
		list[i].Name = filepath.Base(c.cabinets[i])
		asPublished(func() { list[i].Signature, err = cab.CheckSignature(ctx, v, f, info.Size()) })
		return err
	})
	return list, err
}

// maxCabinet is as long as a cabinet can be, in bytes.
const maxCabinet = 4 << 30

// checkCabinets reports cabinets that are signed, and not as they should be. That one is not signed is no
// finding: it is not established whether those of older kits are.
func (s *survey) checkCabinets() {
	for _, c := range s.cabinets {
		if v := c.Signature.Verdict; v != pe.Valid && v != pe.Unsigned {
			s.add(cabinetUnproven.at(c.Name, c.reason(), "the cabinet as Microsoft signed it"))
		}
	}
}
