package kitdiff

import (
	"bytes"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"usmtpkg/locate/migration"
)

// A TextDiff is how the lines of a text differ, as a unified diff.
type TextDiff struct {
	Path  string   `json:"path"`
	Lines []string `json:"lines,omitempty"`
	More  int      `json:"more,omitempty"` // lines that are left out
	Note  string   `json:"note,omitempty"` // why there are none
}

// Limits of a unified diff: the size of each text, in bytes, and the lines of the result.
const (
	maxDiffText  = 4 << 20
	maxDiffLines = 2000
)

// texts are the kinds of files that have lines.
var texts = []string{".xml", ".man", ".inf", ".dat", ".xsd", ".txt", ".ini", ".config", ".cmd", ".bat", ".ps1", ".vbs"}

// IsText reports whether a file is a text by its name.
func IsText(name string) bool { return slices.Contains(texts, strings.ToLower(path.Ext(name))) }

// DiffText compares the lines of two texts, whatever their encodings and line ends.
func DiffText(before, after fs.FS, c FileChange) (TextDiff, error) {
	d := TextDiff{Path: c.Path}
	if max(c.Before.Size, c.After.Size) > maxDiffText {
		d.Note = "too large to compare line by line"
		return d, nil
	}
	b, _, err := readText(before, c.Before.Path)
	if err != nil {
		return d, err
	}
	a, _, err := readText(after, c.After.Path)
	if err != nil {
		return d, err
	}
	old, now := migration.Decode(b), migration.Decode(a)
	if strings.ContainsRune(old+now, 0) {
		d.Note = "not a text"
		return d, nil
	}
	out := diff.Diff(c.Before.Path, []byte(old), c.After.Path, []byte(now))
	if out == nil {
		d.Note = "the same lines in another encoding or with other line ends"
		return d, nil
	}
	_, out, _ = bytes.Cut(out, []byte("\n")) // the command
	d.Lines = strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if len(d.Lines) > maxDiffLines {
		d.More, d.Lines = len(d.Lines)-maxDiffLines, d.Lines[:maxDiffLines]
	}
	return d, nil
}
