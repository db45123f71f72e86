package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os/user"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"usmtpkg/cmd/usmtpkg/report"
	"usmtpkg/locate"
	"usmtpkg/locate/inventory"
	"usmtpkg/pkgdef/contentlib"
	"usmtpkg/stage"
	"usmtpkg/stage/registry"
)

// fail prints an error of a command and returns the exit status for it.
func (p *program) fail(command string, err error) int {
	status := exitStatus(err)
	if errors.Is(err, errDiffers) || errors.Is(err, errFindings) || is[*librariesError](err) {
		return status // the differences, findings or errors are the output, and are printed
	}
	doc := errorDocument(command, err)
	report.Finish(doc, status, version())
	if p.log != nil {
		p.log.failing = true
	}
	if p.output.format != report.FormatText {
		p.console().Fail(doc)
	}
	_ = report.Write(p.console(), p.output.format, doc)
	return status
}

// errorDocument is the document of an error of a command.
func errorDocument(command string, err error) *report.Error {
	status := exitStatus(err)
	doc := report.NewError(command, err, hintFor(err), status)
	if status == exitCanceled {
		doc.Words = "cancelled"
		if is[*unpublishedError](err) {
			doc.Words = "cancelled; the library is as it was"
		}
	}
	return doc
}

// errFindings marks an error whose findings are printed already.
var errFindings = errors.New("findings")

// marked marks the error of findings that are printed already.
func marked(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", errFindings, err)
}

// An unpublishedError is one of a run that was to publish a release, and did not.
type unpublishedError struct{ err error }

func (e *unpublishedError) Error() string { return e.err.Error() }
func (e *unpublishedError) Unwrap() error { return e.err }

// An advisedError has advice that fits better than the one by its status, and may have better words.
type advisedError struct {
	err  error
	hint string
	text string // in place of that of err, if not empty
}

func (e *advisedError) Error() string { return cmp.Or(e.text, e.err.Error()) }
func (e *advisedError) Unwrap() error { return e.err }
func (e *advisedError) Hint() string  { return e.hint }

// A deniedError says to whom a library is closed.
type deniedError struct{ advisedError }

// denied says to whom the library of a command is closed: the system only says which of our files it was about.
func denied(cmd *cobra.Command, err error) error {
	flag := cmd.Flags().Lookup("library")
	if flag == nil || flag.Value.String() == "" {
		return err
	}
	return deniedAt(flag.Value.String(), cmd.Flags().Lookup("dry-run") != nil, err)
}

// deniedAt does so for the library dir, which the command writes to or only reads.
func deniedAt(dir string, writes bool, err error) error {
	if exitStatus(err) != exitDestination || !is[*stage.DestinationError](err) || !errors.Is(err, fs.ErrPermission) {
		return err
	}
	reason := "permission denied"
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		reason = errno.Error()
	}
	if u, unknown := user.Current(); unknown == nil {
		reason += " (as " + u.Username + ")"
	}
	doing, right := "open", "read"
	if writes {
		doing, right = "write to", "write"
	}
	dir = absolute(dir)
	what := "the library " + dir
	if path, ok := errors.AsType[*fs.PathError](err); ok && filepath.IsAbs(path.Path) && path.Path != dir && path.Op == "cannot write to" { // of stage.CheckWritable
		what = path.Path
	}
	return &deniedError{advisedError{
		err, "grant " + right + " access, or choose another --library", fmt.Sprintf("cannot %s %s: %s", doing, what, reason),
	}}
}

// unread says which file of a copy could not be read. To stage all that is read is a source.
func unread(dir string, err error) error {
	failed, ok := errors.AsType[*stage.SourceError](err)
	if !ok {
		return err
	}
	bad := &advisedError{err: err, text: "reading " + dir + ": " + failed.Err.Error()}
	if path, ok := failed.Err.(*fs.PathError); ok { //nolint:errorlint // what wraps one says more
		bad.text = "cannot read " + filepath.Join(dir, path.Path) + ": " + path.Err.Error()
	}
	if errors.Is(err, fs.ErrPermission) {
		bad.hint = "give this account permission to read it"
	}
	return bad
}

// hintFor is the advice for an error: its own, or one by its kind.
func hintFor(err error) string {
	const nothing = "nothing was published; "
	var h interface{ Hint() string }
	if errors.As(err, &h) && h.Hint() != "" {
		switch {
		case is[*locate.NotFoundError](err):
			return h.Hint() + " (--source, --volume)"
		case is[*unpublishedError](err) && (is[*deniedError](err) || is[*registry.Error](err)):
			return nothing + h.Hint()
		}
		return h.Hint()
	}
	hint := hintByStatus(err)
	if !is[*unpublishedError](err) {
		return hint
	}
	if exitStatus(err) == exitDestination && errors.Is(err, fs.ErrNotExist) {
		hint = "make sure that the drive or share is there" // a library that is not is made
	}
	if hint != "" {
		hint = nothing + hint
	}
	return hint
}

func hintByStatus(err error) string {
	if is[*inventory.SyntaxError](err) {
		return "correct the line, or make the list again with usmtpkg inventory"
	}
	if is[*stage.DowngradeError](err) {
		return "if the older USMT is wanted, say so with --allow-downgrade"
	}
	if differs, ok := errors.AsType[*stage.SameVersionError](err); ok {
		return changedHint(differs)
	}
	switch exitStatus(err) {
	case exitBusy:
		return "wait for the other run to end, or for whatever holds the file open, and run again"
	case exitChanged:
		return "run again when nobody changes the source"
	case exitIO:
		return "run again, and look at the disk or the network if it fails again"
	case exitMismatch:
		return "do not use this copy: run again, and if the release was published before, move its folder out of the library first"
	case exitDestination:
		return destinationHint(err)
	}
	return ""
}

func destinationHint(err error) string {
	switch {
	case is[*stage.FormatError](err):
		return "" // the library is there, and neither space nor permission is lacking
	case is[*stage.SourceError](err), is[*locate.SourceError](err):
		return "give this account permission to read the source"
	case is[*contentlib.LibraryError](err) && errors.Is(err, fs.ErrPermission):
		return "give this account permission to read the content library"
	case is[*contentlib.LibraryError](err):
		return "name the folder SCCMContentLib with --content-library, the one with PkgLib and DataLib first"
	case errors.Is(err, fs.ErrNotExist):
		return "name the folder of a library; usmtpkg refresh makes one"
	}
	return "choose another folder, or free space and grant write access"
}

// changedHint says when a kit that differs from a release of its version is right.
func changedHint(e *stage.SameVersionError) string {
	if e.Known != "" {
		return fmt.Sprintf("release %s already has exactly these files; to go back to it: usmtpkg activate %s, or run again with --allow-changed", e.Known, e.Known)
	}
	return "if the ADK was serviced without a new USMT version, this is expected: run again with --allow-changed; " +
		"otherwise the kit is damaged or altered: repair it with adksetup.exe"
}
