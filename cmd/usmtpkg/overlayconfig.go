package main

import (
	"fmt"

	"go.yaml.in/yaml/v3"
)

// overlayEntries reads the value of the key overlay: a list of patterns, each by
// itself or as a map with the keys from and replace. An unknown key is an error
// that names its line.
func overlayEntries(key string, value *yaml.Node) ([]overlayEntry, error) {
	replaces := key == overlayFlags[1]
	switch {
	case value.Tag == "!!null": // nothing below the key but comments
		return nil, nil
	case value.Kind == yaml.ScalarNode:
		return []overlayEntry{{from: value.Value, replace: replaces}}, nil
	case value.Kind != yaml.SequenceNode:
		return nil, fmt.Errorf("line %d: %s: want a list of patterns", value.Line, key)
	}
	orMap := ", or a map with from and replace"
	if replaces {
		orMap = ""
	}
	entries := []overlayEntry{}
	for _, v := range value.Content {
		e := overlayEntry{replace: replaces}
		switch {
		case v.Kind == yaml.ScalarNode && v.Tag != "!!null":
			e.from = v.Value
		case v.Kind == yaml.MappingNode && !replaces:
			if err := e.take(key, v); err != nil {
				return nil, err
			}
		default:
			return nil, fmt.Errorf("line %d: %s: want a pattern%s", v.Line, key, orMap)
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// take reads the map of one entry.
func (e *overlayEntry) take(key string, v *yaml.Node) error {
	seen := map[string]bool{}
	for i := 0; i+1 < len(v.Content); i += 2 {
		k, value := v.Content[i], v.Content[i+1]
		if seen[k.Value] {
			return fmt.Errorf("line %d: %s: key %q stands there twice", k.Line, key, k.Value)
		}
		seen[k.Value] = true
		scalar := value.Kind == yaml.ScalarNode
		switch {
		case k.Value == "from" && scalar && value.Tag != "!!null":
			e.from = value.Value
		case k.Value == "from":
			return fmt.Errorf("line %d: %s: from: want one pattern", value.Line, key)
		case k.Value == "replace" && scalar && value.Tag == "!!bool":
			e.replace = value.Value == "true" || value.Value == "True" || value.Value == "TRUE"
		case k.Value == "replace":
			return fmt.Errorf("line %d: %s: replace: %q, want true or false", value.Line, key, value.Value)
		default:
			return fmt.Errorf("line %d: %s: unknown key %q, want from and replace", k.Line, key, k.Value)
		}
	}
	if !seen["from"] {
		return fmt.Errorf("line %d: %s: no key from", v.Line, key)
	}
	return nil
}
