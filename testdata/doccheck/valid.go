package doccheck

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Schemas are those of docs/schemas, by the format that their documents name.
type Schemas map[string]*jsonschema.Schema

// LoadSchemas reads docs/schemas. With closed, a key that a schema does not list is an error; for
// others than these tests it is not, because keys may be added.
func LoadSchemas(root string, closed bool) (Schemas, error) {
	files, err := filepath.Glob(filepath.Join(root, "docs", "schemas", "*.schema.json"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("no schemas in docs/schemas below %s: %w", root, err)
	}
	schemas, compiler := Schemas{}, jsonschema.NewCompiler()
	compiler.AssertFormat()
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if closed {
			closeObjects(doc)
		}
		var head struct {
			ID         string `json:"$id"`
			Properties struct {
				Format, Type struct{ Const string }
				InToto       struct{ Const string } `json:"_type"`
			}
		}
		if err := json.Unmarshal(text, &head); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		format := head.Properties.Format.Const + head.Properties.InToto.Const
		if format == "" || schemas[format] != nil {
			return nil, fmt.Errorf("%s: format %q is empty, or that of another schema", name, format)
		}
		if err := compiler.AddResource(head.ID, doc); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if schemas[format], err = compiler.Compile(head.ID); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return schemas, nil
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

// Check checks a document of usmtpkg by the schema of its format. Text that is not one JSON document is not one.
func (s Schemas) Check(text string) (format string, err error) {
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
	schema := s[format]
	switch {
	case schema == nil && strings.HasPrefix(format, "usmtpkg "):
		return format, fmt.Errorf("no schema in docs/schemas is for %q", format)
	case schema == nil:
		return "", nil
	}
	return format, schema.Validate(doc)
}
