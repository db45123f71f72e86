package msi_test

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"usmtpkg/locate/msi"
	"usmtpkg/locate/msi/msitest"
	"usmtpkg/locate/pe"
	"usmtpkg/locate/pe/petest"
)

var update = flag.Bool("update", false, "sign testdata/osslsigncode anew")

// packageRoot is a kit with what else a package may have: an icon, a transform in a storage of its own, and times.
func packageRoot() *msitest.Node {
	kit := msitest.Kit(kitVersion, kitFiles()...)
	root := kit.Root()
	root.Nodes = append(root.Nodes,
		&msitest.Node{Name: "Binary.Icon", Data: bytes.Repeat([]byte("icon"), 3000)},
		&msitest.Node{Name: "\x05SummaryInformation", Data: []byte("summary")},
		&msitest.Node{Name: "Empty"},
		&msitest.Node{
			Name: "1033", Storage: true, Class: [16]byte{1, 2, 3}, State: [4]byte{4}, Created: [8]byte{5}, Modified: [8]byte{6},
			Nodes: []*msitest.Node{{Name: "transform", Data: []byte("small")}, {Name: msitest.Signature, Data: []byte("covered here")}},
		})
	return root
}

// A signedFile is a package and what we say of it.
type signedFile struct {
	name   string
	root   *msitest.Node
	want   pe.Verdict
	reason string // a part of it
	signer string
}

// signedFiles are packages that we signed, right ones and wrong ones.
func signedFiles(tb testing.TB, k identities) []signedFile {
	tb.Helper()
	const publisher = "Test Publisher"
	sign := func(names bool, edits ...func(*petest.Message)) *msitest.Node {
		m := petest.Message{Signer: k.leaf}
		for _, edit := range edits {
			edit(&m)
		}
		return msitest.Sign(tb, packageRoot(), m, names)
	}
	by := func(id *petest.Identity) func(*petest.Message) { return func(m *petest.Message) { m.Signer = id } }
	stamped := func(m *petest.Message) {
		m.Unsigned = append(m.Unsigned, petest.Stamp{Authority: k.tsa, Time: then}.Token(tb))
	}
	hash := func(h crypto.Hash) func(*petest.Message) { return func(m *petest.Message) { m.Hash = h } }
	about := func(guid []byte) func(*petest.Message) {
		return func(m *petest.Message) {
			digest := msitest.Digest(crypto.SHA256, packageRoot(), true)
			m.Content = msitest.Indirect(crypto.SHA256, digest, msitest.SipInfo(guid))
		}
	}
	nest := func(m *petest.Message) {
		inner := petest.Message{Signer: k.rogue, Hash: crypto.SHA256}
		inner.Content = msitest.Indirect(crypto.SHA256, msitest.Digest(crypto.SHA256, packageRoot(), true), msitest.SipInfo(msitest.GUID()))
		m.Unsigned = append(m.Unsigned, func([]byte) []byte { return petest.Attribute(petest.OIDNested, inner.Encode(tb)) })
	}
	program := func(m *petest.Message) {
		m.Content = petest.IndirectOf(crypto.SHA256, msitest.Digest(crypto.SHA256, packageRoot(), true), petest.TLV(0xa2, []byte{0x80, 0}))
	}
	return []signedFile{
		{"with names", sign(true), pe.Valid, "", publisher},
		{"without names", sign(false), pe.Valid, "the names and sizes of its tables are not signed", publisher},
		{"SHA-1", sign(true, hash(crypto.SHA1)), pe.Valid, "", publisher},
		{"SHA-512", sign(true, hash(crypto.SHA512)), pe.Valid, "", publisher},
		{"stamped", sign(true, by(k.old), stamped), pe.Valid, "", "Old Publisher"},
		{"another signature inside", sign(true, nest), pe.Valid, "another of 2 signatures is untrusted", publisher},
		{"expired", sign(true, by(k.old)), pe.Expired, "no time stamp counts", "Old Publisher"},
		{"rogue", sign(true, by(k.rogue)), pe.Untrusted, "", "Rogue"},
		{"unsigned", packageRoot(), pe.Unsigned, "", ""},
		{"format of others", sign(true, about([]byte("0123456789abcdef"))), pe.Unsupported, "not of a Windows Installer package", ""},
		{"signature of a program", sign(true, program), pe.Unsupported, "of kind 1.3.6.1.4.1.311.2.1.15, not of a Windows Installer package", ""},
	}
}

