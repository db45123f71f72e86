package bag

import (
	"io/fs"
	"strings"
	"testing"

	"usmtpkg/locate/winname"
)

func TestPathFault(t *testing.T) {
	tests := []struct {
		path string
		want string // the fault; empty if the path is good
	}{
		{"data/amd64/scanstate.exe", ""},
		{"bagit.txt", ""},
		{"data/...", ""},
		{"data/..a/b..", ""},
		{"data/a b/~c", ""},
		{"data/Núñez.txt", ""},
		{"data/a\nb", ""},
		{"data/a\rb", ""},
		{"data/100%", ""},
		{"data/%2e%2e", ""}, // the very name, after decoding
		{"", "nothing in it"},
		{"/", "a leading slash"},
		{"/etc/passwd", "a leading slash"},
		{"//srv/share", "a leading slash"},
		{"data//x", "an empty segment"},
		{"data/", "an empty segment"},
		{".", `a "." segment`},
		{"./data/x", `a "." segment`},
		{"data/./x", `a "." segment`},
		{"data/x/.", `a "." segment`},
		{"..", `a ".." segment`},
		{"../x", `a ".." segment`},
		{"data/../../x", `a ".." segment`},
		{"data/x/..", `a ".." segment`},
		{`data\x`, "a backslash"},
		{`\\srv\x`, "a backslash"},
		{`\\?\C:\x`, "a backslash"},
		{`data/..\x`, "a backslash"},
		{"C:x", "a colon"},
		{"c:/x", "a colon"},
		{"data/a:b", "a colon"},
		{"data/a::$DATA", "a colon"},
		{"data/a\x00b", "the control character U+0000"},
		{"data/a\tb", "the control character U+0009"},
		{"data/a\x1bb", "the control character U+001B"},
		{"data/a\x7fb", "the control character U+007F"},
		{"data/a\u0085b", "the control character U+0085"},
		{"data/a\xffb", "bytes that are not UTF-8"},
		{"data/a\xc0\xaeb", "bytes that are not UTF-8"}, // an overlong dot
		{"data/a\xed\xa0\x80b", "bytes that are not UTF-8"},
	}
	for _, tt := range tests {
		t.Run(tt.path, func(t *testing.T) {
			fault := pathFault(tt.path)
			if !strings.HasPrefix(fault, tt.want) || (tt.want == "") != (fault == "") {
				t.Errorf("pathFault = %q, want %q", fault, tt.want)
			}
			if fault == "" && !fs.ValidPath(tt.path) {
				t.Errorf("pathFault accepts %q, fs.ValidPath does not", tt.path)
			}
			if fault != "" && winname.PathFault(tt.path) == "" {
				t.Errorf("winname.PathFault accepts %q, where pathFault says %q", tt.path, fault)
			}
		})
	}
}

// A folder that was good must not vouch for what comes after it.
func TestPathCheckerSameFolder(t *testing.T) {
	tests := []struct {
		path   string
		strict bool
		want   string
	}{
		{"data/a/x", true, ""},
		{"data/a/y", true, ""},
		{"data/a/b/y", true, ""},
		{"data/a/", true, "an empty segment"},
		{"data/a//y", true, "an empty segment"},
		{"data/a/../y", true, `a ".." segment`},
		{"data/a/..", true, `a ".." segment`},
		{"data/a/b/NUL", true, "the device name NUL"},
		{"data/a/nul.txt", true, "the device name NUL"},
		{"data/a/nul.txt", false, ""},
		{"data/aa/:", false, "a colon"},
		{"data/a:b", false, "a colon"},
		{"data/a", false, ""},
		{"dat/x", false, "no data/ before it"},
	}
	for _, tt := range tests {
		t.Run(tt.path, func(t *testing.T) {
			c := pathChecker{strict: tt.strict}
			if err := c.check("data/a/first"); err != nil {
				t.Fatal(err)
			}
			fault := ""
			if err := c.check(tt.path); err != nil {
				fault = err.Fault
			}
			if !strings.HasPrefix(fault, tt.want) || (tt.want == "") != (fault == "") {
				t.Errorf("check = %q, want %q", fault, tt.want)
			}
		})
	}
}

func TestScope(t *testing.T) {
	tests := []struct {
		path        string
		tag, strict bool
		want        string
	}{
		{"data/x", false, true, ""},
		{"data", false, false, "no data/ before it"},
		{"bagit.txt", false, false, "no data/ before it"},
		{"DATA/x", false, false, "no data/ before it"},
		{"database/x", false, false, "no data/ before it"},
		{"bagit.txt", true, true, ""},
		{"meta/tagmanifest-md5.txt", true, true, ""},
		{"tagmanifest-md5.json", true, true, ""},
		{"database", true, true, ""},
		{"data/x", true, false, "the payload folder in it"},
		{"data", true, false, "the payload folder in it"},
		{"Data/x", true, false, ""},
		{"Data/x", true, true, "the payload folder in it"},
		{"tagmanifest-md5.txt", true, false, "the name of a tag manifest"},
		{"tagmanifest-other.txt", true, false, "the name of a tag manifest"},
		{"TagManifest-md5.txt", true, false, ""},
		{"TagManifest-md5.txt", true, true, "the name of a tag manifest"},
	}
	for _, tt := range tests {
		t.Run(tt.path, func(t *testing.T) {
			fault := ""
			if err := (&pathChecker{tag: tt.tag, strict: tt.strict}).check(tt.path); err != nil {
				fault = err.Fault
			}
			if fault != tt.want {
				t.Errorf("check = %q, want %q", fault, tt.want)
			}
		})
	}
}

func TestDecodePath(t *testing.T) {
	tests := []struct {
		version, text string
		want          string
		refused       bool
	}{
		{version10, "data/plain", "data/plain", false},
		{version10, "data/a%0Ab%0Dc%25d", "data/a\nb\rc%d", false},
		{version10, "data/a%0ab%0dc", "data/a\nb\rc", false},
		{version10, "data/%0D%0A", "data/\r\n", false},
		{version10, "data/%250A", "data/%0A", false}, // decoded once
		{version10, "data/%252e", "data/%2e", false},
		{version10, "data/a%", "", true},
		{version10, "data/a%2", "", true},
		{version10, "data/100%.txt", "", true},
		{version10, "data/%2e%2e/x", "", true},
		{version10, "data/%2E/x", "", true},
		{version10, "data%2fx", "", true},
		{version10, "data/%5cx", "", true},
		{version10, "data/%7Ex", "", true},
		{version10, "data/%00x", "", true},
		{version10, "data/%é", "", true},
		{version097, "data/100%", "data/100%", false},
		{version097, "data/%7Edir/%test", "data/%7Edir/%test", false},
		{version097, "data/a%0Ab%25", "data/a%0Ab%25", false}, // not an escape then
		{version097, "data/%%2", "data/%%2", false},
		{version097, "data/%2e%2e/x", "", true},
		{version097, "data/%%2E", "", true},
		{version097, "data%2Fx", "", true},
		{version097, "data/%5cx", "", true},
	}
	for _, tt := range tests {
		t.Run(tt.version+" "+tt.text, func(t *testing.T) {
			got, err := decodePath(tt.text, tt.version)
			if got != tt.want || (err != nil) != tt.refused {
				t.Errorf("decodePath = %q, %v, want %q, refused %v", got, err, tt.want, tt.refused)
			}
		})
	}
}
