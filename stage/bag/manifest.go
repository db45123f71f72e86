package bag

import (
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"usmtpkg/locate/winname"
)

// Entry is one row of a manifest.
type Entry struct {
	Path string // of the file, relative to the bag, slash-separated, decoded
	Sum  string // lower-case hex
}

// ParseManifest reads a manifest to its end and returns its rows sorted by the
// bytes of the path. A fault of the manifest is a [*SyntaxError], anything else
// a failure to read. It never reads more than 64 MiB and a buffer.
func ParseManifest(r io.Reader, m Manifest, rules Rules) ([]Entry, error) {
	rules, err := rules.forManifest()
	if err != nil {
		return nil, err
	}
	if _, err := ParseAlgorithm(string(m.Algorithm)); err != nil {
		return nil, err
	}
	p := manifestParser{
		lines: newLineReader(r, m.Name(), rules), m: m, rules: rules,
		hexLen: m.Algorithm.HexLen(),
		paths:  pathChecker{tag: m.Tag, strict: rules.Strict},
	}
	for {
		line, ok, err := p.lines.next()
		if err != nil {
			return nil, err
		}
		if !ok {
			break
		}
		e, err := p.row(p.texts.keep(line))
		if err != nil {
			return nil, err
		}
		p.entries = append(p.entries, e)
	}
	if err := p.checkTwins(); err != nil {
		return nil, err
	}
	slices.SortStableFunc(p.entries, byPath)
	return p.entries, nil
}

func byPath(a, b Entry) int { return strings.Compare(a.Path, b.Path) }

// manifestParser reads rows. Row n comes from line n+1: there are no others.
type manifestParser struct {
	lines   *lineReader
	m       Manifest
	rules   Rules
	hexLen  int
	paths   pathChecker
	texts   textStore
	entries []Entry
}

// textStore turns lines into strings, many in one piece of memory: rows are kept
// or dropped together, and to allocate each costs as much as to read it.
type textStore struct{ b *strings.Builder }

func (s *textStore) keep(line []byte) string {
	if s.b == nil || s.b.Cap()-s.b.Len() < len(line) {
		s.b = new(strings.Builder)
		s.b.Grow(64<<10 + len(line))
	}
	start := s.b.Len()
	s.b.Write(line)
	return s.b.String()[start:] // what is written later does not move it
}

func (p *manifestParser) syntax(found, wanted string) *SyntaxError {
	return p.lines.syntax(p.lines.line, found, wanted)
}

// row reads "checksum path".
func (p *manifestParser) row(line string) (Entry, error) {
	n := p.hexLen
	if len(line) <= n || !isBlank(line[n]) || !isHex(line[:n]) {
		return Entry{}, p.badSum(line)
	}
	sum := line[:n]
	if !isLower(sum) {
		sum = strings.ToLower(sum)
	}
	text := strings.TrimLeft(line[n:], blanks)
	if text == "" {
		return Entry{}, p.syntax("a checksum without a path", "a path")
	}
	if p.rules.Strict {
		if sum != line[:n] {
			return Entry{}, p.syntax("checksum "+quote(line[:n]), "lower-case hex")
		}
		if line[n:len(line)-len(text)] != "  " {
			return Entry{}, p.syntax("blanks "+quote(line[n:len(line)-len(text)]), "two spaces before the path")
		}
	}
	if p.rules.Version == version097 {
		text = p.oldMarks(text)
	}
	path, fault := decodePath(text, p.rules.Version)
	if fault == nil {
		fault = p.paths.check(path)
	}
	if fault != nil {
		return Entry{}, fault.at(p.lines.file, p.lines.line)
	}
	if p.rules.Strict && len(p.entries) > 0 {
		if err := p.checkOrder(path); err != nil {
			return Entry{}, err
		}
	}
	return Entry{Path: path, Sum: sum}, nil
}

