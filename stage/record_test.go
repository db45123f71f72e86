package stage

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// recorded stages the kit with the options and reads the whole record.
func recorded(t *testing.T, o Options) (rec Release, text string) {
	t.Helper()
	dir := t.TempDir()
	res := mustStage(t, dir, source(kit()), o)
	b, err := os.ReadFile(filepath.Join(dir, res.Release.Name, releaseFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := decode(releaseFile, b, releaseFormat, releaseVersion, &rec); err != nil {
		t.Fatal(err)
	}
	read, err := At(dir).Release(res.Release.Name)
	if err != nil {
		t.Fatalf("reading the record without its list of files: %v", err)
	}
	res.Release.Files, read.Files, rec.Files = nil, nil, rec.Files[:len(rec.Files):len(rec.Files)]
	if diff := cmp.Diff(res.Release, read); diff != "" {
		t.Errorf("the record (-returned +read):\n%s", diff)
	}
	return rec, string(b)
}

// signedKit is a checker for which .exe files are programs signed as given.
func signedKit(facts Facts) Checker {
	return checkerFunc{inspect: func(p string, _ io.ReaderAt, _ int64) (Facts, error) {
		if strings.HasSuffix(p, ".exe") {
			return facts, nil
		}
		return Facts{}, nil
	}}
}

func TestRecordOfSignatures(t *testing.T) {
	at := time.Date(2024, 4, 1, 23, 5, 6, 7, time.FixedZone("", 3600))
	tests := []struct {
		name  string
		facts Facts
		want  InventoryFile
	}{
		{"nobody looked", Facts{Machine: "amd64"}, InventoryFile{Machine: "amd64", Signature: NotChecked}},
		{"unsigned", Facts{Machine: "x86", Signature: "unsigned"}, InventoryFile{Machine: "x86", Signature: "unsigned"}},
		{
			"signed", Facts{Machine: "x86", Signature: "valid", Signer: "Microsoft Windows Kits Publisher", SignedAt: at},
			InventoryFile{Machine: "x86", Signature: "valid", Signer: "Microsoft Windows Kits Publisher", SignedAt: time.Date(2024, 4, 1, 22, 5, 6, 0, time.UTC)},
		},
		{
			"a signer without end", Facts{Machine: "x86", Signature: "untrusted", Signer: strings.Repeat("ü", 1<<20)},
			InventoryFile{Machine: "x86", Signature: "untrusted", Signer: strings.Repeat("ü", 126) + "…"},
		},
		{"no program", Facts{}, InventoryFile{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := options()
			o.Checker = signedKit(tt.facts)
			o.Validation = func() Validation { return Validation{Signatures: map[string]int{"valid": 99}} }
			rec, text := recorded(t, o)
			programs := 0
			for _, f := range rec.Files {
				want := InventoryFile{Path: f.Path, Size: f.Size, SHA256: f.SHA256}
				if strings.HasSuffix(f.Path, ".exe") {
					programs++
					want = tt.want
					want.Path, want.Size, want.SHA256 = f.Path, f.Size, f.SHA256
				}
				if f != want {
					t.Errorf("inventory of %s = %+v, want %+v", f.Path, f, want)
				}
			}
			counts := map[string]int{}
			if tt.want.Signature != "" {
				counts[tt.want.Signature] = programs
			}
			if diff := cmp.Diff(counts, rec.Validation.Signatures); diff != "" || programs == 0 {
				t.Errorf("counts of %d programs (-want +got):\n%s", programs, diff)
			}
			if strings.Contains(text, "signed_at") != !tt.facts.SignedAt.IsZero() {
				t.Errorf("a time that nobody knows is written, or one is not:\n%s", text)
			}
		})
	}
}

func TestRecordOfValidation(t *testing.T) {
	o := options()
	o.Evidence = []Evidence{{"file-version", "10.0.1.2", "amd64/scanstate.exe"}}
	finished := false
	o.Checker = checkerFunc{finish: func() error { finished = true; return nil }}
	o.Validation = func() Validation {
		if !finished {
			t.Error("asked for the judgement before the check was over")
		}
		return Validation{
			Rules: "r1", Strict: true, Findings: FindingCounts{Warning: 2, Info: 1}, NotChecked: []string{"x"},
			Inventory: []Compared{{"amd64", "own", 3, 2, 1}},
			MSIs:      []MSI{{Name: strings.Repeat("x", 70_000), SHA256: "ab", Signer: "Publisher", Files: 7}},
		}
	}
	rec, text := recorded(t, o)
	want := &Validation{
		Rules: "r1", Strict: true, Findings: FindingCounts{Warning: 2, Info: 1}, NotChecked: []string{"x"},
		Inventory: []Compared{{"amd64", "own", 3, 2, 1}}, Signatures: map[string]int{},
		MSIs: []MSI{{Name: clip(strings.Repeat("x", 70_000)), SHA256: "ab", Signer: "Publisher", Files: 7}},
	}
	if diff := cmp.Diff(want, rec.Validation); diff != "" {
		t.Errorf("validation (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(o.Evidence, rec.Evidence); diff != "" {
		t.Errorf("evidence (-want +got):\n%s", diff)
	}
	if strings.Index(text, `"validation"`) > strings.Index(text, filesKey) || !strings.Contains(text, `"version": 4,`) {
		t.Errorf("record:\n%s", text)
	}

	rec, text = recorded(t, options())
	if rec.Validation != nil || !strings.Contains(text, `"validation": null`) || !strings.Contains(text, `"evidence": []`) {
		t.Errorf("where nobody judged, the record says %+v:\n%s", rec.Validation, text)
	}
}

func TestRecordStaysReadableWhateverTheSourceSays(t *testing.T) {
	o := options()
	for range 1000 {
		o.Evidence = append(o.Evidence, Evidence{"uninstall-entry", strings.Repeat("\x01", 70_000), strings.Repeat("é", 70_000)})
	}
	o.Checker = checkerFunc{finish: func() error { return nil }}
	o.Validation = func() Validation {
		return Validation{MSIs: slices.Repeat([]MSI{{Signer: strings.Repeat("\x01", 70_000)}}, 1000)}
	}
	rec, _ := recorded(t, o)
	if n := len(rec.Evidence); n != maxEvidence || len(rec.Evidence[0].Value) > maxText || !strings.HasSuffix(rec.Evidence[0].Where, "é…") {
		t.Errorf("%d pieces of evidence, the first %+v", n, rec.Evidence[0])
	}
	if n := len(rec.Validation.MSIs); n != maxMSIs || len(rec.Validation.MSIs[0].Signer) > maxText {
		t.Errorf("%d MSIs, the first %+v", n, rec.Validation.MSIs[0])
	}

	src := source(kit())
	src.Origin.Path = strings.Repeat("x", maxHead)
	dir := t.TempDir()
	if _, err := stageInto(t, dir, src, options()); err == nil || !strings.Contains(err.Error(), "before its list of files") {
		t.Errorf("a record that nobody could read: %v", err)
	}
	wantEmpty(t, dir)
}

// plainRecord is the least that a record can have.
const plainRecord = `{
  "format": "usmtpkg release",
  "version": 4,
  "library": "00112233445566778899aabbccddeeff",
  "release": "10.0.1.2-0123456789ab",
  "digest": "0123456789ab0000000000000000000000000000000000000000000000000000",
  "usmt_version": "10.0.1.2",
  "arches": [
    "amd64"
  ],
  "source": {
    "path": "kit",
    "how": "named"
  },
  "tool": "usmtpkg devel",
  "created": "2026-11-01T10:00:00Z",
  "verify": {
    "requested": "reread",
    "used": "reread"
  },
  "durability": "syncfs",
  "file_count": 1,
  "bytes": 3,
  "files": [
    {"path":"amd64/scanstate.exe","size":3,"sha256":"00","machine":"amd64","signature":"not-checked"}
  ]
}
`

// recordWith is a record with a key more.
func recordWith(key string) string {
	return strings.Replace(plainRecord, `"version": 4,`, `"version": 4, "evidence": [], "validation": null, `+key, 1)
}

func overlayOf(path string, size int, from string) string {
	return fmt.Sprintf(`"overlay": [{"path": "%s", "size": %d, "sha256": "%s", "from": "%s", "replaces": false}],`, path, size, strings.Repeat("cafe", 16), from)
}

func TestReadRecords(t *testing.T) {
	const name = "10.0.1.2-0123456789ab"
	tests := []struct {
		name   string
		record string
		want   string // in the error; empty: it is read
	}{
		{"as it is", plainRecord, ""},
		{"version 3", strings.Replace(plainRecord, `"version": 4`, `"version": 3`, 1), `version 3 of "usmtpkg release", which was never released; this usmtpkg reads version 4`},
		{"version 5", strings.Replace(plainRecord, `"version": 4`, `"version": 5`, 1), `version 5 of "usmtpkg release", and this usmtpkg reads version 4`},
		{"no catalogs", recordWith(`"catalogs": [],`), ""},
		{"an unknown key", strings.Replace(plainRecord, `"tool"`, `"colour": 1, "tool"`, 1), `unknown field "colour"`},
		{"a content hash that is none", recordWith(`"content_hash": {"algorithm": 32780, "value": "AB", "predicted": true, "doubts": []},`), `content_hash: found algorithm 32780, value "AB", predicted true, wanted `},
		{"one that claims to be proven", recordWith(`"content_hash": {"algorithm": 32780, "value": "` + strings.Repeat("AB", 32) + `", "predicted": false, "doubts": []},`), "predicted false, wanted algorithm 32780"},
		{"no overlay", recordWith(`"overlay": [],`), ""},
		{"an overlay", recordWith(overlayOf("amd64/a.xml", 1, "custom/a.xml")), ""},
		{"an overlay's path out of the release", recordWith(overlayOf("../a.xml", 1, "custom/a.xml")), "overlay[0]: path"},
		{"an overlay's path with a line break", recordWith(overlayOf("amd64/a.xml\\nb", 1, "custom/a.xml")), "overlay[0]: path"},
		{"an overlay's name with an escape", recordWith(overlayOf("amd64/a.xml", 1, "custom/\\u001b[2Ja.xml")), "no control characters"},
		{"an overlay's size", recordWith(overlayOf("amd64/a.xml", -1, "custom/a.xml")), "overlay[0]: size -1"},
		{"an overlay's sum", strings.Replace(recordWith(overlayOf("amd64/a.xml", 1, "custom/a.xml")), "cafe", "CAFE", 1), "overlay[0]: size 1, sha256"},
	}
	for name, digest := range map[string]string{
		"empty": "", "too short": "0123456789ab", "too long": strings.Repeat("0", 65), "upper case": strings.Repeat("AB", 32), "not hexadecimal": strings.Repeat("xy", 32),
	} {
		tests = append(tests, struct{ name, record, want string }{"a digest that is " + name,
			strings.Replace(plainRecord, "0123456789ab"+strings.Repeat("0", 52), digest, 1), "wanted 64 hex digits"})
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if !json.Valid([]byte(tt.record)) {
				t.Fatal("the test's record is no JSON")
			}
			dir := t.TempDir()
			if err := os.Mkdir(filepath.Join(dir, name), 0o777); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(dir, name, releaseFile), tt.record)
			rec, err := At(dir).Release(name)
			if tt.want == "" {
				if err != nil || rec.Validation != nil || rec.FileCount != 1 {
					t.Fatalf("Release = %+v, %v", rec, err)
				}
				return
			}
			if broken := (*FormatError)(nil); !errors.As(err, &broken) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Release = %v, want %q", err, tt.want)
			}
		})
	}
}
