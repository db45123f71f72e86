package pe_test

import (
	"bytes"
	"crypto"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"usmtpkg/locate/pe"
	"usmtpkg/locate/pe/petest"
)

// kept returns the files that osslsigncode signed, and a Verifier that trusts
// their root: the same in every run, so that what the fuzzer finds stays found.
func keptFiles(tb testing.TB) (*pe.Verifier, map[string][]byte) {
	tb.Helper()
	const dir = "testdata/osslsigncode"
	root, err := os.ReadFile(filepath.Join(dir, "root.pem"))
	if err != nil {
		tb.Fatal(err)
	}
	certs, err := pe.ParseRoots(root)
	if err != nil {
		tb.Fatal(err)
	}
	names, err := filepath.Glob(filepath.Join(dir, "*.pe"))
	if err != nil || len(names) == 0 {
		tb.Fatalf("no files in %s: %v", dir, err)
	}
	files := make(map[string][]byte)
	for _, name := range names {
		if files[name], err = os.ReadFile(name); err != nil {
			tb.Fatal(err)
		}
	}
	return verifier(tb, certs...), files
}

// checkAnything holds what is true of every file. One that is valid has a
// content that was signed: its digest is one of genuine.
func checkAnything(t *testing.T, v *pe.Verifier, data []byte, genuine map[string]bool) {
	t.Helper()
	var first pe.Signature
	for i, n := range []int{len(data) + 1, 4099} {
		c, err := v.Begin(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			if c != nil || !errors.As(err, new(*pe.FormatError)) {
				t.Errorf("Begin = %v, %v, want a *pe.FormatError", c, err)
			}
			return
		}
		for b := data; len(b) > 0; b = b[min(n, len(b)):] {
			_, _ = c.Write(b[:min(n, len(b))])
		}
		got, err := c.Signature()
		if err != nil {
			t.Fatalf("Signature = %v", err)
		}
		if i > 0 && got != first {
			t.Errorf("Signature = %+v, in other pieces %+v", got, first)
		}
		first = got
	}
	switch first.Verdict {
	case pe.Valid:
		if !genuine[string(petest.Digest(crypto.SHA1, data))] {
			t.Errorf("Signature = %+v of a file that nobody signed", first)
		}
	case pe.Unsigned, pe.Expired:
	case pe.Tampered, pe.Untrusted, pe.Unsupported:
		if first.Reason == "" {
			t.Errorf("Signature = %+v, without a reason", first)
		}
	default:
		t.Errorf("Signature = %+v, an unknown verdict", first)
	}
	if first.Time.Before(time.Time{}) || first.Verdict == pe.Unsigned && (first.Signer != "" || !first.Time.IsZero()) {
		t.Errorf("Signature = %+v", first)
	}
}

func digests(files map[string][]byte) map[string]bool {
	genuine := make(map[string]bool)
	for _, file := range files {
		genuine[string(petest.Digest(crypto.SHA1, file))] = true
	}
	return genuine
}

// FuzzSignature changes whole files.
func FuzzSignature(f *testing.F) {
	v, files := keptFiles(f)
	genuine := digests(files)
	for _, file := range files {
		f.Add(file)
	}
	f.Add(stampedFile(f))
	f.Add(by(f, testKit().sha1, hashed(crypto.SHA1), countersigned(f, testKit().tsa, then, stampHash(crypto.SHA1))))
	f.Fuzz(func(t *testing.T, data []byte) { checkAnything(t, v, data, genuine) })
}

// FuzzCertificateTable changes certificate tables of one program.
func FuzzCertificateTable(f *testing.F) {
	v, files := keptFiles(f)
	image := files[filepath.Join("testdata", "osslsigncode", "sha256.pe")]
	start, _ := petest.Table(image)
	image = image[:start]
	genuine := map[string]bool{string(petest.Digest(crypto.SHA1, petest.AttachTable(image, nil))): true}
	for _, file := range files {
		f.Add(table(file))
	}
	f.Fuzz(func(t *testing.T, table []byte) { checkAnything(t, v, petest.AttachTable(image, table), genuine) })
}

// FuzzMessage changes signatures, in a table that is right around them.
func FuzzMessage(f *testing.F) {
	v, files := keptFiles(f)
	image := files[filepath.Join("testdata", "osslsigncode", "over-stamped.pe")]
	start, _ := petest.Table(image)
	image = image[:start]
	genuine := map[string]bool{string(petest.Digest(crypto.SHA1, petest.AttachTable(image, nil))): true}
	for _, file := range files {
		f.Add(table(file)[8:])
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		checkAnything(t, v, petest.Attach(image, message), genuine)
	})
}
