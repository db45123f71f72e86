package contentlib

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"usmtpkg/locate/tree"
	"usmtpkg/locate/winname"
)

// isSHA256 reports whether a text has the form of a SHA-256 sum.
func isSHA256(s string) bool {
	var sum [sha256.Size]byte
	if len(s) != hex.EncodedLen(len(sum)) {
		return false
	}
	_, err := hex.Decode(sum[:], []byte(s))
	return err == nil
}

// checkFiles refuses a list that cannot be that of a folder on Windows, or that lacks a sum.
func checkFiles(files []tree.FileSum, dirs []string) error {
	paths := make([]string, 0, len(files)+len(dirs))
	for _, f := range files {
		if fault := winname.PathFault(f.Path); fault != "" {
			return badPath(f.Path, fault)
		}
		if !isSHA256(f.SHA256) {
			return fmt.Errorf("%q: found SHA-256 %q, wanted 64 hex digits", f.Path, f.SHA256)
		}
		if f.Size < 0 {
			return fmt.Errorf("%q: found size %d, wanted no less than 0", f.Path, f.Size)
		}
		paths = append(paths, f.Path)
	}
	for _, d := range dirs {
		if fault := winname.PathFault(d); fault != "" {
			return badPath(d, fault)
		}
		paths = append(paths, d+"/.")
	}
	for _, t := range winname.Twins(paths) {
		switch {
		case t.Kind == winname.TwinForm || t.Kind == winname.TwinSame && t.First >= len(files): // two names, and one folder
		case t.Kind == winname.TwinNested:
			return fmt.Errorf("%q: found a file and a folder of that name, wanted one", t.A)
		default:
			return fmt.Errorf("%q: found again as %q, wanted names that differ in more than case", t.A, t.B)
		}
	}
	return nil
}

// badPath returns the error about a path that cannot be that of a package source.
func badPath(p, fault string) error {
	return fmt.Errorf("%q: found %s, wanted a relative path with slashes that Windows accepts", p, fault)
}
