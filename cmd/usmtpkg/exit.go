package main

import (
	"context"
	"errors"
	"io/fs"

	"github.com/hashicorp/go-multierror"

	"usmtpkg/locate"
	"usmtpkg/locate/finding"
	"usmtpkg/locate/inventory"
	"usmtpkg/locate/tree"
	"usmtpkg/pkgdef"
	"usmtpkg/pkgdef/contentlib"
	"usmtpkg/stage"
	"usmtpkg/stage/archive"
	"usmtpkg/stage/attest"
	"usmtpkg/stage/bag"
	"usmtpkg/stage/overlay"
	"usmtpkg/stage/registry"
)

// Exit statuses; docs/exit-codes.md explains them.
const (
	exitOK          = 0
	exitOther       = 1
	exitUsage       = 2
	exitNotFound    = 3
	exitInvalid     = 4
	exitMismatch    = 5
	exitDestination = 6
	exitBusy        = 7
	exitChanged     = 8
	exitIO          = 9
	exitCanceled    = 130
)

const exitHelp = `Exit status:

    0  done
    1  any other failure
    2  wrong usage, or a folder that cannot be the target
    3  no USMT was found
    4  the source, or a file that was given, is invalid
    5  a copy does not match
    6  the destination cannot be used: space, permission, or it is not a library
    7  the library is busy, or a file is open in another program
    8  the source changed during the run
    9  a fault of a disk or the network; trying again may help
  130  cancelled

Treat any other status as a failure. To see it:

  echo $?             sh
  $LASTEXITCODE       PowerShell
  echo %ERRORLEVEL%   cmd`

// A usageError is a fault in how the program was called.
type usageError struct {
	msg  string
	hint string
}

func (e *usageError) Error() string { return e.msg }
func (e *usageError) Hint() string  { return e.hint }

// errDiffers is the outcome of a verify, or a diff with --exit-code, that found differences and printed them.
var errDiffers = errors.New("the copy does not match")

// is reports whether err holds an error of type T.
func is[T error](err error) bool {
	var t T
	return errors.As(err, &t)
}

// exitStatus chooses the status for an error, the most particular first.
func exitStatus(err error) int {
	if several, ok := errors.AsType[*librariesError](err); ok && !is[*outputError](err) {
		return several.status
	}
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, context.Canceled):
		return exitCanceled
	case is[*outputError](err):
		return exitOther
	case is[*usageError](err), is[*stage.RefusedError](err), is[*overlay.PatternError](err), is[*pkgdef.FieldError](err), is[*registry.ReferenceError](err):
		return exitUsage
	case is[*locate.NotFoundError](err), isRegistry(err, registry.Absent):
		return exitNotFound
	case isRegistry(err, registry.Damaged), errors.Is(err, errDiffers), is[*stage.MismatchError](err), is[*attestationError](err):
		return exitMismatch
	case errors.Is(err, tree.ErrChanged):
		return exitChanged
	case errors.Is(err, tree.ErrBusy), tree.IsLocked(err):
		return exitBusy
	case isInvalid(err):
		return exitInvalid
	case isRegistry(err, registry.Away), tree.IsIOFault(err):
		return exitIO
	case isRegistry(err, registry.Refused), is[*stage.DestinationError](err), is[*contentlib.LibraryError](err):
		return exitDestination
	}
	return ioStatus(err)
}

// isRegistry reports whether err is one of a registry, of that kind.
func isRegistry(err error, kind registry.Kind) bool {
	e, ok := errors.AsType[*registry.Error](err)
	return ok && e.Kind == kind
}

// isInvalid tells errors that are about the content of what was given.
func isInvalid(err error) bool {
	return isRegistry(err, registry.Invalid) || is[*multierror.Error](err) || is[*finding.Error](err) || is[*locate.LayoutError](err) ||
		is[*stage.EntryError](err) || is[*stage.DowngradeError](err) || is[*stage.SameVersionError](err) || is[*stage.FormatError](err) && !is[*stage.DestinationError](err) ||
		is[*bag.SyntaxError](err) || is[*inventory.SyntaxError](err) || is[*attest.SyntaxError](err) || is[*contentlib.FormatError](err) || is[*tree.FileError](err) && !is[*stage.DestinationError](err) && !is[*contentlib.LibraryError](err) || is[*locate.MSIError](err) || is[*archive.FormatError](err) && !is[*stage.DestinationError](err)
}

// ioStatus is the status of a failure to read.
func ioStatus(err error) int {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return exitDestination
	case is[*locate.SourceError](err) && errors.Is(err, fs.ErrNotExist):
		return exitNotFound
	case is[*locate.SourceError](err):
		return exitUsage
	case is[*stage.SourceError](err), is[*fs.PathError](err):
		return exitIO
	}
	return exitOther
}
