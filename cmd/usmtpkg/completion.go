package main

import (
	"cmp"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"usmtpkg/stage"
)

// A chooser is the value of a flag that takes only a few words.
type chooser interface{ choices() []string }

func (w *word[T]) choices() []string { return texts(w.words) }
func (w *words) choices() []string   { return w.words }

// addCompletions says what the shell offers for each value: the words that the flag takes, folders for DIR,
// files for FILE, and the releases of the library for RELEASE.
func addCompletions(p *program, root *cobra.Command) {
	root.PersistentFlags().VisitAll(takePlaceholder)
	for _, cmd := range root.Commands() {
		cmd.Flags().VisitAll(takePlaceholder)
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			_ = cmd.RegisterFlagCompletionFunc(f.Name, completionOf(f)) // it fails only for a flag that is not there
		})
		if cmd.ValidArgsFunction == nil {
			cmd.ValidArgsFunction = p.completeArguments
		}
	}
}

func completionOf(f *pflag.Flag) cobra.CompletionFunc {
	if c, ok := f.Value.(chooser); ok {
		return func(_ *cobra.Command, _ []string, given string) ([]string, cobra.ShellCompDirective) {
			done := "" // of a list, what comes before the last comma
			if _, isList := f.Value.(pflag.SliceValue); isList {
				done = given[:strings.LastIndex(given, ",")+1]
			}
			var offered []string
			for _, w := range c.choices() {
				if !strings.Contains(","+done, ","+w+",") {
					offered = append(offered, done+w)
				}
			}
			return offered, cobra.ShellCompDirectiveNoFileComp
		}
	}
	placeholder, _ := describe(f)
	return cobra.FixedCompletions(nil, directiveOf(placeholder))
}

// directiveOf is what a shell is to offer where the help has this placeholder.
func directiveOf(placeholder string) cobra.ShellCompDirective {
	switch {
	case strings.Contains(placeholder, "FILE"), strings.Contains(placeholder, "GLOB"):
		return cobra.ShellCompDirectiveDefault
	case strings.Contains(placeholder, "DIR"), strings.Contains(placeholder, "VOLUME"):
		return cobra.ShellCompDirectiveFilterDirs
	}
	return cobra.ShellCompDirectiveNoFileComp
}

// completeArguments offers what the usage line of a command says it takes.
func (p *program) completeArguments(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	usage := strings.Fields(cmd.Use)[1:]
	if len(usage) == 0 || len(args) >= len(usage) && !strings.HasSuffix(cmd.Use, "...") {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	wanted := usage[min(len(args), len(usage)-1)]
	if !strings.Contains(wanted, "RELEASE") {
		return nil, directiveOf(wanted)
	}
	_ = p.configure(cmd) // what is wrong with the settings, the command itself says
	return p.releases(cmd), directiveOf(wanted)
}

// releases lists those of the library, none if it cannot be read.
func (p *program) releases(cmd *cobra.Command) []string {
	lib, err := stage.Open(cmp.Or(cmd.Flag("library").Value.String(), "."))
	if err != nil {
		return nil
	}
	names, err := lib.Releases()
	if err != nil {
		return nil
	}
	return names
}
