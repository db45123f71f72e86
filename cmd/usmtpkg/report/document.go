// Package report is what the commands of usmtpkg print: the documents, and how each becomes text,
// JSON, SARIF or JUnit XML.
//
// A document is a plain struct whose JSON form docs/formats.md describes. What is in several
// documents has one type here. All four forms are written by a function of the same shape,
// Write…(w, doc); only validate, verify and errors have the two for build servers.
//
// The package does not read flags, look at any file or choose an exit status. No text of others that
// it prints can forge a line or steer a terminal; see Printf.
package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// A Format is a form of a document.
type Format string

// The forms.
const (
	FormatText  Format = "text"
	FormatJSON  Format = "json"
	FormatSARIF Format = "sarif" // SARIF 2.1.0, see sarif.go
	FormatJUnit Format = "junit" // JUnit XML, see junit.go

	FormatMarkdown Format = "markdown" // for a ticket, see markdown.go; of Diff only
	FormatHTML     Format = "html"     // a page, see html.go; of Diff only
)

// Formats lists the forms of what is checked.
var Formats = []Format{FormatText, FormatJSON, FormatSARIF, FormatJUnit}

// A Document is what a command came to.
type Document interface {
	head() *Head
	text(t *printer)
}

// A checked document has what SARIF and JUnit are written from.
type checked interface {
	Document
	outcome() outcome
}

// A Head begins every document.
type Head struct {
	Format  string `json:"format"`
	Version int    `json:"version"`

	command string
	tool    string // the version of usmtpkg
	status  int    // the exit status
}

// NewHead returns the head of a document of a command.
func NewHead(command string) Head {
	return Head{Format: "usmtpkg " + command, Version: 1, command: command}
}

func (h *Head) head() *Head { return h }

// Finish tells a document how the run ended, which SARIF and JUnit say: with which exit status, and which
// version of usmtpkg it was.
func Finish(doc Document, status int, tool string) {
	doc.head().status, doc.head().tool = status, tool
}

// A Console is where text goes, and how much of it is wanted.
type Console struct {
	Out, Err       io.Writer
	Quiet, Verbose bool
}

// Write writes a document in the form that was asked for.
func Write(c Console, f Format, doc Document) error {
	switch f {
	case FormatJSON:
		return WriteJSON(c.Out, doc)
	case FormatSARIF:
		return WriteSARIF(c.Out, doc)
	case FormatJUnit:
		return WriteJUnit(c.Out, doc)
	case FormatMarkdown:
		if _, ok := doc.(*Error); !ok {
			return WriteMarkdown(c.Out, doc)
		}
	case FormatHTML:
		if _, ok := doc.(*Error); !ok {
			return WriteHTML(c.Out, doc)
		}
	case FormatText:
	}
	return WriteText(c, doc)
}

// outcomeOf is what SARIF and JUnit are written from. Flags do not let it come to a document that has none.
func outcomeOf(doc Document) (outcome, error) {
	if d, ok := doc.(checked); ok {
		return d.outcome(), nil
	}
	return outcome{}, fmt.Errorf("%s is written as text or JSON only", doc.head().Format)
}

// WriteText writes a document as people read it: the result to c.Out, notes and errors to c.Err.
func WriteText(c Console, doc Document) error {
	t := &printer{Console: c}
	doc.text(t)
	return t.err
}

// WriteJSON writes a document as JSON: indented, and without escaping <, > and &.
func WriteJSON(w io.Writer, doc any) error {
	enc := json.NewEncoder(plainJSON{w})
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(doc)
}

// A printer writes the text of a document. It remembers the first error of Out; one of Err cannot be told to anybody.
type printer struct {
	Console
	err error
}

func (t *printer) printf(format string, args ...any) {
	if t.err == nil {
		_, t.err = Printf(t.Out, format, args...)
	}
}

// notes prints notes on the result, unless it is to be quiet.
func (t *printer) notes(notes []string) {
	if !t.Quiet {
		for _, n := range notes {
			Say(t.Err, "usmtpkg: note: %s\n", n)
		}
	}
}

// dryRun says that nothing was done, where that is so.
func (t *printer) dryRun(dry bool) {
	if dry {
		t.printf("dry run: nothing was touched; this is what would be done\n")
	}
}

// An Origin is a source and how it was found.
type Origin struct {
	Path string `json:"path"`
	How  string `json:"how"`
}

// Contents sums a USMT folder up.
type Contents struct {
	USMT   string   `json:"usmt_version"`
	Arches []string `json:"arches"`
	Files  int      `json:"files"`
	Bytes  int64    `json:"bytes"`
}

func (c Contents) arches() string { return strings.Join(c.Arches, ", ") }

// files says how many files there are, and how much is in them.
func (c Contents) files() string { return filesText(c.Files, c.Bytes) }

func filesText(files int, bytes int64) string {
	return CountOf(files, "file", "files") + ", " + Size(bytes)
}

// writtenText says which files were written, or would be.
func writtenText(written []string, dry bool, unchanged string) string {
	switch {
	case len(written) == 0:
		return unchanged
	case dry:
		return "would be written: " + strings.Join(written, ", ")
	}
	return "written: " + strings.Join(written, ", ")
}
