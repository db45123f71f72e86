package contentlib

import (
	"fmt"
	"strconv"
	"strings"
)

// Attributes are the attributes of a file on Windows, as DataLib records them: a number in
// hexadecimal without a prefix (seen). They are not part of the content hash.
type Attributes uint32

// The attributes that matter here: a reported cause of trouble with packages on old site
// versions is a hidden file in the source (seen, in a blog).
// Source: https://learn.microsoft.com/windows/win32/fileio/file-attribute-constants
const (
	hidden Attributes = 0x2
	system Attributes = 0x4
)

// Concealed names those attributes that keep a file from being seen, such as "hidden"; empty:
// it has none of them.
func (a Attributes) Concealed() string {
	var names []string
	if a&hidden != 0 {
		names = append(names, "hidden")
	}
	if a&system != 0 {
		names = append(names, "system")
	}
	return strings.Join(names, ", ")
}

// readAttributes reads the attributes of a file; a record may lack them.
func readAttributes(name string, s section) (Attributes, error) {
	text, ok := s["attributes"]
	if !ok {
		return 0, nil
	}
	n, err := strconv.ParseUint(text, 16, 32)
	if err != nil {
		return 0, &FormatError{File: name, Found: fmt.Sprintf("Attributes=%.80q", text), Wanted: "a hexadecimal number of at most 8 digits in [File]"}
	}
	return Attributes(n), nil
}

// A Marked is a file whose recorded attributes are worth a look. They decide nothing: the
// content is what was compared.
type Marked struct {
	Path       string `json:"path"`
	Attributes string `json:"attributes,omitempty"` // as of Attributes.Concealed
	Problem    string `json:"problem,omitempty"`    // why they cannot be read
}

// marked lists such files of a content.
func (c Content) marked() (all []Marked) {
	for _, e := range c.Files {
		if e.Err == nil && (e.AttributesErr != nil || e.Attributes.Concealed() != "") {
			m := Marked{Path: e.Path, Attributes: e.Attributes.Concealed()}
			if e.AttributesErr != nil {
				m.Problem = e.AttributesErr.Error()
			}
			all = append(all, m)
		}
	}
	return all
}
