package bag

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

const wantedWindowsName = "a name that Windows can hold"

// maxWindowsName is the longest name of a file or folder, in UTF-16 units.
// Source: https://learn.microsoft.com/windows/win32/fileio/maximum-file-path-limitation
const maxWindowsName = 255

// CheckWindowsName returns a [*NameError] unless Windows can hold a file or
// folder of that name and give the same name back, on every edition and file
// system: no device name (CON, NUL.txt, COM1), no dot or space at the end, none
// of <>:"/\|?*, no control character, valid UTF-8, at most 255 UTF-16 units.
// The answer does not depend on the system this runs on.
//
// Source: https://learn.microsoft.com/windows/win32/fileio/naming-a-file
func CheckWindowsName(name string) error {
	if fault := windowsFault(name); fault != "" {
		return &NameError{Name: name, Fault: fault, Wanted: wantedWindowsName}
	}
	return nil
}

// windowsFault returns what is wrong with name, or "".
func windowsFault(name string) string {
	if name == "" {
		return "nothing in it"
	}
	for i := range len(name) {
		switch c := name[i]; c {
		case '<', '>', ':', '"', '/', '\\', '|', '?', '*':
			return fmt.Sprintf("the character %q", c)
		default:
			if c < ' ' || c == 0x7f {
				return fmt.Sprintf("the control character %U", c)
			}
			if c >= utf8.RuneSelf {
				return wideFault(name)
			}
		}
	}
	return shapeFault(name, len(name))
}

// wideFault is windowsFault for names with characters outside ASCII.
func wideFault(name string) string {
	if !utf8.ValidString(name) {
		return "bytes that are not UTF-8"
	}
	units := 0
	for _, r := range name {
		if unicode.IsControl(r) {
			return fmt.Sprintf("the control character %U", r)
		}
		if strings.ContainsRune(`<>:"/\|?*`, r) {
			return fmt.Sprintf("the character %q", r)
		}
		units++
		if r > 0xFFFF {
			units++
		}
	}
	return shapeFault(name, units)
}

// shapeFault looks at the name as a whole.
func shapeFault(name string, units int) string {
	switch last := name[len(name)-1]; {
	case name == "." || name == "..":
		return "a folder reference"
	case last == '.':
		return "a dot at the end of a name"
	case last == ' ':
		return "a space at the end of a name"
	case units > maxWindowsName:
		return fmt.Sprintf("a name of %d UTF-16 units, over %d", units, maxWindowsName)
	}
	// Older editions look only at what comes before the first dot, without blanks.
	base, _, _ := strings.Cut(name, ".")
	base = strings.TrimRight(base, " ")
	if isDevice(base) {
		return "the device name " + strings.ToUpper(base)
	}
	return ""
}

// isDevice knows the reserved device names, and the two of the console, which
// the list above leaves out but Windows does not.
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
