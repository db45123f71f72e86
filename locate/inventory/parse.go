package inventory

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"usmtpkg/locate/pe"
	"usmtpkg/locate/winname"
)

const (
	header  = "usmtpkg inventory"
	version = 2

	maxBytes = 8 << 20 // of a whole file; one release of 540 files with all hashes takes 130 KB
	maxHint  = 1000    // files of an arch that room is made for before they are read
	maxLine  = 1024    // bytes of a line, its end not counted; the longest of the measured releases has 272
)

// A SyntaxError is a line that breaks the rules of the format.
type SyntaxError struct {
	File   string
	Line   int // counted from 1
	Found  string
	Wanted string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s: line %d: found %s, wanted %s", e.File, e.Line, e.Found, e.Wanted)
}

// Parse reads a table. The error is a *SyntaxError for the first line that is
// wrong, with name as its file, or a failure to read.
func Parse(r io.Reader, name string) (*Table, error) {
	p := &parser{in: bufio.NewReaderSize(decoded(r), maxLine+2), table: &Table{Name: name}, lines: map[string]int{}}
	for {
		line, err := p.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = p.statement(line)
		}
		if err != nil {
			return nil, err
		}
	}
	if err := p.end(); err != nil {
		return nil, err
	}
	return p.table, nil
}

// A parser is one call of Parse.
type parser struct {
	in    *bufio.Reader
	line  int
	bytes int
	table *Table

	release *Release
	arch    string
	listed  int            // files of the arch so far
	want    int            // files the line arch promised
	opened  int            // line of the arch
	notes   *[]string      // where a comment goes; nil where none may stand
	lines   map[string]int // where each release and arch was first named
	files   map[string]int // likewise the files of the arch, by upper-case name
}

func (p *parser) wrong(found, wanted string) error {
	return &SyntaxError{File: p.table.Name, Line: p.line, Found: found, Wanted: wanted}
}

// next returns the next line without its end, or io.EOF.
func (p *parser) next() (string, error) {
	b, err := p.in.ReadSlice('\n')
	if errors.Is(err, io.EOF) && len(b) == 0 {
		return "", io.EOF
	}
	p.line++
	p.bytes += len(b)
	switch {
	case errors.Is(err, bufio.ErrBufferFull) || err == nil && len(bytes.TrimRight(b, "\r\n")) > maxLine:
		return "", p.wrong(fmt.Sprintf("a line of more than %d bytes", maxLine), "a shorter one")
	case errors.Is(err, io.EOF):
		return "", p.wrong("no line end", "a line feed, also at the end of the last line: the file may be cut off")
	case err != nil:
		return "", fmt.Errorf("reading the inventory %s: %w", p.table.Name, err)
	case p.bytes > maxBytes:
		return "", p.wrong(fmt.Sprintf("more than %d bytes in all", maxBytes), "a smaller file")
	}
	return strings.TrimSuffix(strings.TrimSuffix(string(b), "\n"), "\r"), nil
}

// decoded reads a text as UTF-8 without a byte order mark, which tells UTF-16 and
// its byte order, too. A text without one passes as it is.
func decoded(r io.Reader) io.Reader {
	return transform.NewReader(r, unicode.BOMOverride(transform.Nop))
}

// statement takes one line.
func (p *parser) statement(line string) error {
	if p.line == 1 {
		return p.head(line)
	}
	if line == "" {
		return nil
	}
	if text, ok := strings.CutPrefix(line, "#"); ok {
		return p.comment(text)
	}
	word, rest, _ := strings.Cut(line, " ")
	switch word {
	case "release":
		return p.beginRelease(rest)
	case "arch":
		return p.beginArch(rest)
	case "file":
		return p.file(rest)
	}
	return p.wrong(strconv.Quote(word), "release, arch, file or #")
}

func (p *parser) head(line string) error {
	number, ok := strings.CutPrefix(line, header+" ")
	switch {
	case !ok:
		return p.wrong(strconv.Quote(line), fmt.Sprintf("%q, the first line of an inventory", fmt.Sprint(header, " ", version)))
	case number == "1":
		return p.wrong("version 1, of an older usmtpkg", "version 2: make the list again with usmtpkg inventory")
	case number != strconv.Itoa(version):
		return p.wrong("version "+strconv.Quote(number), fmt.Sprintf("version %d: use a newer usmtpkg", version))
	}
	p.notes = &p.table.Notes
	return nil
}

