package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"usmtpkg/testdata/doccheck"
)

func cmdJSON(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg && len(args) == 2 || !neg && len(args) == 3, "[!] json FILE PATH [WANT]")
	text := ts.ReadFile(args[0])
	got, found, err := lookup(text, args[1])
	ts.Check(err)
	_, err = doccheck.CheckDocument(ts.Getenv(schemasIn), text)
	ts.Check(err)
	switch {
	case neg && found:
		ts.Fatalf("%s in %s = %s, want nothing there", args[1], args[0], got)
	case !neg && !found:
		ts.Fatalf("%s has no %s", args[0], args[1])
	case !neg && got != args[2]:
		ts.Fatalf("%s in %s = %s, want %s", args[1], args[0], got, args[2])
	}
}

func cmdJSONEnv(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 3, "jsonenv NAME FILE PATH")
	got, found, err := lookup(ts.ReadFile(args[1]), args[2])
	ts.Check(err)
	if !found {
		ts.Fatalf("%s has no %s", args[1], args[2])
	}
	ts.Setenv(args[0], got)
}

func cmdJSONKeys(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 2, "jsonkeys FILE OUT")
	doc, err := parse(ts.ReadFile(args[0]))
	ts.Check(err)
	keys := map[string]bool{}
	collect(keys, "", doc)
	text := strings.Join(slices.Sorted(maps.Keys(keys)), "\n") + "\n"
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text), 0o666))
}

// parse reads exactly one JSON document.
func parse(text string) (any, error) {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var doc any
	if err := dec.Decode(&doc); err != nil {
		return nil, fmt.Errorf("no JSON document: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one JSON document")
	}
	return doc, nil
}

// collect gathers the paths of all keys of a document.
func collect(keys map[string]bool, at string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for k, inner := range v {
			path := strings.TrimPrefix(at+"."+k, ".")
			keys[path] = true
			collect(keys, path, inner)
		}
	case []any:
		for _, inner := range v {
			collect(keys, at+"[]", inner)
		}
	}
}

// pathStep is one step of a path: a key, or what stands in brackets.
var pathStep = regexp.MustCompile(`\[[^\]]*\]|[^.\[]+`)

// lookup returns the value at a path as text: a string without its quotation
// marks, anything else as JSON.
func lookup(text, path string) (value string, found bool, err error) {
	v, err := parse(text)
	if err != nil {
		return "", false, err
	}
	for _, step := range pathStep.FindAllString(path, -1) {
		if v, found = follow(v, step); !found {
			return "", false, nil
		}
	}
	if s, ok := v.(string); ok {
		return s, true, nil
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err = enc.Encode(v)
	return strings.TrimSpace(b.String()), true, err
}

// follow makes one step of a path: a key, [index], [len] or [key=value].
func follow(v any, step string) (any, bool) {
	inner, ok := strings.CutPrefix(step, "[")
	if !ok {
		m, _ := v.(map[string]any)
		value, ok := m[step]
		return value, ok
	}
	list, ok := v.([]any)
	if !ok {
		return nil, false
	}
	inner = strings.TrimSuffix(inner, "]")
	if inner == "len" {
		return len(list), true
	}
	if key, want, ok := strings.Cut(inner, "="); ok {
		i := slices.IndexFunc(list, func(e any) bool {
			got, ok := follow(e, key)
			return ok && fmt.Sprint(got) == want
		})
		if i < 0 {
			return nil, false
		}
		return list[i], true
	}
	i, err := strconv.Atoi(inner)
	if err != nil || i < 0 || i >= len(list) {
		return nil, false
	}
	return list[i], true
}
