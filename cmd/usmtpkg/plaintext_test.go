package main

import "testing"

func TestPlainText(t *testing.T) {
	tests := []struct{ name, text, printable, plain string }{
		{"plain", "a b/é.xml", "a b/é.xml", "a b/é.xml"},
		{"control", "a\x1b[31m", `"a\x1b[31m"`, `a\x1b[31m`},
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
			if got := printable(tt.text); got != tt.printable {
				t.Errorf("printable = %s, want %s", got, tt.printable)
			}
			if got := plainText(tt.text); got != tt.plain {
				t.Errorf("plainText = %s, want %s", got, tt.plain)
			}
		})
	}
	if got, want := plainLines("a\x01\nb\r"), "a\\x01\nb\\r"; got != want {
		t.Errorf("plainLines = %q, want %q", got, want)
	}
}