func (p *parser) comment(text string) error {
	text = strings.TrimRight(strings.TrimPrefix(text, " "), " ")
	if p.notes == nil {
		return p.wrong("a comment", "comments after the first line or a line release only")
	}
	if why := unfit(text); why != "" {
		return p.wrong(why, "printable text")
	}
	*p.notes = append(*p.notes, text)
	return nil
}

func (p *parser) beginRelease(rest string) error {
	if err := p.endRelease(); err != nil {
		return err
	}
	v, err := pe.ParseVersion(rest)
	if err != nil || v.IsZero() {
		return p.wrong("release "+strconv.Quote(rest), "a version of four numbers, such as 10.0.26100.1")
	}
	if err := p.once(p.lines, "release "+rest, "release "+rest); err != nil {
		return err
	}
	p.release, p.arch = &Release{Version: v}, ""
	p.table.Releases = append(p.table.Releases, p.release)
	p.notes = &p.release.Notes
	return nil
}

func (p *parser) beginArch(rest string) error {
	if p.release == nil {
		return p.wrong("an arch", "a release before it")
	}
	if err := p.endArch(); err != nil {
		return err
	}
	arch, count, _ := strings.Cut(rest, " ")
	n, err := strconv.Atoi(count)
	switch {
	case !slices.Contains(arches, arch):
		return p.wrong("arch "+strconv.Quote(arch), "one of "+strings.Join(arches, ", "))
	case err != nil || n < 1 || count != strconv.Itoa(n):
		return p.wrong("the count "+strconv.Quote(count), "the number of its files, 1 or more")
	}
	what := "arch " + arch + " of release " + p.release.Version.String()
	if err := p.once(p.lines, what, what); err != nil {
		return err
	}
	p.files = make(map[string]int, min(n, maxHint))
	p.arch, p.want, p.listed, p.opened, p.notes = arch, n, 0, p.line, nil
	p.release.Arches = append(p.release.Arches, arch)
	return nil
}

func (p *parser) file(rest string) error {
	if p.arch == "" {
		return p.wrong("a file", "an arch before it")
	}
	name, facts, given := strings.Cut(rest, " | ")
	if why := badPath(name); why != "" {
		return p.wrong(why, "a path in the arch folder, with slashes, that Windows accepts")
	}
	if err := p.once(p.files, winname.Fold(name), ""); err != nil {
		return err
	}
	f := File{Path: p.arch + "/" + name, Size: -1}
	if given {
		if found, wanted := f.take(facts); found != "" {
			return p.wrong(found, wanted)
		}
	}
	p.release.Files = append(p.release.Files, f)
	p.listed++
	return nil
}

// once refuses a key that was named before; what is how to call it, "" for a file.
func (p *parser) once(named map[string]int, key, what string) error {
	first, ok := named[key]
	if !ok {
		named[key] = p.line
		return nil
	}
	if what == "" {
		what = "file " + strconv.Quote(key)
	}
	return p.wrong(fmt.Sprintf("%s again, first in line %d", what, first), "it once (case is ignored)")
}

func (p *parser) endArch() error {
	if p.arch != "" && p.listed != p.want {
		return &SyntaxError{File: p.table.Name, Line: p.opened, Found: fmt.Sprintf("%d files of %s", p.listed, p.arch), Wanted: fmt.Sprintf("%d, as the line says", p.want)}
	}
	return nil
}

func (p *parser) endRelease() error {
	if p.release != nil && len(p.release.Arches) == 0 {
		return p.wrong("no arch of release "+p.release.Version.String(), "at least one")
	}
	return p.endArch()
}

func (p *parser) end() error {
	p.line++
	switch {
	case p.line == 1:
		return p.wrong("an empty file", fmt.Sprintf("%q", fmt.Sprint(header, " ", version)))
	case p.release == nil:
		return p.wrong("no release", "at least one")
	}
	return p.endRelease()
}
