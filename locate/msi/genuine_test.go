package msi_test

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"usmtpkg/locate/pe"
)

// Where the folder Installers of an ADK layout is at hand, named by USMTPKG_TEST_LAYOUT, its packages of USMT are
// read: Microsoft's files are no part of this project. For release 26100.2454 it is known what must come out.
func TestGenuine(t *testing.T) {
	dir := os.Getenv("USMTPKG_TEST_LAYOUT")
	if dir == "" {
		t.Skip("NO GENUINE PACKAGE WAS READ: USMTPKG_TEST_LAYOUT is not set")
	}
	names, err := filepath.Glob(filepath.Join(dir, "User State Migration Tool*.msi"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no packages of USMT in %s: %v", dir, err)
	}
	v := verifier(t)
	var lines []string
	version := ""
	for _, name := range names {
		file, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		s := signature(t, v, file)
		t.Logf("%s: %+v", filepath.Base(name), s)
		if s.Verdict != pe.Valid || !s.Names || s.Signer != "Microsoft Corporation" {
			t.Errorf("%s: Signature = %+v, want valid, by Microsoft, with names", name, s)
		}
		if version, err = open(t, file).Property("ProductVersion"); err != nil {
			t.Error(err)
		}
		for _, f := range filesOf(t, file) {
			if arch, path, ok := f.USMT(); ok {
				lines = append(lines, fmt.Sprintf("%s\t%s\t%d\t%s\t%x\n", arch, path, f.Size, f.Version, f.MD5))
			}
		}
		file[len(file)/2] ^= 1
		if d := open(t, file); d != nil {
			if s, err := d.Signature(v); err == nil && s.Verdict == pe.Valid {
				t.Errorf("%s with one bit flipped is valid", name)
			}
		}
	}
	slices.Sort(lines)
	sum := fmt.Sprintf("%x", sha256.Sum256([]byte(strings.Join(lines, ""))))
	t.Logf("%s: %d files, SHA-256 of their list %s", version, len(lines), sum)
	const known = "eb3253ae453ff4e7ded3bdbc19efa080f2279872eff0f0442af7541d49981f97" // as msiinfo lists them
	if version == "10.1.26100.2454" && len(names) == 3 && (len(lines) != 537 || sum != known) {
		t.Errorf("%d files with the sum %s, want 537 with %s", len(lines), sum, known)
	}
}
