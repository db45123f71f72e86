package doccheck

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// A Schema is the JSON schema of what encoding/json writes of a Go type. Descriptions are the comments in the source.
type Schema struct {
	Name    string         // of the file in docs/schemas, without .schema.json
	Title   string         // one sentence
	Of      any            // a value of the type
	Consts  map[string]any // properties of the document with only one value, such as format
	Version int            // of the document, in $id
}

// schemaID is the start of the $id of a schema. It is a name, not an address; see docs/formats.md.
const schemaID = "https://usmtpkg.example/schema/"

// Golden compares docs/schemas/NAME.schema.json with the schema, or writes it with update.
func (s Schema) Golden(t *testing.T, root string, update bool) {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	document, err := s.document(root)
	if err == nil {
		err = enc.Encode(document)
	}
	if err != nil {
		t.Fatalf("the schema %s: %v", s.Name, err)
	}
	file := filepath.Join(root, "docs", "schemas", s.Name+".schema.json")
	if update {
		if err := os.WriteFile(file, b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil || strings.ReplaceAll(string(text), "\r\n", "\n") != b.String() {
		t.Errorf("docs/schemas/%s.schema.json is not what the Go type gives (%v); rewrite it with `go test ./cmd/usmtpkg ./pkgdef -run Schema -update`", s.Name, err)
	}
}

func (s Schema) document(root string) (map[string]any, error) {
	w := typeWalker{root: root, names: map[string]reflect.Type{}, defs: map[string]any{}, packages: map[string]map[string]typeDoc{}}
	doc, err := w.object(reflect.TypeOf(s.Of))
	if err != nil {
		return nil, err
	}
	doc["$schema"], doc["$id"] = "https://json-schema.org/draft/2020-12/schema", fmt.Sprintf("%s%s/v%d", schemaID, s.Name, cmp.Or(s.Version, 1))
	doc["title"] = s.Title
	properties, _ := doc["properties"].(map[string]any)
	for key, value := range s.Consts {
		properties[key] = map[string]any{"const": value}
	}
	if len(w.defs) > 0 {
		doc["$defs"] = w.defs
	}
	return doc, nil
}

// commonKeys are keys, with their Go type, that mean the same wherever the source does not say otherwise.
var commonKeys = map[string]string{
	"sha256 string":        "SHA-256 of the content, lower-case hex",
	"size int64":           "bytes",
	"bytes int64":          "of all files together",
	"usmt_version string":  "the file version of scanstate.exe, such as 10.0.26100.1",
	"arches []string":      "the arch folders: amd64, arm64, x86",
	"dry_run bool":         "nothing was done; this is what would be done",
	"signer string":        "the name in the signer's certificate",
	"signed_at time.Time":  "by the time stamp of the signature",
	"signed_at *time.Time": "by the time stamp of the signature",
	"file_version string":  "of a program, such as 10.0.26100.1",
	"arch string":          "amd64, arm64 or x86",
	"files int":            "how many",
}

// A typeWalker makes schemas of types, with what the source says about them.
type typeWalker struct {
	root     string
	names    map[string]reflect.Type
	defs     map[string]any
	packages map[string]map[string]typeDoc
}

// A typeDoc is what the source says of a type.
type typeDoc struct {
	fields map[string]string
	values []any // the constants of a type of strings
}

var (
	timeType = reflect.TypeFor[time.Time]()
	rawType  = reflect.TypeFor[json.RawMessage]()
	marshals = reflect.TypeFor[json.Marshaler]()
)

// of returns the schema of a type.
func (w *typeWalker) of(t reflect.Type) (any, error) {
	switch {
	case t.Kind() == reflect.Pointer:
		return w.of(t.Elem())
	case t == timeType:
		return map[string]any{"type": "string", "format": "date-time"}, nil
	case t == rawType:
		return map[string]any{}, nil
	case t.Implements(marshals):
		return nil, fmt.Errorf("%v writes its JSON itself", t)
	}
	switch t.Kind() { //nolint:exhaustive // other kinds are an error
	case reflect.String:
		return w.text(t)
	case reflect.Bool:
		return map[string]any{"type": "boolean"}, nil
	case reflect.Float64:
		return map[string]any{"type": "number"}, nil
	case reflect.Int, reflect.Int64, reflect.Uint32:
		return map[string]any{"type": "integer"}, nil
	case reflect.Slice:
		items, err := w.of(t.Elem())
		return map[string]any{"type": "array", "items": items}, err
	case reflect.Map:
		values, err := w.of(t.Elem())
		return map[string]any{"type": "object", "additionalProperties": values}, err
	case reflect.Struct:
		return w.reference(t)
	}
	return nil, fmt.Errorf("no schema for %v", t)
}

// text is the schema of a type of strings. Its constants are examples, not all values: others may be added.
func (w *typeWalker) text(t reflect.Type) (any, error) {
	m := map[string]any{"type": "string"}
	if t.PkgPath() != "" {
		doc, err := w.doc(t)
		if err != nil {
			return nil, err
		}
		if len(doc.values) > 0 {
			m["examples"] = doc.values
		}
	}
	return m, nil
}

// reference defines a type of structs once, under its name.
func (w *typeWalker) reference(t reflect.Type) (any, error) {
	name := t.Name()
	if other, ok := w.names[name]; ok && other != t {
		name = filepath.Base(t.PkgPath()) + "." + name
	}
	ref := map[string]any{"$ref": "#/$defs/" + name}
	if w.names[name] == t {
		return ref, nil
	}
	if w.names[name] = t; name == "" {
		return nil, errors.New("a type without a name")
	}
	def, err := w.object(t)
	w.defs[name] = def
	return ref, err
}

// object is the schema of a type of structs.
func (w *typeWalker) object(t reflect.Type) (map[string]any, error) {
	properties, required := map[string]any{}, []string{}
	if err := w.fields(t, properties, &required); err != nil {
		return nil, fmt.Errorf("%v: %w", t, err)
	}
	return map[string]any{"type": "object", "properties": properties, "required": required}, nil
}

// fields adds the properties of a type of structs, those of embedded ones among them.
func (w *typeWalker) fields(t reflect.Type, properties map[string]any, required *[]string) error {
	doc, err := w.doc(t)
	if err != nil {
		return err
	}
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			if err := w.fields(f.Type, properties, required); err != nil {
				return err
			}
			continue
		case !f.IsExported() || name == "-":
			continue
		case name == "":
			return fmt.Errorf("%s has no key", f.Name)
		}
		property, err := w.of(f.Type)
		if err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
		optional := slices.ContainsFunc(strings.Split(options, ","), func(o string) bool { return o == "omitempty" || o == "omitzero" })
		if !optional {
			*required = append(*required, name)
			if f.Type.Kind() == reflect.Pointer {
				property = map[string]any{"anyOf": []any{property, map[string]any{"type": "null"}}}
			}
		}
		text := doc.fields[f.Name]
		if text == "" {
			text = commonKeys[name+" "+f.Type.String()]
		}
		if m, ok := property.(map[string]any); ok && text != "" {
			m["description"] = text
		}
		properties[name] = property
	}
	return nil
}

