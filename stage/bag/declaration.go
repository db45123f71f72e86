package bag

import (
	"io"
	"io/fs"
	"strings"
)

// declaration is bagit.txt as this package writes it.
const declaration = versionLabel + ": " + version10 + "\n" + encodingLabel + ": UTF-8\n"

const (
	versionLabel  = "BagIt-Version"
	encodingLabel = "Tag-File-Character-Encoding"
)

// WriteDeclaration writes bagit.txt: BagIt 1.0, tag files in UTF-8.
func WriteDeclaration(w io.Writer) error {
	_, err := io.WriteString(w, declaration)
	return err
}

// readDeclaration reads bagit.txt and completes the rules by what it says.
func (b *Bag) readDeclaration(fsys fs.FS, rules *Rules) error {
	return withFile(fsys, DeclarationName, func(r io.Reader) error {
		// bagit.txt itself is UTF-8 whatever it says of the others.
		lines := newLineReader(r, DeclarationName, Rules{Strict: rules.Strict})
		values, err := declarationLines(lines)
		if err != nil {
			return err
		}
		b.Version, b.Encoding = values[0].Value, values[1].Value
		if err := b.checkVersion(lines, rules); err != nil {
			return err
		}
		for i, f := range values {
			if b.Version != version097 && f.raw != f.Label+": "+f.Value {
				return lines.syntax(i+1, quote(f.raw), "one space after the colon and none elsewhere")
			}
		}
		encoding, ok := parseEncoding(b.Encoding)
		if !ok {
			return lines.syntax(2, "the encoding "+quote(b.Encoding), knownEncodings)
		}
		if rules.Strict && values[0].raw+"\n"+values[1].raw+"\n" != declaration {
			return lines.syntax(0, quote(values[0].raw+"\n"+values[1].raw+"\n"), quote(declaration))
		}
		rules.Version, rules.encoding = b.Version, encoding
		return nil
	})
}

// rawField is a label and its value, blanks around both removed, and the line.
type rawField struct {
	Field
	raw string
}

// declarationLines returns the two lines of bagit.txt. There is no third.
func declarationLines(lines *lineReader) ([]rawField, error) {
	var fields []rawField
	for {
		line, ok, err := lines.next()
		if err != nil {
			return nil, err
		}
		if !ok {
			break
		}
		if len(fields) == 2 {
			return nil, lines.syntax(3, "a third line", "two lines")
		}
		want := [2]string{versionLabel, encodingLabel}[len(fields)]
		raw := string(line)
		label, value, found := strings.Cut(raw, ":")
		f := Field{Label: strings.Trim(label, blanks), Value: strings.Trim(value, blanks)}
		// The RFC's own example spells the label BagIt-version.
		if !found || f.Value == "" || !strings.EqualFold(f.Label, want) {
			return nil, lines.syntax(lines.line, quote(raw), quote(want+": ")+" and a value")
		}
		fields = append(fields, rawField{f, raw})
	}
	if len(fields) < 2 {
		return nil, lines.syntax(0, "a file that ends after line "+string(rune('0'+len(fields))), "two lines")
	}
	return fields, nil
}

// checkVersion refuses versions that are not known, and a known one that is not
// the one asked for.
func (b *Bag) checkVersion(lines *lineReader, rules *Rules) error {
	wanted := rules.Version
	if rules.Strict {
		wanted = version10
	}
	switch {
	case !knownVersion(b.Version):
		return lines.syntax(1, "BagIt version "+quote(b.Version), version097+" or "+version10)
	case wanted != "" && wanted != b.Version:
		return lines.syntax(1, "BagIt version "+quote(b.Version), wanted)
	}
	return nil
}
