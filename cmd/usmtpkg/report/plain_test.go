package report

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"usmtpkg/stage"
)

func TestPrintf(t *testing.T) {
	var b strings.Builder
	_, err := Printf(&b, "%s %s %v %d %6.1f %t %-6s|%s", "a\nb", errors.New("c\x1bd"), stage.Verdict("e\re"), 7, 1.5, true, "\u009b", Textf("%s\n  %s", "f\n", "g"))
	if want := `a\nb c\x1bd e\re 7    1.5 true \u009b|f\n` + "\n  g"; err != nil || b.String() != want {
		t.Errorf("Printf = %q, %v, want %q", &b, err, want)
	}
}

func TestPlainJSON(t *testing.T) {
	var b strings.Builder
	text := "a\u007fb\u009bc\u202ed\u2028e\U000e0001f\x1bg\ufeffh ä日🙂"
	if err := WriteJSON(&b, text); err != nil {
		t.Fatal(err)
	}
	if want := `"a\u007fb\u009bc\u202ed\u2028e\udb40\udc01f\u001bg\ufeffh ä日🙂"` + "\n"; b.String() != want {
		t.Errorf("WriteJSON = %q, want %q", &b, want)
	}
	var back string
	if err := json.Unmarshal([]byte(b.String()), &back); err != nil || back != text {
		t.Errorf("it reads as %q, %v, want %q", back, err, text)
	}
}

func TestSize(t *testing.T) {
	tests := []struct {
		n    int64
		want string
	}{
		{0, "0 bytes"},
		{1, "1 byte"},
		{1023, "1023 bytes"},
		{1024, "1.0 KiB"},
		{1536, "1.5 KiB"},
		{1 << 20, "1.0 MiB"},
		{160 << 20, "160.0 MiB"},
		{3 << 30, "3.0 GiB"},
		{5 << 40, "5.0 TiB"},
		{5000 << 40, "5000.0 TiB"},
	}
	for _, tt := range tests {
		if got := Size(tt.n); got != tt.want {
			t.Errorf("Size(%d) = %q, want %q", tt.n, got, tt.want)
		}
	}
}
