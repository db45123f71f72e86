package main

import (
	"fmt"

	"go.yaml.in/yaml/v3"
)

// overlayEntries reads the value of the key overlay: a list of patterns, each by
// itself or as a map with the keys from and replace. An unknown key is an error
// that names its line.
func overlayEntries(key string, value *yaml.Node) ([]overlayEntry, error) {
	replaces := key == overlayNames[1]
	switch {
	case value.Kind == yaml.ScalarNode:
		from, err := scalarText("glob", value)
		if err != nil {
			return nil, fmt.Errorf("line %d: %s: %w", value.Line, key, err)
		}
		return []overlayEntry{{from: from, replace: replaces}}, nil
	case value.Kind != yaml.SequenceNode:
		return nil, fmt.Errorf("line %d: %s: give a list of patterns", value.Line, key)
	}
	orMap := ", or a map with from and replace"
	if replaces {
		orMap = ""
	}
	entries := []overlayEntry{}
	for _, v := range value.Content {
		e := overlayEntry{replace: replaces}
		switch {
		case v.Kind == yaml.ScalarNode:
			from, err := scalarText("glob", v)
			if err != nil {
				return nil, fmt.Errorf("line %d: %s: %w", v.Line, key, err)
			}
			e.from = from
		case v.Kind == yaml.MappingNode && !replaces:
			if err := e.take(key, v); err != nil {
				return nil, err
			}
		default:
			return nil, fmt.Errorf("line %d: %s: give a pattern%s", v.Line, key, orMap)
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
			return fmt.Errorf("line %d: %s: duplicate key %q", k.Line, key, k.Value)
		}
		seen[k.Value] = true
		scalar := value.Kind == yaml.ScalarNode
		switch {
		case k.Value == "from" && scalar:
			from, err := scalarText("glob", value)
			if err != nil {
				return fmt.Errorf("line %d: %s: from: %w", value.Line, key, err)
			}
			e.from = from
		case k.Value == "from":
			return fmt.Errorf("line %d: %s: from: give one pattern", value.Line, key)
		case k.Value == "replace" && scalar && value.Tag == "!!bool":
			e.replace = value.Value == "true" || value.Value == "True" || value.Value == "TRUE"
		case k.Value == "replace":
			return fmt.Errorf("line %d: %s: replace: %q is not true or false", value.Line, key, value.Value)
		default:
			return fmt.Errorf("line %d: %s: unknown key %q%s", k.Line, key, k.Value, didYouMean(k.Value, []string{"from", "replace"}))
		}
	}
	if !seen["from"] {
		return fmt.Errorf("line %d: %s: the key from is missing", v.Line, key)
	}
	return nil
}
