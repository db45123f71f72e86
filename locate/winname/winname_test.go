package winname

import (
	"strings"
	"testing"
)

func TestFault(t *testing.T) {
	tests := []struct {
		name string
		want string // the fault; empty if the name is good
	}{
		{"scanstate.exe", ""},
		{".hidden", ""},
		{"a.b.c", ""},
		{" leading", ""},
		{"CONSOLE", ""},
		{"CON1", ""},
		{"COM", ""},
		{"COM0", ""},
		{"COM10", ""},
		{"COM⁴", ""},
		{"LPT", ""},
		{"null.txt", ""},
		{"x.NUL", ""},
		{"Núñez", ""},
		{"100%", ""},
		{"[a] 'b' $c `d`", ""},
		{strings.Repeat("a", 255), ""},
		{strings.Repeat("é", 255), ""},
		{strings.Repeat("😀", 127), ""},
		{"", "an empty name"},
		{".", "a folder reference"},
		{"..", "a folder reference"},
		{"a.", "a dot at the end of a name"},
		{"...", "a dot at the end of a name"},
		{"a ", "a space at the end of a name"},
		{"é.", "a dot at the end of a name"},
		{"a/b", "the character '/'"},
		{`a\b`, `the character '\\'`},
		{"a<b", "the character '<'"},
		{"a>b", "the character '>'"},
		{"a:b", "the character ':'"},
		{`a"b`, `the character '"'`},
		{"a|b", "the character '|'"},
		{"a?b", "the character '?'"},
		{"a*b", "the character '*'"},
		{"é*b", "the character '*'"},
		{"a\tb", "the control character U+0009"},
		{"a\nb", "the control character U+000A"},
		{"é\nb", "the control character U+000A"},
		{"a\x00", "the control character U+0000"},
		{"a\x7f", "the control character U+007F"},
		{"a\u009f", "the control character U+009F"},
		{"a\xff", "bytes that are not UTF-8"},
		{"CON", "the device name CON"},
		{"prn", "the device name PRN"},
		{"AUX.h", "the device name AUX"},
		{"NUL.txt", "the device name NUL"},
		{"nul.tar.gz", "the device name NUL"},
		{"NUL .txt", "the device name NUL"},
		{"COM1", "the device name COM1"},
		{"com9.log", "the device name COM9"},
		{"COM¹", "the device name COM¹"},
		{"com².x", "the device name COM²"},
		{"LPT³", "the device name LPT³"},
		{"lpt1", "the device name LPT1"},
		{"CONIN$", "the device name CONIN$"},
		{"conout$.txt", "the device name CONOUT$"},
		{"COM1 ", "a space at the end of a name"},
		{strings.Repeat("a", 256), "a name of 256 UTF-16 units"},
		{strings.Repeat("😀", 128), "a name of 256 UTF-16 units"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fault := Fault(tt.name)
			if !strings.HasPrefix(fault, tt.want) || (tt.want == "") != (fault == "") {
				t.Errorf("Fault = %q, want %q", fault, tt.want)
			}
		})
	}
}

func TestPathFault(t *testing.T) {
	tests := []struct{ path, want string }{
		{"amd64/scanstate.exe", ""},
		{"a", ""},
		{"a/" + strings.Repeat("b", 255) + "/c", ""},
		{"", "an empty name"},
		{"/a", "an empty name"},
		{"a//b", "an empty name"},
		{"a/", "an empty name"},
		{"a/../b", "a folder reference"},
		{"./a", "a folder reference"},
		{"C:/a", "the character ':'"},
		{`a\b`, `the character '\\'`},
		{"a/nul.d/b", "the device name NUL"},
		{"a./b", "a dot at the end of a name"},
		{"a/\u00e9\xff/b", "bytes that are not UTF-8"},
		{"a/\ufffd", ""}, // what broken bytes may have become is a name
	}
	for _, tt := range tests {
		if got := PathFault(tt.path); got != tt.want {
			t.Errorf("PathFault(%q) = %q, want %q", tt.path, got, tt.want)
		}
	}
}
