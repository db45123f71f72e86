package bag

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestWriteManifest(t *testing.T) {
	entries := []Entry{{"data/b", sha256B}, {"data/B%41/x", sha256A}, {"data/a.txt", sha256A}}
	given := slices.Clone(entries)
	var out bytes.Buffer
	if err := WriteManifest(&out, Manifest{Algorithm: SHA256}, entries); err != nil {
		t.Fatal(err)
	}
	want := sha256A + "  data/B%2541/x\n" + sha256A + "  data/a.txt\n" + sha256B + "  data/b\n"
	if out.String() != want {
		t.Errorf("WriteManifest = %q, want %q", out.String(), want)
	}
	if !slices.Equal(entries, given) {
		t.Errorf("WriteManifest changed its argument to %v", entries)
	}
}

func TestWriteManifestRefuses(t *testing.T) {
	payload, tag := Manifest{Algorithm: SHA256}, Manifest{Algorithm: SHA256, Tag: true}
	one := func(path string) []Entry { return []Entry{{path, sha256A}} }
	tests := []struct {
		name    string
		m       Manifest
		entries []Entry
		want    string
	}{
		{"outside the payload", payload, one("x"), `writing manifest-sha256.txt: "x": found no data/ before it`},
		{"payload file", tag, one("data/x"), "writing tagmanifest-sha256.txt: "},
		{"tag manifest", tag, one("tagmanifest-sha256.txt"), "the name of a tag manifest"},
		{"traversal", payload, one("data/../x"), `a ".." segment`},
		{"line feed", payload, one("data/a\nb"), "the control character U+000A"},
		{"device", payload, one("data/nul"), "the device name NUL"},
		{"trailing space", payload, one("data/a "), "a space at the end"},
		{"leading space", tag, one(" a"), "a blank at its start"},
		{"no sum", payload, []Entry{{Path: "data/a"}}, `found checksum "", wanted 64 lower-case hex digits`},
		{"short sum", payload, []Entry{{"data/a", md5A}}, "64 lower-case hex digits"},
		{"upper case", payload, []Entry{{"data/a", strings.ToUpper(sha256A)}}, "lower-case hex"},
		{"no hex", payload, []Entry{{"data/a", "g" + sha256A[1:]}}, "lower-case hex"},
		{"twice", payload, []Entry{{"data/a", sha256A}, {"data/a", sha256A}}, `found "data/a" and "data/a", which are the same`},
		{"case twins", payload, []Entry{{"data/a", sha256A}, {"data/A", sha256A}}, "which differ only in case"},
		{"file and folder", payload, []Entry{{"data/a", sha256A}, {"data/a/b", sha256A}}, "both a file and a folder"},
		{"long line", payload, one("data" + strings.Repeat("/"+strings.Repeat("%", 200), 100)), "wanted at most 32 KiB"},
		{"unknown algorithm", Manifest{Algorithm: "crc32"}, nil, "an unknown checksum algorithm"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			err := WriteManifest(&out, tt.m, tt.entries)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("WriteManifest = %v, want %q", err, tt.want)
			}
			if out.Len() > 0 {
				t.Errorf("WriteManifest wrote %q before it refused", out.String())
			}
		})
	}
}

// A manifest that is too large to read back is not written.
func TestWriteManifestTooLarge(t *testing.T) {
	rows := kitRows(3000)
	for i := range rows {
		rows[i].Path += strings.Repeat("/"+strings.Repeat("x", 200), 130)
	}
	err := WriteManifest(failingWriter{}, Manifest{Algorithm: SHA256}, rows)
	if err == nil || !strings.Contains(err.Error(), "wanted at most 64 MiB") {
		t.Errorf("WriteManifest = %v, want a refusal of more than 64 MiB", err)
	}
	err = WriteManifest(failingWriter{}, Manifest{Algorithm: SHA256}, make([]Entry, maxLines+1))
	if err == nil || !strings.Contains(err.Error(), "wanted at most 1000000") {
		t.Errorf("WriteManifest = %v, want a refusal of more than 1000000 rows", err)
	}
}

var errDisk = errors.New("disk gone")

// failingWriter takes n bytes.
type failingWriter struct{ n int }

func (w failingWriter) Write(p []byte) (int, error) {
	if len(p) > w.n {
		return w.n, errDisk
	}
	return len(p), nil
}

func TestWritersReportFailures(t *testing.T) {
	tests := []struct {
		name  string
		write func() error
	}{
		{"manifest at the end", func() error { return WriteManifest(failingWriter{}, Manifest{Algorithm: SHA256}, kitRows(3)) }},
		{"manifest on the way", func() error { return WriteManifest(failingWriter{100}, Manifest{Algorithm: SHA256}, kitRows(5000)) }},
		{"info", func() error { return WriteInfo(failingWriter{}, []Field{{"A", "b"}}) }},
		{"declaration", func() error { return WriteDeclaration(failingWriter{}) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := tt.write(); !errors.Is(err, errDisk) {
				t.Errorf("error = %v, want %v", err, errDisk)
			}
		})
	}
}
