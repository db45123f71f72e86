package attest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// Parse reads a statement. Its error is a *SyntaxError.
func Parse(b []byte) (Statement, error) {
	var s Statement
	if len(b) > MaxStatement {
		return s, &SyntaxError{"statement", fmt.Sprintf("more than %d bytes", MaxStatement), "fewer"}
	}
	if err := checkDocument("statement", b); err != nil {
		return s, err
	}
	top, err := fieldsOf("statement", b)
	if err != nil {
		return s, err
	}
	for _, want := range []struct{ key, value string }{{"_type", StatementType}, {"predicateType", PredicateType}} {
		found, err := stringOf(want.key, top[want.key])
		if err != nil {
			return s, err
		}
		if found != want.value {
			return s, &SyntaxError{want.key, fmt.Sprintf("%.300q", found), strconv.Quote(want.value)}
		}
	}
	if kindOf(top["predicate"]) != object {
		return s, &SyntaxError{"predicate", kindOf(top["predicate"]), object}
	}
	s.Predicate = top["predicate"]
	s.Subjects, err = subjects(top["subject"])
	return s, err
}

func subjects(raw json.RawMessage) ([]Subject, error) {
	if kindOf(raw) != list {
		return nil, &SyntaxError{"subject", kindOf(raw), list}
	}
	var items []json.RawMessage
	if err := json.Unmarshal(raw, &items); err != nil {
		return nil, &SyntaxError{"subject", err.Error(), list}
	}
	if len(items) == 0 {
		return nil, &SyntaxError{"subject", "an empty list", "at least one subject"}
	}
	all := make([]Subject, len(items))
	seen := make(map[string]int, len(items))
	for i, item := range items {
		var err error
		if all[i], err = subject(item); err == nil {
			err = all[i].check(i, seen)
		}
		if err != nil {
			return nil, within(placeOf(i), err)
		}
	}
	return all, nil
}

func subject(raw json.RawMessage) (s Subject, err error) {
	fields, err := fieldsOf("", raw)
	if err != nil {
		return s, err
	}
	if s.Name, err = stringOf(".name", fields["name"]); err != nil {
		return s, err
	}
	digest, err := fieldsOf(".digest", fields["digest"])
	if err != nil {
		return s, err
	}
	s.SHA256, err = stringOf(".digest.sha256", digest["sha256"])
	return s, err
}

// The kinds of JSON values, in words.
const (
	object = "an object"
	list   = "a list"
	text   = "a string"
)

// kindOf names the kind of a value.
func kindOf(raw json.RawMessage) string {
	raw = bytes.TrimLeft(raw, " \t\r\n")
	if len(raw) == 0 {
		return "nothing"
	}
	switch raw[0] {
	case '{':
		return object
	case '[':
		return list
	case '"':
		return text
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	}
	return "a number"
}

// fieldsOf splits an object into its fields. Their names are compared exactly,
// unlike those of a struct in package json.
func fieldsOf(where string, raw json.RawMessage) (map[string]json.RawMessage, error) {
	if kindOf(raw) != object {
		return nil, &SyntaxError{where, kindOf(raw), object}
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return nil, &SyntaxError{where, err.Error(), object}
	}
	return fields, nil
}

func stringOf(where string, raw json.RawMessage) (string, error) {
	if kindOf(raw) != text {
		return "", &SyntaxError{where, kindOf(raw), text}
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return "", &SyntaxError{where, err.Error(), text}
	}
	return s, nil
}

// checkDocument makes sure that b is one JSON object and nothing else, that it
// is within the bounds, and that no reader can see another one in it.
func checkDocument(where string, b []byte) error {
	if !utf8.Valid(b) {
		return &SyntaxError{where, "bytes that are not UTF-8", "JSON in UTF-8"}
	}
	w := walker{json.NewDecoder(bytes.NewReader(b))}
	w.dec.UseNumber()
	if kindOf(b) != object {
		return &SyntaxError{where, kindOf(b), object}
	}
	if err := w.value(0); err != nil {
		return within(where, err)
	}
	if _, err := w.dec.Token(); !errors.Is(err, io.EOF) {
		return &SyntaxError{where, "more after its end", "one JSON object"}
	}
	return nil
}

// within puts a place before that of an error: they are put together only when
// there is one.
func within(where string, err error) error {
	if syntax := (*SyntaxError)(nil); errors.As(err, &syntax) {
		syntax.Where = where + syntax.Where
	}
	return err
}

// walker reads JSON token by token.
type walker struct{ dec *json.Decoder }

func (w walker) token() (json.Token, error) {
	t, err := w.dec.Token()
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, &SyntaxError{"", fmt.Sprintf("%v at byte %d", err, w.dec.InputOffset()), "JSON"}
	}
	return t, nil
}

// value reads one value to its end.
func (w walker) value(depth int) error {
	t, err := w.token()
	if err != nil {
		return err
	}
	if depth == maxDepth {
		return &SyntaxError{"", fmt.Sprintf("more than %d levels", maxDepth), "fewer"}
	}
	switch t {
	case json.Delim('{'):
		return w.object(depth)
	case json.Delim('['):
		return w.list(depth)
	}
	return nil
}

func (w walker) object(depth int) error {
	keys := map[string]bool{}
	for w.dec.More() {
		t, err := w.token()
		if err != nil {
			return err
		}
		key, _ := t.(string) // the decoder accepts nothing else here
		switch {
		case keys[key]:
			return &SyntaxError{"", fmt.Sprintf("key %.100q twice", key), "every key once"}
		case len(keys) == maxKeys:
			return &SyntaxError{"", fmt.Sprintf("more than %d keys", maxKeys), "fewer"}
		}
		keys[key] = true
		if err := w.value(depth + 1); err != nil {
			return within(fmt.Sprintf(".%.100q", key), err)
		}
	}
	_, err := w.token()
	return err
}

func (w walker) list(depth int) error {
	for n := 0; w.dec.More(); n++ {
		if n == maxItems {
			return &SyntaxError{"", fmt.Sprintf("more than %d items", maxItems), "fewer"}
		}
		if err := w.value(depth + 1); err != nil {
			return within("["+strconv.Itoa(n)+"]", err)
		}
	}
	_, err := w.token()
	return err
}
