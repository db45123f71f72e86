package pkgdef

import (
	"strings"
	"testing"
)

func TestSourcePath(t *testing.T) {
	tests := []struct{ library, want string }{
		{`\\srv\share`, `\\srv\share\R\data`},
		{`\\srv\share\a\b\`, `\\srv\share\a\b\R\data`},
		{`D:\a`, `D:\a\R\data`},
		{`D:\`, `D:\R\data`},
		{`\\srv`, ""},
		{`\\srv\`, ""},
		{`\\`, ""},
		{`\`, ""},
		{`x`, ""},
	}
	for _, tt := range tests {
		got, err := SourcePath(tt.library, "R")
		if got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("SourcePath(%q) = %q, %v, want %q", tt.library, got, err, tt.want)
		}
	}
}

func TestPackagePath(t *testing.T) {
	deep := func(n int) string { // n characters, in names of 10
		s := `\\s\d` + strings.Repeat(`\abcdefghi`, 30)
		return strings.TrimSuffix(s[:n], `\`)
	}
	tests := []struct {
		name, path, want string
	}{
		{"UNC", `\\srv\share\USMT\data`, ""},
		{"hidden share", `\\srv\Sources$\USMT\data`, ""},
		{"IPv4 server", `\\10.0.0.5\share\data`, ""},
		{"dots and blanks inside", `\\srv.contoso.com\My Sources\U S.M.T\data`, ""},
		{"blank before a backslash", `\\srv\share\Contoso \data`, "found a space at the end"},
		{"single quotation mark", `\\srv\share\Contoso's\data`, ""},
		{"other letters", `\\srv\Größe\’données‘\data`, ""},
		{"local", `D:\Sources\USMT\data`, ""},
		{"local, one name", `d:\x`, ""},

		{"empty", ``, "package path: is empty"},
		{"server alone", `\\srv`, `wanted \\server\share\folder or X:\folder`},
		{"share alone", `\\srv\share`, `wanted \\server\share\folder or X:\folder`},
		{"drive alone", `D:\`, `wanted \\server\share\folder or X:\folder`},
		{"relative", `USMT\data`, `wanted \\server\share\folder or X:\folder`},
		{"rooted without drive", `\USMT\data`, `wanted \\server\share\folder or X:\folder`},
		{"drive-relative", `D:USMT`, `wanted \\server\share\folder or X:\folder`},
		{"not a drive", `1:\USMT`, `wanted \\server\share\folder or X:\folder`},
		{"path of another system", `/srv/usmt/data`, ""},
		{"the same with a line break", "/srv/us\nmt/data", "character 8 is U+000A"},
		{"UNC with slashes", `//srv/share/data`, `wanted \\server\share\folder or X:\folder`},
		{"URL", `http://srv/usmt`, `wanted \\server\share\folder or X:\folder`},
		{"slashes in UNC", `\\srv\share/USMT\data`, "found the character '/'"},
		{"trailing backslash", `\\srv\share\data\`, "a backslash too many"},
		{"three backslashes", `\\\srv\share\data`, "a backslash too many"},
		{"double backslash", `\\srv\share\\data`, "a backslash too many"},
		{"no server", `\\\share\data`, "a backslash too many"},
		{"device path", `\\?\UNC\srv\share\data`, "found the character '?'"},
		{"device namespace", `\\.\C:\data`, "found a folder reference"},
		{"dots", `\\srv\share\..\data`, "found a folder reference"},
		{"trailing dot", `\\srv\share\data.`, "found a dot at the end"},
		{"trailing blank", `\\srv\share\data `, "found a space at the end"},
		{"device name", `\\srv\share\USMT\aux\data`, "found the device name AUX"},
		{"star", `\\srv\share\*\data`, "found the character '*'"},
		{"question mark", `\\srv\share\dat?`, "found the character '?'"},
		{"brackets", `\\srv\share\[1]\data`, "contains one of []`, which PowerShell"},
		{"backtick", "\\\\srv\\share\\a`b", "contains one of []`, which PowerShell"},
		{"stream", `\\srv\share\data:x`, "found the character ':'"},
		{"quotation mark", `\\srv\share\a"b`, "found the character '\"'"},
		{"content library", `\\srv\SCCMContentLib$\x`, "is in ConfigMgr's content library"},
		{"content library of another drive", `\\srv\sccmcontentlibE$\x\data`, "is in ConfigMgr's content library"},
		{"content library by its drive", `E:\SCCMContentLib\x`, "is in ConfigMgr's content library"},
		{"a name that begins like it", `\\srv\SCCMContentLibrary\x`, ""},
		{"comma in share", `\\srv\a,b\data`, "the share"},
		{"comma below the share", `\\srv\a\b,c=d;e+f`, ""},
		{"share of 80", `\\srv\` + strings.Repeat("s", 80) + `\data`, ""},
		{"share of 81", `\\srv\` + strings.Repeat("s", 81) + `\data`, "the share"},
		{"247 characters", deep(247), ""},
		{"248 characters", deep(248), "is 248 characters long, at most 247 are allowed"},
		{"counted as UTF-16", `\\s\d\` + strings.Repeat("\U0001F4BE", 121), "is 248 characters long"},
		{"tab", "\\\\srv\\share\\a\tb", "character 14 is U+0009"},
		{"line break", "\\\\srv\\share\\a\nb", "character 14 is U+000A"},
		{"line separator", "\\\\srv\\share\\a\u2028b", "character 14 is U+2028"},
		{"right-to-left override", "\\\\srv\\share\\a\u202eb", "character 14 is U+202E"},
		{"not UTF-8", "\\\\srv\\share\\a\xff", "is not UTF-8"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := sample(t)
			d.PackagePath = tt.path
			checkError(t, d.Validate(), tt.want)
		})
	}
}

// An error about the path of a release names the path that was given, not one that nobody wrote.
func TestSourcePathErrors(t *testing.T) {
	tests := []struct{ name, library, want string }{
		{"share", `\\srv\a+b\usmt`, `package path: in "\\\\srv\\a+b\\usmt", the share "a+b" has one of`},
		{"name", `\\srv\share\a*`, `package path: in "\\\\srv\\share\\a*", the name "a*" is not one that Windows accepts`},
		{"neither", `usmt`, `package path: found "usmt", wanted \\server\share\folder or X:\folder`},
		{"too long", `D:\` + strings.Repeat("x", 240), "characters long with the name of a release and data, at most 247"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := SourcePath(tt.library, "10.0.1.2-000000000000")
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "00000000") {
				t.Errorf("SourcePath = %v, want %q and no name of a release", err, tt.want)
			}
		})
	}
}

func TestNotes(t *testing.T) {
	tests := []struct {
		name string
		edit func(*Definition)
		want []string // the begins of the notes
	}{
		{"UNC", func(*Definition) {}, nil},
		{"local", func(d *Definition) { d.PackagePath = `D:\USMT\data` }, []string{`the package path D:\USMT\data is local`}},
		{"of another system", func(d *Definition) { d.PackagePath = "/srv/usmt/data" }, []string{`Windows cannot open this package path. Before you use the scripts: usmtpkg define --package-path \\server\share\folder`}},
		{"140 characters", func(d *Definition) { d.PackagePath = `\\s\d\` + strings.Repeat("x", 134) }, nil},
		{"141 characters", func(d *Definition) { d.PackagePath = `\\s\d\` + strings.Repeat("x", 135) }, []string{"the package path is 141 characters long"}},
		{"no program", func(d *Definition) { d.Program = ProgramNone }, []string{"the package definition file declares no program"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := sample(t)
			tt.edit(&d)
			got := d.Notes()
			if len(got) != len(tt.want) {
				t.Fatalf("Notes = %q, want %q", got, tt.want)
			}
			for i := range got {
				if !strings.HasPrefix(got[i], tt.want[i]) {
					t.Errorf("Notes = %q, want %q", got, tt.want)
				}
			}
		})
	}
}
