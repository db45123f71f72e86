package report

import (
	"strings"
)

// Status is the document of status.
type Status struct {
	Head
	Library   string      `json:"library"`
	Release   string      `json:"release"` // the active one
	PackageID string      `json:"package_id"`
	Places    []SitePlace `json:"places"`
}

// A SitePlace is a place where ConfigMgr has something of a package.
type SitePlace struct {
	Against string       `json:"against"` // AgainstLog or AgainstLibrary; empty if it could not be looked at
	Paths   []string     `json:"paths"`
	Verdict PlaceVerdict `json:"verdict"`
	Detail  string       `json:"detail,omitempty"`
}

// A PlaceVerdict says whether a place has the release.
type PlaceVerdict string

// The verdicts on a place.
const (
	PlaceSame       PlaceVerdict = "same"
	PlaceDiffers    PlaceVerdict = "different"
	PlaceNotChecked PlaceVerdict = "not-checked" // it could not be looked at
)

// NewSitePlace returns what a comparison with a place came to, or the error that it had.
func NewSitePlace(paths []string, c Comparison, err error) SitePlace {
	p := SitePlace{Against: c.Against, Paths: paths, Verdict: PlaceDiffers}
	switch {
	case err != nil:
		p.Verdict, p.Detail = PlaceNotChecked, err.Error()
	case c.Equal:
		p.Verdict = PlaceSame
	}
	switch l := c.Logged; {
	case l != nil && l.Attempt != nil:
		p.Detail = "a newer refresh printed no whole content hash: " + l.Attempt.String()
	case l != nil && l.Newest != nil:
		p.Detail = l.Newest.String()
	case l != nil:
		p.Detail = "no content hash of the package in the log"
	case c.Content != nil && c.Content.Content == "":
		p.Detail = "the package is not there"
	case c.Content != nil:
		p.Detail = c.Content.Content + ", " + c.counts()
		if !c.Content.Deep {
			p.Detail += "; objects not read"
		}
	}
	return p
}

func (d *Status) text(t *printer) {
	if !t.Quiet {
		t.printf("release      %s, package %s\n", d.Release, d.PackageID)
	}
	for _, p := range d.Places {
		if t.Quiet && p.Verdict == PlaceSame {
			continue
		}
		t.printf("%-11s  %s: %s\n", strings.ReplaceAll(string(p.Verdict), "-", " "), strings.Join(p.Paths, ", "), p.Detail)
	}
}
