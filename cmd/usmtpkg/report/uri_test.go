package report

import "testing"

func TestRelativeURI(t *testing.T) {
	tests := []struct{ name, path, want string }{
		{"plain", "amd64/scanstate.exe", "amd64/scanstate.exe"},
		{"the folder itself", ".", "./"},
		{"nothing", "", "./"},
		{"blank and percent", "a b/100%.xml", "a%20b/100%25.xml"},
		{"colon", "c:evil", "c%3Aevil"},
		{"query and fragment", "a?b#c", "a%3Fb%23c"},
		{"backslash", `a\b`, "a%5Cb"},
		{"umlaut", "é", "%C3%A9"},
		{"not UTF-8", "\xff", "%FF"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := relativeURI(tt.path); got != tt.want {
				t.Errorf("relativeURI(%q) = %q, want %q", tt.path, got, tt.want)
			}
		})
	}
}

func TestSlashURI(t *testing.T) {
	tests := []struct{ name, path, want string }{
		{"unix", "/srv/adk 10", "file:///srv/adk%2010/"},
		{"root", "/", "file:///"},
		{"drive", "C:/Program Files (x86)/Kits", "file:///C:/Program%20Files%20%28x86%29/Kits/"},
		{"root of a drive", "D:/", "file:///D:/"},
		{"share", "//srv/Sources/OSD", "file://srv/Sources/OSD/"},
		{"device path", "//?/C:/x", ""},
		{"device", "//./C:/x", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := slashURI(tt.path); got != tt.want {
				t.Errorf("slashURI(%q) = %q, want %q", tt.path, got, tt.want)
			}
		})
	}
	if got := folderURI("sample kit"); got != "" {
		t.Errorf("folderURI of a name = %q, want none", got)
	}
}
