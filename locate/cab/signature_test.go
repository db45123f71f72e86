package cab_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"usmtpkg/locate/cab"
	"usmtpkg/locate/cab/cabtest"
	"usmtpkg/locate/pe"
	"usmtpkg/locate/pe/petest"
)

func verifier(t *testing.T, roots ...*x509.Certificate) *pe.Verifier {
	t.Helper()
	v, err := pe.NewVerifier(time.Now, roots)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestCheckSignature(t *testing.T) {
	root := petest.SelfSigned(t, petest.ECKey(t), petest.Certificate("Root", 2000, 2100, petest.CA))
	signer := root.Issue(t, petest.ECKey(t), petest.Certificate("Publisher", 2000, 2100, petest.CodeSigning))
	c := cabtest.Cabinet{Folders: []cabtest.Folder{cabtest.MSZIP([]byte("content"))}, Files: []cabtest.File{{Name: "a", Size: 7}}}
	good := cabtest.Sign(t, c, petest.Message{Signer: signer})
	end := int(binary.LittleEndian.Uint32(good[44:]))
	patched := func(at int, b ...byte) []byte {
		p := bytes.Clone(good)
		copy(p[at:], b)
		return p
	}
	reserving, next := c, c
	reserving.DataReserve, next.Next = []byte{1}, "b.cab"
	tests := []struct {
		name    string
		file    []byte
		verdict pe.Verdict
		reason  string
	}{
		{"signed", good, pe.Valid, ""},
		{"a reserved number", patched(4, 9), pe.Valid, ""},
		{"its content", patched(end-3, good[end-3]^1), pe.Tampered, "digest"},
		{"its header", patched(32, 9), pe.Tampered, "digest"},
		{"what is reserved", patched(57, 1), pe.Tampered, "digest"},
		{"bytes in blocks", cabtest.Sign(t, reserving, petest.Message{Signer: signer}), pe.Tampered, "reserves bytes in its folders or blocks"},
		{"its length", patched(8, good[8]+1), pe.Tampered, "the signature is at byte"},
		{"the place of the signature", patched(44, good[44]+1), pe.Tampered, "the signature is at byte"},
		{"something after it", append(bytes.Clone(good), 0), pe.Tampered, "the signature is at byte"},
		{"cut off", good[:len(good)-1], pe.Tampered, "the signature is at byte"},
		{"a very long one", append(patched(48, 0, 0, 0x20, 0), make([]byte, 2<<20-len(good)+end)...), pe.Unsupported, "a signature of 2097152 bytes"},
		{"of a set", cabtest.Sign(t, next, petest.Message{Signer: signer}), pe.Unsupported, "a set of cabinets"},
		{"of a program", cabtest.Sign(t, c, petest.Message{Signer: signer, Content: cabtest.Indirect(petest.OIDImage, crypto.SHA256, make([]byte, 32))}), pe.Unsupported, "not of a cabinet"},
		{"of another cabinet", cabtest.Sign(t, c, petest.Message{Signer: signer, Content: cabtest.Indirect("1.3.6.1.4.1.311.2.1.28", crypto.SHA256, make([]byte, 32))}), pe.Tampered, "digest"},
		{"not signed", c.Bytes(), pe.Unsigned, ""},
		{"other reserved bytes", cabtest.Cabinet{Reserve: make([]byte, 20), Folders: c.Folders, Files: c.Files}.Bytes(), pe.Unsigned, ""},
		{"too short", []byte("MSCF"), pe.Unsigned, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := cab.CheckSignature(t.Context(), verifier(t, root.Cert), bytes.NewReader(tt.file), int64(len(tt.file)))
			if err != nil || s.Verdict != tt.verdict || !strings.Contains(s.Reason, tt.reason) {
				t.Errorf("%s: %s, %v; want %s: %s", s.Verdict, s.Reason, err, tt.verdict, tt.reason)
			}
		})
	}
	if s, err := cab.CheckSignature(t.Context(), verifier(t), bytes.NewReader(good), int64(len(good))); err != nil || s.Verdict != pe.Untrusted {
		t.Errorf("under other roots: %s, %v", s.Verdict, err)
	}
	broken := errors.New("broken")
	if _, err := cab.CheckSignature(t.Context(), verifier(t), brokenAt{broken}, 1000); !errors.Is(err, broken) {
		t.Errorf("a disk that is broken: %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(broken)
	if _, err := cab.CheckSignature(ctx, verifier(t, root.Cert), bytes.NewReader(good), int64(len(good))); !errors.Is(err, broken) {
		t.Errorf("canceled: %v", err)
	}
}

type brokenAt struct{ err error }

func (b brokenAt) ReadAt([]byte, int64) (int, error) { return 0, b.err }

// The cabinets of a genuine layout are Microsoft's: Microsoft's files are no part of this project.
func TestGenuineSignatures(t *testing.T) {
	dir := os.Getenv("USMTPKG_TEST_LAYOUT")
	if dir == "" {
		t.Skip("NO GENUINE LAYOUT WAS READ: USMTPKG_TEST_LAYOUT is not set")
	}
	names, err := filepath.Glob(filepath.Join(dir, "*.cab"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no cabinets in %s: %v", dir, err)
	}
	v := verifier(t)
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		s, err := cab.CheckSignature(t.Context(), v, bytes.NewReader(b), int64(len(b)))
		if err != nil || s.Verdict != pe.Valid || s.Signer != "Microsoft Corporation" {
			t.Errorf("%s: %s by %q: %s, %v", filepath.Base(name), s.Verdict, s.Signer, s.Reason, err)
		}
	}
	t.Logf("%d cabinets", len(names))
}
