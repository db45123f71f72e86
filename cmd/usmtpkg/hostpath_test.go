package main

import (
	"errors"
	"strings"
	"testing"
)

func TestCheckOn(t *testing.T) {
	tests := []struct{ system, path, want string }{
		{"linux", `D:\Sources\OSD\USMT`, "--library D:\\Sources\\OSD\\USMT is a path of Windows"},
		{"linux", `d:\x`, "is a path of Windows"},
		{"linux", `\\cm01\Sources$\OSD`, "is a path of Windows"},
		{"linux", `\\?\D:\x`, "is a path of Windows"},
		{"windows", `D:\Sources\OSD\USMT`, ""},
		{"windows", `\\cm01\Sources`, ""},
		{"linux", "smb://server/share", "is an address, not a path"},
		{"windows", "SMB://server/share", "is an address, not a path"},
		{"linux", "https://server/share", "is an address, not a path"},
		{"linux", "~/usmt", "begins with ~"},
		{"linux", "~", "begins with ~"},
		{"linux", "~build/usmt", "begins with ~"},
		{"windows", `~\usmt`, "begins with ~"},
		{"linux", "./~/usmt", ""},
		{"linux", `./D:\x`, ""},
		{"linux", "D:", ""},
		{"linux", "C:x", ""},
		{"linux", "/mnt/adk", ""},
		{"linux", "//server/share", "--library //server/share is the address of a share"},
		{"linux", "///server", "is the address of a share"},
		{"linux", "//", ""},
		{"windows", "//server/share", ""},
		{"linux", "smb", ""},
		{"linux", "a~b", ""},
	}
	for _, tt := range tests {
		err := checkOn(tt.system, "--library", tt.path)
		switch {
		case tt.want == "" && err != nil:
			t.Errorf("checkOn(%s, %q) = %v, want nil", tt.system, tt.path, err)
		case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want) || !errors.As(err, new(*usageError))):
			t.Errorf("checkOn(%s, %q) = %v, want %q", tt.system, tt.path, err, tt.want)
		}
	}
}
