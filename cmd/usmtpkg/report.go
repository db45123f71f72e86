package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/hashicorp/go-multierror"

	"usmtpkg/locate"
	"usmtpkg/locate/finding"
	"usmtpkg/locate/inventory"
	"usmtpkg/stage"
)

// report prints an error and returns the exit status for it.
func report(env environment, o *options, err error) int {
	err = o.denied(err)
	status := exitStatus(err)
	if errors.Is(err, errDiffers) || errors.Is(err, errFindings) {
		return status // the differences or findings are the output, and are printed
	}
	if o.format != formatText {
		j := func() judgement { return failureJudgement(o, err, status) }
		_ = printDocument(env, o, errorDocument(o, err, status), j)
		return status
	}
	var list *multierror.Error
	if errors.As(err, &list) {
		say(env.stderr, "usmtpkg: %s\n", countOf(len(list.Errors), "finding keeps", "findings keep")+" this from becoming a package")
		return status
	}
	text := err.Error()
	if status == exitCanceled {
		text = "cancelled"
		if o.unpublished {
			text = "cancelled; the library is as it was"
		}
	}
	for line := range strings.SplitSeq(text, "\n") {
		say(env.stderr, "usmtpkg: %s\n", finding.PlainText(line))
	}
	printDetails(env.stderr, o, err)
	if hint := hintFor(o, err); hint != "" {
		say(env.stderr, "usmtpkg: hint: %s\n", hint)
	}
	return status
}

// denied says whom a library is closed to: the system only says which of our files it was about.
func (o *options) denied(err error) error {
	if o.library == "" || exitStatus(err) != exitDestination || !is[*stage.DestinationError](err) || !errors.Is(err, fs.ErrPermission) {
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
	if slices.Contains([]string{"refresh", "stage", "define", "attest", "activate"}, o.command) {
		doing, right = "write to", "write"
	}
	dir, abs := filepath.Abs(o.library)
	if abs != nil {
		dir = o.library
	}
	return &advisedError{
		&wordedError{fmt.Sprintf("cannot %s the library %s: %s", doing, dir, reason), err},
		"grant " + right + " access, or choose another --library",
	}
}

// A wordedError says in other words what an error is.
type wordedError struct {
	text string
	err  error
}

func (e *wordedError) Error() string { return e.text }
func (e *wordedError) Unwrap() error { return e.err }

// errFindings marks an error whose findings are printed already.
var errFindings = errors.New("findings")

// printDetails prints what does not fit into the line of an error.
func printDetails(w io.Writer, o *options, err error) {
	var nf *locate.NotFoundError
	if errors.As(err, &nf) {
		printPlaces(w, nf.Places)
	}
	var mm *stage.MismatchError
	if errors.As(err, &mm) && len(mm.Files) > 1 {
		for _, f := range mm.Files {
			say(w, "  %s\n", finding.PlainText(f.String()))
		}
	}
	var differs *stage.SameVersionError
	if errors.As(err, &differs) {
		printChanges(w, o, differs.Changes.Files)
	}
}

// hintFor is the advice for an error: its own, or one by its kind.
func hintFor(o *options, err error) string {
	var h interface{ Hint() string }
	if errors.As(err, &h) && h.Hint() != "" {
		hint := h.Hint()
		if is[*locate.NotFoundError](err) {
			hint += " (--source, --volume)"
		}
		if o.unpublished && is[*wordedError](err) {
			hint = "nothing was published; " + hint
		}
		return hint
	}
	hint := hintByStatus(err)
	if o.unpublished && exitStatus(err) == exitDestination && errors.Is(err, fs.ErrNotExist) {
		hint = "make sure that the drive or share is there" // a library that is not is made
	}
	if o.unpublished && hint != "" {
		hint = "nothing was published; " + hint
	}
	return hint
}

func hintByStatus(err error) string {
	if is[*inventory.SyntaxError](err) {
		return "correct the line, or make the list anew with usmtpkg inventory"
	}
	if is[*stage.DowngradeError](err) {
		return "if the older USMT is wanted, say so with --allow-downgrade"
	}
	var differs *stage.SameVersionError
	if errors.As(err, &differs) {
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
		if is[*stage.FormatError](err) {
			return "" // the library is there, and neither space nor permission is lacking
		}
		if is[*stage.SourceError](err) || is[*locate.SourceError](err) {
			return "give this account permission to read the source"
		}
		if errors.Is(err, fs.ErrNotExist) {
			return "name the folder of a library; usmtpkg refresh makes one"
		}
		return "choose another folder, or free space and grant write access"
	}
	return ""
}

type jsonError struct {
	Format   string             `json:"format"`
	Version  int                `json:"version"`
	Error    string             `json:"error"`
	Hint     string             `json:"hint,omitempty"`
	Exit     int                `json:"exit"`
	Findings []jsonFinding      `json:"findings,omitempty"`
	Places   []jsonPlace        `json:"places,omitempty"`
	Files    []stage.FileResult `json:"files,omitempty"`
	Changes  *stage.Changes     `json:"changes,omitempty"`
}

func errorDocument(o *options, err error, status int) jsonError {
	d := jsonError{Format: "usmtpkg error", Version: 1, Error: err.Error(), Hint: hintFor(o, err), Exit: status}
	var list *multierror.Error
	if errors.As(err, &list) {
		for _, e := range list.Errors {
			if f := (*finding.Error)(nil); errors.As(e, &f) {
				d.Findings = append(d.Findings, findingDocument(f))
			}
		}
	}
	var nf *locate.NotFoundError
	if errors.As(err, &nf) {
		d.Places = placeDocuments(nf.Places)
	}
	var mm *stage.MismatchError
	if errors.As(err, &mm) {
		d.Files = mm.Files
	}
	var differs *stage.SameVersionError
	if errors.As(err, &differs) {
		d.Changes = &differs.Changes
	}
	return d
}

// printDocument prints the document of a run in the form that was asked for: doc as JSON, or
// the judgement as what build servers read.
func printDocument(env environment, o *options, doc any, judge func() judgement) error {
	switch o.format {
	case formatSARIF:
		return writeSARIF(env.stdout, judge(), version())
	case formatJUnit:
		return writeJUnit(env.stdout, judge())
	case formatText, formatJSON:
	}
	return printJSON(env.stdout, doc)
}

// printJSON prints one document: indented, and without escaping <, > and &.
func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(plainJSON{w})
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// countOf is a number with its noun.
func countOf(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// size is a number of bytes in the unit that suits it.
func size(n int64) string {
	const unit = 1024
	if n < unit {
		return countOf(int(n), "byte", "bytes")
	}
	value, prefix := float64(n)/unit, 0
	for value >= unit && prefix < 3 {
		value /= unit
		prefix++
	}
	return fmt.Sprintf("%.1f %ciB", value, "KMGT"[prefix])
}
