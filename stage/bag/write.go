package bag

import (
	"bufio"
	"fmt"
	"io"
	"slices"

	"usmtpkg/locate/winname"
)

// WriteManifest writes the rows sorted by the bytes of the path, each as
// "checksum", two spaces, path and LF: the form that Strict reads and that
// sha256sum -c takes. (That tool knows no escapes: a name with a percent sign,
// which BagIt wants written as %25, is missing to it.)
//
// The order of entries does not matter and is not changed. What Strict would
// refuse to read is refused, and nothing is written then.
func WriteManifest(w io.Writer, m Manifest, entries []Entry) error {
	if !slices.IsSortedFunc(entries, byPath) {
		entries = slices.Clone(entries)
		slices.SortFunc(entries, byPath)
	}
	if err := checkRows(m, entries); err != nil {
		return fmt.Errorf("writing %s: %w", m.Name(), err)
	}
	out := bufio.NewWriterSize(w, 64<<10)
	var row []byte
	for _, e := range entries {
		row = append(row[:0], e.Sum...)
		row = append(row, "  "...)
		row = append(row, encodePath(e.Path)...)
		row = append(row, '\n')
		if _, err := out.Write(row); err != nil {
			return err
		}
	}
	return out.Flush()
}

// checkRows refuses what ParseManifest would refuse strictly.
func checkRows(m Manifest, entries []Entry) error {
	if _, err := ParseAlgorithm(string(m.Algorithm)); err != nil {
		return err
	}
	if len(entries) > maxLines {
		return fmt.Errorf("found %d rows, wanted at most %d", len(entries), maxLines)
	}
	size := 0
	paths := make([]string, len(entries))
	checker := pathChecker{tag: m.Tag, strict: true}
	for i, e := range entries {
		n, err := checkRow(m, e, &checker)
		if err != nil {
			return err
		}
		size += n
		paths[i] = e.Path
	}
	if size > maxFile {
		return fmt.Errorf("found %d bytes, wanted at most %d MiB", size, maxFile>>20)
	}
	for _, t := range winname.Twins(paths) {
		return fmt.Errorf("found %s and %s, which %s, wanted paths that every system accepts side by side",
			quote(t.A), quote(t.B), t.Kind)
	}
	return nil
}

// checkRow checks one row and returns its length in the file, in bytes.
func checkRow(m Manifest, e Entry, checker *pathChecker) (int, error) {
	if fault := checker.check(e.Path); fault != nil {
		return 0, fault
	}
	if len(e.Sum) != m.Algorithm.HexLen() || !isHex(e.Sum) || !isLower(e.Sum) {
		return 0, fmt.Errorf("%s: found checksum %s, wanted %d lower-case hex digits", quote(e.Path), quote(e.Sum), m.Algorithm.HexLen())
	}
	if isBlank(e.Path[0]) {
		return 0, &NameError{Name: e.Path, Fault: "a blank at its start", Wanted: "a path without one"}
	}
	length := len(e.Sum) + len("  ") + len(encodePath(e.Path))
	if length > maxLine {
		return 0, fmt.Errorf("%s: found a line of %d bytes, wanted at most %d KiB", quote(e.Path), length, maxLine>>10)
	}
	return length + len("\n"), nil
}
