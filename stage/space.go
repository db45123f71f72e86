package stage

import (
	"fmt"
	"os"
	"path/filepath"
)

// checkSpace asks for the room a copy needs before anything is written.
func checkSpace(doing string, root *os.Root, t Tree) error {
	return checkRoom(doing, root, len(t.Files), t.Bytes())
}

// checkRoom does the same for so many files with so many bytes.
func checkRoom(doing string, root *os.Root, files int, bytes int64) error {
	dir, err := root.Open(".")
	if err != nil {
		return destination(doing, err)
	}
	defer dir.Close() //nolint:errcheck // only read
	free, err := freeSpace(dir)
	if err != nil {
		return nil // not every file system tells; a full one is found while writing
	}
	const (
		slack   = 8 << 20 // folders and tag files, in bytes
		perFile = 4 << 10 // what a file takes beyond its size: the rest of its last block, its rows in the tag files
	)
	if need := uint64(max(bytes, 0)) + uint64(max(files, 0))*perFile + slack; free < need {
		return destination(doing, &SpaceError{need, free, filepath.Clean(root.Name())})
	}
	return nil
}

// A SpaceError is too little room for what is to be copied.
type SpaceError struct {
	Need, Free uint64 // in bytes
	Dir        string
}

func (e *SpaceError) Error() string {
	where := e.Dir
	if volume := filepath.VolumeName(e.Dir); volume != "" {
		where = volume
	}
	const mib = 1 << 20
	return fmt.Sprintf("needs %.1f MiB, but only %.1f MiB is free on %s", float64(e.Need)/mib, float64(e.Free)/mib, where)
}
