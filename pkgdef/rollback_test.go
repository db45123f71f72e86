package pkgdef

import (
	"strings"
	"testing"
)

func TestParseRollback(t *testing.T) {
	const good = `{"format":"usmtpkg rollback record","version":1,"release":"R","packageId":"P0100012","created":false,"package":{"path":"\\\\s\\p","version":"","description":""}}`
	for _, text := range []string{good, "\ufeff" + good} {
		if r, err := ParseRollback([]byte(text)); err != nil || r != (Rollback{"R", "P0100012", `\\s\p`}) {
			t.Errorf("ParseRollback(%q) = %v, %v", text, r, err)
		}
	}
	for from, to := range map[string]string{
		good: "", `"version":1`: `"version":2`, "rollback record": "record", `"package":{`: `"other":{`, `"release":"R"`: `"release":""`, "}}": "}", `"R"`: "7",
	} {
		if r, err := ParseRollback([]byte(strings.Replace(good, from, to, 1))); err == nil {
			t.Errorf("with %q for %q: %v, want an error", to, from, r)
		}
	}
}

func TestPathNames(t *testing.T) {
	const name = "10.0.1.1-0123456789ab"
	for path, want := range map[string]bool{
		`\\cm01\Sources\` + name + `\data`: true, `\\cm01\Sources\` + strings.ToUpper(name) + `\Data\`: true, "/srv/usmt/" + name: true,
		`D:\` + name + `. \data`: true, name: true, `D:\x` + name: false, `D:\` + name + `c\data`: false, `D:\` + name[:20]: false, "": false,
	} {
		if got := PathNames(path, name); got != want {
			t.Errorf("PathNames(%q) = %t, want %t", path, got, want)
		}
	}
}
