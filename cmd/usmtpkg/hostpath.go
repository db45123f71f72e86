package main

import (
	"fmt"
	"regexp"
	"runtime"
	"strings"
)

// Paths that mean something elsewhere, and that this system would take for the name of a folder
// in the current one: on Linux a folder called D:\Sources\OSD\USMT would be made and filled.
var (
	windowsPath = regexp.MustCompile(`^([A-Za-z]:\\|\\\\)`)
	address     = regexp.MustCompile(`^(?i)(smb|cifs|file|https?|nfs)://`)
	tilde       = regexp.MustCompile(`^~[^/\\]*([/\\]|$)`)
)

// checkHere refuses a path that is one on another system only. what names it, such as --library.
func checkHere(what, path string) error { return checkOn(runtime.GOOS, what, path) }

func checkOn(system, what, path string) error {
	var why, hint string
	switch {
	case address.MatchString(path):
		why, hint = "is an address, not a path", "mount the share, and give the folder it is mounted on"
		if system == "windows" {
			hint = `give the share as \\server\share\folder`
		}
	case tilde.MatchString(path):
		why, hint = "begins with ~, which only a shell turns into your home folder", "write the whole path, or ./~ for a folder of that name"
	case system != "windows" && windowsPath.MatchString(path):
		why, hint = "is a path of Windows", "mount that drive or share here, and give the folder it is mounted on"
	case system != "windows" && strings.HasPrefix(path, "//") && len(strings.TrimLeft(path, "/")) > 0:
		why, hint = "is the address of a share", "mount that share here, and give the folder it is mounted on"
	default:
		return nil
	}
	return &usageError{msg: fmt.Sprintf("%s %s %s", what, path, why), hint: hint}
}
