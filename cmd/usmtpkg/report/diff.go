package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"usmtpkg/locate/finding"
	"usmtpkg/locate/kitdiff"
	"usmtpkg/locate/migration"
)

// Diff is the document of diff.
type Diff struct {
	Head
	Equal     bool                    `json:"equal"` // no file differs
	Before    DiffSide                `json:"before"`
	After     DiffSide                `json:"after"`
	Arches    []kitdiff.ArchChanges   `json:"arches"`
	Folders   []kitdiff.FolderChanges `json:"folders"`
	Programs  []kitdiff.ProgramChange `json:"programs"` // those whose file version differs
	Migration *kitdiff.Components     `json:"migration"`
	Files     []kitdiff.FileChange    `json:"files"`
	Texts     []kitdiff.TextDiff      `json:"texts,omitempty"` // with -v
}

// DiffFormats are the forms that a Diff has.
var DiffFormats = []Format{FormatText, FormatJSON, FormatMarkdown, FormatHTML}

// A DiffSide is one of the two kits.
type DiffSide struct {
	Name    string `json:"name"`              // as it was given
	Path    string `json:"path"`              // the USMT folder
	Release string `json:"release,omitempty"` // if it is one
	Contents
}

// NewDiff returns the document of two kits with the files that differ.
func NewDiff(before, after DiffSide, files []kitdiff.FileChange) *Diff {
	if files == nil {
		files = []kitdiff.FileChange{}
	}
	return &Diff{
		Head: NewHead("diff"), Equal: len(files) == 0, Before: before, After: after, Files: files,
		Arches: kitdiff.ByArch(files), Folders: kitdiff.ByFolder(files), Programs: kitdiff.Programs(files),
	}
}

func (s DiffSide) text() Lines {
	name := s.Path
	if s.Release != "" {
		name = "release " + s.Release
	}
	return Textf("%s\n             USMT %s (%s), %s", name, s.USMT, s.arches(), s.files())
}

func (d *Diff) text(t *printer) {
	t.printf("before       %s\nafter        %s\n", d.Before.text(), d.After.text())
	if d.Equal {
		t.printf("files        no file differs\n")
		return
	}
	t.listed("files", d.archTexts())
	t.listed("programs", d.programTexts())
	t.listed("migration", migrationTexts(d.Migration))
	for _, s := range d.sections() {
		t.section(s)
	}
	t.printf("\nFiles\n")
	t.changes(d.Files)
	for _, text := range d.Texts {
		t.textDiff(text)
	}
}

// listed prints lines behind a title.
func (t *printer) listed(title string, lines []string) {
	for i, line := range lines {
		t.printf("%-12s %s\n", []string{title, ""}[min(i, 1)], line)
	}
}

// archTexts are the counts of each arch folder.
func (d *Diff) archTexts() []string {
	var list []string
	for _, a := range d.Arches {
		where := finding.Printable(a.Arch)
		switch {
		case !slices.Contains(d.Before.Arches, a.Arch):
			where += " is new:"
		case !slices.Contains(d.After.Arches, a.Arch):
			where += " is gone:"
		}
		list = append(list, where+" "+countsText(a.Counts))
	}
	return list
}

// countsText says how many were added, removed and changed.
func countsText(c kitdiff.Counts) string {
	var counts []string
	for _, n := range []struct {
		n    int
		what string
	}{{c.Added, "added"}, {c.Removed, "removed"}, {c.Changed, "changed"}} {
		if n.n > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", n.n, n.what))
		}
	}
	return strings.Join(counts, ", ")
}

// programTexts sum up what differs in the programs that are on both sides.
func (d *Diff) programTexts() []string {
	list := versionMoves(d.Programs)
	for _, fact := range []struct {
		what string
		of   func(f *kitdiff.File) string
	}{
		{"signature", func(f *kitdiff.File) string { return cmp.Or(f.Signer, f.Signature) }},
		{"machine", func(f *kitdiff.File) string { return f.Machine }},
	} {
		var moves []kitdiff.ProgramChange
		for _, f := range d.Files {
			if b, a := f.Before, f.After; b != nil && a != nil && a.Machine != "" && b.Machine != "" && fact.of(b) != fact.of(a) {
				moves = append(moves, kitdiff.ProgramChange{Path: f.Path, Before: cmp.Or(fact.of(b), "none"), After: cmp.Or(fact.of(a), "none")})
			}
		}
		for _, m := range versionMoves(moves) {
			list = append(list, fact.what+": "+m)
		}
	}
	return list
}

