package pkgdef

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

const sampleDigest = "3f9a1c2b7d04e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e"

// sample returns a valid definition of a release that does not exist.
func sample(t *testing.T) Definition {
	t.Helper()
	d := Defaults(Definition{
		Release:     "10.0.65000.1-3f9a1c2b7d04",
		Digest:      sampleDigest,
		USMTVersion: "10.0.65000.1",
		Arches:      []string{"amd64", "arm64", "x86"},
		PackagePath: `\\cm01.contoso.com\Sources$\OSD\USMT\10.0.65000.1-3f9a1c2b7d04\data`,
	})
	if err := d.Validate(); err != nil {
		t.Fatalf("the sample is not valid: %v", err)
	}
	return d
}

// golden compares got with testdata/name.golden, or rewrites it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (-want +got); rewrite it with -update\n%s", file, diff)
	}
}

func TestDefaults(t *testing.T) {
	got := sample(t)
	want := Definition{
		Name: "User State Migration Tool", Manufacturer: "Microsoft Corporation", Version: "10.0.65000.1",
		Language: "English", Program: ProgramPlaceholder,
		Comment: "USMT 10.0.65000.1 (amd64, arm64, x86), release 10.0.65000.1-3f9a1c2b7d04",
		Release: got.Release, Digest: got.Digest, USMTVersion: got.USMTVersion, Arches: got.Arches, PackagePath: got.PackagePath,
		Settings: DefaultSettings(),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Defaults (-want +got):\n%s", diff)
	}
	set := Definition{
		Name: "a", Manufacturer: "b", Version: "c", Language: "d", Comment: "e", Program: ProgramNone,
		Release: "f", USMTVersion: "g", Settings: oddSettings(),
	}
	if got := Defaults(set); !reflect.DeepEqual(got, set) {
		t.Errorf("Defaults = %+v, want %+v: what is set stays", got, set)
	}
}

// The longest comment that Defaults can make must fit.
func TestDefaultCommentFits(t *testing.T) {
	d := sample(t)
	d.USMTVersion, d.Release, d.Comment = "65535.65535.65535.65535", "65535.65535.65535.65535-3f9a1c2b7d04", ""
	if err := Defaults(d).Validate(); err != nil {
		t.Errorf("Validate = %v, want nil", err)
	}
}

