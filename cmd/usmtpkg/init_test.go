package main

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"usmtpkg/cmd/usmtpkg/report"
	"usmtpkg/pkgdef"
)

// knownKeys are those that a configuration file may have at its top, with their flags.
func knownKeys() map[string]*pflag.Flag {
	flags := allFlags()
	maps.DeleteFunc(flags, func(name string, _ *pflag.Flag) bool { return notSettings[name] })
	return flags
}

func parseExample(t *testing.T, text string) configuration {
	t.Helper()
	conf, err := parseConfig([]byte(text), allFlags())
	if err != nil {
		t.Fatalf("the example is not valid: %v\n%s", err, text)
	}
	return conf
}

// The example says nothing but the defaults; with its comments taken away from
// before the keys, it sets every one of them.
func TestExample(t *testing.T) {
	var b strings.Builder
	if err := writeExample(&b); err != nil {
		t.Fatal(err)
	}
	conf := parseExample(t, b.String())
	if len(conf.settings) > 0 {
		t.Errorf("the example sets the flags %v", conf.settings)
	}
	if diff := cmp.Diff(pkgdef.DefaultSettings(), conf.site); diff != "" {
		t.Errorf("the example differs from the defaults (-want +got):\n%s", diff)
	}
	names := map[string]bool{}
	for _, k := range pkgdef.Keys() {
		names[k.Name] = true
		for _, item := range k.Items {
			names[item.Name] = true
		}
	}
	for name := range knownKeys() {
		names[name] = true
	}
	comment := regexp.MustCompile(`(?m)^( *)# ( *(?:- )?)([A-Za-z-]+):(.*)$`)
	full := comment.ReplaceAllStringFunc(b.String(), func(line string) string {
		m := comment.FindStringSubmatch(line)
		if !names[m[3]] {
			return line // a sentence
		}
		return m[1] + m[2] + m[3] + ":" + m[4]
	})
	full = strings.ReplaceAll(full, "mode: standard", "mode: customize")
	conf = parseExample(t, full)
	if len(conf.settings) < 9 {
		t.Errorf("the full example sets the flags %v, want at least those of the head and of package", conf.settings)
	}
	for _, k := range pkgdef.Keys() {
		if !regexp.MustCompile(`(?m)^  ` + k.Name + `:`).MatchString(full) {
			t.Errorf("the example does not have %s:\n%s", k.Path(), full)
		}
	}
	if len(conf.site.StateMigrationPoint.Folders) != 1 || len(conf.site.Capture.ConfigFiles) != 3 {
		t.Errorf("the full example reads as %+v", conf.site)
	}
}

// schema is that of usmtpkg.yaml, as the flags and the keys of the sections give it.
func schema() map[string]any {
	properties := pkgdef.Schema()
	text := map[string]any{"type": "string", "minLength": 1}
	list := map[string]any{
		"type": []string{"array", "string"}, "pattern": "^[^,]*[^ ,][^,]*(,[^,]*[^ ,][^,]*)*$", "items": text,
	}
	types := map[string]map[string]any{"bool": {"type": "boolean"}, "string": text, "stringSlice": list}
	globs := map[string]any{"type": []string{"array", "string"}, "items": text, "minLength": 1}
	entry := map[string]any{
		"type": []string{"string", "object"}, "minLength": 1, "additionalProperties": false, "required": []string{"from"},
		"properties": map[string]any{"from": text, "replace": map[string]any{"type": "boolean", "default": false}},
	}
	types["glob"] = globs
	for name, f := range knownKeys() {
		m := types[f.Value.Type()]
		if own, ok := f.Value.(interface{ schema() map[string]any }); ok {
			m = own.schema()
		}
		if key := pkgdef.FlagSchema(name); key != nil {
			m = key
		}
		_, usage := describe(f)
		property := map[string]any{"description": usage}
		maps.Copy(property, m)
		if name == "overlay" {
			property["items"] = entry
		}
		if slices.Contains(pathSettings, name) {
			confine(property)
		}
		properties[name] = property
	}
	var twice []map[string]any // a flag at the top, and its other name in the section package
	for _, k := range pkgdef.Keys() {
		if k.Flag != "" {
			twice = append(twice, map[string]any{"not": map[string]any{
				"required": []string{k.Flag, k.Section}, "properties": map[string]any{
					k.Section: map[string]any{"type": "object", "required": []string{k.Name}},
				},
			}})
		}
	}
	return map[string]any{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "usmtpkg.yaml",
		"type": []string{"object", "null"}, "additionalProperties": false, "properties": properties, "allOf": twice,
	}
}

// schema is what may be the value in usmtpkg.yaml.
func (n *number) schema() map[string]any {
	m := map[string]any{"type": "integer", "minimum": n.min, "maximum": n.max}
	if *n.value > 0 {
		m["default"] = *n.value
	}
	return m
}

func (w *word[T]) schema() map[string]any {
	return map[string]any{"type": "string", "enum": texts(w.words)}
}

func (w *words) schema() map[string]any {
	// Without regard to case: a JSON schema has no other way to say it.
	anyCase := regexp.MustCompile(`[a-z]`).ReplaceAllStringFunc(strings.Join(w.words, "|"), func(c string) string {
		return "[" + strings.ToUpper(c) + c + "]"
	})
	return map[string]any{
		"type": []string{"array", "string"}, "pattern": "^ *(" + anyCase + ") *(, *(" + anyCase + ") *)*$",
		"items": map[string]any{"type": "string", "pattern": "^(" + anyCase + ")$"},
	}
}

// confine adds to the schema of a path, or of a list of them, that it must not lead out of the
// folder of the file.
func confine(property map[string]any) {
	in := map[string]any{"not": map[string]any{"type": "string", "pattern": leadsOut.String()}}
	property["allOf"] = []map[string]any{in, {
		"items": map[string]any{"allOf": []map[string]any{in, {"properties": map[string]any{"from": in}}}},
	}}
}

// docs/usmtpkg.schema.json is what the flags and the keys of the sections give.
func TestSchema(t *testing.T) {
	var b bytes.Buffer
	if err := report.WriteJSON(&b, schema()); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("..", "..", "docs", "usmtpkg.schema.json")
	if *update {
		if err := os.WriteFile(file, b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.ReplaceAll(string(want), "\r\n", "\n"), b.String()); diff != "" {
		t.Errorf("%s is not what the settings give; rewrite it with -update (-file +settings):\n%s", file, diff)
	}
}
