package tree

import (
	"errors"
	"slices"
)

var (
	// ErrBusy tells that another run is writing to the library, or that another program has a file open.
	ErrBusy = errors.New("in use by another run")
	// ErrChanged tells that the source changed while it was read.
	ErrChanged = errors.New("source changed during the run")
)

// A HeldError is a file that another program keeps open. It is ErrBusy.
type HeldError struct{ Err error }

func (e *HeldError) Error() string {
	if IsDenied(e.Err) && !IsLocked(e.Err) { // for the system the two are one
		return "another program has it open, or a file in it, or permission is lacking: " + e.Err.Error()
	}
	return "another program has it open, or a file in it: " + e.Err.Error()
}

// Unwrap returns both errors that it is.
func (e *HeldError) Unwrap() []error { return []error{ErrBusy, e.Err} }

// IsIOFault reports whether a disk, a server or the network before it failed: trying again may help.
// Lack of space or permission does not count.
func IsIOFault(err error) bool { return IsOutage(err) || isBroken(err) }

func isOneOf(err error, list []error) bool {
	return err != nil && slices.ContainsFunc(list, func(e error) bool { return errors.Is(err, e) })
}
