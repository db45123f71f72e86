package main

import "testing"

func TestPlainPath(t *testing.T) {
	tests := []struct{ dir, want string }{
		{`C:\Sources`, `C:\Sources`},
		{`\\cm01\Sources`, `\\cm01\Sources`},
		{`\\?\C:\Sources`, `C:\Sources`},
		{`\\?\UNC\cm01\Sources`, `\\cm01\Sources`},
		{`\\?\Volume{0}\Sources`, `\\?\Volume{0}\Sources`},
		{`/mnt/sources`, `/mnt/sources`},
	}
	for _, tt := range tests {
		if got := plainPath(tt.dir); got != tt.want {
			t.Errorf("plainPath(%q) = %q, want %q", tt.dir, got, tt.want)
		}
	}
}
