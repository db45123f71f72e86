package pkgdef

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// iniLine is one Key=Value line and where it stands.
type iniLine struct {
	no                  int
	section, key, value string
}

// readINI reads the lines of a .sms file: sections and Key=Value, nothing else.
// A section or a key that is there twice is refused, since readers differ on
// which of the two holds; so is one that differs only in case.
func readINI(r io.Reader, sections ...string) ([]iniLine, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxSMS+1))
	if err != nil {
		return nil, fmt.Errorf("reading the .sms file: %w", err)
	}
	if len(data) > maxSMS {
		return nil, fmt.Errorf(".sms: more than %d bytes", maxSMS)
	}
	var lines []iniLine
	var section string
	seen := map[string]bool{}
	for i, text := range strings.Split(string(data), "\n") {
		l, err := parseLine(strings.TrimSuffix(text, "\r"), section)
		if err != nil {
			return nil, fmt.Errorf(".sms line %d: %w", i+1, err)
		}
		if l == (iniLine{}) {
			continue
		}
		if l.key == "" && !slices.Contains(sections, l.section) {
			return nil, fmt.Errorf(".sms line %d: unknown section %q", i+1, l.section)
		}
		// ']' can be in neither name, so the two cannot run together.
		id := strings.ToLower(l.section + "]" + l.key)
		if seen[id] {
			return nil, fmt.Errorf(".sms line %d: %q is there twice", i+1, cmp.Or(l.key, "["+l.section+"]"))
		}
		seen[id] = true
		if section = l.section; l.key != "" {
			l.no = i + 1
			lines = append(lines, l)
		}
	}
	return lines, nil
}

// parseLine reads a section (without a key), a key in the section before it, or
// an empty line (the zero iniLine).
func parseLine(text, section string) (iniLine, error) {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return iniLine{}, fmt.Errorf("column %d is byte 0x%02x, want printable ASCII", i+1, text[i])
		}
	}
	text = strings.Trim(text, " ")
	if text == "" {
		return iniLine{}, nil
	}
	if text[0] == '[' {
		name, ok := strings.CutSuffix(text[1:], "]")
		if !ok || name == "" || strings.ContainsAny(name, "[]") {
			return iniLine{}, fmt.Errorf("%q is not a section", text)
		}
		return iniLine{section: name}, nil
	}
	key, value, ok := strings.Cut(text, "=")
	key = strings.TrimRight(key, " ")
	if !ok || key == "" || strings.Contains(key, "]") {
		return iniLine{}, fmt.Errorf("%q is neither a section nor Key=Value", text)
	}
	if section == "" {
		return iniLine{}, errors.New("a key stands before the first section")
	}
	return iniLine{section: section, key: key, value: strings.TrimLeft(value, " ")}, nil
}
