package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"

	"usmtpkg/locate/tree"
	"usmtpkg/pkgdef"
	"usmtpkg/stage/attest"
)

// A setting is one key of the configuration file that stands for a flag.
type setting struct {
	key    string // the flag
	values []string
	line   int
	path   string // how the file names it, such as package.name

	overlay []overlayEntry // of the keys of overlayNames, in place of values
}

// pathSettings name files that are read. In a configuration file, which is found in the current
// folder by itself and may be somebody else's, they stay below its folder: what they name could
// otherwise be any file that the account may read.
var pathSettings = []string{"overlay", "overlay-replace", "inventory", "catalogs", "msi", "trust-root", "key", "password-file", "public-key", "ca-file", "log"}

// leadsOut finds a path, or one in a list with commas, that can lead out of the folder it is
// relative to, on any system.
var leadsOut = regexp.MustCompile(`(^|,) *[/\\]|:|(^|[/\\,]) *\.\.([/\\]| *(,|$))`)

// take reads the value of a key and tries it on the flag f, whose value nobody uses.
func (s *setting) take(f *pflag.Flag, value *yaml.Node) (err error) {
	if slices.Contains(overlayNames, s.key) {
		s.overlay, err = overlayEntries(s.path, value)
		for _, e := range s.overlay {
			if leadsOut.MatchString(e.from) {
				return s.outside(e.from)
			}
		}
		return err
	}
	list, isList := f.Value.(pflag.SliceValue)
	if err := s.read(f, value, isList); err != nil {
		return err
	}
	for _, v := range s.values {
		if slices.Contains(pathSettings, s.key) && leadsOut.MatchString(v) {
			return s.outside(v)
		}
	}
	if isList {
		err = list.Replace(s.values)
	} else if err = f.Value.Set(s.values[0]); err == nil {
		err = pkgdef.CheckFlag(s.key, s.values[0])
	}
	if bad, ok := errors.AsType[*pkgdef.SettingError](err); ok {
		err = errors.New(bad.Problem)
	}
	if err != nil {
		return s.fault("%s", valueFault(f, strings.Join(s.values, ","), err))
	}
	return nil
}

// read turns the value of a key into texts: one, or a list of them.
func (s *setting) read(f *pflag.Flag, value *yaml.Node, isList bool) error {
	switch {
	case value.Kind == yaml.ScalarNode:
		text, err := scalarText(f.Value.Type(), value)
		if err != nil {
			return s.fault("%w", err)
		}
		s.values = []string{text}
		if isList {
			s.values = splitList(text)
		}
	case value.Kind == yaml.SequenceNode && isList:
		for _, v := range value.Content {
			if v.Kind != yaml.ScalarNode {
				return s.fault("give a list of plain values")
			}
			text, err := scalarText(f.Value.Type(), v)
			if err != nil {
				return s.fault("%w", err)
			}
			s.values = append(s.values, text)
		}
	case value.Kind == yaml.SequenceNode:
		return s.fault("give one value, not a list")
	case isList:
		return s.fault("give a value or a list of values")
	default:
		return s.fault("give one value")
	}
	if slices.Contains(s.values, "") {
		return s.fault("a part of it is empty")
	}
	return nil
}

// scalarText is the text of a plain value for a flag of that type. YAML guesses what a value is:
// a text that it takes for a number would not be what was written.
func scalarText(kind string, n *yaml.Node) (string, error) {
	v, err := scalarValue(n)
	switch {
	case err != nil:
		return "", err
	case v.Type == pkgdef.NullScalar:
		return "", errors.New("has no value; give one, or leave the key out")
	case kind == "bool":
		if v.Type != pkgdef.BoolScalar {
			return "", fmt.Errorf("%q is not true or false, without quotation marks", n.Value)
		}
	case kind == "int":
		if v.Type == pkgdef.TextScalar && n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 {
			return "", fmt.Errorf("%q is text; give a number without quotation marks", n.Value)
		}
	case v.Type != pkgdef.TextScalar:
		return "", fmt.Errorf("%s is not text in YAML; write '%s' with quotation marks", n.Value, n.Value)
	case v.Text == "":
		return "", errors.New("is empty; give a value, or leave the key out")
	}
	return v.Text, nil
}

// scalarValue is a plain value with what YAML takes it for.
func scalarValue(n *yaml.Node) (pkgdef.Value, error) {
	v := pkgdef.Value{Text: n.Value}
	switch n.Tag {
	case "!!str", "!!timestamp": // a date is a word to the next reader
	case "!!null":
		v.Type = pkgdef.NullScalar
	case "!!bool":
		v.Type, v.Text = pkgdef.BoolScalar, strings.ToLower(n.Value)
	case "!!int":
		v.Type = pkgdef.NumberScalar
	case "!!float":
		v.Type = pkgdef.NumberScalar
		if f, err := strconv.ParseFloat(n.Value, 64); err == nil && f == float64(int64(f)) {
			v.Text = strconv.FormatInt(int64(f), 10) // 1e3 and 2.0 are whole numbers to everybody else
		}
	default:
		return v, fmt.Errorf("the tag %s means nothing here", n.Tag)
	}
	return v, nil
}

func (s *setting) fault(format string, args ...any) error {
	return fmt.Errorf("line %d: %s: %w", s.line, s.path, fmt.Errorf(format, args...))
}

func (s *setting) outside(name string) error {
	return s.fault("%q can lead out of the folder of this file; give such a path with --%s on the command line", name, s.key)
}

// fill sets a flag to what the file says.
func (s *setting) fill(f *pflag.Flag, file string) error {
	values := slices.Clone(s.values)
	if slices.Contains(pathSettings, s.key) {
		for i, v := range values {
			if _, err := attest.ParsePublicKey([]byte(v)); s.key == "public-key" && err == nil {
				continue // the key itself
			}
			var err error
			if values[i], err = below(filepath.Dir(file), v); err != nil {
				return fmt.Errorf("%s, %w", file, s.fault("%w", err))
			}
		}
	}
	if list, ok := f.Value.(pflag.SliceValue); ok {
		return list.Replace(values)
	}
	return f.Value.Set(values[0])
}

// below is the path of a file below a folder, which no link may lead out of.
func below(dir, name string) (string, error) {
	root, err := tree.OpenRoot(dir)
	if err != nil {
		return "", err
	}
	defer root.Close() //nolint:errcheck // only looked at
	name = filepath.FromSlash(strings.ReplaceAll(name, `\`, "/"))
	if _, err := root.Stat(name); err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("%q cannot be opened below the folder of this file (%w); give it on the command line", name, errors.Unwrap(err))
	}
	return filepath.Join(dir, name), nil
}
