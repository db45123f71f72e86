package finding

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestPrintable(t *testing.T) {
	tests := []struct{ name, text, printable, plain string }{
		{"plain", "amd64/é 名.xml", "amd64/é 名.xml", "amd64/é 名.xml"},
		{"control", "a\x1b[31m", `"a\x1b[31m"`, `a\x1b[31m`},
		{"delete", "a\x7f", `"a\x7f"`, `a\x7f`},
		{"control of Latin-1", "a\u0085b", `"a\u0085b"`, `a\u0085b`},
		{"line feed", "a\nb", `"a\nb"`, `a\nb`},
		{"not UTF-8", "\xff\xe9t", `"\xff\xe9t"`, `\xff\xe9t`},
		{"right to left", "a\u202eb", `"a\u202eb"`, `a\u202eb`},
		{"not allowed in XML", "\uffff", `"\uffff"`, `\uffff`},
		{"quotation mark", `a"b`, `a"b`, `a"b`},
		{"quotation mark and control", "a\"\x01", `"a\"\x01"`, `a"\x01`},
		{"nothing", "", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Printable(tt.text); got != tt.printable {
				t.Errorf("Printable = %s, want %s", got, tt.printable)
			}
			if got := PlainText(tt.text); got != tt.plain {
				t.Errorf("PlainText = %s, want %s", got, tt.plain)
			}
			for _, got := range []string{Printable(tt.text), PlainText(tt.text)} {
				if data, err := json.Marshal(got); err != nil || strings.Contains(string(data), `\ufffd`) {
					t.Errorf("json of %q = %s, %v, want it whole", got, data, err)
				}
			}
		})
	}
	if got, want := PlainLines("a\x01\nb\r"), "a\\x01\nb\\r"; got != want {
		t.Errorf("PlainLines = %q, want %q", got, want)
	}
}
