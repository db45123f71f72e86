package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// An outputFormat is the form in which a command prints its result.
type outputFormat string

const (
	formatText  outputFormat = "text"
	formatJSON  outputFormat = "json"
	formatSARIF outputFormat = "sarif" // SARIF 2.1.0, see sarif.go
	formatJUnit outputFormat = "junit" // JUnit XML, see junit.go
)

var _ pflag.Value = (*outputFormat)(nil)

// Set reads the value of the flag.
func (f *outputFormat) Set(s string) error {
	return f.word().Set(s)
}

func (f *outputFormat) String() string { return string(*f) }

// Type names the value in the help.
func (*outputFormat) Type() string { return "form" }

func (f *outputFormat) schema() map[string]any { return f.word().schema() }

func (f *outputFormat) word() *word[outputFormat] {
	return &word[outputFormat]{value: f, words: []outputFormat{formatText, formatJSON, formatSARIF, formatJUnit}}
}

// formatFlags ask for a form; one given nearer replaces one given farther off.
var formatFlags = []string{"json", "format"}

func (o *options) formatFlag(f *pflag.FlagSet) {
	f.Var(&o.format, "format", "print the result as text, json, sarif (2.1.0) or junit (XML) (default text)")
}

// settleFormat makes one wish of --json and --format, which is --json's long form.
func (o *options) settleFormat() error {
	if o.json && o.format != "" && o.format != formatJSON {
		return &usageError{
			msg:  fmt.Sprintf("--json and --format %s are given", o.format),
			hint: "give one of them: --json is short for --format json",
		}
	}
	switch {
	case o.json:
		o.format = formatJSON
	case o.format == "":
		o.format = formatText
	}
	o.json = o.format == formatJSON
	o.settled = true
	return nil
}

// guessFormat tells the form that was wished for in a call that failed before its flags
// and settings were all read: that of the command line, or else of the environment. Of
// wishes that contradict one another or make no sense none counts.
func guessFormat(env environment, cmd *cobra.Command, args []string) outputFormat {
	forms := cmd.Flags().Lookup("format") != nil
	wished := wishes(args, forms)
	if len(wished) == 0 {
		if set, err := strconv.ParseBool(env.getenv(variable("json"))); err == nil && set {
			wished = append(wished, string(formatJSON))
		}
		if v := env.getenv(variable("format")); forms && v != "" {
			wished = append(wished, v)
		}
	}
	wished = slices.Compact(wished)
	var f outputFormat
	if len(wished) != 1 || f.Set(wished[0]) != nil {
		return formatText
	}
	return f
}

// wishes lists the forms that the arguments name; forms reports whether there is a --format.
func wishes(args []string, forms bool) (wished []string) {
	format := ""
	for i, a := range args {
		name, value, assigned := strings.Cut(a, "=")
		switch {
		case name == "--json":
			if set, err := strconv.ParseBool(value); !assigned || err == nil && set {
				wished = append(wished, string(formatJSON))
			}
		case name == "--format" && forms && assigned:
			format = value
		case name == "--format" && forms && i+1 < len(args):
			format = args[i+1]
		}
	}
	if format != "" {
		wished = append(wished, format) // the last one counts, as it does where flags are read
	}
	return wished
}
