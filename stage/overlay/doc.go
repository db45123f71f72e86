// Package overlay adds files to folders of a source without changing it: what
// is copied is the source and, in each of these folders, the files of the
// overlay.
//
// Rules:
//   - A pattern names a folder and, in its last part, files: with the wildcards
//     *, ? and […] of path.Match, without regard to case on every system. The
//     folder is taken literally. Slashes and backslashes both separate.
//   - A pattern that no file matches is an error, and so are two files of one
//     name, anything that matches and is not a regular file (links are never
//     followed), a file over 64 MiB and more than 100 files.
//   - A file of the source with the same name, without regard to case, is
//     hidden by that of the overlay, and [Laid] says which it was. Whether that
//     is allowed, the caller decides. A folder or link of that name is an error.
//   - Files are hashed when the overlay is opened. Size and time are those of
//     that moment: a caller who compares them when reading a file notices that it
//     changed since.
//
// The package does not check names or contents, does not write, and does not
// know what USMT is.
package overlay

import (
	"fmt"
	"io/fs"
	"os"
)

// Bounds of an overlay: it is for a handful of migration XML files and their kind.
const (
	MaxFiles = 100
	maxSize  = 64 << 20 // of one file, in bytes; the largest one of a genuine kit has 8 MB
)

// A Pattern names files.
type Pattern struct {
	From    string // a path whose last part may have wildcards
	Dir     string // the folder that From is relative to; empty: the current one
	Replace bool   // the files may take the place of files of the source
	Below   bool   // From must be a path below Dir, out of which no link may lead either
}

// A File is one file of an overlay.
type File struct {
	Name    string // what it is called where it is laid
	From    string // its path as it was named: the folder of the pattern and Name
	Size    int64  // in bytes
	SHA256  string // of the content, in lower-case hex
	Replace bool

	root *os.Root
	dir  string // absolute
	info fs.FileInfo
}

// A PatternError says what is wrong with the files that a pattern names.
type PatternError struct {
	From   string // the pattern, or the file, as it was named
	Reason string
	Err    error // the failure behind it, or nil
}

func (e *PatternError) Error() string { return fmt.Sprintf("overlay %s: %s", e.From, e.Reason) }
func (e *PatternError) Unwrap() error { return e.Err }

// A ChangedError says that files of an overlay, or those that they hide, changed after the overlay
// was added.
type ChangedError struct {
	Path   string // in the source, or as the overlay's file was named
	Reason string
}

func (e *ChangedError) Error() string { return e.Path + " " + e.Reason }
