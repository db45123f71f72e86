package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"
)

// defaultConfig is the configuration file that is read without being named.
const defaultConfig = "usmtpkg.yaml"

// notSettings are flags that only make sense on the command line.
var notSettings = map[string]bool{
	"help": true, "version": true, "config": true, "dry-run": true, "attestation": true, "allow-downgrade": true,
}

// A setting is one key of the configuration file.
type setting struct {
	key    string
	values []string
	line   int
}

// configure fills in the flags that were not given on the command line, from
// the environment, then from the configuration file.
func configure(env environment, o *options, cmd *cobra.Command) error {
	if v := env.getenv("USMTPKG_CONFIG"); o.config == "" {
		o.config = v
	}
	known := map[string]bool{}
	for _, c := range append(cmd.Root().Commands(), cmd.Root()) {
		c.Flags().VisitAll(func(f *pflag.Flag) { known[f.Name] = !notSettings[f.Name] })
		c.PersistentFlags().VisitAll(func(f *pflag.Flag) { known[f.Name] = !notSettings[f.Name] })
	}
	file, settings, err := readConfig(o.config, known)
	if err != nil {
		return err
	}
	byKey := map[string]setting{}
	for _, s := range settings {
		byKey[s.key] = s
	}
	var errs []error
	source, format := newRivals(env, cmd, sourceFlags), newRivals(env, cmd, formatFlags)
	// What verify compares with is never a matter of habit.
	source.given = source.given || cmd.Name() == "verify"
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		given := source.given && source.has(f) || format.given && format.has(f)
		if f.Changed || notSettings[f.Name] || given {
			return
		}
		name := variable(f.Name)
		if v := env.getenv(name); v != "" {
			errs = append(errs, fill(f, []string{v}, name))
		} else if source.inEnv && source.has(f) || format.inEnv && format.has(f) {
			return
		} else if s, ok := byKey[f.Name]; ok {
			errs = append(errs, fill(f, s.values, fmt.Sprintf("%s: line %d: %s", file, s.line, f.Name)))
		}
	})
	if err := errors.Join(errs...); err != nil {
		return &usageError{msg: err.Error()}
	}
	if file != "" && o.verbose && !o.quiet {
		fmt.Fprintf(env.stderr, "usmtpkg: settings from %s\n", file)
	}
	return nil
}

// sourceFlags exclude one another.
var sourceFlags = []string{"source", "volume", "sample"}

// Rivals are flags for one thing: one given nearer replaces one given farther off, whichever
// of the flags they use.
type rivals struct {
	names []string
	given bool // on the command line
	inEnv bool
}

// newRivals looks for those of the names that are flags of the command.
func newRivals(env environment, cmd *cobra.Command, names []string) rivals {
	r := rivals{names: names}
	for _, name := range names {
		if cmd.Flags().Lookup(name) != nil {
			r.given = r.given || cmd.Flags().Changed(name)
			r.inEnv = r.inEnv || env.getenv(variable(name)) != ""
		}
	}
	return r
}

func (r rivals) has(f *pflag.Flag) bool { return slices.Contains(r.names, f.Name) }

// variable is the environment variable of a flag.
func variable(flag string) string {
	return "USMTPKG_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// fill sets a flag's value and names where it came from if it is not valid.
func fill(f *pflag.Flag, values []string, from string) error {
	if list, ok := f.Value.(pflag.SliceValue); ok {
		var all []string
		for _, v := range values {
			for part := range strings.SplitSeq(v, ",") {
				all = append(all, strings.TrimSpace(part))
			}
		}
		return list.Replace(all)
	}
	if len(values) != 1 {
		return fmt.Errorf("%s: a list, want one value", from)
	}
	if err := f.Value.Set(values[0]); err != nil {
		return fmt.Errorf("%s: %q: %w", from, values[0], err)
	}
	return nil
}

// readConfig reads the configuration file strictly. Without a name it reads
// usmtpkg.yaml in the current folder, if there is one.
func readConfig(name string, known map[string]bool) (string, []setting, error) {
	named := name != ""
	if !named {
		name = defaultConfig
	}
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) && !named {
		return "", nil, nil
	}
	if err != nil {
		return "", nil, &usageError{msg: fmt.Sprintf("reading the configuration: %v", err)}
	}
	settings, err := parseConfig(b, known)
	if err != nil {
		return "", nil, &usageError{
			msg:  fmt.Sprintf("%s: %v", name, err),
			hint: "keys are the names of flags, such as library or package-path",
		}
	}
	return name, settings, nil
}

// parseConfig reads "key: value" and "key: [values]" pairs. An unknown or
// doubled key is an error that names its line.
func parseConfig(b []byte, known map[string]bool) ([]setting, error) {
	var doc, more yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(b))
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return nil, nil
	case err != nil:
		return nil, err
	}
	if err := dec.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one document")
	}
	top := doc.Content[0]
	if top.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("line %d: want keys with values", top.Line)
	}
	var settings []setting
	seen := map[string]bool{}
	for i := 0; i+1 < len(top.Content); i += 2 {
		key, value := top.Content[i], top.Content[i+1]
		switch {
		case !known[key.Value]:
			return nil, fmt.Errorf("line %d: unknown key %q", key.Line, key.Value)
		case seen[key.Value]:
			return nil, fmt.Errorf("line %d: key %q stands there twice", key.Line, key.Value)
		}
		seen[key.Value] = true
		s := setting{key: key.Value, line: key.Line}
		if err := s.take(value); err != nil {
			return nil, err
		}
		settings = append(settings, s)
	}
	return settings, nil
}

// take reads the value of a key: one scalar or a list of them.
func (s *setting) take(value *yaml.Node) error {
	switch value.Kind {
	case yaml.ScalarNode:
		s.values = []string{value.Value}
		return nil
	case yaml.SequenceNode:
		for _, v := range value.Content {
			if v.Kind != yaml.ScalarNode {
				return fmt.Errorf("line %d: %s: want a list of plain values", v.Line, s.key)
			}
			s.values = append(s.values, v.Value)
		}
		return nil
	default:
		return fmt.Errorf("line %d: %s: want a value or a list of values", value.Line, s.key)
	}
}
