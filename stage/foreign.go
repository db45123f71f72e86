package stage

import (
	"io/fs"
	"os"
	"slices"
)

// ownEntries are the entries of a library that are not releases.
var ownEntries = []string{markerFile, currentFile, lockFile, definitionsDir, attestationsDir, pinsFile}

// Foreign lists the entries of the library that usmtpkg did not make and never touches, sorted. What a
// run is writing now, or has left behind, is not among them.
func (l *Library) Foreign() ([]string, error) {
	entries, err := os.ReadDir(l.dir)
	if err != nil {
		return nil, destination("listing the library", err)
	}
	names := []string{}
	for _, e := range entries {
		if !isOwn(e) {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

func isOwn(e fs.DirEntry) bool {
	name := e.Name()
	if e.IsDir() && (releaseName.MatchString(name) || stagingName.MatchString(name) || trashName.MatchString(name)) {
		return true
	}
	return slices.Contains(ownEntries, name) || e.Type().IsRegular() && partialName.MatchString(name)
}
