package attest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// sample is the statement in testdata/sample.intoto.json.
func sample() Statement {
	return Statement{
		Subjects: []Subject{
			{"manifest-sha256.txt", strings.Repeat("0123456789abcdef", 4)},
			{"data/amd64/scanstate.exe", strings.Repeat("ab", 32)},
			{"data/amd64/dlmanifests/ü <&>.man", strings.Repeat("00", 32)},
		},
		Predicate: json.RawMessage(`{"release":"10.0.1.2-0123456789ab","validation":{"rules":"r"}}`),
	}
}

func fixture(tb testing.TB, name string) []byte {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// compact is the predicate without white space.
func compact(tb testing.TB, s Statement) Statement {
	tb.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, s.Predicate); err != nil {
		tb.Fatal(err)
	}
	s.Predicate = b.Bytes()
	return s
}

func TestWriteGolden(t *testing.T) {
	var b bytes.Buffer
	if err := Write(&b, sample()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(fixture(t, "sample.intoto.json")), b.String()); diff != "" {
		t.Errorf("Write (-want +got):\n%s", diff)
	}
	got, err := Parse(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sample(), compact(t, got)); diff != "" {
		t.Errorf("Parse (-want +got):\n%s", diff)
	}
}

// replaced is the sample with one text replaced by another.
func replaced(tb testing.TB, old, with string) []byte {
	tb.Helper()
	b := fixture(tb, "sample.intoto.json")
	if bytes.Count(b, []byte(old)) == 0 {
		tb.Fatalf("the sample has no %s", old)
	}
	return bytes.Replace(b, []byte(old), []byte(with), 1)
}

