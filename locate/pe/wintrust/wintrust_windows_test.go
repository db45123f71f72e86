package wintrust_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/windows"

	"usmtpkg/locate/pe"
	"usmtpkg/locate/pe/petest"
	"usmtpkg/locate/pe/wintrust"
	"usmtpkg/locate/samplekit"
)

// underWine reports whether this is Wine, which answers less than Windows.
func underWine() bool {
	return windows.NewLazySystemDLL("ntdll.dll").NewProc("wine_get_version").Find() == nil
}

func TestJudge(t *testing.T) {
	key := petest.RSAKey(t, 2048)
	root := petest.SelfSigned(t, key, petest.Certificate("usmtpkg test root", 2010, 2040, petest.CA))
	leaf := root.Issue(t, key, petest.Certificate("usmtpkg test", 2010, 2040, petest.CodeSigning))
	image := samplekit.PE(pe.AMD64, pe.Version{10, 0, 65000, 1}, 5000)
	signed := petest.Sign(t, image, petest.Message{Signer: leaf})
	altered := bytes.Clone(signed)
	altered[0x300] ^= 1
	tests := []struct {
		name string
		data []byte
		want uint32
	}{
		{"unsigned.exe", image, 0x800b0100},
		{"untrusted.exe", signed, 0x800b0109},
		{"altered.exe", altered, 0x80096010},
		{"text.txt", []byte("hello"), 0x800b0003},
		{"text.exe", []byte("hello"), 0x800b0003},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.name == "untrusted.exe" && underWine() {
				t.Skip("this is Wine, which trusts every root")
			}
			name := filepath.Join(t.TempDir(), tt.name)
			if err := os.WriteFile(name, tt.data, 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := wintrust.Judge(name)
			t.Logf("Judge = %v, %v", got, err)
			if err != nil || got.Trusted || got.Code != tt.want || got.Catalog != "" {
				t.Errorf("Judge = %+v, %v, want code %#x", got, err, tt.want)
			}
		})
	}
}

// Programs of Windows are trusted by Windows, most of them by a catalog.
func TestJudgeSystemFile(t *testing.T) {
	if underWine() {
		t.Skip("this is Wine: its programs are not signed and it has no catalogs, so that nothing here is trusted")
	}
	dir, err := windows.GetSystemDirectory()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"notepad.exe", "kernel32.dll", "xcopy.exe"} {
		got, err := wintrust.Judge(filepath.Join(dir, name))
		t.Logf("%s: %v", name, got)
		if err != nil || !got.Trusted {
			t.Errorf("Judge of %s = %v, %v, want it trusted", name, got, err)
		}
	}
}
