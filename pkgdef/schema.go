package pkgdef

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Schema returns the sections of usmtpkg.yaml as the properties of a JSON Schema
// (draft 2020-12), by the names of the sections.
func Schema() map[string]any {
	sections := map[string]any{}
	for _, section := range Sections() {
		var keys []Key
		for _, k := range Keys() {
			if k.Section == section {
				keys = append(keys, k)
			}
		}
		sections[section] = objectSchema(keys, false)
	}
	return sections
}

func objectSchema(keys []Key, required bool) map[string]any {
	properties := map[string]any{}
	var names []string
	for _, k := range keys {
		properties[k.Name] = k.schema()
		names = append(names, k.Name)
	}
	object := map[string]any{"type": "object", "additionalProperties": false, "properties": properties}
	if required {
		object["required"] = names
	}
	return object
}

// schema is what may stand behind the key.
func (k Key) schema() map[string]any {
	m := map[string]any{"description": k.Help}
	if k.Unit != "" {
		m["description"] = k.Help + " Unit: " + k.Unit + "."
	}
	switch k.Kind {
	case Bool:
		m["type"] = "boolean"
		m["default"] = k.Default == "true"
	case Int:
		m["type"], m["minimum"], m["maximum"] = "integer", k.Min, k.Max
		if n, err := strconv.Atoi(k.Default); err == nil {
			m["default"] = n
		}
	case Enum:
		m["enum"] = k.Values
		if k.Default != "" {
			m["default"] = k.Default
		}
	case Text:
		k.textSchema(m)
	case TextList:
		items := map[string]any{}
		k.textSchema(items)
		m["type"], m["items"], m["uniqueItems"], m["maxItems"] = "array", items, true, maxListed
	case FolderList:
		m["type"], m["items"], m["maxItems"] = "array", objectSchema(k.Items, true), maxListed
	}
	return m
}

func (k Key) textSchema(m map[string]any) {
	m["type"], m["minLength"], m["maxLength"] = "string", k.Min, k.Max
	switch {
	case k.pattern != nil && k.Min == 0 && k.Kind == Text:
		m["pattern"] = "^$|" + k.pattern.expr.String()
	case k.pattern != nil:
		m["pattern"] = k.pattern.expr.String()
	}
}

// WriteExample writes every section of usmtpkg.yaml with every key: those that
// have a default with it, the others as comments.
func WriteExample(w io.Writer) error {
	b := bufio.NewWriter(w)
	section := ""
	for _, k := range Keys() {
		if k.Section != section {
			section = k.Section
			fmt.Fprintf(b, "\n%s:\n", section)
		}
		k.writeExample(b)
	}
	return b.Flush()
}

// exampleWidth is how wide the comments are, in characters.
const exampleWidth = 100

func (k Key) writeExample(b *bufio.Writer) {
	writeComment(b, "  # ", k.Help+" ["+k.want()+"]")
	switch {
	case k.Kind == FolderList:
		fmt.Fprintf(b, "  # %s:\n", k.Name)
		for i, item := range k.Items {
			writeComment(b, "  #     # ", item.Help+" ["+item.want()+"]")
			fmt.Fprintf(b, "  #   %s %s: %s\n", map[bool]string{true: "-", false: " "}[i == 0], item.Name, item.Example)
		}
	case k.Default == "":
		fmt.Fprintf(b, "  # %s: %s\n", k.Name, k.Example)
	default:
		fmt.Fprintf(b, "  %s: %s\n", k.Name, k.Default)
	}
}

// writeComment writes text in lines of at most exampleWidth, each behind prefix.
func writeComment(b *bufio.Writer, prefix, text string) {
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len(prefix)+len(line)+1+len(word) > exampleWidth {
			fmt.Fprintf(b, "%s%s\n", prefix, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	fmt.Fprintf(b, "%s%s\n", prefix, line)
}
