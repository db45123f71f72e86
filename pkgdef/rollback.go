package pkgdef

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// MaxRollback bounds a rollback record that is read, in bytes.
const MaxRollback = 4 << 20

// A Rollback is what a rollback record of Publish-UsmtPackage.ps1 says of package sources.
type Rollback struct {
	Release   string // the release that the package was pointed at
	PackageID string
	Path      string // the package source path from before, which Undo-UsmtPackage.ps1 sets again
}

// ParseRollback reads a rollback record.
func ParseRollback(b []byte) (Rollback, error) {
	var doc struct {
		Format    string `json:"format"`
		Version   int    `json:"version"`
		Release   string `json:"release"`
		PackageID string `json:"packageId"`
		Package   *struct {
			Path string `json:"path"`
		} `json:"package"`
	}
	const format, version = "usmtpkg rollback record", 1
	if err := json.Unmarshal(bytes.TrimPrefix(b, []byte("\ufeff")), &doc); err != nil {
		return Rollback{}, fmt.Errorf("not JSON: %w", err)
	}
	if doc.Format != format || doc.Version != version {
		return Rollback{}, fmt.Errorf("found format %q, version %d, wanted %q, version %d", doc.Format, doc.Version, format, version)
	}
	if doc.Release == "" || doc.Package == nil {
		return Rollback{}, fmt.Errorf("it lacks the release or the package")
	}
	return Rollback{doc.Release, doc.PackageID, doc.Package.Path}, nil
}

// PathNames reports whether a name is one of those in a path of any system, in any case.
func PathNames(path, name string) bool {
	for part := range strings.FieldsFuncSeq(path, func(r rune) bool { return r == '\\' || r == '/' }) {
		if strings.EqualFold(strings.TrimRight(part, ". "), name) {
			return true
		}
	}
	return false
}
