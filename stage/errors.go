package stage

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

var (
	// ErrBusy tells that another run is writing to the library, or that a file is locked.
	ErrBusy = errors.New("in use by another run")
	// ErrChanged tells that the source changed while it was read.
	ErrChanged = errors.New("source changed during the run")
)

// A heldError is a file that another program keeps open. It is ErrBusy.
type heldError struct{ err error }

func (e *heldError) Error() string {
	if isDenied(e.err) && !isLocked(e.err) { // for the system the two are one
		return "another program has it open, or a file in it, or permission is lacking: " + e.err.Error()
	}
	return "another program has it open, or a file in it: " + e.err.Error()
}
func (e *heldError) Unwrap() []error { return []error{ErrBusy, e.err} }

// IsHeld tells that another program keeps a file open, for however short a time.
func IsHeld(err error) bool { return isLocked(err) }

// A RefusedError names a folder that usmtpkg will not write to, whatever is in it.
type RefusedError struct {
	Path   string
	Reason string
	As     string // what it was to be; empty: the library
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("%s cannot be %s: %s", e.Path, cmp.Or(e.As, "the library"), e.Reason)
}

// IsIOFault tells a fault of a disk, a server or the network before it: trying
// again may help. Lack of space or permission does not count as one.
func IsIOFault(err error) bool { return isOutage(err) || isBroken(err) }

func isOneOf(err error, list []error) bool {
	return slices.ContainsFunc(list, func(e error) bool { return errors.Is(err, e) })
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

// A MismatchError tells that a copy is not what it should be.
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
