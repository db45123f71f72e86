package attest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"
	"unicode"
)

const (
	// StatementType is the type of an in-toto Statement of version 1.
	StatementType = "https://in-toto.io/Statement/v1"

	// PredicateType names our predicate. It is a name, not an address: nobody
	// can own a host below .example (RFC 2606), so nobody can give the name
	// another meaning. A change that old readers would misunderstand makes it v2.
	PredicateType = "https://usmtpkg.example/predicate/validation/v1"

	// MaxStatement bounds a statement, in bytes. One of 20,000 files has 4 MB.
	MaxStatement = 64 << 20

	// Bounds that keep the memory for reading a hostile one small.
	maxDepth = 64        // objects and lists in one another
	maxKeys  = 10_000    // of one object
	maxItems = 1_000_000 // of one list
)

// A Subject is a file that the statement is about.
type Subject struct {
	Name   string // its path in the release
	SHA256 string // lower-case hex
}

// A Statement says something, the predicate, about subjects.
type Statement struct {
	Subjects  []Subject
	Predicate json.RawMessage // an object
}

// A SyntaxError is a fault of a statement or a key.
type SyntaxError struct {
	Where  string // "subject[3].name"
	Found  string
	Wanted string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s: found %s, wanted %s", e.Where, e.Found, e.Wanted)
}

// Write writes s. What Parse would refuse is an error.
func Write(w io.Writer, s Statement) error {
	predicate, err := s.check()
	if err != nil {
		return err
	}
	out := &bounded{w: bufio.NewWriter(w), left: MaxStatement} // an error stays with it
	fmt.Fprintf(out, "{\n  \"_type\": %q,\n  \"subject\": [", StatementType)
	for i, subject := range s.Subjects {
		if i > 0 {
			fmt.Fprint(out, ",")
		}
		fmt.Fprintf(out, "\n    {\"name\":%s,\"digest\":{\"sha256\":\"%s\"}}", quote(subject.Name), subject.SHA256)
	}
	fmt.Fprintf(out, "\n  ],\n  \"predicateType\": %q,\n  \"predicate\": %s\n}\n", PredicateType, predicate)
	return out.flush()
}

// quote writes a name as a JSON string.
func quote(name string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(name) // a string into memory
	return strings.TrimSuffix(b.String(), "\n")
}

// bounded keeps a statement from growing over what is read.
type bounded struct {
	w    *bufio.Writer
	left int
}

func (b *bounded) Write(p []byte) (int, error) {
	b.left -= len(p)
	if b.left < 0 {
		return len(p), nil // flush tells
	}
	return b.w.Write(p)
}

func (b *bounded) flush() error {
	if b.left < 0 {
		return &SyntaxError{"statement", fmt.Sprintf("%d bytes", MaxStatement-b.left), fmt.Sprintf("at most %d", MaxStatement)}
	}
	return b.w.Flush()
}

// check returns the predicate as it is written, or why s cannot be.
func (s Statement) check() (string, error) {
	if len(s.Subjects) == 0 {
		return "", &SyntaxError{"subject", "an empty list", "at least one subject"}
	}
	seen := make(map[string]int, len(s.Subjects))
	for i, subject := range s.Subjects {
		if err := subject.check(i, seen); err != nil {
			return "", within(placeOf(i), err)
		}
	}
	if err := checkDocument("predicate", s.Predicate); err != nil {
		return "", err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, s.Predicate, "  ", "  "); err != nil {
		return "", err
	}
	return strings.TrimSpace(b.String()), nil
}

// placeOf names subject i.
func placeOf(i int) string { return "subject[" + strconv.Itoa(i) + "]" }

// check checks the rules for subject i; seen are those before it.
func (s Subject) check(i int, seen map[string]int) error {
	if !fs.ValidPath(s.Name) || s.Name == "." || strings.ContainsFunc(s.Name, func(r rune) bool { return unicode.IsControl(r) || r == '\\' }) {
		return &SyntaxError{".name", fmt.Sprintf("%.300q", s.Name), "a relative path with slashes and without control characters"}
	}
	if first, again := seen[s.Name]; again {
		return &SyntaxError{".name", fmt.Sprintf("%.300q again, first in %s", s.Name, placeOf(first)), "every subject once"}
	}
	seen[s.Name] = i
	if len(s.SHA256) != 64 || strings.Trim(s.SHA256, "0123456789abcdef") != "" {
		return &SyntaxError{".digest.sha256", fmt.Sprintf("%.100q", s.SHA256), "64 lower-case hex digits"}
	}
	return nil
}
