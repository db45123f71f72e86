// Package winname says which names of files and folders Windows allows, and which of them it
// treats as the same. The answers are the same on every system: what is staged anywhere is for Windows.
//
//   - [Fault] and [PathFault] say why Windows cannot store a name, or the names of a path.
//   - [Fold] and [Same] compare names as Windows does when it looks for a file.
//   - [Twins] finds the names that some system takes for one. It goes further than Fold: names that
//     are the same to Windows are always twins, and some twins are different names to Windows.
//
// It does not open files, and it imports no other package of usmtpkg.
package winname

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Limits in UTF-16 units, in which Windows counts: see [Units].
const (
	// MaxName is the longest name of a file or folder.
	// Source: https://learn.microsoft.com/windows/win32/fileio/maximum-file-path-limitation
	MaxName = 255
	// MaxFolder is the longest path of a folder that Windows creates: 260, the closing zero included,
	// less the 12 characters of an 8.3 name in it. Source: as for MaxName.
	MaxFolder = 260 - 12 - 1
	// MaxPath is the longest path that USMT takes as an argument, and so the longest that a package
	// source may have. Windows itself ends at 260, the closing zero included.
	// Source: https://learn.microsoft.com/windows/deployment/usmt/usmt-return-codes (code 12)
	MaxPath = 256
)

// Fault returns why Windows cannot store a file or folder of that name and give the same name back, on
// every edition and file system, or "": a device name (CON, NUL.txt, COM1), a dot or space at the end,
// one of <>:"/\|?*, a control character, bytes that are not UTF-8, more than MaxName units.
//
// Source: https://learn.microsoft.com/windows/win32/fileio/naming-a-file
func Fault(name string) string {
	for i, r := range name {
		switch r {
		case '<', '>', ':', '"', '/', '\\', '|', '?', '*':
			return fmt.Sprintf("the character %q", r)
		case utf8.RuneError:
			if !utf8.ValidString(name[i:]) {
				return "bytes that are not UTF-8"
			}
		}
		if unicode.IsControl(r) { // Windows allows some of them, manifests do not
			return fmt.Sprintf("the control character %U", r)
		}
	}
	switch {
	case name == "":
		return "an empty name"
	case name == "." || name == "..":
		return "a folder reference"
	case strings.HasSuffix(name, "."):
		return "a dot at the end of a name"
	case strings.HasSuffix(name, " "):
		return "a space at the end of a name"
	case len(name) > MaxName && Units(name) > MaxName: // no name has more units than bytes
		return fmt.Sprintf("a name of %d UTF-16 units, over %d", Units(name), MaxName)
	}
	// Windows before 11 looks only at what comes before the first dot, without spaces.
	base, _, _ := strings.Cut(name, ".")
	if base = strings.TrimRight(base, " "); isDevice(base) {
		return "the device name " + strings.ToUpper(base)
	}
	return ""
}

// PathFault returns the first fault of the names in a path with slashes, or "". A path without a fault
// is relative and stays below its folder on every system.
func PathFault(path string) string {
	for start := 0; start <= len(path); {
		name, end := segment(path, start)
		if fault := Fault(name); fault != "" {
			return fault
		}
		start = end + 1
	}
	return ""
}

// isDevice knows the reserved device names, and the two of the console, which
// the list of [Fault] leaves out but Windows does not.
func isDevice(base string) bool {
	if len(base) < len("CON") || len(base) > len("CONOUT$") {
		return false
	}
	for _, device := range [...]string{"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"} {
		if strings.EqualFold(base, device) {
			return true
		}
	}
	if len(base) < len("COM1") || !strings.EqualFold(base[:3], "COM") && !strings.EqualFold(base[:3], "LPT") {
		return false
	}
	switch base[3:] {
	case "1", "2", "3", "4", "5", "6", "7", "8", "9", "¹", "²", "³":
		return true
	}
	return false
}

// Units returns the length of s in UTF-16 units.
func Units(s string) int {
	n := 0
	for _, r := range s {
		n += utf16.RuneLen(r)
	}
	return n
}
