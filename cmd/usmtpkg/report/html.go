package report

import (
	"crypto/sha256"
	_ "embed" // the template, its style and its script
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"
)

//go:embed page.html
var pageTemplate string

//go:embed page.css
var pageStyle string

//go:embed page.js
var pageScript string

// page is the template of the pages. What fills it in is anybody's: html/template escapes it, and no
// character of it can turn the direction of writing.
var page = template.Must(template.New("page").Parse(pageTemplate))

// A pageView is what is on a page. Sections without content are left out.
type pageView struct {
	Title, Over, Heading, Sub, Tool, Foot string

	Alerts   []item
	Facts    []item
	Checks   *checksView
	Diff     *diffView
	Steps    *stepsView
	Origin   []item
	Sizes    *sizesView
	Releases []releaseView

	Files     [][]fileView // in parts: a browser does not lay out those that are not in sight
	FilesNote string
	Compared  bool // the files say how they changed
	Sums      bool // and have their hashes

	CSP    string
	Style  template.CSS
	Script template.JS
}

// An item is a text with a title.
type item struct {
	Head, Text string
	Kind       string
	Mono       bool // Text is a path or a hash
}

// A bar is a number in a table, with a bar as wide as its share of the largest.
type bar struct {
	Text  string
	Width string // percent
}

func barOf(text string, n, largest int64) bar {
	if n == 0 || largest == 0 {
		return bar{}
	}
	return bar{text, fmt.Sprintf("%.1f", max(1, 100*float64(n)/float64(largest)))}
}

// A barRow is a row of such numbers.
type barRow struct {
	Head  string
	Cells []bar
}

// write writes the page. It asks for nothing: the policy in it allows its own style and script and no
// request at all.
func (v *pageView) write(w io.Writer) error {
	v.Style, v.Script = template.CSS(pageStyle), template.JS(pageScript) // ours
	v.CSP = fmt.Sprintf("default-src 'none'; style-src '%s'; script-src '%s'; base-uri 'none'; form-action 'none'", hashOf(pageStyle), hashOf(pageScript))
	return page.Execute(w, v)
}

// hashOf is how a content security policy names a style or script.
func hashOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// WriteHTML writes a document as a page that needs nothing else.
func WriteHTML(w io.Writer, doc Document) error {
	d, ok := doc.(interface{ page() *pageView })
	if !ok {
		return fmt.Errorf("%s is no page", doc.head().Format)
	}
	v := d.page()
	v.Tool = strings.TrimSpace("usmtpkg " + doc.head().tool)
	if v.Foot == "" {
		v.Foot = "Written by " + v.Tool + "."
	}
	return v.write(w)
}
