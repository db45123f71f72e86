package pe_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"usmtpkg/locate/pe"
	"usmtpkg/locate/pe/petest"
	"usmtpkg/locate/samplekit"
)

var update = flag.Bool("update", false, "sign and judge testdata/osslsigncode anew")

// judge runs osslsigncode, or skips the test where it is not installed.
func judge(t *testing.T, args ...string) (string, error) {
	t.Helper()
	program, err := exec.LookPath("osslsigncode")
	if err != nil {
		t.Skip("osslsigncode, the judge of this test, is not installed (Debian package osslsigncode, 2.9 or newer)")
	}
	out, err := exec.CommandContext(context.WithoutCancel(t.Context()), program, args...).CombinedOutput()
	if err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Fatal(err)
	}
	return string(out), err
}

// judged returns what osslsigncode says of a file: valid, unsigned or not valid.
func judged(t *testing.T, file []byte, roots string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file.exe")
	if err := os.WriteFile(name, file, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := judge(t, "verify", "-ignore-crl", "-time", strconv.FormatInt(now.Unix(), 10),
		"-CAfile", roots, "-TSA-CAfile", roots, "-in", name)
	switch {
	case strings.Contains(out, "No signature found"):
		return "unsigned"
	case err == nil && strings.Contains(out, "Succeeded"):
		return "valid"
	}
	return "not valid"
}

// oneOfThree puts our verdict in the words of judged.
func oneOfThree(v pe.Verdict) string {
	if v == pe.Valid || v == pe.Unsigned {
		return string(v)
	}
	return "not valid"
}

// ourVerdict is that on a file that need not be a program.
func ourVerdict(t *testing.T, v *pe.Verifier, file []byte) pe.Verdict {
	t.Helper()
	c, err := v.Begin(bytes.NewReader(file), int64(len(file)))
	if errors.As(err, new(*pe.FormatError)) {
		return "no program"
	}
	if err != nil {
		t.Fatal(err)
	}
	_, _ = c.Write(file)
	s, err := c.Signature()
	if err != nil {
		t.Fatal(err)
	}
	return s.Verdict
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

// signer is the part of a command line that names a certificate and its key.
func signer(t *testing.T, option string, id *petest.Identity) []string {
	t.Helper()
	key, err := x509.MarshalPKCS8PrivateKey(id.Key)
	if err != nil {
		t.Fatal(err)
	}
	return []string{
		"-" + option + "certs", write(t, "certs.pem", petest.PEM(append([]*x509.Certificate{id.Cert}, id.Issuers...)...)),
		"-" + option + "key", write(t, "key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})),
	}
}

// A judgedFile is one that osslsigncode signed, and what we say of it.
type judgedFile struct {
	name string
	file []byte
	want pe.Verdict
}

// signedByJudge are files that osslsigncode signed.
func signedByJudge(t *testing.T) []judgedFile {
	t.Helper()
	k := testKit()
	sign := func(in []byte, args ...string) []byte {
		out := filepath.Join(t.TempDir(), "out.exe")
		args = append(append([]string{"sign"}, args...), "-in", write(t, "in.exe", in), "-out", out)
		if text, err := judge(t, args...); err != nil {
			t.Fatalf("osslsigncode %v: %v\n%s", args, err, text)
		}
		file, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		return file
	}
	as := func(id *petest.Identity, more ...string) []string { return append(signer(t, "", id), more...) }
	at := func(tsa *petest.Identity, unix int64) []string {
		return append(signer(t, "TSA-", tsa), "-TSA-time", strconv.FormatInt(unix, 10))
	}
	amd64, x86 := samplekit.PE(pe.AMD64, sampleVersion, 4200), samplekit.PE(pe.I386, sampleVersion, 4200)
	sha1 := sign(amd64, as(k.leaf, "-h", "sha1")...)
	return []judgedFile{
		{"sha256", sign(amd64, as(k.leaf, "-h", "sha256")...), pe.Valid},
		{"sha1", sha1, pe.Valid},
		{"ec", sign(amd64, as(k.ec, "-h", "sha256")...), pe.Valid},
		{"page-hashes", sign(amd64, as(k.leaf, "-h", "sha256", "-ph")...), pe.Valid},
		{"page-hashes-sha1", sign(x86, as(k.leaf, "-h", "sha1", "-ph")...), pe.Valid},
		{"dual", sign(sha1, as(k.leaf, "-h", "sha256", "-nest")...), pe.Valid},
		{"over", sign(amd64, as(k.old)...), pe.Expired},
		{"over-stamped", sign(x86, as(k.old, at(k.tsa, then.Unix())...)...), pe.Valid},
		{"over-stamped-late", sign(x86, as(k.old, at(k.tsa, later.Unix())...)...), pe.Expired},
		{"over-stamped-rogue", sign(x86, as(k.old, at(k.rogueTSA, then.Unix())...)...), pe.Expired},
		{"rogue", sign(amd64, as(k.rogueLeaf)...), pe.Untrusted},
		{"wrong-usage", sign(amd64, as(k.server)...), pe.Untrusted},
		{"self-signed", sign(amd64, as(k.selfSigned)...), pe.Untrusted},
	}
}

// spoiled are files made of one that osslsigncode signed.
func spoiled(signed []byte) []judgedFile {
	return []judgedFile{
		{"flipped-text", flipped(signed, 0x300), pe.Tampered},
		{"flipped-signature", flipped(signed, len(signed)-40), pe.Tampered},
		{"appended", append(bytes.Clone(signed), "12345678"...), pe.Tampered},
		{"zeroed-directory", patch(signed, petest.Directory(signed), make([]byte, 8)...), pe.Tampered},
		{"cut-off", signed[:len(signed)-8], "no program"},
	}
}

// Every verdict is compared with that of osslsigncode, on files of both sides.
func TestVerdictsBesideJudge(t *testing.T) {
	k, v := testKit(), verifier(t)
	roots := write(t, "root.pem", petest.PEM(k.root.Cert))
	files := signedByJudge(t)
	files = append(files, spoiled(files[0].file)...)
	files = append(files, judgedFile{"unsigned", program(pe.AMD64), pe.Unsigned})
	for _, c := range slices.Concat(rightFiles(t), wrongFiles(t)) {
		files = append(files, judgedFile{"own " + c.name, c.file, c.want.Verdict})
	}
	var table strings.Builder
	for _, f := range files {
		got := ourVerdict(t, v, f.file)
		if got != f.want {
			t.Errorf("%s: verdict %s, want %s", f.name, got, f.want)
		}
		theirs := judged(t, f.file, roots)
		fmt.Fprintf(&table, "%-55s %-12s osslsigncode: %s\n", f.name, got, theirs)
		if why, differs := differences()[f.name]; differs != (theirs != oneOfThree(got)) {
			t.Errorf("%s: verdict %s, osslsigncode says %s; known difference: %q", f.name, got, theirs, why)
		}
	}
	t.Logf("verdicts:\n%s", table.String())
}

// differences are the files that osslsigncode judges otherwise, and why we do not.
func differences() map[string]string {
	return map[string]string{
		"appended":                           "it passes over a certificate table that does not end the file",
		"cut-off":                            "it passes over a certificate table that does not end the file",
		"zeroed-directory":                   "it does not look behind the sections of a file that names no table",
		"own lifetime signing":               "it does not know that usage",
		"own over, time stamp of half a TSA": "RFC 3161, 2.3: the usage of a time-stamping certificate is the only one",
		"own authority as signer":            "RFC 5280, 4.2.1.3: its key is not for signatures of data",
		"own name constraints":               "OpenSSL checks them, we do not",
	}
}

// Files that osslsigncode signed, and what it said of them, are kept so that
// both are tested where it is not installed:
//
//	go test ./locate/pe -run JudgedFiles -update
func TestJudgedFiles(t *testing.T) {
	const dir = "testdata/osslsigncode"
	list := filepath.Join(dir, "verdicts.txt")
	if *update {
		writeJudged(t, dir, list)
	}
	roots, err := os.ReadFile(filepath.Join(dir, "root.pem"))
	if err != nil {
		t.Fatal(err)
	}
	certs, err := pe.ParseRoots(roots)
	if err != nil {
		t.Fatal(err)
	}
	v := verifier(t, certs...)
	lines, err := os.ReadFile(list)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(lines)) {
		name, rest, _ := strings.Cut(strings.TrimSpace(line), "\t")
		want, theirs, ok := strings.Cut(rest, "\t")
		if !ok {
			t.Fatalf("%s: found line %q, wanted name, our verdict and theirs", list, line)
		}
		file, err := os.ReadFile(filepath.Join(dir, name+".pe"))
		if err != nil {
			t.Fatal(err)
		}
		got := ourVerdict(t, v, file)
		if _, differs := differences()[name]; string(got) != want || differs == (oneOfThree(got) == theirs) {
			t.Errorf("%s: verdict %s, want %s; osslsigncode said %s", name, got, want, theirs)
		}
		n++
	}
	if n < 13 {
		t.Errorf("found %d files in %s, wanted 13 or more", n, list)
	}
}

func writeJudged(t *testing.T, dir, list string) {
	t.Helper()
	root := petest.PEM(testKit().root.Cert)
	roots := filepath.Join(dir, "root.pem")
	var lines bytes.Buffer
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(roots, root, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, f := range signedByJudge(t) {
		fmt.Fprintf(&lines, "%s\t%s\t%s\n", f.name, f.want, judged(t, f.file, roots))
		if err := os.WriteFile(filepath.Join(dir, f.name+".pe"), f.file, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(list, lines.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}
