package locate

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"

	"usmtpkg/locate/msi/msitest"
	"usmtpkg/locate/pe"
)

func TestReadMSI(t *testing.T) {
	p := newPublisher(t)
	fsys := p.signed(t)
	db := database(t, productOf, fsys, in("amd64/"))
	good := signMSI(t, p.good, db, true)
	m := ReadMSI(p.verifier, "dir/kit.msi", good)
	sum := sha256.Sum256(good)
	if !m.Counts() || m.Err() != nil || m.Path != "dir/kit.msi" || m.Name != "kit.msi" || m.Product != "User State Migration Tool" ||
		m.Version != productOf || m.SHA256 != hex.EncodeToString(sum[:]) || m.Signature.Signer != "Kits Publisher" || len(m.files) == 0 {
		t.Errorf("ReadMSI = %+v", m)
	}
	moved := msitest.Kit(productOf, msitest.File{Path: "amd64/a.xml"})
	components := slices.IndexFunc(moved.Tables, func(t msitest.Table) bool { return t.Name == "Component" })
	moved.Tables[components].Rows[0][2] = "NOWHERE"
	for _, tt := range []struct {
		name    string
		data    []byte
		verdict pe.Verdict
		reason  string
	}{
		{"not signed", msitest.Compound(db.Root(), 4), pe.Unsigned, "unsigned"},
		{"signed by another", signMSI(t, p.stranger, db, true), pe.Untrusted, "untrusted: "},
		{"without the names of its tables", signMSI(t, p.good, db, false), pe.Unsupported, "leaves out the names and sizes of its tables"},
		{"altered", bytes.Replace(good, []byte("SFCN.DAT"), []byte("SFCN.DAX"), 1), pe.Tampered, "tampered: "},
		{"not an MSI", []byte("MZ"), pe.Unsupported, "unsupported: "},
		{"a directory that is not there", signMSI(t, p.good, moved, true), pe.Unsupported, "does not exist"},
	} {
		m := ReadMSI(p.verifier, "dir/kit.msi", tt.data)
		if m.Counts() || m.Signature.Verdict != tt.verdict || len(m.files)+len(m.scanStates) > 0 {
			t.Errorf("%s: ReadMSI = %+v", tt.name, m)
		}
		e, ok := errors.AsType[*MSIError](m.Err())
		if !ok || !strings.HasPrefix(e.Error(), "the MSI dir/kit.msi proves nothing: ") || !strings.Contains(e.Reason, tt.reason) || !strings.Contains(e.Hint(), "Installers") {
			t.Errorf("%s: %v", tt.name, m.Err())
		}
	}
}
