package main

import (
	"io"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"usmtpkg/cmd/usmtpkg/report"
	"usmtpkg/pkgdef"
)

// schemaName is the file beside the example that has the schema; the example names it for editors.
const schemaName = "usmtpkg.schema.json"

// addSchema writes the schema beside the example, and returns its path. One that is there stays.
func addSchema(example string) (file string, err error) {
	file, err = writeNew(filepath.Join(filepath.Dir(example), schemaName), "writing the schema", writeSchema)
	if is[*usageError](err) {
		return "", nil
	}
	return file, err
}

// writeSchema writes the JSON schema of usmtpkg.yaml.
func writeSchema(w io.Writer) error { return report.WriteJSON(w, schema()) }

// knownKeys are the keys that a configuration file can have at its top, with their flags.
func knownKeys() map[string]*pflag.Flag {
	flags := allFlags()
	maps.DeleteFunc(flags, func(name string, _ *pflag.Flag) bool { return notSettings[name] })
	return flags
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
		"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "https://usmtpkg.example/schema/settings/v1", "title": "usmtpkg.yaml",
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
