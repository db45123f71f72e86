package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"usmtpkg/cmd/usmtpkg/report"
)

// outputFlags are those of every command: how its result is printed, and where settings are read from.
type outputFlags struct {
	json    bool
	format  report.Format // empty until it is settled, unless it is given
	quiet   bool
	verbose bool
	config  string
	log     string

	progress progressForm
}

func (o *outputFlags) add(f *pflag.FlagSet) {
	f.BoolVar(&o.json, "json", false, "print one JSON document instead of text")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "print no progress and no notes, only warnings, errors and the release's name")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "print every place looked at and every file compared")
	f.StringVar(&o.config, "config", "", "`FILE` read settings from this file (default usmtpkg.yaml, if it exists)")
	f.StringVar(&o.log, "log", "", "`FILE` keep a log of every message there, which CMTrace reads")
	f.Var(&word[progressForm]{value: &o.progress, words: progressForms, noun: "word"}, "progress", "`text|json` the form of the progress on standard error (default text)")
	heading(f, "Output")
}

// formatFlag declares --format, for a command whose result has these forms.
func (o *outputFlags) formatFlag(f *pflag.FlagSet, forms []report.Format) {
	f.Var(formatWord(&o.format, forms), "format", "`"+strings.Join(texts(forms), "|")+"` the form of the result (default text)")
	heading(f, "Output")
}

func formatWord(f *report.Format, forms []report.Format) *word[report.Format] {
	return &word[report.Format]{value: f, words: forms, noun: "form"}
}

// formatNames ask for a form; one given nearer replaces one given farther off.
var formatNames = []string{"json", "format"}

// settle makes one wish of --json and --format, which is --json's long form.
func (o *outputFlags) settle() error {
	if o.json && o.format != "" && o.format != report.FormatJSON {
		return &usageError{
			msg:  fmt.Sprintf("--json and --format %s are given", o.format),
			hint: "give one of them: --json is short for --format json",
		}
	}
	switch {
	case o.json:
		o.format = report.FormatJSON
	case o.format == "":
		o.format = report.FormatText
	}
	o.json = o.format == report.FormatJSON
	return nil
}

// guessFormat returns the form that was wished for in a call that failed before its flags and settings
// were all read: by the command line, or else by the environment. Of wishes that contradict one another
// or make no sense none counts.
func guessFormat(env environment, cmd *cobra.Command, args []string) report.Format {
	var o outputFlags
	f := pflag.NewFlagSet("", pflag.ContinueOnError)
	f.ParseErrorsAllowlist.UnknownFlags = true
	f.BoolP("help", "h", false, "")
	o.add(f)
	setting := true
	if own := cmd.Flags().Lookup("format"); own != nil {
		_, here := own.Annotations[commandLineOnly]
		setting = !here
		o.formatFlag(f, own.Value.(*word[report.Format]).words)
	}
	err := f.Parse(args)
	if !f.Changed("json") && !f.Changed("format") {
		for _, name := range formatNames {
			if flag, v := f.Lookup(name), env.getenv(variable(name)); flag != nil && v != "" && (setting || name != "format") {
				err = errors.Join(err, flag.Value.Set(v))
			}
		}
	}
	if errors.Join(err, o.settle()) != nil {
		return report.FormatText
	}
	return o.format
}