func TestParseToleratesWhatIntotoAllows(t *testing.T) {
	tests := []struct {
		name string
		text []byte
	}{
		{"unknown keys", replaced(t, `"_type"`, `"x": [1, {"y": null}], "_type"`)},
		{"keys that differ in case are other keys", replaced(t, `"_type"`, `"_TYPE": 1, "Subject": 2, "_type"`)},
		{"fields of a subject", replaced(t, `{"name"`, `{"uri":"pkg:x","annotations":{"a":1},"name"`)},
		{"other digests", replaced(t, `"sha256"`, `"sha512":7,"sha256"`)},
		{"escapes", replaced(t, `"_type"`, `"\u005ftype"`)},
		{"other white space", bytes.ReplaceAll(fixture(t, "sample.intoto.json"), []byte("\n"), []byte("\r\n\t"))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Parse(tt.text)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(sample(), compact(t, got)); diff != "" {
				t.Errorf("Parse (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	const digest = `"digest":{"sha256":"abababababababababababababababababababababababababababababababab"}`
	tests := []struct {
		name string
		text []byte
		want string
	}{
		{"nothing", nil, "statement: found nothing, wanted an object"},
		{"a list", []byte("[]"), "statement: found a list, wanted an object"},
		{"a byte order mark", append([]byte("\ufeff"), fixture(t, "sample.intoto.json")...), "statement: found"},
		{"not UTF-8", replaced(t, "ü", "\xfc"), "bytes that are not UTF-8"},
		{"cut", fixture(t, "sample.intoto.json")[:300], "unexpected EOF"},
		{"two documents", replaced(t, "  }\n}\n", "  }\n}\n{}"), "more after its end"},
		{"garbage behind it", replaced(t, "  }\n}\n", "  }\n}\nx"), "more after its end"},
		{"a key twice", replaced(t, `"predicateType"`, `"subject": [], "predicateType"`), `key "subject" twice`},
		{"a key twice, escaped", replaced(t, `"predicateType"`, `"subjec\u0074": [], "predicateType"`), `key "subject" twice`},
		{"a key of a digest twice", replaced(t, `{"sha256":"abab`, `{"sha256":"00","sha256":"abab`), `statement."subject"[1]."digest": found key "sha256" twice`},
		{"a key of the predicate twice", replaced(t, `"rules": "r"`, `"rules": "r", "rules": "s"`), `key "rules" twice`},
		{"no type", replaced(t, `"_type"`, `"type"`), "_type: found nothing, wanted a string"},
		{"a type of another kind", replaced(t, `"https://in-toto.io/Statement/v1"`, `1`), "_type: found a number, wanted a string"},
		{"another type", replaced(t, "Statement/v1", "Statement/v0.1"), `_type: found "https://in-toto.io/Statement/v0.1", wanted "https://in-toto.io/Statement/v1"`},
		{"another predicate", replaced(t, "validation/v1", "validation/v2"), `predicateType: found "https://usmtpkg.example/predicate/validation/v2"`},
		{"no predicate", replaced(t, `"predicate":`, `"predicates":`), "predicate: found nothing, wanted an object"},
		{"a predicate of another kind", replaced(t, `"predicate": {`, `"predicate": true, "x": {`), "predicate: found a boolean, wanted an object"},
		{"no subject", replaced(t, `"subject"`, `"subjects"`), "subject: found nothing, wanted a list"},
		{"null for subjects", replaced(t, `"subject": [`, `"subject": null, "x": [`), "subject: found null, wanted a list"},
		{"an object for subjects", replaced(t, `"subject": [`, `"subject": {}, "x": [`), "subject: found an object, wanted a list"},
		{"no subjects", replaced(t, `"subject": [`, `"subject": [], "x": [`), "subject: found an empty list, wanted at least one subject"},
		{"a subject of another kind", replaced(t, `{"name":"manifest`, `7, {"name":"manifest`), "subject[0]: found a number, wanted an object"},
		{"a subject without a name", replaced(t, `"name":"data/amd64/scanstate.exe",`, ""), "subject[1].name: found nothing, wanted a string"},
		{"a name of another kind", replaced(t, `"data/amd64/scanstate.exe"`, "[]"), "subject[1].name: found a list, wanted a string"},
		{"a subject without a digest", replaced(t, digest, `"x":1`), "subject[1].digest: found nothing, wanted an object"},
		{"a digest without sha256", replaced(t, `{"sha256":"abab`, `{"sha1":"abab`), "subject[1].digest.sha256: found nothing, wanted a string"},
		{"a short digest", replaced(t, `"abab`, `"ab`), "subject[1].digest.sha256: found"},
		{"a digest in capitals", replaced(t, `"abab`, `"ABab`), "64 lower-case hex digits"},
		{"a name twice", replaced(t, "data/amd64/scanstate.exe", "manifest-sha256.txt"), `subject[1].name: found "manifest-sha256.txt" again, first in subject[0]`},
		{"a name that leads out", replaced(t, "data/amd64/scanstate.exe", "../scanstate.exe"), "wanted a relative path"},
		{"an absolute name", replaced(t, "data/amd64/scanstate.exe", "/scanstate.exe"), "wanted a relative path"},
		{"a backslash", replaced(t, "data/amd64/scanstate.exe", `data\\scanstate.exe`), "wanted a relative path"},
		{"an empty name", replaced(t, "data/amd64/scanstate.exe", ""), "wanted a relative path"},
		{"the release itself", replaced(t, "data/amd64/scanstate.exe", "."), "wanted a relative path"},
		{"a name that writes on the terminal", replaced(t, "data/amd64/scanstate.exe", `\u001b[2J`), `subject[1].name: found "\x1b[2J"`},
		{"too deep", replaced(t, `"rules": "r"`, `"rules": `+strings.Repeat("[", 100)+strings.Repeat("]", 100)), "more than 64 levels"},
		{"too many keys", replaced(t, `"rules": "r"`, manyKeys()), "more than 10000 keys"},
		{"too many items", replaced(t, `"rules": "r"`, `"rules": [0`+strings.Repeat(",0", maxItems)+"]"), "more than 1000000 items"},
		{"too long", bytes.Repeat([]byte(" "), MaxStatement+1), "more than 67108864 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse(tt.text)
			if syntax := (*SyntaxError)(nil); !errors.As(err, &syntax) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Parse = %v, want %q", err, tt.want)
			}
		})
	}
}

func manyKeys() string {
	var b strings.Builder
	for i := range maxKeys {
		fmt.Fprintf(&b, `"k%d":0,`, i)
	}
	return b.String() + `"x":0`
}

func TestWriteRefuses(t *testing.T) {
	tests := []struct {
		name   string
		change func(s *Statement)
		want   string
	}{
		{"no subjects", func(s *Statement) { s.Subjects = nil }, "at least one subject"},
		{"a bad digest", func(s *Statement) { s.Subjects[2].SHA256 = "x" }, "subject[2].digest.sha256"},
		{"a name twice", func(s *Statement) { s.Subjects[2].Name = s.Subjects[0].Name }, "every subject once"},
		{"a name that is not UTF-8", func(s *Statement) { s.Subjects[2].Name = "\xff" }, "wanted a relative path"},
		{"no predicate", func(s *Statement) { s.Predicate = nil }, "predicate: found nothing"},
		{"a predicate that is two", func(s *Statement) { s.Predicate = json.RawMessage("{}{}") }, "more after its end"},
		{"too long", func(s *Statement) {
			for i := range 10 {
				s.Subjects = append(s.Subjects, Subject{strings.Repeat(string(rune('a'+i)), MaxStatement/10), s.Subjects[0].SHA256})
			}
		}, "wanted at most 67108864"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := sample()
			tt.change(&s)
			if err := Write(&bytes.Buffer{}, s); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Write = %v, want %q", err, tt.want)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add(fixture(f, "sample.intoto.json"))
	f.Add(replaced(f, `"_type"`, `"x": [1, {"y": null}], "_TYPE": 1, "_type"`))
	f.Add(replaced(f, "ü", `\ud800`))
	f.Add([]byte(`{"_type":"https://in-toto.io/Statement/v1","subject":[{}],"predicate":{}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := Parse(b)
		if err != nil {
			if syntax := (*SyntaxError)(nil); !errors.As(err, &syntax) {
				t.Fatalf("Parse = %v, want a SyntaxError", err)
			}
			return
		}
		var out bytes.Buffer
		if err := Write(&out, s); err != nil {
			t.Fatalf("Write of what was read: %v", err)
		}
		again, err := Parse(out.Bytes())
		if err != nil {
			t.Fatalf("Parse of what was written: %v", err)
		}
		if diff := cmp.Diff(compact(t, s), compact(t, again)); diff != "" {
			t.Errorf("read and written and read (-first +second):\n%s", diff)
		}
	})
}
