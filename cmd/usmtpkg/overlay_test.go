package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"usmtpkg/cmd/usmtpkg/report"
)

const ownXML = `<migration urlid="https://contoso.example/usmt/own"/>`

// A file of the overlay that changes during the run is noticed as one of the source is.
func TestMeddledOverlay(t *testing.T) {
	tests := []struct {
		name   string
		meddle func(file string) error
	}{
		{"it grows", func(file string) error { return os.WriteFile(file, []byte(ownXML+" "), 0o666) }},
		{"it changes at the same size", func(file string) error {
			if err := os.WriteFile(file, []byte(strings.Replace(ownXML, "own", "new", 1)), 0o666); err != nil {
				return err
			}
			later := time.Now().Add(time.Hour)
			return os.Chtimes(file, later, later)
		}},
		{"it vanishes", os.Remove},
		{"it becomes a folder", func(file string) error {
			if err := os.Remove(file); err != nil {
				return err
			}
			return os.Mkdir(file, 0o777)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			lib := libraryWith(t, kitDir(t, ""))
			before := listing(t, lib)
			file := filepath.Join(t.TempDir(), "MigOwn.xml")
			if err := os.WriteFile(file, []byte(ownXML), 0o666); err != nil {
				t.Fatal(err)
			}
			s := session{stderr: stepWriter{words: "copying", step: func() {
				if err := tt.meddle(file); err != nil {
					t.Error(err)
				}
			}}}
			got := s.run(t, "refresh", "--source", kitDir(t, "10.0.65001.1"), "--library", lib, "--overlay", file)
			if got != exitChanged {
				t.Errorf("run = %d, want %d\n%s", got, exitChanged, &s.stderr)
			}
			if !strings.Contains(s.stderr.String(), "MigOwn.xml") {
				t.Errorf("standard error = %q, want the file in it", &s.stderr)
			}
			if diff := cmp.Diff(before, listing(t, lib)); diff != "" {
				t.Errorf("the library changed (-before +after):\n%s", diff)
			}
		})
	}
}

// Who needs the file itself gets that of the overlay where one was laid.
func TestFileOf(t *testing.T) {
	kit, custom := kitDir(t, ""), t.TempDir()
	if err := os.WriteFile(filepath.Join(custom, "mighost.exe"), []byte("MZ"), 0o666); err != nil {
		t.Fatal(err)
	}
	o := overlayFlags{entries: []overlayEntry{{from: "mighost.exe", dir: custom}}}
	src := usmt{fsys: os.DirFS(kit), dir: kit, close: func() error { return nil }}
	u, err := o.over(t.Context(), src, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := u.fileOf("amd64/mighost.exe"), filepath.Join(custom, "mighost.exe"); got != want {
		t.Errorf("fileOf = %q, want %q", got, want)
	}
	if got, want := u.fileOf("amd64/scanstate.exe"), filepath.Join(kit, "amd64", "scanstate.exe"); got != want {
		t.Errorf("fileOf = %q, want %q", got, want)
	}
	if err := u.close(); err != nil {
		t.Error(err)
	}
}

// examples are the migration XML files of the documentation.
func examples(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "docs", "examples", "*.xml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	return files
}

// The examples pass every rule as files of an overlay, and the documentation shows them as they are.
func TestExamples(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "custom-xml.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range examples(t) {
		var s session
		if got := s.run(t, "validate", "--sample", "--overlay", file, "--json"); got != exitOK {
			t.Errorf("validate of %s = %d\n%s", file, got, &s.stdout)
		}
		var d report.Validate
		if err := json.Unmarshal(s.stdout.Bytes(), &d); err != nil || len(d.Overlay) != 3 {
			t.Errorf("validate: %d files of the overlay, %v, want 3", len(d.Overlay), err)
		}
		for _, f := range d.Findings {
			if f.Overlay != "" {
				t.Errorf("%s: %s", file, f.Rule)
			}
		}
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if lf := func(b []byte) string { return strings.ReplaceAll(string(b), "\r\n", "\n") }; !strings.Contains(lf(text), "```xml\n"+lf(content)+"```\n") {
			t.Errorf("docs/custom-xml.md does not show %s as it is", file)
		}
	}
}

// Where xmllint and a kit are at hand, the schema of USMT judges the examples. The kit, a USMT folder,
// is named by USMTPKG_TEST_KIT: its schema is Microsoft's and no part of this project.
func TestExamplesBySchema(t *testing.T) {
	lint, err := exec.LookPath("xmllint")
	kit := os.Getenv("USMTPKG_TEST_KIT")
	if err != nil || kit == "" {
		t.Skipf("THE EXAMPLES WERE NOT CHECKED AGAINST MigXML.xsd: xmllint %q, USMTPKG_TEST_KIT %q", lint, kit)
	}
	schema := filepath.Join(kit, "amd64", "MigXML.xsd")
	check := func(file string) ([]byte, error) {
		return exec.CommandContext(t.Context(), lint, "--nonet", "--noout", "--schema", schema, file).CombinedOutput()
	}
	for _, file := range examples(t) {
		if out, err := check(file); err != nil {
			t.Errorf("%s: %v\n%s", file, err, out)
		}
		// The check is worth something only if it refuses what is wrong.
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		broken := filepath.Join(t.TempDir(), "broken.xml")
		if err := os.WriteFile(broken, []byte(strings.ReplaceAll(string(content), "objectSet>", "objects>")), 0o666); err != nil {
			t.Fatal(err)
		}
		if out, err := check(broken); err == nil {
			t.Errorf("a broken copy of %s passes:\n%s", file, out)
		}
	}
}
