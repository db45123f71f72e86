package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"usmtpkg/locate/samplekit"
)

// What is added to a source while it is read is noticed at the end, however the
// source was named and whatever is done with it.
func TestAddedToSource(t *testing.T) {
	volume := func(t *testing.T) (root, kit string) {
		t.Helper()
		root = t.TempDir()
		kit = filepath.Join(root, "Program Files (x86)", "Windows Kits", "10", "Assessment and Deployment Kit", "User State Migration Tool")
		if err := writeKit(kit, samplekit.Options{Version: "10.0.65001.1", Arches: []string{"amd64", "x86"}}, nil); err != nil {
			t.Fatal(err)
		}
		return root, kit
	}
	root, kit := volume(t)
	late := filepath.Join(kit, "x86", "MigLate.xml")
	tests := []struct {
		name  string
		phase string
		args  []string
	}{
		{"the USMT folder", "re-reading", []string{"refresh", "--source", kit}},
		{"a volume", "re-reading", []string{"refresh", "--volume", root}},
		{"a kits root", "re-reading", []string{"refresh", "--source", filepath.Join(root, "Program Files (x86)", "Windows Kits", "10")}},
		{"not read back", "copying", []string{"stage", "--source", kit, "--verify", "stream"}},
		{"past the cache", "re-reading", []string{"stage", "--source", kit, "--verify", "uncached"}},
		{"a plan", "hashing the source", []string{"refresh", "--source", kit, "--dry-run"}},
		{"nothing to publish", "verifying", []string{"refresh", "--source", kit}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			lib := libraryWith(t, kitDir(t, ""))
			if tt.phase == "verifying" {
				lib = libraryWith(t, kit)
			}
			before := listing(t, lib)
			s := session{stderr: stepWriter{words: tt.phase, step: func() { putFile(t, late, "<migration/>") }}}
			got := s.run(t, append(tt.args, "--library", lib)...)
			if err := os.Remove(late); err != nil {
				t.Fatal(err)
			}
			if got != exitChanged || !strings.Contains(s.stderr.String(), "x86/MigLate.xml was added") {
				t.Errorf("run = %d, want %d and the file's name\n%s", got, exitChanged, &s.stderr)
			}
			if diff := cmp.Diff(before, listing(t, lib)); diff != "" {
				t.Errorf("the library changed (-before +after):\n%s", diff)
			}
		})
	}
}

func TestOverlayChangedDuringRun(t *testing.T) {
	tests := []struct {
		name   string
		meddle func(t *testing.T, kit, custom string)
		says   string // empty: published
	}{
		{"nothing", func(*testing.T, string, string) {}, ""},
		{"a file of the source beside those replaced", func(t *testing.T, kit, _ string) {
			t.Helper()
			putFile(t, filepath.Join(kit, "amd64", "MigLate.xml"), "<migration/>")
		}, "amd64/MigLate.xml was added"},
		{"one more file that the pattern matches", func(t *testing.T, _, custom string) {
			t.Helper()
			putFile(t, filepath.Join(custom, "MigLate.xml"), "<migration/>")
		}, "amd64/MigLate.xml was added"},
		{"a file that the pattern does not match", func(t *testing.T, _, custom string) {
			t.Helper()
			putFile(t, filepath.Join(custom, "readme.txt"), "x")
		}, ""},
		{"a file of the overlay that was copied", func(t *testing.T, _, custom string) {
			t.Helper()
			later := time.Now().Add(time.Hour)
			if err := os.Chtimes(filepath.Join(custom, "MigOwn.xml"), later, later); err != nil {
				t.Error(err)
			}
		}, "amd64/MigOwn.xml has another modification time"},
		{"a file of the overlay is gone", func(t *testing.T, _, custom string) {
			t.Helper()
			if err := os.Remove(filepath.Join(custom, "MigOwn.xml")); err != nil {
				t.Error(err)
			}
		}, "amd64/MigOwn.xml is gone"},
		{"all files of the overlay are gone", func(t *testing.T, _, custom string) {
			t.Helper()
			for _, name := range []string{"MigOwn.xml", "MigApp.xml"} {
				if err := os.Remove(filepath.Join(custom, name)); err != nil {
					t.Error(err)
				}
			}
		}, "has changed: no file matches"},
		{"a replaced file of the source changed", func(t *testing.T, kit, _ string) {
			t.Helper()
			putFile(t, filepath.Join(kit, "x86", "MigApp.xml"), "<migration/>")
		}, "x86/MigApp.xml in the source, which the overlay replaces, has changed"},
		{"a replaced file of the source is gone", func(t *testing.T, kit, _ string) {
			t.Helper()
			if err := os.Remove(filepath.Join(kit, "x86", "MigApp.xml")); err != nil {
				t.Error(err)
			}
		}, "x86/MigApp.xml in the source, which the overlay replaces, is gone"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			kit, custom, lib := kitDir(t, ""), t.TempDir(), filepath.Join(t.TempDir(), "lib")
			putFile(t, filepath.Join(custom, "MigOwn.xml"), `<migration urlid="http://www.contoso.com/migration/1.0/migxmlext/own"/>`)
			putFile(t, filepath.Join(custom, "MigApp.xml"), `<migration urlid="http://www.microsoft.com/migration/1.0/migxmlext/migapp"/>`)
			s := session{stderr: stepWriter{words: "re-reading", step: func() { tt.meddle(t, kit, custom) }}}
			got := s.run(t, "stage", "--source", kit, "--library", lib, "--overlay-replace", filepath.Join(custom, "Mig*.xml"))
			want := exitChanged
			if tt.says == "" {
				want = exitOK
			}
			if got != want || !strings.Contains(s.stderr.String(), tt.says) {
				t.Errorf("run = %d, want %d and %q\n%s", got, want, tt.says, &s.stderr)
			}
			names, err := filepath.Glob(filepath.Join(lib, "*-*"))
			if published := slices.ContainsFunc(names, func(n string) bool { return !strings.Contains(n, ".staging") }); err != nil || published != (tt.says == "") {
				t.Errorf("in the library: %q, %v", names, err)
			}
		})
	}
}

func putFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
		t.Error(err)
	}
}
