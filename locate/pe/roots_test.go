package pe

import (
	"bytes"
	"encoding/pem"
	"os"
	"strings"
	"testing"
	"time"
)

func TestVendorRoots(t *testing.T) {
	roots, err := vendorRoots(microsoftRoots, pinned())
	if err != nil || len(roots) != 5 {
		t.Fatalf("vendorRoots = %d roots, %v, want 5", len(roots), err)
	}
	for _, c := range roots {
		if !c.IsCA || !strings.HasPrefix(c.Subject.CommonName, "Microsoft ") || !bytes.Equal(c.RawSubject, c.RawIssuer) {
			t.Errorf("root %v is no root of Microsoft", c.Subject)
		}
	}
	for name, sums := range map[string][]string{
		"one too many": append(pinned(), pinned()[0]), "one missing": pinned()[:4],
		"another": append(pinned()[:4], strings.Repeat("0", 64)), "another order": append(pinned()[1:], pinned()[0]),
	} {
		if _, err := vendorRoots(microsoftRoots, sums); err == nil || !strings.HasPrefix(err.Error(), "reading the built-in roots: found certificates with the SHA-256 sums [885de64c") {
			t.Errorf("%s: vendorRoots = %v, want an error that names the sums", name, err)
		}
	}
	if _, err := vendorRoots("", pinned()); err == nil {
		t.Error("vendorRoots of nothing = nil")
	}
}

func TestParseRoots(t *testing.T) {
	file, err := os.ReadFile("testdata/osslsigncode/root.pem")
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(file)
	der := block.Bytes
	text := string(file)
	tests := []struct {
		name, data string
		want       int
		wantErr    string
	}{
		{"PEM", text, 1, ""},
		{"PEM with CRLF", strings.ReplaceAll(text, "\n", "\r\n"), 1, ""},
		{"PEM with a byte order mark", "\xef\xbb\xbf" + text, 1, ""},
		{"several in PEM with text between", "# one\n" + text + "\n# two\n" + text + "end\n", 2, ""},
		{"Microsoft's", microsoftRoots, 5, ""},
		{"DER", string(der), 1, ""},
		{"several in DER", string(der) + string(der), 2, ""},
		{"empty", "", 0, "reading certificates: found neither PEM (-----BEGIN CERTIFICATE-----) nor DER: found 0 bytes"},
		{"text", "hello\n", 0, "reading certificates: found neither PEM (-----BEGIN CERTIFICATE-----) nor DER: x509"},
		{"DER cut off", string(der[:200]), 0, "nor DER: x509"},
		{"key", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte{1}})), 0, `reading certificates: block 1 of 1: found "PRIVATE KEY", wanted "CERTIFICATE"`},
		{"certificate and key", text + string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte{1}})), 0, `block 2 of 2: found "PRIVATE KEY"`},
		{"no certificate in the block", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte{1}})), 0, "reading certificates: block 1 of 1: x509"},
		{"PEM cut off", text[:300], 0, "reading certificates: found 0 that are whole PEM, wanted all 1"},
		{"one of two cut off", text[:300] + "\n" + text, 0, "reading certificates: found 1 that are whole PEM, wanted all 2"},
		{"too large", strings.Repeat(" ", maxRootsFile+1), 0, "reading certificates: found 4194305 bytes, wanted at most 4194304"},
		{"too many", strings.Repeat(string(der), maxRoots+1), 0, "reading certificates: found 1001, wanted at most 1000"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseRoots([]byte(tt.data))
			if len(got) != tt.want || (err == nil) != (tt.wantErr == "") || err != nil && !strings.Contains(err.Error(), tt.wantErr) {
				t.Errorf("ParseRoots = %d certificates, %v, want %d, %q", len(got), err, tt.want, tt.wantErr)
			}
		})
	}
}

func TestNewVerifierExtraRoots(t *testing.T) {
	roots, err := ParseRoots([]byte(microsoftRoots))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewVerifier(time.Now, roots); err != nil { // the same again
		t.Errorf("NewVerifier = %v", err)
	}
}