// kindNames are how a person calls the kinds of components.
var kindNames = map[migration.Kind]string{
	migration.Unit:     "migration XML",
	migration.Manifest: "manifests",
	migration.Config:   "Config.xml",
	migration.Shared:   "outside of components",
	migration.Patterns: "patterns",
	migration.List:     "lists",
}

// migrationTexts are one line for each kind of component that differs.
func migrationTexts(c *kitdiff.Components) []string {
	counts := c.Count()
	var list []string
	for _, kind := range kitdiff.Kinds {
		if n := counts[kind]; n.Sum() > 0 {
			list = append(list, kindNames[kind]+": "+countsText(n))
		}
	}
	if len(list) == 0 && len(c.Unread) == 0 {
		list = []string{"no component differs"}
	}
	if len(c.Arches) == 0 {
		list = []string{"not compared: there is no arch that both have"}
	}
	return append(list, unreadTexts(c, finding.Printable)...)
}

// unreadTexts say what was not compared; paths are shown as show does it.
func unreadTexts(c *kitdiff.Components, show func(string) string) []string {
	var list []string
	for _, u := range c.Unread {
		list = append(list, fmt.Sprintf("NOT compared: %s (%s): %s", show(u.Path), u.Side, u.Reason))
	}
	return list
}

// A section is a table of the components that were removed, added or changed.
type section struct {
	title   string
	changes []kitdiff.ComponentChange
}

func (d *Diff) sections() []section {
	var list []section
	for _, s := range []struct {
		title string
		kind  kitdiff.ChangeKind
	}{{"No longer there", kitdiff.Removed}, {"New", kitdiff.Added}, {"Changed", kitdiff.Changed}} {
		var changes []kitdiff.ComponentChange
		for _, c := range d.Migration.Changes {
			if c.Change == s.kind {
				changes = append(changes, c)
			}
		}
		if len(changes) > 0 {
			list = append(list, section{s.title, changes})
		}
	}
	return list
}

// shownComponents is how many components of a table are named without -v.
const shownComponents = 50

// section prints a table of components.
func (t *printer) section(s section) {
	var table strings.Builder
	tw := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	for i, c := range s.changes {
		if i == shownComponents && !t.Verbose {
			Say(tw, "  … and %d more; -v names all\n", len(s.changes)-i)
			break
		}
		Say(tw, "  %s\t%s\t%s\t%s\n", componentName(c), placeText(c), strings.Join(c.Arches, ", "), componentNote(c))
		if t.Verbose {
			for _, r := range c.Rules {
				Say(tw, "      %s\n", r)
			}
		}
	}
	_ = tw.Flush() // into memory
	t.printf("\n%s\n", s.title)
	for line := range strings.Lines(table.String()) {
		t.printf("%s\n", strings.TrimRight(line, " \n"))
	}
}

// componentName is what a person knows a component as, with its id if that is something else.
func componentName(c kitdiff.ComponentChange) string {
	if c.Name == "" || c.Name == c.ID || c.Kind == migration.Config { // whose id is an address
		return c.Label()
	}
	return fmt.Sprintf("%s (%s)", c.Name, c.ID)
}

// placeText says where a component is.
func placeText(c kitdiff.ComponentChange) string {
	if c.Kind == migration.Manifest {
		return "manifest in " + c.Place
	}
	return c.Place
}

// componentNote says what differs in a component, and what else there is to know.
func componentNote(c kitdiff.ComponentChange) string {
	var notes []string
	if c.Change == kitdiff.Changed {
		notes = append(notes, fmt.Sprintf("+%d −%d", c.AddedRules, c.RemovedRules))
	}
	if c.Before != c.After {
		notes = append(notes, fmt.Sprintf("version %s, was %s", cmp.Or(c.After, "none"), cmp.Or(c.Before, "none")))
	}
	if c.Migrate != "" {
		notes = append(notes, "migrate="+c.Migrate)
	}
	if len(c.Elsewhere) > 0 {
		notes = append(notes, "still in "+strings.Join(c.Elsewhere, ", "))
	}
	if c.Group != "" {
		notes = append(notes, "group "+c.Group)
	}
	return strings.Join(notes, "; ")
}

// textDiff prints how the lines of a text differ.
func (t *printer) textDiff(d kitdiff.TextDiff) {
	t.printf("\n")
	if d.Note != "" {
		t.printf("%s: %s\n", finding.Printable(d.Path), d.Note)
	}
	for _, line := range d.Lines {
		t.printf("%s\n", Lines(finding.PlainText(strings.ReplaceAll(line, "\t", "    "))))
	}
	if d.More > 0 {
		t.printf("… and %s more\n", CountOf(d.More, "line", "lines"))
	}
}
