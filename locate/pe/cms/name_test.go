package cms

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"strings"
	"testing"
)

func TestName(t *testing.T) {
	tests := []struct {
		name    string
		subject pkix.Name
		want    string
	}{
		{"common name", pkix.Name{CommonName: "Contoso Größe 1", Organization: []string{"Contoso"}}, "Contoso Größe 1"},
		{"none", pkix.Name{Organization: []string{"Contoso"}, Country: []string{"DE"}}, "O=Contoso,C=DE"},
		{"control characters", pkix.Name{CommonName: "Con\x1b[1Atoso\nforged"}, `Con\x1b[1Atoso\nforged`},
		{"right to left", pkix.Name{CommonName: "Con\u202etoso"}, `Con\u202etoso`},
		{"as long as may be", pkix.Name{CommonName: strings.Repeat("é", 64)}, strings.Repeat("é", 64)},
		{"longer", pkix.Name{CommonName: strings.Repeat("é", 64) + "x"}, strings.Repeat("é", 64)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := name(&x509.Certificate{Subject: tt.subject}); got != tt.want {
				t.Errorf("name = %q, want %q", got, tt.want)
			}
		})
	}
}
