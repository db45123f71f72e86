package winname

import (
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestSame(t *testing.T) {
	tests := []struct {
		a, b string
		same bool // to Windows
		twin bool // to some system
	}{
		{"MigApp.xml", "migapp.XML", true, true},
		{"é.txt", "É.txt", true, true},
		{"Σ", "ς", true, true},
		{"µ", "Μ", true, true}, // micro sign and Greek capital mu
		{"s.txt", "ſ.txt", false, true},
		{"k.txt", "\u212a.txt", false, true}, // Kelvin sign
		{"å.txt", "\u212b.txt", false, true}, // angstrom sign
		{"ß.txt", "ẞ.txt", false, true},
		{"é.txt", "e\u0301.txt", false, true},
		{"É.txt", "e\u0301.txt", false, true},
		{"İ.txt", "i\u0307.txt", false, true},
		{"\u0345", "Ι", false, false},
		{"i.txt", "ı.txt", false, false},
		{"i.txt", "İ.txt", false, false},
		{"ß.txt", "ss.txt", false, false},
		{"a\xff", "a\xfe", false, false},
	}
	for _, tt := range tests {
		if got := Same(tt.a, tt.b); got != tt.same || Same(tt.b, tt.a) != got {
			t.Errorf("Same(%q, %q) = %v, want %v", tt.a, tt.b, got, tt.same)
		}
		if got := utf8.ValidString(tt.a) && len(Twins([]string{"amd64/" + tt.a, "amd64/" + tt.b})) > 0; got != tt.twin {
			t.Errorf("Twins(%q, %q): %v, want %v", tt.a, tt.b, got, tt.twin)
		}
	}
}

// What is the same to Windows must be a twin: else a release could be staged that Windows cannot hold.
func TestSameNamesAreTwins(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if a, b := string(r), Fold(string(r)); a != b && len(Twins([]string{a, b})) == 0 {
			t.Errorf("Twins(%q, %q) = none, and Fold makes one of the other", a, b)
		}
	}
	name := rapid.StringOf(rapid.OneOf(rapid.Rune(), rapid.RuneFrom([]rune("sſkKåÅßẞiıİι\u0345\u0301é"))))
	rapid.Check(t, func(t *rapid.T) {
		a := "a" + name.Draw(t, "name")
		if b := Fold(a); a != b && len(Twins([]string{a, b})) == 0 {
			t.Errorf("Twins(%q, %q) = none, and Fold makes one of the other", a, b)
		}
	})
}