// alteredFiles are made of a package that was signed with its names.
func alteredFiles(tb testing.TB, k identities) []signedFile {
	tb.Helper()
	alter := func(edit func(*msitest.Node)) *msitest.Node {
		root := msitest.Sign(tb, packageRoot(), petest.Message{Signer: k.leaf}, true)
		edit(root)
		return root
	}
	const names, content = "the names and sizes of its streams have the digest", "the sha256 digest of the file is"
	storage := func(root *msitest.Node) *msitest.Node { return root.Find("1033") }
	data := func(name string) func(*msitest.Node) {
		return func(root *msitest.Node) { root.Find(name).Data[0] ^= 1 }
	}
	return []signedFile{
		{"table", alter(data(msitest.StreamName("File"))), pe.Tampered, content, "Test Publisher"},
		{"texts", alter(data(msitest.StreamName("_StringData"))), pe.Tampered, content, "Test Publisher"},
		{"large stream", alter(data("Binary.Icon")), pe.Tampered, content, "Test Publisher"},
		{"stream in a storage", alter(func(r *msitest.Node) { storage(r).Nodes[0].Data[0] ^= 1 }), pe.Tampered, content, "Test Publisher"},
		{"name of a signature in a storage", alter(func(r *msitest.Node) { storage(r).Find(msitest.Signature).Data[0] ^= 1 }), pe.Tampered, content, "Test Publisher"},
		{"class of the root", alter(func(r *msitest.Node) { r.Class[0] ^= 1 }), pe.Tampered, names, ""},
		{"class of a storage", alter(func(r *msitest.Node) { storage(r).Class[0] ^= 1 }), pe.Tampered, names, ""},
		{"state of a storage", alter(func(r *msitest.Node) { storage(r).State[0] ^= 1 }), pe.Tampered, names, ""},
		{"state of the root", alter(func(r *msitest.Node) { r.State[0] ^= 1 }), pe.Tampered, names, ""},
		{"time of creation", alter(func(r *msitest.Node) { storage(r).Created[0] ^= 1 }), pe.Tampered, names, ""},
		{"time of change", alter(func(r *msitest.Node) { storage(r).Modified[0] ^= 1 }), pe.Tampered, names, ""},
		{"renamed", alter(func(r *msitest.Node) { r.Find("Empty").Name = "Empty2" }), pe.Tampered, names, ""},
		{"added", alter(func(r *msitest.Node) { r.Nodes = append(r.Nodes, &msitest.Node{Name: "More"}) }), pe.Tampered, names, ""},
		{"removed", alter(func(r *msitest.Node) { storage(r).Nodes = storage(r).Nodes[:1] }), pe.Tampered, names, ""},
		{"boundary moved", alter(moveBoundary), pe.Tampered, names, ""},
		{"digest of names altered", alter(func(r *msitest.Node) { r.Find(msitest.SignatureEx).Data[0] ^= 1 }), pe.Tampered, names, ""},
		{"digest of names cut off", alter(func(r *msitest.Node) { r.Find(msitest.SignatureEx).Data = nil }), pe.Tampered, names, ""},
		{"digest of names removed", alter(func(r *msitest.Node) {
			r.Nodes = slices.DeleteFunc(r.Nodes, func(n *msitest.Node) bool { return n.Name == msitest.SignatureEx })
		}), pe.Tampered, content, "Test Publisher"},
		{"signature removed", alter(func(r *msitest.Node) {
			r.Nodes = slices.DeleteFunc(r.Nodes, func(n *msitest.Node) bool { return n.Name == msitest.Signature })
		}), pe.Unsigned, "it has the stream", ""},
		{"signature altered", alter(func(r *msitest.Node) {
			b := r.Find(msitest.Signature).Data
			b[len(b)-1] ^= 1
		}), pe.Tampered, "", "Test Publisher"},
		{"signature of nothing", alter(func(r *msitest.Node) { r.Find(msitest.Signature).Data = nil }), pe.Tampered, "", ""},
		{"data behind the signature", alter(func(r *msitest.Node) {
			n := r.Find(msitest.Signature)
			n.Data = append(n.Data, "hidden"...)
		}), pe.Tampered, "are hidden behind the signature", ""},
		{"large signature", alter(func(r *msitest.Node) { r.Find(msitest.Signature).Data = make([]byte, 1<<20+1) }), pe.Unsupported, "a signature of 1048577 bytes", ""},
	}
}

// moveBoundary moves the last bytes of one stream to the start of the next, in
// the order in which they are signed.
func moveBoundary(r *msitest.Node) {
	a, b := r.Find("1033").Nodes[0], r.Find("1033").Find(msitest.Signature)
	// The name that starts with \x05 comes first.
	n := len(b.Data) - 2
	a.Data = append(bytes.Clone(b.Data[n:]), a.Data...)
	b.Data = b.Data[:n]
}

