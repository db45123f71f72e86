package report

import (
	"fmt"
	"strings"

	"usmtpkg/locate/finding"
	"usmtpkg/locate/kitdiff"
)

// A diffView is the section of a page about what differs.
type diffView struct {
	Title, Note string
	Rows        []barRow // by kind: gone, new, changed
	Programs    []string
	Unread      []string
	Sections    []sectionView
	FilesTitle  string
	Files       []item
}

// A sectionView is a table of components.
type sectionView struct {
	Title string
	Items []componentView
}

// A componentView is a component that differs.
type componentView struct {
	Name, Where, Arches, Note string
	Rules                     []string
}

// maxPageFiles is how many files that differ a page names.
const maxPageFiles = 20000

// page is the page of two kits.
func (d *Diff) page() *pageView {
	v := &pageView{
		Title: fmt.Sprintf("USMT %s and %s", d.Before.USMT, d.After.USMT), Over: "What differs between two kits",
		Heading: fmt.Sprintf("USMT %s → %s", d.Before.USMT, d.After.USMT),
		Origin:  []item{d.Before.item("Before"), d.After.item("After")},
		Diff:    d.view("What differs"),
	}
	if d.Equal {
		v.Alerts = []item{{Head: "No file differs."}}
	}
	v.Diff.FilesTitle = "Files that differ"
	for i, f := range d.Files {
		if i == maxPageFiles {
			v.Diff.Files = append(v.Diff.Files, item{Head: fmt.Sprintf("… and %d more", len(d.Files)-i)})
			break
		}
		v.Diff.Files = append(v.Diff.Files, item{Head: finding.Printable(f.Path), Kind: string(f.Change), Text: strings.TrimLeft(changeDetail(f), ":, ")})
	}
	return v
}

func (s DiffSide) item(title string) item {
	return item{Head: title, Mono: true, Text: finding.PlainText(s.label()) + "\n" + s.arches() + ": " + s.files()}
}

// label names a kit: by its release, else by its folder.
func (s DiffSide) label() string {
	if s.Release != "" {
		return "release " + s.Release
	}
	return s.Path
}

// view is the section about what differs.
func (d *Diff) view(title string) *diffView {
	v := &diffView{Title: title, Programs: plainTexts(d.programTexts()), Unread: plainTexts(unreadTexts(d.Migration, finding.Printable))}
	v.Note = "Arch folders compared: " + strings.Join(d.Migration.Arches, ", ") + ". Comments, order and white space do not count in components; every byte counts in files."
	all := kitdiff.Counts{}
	for _, f := range d.Files {
		all.Add(f.Change)
	}
	v.rows(all, d.Migration)
	for _, s := range d.sections() {
		view := sectionView{Title: s.title}
		for _, c := range s.changes {
			view.Items = append(view.Items, componentView{
				Name: finding.PlainText(componentName(c)), Where: finding.PlainText(placeText(c)), Arches: strings.Join(c.Arches, ", "),
				Note: finding.PlainText(componentNote(c)), Rules: plainTexts(c.Rules),
			})
		}
		v.Sections = append(v.Sections, view)
	}
	return v
}

// rows are the bars by kind. Those of files have their own scale: there are far more of them.
func (v *diffView) rows(files kitdiff.Counts, c *kitdiff.Components) {
	counts, largest := c.Count(), 0
	for _, n := range counts {
		largest = max(largest, n.Added, n.Removed, n.Changed)
	}
	row := func(title string, n kitdiff.Counts, largest int) {
		r := barRow{Head: title}
		for _, n := range []int{n.Removed, n.Added, n.Changed} {
			r.Cells = append(r.Cells, barOf(fmt.Sprint(n), int64(n), int64(largest)))
		}
		v.Rows = append(v.Rows, r)
	}
	for _, kind := range kitdiff.Kinds {
		if n := counts[kind]; n.Sum() > 0 {
			row(kindNames[kind], n, largest)
		}
	}
	if files.Sum() > 0 {
		row("files", files, max(files.Added, files.Removed, files.Changed))
	}
}

func plainTexts(list []string) []string {
	plain := make([]string, len(list))
	for i, s := range list {
		plain[i] = finding.PlainText(s)
	}
	return plain
}
