package msi_test

import (
	"bytes"
	"crypto/md5"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"usmtpkg/locate/msi"
	"usmtpkg/locate/msi/msitest"
	"usmtpkg/locate/pe"
	"usmtpkg/locate/pe/petest"
)

// now is when the tests judge signatures, then when a time stamp is of.
var (
	now  = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	then = time.Date(2016, 6, 1, 0, 0, 0, 0, time.UTC)
)

const kitVersion = "10.1.26100.2454"

// kitFiles are files of a small kit: large and small, versioned and not.
func kitFiles() []msitest.File {
	return []msitest.File{
		{Path: "amd64/scanstate.exe", Data: bytes.Repeat([]byte("MZ"), 5000), Version: "10.0.26100.2454"},
		{Path: "amd64/MigApp.xml", Data: []byte("<migration/>\r\n")},
		{Path: "amd64/DLManifests/Microsoft-Windows-shmig/Überschrift.man", Data: []byte("<assembly/>")},
		{Path: "arm64/MigApp.xml", Data: []byte("<migration>arm64</migration>")},
		{Path: "x86/empty.inf"},
	}
}

// encoded writes a database as a file of version 4, which the ADK's are.
func encoded(d msitest.Database) []byte { return msitest.Compound(d.Root(), 4) }

func open(tb testing.TB, file []byte) *msi.Database {
	tb.Helper()
	d, err := msi.Open(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		tb.Fatal(err)
	}
	return d
}

func filesOf(tb testing.TB, file []byte) []msi.File {
	tb.Helper()
	list, err := open(tb, file).Files()
	if err != nil {
		tb.Fatal(err)
	}
	return list
}

// wanted is what Files says of the files of a kit.
func wanted(files []msitest.File) []msi.File {
	var list []msi.File
	for i, f := range files {
		w := msi.File{
			Key: fmt.Sprintf("fil%d", i+1), Root: "ProgramFilesFolder", Path: "Windows Kits/10/Assessment and Deployment Kit/User State Migration Tool/" + f.Path,
			Size: int64(len(f.Data)), Version: f.Version, Sequence: i + 1,
		}
		if f.Version == "" {
			sum := md5.Sum(f.Data)
			w.MD5 = sum[:]
		}
		list = append(list, w)
	}
	return list
}

// wantFormatError demands a fault of the file whose text holds want.
func wantFormatError(tb testing.TB, err error, want string) {
	tb.Helper()
	if !errors.As(err, new(*msi.FormatError)) || !strings.Contains(err.Error(), want) {
		tb.Errorf("error = %v, want a *msi.FormatError with %q", err, want)
	}
}

// identities are those that sign in the tests.
type identities struct{ root, leaf, old, tsa, rogue *petest.Identity }

func newIdentities(tb testing.TB) identities {
	tb.Helper()
	var k identities
	k.root = petest.SelfSigned(tb, petest.ECKey(tb), petest.Certificate("Test Root", 2000, 2100, petest.CA))
	k.leaf = k.root.Issue(tb, petest.ECKey(tb), petest.Certificate("Test Publisher", 2010, 2100, petest.CodeSigning))
	k.old = k.root.Issue(tb, petest.ECKey(tb), petest.Certificate("Old Publisher", 2010, 2018, petest.CodeSigning))
	k.tsa = k.root.Issue(tb, petest.ECKey(tb), petest.Certificate("Test Clock", 2010, 2100, petest.TimeStamping))
	k.rogue = petest.SelfSigned(tb, petest.ECKey(tb), petest.Certificate("Rogue", 2000, 2100, petest.CodeSigning))
	return k
}

func verifier(tb testing.TB, roots ...*x509.Certificate) *pe.Verifier {
	tb.Helper()
	v, err := pe.NewVerifier(func() time.Time { return now }, roots)
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

func signature(tb testing.TB, v *pe.Verifier, file []byte) msi.Signature {
	tb.Helper()
	s, err := open(tb, file).Signature(v)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// program runs a program of others, or skips the test where it is not installed. CI has msitools,
// but not everywhere an osslsigncode that is new enough: what that signed is in testdata.
func program(t *testing.T, name, pkg string, args ...string) (string, error) {
	t.Helper()
	file, err := exec.LookPath(name)
	if err != nil {
		if pkg == "msitools" && os.Getenv("CI") == "true" {
			t.Fatalf("%s, the judge of this test, is not installed", name)
		}
		t.Skipf("NOT JUDGED: %s is not installed (Debian package %s)", name, pkg)
	}
	out, err := exec.CommandContext(t.Context(), file, args...).CombinedOutput()
	if err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Fatal(err)
	}
	return string(out), err
}

// write makes a file in the test's own folder.
func write(t *testing.T, name string, data []byte) string {
	t.Helper()
	name = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}
