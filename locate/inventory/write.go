package inventory

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Write writes a table. The same table gives the same bytes: releases, arches
// and files stand in the order they have in it. What Parse would not read again,
// such as a name with a line break, is an error, and nothing is written then.
func Write(w io.Writer, t *Table) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %d\n", header, version)
	if err := notes(&b, t.Notes); err != nil {
		return err
	}
	for _, r := range t.Releases {
		fmt.Fprintf(&b, "\nrelease %s\n", r.Version)
		if err := notes(&b, r.Notes); err != nil {
			return err
		}
		for _, f := range r.Files {
			if why := badPath(f.Path); why != "" {
				return fmt.Errorf("writing the inventory of USMT %s: %s cannot be listed", r.Version, why)
			}
		}
		written := 0
		for _, arch := range r.Arches {
			written += section(&b, r, arch)
		}
		if written != len(r.Files) {
			return fmt.Errorf("writing the inventory of USMT %s: %d of its %d files are of no arch of it", r.Version, len(r.Files)-written, len(r.Files))
		}
	}
	if _, err := Parse(bytes.NewReader(b.Bytes()), t.Name); err != nil {
		return fmt.Errorf("writing the inventory: %w", err)
	}
	_, err := w.Write(b.Bytes())
	return err
}

func notes(b *bytes.Buffer, lines []string) error {
	for _, line := range lines {
		if why := unfit(line); why != "" {
			return fmt.Errorf("writing the inventory: %s cannot be a comment", why)
		}
		b.WriteString(strings.TrimRight("# "+line, " ") + "\n")
	}
	return nil
}

// section writes the files of an arch and returns how many there are.
func section(b *bytes.Buffer, r *Release, arch string) int {
	of := func(f File) bool { return strings.HasPrefix(f.Path, arch+"/") }
	n := 0
	for _, f := range r.Files {
		if of(f) {
			n++
		}
	}
	fmt.Fprintf(b, "arch %s %d\n", arch, n)
	for _, f := range r.Files {
		if of(f) {
			f.write(b, f.Path[len(arch)+1:])
		}
	}
	return n
}

// write writes the line of a file.
func (f File) write(b *bytes.Buffer, name string) {
	b.WriteString("file " + name)
	mark := " | "
	for i, value := range f.facts() {
		if value != "" {
			b.WriteString(mark + factNames[i] + "=" + value)
			mark = " "
		}
	}
	b.WriteByte('\n')
}

// facts returns the values of factNames, "" for those that are not known.
func (f File) facts() []string {
	facts := []string{"", f.Machine, "", string(f.Signature), f.SHA256, f.LFSHA256, f.MD5, "", ""}
	if f.Size >= 0 {
		facts[0] = strconv.FormatInt(f.Size, 10)
	}
	if !f.Version.IsZero() {
		facts[2] = f.Version.String()
	}
	if f.Confirmed {
		facts[7] = microsoft
	}
	if f.Copies > 0 {
		facts[8] = strconv.Itoa(f.Copies)
	}
	return facts
}

// Sort puts the arches and files of a release into the order of their names, so
// that two lists can be compared line by line.
func (r *Release) Sort() {
	slices.Sort(r.Arches)
	slices.SortFunc(r.Files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
}
