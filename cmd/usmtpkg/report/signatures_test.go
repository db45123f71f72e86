package report

import (
	"strings"
	"testing"
)

// What Windows says is told where it is something else, and only there.
func TestDisagreements(t *testing.T) {
	lines := disagreements([]Program{
		{Path: "amd64/a.dll", Signature: "valid", Windows: "trusted", Trusted: true},
		{Path: "amd64/b.dll", Signature: "valid", Windows: "not trusted: 0x800b010c (revoked)"},
		{Path: "amd64/c.dll", Signature: "unsigned", Windows: `trusted by catalog C:\a.cat`, Trusted: true},
		{Path: "amd64/d.dll", Signature: "unsigned", Windows: "not trusted: 0x800b0100 (no signature)"},
		{Path: "amd64/e.dll", Signature: "valid", Windows: "not known: access denied"},
		{Path: "amd64/f.dll", Signature: "valid"},
	})
	want := `note    amd64/b.dll: Windows says not trusted: 0x800b010c (revoked), the verdict here is valid
note    amd64/c.dll: Windows says trusted by catalog C:\a.cat, the verdict here is unsigned
note    amd64/e.dll: Windows says not known: access denied, the verdict here is valid`
	if got := strings.Join(lines, "\n"); got != want {
		t.Errorf("disagreements:\n%s\nwant:\n%s", got, want)
	}
}
