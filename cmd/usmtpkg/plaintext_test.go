package main

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestPlainText(t *testing.T) {
	tests := []struct{ name, text, printable, plain string }{
		{"plain", "a b/é.xml", "a b/é.xml", "a b/é.xml"},
		{"control", "a\x1b[31m", `"a\x1b[31m"`, `a\x1b[31m`},
		{"line feed", "a\nb", `"a\nb"`, `a\nb`},
		{"not UTF-8", "\xff\xe9t", `"\xff\xe9t"`, `\xff\xe9t`},
		{"right to left", "a\u202eb", `"a\u202eb"`, `a\u202eb`},
		{"not allowed in XML", "\uffff", `"\uffff"`, `\uffff`},
		{"quotation mark", `a"b`, `a"b`, `a"b`},
		{"quotation mark and control", "a\"\x01", `"a\"\x01"`, `a"\x01`},
		{"nothing", "", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := printable(tt.text); got != tt.printable {
				t.Errorf("printable = %s, want %s", got, tt.printable)
			}
			if got := plainText(tt.text); got != tt.plain {
				t.Errorf("plainText = %s, want %s", got, tt.plain)
			}
		})
	}
	if got, want := plainLines("a\x01\nb\r"), "a\\x01\nb\\r"; got != want {
		t.Errorf("plainLines = %q, want %q", got, want)
	}
}

// A name cannot forge a line of what verify or an error prints.
func TestNamesForgeNoLine(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows makes no such name")
	}
	kit := kitDir(t, "")
	lib := libraryWith(t, kit)
	const odd = "x\x1b[1A\nforged: equal to its manifests"
	if err := os.WriteFile(filepath.Join(glob(t, lib, "10.*", "data", "amd64"), odd), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	var s session
	if got := s.run(t, "verify", "--library", lib); got != exitMismatch {
		t.Errorf("verify = %d, want %d", got, exitMismatch)
	}
	// An error that names the file.
	var failed session
	if err := os.Symlink("x", filepath.Join(kit, "amd64", odd)); err != nil {
		t.Fatal(err)
	}
	if got := failed.run(t, "verify", "--library", lib, "--source", kit); got == exitOK {
		t.Error("verify with such a link in the source = 0")
	}
	for _, text := range []string{s.stdout.String(), s.stderr.String(), failed.stdout.String(), failed.stderr.String()} {
		if strings.ContainsRune(text, '\x1b') || strings.Contains(text, "\nforged") {
			t.Errorf("printed: %q", text)
		}
	}
	if !strings.Contains(s.stdout.String(), `x\x1b[1A\nforged`) {
		t.Errorf("standard output = %q, want the name escaped", &s.stdout)
	}
}
