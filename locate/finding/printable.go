package finding

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Printable returns a path as it may be shown anywhere. One that is not UTF-8, or that has
// control or invisible characters, could forge another line or name, break the JSON of a
// report, or be impossible to write in XML: it becomes a quoted Go text.
func Printable(path string) string {
	if utf8.ValidString(path) && strings.IndexFunc(path, func(r rune) bool { return !unicode.IsPrint(r) }) < 0 {
		return path
	}
	return strconv.Quote(path)
}

// PlainText returns a message as it may be shown anywhere: every character that Printable
// would quote becomes its Go escape, such as \x1b. So the message stays one line.
func PlainText(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case unicode.IsPrint(r):
			b.WriteString(s[:n])
		default:
			quoted := strconv.QuoteRune(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
		s = s[n:]
	}
	return b.String()
}

// PlainLines is PlainText for the text of an error, which may have several lines.
func PlainLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = PlainText(line)
	}
	return strings.Join(lines, "\n")
}
