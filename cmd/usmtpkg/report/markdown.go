package report

import (
	"fmt"
	"io"
	"regexp"
	"strings"

	"usmtpkg/locate/finding"
	"usmtpkg/locate/kitdiff"
)

// WriteMarkdown writes a document for a ticket. Foreign text is in code spans, which nothing in it can
// leave; a table's cell is one line.
func WriteMarkdown(w io.Writer, doc Document) error {
	d, ok := doc.(interface{ markdown(w *strings.Builder) })
	if !ok {
		return fmt.Errorf("%s has no Markdown", doc.head().Format)
	}
	var b strings.Builder
	d.markdown(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

// code is foreign text as a code span.
func code(s string) string {
	s = strings.ReplaceAll(finding.PlainText(s), "|", `\|`)
	if s == "" {
		return ""
	}
	fence := "`"
	for strings.Contains(s, fence) {
		fence += "`"
	}
	if len(fence) > 1 {
		return fence + " " + s + " " + fence
	}
	return fence + s + fence
}

// special are the characters that mean something in Markdown or HTML.
var special = regexp.MustCompile("[\\\\`*_\\[\\]<>|&~]")

// escaped are texts in which nothing means anything to Markdown.
func escaped(lines []string) []string {
	list := make([]string, len(lines))
	for i, s := range lines {
		list[i] = special.ReplaceAllString(finding.PlainText(s), `\$0`)
	}
	return list
}

func (d *Diff) markdown(w *strings.Builder) {
	Say(w, "## USMT %s → %s\n\n| | Before | After |\n| --- | --- | --- |\n", d.Before.USMT, d.After.USMT)
	for _, row := range []struct {
		title string
		of    func(s DiffSide) string
	}{
		{"Kit", func(s DiffSide) string {
			if s.Release != "" {
				return code(s.Release)
			}
			return code(s.Path)
		}},
		{"Arches", DiffSide.arches},
		{"Files", DiffSide.files},
	} {
		Say(w, "| %s | %s | %s |\n", row.title, row.of(d.Before), row.of(d.After))
	}
	if d.Equal {
		w.WriteString("\nNo file differs.\n")
		return
	}
	list := func(title string, items []string) {
		if len(items) > 0 {
			Say(w, "\n**%s**\n\n- %s\n", title, Lines(strings.Join(items, "\n- ")))
		}
	}
	list("Files", escaped(d.archTexts()))
	list("Programs", escaped(d.programTexts()))
	list("Migration", escaped(migrationTexts(d.Migration)))
	for _, s := range d.sections() {
		Say(w, "\n### %s\n\n| Component | Where | Arches | |\n| --- | --- | --- | --- |\n", s.title)
		for _, c := range s.changes {
			Say(w, "| %s | %s | %s | %s |\n", code(componentName(c)), code(placeText(c)), strings.Join(c.Arches, ", "), code(componentNote(c)))
		}
	}
	d.markdownFiles(w)
}

// markdownFiles counts the files of each folder, and names them.
func (d *Diff) markdownFiles(w *strings.Builder) {
	w.WriteString("\n### Files\n\n| Folder | Added | Removed | Changed |\n| --- | ---: | ---: | ---: |\n")
	for _, f := range d.Folders {
		Say(w, "| %s | %d | %d | %d |\n", code(f.Folder), f.Added, f.Removed, f.Changed)
	}
	Say(w, "\n<details><summary>%s</summary>\n\n", CountOf(len(d.Files), "file", "files"))
	for _, f := range d.Files {
		Say(w, "- %s %s%s\n", f.Change, code(f.Path), markdownDetail(f))
	}
	w.WriteString("\n</details>\n")
}

func markdownDetail(f kitdiff.FileChange) string {
	detail := strings.TrimLeft(changeDetail(f), ":, ")
	if detail == "" {
		return ""
	}
	return " " + code(detail)
}
