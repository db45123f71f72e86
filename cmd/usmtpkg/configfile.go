package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"

	"usmtpkg/pkgdef"
)

// A configReader reads a configuration file: "key: value" and "key: [values]"
// pairs for flags, and sections of them. An unknown or doubled key is an error
// that names its line.
type configReader struct {
	known map[string]*pflag.Flag // with values that nobody uses
	conf  configuration
	lines map[string]int // of every key of a section, by its path, such as capture.mode
	flags map[string]int // of every flag that is set
}

func parseConfig(b []byte, known map[string]*pflag.Flag) (configuration, error) {
	r := configReader{known: known, lines: map[string]int{}, flags: map[string]int{}}
	r.conf.site = pkgdef.DefaultSettings()
	var doc, more yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(b))
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return r.conf, nil
	case err != nil:
		return r.conf, yamlFault(err, b)
	}
	if err := dec.Decode(&more); !errors.Is(err, io.EOF) {
		return r.conf, errors.New("more than one document")
	}
	if err := r.top(doc.Content[0]); err != nil {
		return r.conf, err
	}
	return r.conf, r.locate(r.conf.site.Validate())
}

func (r *configReader) top(top *yaml.Node) error {
	if top.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: this is not a key with a value, such as library: folder", top.Line)
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(top.Content); i += 2 {
		key, value := top.Content[i], top.Content[i+1]
		isSection := slices.Contains(pkgdef.Sections(), key.Value)
		if !isSection {
			if err := r.checkKey(key); err != nil {
				return err
			}
		}
		if seen[key.Value] {
			return fmt.Errorf("line %d: duplicate key %q", key.Line, key.Value)
		}
		seen[key.Value] = true
		var err error
		if isSection {
			err = r.section(key.Value, value)
		} else {
			err = r.flag(setting{key: key.Value, path: key.Value, line: key.Line}, value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// checkKey refuses a key that is not a setting.
func (r *configReader) checkKey(key *yaml.Node) error {
	switch {
	case r.known[key.Value] == nil:
		return fmt.Errorf("line %d: unknown key %q%s", key.Line, key.Value, didYouMean(key.Value, append(settable(r.known), pkgdef.Sections()...)))
	case notSettings[key.Value]:
		return fmt.Errorf("line %d: %s is for the command line only: --%s", key.Line, key.Value, key.Value)
	}
	return nil
}

// flag takes the value of a flag, which a key of the section package may name too.
func (r *configReader) flag(s setting, value *yaml.Node) error {
	if line, ok := r.flags[s.key]; ok {
		return fmt.Errorf("line %d: %s is already set on line %d; keep one", s.line, s.key, line)
	}
	r.flags[s.key] = s.line
	if err := s.take(r.known[s.key], value); err != nil {
		return err
	}
	r.conf.settings = append(r.conf.settings, s)
	return nil
}

// section takes the keys of one section. One without keys sets nothing.
func (r *configReader) section(section string, value *yaml.Node) error {
	if value.Tag == "!!null" {
		return nil
	}
	if value.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: %s is a section: give its keys below it", value.Line, section)
	}
	v, err := r.value(section, value)
	if err != nil {
		return err
	}
	for i, e := range v.Map {
		k, ok := pkgdef.FindKey(section, e.Name)
		if !ok {
			return fmt.Errorf("line %d: unknown key %s.%s%s", value.Content[2*i].Line, section, e.Name, didYouMean(e.Name, pkgdef.KeyNames(section)))
		}
		if k.Flag != "" {
			err := r.flag(setting{key: k.Flag, path: k.Path(), line: r.lines[k.Path()]}, value.Content[2*i+1])
			if err != nil {
				return err
			}
			continue
		}
		r.conf.sections = true
		if err := r.conf.site.Set(section, e.Name, e.Value); err != nil {
			return r.locate(err)
		}
	}
	return nil
}

// value turns a node into the value that pkgdef takes, and notes the lines of its keys.
func (r *configReader) value(path string, n *yaml.Node) (pkgdef.Value, error) {
	switch n.Kind {
	case yaml.ScalarNode:
		v, err := scalarValue(n)
		if err != nil {
			return v, fmt.Errorf("line %d: %s: %w", n.Line, path, err)
		}
		return v, nil
	case yaml.SequenceNode:
		v := pkgdef.Value{Kind: pkgdef.ListValue}
		for i, item := range n.Content {
			at := fmt.Sprintf("%s[%d]", path, i)
			r.lines[at] = item.Line
			child, err := r.value(at, item)
			if err != nil {
				return v, err
			}
			v.List = append(v.List, child)
		}
		return v, nil
	case yaml.MappingNode:
		v := pkgdef.Value{Kind: pkgdef.MapValue}
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			at := path + "." + key.Value
			if _, twice := r.lines[at]; twice {
				return v, fmt.Errorf("line %d: duplicate key %q", key.Line, at)
			}
			r.lines[at] = key.Line
			child, err := r.value(at, n.Content[i+1])
			if err != nil {
				return v, err
			}
			v.Map = append(v.Map, pkgdef.Entry{Name: key.Value, Value: child})
		}
		return v, nil
	default:
		return pkgdef.Value{}, fmt.Errorf("line %d: %s: an alias is not supported; write the value again", n.Line, path)
	}
}

// locate puts the line of its key before each error of a setting.
func (r *configReader) locate(err error) error {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []error
		for _, e := range joined.Unwrap() {
			all = append(all, r.locate(e))
		}
		return errors.Join(all...)
	}
	bad, ok := errors.AsType[*pkgdef.SettingError](err)
	if !ok {
		return err
	}
	// A key that is missing has no line; that of what it belongs to comes nearest.
	for path := bad.Key; path != ""; path = path[:max(0, strings.LastIndexAny(path, ".["))] {
		if line, ok := r.lines[path]; ok {
			return fmt.Errorf("line %d: %w", line, err)
		}
	}
	return err
}

// yamlFault says what is wrong with a text that is not YAML. A path of Windows in double
// quotation marks is the usual case.
func yamlFault(err error, text []byte) error {
	msg := strings.TrimPrefix(err.Error(), "yaml: ")
	if !strings.Contains(msg, "found unknown escape character") {
		return errors.New(msg)
	}
	bad := regexp.MustCompile(`"[^"]*\\([^0abt\tnvfre "/\\N_LPxuU])`)
	for i, line := range strings.Split(string(text), "\n") {
		if m := bad.FindStringSubmatch(line); m != nil {
			return fmt.Errorf(`line %d: \%s is not an escape. In double quotation marks write D:\\Sources, or use single ones`, i+1, m[1])
		}
	}
	return errors.New(msg + `. In double quotation marks write D:\\Sources, or use single ones`)
}
