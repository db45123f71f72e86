package pe

import (
	"crypto/x509"
	"slices"
	"time"

	"usmtpkg/locate/pe/cms"
)

// VendorVerifier is a Verifier with other roots in the place of Microsoft's.
func VendorVerifier(now func() time.Time, vendor, extra []*x509.Certificate) (*Verifier, error) {
	trust, err := cms.NewTrust(slices.Concat(extra, vendor))
	return &Verifier{now: now, trust: trust, vendor: vendor}, err
}
