package main

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"usmtpkg/pkgdef"
	"usmtpkg/stage/regular"
)

// defaultConfig is the configuration file that is read without being named.
const defaultConfig = "usmtpkg.yaml"

// notSettings are flags that only make sense on the command line.
var notSettings = map[string]bool{
	"help": true, "version": true, "config": true, "dry-run": true, "attestation": true, "allow-downgrade": true,
	"content-library": true, "content-version": true, "distmgr-log": true, "deep": true, "package-id": true, "to": true, "output": true,
}

// A setting is one key of the configuration file that stands for a flag.
type setting struct {
	key    string // the flag
	values []string
	line   int
	path   string // how the file names it, such as package.name

	overlay []overlayEntry // of the keys of overlayFlags, in place of values
}

// A configuration is what the file says: values of flags, and the settings of
// the scripts in its sections.
type configuration struct {
	settings []setting
	site     pkgdef.Settings
	sections bool // at least one setting of a script is given
}

// configure fills in the flags that were not given on the command line, from
// the environment, then from the configuration file.
func configure(env environment, o *options, cmd *cobra.Command) error {
	if v := env.getenv("USMTPKG_CONFIG"); o.config == "" {
		o.config = v
	}
	if err := nothingEmpty(cmd); err != nil {
		return err
	}
	known := map[string]bool{}
	for _, c := range append(cmd.Root().Commands(), cmd.Root()) {
		c.Flags().VisitAll(func(f *pflag.Flag) { known[f.Name] = !notSettings[f.Name] })
		c.PersistentFlags().VisitAll(func(f *pflag.Flag) { known[f.Name] = !notSettings[f.Name] })
	}
	file, conf, err := readConfig(o.config, known)
	if err != nil {
		return err
	}
	o.site, o.siteGiven = conf.site, conf.sections
	byKey := map[string]setting{}
	for _, s := range conf.settings {
		byKey[s.key] = s
	}
	var errs []error
	source, format, overlay := newRivals(env, cmd, sourceFlags), newRivals(env, cmd, formatFlags), newRivals(env, cmd, overlayFlags)
	// What verify compares with is never a matter of habit.
	source.given = source.given || cmd.Name() == "verify"
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		given := source.given && source.has(f) || format.given && format.has(f) || overlay.given && overlay.has(f)
		if f.Changed || notSettings[f.Name] || given {
			return
		}
		name := variable(f.Name)
		if v := env.getenv(name); v != "" {
			errs = append(errs, fill(f, []string{v}, name))
		} else if source.inEnv && source.has(f) || format.inEnv && format.has(f) || overlay.inEnv && overlay.has(f) {
			return
		} else if s, ok := byKey[f.Name]; ok && overlay.has(f) {
			o.overlay.read(s.overlay, file)
		} else if ok {
			errs = append(errs, fill(f, s.values, fmt.Sprintf("%s: line %d: %s", file, s.line, s.path)))
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

// nothingEmpty refuses a flag that is given without a value, as by a variable that
// is not set: left out silently, it could leave out a check.
func nothingEmpty(cmd *cobra.Command) (err error) {
	cmd.Flags().Visit(func(f *pflag.Flag) {
		list, isList := f.Value.(pflag.SliceValue)
		empty := f.Value.Type() == "string" && f.Value.String() == "" ||
			isList && (len(list.GetSlice()) == 0 || slices.Contains(list.GetSlice(), ""))
		if empty && err == nil {
			err = &usageError{msg: fmt.Sprintf("--%s is given without a value", f.Name), hint: "give it one, or leave it out"}
		}
	})
	return err
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

// maxConfig bounds the configuration file, in bytes; the example with every key has 10 KiB.
const maxConfig = 1 << 20

// readConfig reads the configuration file strictly. Without a name it reads
// usmtpkg.yaml in the current folder, if there is one.
func readConfig(name string, known map[string]bool) (string, configuration, error) {
	none := configuration{site: pkgdef.DefaultSettings()}
	named := name != ""
	if !named {
		name = defaultConfig
	}
	b, err := regular.ReadFile(name, maxConfig)
	if errors.Is(err, fs.ErrNotExist) && !named {
		return "", none, nil
	}
	if err != nil {
		return "", none, &usageError{msg: fmt.Sprintf("reading the configuration: %v", err)}
	}
	conf, err := parseConfig(b, known)
	if err != nil {
		return "", none, &usageError{
			msg: name + ": " + strings.ReplaceAll(err.Error(), "\n", "\n"+name+": "),
			hint: "keys are the names of flags, such as library or package-path, and the sections " + strings.Join(pkgdef.Sections(), ", ") +
				"; usmtpkg init writes an example",
		}
	}
	return name, conf, nil
}
