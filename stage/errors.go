package stage

import (
	"cmp"
	"fmt"
)

// A RefusedError names a folder that usmtpkg will not write to, whatever is in it.
type RefusedError struct {
	Path   string
	Reason string
	As     string // what it was to be; empty: the library
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("%s cannot be %s: %s", e.Path, cmp.Or(e.As, "the library"), e.Reason)
}

// A SourceError is a failure to read the source.
type SourceError struct{ Err error }

func (e *SourceError) Error() string { return "reading the source: " + e.Err.Error() }
func (e *SourceError) Unwrap() error { return e.Err }

// A DestinationError is a failure to use the library's folder: no space, no
// permission, read-only, or not a library.
type DestinationError struct {
	Doing string
	Err   error
}

func (e *DestinationError) Error() string { return e.Doing + ": " + e.Err.Error() }
func (e *DestinationError) Unwrap() error { return e.Err }

// destination wraps a failure on the writing side; nil stays nil.
func destination(doing string, err error) error {
	if err == nil {
		return nil
	}
	return &DestinationError{Doing: doing, Err: err}
}

// A FormatError is a file of the library that cannot be understood: broken,
// or written by a newer usmtpkg.
type FormatError struct {
	File   string
	Reason string
}

func (e *FormatError) Error() string { return e.File + ": " + e.Reason }

// A newerError is the FormatError of a file that a newer usmtpkg wrote: nothing
// can be said of it, not even that it is broken.
type newerError struct{ *FormatError }

func (e *newerError) Unwrap() error { return e.FormatError }

// A MismatchError says that a copy is not what it should be.
type MismatchError struct {
	What  string // "re-read of the staged copy", "release 10.0.26100.1-3f9a1c2b7d04"
	Files []FileResult
}

func (e *MismatchError) Error() string {
	if len(e.Files) == 1 {
		return fmt.Sprintf("%s: %s", e.What, e.Files[0])
	}
	return fmt.Sprintf("%s: %d files differ", e.What, len(e.Files))
}
