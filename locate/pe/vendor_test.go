package pe_test

import (
	"crypto/x509"
	"encoding/asn1"
	"strings"
	"testing"
	"time"

	"usmtpkg/locate/pe"
	"usmtpkg/locate/pe/petest"
)

// Under the vendor's roots only the vendor itself may sign; under others, whoever they certify.
func TestVendorSignsItself(t *testing.T) {
	vendor := petest.SelfSigned(t, petest.ECKey(t), petest.Certificate("Vendor Root", 2000, 2100, petest.CA))
	extra := petest.SelfSigned(t, petest.ECKey(t), petest.Certificate("Site Root", 2000, 2100, petest.CA))
	of := func(root *petest.Identity, organization ...string) *petest.Identity {
		return root.Issue(t, petest.ECKey(t), petest.Certificate("Signer", 2000, 2100, petest.CodeSigning,
			func(c *x509.Certificate) { c.Subject.Organization = organization }))
	}
	v, err := pe.VendorVerifier(func() time.Time { return now }, []*x509.Certificate{vendor.Cert}, []*x509.Certificate{extra.Cert})
	if err != nil {
		t.Fatal(err)
	}
	hardware := vendor.Issue(t, petest.ECKey(t), petest.Certificate("Hardware", 2000, 2100, petest.CodeSigning, func(c *x509.Certificate) {
		c.Subject.Organization = []string{"Microsoft Corporation"}
		c.UnknownExtKeyUsage = []asn1.ObjectIdentifier{{1, 3, 6, 1, 4, 1, 311, 10, 3, 5, 1}}
	}))
	tests := []struct {
		name   string
		signer *petest.Identity
		want   pe.Verdict
		reason string
	}{
		{"Microsoft under the vendor's root", of(vendor, "Microsoft Corporation"), pe.Valid, ""},
		{"a driver of others", hardware, pe.Untrusted, "drivers of others"},
		{"a store publisher under the vendor's root", of(vendor, "Contoso Ltd"), pe.Untrusted, `not Microsoft Corporation but ["Contoso Ltd"]`},
		{"nobody under the vendor's root", of(vendor), pe.Untrusted, "not Microsoft Corporation but []"},
		{"anybody under a root of the site", of(extra, "Contoso Ltd"), pe.Valid, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := check(t, v, by(t, tt.signer), 1<<16)
			if got.Verdict != tt.want || !strings.Contains(got.Reason, tt.reason) || tt.want == pe.Valid && got.Reason != "" {
				t.Errorf("Signature = %+v, want %s with the reason %q", got, tt.want, tt.reason)
			}
		})
	}
}
