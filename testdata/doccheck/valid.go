package doccheck

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// otherNames are the schemas of documents that are not named after a command.
var otherNames = map[string]string{"usmtpkg package definition": "package", "https://in-toto.io/Statement/v1": "attestation"}

// CheckDocument checks a document of usmtpkg by the schema of its format in docs/schemas, and returns that format. Other
// text has none, and is right. A key that the schema does not list is an error here; for others it is not, because
// keys may be added.
func CheckDocument(root, text string) (format string, err error) {
	if !strings.HasPrefix(strings.TrimSpace(text), "{") {
		return "", nil
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		return "", nil //nolint:nilerr // it is not a document
	}
	object, _ := doc.(map[string]any)
	format, _ = object["format"].(string)
	if statement, ok := object["_type"].(string); ok {
		format = statement
	}
	name, ours := strings.CutPrefix(format, "usmtpkg ")
	if other, ok := otherNames[format]; ok {
		name, ours = other, true
	}
	if !ours {
		return "", nil
	}
	schema, err := loadSchema(filepath.Join(root, "docs", "schemas", name+".schema.json"), format)
	if errors.Is(err, fs.ErrNotExist) {
		return format, fmt.Errorf("no schema in docs/schemas is for %q", format)
	}
	if err != nil {
		return format, err
	}
	return format, schema.Validate(doc)
}

// loadSchema reads the schema of a format.
func loadSchema(file, format string) (*jsonschema.Schema, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	object, _ := doc.(map[string]any)
	properties, _ := object["properties"].(map[string]any)
	for _, key := range []string{"format", "_type"} {
		if p, ok := properties[key].(map[string]any); ok && p["const"] != format {
			return nil, fmt.Errorf("%s is for %q, want %q", file, p["const"], format)
		}
	}
	closeObjects(doc)
	id, _ := object["$id"].(string)
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource(id, doc); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return compiler.Compile(id)
}

// closeObjects forbids keys that are not listed.
func closeObjects(v any) {
	switch v := v.(type) {
	case map[string]any:
		for _, inner := range v {
			closeObjects(inner)
		}
		if _, ok := v["properties"].(map[string]any); ok && v["type"] == "object" {
			v["additionalProperties"] = false
		}
	case []any:
		for _, inner := range v {
			closeObjects(inner)
		}
	}
}
