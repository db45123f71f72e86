package msi_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"usmtpkg/locate/msi"
	"usmtpkg/locate/msi/msitest"
	"usmtpkg/locate/pe"
)

// FuzzOpen reads whatever it is given: an error is a fault of the file, paths
// stay below their root, and nothing is valid that osslsigncode did not sign.
func FuzzOpen(f *testing.F) {
	const dir = "testdata/osslsigncode"
	root, err := os.ReadFile(filepath.Join(dir, "root.pem"))
	if err != nil {
		f.Fatal(err)
	}
	certs, err := pe.ParseRoots(root)
	if err != nil {
		f.Fatal(err)
	}
	v := verifier(f, certs...)
	genuine := map[string]bool{} // what the streams of the signed packages come to
	for _, name := range []string{"names.msi", "content.msi"} {
		file, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			f.Fatal(err)
		}
		genuine[summary(filesOf(f, file))] = true
		f.Add(file)
	}
	f.Add(msitest.Compound(msitest.Kit(kitVersion, msitest.File{Path: "x86/a.xml"}).Root(), 3))
	f.Add([]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"))
	f.Fuzz(func(t *testing.T, file []byte) { checkAnything(t, v, file, genuine) })
}

// FuzzTables changes the tables of a package, in a compound file that is right around them.
func FuzzTables(f *testing.F) {
	for _, long := range []bool{false, true} {
		kit := msitest.Kit(kitVersion, kitFiles()...)
		kit.Long = long
		root := kit.Root()
		of := func(name string) []byte { return root.Find(msitest.StreamName(name)).Data }
		f.Add(of("_StringPool"), of("_StringData"), of("_Tables"), of("_Columns"), of("File"), of("Directory"), of("MsiFileHash"))
	}
	v := verifier(f)
	f.Fuzz(func(t *testing.T, pool, data, tables, columns, files, dirs, hashes []byte) {
		root := msitest.Kit(kitVersion, kitFiles()...).Root()
		for name, b := range map[string][]byte{
			"_StringPool": pool, "_StringData": data, "_Tables": tables, "_Columns": columns,
			"File": files, "Directory": dirs, "MsiFileHash": hashes,
		} {
			root.Find(msitest.StreamName(name)).Data = b
		}
		checkAnything(t, v, msitest.Compound(root, 3), nil)
	})
}

// checkAnything checks what is true of every file. One that is valid has files that were signed: one of genuine.
func checkAnything(t *testing.T, v *pe.Verifier, file []byte, genuine map[string]bool) {
	t.Helper()
	d, err := msi.Open(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		faultOnly(t, err)
		return
	}
	list, err := d.Files()
	faultOnly(t, err)
	for _, one := range list {
		if !fs.ValidPath(one.Path) || strings.ContainsAny(one.Path, `\:`) || !utf8.ValidString(one.Path) || one.Size < 0 {
			t.Errorf("Files = %+v", one)
		}
	}
	_, err = d.Cabinets()
	faultOnly(t, err)
	_, err = d.Property("ProductVersion")
	faultOnly(t, err)
	s, sigErr := d.Signature(v)
	faultOnly(t, sigErr)
	if sigErr == nil && s.Verdict == pe.Valid && s.Names && !genuine[summary(list)] {
		t.Errorf("Signature = %+v of files that nobody signed: %v", s, list)
	}
	if sigErr == nil && s.Verdict != pe.Valid && s.Verdict != pe.Unsigned && s.Reason == "" {
		t.Errorf("Signature = %+v, without a reason", s)
	}
}

func summary(files []msi.File) string {
	var b strings.Builder
	for _, f := range files {
		b.WriteString(f.Path + "\x00" + f.Version + "\x00" + string(f.MD5) + "\x00")
	}
	return b.String()
}

func faultOnly(t *testing.T, err error) {
	t.Helper()
	if err != nil && !errors.As(err, new(*msi.FormatError)) {
		t.Errorf("error = %v, want a *msi.FormatError", err)
	}
}
