package pkgdef

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

func jsonOf(t *testing.T, d Definition) string {
	t.Helper()
	var b bytes.Buffer
	if err := WriteJSON(&b, d); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestWriteJSONGolden(t *testing.T) {
	d := sample(t)
	d.Name = `Contoso's "USMT" <&>`
	golden(t, "package.json", []byte(jsonOf(t, d)))
}

func TestJSONRoundTrip(t *testing.T) {
	tests := []struct {
		name string
		edit func(*Definition)
	}{
		{"defaults", func(*Definition) {}},
		{"no program", func(d *Definition) { d.Program = ProgramNone }},
		{"other letters", func(d *Definition) { d.PackagePath = `\\srv\Größe\’données‘\data` }},
		{"characters that HTML escapes", func(d *Definition) { d.Comment = `<a & "b"> \ '` }},
		{"one arch", func(d *Definition) { d.Arches = []string{"amd64"} }},
		{"content hash", func(d *Definition) { d.ContentHash = strings.Repeat("0A", 32) }},
		{"settings", func(d *Definition) { d.Settings = oddSettings() }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := sample(t)
			tt.edit(&want)
			text := jsonOf(t, want)
			if !json.Valid([]byte(text)) || !strings.HasSuffix(text, "}\n") || strings.Contains(text, `\u00`) {
				t.Errorf("%s is not JSON, has no final line end or escapes for HTML", text)
			}
			for _, form := range []string{text, strings.ReplaceAll(text, "\n", "\r\n"), compacted(t, text)} {
				got, err := ParseJSON(strings.NewReader(form))
				if err != nil || !cmp.Equal(want, got) {
					t.Errorf("ParseJSON = %+v, %v, want %+v", got, err, want)
				}
			}
		})
	}
}

func compacted(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, []byte(text)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestParseJSONRefuses(t *testing.T) {
	replace := func(from, to string) func(string) string {
		return func(s string) string { return strings.Replace(s, from, to, 1) }
	}
	tests := []struct {
		name string
		edit func(string) string
		want string
	}{
		{"later version", replace(`"version": 2,`, `"version": 3, "more": true,`), `found format "usmtpkg package definition", version 3, want`},
		{"no version", replace(`"version": 2,`, ``), "version 0, want"},
		{"version as text", replace(`"version": 2,`, `"version": "1",`), "cannot unmarshal"},
		{"other format", replace("package definition", "release"), `found format "usmtpkg release", version 2, want`},
		{"unknown key", replace(`"release"`, `"more": 1, "release"`), `unknown field "more"`},
		{"unknown key of the package", replace(`"name"`, `"more": 1, "name"`), `unknown field "more"`},
		{"key in another case", replace(`"release"`, `"Release"`), "line 4: found Release, wanted release"},
		{"key twice", replace(`"name"`, `"name": "x", "name"`), "found x, wanted User State Migration Tool"},
		{"key twice, equal", replace(`"program"`, `"program": "placeholder", "program"`), "found program, wanted source_path"},
		{"key missing", replace(`"comment": "USMT 10.0.65000.1 (amd64, arm64, x86), release 10.0.65000.1-3f9a1c2b7d04",`, ``), "found program, wanted comment"},
		{"keys swapped", replace(`"language": "English",`, ``), "wanted language"},
		{"null", replace(`"English"`, `null`), "found <nil>, wanted "},
		{"arches null", func(s string) string { return s[:strings.Index(s, "[")] + "null" + s[strings.Index(s, "]")+1:] }, "arches: found none, wanted at least one"},
		{"version 1", replace(`"version": 2,`, `"version": 1,`), `version 1, wanted "usmtpkg package definition", version 2`},
		{"setting in another case", replace(`"smpRetryCount"`, `"smpretrycount"`), "found smpretrycount, wanted smpRetryCount"},
		{"unknown setting", replace(`"smpRetryCount"`, `"more": 1, "smpRetryCount"`), `unknown field "more"`},
		{"list null", replace(`"taskSequences": []`, `"taskSequences": null`), "found <nil>, wanted ["},
		{"setting out of range", replace(`"smpRetryCount": 3`, `"smpRetryCount": 31`), "stateStore.smpRetryCount: found 31, wanted 0 to 30 times"},
		{"content hash", replace(`"content_hash": ""`, `"content_hash": "ab"`), `content hash: found "ab", wanted 64 upper-case hex`},
		{"value not valid", replace(`"English"`, `""`), "language: is empty"},
		{"release of another digest", replace(`-3f9a1c2b7d04",`, `-000000000000",`), "release: found"},
		{"text behind", func(s string) string { return s + "{}" }, "after top-level value"},
		{"cut off", func(s string) string { return s[:len(s)-3] }, "unexpected end"},
		{"empty", func(string) string { return "" }, "unexpected end"},
		{"byte order mark", func(s string) string { return bom + s }, "invalid character"},
		{"not UTF-8", replace("English", "\xff"), "is not UTF-8"},
		{"too big", func(s string) string { return s + strings.Repeat(" ", MaxJSON) }, "more than 2097152 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, err := ParseJSON(strings.NewReader(tt.edit(jsonOf(t, sample(t)))))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("ParseJSON = %v, want %q", err, tt.want)
			}
			if !cmp.Equal(d, Definition{}) {
				t.Errorf("ParseJSON = %+v with an error, want nothing", d)
			}
		})
	}
}

func TestParseJSONReportsIO(t *testing.T) {
	if _, err := ParseJSON(iotest.ErrReader(errDisk)); !errors.Is(err, errDisk) {
		t.Errorf("ParseJSON = %v, want %v", err, errDisk)
	}
}

func FuzzParseJSON(f *testing.F) {
	f.Add(`{}`)
	f.Add(`{"format": "usmtpkg package definition", "version": 1}`)
	f.Add(`{"format":"usmtpkg package definition","version":1,"release":"10.0.65000.1-3f9a1c2b7d04","digest":"` + sampleDigest +
		`","usmt_version":"10.0.65000.1","arches":["amd64"],"package":{"name":"a","manufacturer":"b","version":"c","language":"d",` +
		`"comment":"e","program":"none","source_path":"D:\\USMT\\data"}}`)
	f.Fuzz(func(t *testing.T, text string) {
		d, err := ParseJSON(strings.NewReader(text))
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := WriteJSON(&b, d); err != nil {
			t.Fatalf("WriteJSON refuses what ParseJSON accepts: %v", err)
		}
		again, err := ParseJSON(&b)
		if err != nil || !cmp.Equal(d, again) {
			t.Fatalf("ParseJSON = %+v, %v, want %+v", again, err, d)
		}
	})
}
