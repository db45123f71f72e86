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
		want    count
	}{
		{"6.2.9200.16384", []string{"amd64"}, count{files: 249, raw: 34, texts: 214, signed: 3, one: 143, more: 75}},
		{"10.0.10586.0", []string{"amd64"}, count{files: 188, raw: 29, texts: 157, signed: 12, one: 17, more: 146}},
		{"10.0.15063.0", []string{"amd64", "x86"}, count{files: 400, raw: 56, texts: 338, signed: 24, one: 48, more: 302}},
		{"10.0.26100.1", []string{"amd64", "arm64", "x86"}, count{files: 540, raw: 76, texts: 455, signed: 57, confirmed: 455, one: 9}},
		// 60 programs are known by size and version: 57 that are signed, and migcore.dll of each arch.
		{"10.0.26100.2454", []string{"amd64", "arm64", "x86"}, count{files: 537, raw: 19, texts: 446, md5: 12, confirmed: 467, more: 10}},
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
		if got := countOf(r); !slices.Equal(r.Arches, tt.arches) || got != tt.want {
			t.Errorf("release %s: arches %q, %+v, want %q, %+v", tt.version, r.Arches, got, tt.arches, tt.want)
		}
		if len(r.Notes) == 0 {
			t.Errorf("release %s does not say where it comes from", tt.version)
		}
	}
	if _, ok := Known().Release(mustVersion(t, "10.0.26100.2")); ok {
		t.Error("Release(10.0.26100.2) is known, want not")
	}
}

// A count is how many files of a release have which facts.
type count struct {
	files, raw, texts, md5, signed int
	confirmed, one, more           int // copies
}

func countOf(r *Release) count {
	n := count{files: len(r.Files)}
	add := func(to *int, is bool) {
		if is {
			*to++
		}
	}
	for _, f := range r.Files {
		add(&n.raw, f.SHA256 != "")
		add(&n.texts, f.LFSHA256 != "")
		add(&n.md5, f.MD5 != "")
		add(&n.signed, f.Signature == Signed)
		add(&n.confirmed, f.Confirmed)
		add(&n.one, f.Copies == 1)
		add(&n.more, f.Copies > 1)
	}
	return n
}

// Texts went through version control: their raw size and hash may be listed only where Microsoft's own
// list has them. What the copies lack is known by name.
func TestKnownHashes(t *testing.T) {
	absent := []string{"/migcore.dll", "/SFLISTRS1.DAT", "/SFLISTWT.DAT"}
	for _, r := range Known().Releases {
		for _, f := range r.Files {
			ends := func(s string) bool { return strings.HasSuffix(f.Path, s) }
			text := slices.ContainsFunc([]string{".xml", ".man", ".xsd", ".INF"}, ends)
			switch bare := slices.ContainsFunc(absent, ends); {
			case f.MD5 != "" && !f.Confirmed, text && f.MD5 == "" && (f.Size >= 0 || f.SHA256 != ""):
				t.Errorf("%s %s: %+v, want no raw size and hash but by Microsoft", r.Version, f.Path, f)
			case text && !f.Hashed():
				t.Errorf("%s %s has no hash", r.Version, f.Path)
			case bare && r.Version.String() != "10.0.26100.2454" && (f.Size >= 0 || f.Machine != ""):
				t.Errorf("%s %s has facts, want its name only", r.Version, f.Path)
			case !bare && !f.Hashed() && f.Version.IsZero():
				t.Errorf("%s %s is known by its name only", r.Version, f.Path)
			}
		}
	}
}

// What the same file of two releases has in common was compared by size and MD5 of Microsoft's list.
func TestKnownConfirmedAgree(t *testing.T) {
	older, _ := Known().Release(mustVersion(t, "10.0.26100.1"))
	newer, _ := Known().Release(mustVersion(t, "10.0.26100.2454"))
	n := 0
	for _, f := range newer.Files {
		if f.Confirmed && f.MD5 == "" {
			if !slices.Contains(older.Files, f) {
				t.Errorf("%s: %+v is not that of the older release", f.Path, f)
			}
			n++
		}
	}
	if n != 455 {
		t.Errorf("%d files agree, want 455", n)
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
		{"pipe", File{Path: "amd64/a | size=1", Size: -1}, `the character '|' in the path`},
		{"arch", File{Path: "ia64/a", Size: -1}, "1 of its 1 files are of no arch of it"},
		{"facts", File{Path: "amd64/a", Size: -1, SHA256: hash}, "a sha256 or md5 without size"},
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
