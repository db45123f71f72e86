package bag

import "strconv"

// SyntaxError says that a tag file is not as the rules want it. Errors of any
// other type mean that the file could not be read.
type SyntaxError struct {
	File   string // name in the base folder of the bag
	Line   int    // from 1; 0 if it is not about one line
	Found  string
	Wanted string
}

func (e *SyntaxError) Error() string {
	at := e.File
	if e.Line > 0 {
		at += ":" + strconv.Itoa(e.Line)
	}
	return at + ": found " + e.Found + ", wanted " + e.Wanted
}

// NameError says that a path or a name cannot be used.
type NameError struct {
	Name   string // as given
	Fault  string // `a ".." segment`
	Wanted string
}

func (e *NameError) Error() string {
	return quote(e.Name) + ": found " + e.Fault + ", wanted " + e.Wanted
}

// at turns a fault of a path into a fault of its line.
func (e *NameError) at(file string, line int) *SyntaxError {
	return &SyntaxError{
		File: file, Line: line,
		Found:  "path " + quote(e.Name) + " with " + e.Fault,
		Wanted: e.Wanted,
	}
}

// maxQuote bounds what a message repeats of a hostile line, in bytes.
const maxQuote = 120

// quote makes s safe to print: control, formatting and invalid bytes escaped,
// the length bounded.
func quote(s string) string {
	if len(s) > maxQuote {
		return strconv.Quote(s[:maxQuote]) + "..."
	}
	return strconv.Quote(s)
}
