package report

import (
	"time"

	"usmtpkg/stage"
)

// Page is the document of report: a page about a release, for a change ticket.
type Page struct {
	Head
	File     string `json:"file"`
	Bytes    int64  `json:"bytes"`
	Release  string `json:"release"`
	Against  string `json:"against,omitempty"` // the release that it was compared with
	Equal    bool   `json:"equal"`             // every file of the release is as it was staged
	Errors   int    `json:"errors"`            // findings
	Warnings int    `json:"warnings"`
	Unproven int    `json:"unproven"` // files that nothing proves

	About PageAbout `json:"-"`
}

// PageAbout is what a page is about.
type PageAbout struct {
	Now      time.Time
	Record   *Show
	Releases []Release // of the library
	Read     Comparison
	Checks   Checks // what a validation says now
	Findings []Finding
	Diff     *Diff  // nil: there is nothing to compare with
	Chosen   string // why it was compared with that release
	Files    []PageFile
}

// A PageFile is a file of the release.
type PageFile struct {
	stage.InventoryFile
	Change string // how it differs from the other release
}

// Fill fills in what the document says of the page.
func (d *Page) Fill(a PageAbout) {
	d.About, d.Release, d.Equal, d.Unproven = a, a.Record.Release.Release, a.Read.Equal, len(a.Checks.Unproven)
	if a.Diff != nil {
		d.Against = a.Diff.Before.Release
	}
	for _, f := range a.Findings {
		switch f.Severity {
		case "error":
			d.Errors++
		case "warning":
			d.Warnings++
		}
	}
}

func (d *Page) text(t *printer) {
	t.printf("report       %s\n             %s, needs nothing else to be read\n", d.File, Size(d.Bytes))
	t.printf("release      %s\n", d.Release)
	if d.Against != "" {
		t.printf("             compared with release %s\n", d.Against)
	}
	state := "every file is as it was staged"
	if !d.Equal {
		state = "DIFFERENT from what was staged; usmtpkg verify names the files"
	}
	t.printf("verified     %s\n", state)
}
