package bag

import (
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// blanks are the RFC's linear whitespace characters.
const blanks = " \t"

// oxumLabel is the one label of bag-info.txt that means something to programs.
// Reserved labels are known in any case of letters.
const oxumLabel = "Payload-Oxum"

// Field is one element of bag-info.txt. A value that was folded over several
// lines has a "\n" where a line ended, without the blanks that followed.
type Field struct {
	Label string
	Value string
}

// Oxum is the value of Payload-Oxum: a quick test for lost payload files.
type Oxum struct {
	Octets int64 // bytes of all payload files together
	Files  int64 // number of payload files
}

func (o Oxum) String() string { return fmt.Sprintf("%d.%d", o.Octets, o.Files) }

// ParseOxum reads "OctetCount.StreamCount".
func ParseOxum(s string) (Oxum, error) {
	octets, files, _ := strings.Cut(s, ".")
	o, okOctets := parseCount(octets)
	f, okFiles := parseCount(files)
	if !okOctets || !okFiles {
		return Oxum{}, &NameError{Name: s, Fault: "no pair of counts", Wanted: "OctetCount.StreamCount, such as 42600.12"}
	}
	return Oxum{Octets: o, Files: f}, nil
}

// parseCount reads decimal digits and nothing else: no sign, no underscore.
func parseCount(s string) (int64, bool) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}

// WriteInfo writes bag-info.txt, the fields in the order given, one line each.
// It refuses what a reader could take for something else: line breaks and other
// control characters, blanks at either end, and a second Payload-Oxum. Nothing
// is written then.
func WriteInfo(w io.Writer, fields []Field) error {
	var text strings.Builder
	oxum := false
	for _, f := range fields {
		if err := checkField(f); err != nil {
			return fmt.Errorf("writing %s: %w", InfoName, err)
		}
		if strings.EqualFold(f.Label, oxumLabel) {
			if oxum {
				return fmt.Errorf("writing %s: %s: found a second one, wanted one", InfoName, oxumLabel)
			}
			oxum = true
		}
		text.WriteString(f.Label + ": " + f.Value + "\n")
	}
	_, err := io.WriteString(w, text.String())
	return err
}

// checkField checks a field that is written, or read strictly.
func checkField(f Field) error {
	if err := checkFieldText(f.Label); err != nil {
		return fmt.Errorf("label %w", err)
	}
	if strings.Contains(f.Label, ":") {
		return fmt.Errorf("label %w", &NameError{Name: f.Label, Fault: "a colon", Wanted: "a label without one"})
	}
	if err := checkFieldText(f.Value); err != nil {
		return fmt.Errorf("value of %s: %w", f.Label, err)
	}
	if len(f.Label)+len(": ")+len(f.Value) > maxLine {
		return fmt.Errorf("%s: found %d bytes, wanted at most %d KiB a line", f.Label, len(f.Value), maxLine>>10)
	}
	if strings.EqualFold(f.Label, oxumLabel) {
		_, err := ParseOxum(f.Value)
		return err
	}
	return nil
}

func checkFieldText(s string) error {
	fault := ""
	switch {
	case s == "":
		fault = "nothing"
	case !utf8.ValidString(s):
		fault = "bytes that are not UTF-8"
	case strings.HasPrefix(s, byteOrderMark):
		fault = "a byte order mark"
	case strings.TrimSpace(s) != s:
		fault = "blanks at its ends"
	case strings.ContainsFunc(s, unicode.IsControl):
		fault = "a control character"
	default:
		return nil
	}
	return &NameError{Name: s, Fault: fault, Wanted: "printable text on one line"}
}

// readInfo reads bag-info.txt.
func (b *Bag) readInfo(fsys fs.FS, rules Rules) error {
	return withFile(fsys, InfoName, func(r io.Reader) error {
		lines := newLineReader(r, InfoName, rules)
		p := infoParser{lines: lines, rules: rules}
		for {
			line, ok, err := lines.next()
			if err != nil {
				return err
			}
			if !ok {
				break
			}
			if err := p.add(string(line)); err != nil {
				return err
			}
		}
		err := p.finish()
		b.Info, b.Oxum = p.fields, p.oxum
		return err
	})
}

// infoParser puts folded lines together.
type infoParser struct {
	lines  *lineReader
	rules  Rules
	fields []Field
	oxum   *Oxum

	label string          // of the field being read; empty before the first
	value strings.Builder // so far
	start int             // its first line
}

// add takes the next line of the file.
func (p *infoParser) add(line string) error {
	if line != "" && strings.Contains(blanks, line[:1]) {
		if p.label == "" {
			return p.lines.syntax(p.lines.line, "a continued line", "a label first")
		}
		p.value.WriteString("\n" + strings.TrimLeft(line, blanks))
		return nil
	}
	if err := p.finish(); err != nil {
		return err
	}
	label, value, found := strings.Cut(line, ":")
	old := p.rules.Version == version097
	if old {
		label, value = strings.Trim(label, blanks), " "+strings.TrimLeft(value, blanks)
	}
	switch {
	case !found || label == "":
		return p.lines.syntax(p.lines.line, quote(line), "a label, a colon and a value")
	case strings.TrimSpace(label) != label:
		return p.lines.syntax(p.lines.line, "blanks around the label "+quote(label), "none")
	case value == "" || !strings.Contains(blanks, value[:1]):
		return p.lines.syntax(p.lines.line, quote(line), "a space or tab after the colon")
	}
	p.label, p.start = label, p.lines.line
	p.value.WriteString(value[1:])
	return nil
}

// finish ends the field being read, if there is one.
func (p *infoParser) finish() error {
	if p.label == "" {
		return nil
	}
	f := Field{Label: p.label, Value: p.value.String()}
	p.label = ""
	p.value.Reset()
	if p.rules.Version == version097 {
		f.Value = strings.TrimRight(f.Value, blanks)
	}
	p.fields = append(p.fields, f)
	if p.rules.Strict {
		if err := checkField(f); err != nil {
			return p.lines.syntax(p.start, quote(f.Label+": "+f.Value), "a field as it is written here: "+err.Error())
		}
	}
	if strings.EqualFold(f.Label, oxumLabel) {
		return p.addOxum(f.Value)
	}
	return nil
}

// addOxum allows one Payload-Oxum. In 0.97 it may be repeated, but not changed.
func (p *infoParser) addOxum(value string) error {
	o, err := ParseOxum(value)
	switch {
	case err != nil:
		return p.lines.syntax(p.start, oxumLabel+" "+quote(value), "OctetCount.StreamCount")
	case p.oxum != nil && (p.rules.Version != version097 || *p.oxum != o):
		return p.lines.syntax(p.start, "a second "+oxumLabel, "one")
	}
	p.oxum = &o
	return nil
}
