package wintrust_test

import (
	"errors"
	"io/fs"
	"path/filepath"
	"runtime"
	"testing"

	"usmtpkg/locate/pe/wintrust"
)

func TestVerdictString(t *testing.T) {
	tests := []struct {
		verdict wintrust.Verdict
		want    string
	}{
		{wintrust.Verdict{Trusted: true}, "trusted"},
		{wintrust.Verdict{Trusted: true, Catalog: `C:\a.cat`}, `trusted by catalog C:\a.cat`},
		{wintrust.Verdict{Code: 0x800b0100}, "not trusted: 0x800b0100 (no signature)"},
		{wintrust.Verdict{Code: 0x800b0100, Note: "catalogs not looked at: x"}, "not trusted: 0x800b0100 (no signature); catalogs not looked at: x"},
		{wintrust.Verdict{Code: 0x800b0109, Catalog: `C:\a.cat`}, `not trusted: 0x800b0109 (the root is not trusted) by catalog C:\a.cat`},
		{wintrust.Verdict{Code: 0x80070005}, "not trusted: 0x80070005"},
	}
	for _, tt := range tests {
		if got := tt.verdict.String(); got != tt.want {
			t.Errorf("String = %q, want %q", got, tt.want)
		}
	}
}

// A file that cannot be asked about is an error, on every system.
func TestJudgeMissing(t *testing.T) {
	v, err := wintrust.Judge(filepath.Join(t.TempDir(), "missing.exe"))
	want := errors.ErrUnsupported
	if runtime.GOOS == "windows" {
		want = fs.ErrNotExist
	}
	if !errors.Is(err, want) || v != (wintrust.Verdict{}) {
		t.Errorf("Judge = %v, %v, want %v", v, err, want)
	}
}
