package report

import (
	"bytes"
	"fmt"
	"io"
	"reflect"
	"strings"
	"unicode"
	"unicode/utf16"

	"usmtpkg/locate/finding"
)

// Printf is how text of the program gets to standard output and standard error, and nothing else
// does it: the format is ours, and what fills it in may be anybody's. No value forges a line,
// and none is obeyed by a terminal. Text of ours that has several lines is of type Lines.
func Printf(w io.Writer, format string, args ...any) (int, error) {
	for i, arg := range args {
		args[i] = harmless(arg)
	}
	return io.WriteString(w, fmt.Sprintf(format, args...))
}

// Say is Printf where nobody can be told that it failed: on standard error, and into a text.
func Say(w io.Writer, format string, args ...any) { _, _ = Printf(w, format, args...) }

// Lines are text that Textf made.
type Lines string

// Textf is Printf into a text, which may then be a value of Printf.
func Textf(format string, args ...any) Lines {
	var b strings.Builder
	Say(&b, format, args...)
	return Lines(b.String())
}

// harmless is a value as Printf prints it: a number, or plain text.
func harmless(arg any) any {
	switch v := arg.(type) {
	case Lines:
		return string(v)
	case string:
		return finding.PlainText(v)
	case error:
		return finding.PlainText(v.Error())
	case fmt.Stringer:
		return finding.PlainText(v.String())
	}
	switch v := reflect.ValueOf(arg); v.Kind() {
	case reflect.String:
		return finding.PlainText(v.String())
	case reflect.Bool, reflect.Int, reflect.Int64, reflect.Int32, reflect.Uint64, reflect.Float64:
		return arg
	default:
		return finding.PlainText(fmt.Sprint(arg))
	}
}

// plainJSON escapes in a JSON document what a terminal could obey and JSON allows: DEL, the control
// characters of Latin-1, and characters that turn the direction of writing. It is handed the whole
// document at once.
type plainJSON struct{ w io.Writer }

func (p plainJSON) Write(doc []byte) (int, error) {
	obeyed := func(r rune) bool { return r != '\n' && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) }
	if bytes.IndexFunc(doc, obeyed) < 0 {
		return p.w.Write(doc)
	}
	escape := func(r rune) string { return fmt.Sprintf(`\u%04x`, r) }
	var b strings.Builder
	for _, r := range string(doc) {
		switch {
		case !obeyed(r):
			b.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			b.WriteString(escape(high) + escape(low))
		default:
			b.WriteString(escape(r))
		}
	}
	if _, err := io.WriteString(p.w, b.String()); err != nil {
		return 0, err
	}
	return len(doc), nil
}

// CountOf is a number with its noun.
func CountOf(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// Size is a number of bytes in the unit that suits it.
func Size(n int64) string {
	const unit = 1024
	if n < unit {
		return CountOf(int(n), "byte", "bytes")
	}
	value, prefix := float64(n)/unit, 0
	for value >= unit && prefix < 3 {
		value /= unit
		prefix++
	}
	return fmt.Sprintf("%.1f %ciB", value, "KMGT"[prefix])
}