func TestSignature(t *testing.T) {
	k := newIdentities(t)
	v := verifier(t, k.root.Cert)
	for _, tt := range slices.Concat(signedFiles(t, k), alteredFiles(t, k)) {
		for _, version := range []int{3, 4} {
			t.Run(fmt.Sprintf("%s, version %d", tt.name, version), func(t *testing.T) {
				got := signature(t, v, msitest.Compound(tt.root, version))
				hasNames := slices.ContainsFunc(tt.root.Nodes, func(n *msitest.Node) bool { return n.Name == msitest.SignatureEx })
				if got.Verdict != tt.want || got.Signer != tt.signer || !strings.Contains(got.Reason, tt.reason) ||
					got.Verdict == pe.Valid && (tt.reason == "" && got.Reason != "" || got.Names != hasNames) {
					t.Errorf("Signature = %+v, want %s by %q with the reason %q", got, tt.want, tt.signer, tt.reason)
				}
			})
		}
	}
}

// Without names, bytes can be moved from one stream to the next: the signature is valid, but says that names are not signed.
func TestSignatureWithoutNamesSaysSo(t *testing.T) {
	k := newIdentities(t)
	root := msitest.Sign(t, packageRoot(), petest.Message{Signer: k.leaf}, false)
	moveBoundary(root)
	if got := signature(t, verifier(t, k.root.Cert), msitest.Compound(root, 4)); got.Verdict != pe.Valid || got.Names {
		t.Errorf("Signature = %+v, want valid without names", got)
	}
}

// What was read is what is hashed: that the file is right again later does not help.
func TestSignatureOfWhatWasRead(t *testing.T) {
	k := newIdentities(t)
	files := kitFiles()
	for i := range 500 { // so that the table has sectors of its own, which are not read before it is needed
		files = append(files, msitest.File{Path: fmt.Sprintf("x86/%d.man", i)})
	}
	root := msitest.Sign(t, msitest.Kit(kitVersion, files...).Root(), petest.Message{Signer: k.leaf}, true)
	good := msitest.Compound(root, 4)
	table := bytes.Clone(root.Find(msitest.StreamName("File")).Data)
	at := bytes.Index(good, table)
	if at < 0 || len(table) < 4096 {
		t.Fatalf("the table File has %d bytes, at %d", len(table), at)
	}
	bad := bytes.Clone(good)
	size := bad[at+len(table)/20*(2+2+2):] // the fourth column; a row has 20 bytes
	copy(size[4:], size[:4])               // the second file has the size of the first
	r := &swapped{bad}
	d, err := msi.Open(r, int64(len(bad)))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		list, err := d.Files()
		if err != nil || list[1].Size != 10_000 {
			t.Fatalf("Files = %d files, %v, want the second with the altered size", len(list), err)
		}
		r.data = good
	}
	s, err := d.Signature(verifier(t, k.root.Cert))
	if err != nil || s.Verdict != pe.Tampered {
		t.Errorf("Signature = %+v, %v, want tampered", s, err)
	}
	if s := signature(t, verifier(t, k.root.Cert), good); s.Verdict != pe.Valid {
		t.Errorf("Signature of the file as it is now = %+v, want valid", s)
	}
}

// swapped is a file whose content can be exchanged.
type swapped struct{ data []byte }

func (s *swapped) ReadAt(p []byte, off int64) (int, error) {
	return bytes.NewReader(s.data).ReadAt(p, off)
}

func TestSignatureInStorage(t *testing.T) {
	for _, name := range []string{msitest.Signature, msitest.SignatureEx} {
		root := packageRoot()
		root.Nodes = append(root.Nodes, &msitest.Node{Name: msitest.Signature, Data: []byte{1}})
		root.Nodes = slices.DeleteFunc(root.Nodes, func(n *msitest.Node) bool { return n.Name == name })
		root.Nodes = append(root.Nodes, &msitest.Node{Name: name, Storage: true})
		_, err := open(t, msitest.Compound(root, 4)).Signature(verifier(t))
		wantFormatError(t, err, "the signature is not in a stream")
	}
}

// A read that fails says nothing about the file.
func TestReadFailure(t *testing.T) {
	k := newIdentities(t)
	file := msitest.Compound(msitest.Sign(t, packageRoot(), petest.Message{Signer: k.leaf}, true), 4)
	errDisk := errors.New("disk is gone")
	v := verifier(t, k.root.Cert)
	failed := 0
	for n := 1; ; n++ {
		r := &failing{bytes.NewReader(file), n, errDisk}
		d, err := msi.Open(r, int64(len(file)))
		if err == nil {
			_, err = d.Files()
		}
		if err == nil {
			_, err = d.Signature(v)
		}
		if err == nil {
			break
		}
		if failed++; !errors.Is(err, errDisk) || errors.As(err, new(*msi.FormatError)) {
			t.Errorf("read %d fails: error %v, want one that wraps %v", n, err, errDisk)
		}
	}
	if failed < 6 {
		t.Errorf("%d reads failed, want 6 or more", failed)
	}
}

