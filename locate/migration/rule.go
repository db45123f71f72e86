package migration

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"slices"
	"strings"
)

// label is an element with its attributes, sorted, which it also collects by their lower-case names.
func label(t xml.StartElement, attrs map[string]string) string {
	parts := []string{}
	for _, a := range t.Attr {
		if a.Name.Space == "xmlns" || a.Name.Local == "xmlns" {
			continue
		}
		value := oneLine(a.Value)
		attrs[strings.ToLower(a.Name.Local)] = value
		parts = append(parts, a.Name.Local+"="+value)
	}
	slices.Sort(parts)
	return strings.Join(append([]string{t.Name.Local}, parts...), " ")
}

func join(a, b, between string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + between + b
}

// oneLine makes one line of a text, whose line breaks and indents are those of the file.
func oneLine(s string) string {
	s = strings.TrimSpace(s)
	if !strings.ContainsAny(s, "\r\n") {
		return s
	}
	var lines []string
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, " ")
}

// maxRule is how long a rule may be, in bytes; the rest of a longer one becomes its hash. The longest of
// Microsoft's in 10.0.26100.1 has 402 bytes.
const maxRule = 2 << 10

func shortened(s string) string {
	if len(s) <= maxRule {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	return strings.ToValidUTF8(s[:maxRule-20], "") + "… " + hex.EncodeToString(sum[:8])
}
