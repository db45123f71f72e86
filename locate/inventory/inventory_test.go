package inventory

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"usmtpkg/locate/pe"
)

// version reads a version that is one.
func mustVersion(t *testing.T, s string) pe.Version {
	t.Helper()
	v, err := pe.ParseVersion(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestKnown(t *testing.T) {
	tests := []struct {
		version string
		arches  []string
		files   int
		hashed  int
		signed  int
	}{
		{"6.2.9200.16384", []string{"amd64"}, 249, 34, 3},
		{"10.0.10586.0", []string{"amd64"}, 188, 29, 12},
		{"10.0.15063.0", []string{"amd64", "x86"}, 400, 56, 24},
		{"10.0.26100.1", []string{"amd64", "arm64", "x86"}, 540, 76, 57},
	}
	if n := len(Known().Releases); n != len(tests) {
		t.Errorf("%d releases, want %d", n, len(tests))
	}
	for _, tt := range tests {
		r, ok := Known().Release(mustVersion(t, tt.version))
		if !ok {
			t.Errorf("Release(%s) = nothing", tt.version)
			continue
		}
		hashed, signed := 0, 0
		for _, f := range r.Files {
			if f.SHA256 != "" {
				hashed++
			}
			if f.Signature == Signed {
				signed++
			}
		}
		if !slices.Equal(r.Arches, tt.arches) || len(r.Files) != tt.files || hashed != tt.hashed || signed != tt.signed {
			t.Errorf("release %s: arches %q, %d files, %d hashed, %d signed, want %q, %d, %d, %d",
				tt.version, r.Arches, len(r.Files), hashed, signed, tt.arches, tt.files, tt.hashed, tt.signed)
		}
		if len(r.Notes) == 0 {
			t.Errorf("release %s does not say where it comes from", tt.version)
		}
	}
	if _, ok := Known().Release(mustVersion(t, "10.0.26100.2")); ok {
		t.Error("Release(10.0.26100.2) is known, want not")
	}
}

// Texts went through version control: nothing about their content may be listed.
func TestKnownTextsHaveNamesOnly(t *testing.T) {
	for _, r := range Known().Releases {
		for _, f := range r.Files {
			name := strings.ToLower(f.Path)
			text := strings.HasSuffix(name, ".xml") || strings.HasSuffix(name, ".man") || strings.HasSuffix(name, ".xsd") || strings.HasSuffix(name, ".inf")
			if text && (f.Size >= 0 || f.SHA256 != "") {
				t.Errorf("%s %s has size %d and hash %q, want neither", r.Version, f.Path, f.Size, f.SHA256)
			}
			for _, bare := range []string{"/migcore.dll", "/sflistrs1.dat", "/sflistwt.dat"} {
				if strings.HasSuffix(name, bare) && (f.Size >= 0 || f.Machine != "") {
					t.Errorf("%s %s has facts, want its name only", r.Version, f.Path)
				}
			}
		}
	}
}

func TestKnownIsWrittenAsItWasRead(t *testing.T) {
	var b bytes.Buffer
	if err := Write(&b, Known()); err != nil {
		t.Fatal(err)
	}
	if b.String() != knownText {
		t.Errorf("Write(Known()) differs from known.txt")
	}
}

func TestFile(t *testing.T) {
	r, _ := Known().Release(mustVersion(t, "10.0.26100.1"))
	i := slices.IndexFunc(r.Files, func(f File) bool {
		return strings.HasSuffix(f.Path, "amd64/ReplacementManifests/WindowsSearchEngine/WSearchMigPlugin.dll")
	})
	if i < 0 {
		t.Fatal("WSearchMigPlugin.dll is not listed")
	}
	f := r.Files[i]
	if f.Machine != "amd64" || f.Version.String() != "7.0.26100.1" || f.Signature != Signed || f.Size <= 0 || len(f.SHA256) != 64 {
		t.Errorf("facts = %+v", f)
	}
	if !r.Measured("arm64") || r.Measured("ia64") {
		t.Error("Measured tells the arches wrong")
	}
}

func TestWriteRefusesWhatCannotBeRead(t *testing.T) {
	hash := strings.Repeat("0", 64)
	tests := []struct {
		name string
		file File
		want string
	}{
		{"line break", File{Path: "amd64/a\nfile b", Size: -1}, `the text "amd64/a\nfile b" cannot be listed`},
		{"line break at the end", File{Path: "amd64/a\n", Size: -1}, `the text "amd64/a\n" cannot be listed`},
		{"pipe", File{Path: "amd64/a | size=1", Size: -1}, `the character "|" in the path`},
		{"arch", File{Path: "ia64/a", Size: -1}, "1 of its 1 files are of no arch of it"},
		{"facts", File{Path: "amd64/a", Size: -1, SHA256: hash}, "only one of size and sha256"},
	}
	for _, tt := range tests {
		var b bytes.Buffer
		r := &Release{Version: pe.Version{10}, Arches: []string{"amd64"}, Files: []File{tt.file}}
		err := Write(&b, &Table{Releases: []*Release{r}})
		if err == nil || !strings.Contains(err.Error(), tt.want) || b.Len() > 0 {
			t.Errorf("%s: Write = %v with %d bytes written, want %q and nothing written", tt.name, err, b.Len(), tt.want)
		}
	}
	r := &Release{Version: pe.Version{10}, Arches: []string{"amd64"}, Files: []File{{Path: "amd64/a", Size: -1}}}
	for _, bad := range []*Table{{Notes: []string{"a\n\nb"}, Releases: []*Release{r}}, {Releases: []*Release{{Version: r.Version, Notes: []string{"\r"}, Arches: r.Arches, Files: r.Files}}}} {
		if err := Write(&bytes.Buffer{}, bad); err == nil || !strings.Contains(err.Error(), "cannot be a comment") {
			t.Errorf("Write with a line break in a comment = %v, want a refusal", err)
		}
	}
	if err := Write(&bytes.Buffer{}, &Table{}); err == nil {
		t.Error("Write of a table without releases = nil, want an error")
	}
}

func TestSort(t *testing.T) {
	r := Release{Arches: []string{"x86", "amd64"}, Files: []File{{Path: "x86/a"}, {Path: "amd64/b"}, {Path: "amd64/a"}}}
	r.Sort()
	if r.Arches[0] != "amd64" || r.Files[0].Path != "amd64/a" || r.Files[2].Path != "x86/a" {
		t.Errorf("Sort = %v", r)
	}
}
