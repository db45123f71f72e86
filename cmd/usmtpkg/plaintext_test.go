package main

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"usmtpkg/locate/samplekit"
)

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

// Folders on the way to USMT, and records that others wrote, are foreign text wherever they are printed.
func TestForeignTextIsPlain(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows makes no such name")
	}
	const odd = "x\x1b]0;owned\x07\u009b2J\u202e\nforged: equal"
	dir := filepath.Join(t.TempDir(), odd)
	kit := filepath.Join(dir, "User State Migration Tool")
	if err := writeKit(kit, samplekit.Options{Arches: []string{"amd64"}}, nil); err != nil {
		t.Fatal(err)
	}
	lib := filepath.Join(t.TempDir(), "lib")
	calls := [][]string{
		{"locate", "--source", dir, "-v"},
		{"validate", dir},
		{"refresh", "--source", dir, "--library", lib},
		{"refresh", "--source", dir, "--library", lib + odd},
		{"stage", "--source", dir, "--library", lib + odd},
		{"list", "--library", lib + odd},
		{"verify", "--library", lib, "--source", dir},
		{"define", "--library", lib},
		{"attest", "--library", lib},
		{"activate", "--library", lib, odd},
		{"list", "--library", lib},
		{"init", filepath.Join(dir, "usmtpkg.yaml")},
		{"smp-log", dir},
		{odd},
	}
	check := func(calls [][]string) {
		t.Helper()
		for _, args := range calls {
			for _, format := range [][]string{nil, {"--json"}} {
				var s session
				s.run(t, append(slices.Clone(args), format...)...)
				for _, text := range []string{s.stdout.String(), s.stderr.String()} {
					text = strings.ReplaceAll(text, "\x1b[2K", "") // of the progress bar
					if strings.ContainsAny(text, "\x1b\x07\u009b\u202e") || strings.Contains(text, "\nforged") {
						t.Errorf("%q printed %q", args, text)
					}
				}
			}
		}
	}
	check(calls)
	// A record that somebody wrote who wants it to be read otherwise.
	name := glob(t, lib, "10.*", "release.json")
	record, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	forged := strings.Replace(string(record), `"amd64"`, `"amd64\u001b[2J\u009b2J\nforged: equal"`, 1)
	if err := os.WriteFile(name, []byte(forged), 0o666); err != nil || forged == string(record) {
		t.Fatal("the record was not forged", err)
	}
	check([][]string{{"list", "--library", lib}, {"verify", "--library", lib}, {"define", "--library", lib}})
}
