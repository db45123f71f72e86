package pkgdef

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// An object is a part of a JSON schema.
type object = map[string]any

// Schema returns the sections of usmtpkg.yaml as the properties of a JSON Schema
// (draft 2020-12), by the names of the sections. It accepts what Set and Validate accept, and
// nothing else.
func Schema() map[string]any {
	sections := object{}
	for _, section := range Sections() {
		var keys []Key
		for _, k := range Keys() {
			if k.Section == section {
				keys = append(keys, k)
			}
		}
		s := objectSchema(keys, false)
		s["type"] = []string{"object", "null"} // all its keys may be comments
		if rules := sectionRules()[section]; rules != nil {
			s["allOf"] = rules
		}
		sections[section] = s
	}
	return sections
}

// sectionRules returns the rules about several keys of one section; see Settings.Validate.
func sectionRules() map[string][]object {
	filled := func(name string, of object) object {
		return object{"required": []string{name}, "properties": object{name: of}}
	}
	atLeastOne := object{"minItems": 1, "minLength": 1}
	customize := []object{
		implies(filled("mode", object{"const": ModeCustomize}), filled("configFiles", atLeastOne)),
		implies(filled("configFiles", atLeastOne), filled("mode", object{"const": ModeCustomize})),
	}
	off := object{"const": false}
	vss := implies(filled("fileAccess", object{"const": FileAccessVSS}), object{"properties": object{"hardLinks": off, "offline": off}})
	server := filled("server", object{"minLength": 1})
	return map[string][]object{
		"capture": append([]object{vss}, customize...),
		"restore": customize,
		"stateMigrationPoint": {
			implies(server, filled("folders", atLeastOne)),
			implies(filled("folders", atLeastOne), server),
			implies(filled("boundaryGroups", atLeastOne), server),
			implies(filled("siteCode", atLeastOne), server),
		},
	}
}

func implies(a, b object) object { return object{"if": a, "then": b} }

func objectSchema(keys []Key, required bool) object {
	properties := object{}
	var names []string
	for _, k := range keys {
		properties[k.Name] = k.schema()
		names = append(names, k.Name)
	}
	o := object{"type": "object", "additionalProperties": false, "properties": properties}
	if required {
		o["required"] = names
	}
	return o
}

// schema describes the values of the key.
func (k Key) schema() object {
	m := object{"description": k.Help}
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
		items := object{}
		k.textSchema(items)
		k.textSchema(m) // of one text, which stands for a list of it
		m["type"], m["items"], m["uniqueItems"], m["maxItems"] = []string{"array", "string"}, items, true, maxListed
	case FolderList:
		folder := objectSchema(k.Items, true)
		folder["allOf"] = []object{implies(
			object{"properties": object{"minFreeSpaceUnit": object{"const": UnitPercent}}},
			object{"properties": object{"minFreeSpace": object{"maximum": maxPercent}}},
		)}
		m["type"], m["items"], m["maxItems"] = "array", folder, maxListed
	}
	return m
}

func (k Key) textSchema(m object) {
	m["type"], m["minLength"], m["maxLength"] = "string", k.Min, k.Max
	var patterns []object
	add := func(expr string) {
		if k.Min == 0 && k.Kind == Text {
			expr = "^$|" + expr
		}
		patterns = append(patterns, object{"pattern": expr})
	}
	if k.pattern != nil {
		add(k.pattern.expr.String())
	}
	if k.pattern != smsText { // which is part of it
		add(plain.String())
	}
	if len(patterns) == 1 {
		m["pattern"] = patterns[0]["pattern"]
		return
	}
	m["allOf"] = patterns
}

// FlagSchema returns the schema of a flag that a key is another name for; nil if there is no such key.
func FlagSchema(flag string) map[string]any {
	for _, k := range Keys() {
		if k.Flag == flag && k.Kind == Text {
			m := object{}
			k.textSchema(m)
			return m
		}
	}
	return nil
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
