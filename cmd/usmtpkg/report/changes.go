package report

import (
	"fmt"
	"strings"

	"usmtpkg/locate/finding"
	"usmtpkg/locate/kitdiff"
	"usmtpkg/stage"
)

// shownChanges is how many files that differ are named without -v.
const shownChanges = 20

// changesText sums up how a kit differs from an earlier release. It is empty where there is nothing
// to say; a dry run says that, too.
func changesText(c *stage.Changes, dryRun bool) Lines {
	switch {
	case c == nil && dryRun:
		return "no earlier release to compare with"
	case c == nil || c.Same() && !dryRun && (c.Migration == nil || len(c.Migration.Changes) == 0):
		return ""
	case c.Problem != "":
		return Textf("not compared with %s: %s", releaseText(c), c.Problem)
	}
	differs := "no file differs"
	if !c.Same() {
		differs = strings.Join(archChanges(c), "; ")
	}
	text := Textf("from %s: %s", releaseText(c), differs)
	if moves := versionMoves(c.Programs); len(moves) > 0 {
		text += Textf("\n             programs: %s", strings.Join(moves, ", "))
	}
	if c.Migration != nil {
		for i, line := range migrationTexts(c.Migration) {
			text += Textf("\n             %s%s", []string{"migration: ", "           "}[min(i, 1)], line)
		}
	}
	if c.Replaced > 0 {
		text += Textf("\n             not compared: %s that an overlay replaces", CountOf(c.Replaced, "file", "files"))
	}
	return text
}

func releaseText(c *stage.Changes) string {
	if c.Active {
		return "the active release " + c.Release
	}
	return "release " + c.Release
}

// archChanges counts what differs in each arch folder.
func archChanges(c *stage.Changes) []string {
	var list []string
	for _, a := range c.Arches {
		list = append(list, finding.Printable(a.Arch)+" "+countsText(a.Counts))
	}
	return list
}

// versionMoves counts the programs by the versions they went from and to, in the order of the first.
func versionMoves(programs []kitdiff.ProgramChange) []string {
	type move struct{ before, after string }
	counts := map[move]int{}
	var order []move
	for _, p := range programs {
		m := move{p.Before, p.After}
		if counts[m]++; counts[m] == 1 {
			order = append(order, m)
		}
	}
	var list []string
	for _, m := range order {
		list = append(list, finding.PlainText(fmt.Sprintf("%d from %s to %s", counts[m], m.before, m.after)))
	}
	return list
}

// changes names the files that differ.
func (t *printer) changes(files []kitdiff.FileChange) {
	for i, f := range files {
		if i == shownChanges && !t.Verbose {
			t.printf("  … and %d more; -v names all\n", len(files)-i)
			return
		}
		t.printf("  %-7s %s%s\n", f.Change, finding.Printable(f.Path), changeDetail(f))
	}
}

// changeDetail says what differs in a file that is there before and after.
func changeDetail(f kitdiff.FileChange) string {
	switch b, a := f.Before, f.After; {
	case b == nil || a == nil:
		return ""
	case f.Change == kitdiff.Renamed:
		return ", was " + finding.Printable(b.Path)
	case b.FileVersion != a.FileVersion && b.FileVersion != "" && a.FileVersion != "":
		return fmt.Sprintf(": version %s, was %s", a.FileVersion, b.FileVersion)
	case b.Size != a.Size:
		return fmt.Sprintf(": %s, was %s", CountOf(int(a.Size), "byte", "bytes"), CountOf(int(b.Size), "byte", "bytes"))
	}
	return ": same size, different content"
}