// badSum says what is wrong with the start of a line.
func (p *manifestParser) badSum(line string) error {
	sum, path := cutBlanks(line)
	allHex := strings.Trim(sum, hexDigits) == ""
	wanted := fmt.Sprintf("%d hex digits of %s, a blank and a path", p.hexLen, p.m.Algorithm)
	switch {
	case line == "":
		return p.syntax("an empty line", wanted)
	case allHex && len(sum) != p.hexLen:
		return p.syntax(fmt.Sprintf("a checksum of %d digits", len(sum)), wanted)
	case allHex && path == "":
		return p.syntax("a checksum without a path", wanted)
	}
	return p.syntax(quote(line), wanted)
}

// oldMarks removes what 0.97 allows before a path: the "*" that md5sum writes
// in binary mode, and "./".
func (p *manifestParser) oldMarks(text string) string {
	if rest, found := strings.CutPrefix(text, "*"); found {
		p.rules.warn(p.syntax(`"*" before `+quote(rest), "the path alone; later versions do not allow it"))
		text = rest
	}
	if rest, found := strings.CutPrefix(text, "./"); found {
		p.rules.warn(p.syntax(`"./" before `+quote(rest), "the path alone; later versions do not allow it"))
		text = rest
	}
	return text
}

// checkOrder checks the strict order, which also finds a path given twice.
func (p *manifestParser) checkOrder(path string) error {
	last := p.entries[len(p.entries)-1].Path
	switch c := strings.Compare(last, path); {
	case c == 0:
		return p.syntax("path "+quote(path)+" again", "every path once")
	case c > 0:
		return p.syntax("path "+quote(path)+" after "+quote(last), "rows sorted by the bytes of the path")
	}
	return nil
}

// checkTwins refuses rows that contradict each other, and says which rows some
// systems cannot tell apart; strictly it refuses those too.
func (p *manifestParser) checkTwins() error {
	paths := make([]string, len(p.entries))
	for i, e := range p.entries {
		paths[i] = e.Path
	}
	var again map[int]bool
	for _, t := range winname.Twins(paths) {
		e := p.lines.syntax(t.Second+1, "", "")
		switch t.Kind {
		case winname.TwinSame:
			e.Found = "path " + quote(t.B) + " again, first on line " + strconv.Itoa(t.First+1)
			e.Wanted = "every path once"
			if p.rules.Version != version097 || p.entries[t.First].Sum != p.entries[t.Second].Sum {
				return e
			}
			if again == nil {
				again = map[int]bool{}
			}
			again[t.Second] = true
		case winname.TwinNested:
			e.Found = fmt.Sprintf("paths %s and %s (line %d)", quote(t.B), quote(t.A), t.First+1)
			e.Wanted = "files: one of them is a folder"
			return e
		default:
			e.Found = fmt.Sprintf("%s and %s (line %d), which %s", quote(t.B), quote(t.A), t.First+1, t.Kind)
			e.Wanted = "names that Windows and macOS can tell apart"
			if p.rules.Strict {
				return e
			}
		}
		p.rules.warn(e)
	}
	if again != nil {
		p.drop(again)
	}
	return nil
}

// drop removes the rows that repeat another.
func (p *manifestParser) drop(again map[int]bool) {
	kept := p.entries[:0]
	for i, e := range p.entries {
		if !again[i] {
			kept = append(kept, e)
		}
	}
	p.entries = kept
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

const hexDigits = "0123456789abcdefABCDEF"

// isHex reports whether s is a checksum in hex, of at most maxHex digits. It
// decodes, which is by table: to ask of each digit what it is would be slow,
// because nobody can guess a checksum.
func isHex(s string) bool {
	var digits [maxHex]byte
	var octets [maxHex / 2]byte
	n := copy(digits[:], s)
	_, err := hex.Decode(octets[:], digits[:n])
	return err == nil && n == len(s)
}

// isLower reports whether hex digits have no capitals: those lack one bit that
// digits and small letters have.
func isLower(s string) bool {
	all := byte(0x20)
	for i := range len(s) {
		all &= s[i]
	}
	return all != 0
}
