package bag

import (
	"errors"
	"io/fs"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func paths(entries []Entry) string {
	var list []string
	for _, e := range entries {
		list = append(list, e.Path)
	}
	return strings.Join(list, " ")
}

// What can be read of damaged tag files is, each by itself.
func TestSalvage(t *testing.T) {
	const manifest, tags = "manifest-sha256.txt", "tagmanifest-sha256.txt"
	rowA, rowB := sha256A+"  data/a\n", sha256B+"  data/b\n"
	const allTags = "bag-info.txt bagit.txt manifest-sha256.txt release.json"
	tests := []struct {
		name    string
		changes map[string]string
		payload string
		tags    string
		oxum    bool
		faults  string // the files with faults
	}{
		{"nothing damaged", nil, "data/a data/b", allTags, true, ""},
		{"a torn end", map[string]string{manifest: rowA + rowB + "x"}, "data/a data/b", allTags, true, manifest},
		{"a line of garbage", map[string]string{manifest: rowA + "\x00\xff\n" + rowB}, "data/a data/b", allTags, true, manifest},
		{"a path that leads out", map[string]string{manifest: rowA + sha256B + "  data/../b\n" + rowB}, "data/a data/b", allTags, true, manifest},
		{"line ends of Windows", map[string]string{manifest: strings.ReplaceAll(rowA+rowB, "\n", "\r\n")}, "data/a data/b", allTags, true, manifest},
		{"out of order", map[string]string{manifest: rowB + rowA}, "data/a data/b", allTags, true, manifest},
		{"a line that is too long", map[string]string{manifest: rowA + strings.Repeat("x", maxLine+9) + "\n" + rowB}, "data/a data/b", allTags, true, manifest},
		{"a line without end", map[string]string{manifest: rowA + strings.Repeat("x", 4*maxLine) + "\n" + rowB}, "data/a", allTags, true, manifest},
		{"empty", map[string]string{manifest: ""}, "", allTags, true, ""},
		{"missing", map[string]string{manifest: absent}, "", allTags, true, ""},
		{"a damaged tag manifest", map[string]string{tags: sha256A + "  bagit.txt\nx\n"}, "data/a data/b", "bagit.txt", true, tags},
		{"all of them", map[string]string{DeclarationName: "x", InfoName: "x", manifest: "x", tags: "x"}, "", "", false, InfoName + " " + DeclarationName + " " + manifest + " " + tags},
		{"others are passed over", map[string]string{"manifest-md5.txt": "x", "manifest-foo.txt": "x", FetchName: "x"}, "data/a data/b", allTags, true, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b, faults, err := Salvage(ownBag(t, tt.changes))
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, f := range faults {
				names = append(names, f.File)
			}
			slices.Sort(names)
			if got := strings.Join(names, " "); got != tt.faults {
				t.Errorf("faults %v, want of %q", faults, tt.faults)
			}
			if got := paths(b.Payload[SHA256]); got != tt.payload {
				t.Errorf("payload %q, want %q", got, tt.payload)
			}
			if got := paths(b.Tags[SHA256]); got != tt.tags {
				t.Errorf("tag files %q, want %q", got, tt.tags)
			}
			if (b.Oxum != nil) != tt.oxum {
				t.Errorf("Oxum = %v", b.Oxum)
			}
		})
	}
}

// Nothing but regular files is opened.
func TestSalvageOpensRegularFilesOnly(t *testing.T) {
	fsys := ownBag(t, nil)
	fsys["manifest-sha256.txt"] = &fstest.MapFile{Mode: fs.ModeNamedPipe}
	fsys["bag-info.txt"] = &fstest.MapFile{Mode: fs.ModeSymlink, Data: []byte("bagit.txt")}
	b, faults, err := Salvage(fsys)
	if err != nil || len(faults) > 0 || len(b.Payload) > 0 || b.Oxum != nil {
		t.Errorf("Salvage = %+v, %v, %v", b, faults, err)
	}
}

func TestSalvageFails(t *testing.T) {
	broken := errors.New("broken")
	if _, _, err := Salvage(failingFS{ownBag(t, nil), broken}); !errors.Is(err, broken) {
		t.Errorf("Salvage = %v, want %v", err, broken)
	}
}

// failingFS opens no file.
type failingFS struct {
	fstest.MapFS
	err error
}

func (f failingFS) Open(name string) (fs.File, error) {
	if name == "." {
		return f.MapFS.Open(name)
	}
	return nil, f.err
}

// checkSalvage holds what Salvage makes of any tag files against what Read said.
func checkSalvage(t *testing.T, fsys fs.FS, read *Bag) {
	t.Helper()
	b, faults, err := Salvage(fsys)
	if err != nil {
		t.Fatalf("Salvage = %v", err)
	}
	for _, m := range []map[Algorithm][]Entry{b.Payload, b.Tags} {
		for _, e := range m[SHA256] {
			if pathFault(e.Path) != "" || len(e.Sum) != SHA256.HexLen() {
				t.Errorf("accepted %+v", e)
			}
		}
	}
	if read != nil && (len(faults) > 0 || !reflect.DeepEqual(b.Payload, read.Payload) || !reflect.DeepEqual(b.Tags, read.Tags)) {
		t.Errorf("Salvage = %+v, %v, where Read accepts %+v", b, faults, read)
	}
}
