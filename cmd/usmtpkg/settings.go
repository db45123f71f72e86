package main

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"usmtpkg/cmd/usmtpkg/report"
	"usmtpkg/locate/tree"
	"usmtpkg/pkgdef"
)

// defaultConfig is the configuration file that is read without being named.
const defaultConfig = "usmtpkg.yaml"

// notSettings are flags for the command line alone: what they say is of one run, not a habit.
var notSettings = map[string]bool{
	"help": true, "version": true, "config": true, "dry-run": true, "attestation": true, "allow-downgrade": true, "allow-changed": true, "sample": true,
	"content-library": true, "content-version": true, "distmgr-log": true, "deep": true, "package-id": true, "to": true, "output": true, "sbom": true,
	"exit-code": true, "against": true,
	"pin": true, "in-use": true, "yes": true,
	"lock": true, "mount-from": true,
}

// commandLineOnly is the annotation of a flag that is no setting of its command, but is one of another.
const commandLineOnly = "usmtpkg_command_line"

// configVariable names the configuration file; it stands for --config, which no file can set.
const configVariable = "USMTPKG_CONFIG"

// activeHelpVariable is Cobra's, of the scripts for bash and fish.
const activeHelpVariable = "USMTPKG_ACTIVE_HELP"

// A configuration is what the file says: values of flags, and the settings of
// the scripts in its sections.
type configuration struct {
	settings []setting
	site     pkgdef.Settings
	sections bool // at least one setting of a script is given
}

// configure fills in the flags that were not given on the command line, from
// the environment, then from the configuration file. Every variable and every key
// is checked, those of other commands too: a slip of the pen could leave out a check.
func (p *program) configure(cmd *cobra.Command) error {
	if p.output.config == "" {
		p.output.config = p.getenv(configVariable)
	}
	if err := nothingEmpty(cmd); err != nil {
		return err
	}
	flags := allFlags()
	if err := checkVariables(p.environment, flags); err != nil {
		return err
	}
	file, conf, err := readConfig(p.output.config, flags)
	if err != nil {
		return err
	}
	p.site = siteSettings{conf.site, conf.sections}
	if err := fill(p.environment, cmd, file, conf.settings); err != nil {
		return err
	}
	if file != "" && p.output.verbose && !p.output.quiet {
		report.Say(p.stderr, "usmtpkg: settings from %s\n", file)
	}
	return nil
}

// allFlags are the flags of all commands, with values that nobody uses: to try what they take.
func allFlags() map[string]*pflag.Flag {
	flags := map[string]*pflag.Flag{}
	take := func(f *pflag.Flag) { flags[f.Name] = f }
	root := newRootCmd(&program{})
	root.PersistentFlags().VisitAll(take)
	for _, c := range root.Commands() {
		c.Flags().VisitAll(take)
	}
	return flags
}

// settable are the names of the flags that are settings, sorted.
func settable(flags map[string]*pflag.Flag) []string {
	var names []string
	for name := range flags {
		if !notSettings[name] {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// checkVariables checks every variable USMTPKG_*. An empty one counts as one that is not there.
func checkVariables(env environment, flags map[string]*pflag.Flag) error {
	known := []string{configVariable}
	for _, name := range settable(flags) {
		known = append(known, variable(name))
	}
	var errs []error
	for _, entry := range env.environ {
		name, value, _ := strings.Cut(entry, "=")
		if runtime.GOOS == "windows" {
			name = strings.ToUpper(name) // case does not count there
		}
		flag, ours := strings.CutPrefix(name, "USMTPKG_")
		if !ours || value == "" || name == configVariable || name == activeHelpVariable {
			continue
		}
		f := flags[strings.ToLower(strings.ReplaceAll(flag, "_", "-"))]
		switch {
		case f == nil || name != variable(f.Name):
			errs = append(errs, fmt.Errorf("unknown variable %s%s", name, didYouMean(name, known)))
		case notSettings[f.Name]:
			errs = append(errs, fmt.Errorf("%s is set, but --%s is for the command line only; unset the variable", name, f.Name))
		default:
			errs = append(errs, setText(f, value, name))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return &usageError{msg: err.Error()}
	}
	return nil
}

// fill sets the flags that the command line leaves open.
func fill(env environment, cmd *cobra.Command, file string, settings []setting) error {
	byKey := map[string]setting{}
	for _, s := range settings {
		byKey[s.key] = s
	}
	var errs []error
	all := []rivals{newRivals(env, cmd, sourceNames), newRivals(env, cmd, formatNames), newRivals(env, cmd, overlayNames)}
	// What verify compares with is never a matter of habit.
	all[0].given = all[0].given || cmd.Name() == "verify"
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if _, here := f.Annotations[commandLineOnly]; here || f.Changed || notSettings[f.Name] || slices.ContainsFunc(all, func(r rivals) bool { return r.given && r.has(f) }) {
			return
		}
		name := variable(f.Name)
		s, inFile := byKey[f.Name]
		switch v := env.getenv(name); {
		case v != "":
			errs = append(errs, setText(f, v, name))
		case !inFile || slices.ContainsFunc(all, func(r rivals) bool { return r.inEnv && r.has(f) }):
		case slices.Contains(overlayNames, f.Name):
			f.Value.(*globFlag).read(s.overlay, file)
		default:
			errs = append(errs, s.fill(f, file))
		}
	})
	if err := errors.Join(errs...); err != nil {
		return &usageError{msg: err.Error()}
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

// sourceNames exclude one another.
var sourceNames = []string{"source", "volume", "sample"}

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

// setText sets a flag to the text of a variable, and names that if it is not valid.
func setText(f *pflag.Flag, text, from string) error {
	var err error
	if list, ok := f.Value.(pflag.SliceValue); ok {
		parts := splitList(text)
		if slices.Contains(parts, "") {
			return fmt.Errorf("%s: %q has an empty part", from, text)
		}
		err = list.Replace(parts)
	} else {
		err = f.Value.Set(text)
	}
	if err != nil {
		return fmt.Errorf("%s: %s", from, valueFault(f, text, err))
	}
	return nil
}

// maxConfig bounds the configuration file, in bytes; the example with every key has 10 KiB.
const maxConfig = 1 << 20

// readConfig reads the configuration file strictly. Without a name it reads
// usmtpkg.yaml in the current folder, if there is one.
func readConfig(name string, flags map[string]*pflag.Flag) (string, configuration, error) {
	none := configuration{site: pkgdef.DefaultSettings()}
	named := name != ""
	if !named {
		name = defaultConfig
	}
	b, err := tree.ReadFile(name, maxConfig)
	if errors.Is(err, fs.ErrNotExist) && !named {
		return "", none, nil
	}
	if err != nil {
		return "", none, &usageError{msg: fmt.Sprintf("reading the configuration: %v", err)}
	}
	conf, err := parseConfig(b, flags)
	if err != nil {
		var lines []string
		for line := range strings.SplitSeq(err.Error(), "\n") {
			sep := ": "
			if strings.HasPrefix(line, "line ") {
				sep = ", "
			}
			lines = append(lines, name+sep+line)
		}
		return "", none, &usageError{msg: strings.Join(lines, "\n"), hint: "usmtpkg init writes an example with every key"}
	}
	return name, conf, nil
}
