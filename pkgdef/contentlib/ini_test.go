package contentlib

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestParseINI(t *testing.T) {
	utf16 := func(s string) string {
		return "\xff\xfe" + strings.Join(strings.Split(s, ""), "\x00") + "\x00"
	}
	tests := []struct {
		name, text string
		want       ini
	}{
		{"nothing", "", ini{}},
		{"values", "[File]\r\nSize=1\r\nHash = ab \r\n", ini{"file": {"size": "1", "hash": "ab"}}},
		{"no value, no line end", "[Packages]\nP0100012.3=", ini{"packages": {"p0100012.3": ""}}},
		{"comments and blanks", "; x\n\n [ File ] \n;y\n\tk=v\n", ini{"file": {"k": "v"}}},
		{"equals sign in the value", "[a]\nk=a=b", ini{"a": {"k": "a=b"}}},
		{"byte order mark", "\xef\xbb\xbf[a]\nk=v", ini{"a": {"k": "v"}}},
		{"UTF-16", utf16("[a]\r\nk=v\r\n"), ini{"a": {"k": "v"}}},
		{"UTF-16 without a mark", utf16("[a]\r\nk=v\r\n")[2:], ini{"a": {"k": "v"}}},
		{"ANSI", "[a]\nk=Gr\xfc\xdfe", ini{"a": {"k": "Gr\xfc\xdfe"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseINI("x.INI", strings.NewReader(tt.text))
			if err != nil || !maps.EqualFunc(got, tt.want, func(a, b section) bool { return maps.Equal(a, b) }) {
				t.Errorf("parseINI = %v, %v, want %v", got, err, tt.want)
			}
		})
	}
}

func TestParseINIRefuses(t *testing.T) {
	tests := []struct {
		name, text, want string
	}{
		{"no section", "k=v", `x.INI:1: found "k=v"`},
		{"no key", "[a]\n=v", `x.INI:2: found "=v"`},
		{"no equals sign", "[a]\nkey", `x.INI:2: found "key"`},
		{"key twice", "[a]\nk=1\nK=2", `x.INI:3: found "K=2"`},
		{"section twice", "[a]\n[A]", `x.INI:2: found section "[A]"`},
		{"section without an end", "[a\n", `x.INI:1: found section "[a"`},
		{"section without a name", "[ ]", `x.INI:1: found section`},
		{"binary", "MZ\x90\x00\x03", "x.INI:1: found characters that are no text"},
		{"control character", "[a]\nk=\x1b[31m", "x.INI:2: found characters that are no text"},
		{"long line", "[a]\nk=" + strings.Repeat("v", maxLine), "x.INI:2: found more than 4096 bytes"},
		{"long file", "[a]\n" + strings.Repeat(";\n", maxINI/2), "x.INI: found more than 1048576 bytes"},
		{"many keys", "[a]\n" + manyKeys(maxKeys+1), "at most 10000"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := parseINI("x.INI", strings.NewReader(tt.text))
			if bad := (*FormatError)(nil); !errors.As(err, &bad) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("parseINI = %v, want the error %q", err, tt.want)
			}
		})
	}
}

func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat("k", 1+i%40) + strings.Repeat("l", i/40%50) + strings.Repeat("m", i/2000) + "=\n")
	}
	return b.String()
}

func TestSectionValue(t *testing.T) {
	tests := []struct {
		name string
		s    section
		want string
		ok   bool
	}{
		{"as it is", section{"hash": "a", "hash2": "b"}, "a", true},
		{"with an ending", section{"hash32780": "a", "size": "1"}, "a", true},
		{"but for the algorithm", section{"hash32780": "a", "hashalgorithm": "32780"}, "a", true},
		{"the algorithm alone", section{"hashalgorithm": "32780"}, "", false},
		{"two with endings", section{"hash1": "a", "hash2": "b"}, "", false},
		{"none", nil, "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, ok := tt.s.value("hash", "hashalgorithm"); got != tt.want || ok != tt.ok {
				t.Errorf("value = %q, %t, want %q, %t", got, ok, tt.want, tt.ok)
			}
		})
	}
}

// Whatever it is given, the reader ends, and what it accepts holds no odd keys.
func FuzzParseINI(f *testing.F) {
	for _, s := range []string{
		"", "[File]\r\nAttributes=20\r\nSize=5\r\nTimeModified=133563168000000000\r\nHash=" + strings.Repeat("A", 64) + "\r\n",
		"[Packages]\r\nP0100012.3=\r\n[Info]\r\nVersion=3\r\n", "\xff\xfe[\x00a\x00]\x00", "[a]\nk=../../x\n", "[a]\n=\n", "[\n", "\x00",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := parseINI("x", strings.NewReader(string(b)))
		if bad := (*FormatError)(nil); err != nil && !errors.As(err, &bad) {
			t.Fatalf("parseINI(%q) = %v, want a FormatError", b, err)
		}
		for name, s := range got {
			keys := slices.Collect(maps.Keys(s))
			if name == "" || slices.ContainsFunc(keys, func(k string) bool { return k == "" || strings.ContainsAny(k, "=\x00\n") }) {
				t.Errorf("parseINI(%q) = %q", b, got)
			}
		}
	})
}