// failing is a file whose read number fail, counted from 1, fails.
type failing struct {
	data *bytes.Reader
	fail int
	err  error
}

func (f *failing) ReadAt(p []byte, off int64) (int, error) {
	if f.fail--; f.fail == 0 {
		return 0, f.err
	}
	return f.data.ReadAt(p, off)
}

// judged returns what osslsigncode says of a package: valid, unsigned or not valid.
func judged(t *testing.T, file []byte, roots string) string {
	t.Helper()
	out, err := program(t, "osslsigncode", "osslsigncode, 2.9 or newer", "verify", "-ignore-crl",
		"-time", strconv.FormatInt(now.Unix(), 10), "-CAfile", roots, "-TSA-CAfile", roots, "-in", write(t, "file.msi", file))
	switch {
	case strings.Contains(out, "MSI file has no signature"):
		return "unsigned"
	case err == nil && strings.Contains(out, "Succeeded"):
		return "valid"
	}
	return "not valid"
}

// osslsigncode has to say the same of every package that we signed or altered.
func TestVerdictsBesideJudge(t *testing.T) {
	k := newIdentities(t)
	v := verifier(t, k.root.Cert)
	roots := write(t, "root.pem", petest.PEM(k.root.Cert))
	differences := map[string]string{
		"digest of names altered":   "it compares only the length of that digest",
		"data behind the signature": "it does not look there",
		"format of others":          "it does not look at the GUID",
		"signature of a program":    "it does not look at the kind of file that was signed",
	}
	for _, f := range slices.Concat(signedFiles(t, k), alteredFiles(t, k)) {
		file := msitest.Compound(f.root, 4)
		ours := string(signature(t, v, file).Verdict)
		if ours != string(pe.Valid) && ours != string(pe.Unsigned) {
			ours = "not valid"
		}
		theirs := judged(t, file, roots)
		t.Logf("%-40s %-10s osslsigncode: %s", f.name, ours, theirs)
		if why, differs := differences[f.name]; differs != (ours != theirs) {
			t.Errorf("%s: %s, osslsigncode says %s; known difference: %q", f.name, ours, theirs, why)
		}
	}
}

// Packages that osslsigncode signed are kept, so that they are tested where it is not installed:
//
//	go test ./locate/msi -run Kept -update
func TestKeptFiles(t *testing.T) {
	const dir = "testdata/osslsigncode"
	if *update {
		signKept(t, dir)
	}
	root, err := os.ReadFile(filepath.Join(dir, "root.pem"))
	if err != nil {
		t.Fatal(err)
	}
	certs, err := pe.ParseRoots(root)
	if err != nil {
		t.Fatal(err)
	}
	v := verifier(t, certs...)
	for name, names := range map[string]bool{"names.msi": true, "content.msi": false} {
		file, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if s := signature(t, v, file); s.Verdict != pe.Valid || s.Names != names || s.Signer != "Test Publisher" {
			t.Errorf("%s: Signature = %+v, want valid, names %t", name, s, names)
		}
		if got := len(filesOf(t, file)); got != len(kitFiles()) {
			t.Errorf("%s: %d files, want %d", name, got, len(kitFiles()))
		}
		if s := signature(t, verifier(t), file); s.Verdict != pe.Untrusted {
			t.Errorf("%s: Signature without its root = %+v, want untrusted", name, s)
		}
	}
}

func signKept(t *testing.T, dir string) {
	t.Helper()
	k := newIdentities(t)
	key, err := x509.MarshalPKCS8PrivateKey(k.leaf.Key)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "root.pem"), petest.PEM(k.root.Cert), 0o644); err != nil {
		t.Fatal(err)
	}
	in := write(t, "in.msi", msitest.Compound(packageRoot(), 3))
	for name, more := range map[string][]string{"names.msi": {"-add-msi-dse"}, "content.msi": nil} {
		out := filepath.Join(t.TempDir(), name)
		args := append([]string{
			"sign", "-h", "sha256", "-certs", write(t, "certs.pem", petest.PEM(k.leaf.Cert, k.root.Cert)),
			"-key", write(t, "key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})), "-in", in, "-out", out,
		}, more...)
		if text, err := program(t, "osslsigncode", "osslsigncode, 2.9 or newer", args...); err != nil {
			t.Fatalf("osslsigncode: %v\n%s", err, text)
		}
		file, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), file, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
