package locate

import (
	"strings"
	"testing"
)

func TestPolicyCheck(t *testing.T) {
	tests := []struct {
		name   string
		policy Policy
		want   string // in the error; "" for none
	}{
		{"zero", Policy{}, ""},
		{"all named", Policy{Require: []string{"AMD64"}, Allow: []string{"x86"}, Forbid: []string{"arm64"}}, ""},
		{"twice in one list", Policy{Require: []string{"amd64", "Amd64"}}, ""},
		{"unknown", Policy{Allow: []string{"x64"}}, `allowed arch "x64": wanted one of amd64, arm64, x86`},
		{"empty", Policy{Forbid: []string{""}}, `forbidden arch ""`},
		{"in two lists", Policy{Require: []string{"x86"}, Forbid: []string{"X86"}}, "arch x86 is both required and forbidden"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.policy.Check()
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Check = %v, want %q", err, tt.want)
			}
		})
	}
}

func TestScope(t *testing.T) {
	for name, want := range map[string]bool{"amd64": true, "AMD64": true, "arm64": true, "X86": true, "x64": false, "readme.txt": false, "": false, "amd64x": false} {
		if got := Scope(name); got != want {
			t.Errorf("Scope(%q) = %v, want %v", name, got, want)
		}
	}
}
