package report

import (
	"cmp"
	"errors"
	"strings"

	"github.com/hashicorp/go-multierror"

	"usmtpkg/locate"
	"usmtpkg/locate/finding"
	"usmtpkg/stage"
)

// Error is the document of a run that failed.
type Error struct {
	Head
	Error    string             `json:"error"`
	Hint     string             `json:"hint,omitempty"`
	Exit     int                `json:"exit"`
	Findings []Finding          `json:"findings,omitempty"`
	Places   []locate.Place     `json:"places,omitempty"`
	Files    []stage.FileResult `json:"files,omitempty"`
	Changes  *stage.Changes     `json:"changes,omitempty"`

	Words string `json:"-"` // what text output says instead of Error, if not empty
}

// NewError returns the document of an error of a command, which ends the run with the exit status.
func NewError(command string, err error, hint string, status int) *Error {
	d := &Error{Head: NewHead("error"), Error: err.Error(), Hint: hint, Exit: status}
	d.command = command
	if list, ok := errors.AsType[*multierror.Error](err); ok {
		var all []*finding.Error
		for _, e := range list.Errors {
			if f, ok := errors.AsType[*finding.Error](e); ok {
				all = append(all, f)
			}
		}
		d.Findings = Findings(all)
	}
	if nf, ok := errors.AsType[*locate.NotFoundError](err); ok {
		d.Places = nf.Places
	}
	if mm, ok := errors.AsType[*stage.MismatchError](err); ok {
		d.Files = mm.Files
	}
	if differs, ok := errors.AsType[*stage.SameVersionError](err); ok {
		d.Changes = &differs.Changes
	}
	return d
}

// text goes to Err, with what does not fit into the line of the error. Findings are printed before.
func (d *Error) text(t *printer) {
	t.Out = t.Err
	d.lines(t)
	if len(d.Findings) > 0 {
		return
	}
	t.places(d.Places)
	if len(d.Files) > 1 {
		for _, f := range d.Files {
			t.printf("  %s\n", f.String())
		}
	}
	if d.Changes != nil {
		t.changes(d.Changes.Files)
	}
	if d.Hint != "" {
		t.printf("usmtpkg: hint: %s\n", d.Hint)
	}
}

// lines print the error itself.
func (d *Error) lines(t *printer) {
	if n := len(d.Findings); n > 0 {
		t.printf("usmtpkg: %s this from becoming a package\n", CountOf(n, "finding keeps", "findings keep"))
		return
	}
	for line := range strings.SplitSeq(cmp.Or(d.Words, d.Error), "\n") {
		t.printf("usmtpkg: %s\n", line)
	}
}

// Fail prints an error to c.Err, without what a document on c.Out says beside it.
func (c Console) Fail(d *Error) {
	d.lines(&printer{Console: Console{Out: c.Err}})
}

// outcome claims nothing but the failure, and the files of a copy that differ.
func (d *Error) outcome() outcome {
	o := outcome{Head: d.Head, failure: &failure{text: d.Error, hint: d.Hint, places: d.Places}}
	if d.Files != nil {
		s := suite{name: AgainstManifest}
		for _, f := range d.Files {
			s.results = append(s.results, fileResult(f, ""))
		}
		o.suites = []suite{s}
	}
	return o
}
