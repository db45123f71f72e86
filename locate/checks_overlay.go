package locate

import (
	"fmt"

	"usmtpkg/locate/finding"
)

// A Declared file was laid into the folder on purpose: it is of an overlay, not of the kit.
type Declared struct {
	Path    string // slash-separated, relative to the USMT folder
	From    string // what it was, as it was named
	Size    int64
	SHA256  string
	Replace bool   // it may take the place of a file of the kit
	Stock   *Stock // the file of the kit that it hides; nil: there is none
}

// A Stock file is one of the kit.
type Stock struct {
	Path   string
	Size   int64
	SHA256 string
}

// Rules about files of an overlay.
var (
	overlayShadows = rule{id: "overlay-shadows", severity: finding.SeverityError,
		hint: "give your file its own name and urlid; to replace the file of USMT, use --overlay-replace, or replace: true in usmtpkg.yaml"}
	overlayReplaces = rule{id: "overlay-replaces", severity: finding.SeverityWarning,
		hint: "compare your file with the one in the new kit: yours lacks what Microsoft changed since",
		source: "documented: changes are best kept in a custom .xml file, apart from the default ones, which a reinstalled USMT overwrites " +
			"(Microsoft Learn, Customize USMT XML files; Understanding migration XML files)"}
)

// found describes the file.
func (d *Declared) found(size int64, sum string) string {
	return fmt.Sprintf("a file of the overlay (%s: %s)", finding.Printable(d.From), bytesOf(size, sum))
}

// bytesOf describes a content by what distinguishes it from others.
func bytesOf(size int64, sum string) string { return fmt.Sprintf("%d bytes, SHA-256 %s", size, sum) }

// overlay reports what the overlay hides of the kit. Of its files the sum of what was read counts,
// where that was hashed.
func (s *survey) overlay(trees []*archFolder) {
	for _, t := range trees {
		for _, e := range t.entries {
			d := s.declared[e.path]
			if d == nil {
				continue
			}
			size, sum := d.Size, d.SHA256
			if e.read() && e.sum != "" {
				size, sum = e.size, e.sum
			}
			found := d.found(size, sum)
			switch {
			case d.Stock != nil && d.Replace:
				s.add(overlayReplaces.at(e.path, found, "that of the kit ("+bytesOf(d.Stock.Size, d.Stock.SHA256)+")"))
			case d.Stock != nil:
				s.add(overlayShadows.at(e.path, found, "that of the kit ("+bytesOf(d.Stock.Size, d.Stock.SHA256)+"), or another name"))
			case d.Replace && isCorePath(e.path):
				s.add(overlayReplaces.at(e.path, found, "that of the kit, which lacks it"))
			}
		}
	}
}

// standsIn reports whether e is a file of the overlay that fills a gap of the kit without leave to replace.
func (s *survey) standsIn(e *entry) bool {
	d := s.declared[e.path]
	return d != nil && d.Stock == nil && !d.Replace
}

// attribute names the file of the overlay in the findings about it.
func (s *survey) attribute() {
	for _, f := range s.findings {
		if d := s.declared[f.File]; d != nil {
			f.Overlay = d.From
		}
	}
}

// declare enters the files of an overlay by their paths.
func declare(files []Declared) map[string]*Declared {
	byPath := make(map[string]*Declared, len(files))
	for i := range files {
		byPath[files[i].Path] = &files[i]
	}
	return byPath
}

// inOverlay is what a finding says was found where only a file of the overlay is.
const inOverlay = "only a file of the overlay"

// declaredFile compares a file of the overlay with what the list says of its name, and reports
// whether that is all there is to say of it. One that stands for a file of the kit is no such file.
func (l *listing) declaredFile(e *entry) bool {
	d := l.declared[e.path]
	if d == nil {
		return false
	}
	switch {
	case d.Stock != nil: // which the rules above tell of
	case !d.Replace:
		l.tell(inventoryMissing, e.path, inOverlay, "a file of "+l.usmt())
	case !isCorePath(e.path):
		l.add(overlayReplaces.at(e.path, d.found(d.Size, d.SHA256), "that of "+l.usmt()+", which the kit lacks"))
	}
	return true
}
