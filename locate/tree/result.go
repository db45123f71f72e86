package tree

import (
	"cmp"
	"fmt"
)

// A Verdict is the outcome for one file of a comparison.
type Verdict string

// The verdicts. What is wanted is what a manifest, a release or a list of files says.
// Packages that compare more than files have others.
const (
	Same    Verdict = "same"
	Changed Verdict = "changed" // the content differs
	Missing Verdict = "missing" // wanted, not there
	Extra   Verdict = "extra"   // there, not wanted
	Case    Verdict = "case"    // the name differs in upper and lower case only
	Type    Verdict = "type"    // not a regular file
)

// A FileResult is the verdict for one file.
type FileResult struct {
	Path    string  `json:"path"`
	Verdict Verdict `json:"verdict"`
	Wanted  string  `json:"wanted,omitempty"`
	Found   string  `json:"found,omitempty"`

	About string `json:"-"` // the file, where Path says more, such as a property of it
}

// File returns the path of the file, slash-separated: "." for the folder that was verified.
func (r FileResult) File() string { return cmp.Or(r.About, r.Path) }

func (r FileResult) String() string {
	s := r.Path + ": " + string(r.Verdict)
	switch {
	case r.Wanted != "" && r.Found != "":
		return fmt.Sprintf("%s: found %s, wanted %s", s, r.Found, r.Wanted)
	case r.Found != "":
		return s + ": found " + r.Found
	}
	return s
}