func TestValidate(t *testing.T) {
	long := func(n int) string { return strings.Repeat("x", n) }
	tests := []struct {
		name string
		edit func(*Definition)
		want string // what the error says; "" for none
	}{
		{"name at the limit", func(d *Definition) { d.Name = long(50) }, ""},
		{"name too long", func(d *Definition) { d.Name = long(51) }, "name: is 51 characters long, at most 50 are allowed"},
		{"manufacturer at the limit", func(d *Definition) { d.Manufacturer = long(32) }, ""},
		{"manufacturer too long", func(d *Definition) { d.Manufacturer = long(33) }, "manufacturer: is 33 characters long, at most 32 are allowed"},
		{"version at the limit", func(d *Definition) { d.Version = long(32) }, ""},
		{"version too long", func(d *Definition) { d.Version = long(33) }, "version: is 33 characters long, at most 32 are allowed"},
		{"language at the limit", func(d *Definition) { d.Language = long(32) }, ""},
		{"language too long", func(d *Definition) { d.Language = long(33) }, "language: is 33 characters long, at most 32 are allowed"},
		{"comment at the limit", func(d *Definition) { d.Comment = long(127) }, ""},
		{"comment too long", func(d *Definition) { d.Comment = long(128) }, "comment: is 128 characters long, at most 127 are allowed"},
		{"no name", func(d *Definition) { d.Name = "" }, "name: is empty"},
		{"line break", func(d *Definition) { d.Name = "a\r\n[PDF]" }, "name: character 2 is U+000D, wanted printable ASCII"},
		{"umlaut", func(d *Definition) { d.Manufacturer = "Müller" }, "manufacturer: character 2 is U+00FC, wanted printable ASCII"},
		{"not UTF-8", func(d *Definition) { d.Comment = "a\xff" }, "comment: character 2 is U+FFFD, wanted printable ASCII"},
		{"delete character", func(d *Definition) { d.Comment = "a\x7f" }, "comment: character 2 is U+007F, wanted printable ASCII"},
		{"blank before", func(d *Definition) { d.Language = " English" }, `language: " English" begins or ends with a blank`},
		{"blank after", func(d *Definition) { d.Language = "English " }, `language: "English " begins or ends with a blank`},
		{"quoted", func(d *Definition) { d.Name = `"USMT"` }, `name: "\"USMT\"" begins with a quotation mark, which INI readers take away`},
		{"quoted singly", func(d *Definition) { d.Name = `'USMT'` }, `name: "'USMT'" begins with a quotation mark, which INI readers take away`},
		{"quotation mark inside", func(d *Definition) { d.Name = `Contoso's "USMT"` }, ""},
		{"brackets and equals sign", func(d *Definition) { d.Name = `[x]=y;#` }, ""},
		{"program", func(d *Definition) { d.Program = "all" }, `program: found "all", wanted "placeholder" or "none"`},
		{"no program", func(d *Definition) { d.Program = ProgramNone }, ""},

		{"digest in capitals", func(d *Definition) { d.Digest = strings.ToUpper(d.Digest) }, "wanted 64 lower-case hex digits"},
		{"digest too short", func(d *Definition) { d.Digest = d.Digest[:63] }, "wanted 64 lower-case hex digits"},
		{"digest with a line break", func(d *Definition) { d.Digest += "\n" }, "wanted 64 lower-case hex digits"},
		{"release of another digest", func(d *Definition) { d.Release = "10.0.65000.1-000000000000" }, `release: found "10.0.65000.1-000000000000", wanted "10.0.65000.1-3f9a1c2b7d04"`},
		{"release of another version", func(d *Definition) { d.USMTVersion = "10.0.65000.2" }, `wanted "10.0.65000.2-3f9a1c2b7d04"`},
		{"version of three numbers", func(d *Definition) { d.USMTVersion = "10.0.1" }, `USMT version: found "10.0.1", wanted four numbers`},
		{"version number too big", func(d *Definition) { d.USMTVersion = "10.0.65536.1" }, `USMT version: found "10.0.65536.1", wanted four numbers`},
		{"no arch", func(d *Definition) { d.Arches = nil }, "arches: found none, wanted at least one"},
		{"unknown arch", func(d *Definition) { d.Arches = []string{"ia64"} }, `arches: found "ia64", wanted amd64, arm64 or x86`},
		{"arch twice", func(d *Definition) { d.Arches = []string{"amd64", "amd64"} }, "wanted them sorted and each once"},
		{"arches unsorted", func(d *Definition) { d.Arches = []string{"x86", "amd64"} }, "wanted them sorted and each once"},
		{"one arch", func(d *Definition) { d.Arches = []string{"amd64"} }, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := sample(t)
			tt.edit(&d)
			checkError(t, d.Validate(), tt.want)
		})
	}
}

// checkError wants a *FieldError that says want, or no error if want is empty.
func checkError(t *testing.T, err error, want string) {
	t.Helper()
	if want == "" {
		if err != nil {
			t.Errorf("Validate = %q, want nil", err)
		}
		return
	}
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Fatalf("Validate = %v, want %q", err, want)
	}
	if fe := new(FieldError); !errors.As(err, &fe) {
		t.Errorf("Validate = %T, want a *FieldError in it", err)
	}
}

func TestValidateReportsAll(t *testing.T) {
	d := sample(t)
	d.Name, d.Language, d.Digest, d.PackagePath = "", "\t", "no", "no"
	err := d.Validate()
	for _, field := range []string{"name:", "language:", "digest:", "package path:"} {
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("Validate = %v, want %q in it", err, field)
		}
	}
}

// Nothing may be written of a definition that is not valid.
func TestWritersRefuse(t *testing.T) {
	d := sample(t)
	d.Name = "a\r\nb"
	var b bytes.Buffer
	for name, err := range map[string]error{
		"WriteSMS": WriteSMS(&b, d), "WriteJSON": WriteJSON(&b, d), "WriteScript": WriteScript(&b, PublishScript, d),
	} {
		if fe := new(FieldError); !errors.As(err, &fe) || fe.Field != "name" {
			t.Errorf("%s = %v, want a *FieldError of the name", name, err)
		}
	}
	if b.Len() != 0 {
		t.Errorf("%d bytes were written, want none", b.Len())
	}
}

type brokenWriter struct{}

var errDisk = errors.New("the disk is full")

func (brokenWriter) Write([]byte) (int, error) { return 0, errDisk }

func TestWritersReportIO(t *testing.T) {
	d := sample(t)
	for name, err := range map[string]error{
		"WriteSMS":    WriteSMS(brokenWriter{}, d),
		"WriteJSON":   WriteJSON(brokenWriter{}, d),
		"WriteScript": WriteScript(brokenWriter{}, PublishScript, d),
	} {
		if !errors.Is(err, errDisk) {
			t.Errorf("%s = %v, want %v", name, err, errDisk)
		}
	}
}
