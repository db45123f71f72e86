package contentlib

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"

	"usmtpkg/locate/winname"
)

// A File is one file of a package source, as a manifest has it.
type File struct {
	Path   string // slash-separated, relative to the package source
	Size   int64  // in bytes
	SHA256 string // 64 hex digits, in either case
}

// isSHA256 tells what has the form of a SHA-256 sum.
func isSHA256(s string) bool {
	var sum [sha256.Size]byte
	if len(s) != hex.EncodedLen(len(sum)) {
		return false
	}
	_, err := hex.Decode(sum[:], []byte(s))
	return err == nil
}

// checkFiles refuses a list that cannot be that of a folder on Windows, or that lacks a sum.
func checkFiles(files []File) error {
	seen := make(map[string]string, len(files))
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
		key := winname.Fold(f.Path)
		if other, twice := seen[key]; twice {
			return fmt.Errorf("%q: found again as %q, wanted names that differ not in case alone", other, f.Path)
		}
		seen[key] = f.Path
	}
	return nil
}

// badPath is the error about a path that cannot be that of a package source.
func badPath(p, fault string) error {
	return fmt.Errorf("%q: found %s, wanted a relative path with slashes that Windows accepts", p, fault)
}

// parents lists the folders above p, the nearest first.
func parents(p string) (dirs []string) {
	for d := path.Dir(p); d != "."; d = path.Dir(d) {
		dirs = append(dirs, d)
	}
	return dirs
}
