package main

import "testing"

func TestNearest(t *testing.T) {
	known := []string{"verify", "validate", "define", "list", "library", "strict", "name", "x86"}
	tests := []struct{ word, want string }{
		{"verfy", "verify"},        // missing
		{"verifyy", "verify"},      // too many
		{"varify", "verify"},       // wrong
		{"naem", "name"},           // swapped
		{"STRIKT", "strict"},       // case
		{"libraries", "library"},   // three slips in nine letters
		{"lisst", "list"},          //
		{"x64", ""},                // two slips in three letters
		{"", ""},                   //
		{"publish", ""},            //
		{"verify", "verify"},       //
		{"определить", ""},         // bytes, not letters: far from everything
		{"valid", ""},              // three letters are missing of five
		{"validat", "validate"},    //
		{"dry-run", ""},            // not among those known
		{"defineverify", ""},       //
		{"librarylibrarylibr", ""}, // at most one slip in three letters
	}
	for _, tt := range tests {
		if got := nearest(tt.word, known); got != tt.want {
			t.Errorf("nearest(%q) = %q, want %q", tt.word, got, tt.want)
		}
	}
}

func TestSlips(t *testing.T) {
	tests := []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"abc", "", 3}, {"", "abc", 3}, {"abc", "abc", 0}, {"abc", "acb", 1}, {"abc", "abd", 1}, {"ca", "abc", 3}, {"kitten", "sitting", 3},
	}
	for _, tt := range tests {
		if got := slips(tt.a, tt.b); got != tt.want {
			t.Errorf("slips(%q, %q) = %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}