// doc is what the source says of a named type.
func (w *typeWalker) doc(t reflect.Type) (typeDoc, error) {
	dir := strings.TrimPrefix(t.PkgPath(), "usmtpkg/")
	if dir == t.PkgPath() {
		return typeDoc{}, nil // of another module
	}
	if w.packages[dir] == nil {
		docs, err := packageDocs(filepath.Join(w.root, filepath.FromSlash(dir)))
		if err != nil {
			return typeDoc{}, err
		}
		w.packages[dir] = docs
	}
	return w.packages[dir][t.Name()], nil
}

// packageDocs reads what the source of a package says of its types.
func packageDocs(dir string) (map[string]typeDoc, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("no source in %s: %w", dir, err)
	}
	docs := map[string]typeDoc{}
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, d := range f.Decls {
			if d, ok := d.(*ast.GenDecl); ok {
				for _, spec := range d.Specs {
					document(docs, spec)
				}
			}
		}
	}
	return docs, nil
}

// document adds what a declaration says: of a type of structs its fields, of a constant its value.
func document(docs map[string]typeDoc, spec ast.Spec) {
	switch spec := spec.(type) {
	case *ast.TypeSpec:
		doc := docs[spec.Name.Name]
		if structure, ok := spec.Type.(*ast.StructType); ok {
			doc.fields = map[string]string{}
			for _, f := range structure.Fields.List {
				for _, name := range f.Names {
					doc.fields[name.Name] = oneLine(f.Comment.Text())
				}
			}
		}
		docs[spec.Name.Name] = doc
	case *ast.ValueSpec:
		of, ok := spec.Type.(*ast.Ident)
		if !ok {
			return
		}
		for _, v := range spec.Values {
			if lit, ok := v.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				doc := docs[of.Name]
				if value := strings.Trim(lit.Value, "\"`"); value != "" {
					doc.values = append(doc.values, value)
				}
				docs[of.Name] = doc
			}
		}
	}
}

func oneLine(comment string) string { return strings.Join(strings.Fields(comment), " ") }
