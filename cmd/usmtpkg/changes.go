package main

import (
	"fmt"
	"io"
	"strings"

	"usmtpkg/locate/finding"
	"usmtpkg/stage"
)

// shownChanges is how many files that differ are named without -v.
const shownChanges = 20

// changesText sums up how a kit differs from an earlier release. It is empty where there is nothing
// to say; a dry run says that, too.
func changesText(c *stage.Changes, dryRun bool) ourText {
	switch {
	case c == nil && dryRun:
		return "no earlier release to compare with"
	case c == nil || c.Same() && !dryRun:
		return ""
	case c.Problem != "":
		return textf("not compared with %s: %s", releaseText(c), c.Problem)
	}
	differs := "no file differs"
	if !c.Same() {
		differs = strings.Join(archChanges(c), "; ")
	}
	text := textf("from %s: %s", releaseText(c), differs)
	if moves := versionMoves(c.Programs); len(moves) > 0 {
		text += textf("\n             programs: %s", strings.Join(moves, ", "))
	}
	if c.Replaced > 0 {
		text += textf("\n             not compared: %s that an overlay replaces", countOf(c.Replaced, "file", "files"))
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
		var counts []string
		for _, n := range []struct {
			files int
			what  string
		}{{a.Added, "added"}, {a.Removed, "removed"}, {a.Changed, "changed"}} {
			if n.files > 0 {
				counts = append(counts, fmt.Sprintf("%d %s", n.files, n.what))
			}
		}
		list = append(list, finding.Printable(a.Arch)+" "+strings.Join(counts, ", "))
	}
	return list
}

// versionMoves counts the programs by the versions they went from and to, in the order of the first.
func versionMoves(programs []stage.ProgramChange) []string {
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

// printChanges names the files that differ.
func printChanges(w io.Writer, o *options, files []stage.FileChange) {
	for i, f := range files {
		if i == shownChanges && !o.verbose {
			say(w, "  … and %d more; -v names all\n", len(files)-i)
			return
		}
		say(w, "  %-7s %s%s\n", f.Change, finding.Printable(f.Path), finding.PlainText(changeDetail(f)))
	}
}

// changeDetail says what differs in a file that is there before and after.
func changeDetail(f stage.FileChange) string {
	switch b, a := f.Before, f.After; {
	case b == nil || a == nil:
		return ""
	case f.Change == stage.FileRenamed:
		return ", was " + finding.Printable(b.Path)
	case b.FileVersion != a.FileVersion && b.FileVersion != "" && a.FileVersion != "":
		return fmt.Sprintf(": version %s, was %s", a.FileVersion, b.FileVersion)
	case b.Size != a.Size:
		return fmt.Sprintf(": %s, was %s", countOf(int(a.Size), "byte", "bytes"), countOf(int(b.Size), "byte", "bytes"))
	}
	return ": same size, different content"
}

// changedHint says when a kit that differs from a release of its version is right.
func changedHint(e *stage.SameVersionError) string {
	if e.Known != "" {
		return fmt.Sprintf("release %s already has exactly these files; to go back to it: usmtpkg activate %s, or run again with --allow-changed", e.Known, e.Known)
	}
	return "if the ADK was serviced without a new USMT version, this is expected: run again with --allow-changed; " +
		"otherwise the kit is damaged or altered: repair it with adksetup.exe"
}
