package locate

import (
	"strings"
	"testing"
)

func TestBadName(t *testing.T) {
	tests := []struct {
		name string
		want string // rule, or ""
	}{
		{"scanstate.exe", ""}, {"Audio-AudioCore-Client-Replacement.man", ""}, {"a b.c.d", ""}, {".hidden", ""}, {" x", ""},
		{"CON", "name-windows"}, {"con.txt", "name-windows"}, {"Prn", "name-windows"}, {"AUX.h", "name-windows"}, {"NUL.tar.gz", "name-windows"},
		{"NUL .txt", "name-windows"}, {"COM1", "name-windows"}, {"com9.x", "name-windows"}, {"COM¹", "name-windows"}, {"lpt³.txt", "name-windows"},
		{"LPT5", "name-windows"}, {"CONIN$", "name-windows"}, {"conout$", "name-windows"},
		{"CONS", ""}, {"COM", ""}, {"COM0", ""}, {"COM10", ""}, {"COM⁴", ""}, {"XCOM1", ""}, {"CONIN$.x.y", "name-windows"}, {"nul-x", ""},
		{"x.", "name-windows"}, {"x ", "name-windows"}, {"...", "name-windows"},
		{"a<b", "name-windows"}, {"a>b", "name-windows"}, {"a:b", "name-windows"}, {`a"b`, "name-windows"}, {"a|b", "name-windows"},
		{"a?b", "name-windows"}, {"a*b", "name-windows"}, {`a\b`, "name-windows"},
		{"a\x00b", "name-windows"}, {"a\x1fb", "name-windows"}, {"a\rb", "name-windows"}, {"a\x7fb", "name-windows"}, {"a\u0085b", "name-windows"}, {"a\u00a0b", ""}, {"a\u202eb", ""},
		{"a\xffb", "name-encoding"}, {"a\xed\xa0\x80b", "name-encoding"},
		{strings.Repeat("x", 255), ""}, {strings.Repeat("x", 256), "path-length"},
		{strings.Repeat("é", 255), ""}, {strings.Repeat("é", 256), "path-length"},
		{strings.Repeat("😀", 127), ""}, {strings.Repeat("😀", 128), "path-length"},
	}
	for _, tt := range tests {
		got := ""
		if f := badName("amd64/"+tt.name, tt.name); f != nil {
			got = f.Rule
		}
		if got != tt.want {
			t.Errorf("badName(%q) = %q, want %q", tt.name, got, tt.want)
		}
	}
}
