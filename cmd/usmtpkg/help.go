package main

import (
	"cmp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"usmtpkg/cmd/usmtpkg/report"
)

// helpWidth is how wide the help is, in characters.
const helpWidth = 100

// printHelp prints what a command does, with examples, and its flags below headings.
func printHelp(cmd *cobra.Command, _ []string) {
	w := cmd.OutOrStdout()
	report.Say(w, "%s\n", report.Lines(strings.TrimSpace(cmp.Or(cmd.Long, cmd.Short))))
	if cmd.IsAdditionalHelpTopicCommand() {
		return
	}
	report.Say(w, "\nUsage:\n  %s\n", report.Lines(usageLine(cmd)))
	printCommands(cmd)
	if cmd.HasExample() {
		report.Say(w, "\nExamples:\n%s\n", report.Lines(cmd.Example))
	}
	cmd.InitDefaultHelpFlag()
	cmd.InitDefaultVersionFlag()
	titles, sections := helpSections(cmd)
	for _, title := range titles {
		report.Say(w, "\n%s:\n%s", title, report.Lines(sections[title].FlagUsagesWrapped(helpWidth)))
	}
	if cmd.HasAvailableSubCommands() {
		report.Say(w, "\n\"%s help COMMAND\" says more about a command or topic.\n", cmd.Root().Name())
	}
}

func usageLine(cmd *cobra.Command) string {
	if cmd.HasAvailableSubCommands() {
		return cmd.CommandPath() + " COMMAND [flags]"
	}
	return cmd.UseLine()
}

// printCommands lists the commands of a command, and its help topics, by their groups.
func printCommands(cmd *cobra.Command) {
	groups := append(slices.Clone(cmd.Groups()), &cobra.Group{Title: "Commands"})
	for _, g := range groups {
		title := g.Title
		for _, c := range cmd.Commands() {
			if c.GroupID != g.ID || !c.IsAvailableCommand() && !c.IsAdditionalHelpTopicCommand() {
				continue
			}
			if title != "" {
				report.Say(cmd.OutOrStdout(), "\n%s:\n", title)
				title = ""
			}
			report.Say(cmd.OutOrStdout(), "  %-11s %s\n", c.Name(), c.Short)
		}
	}
}

// helpSections are the flags of a command by their headings, and the headings in order. Those of every command come last.
func helpSections(cmd *cobra.Command) (titles []string, sections map[string]*pflag.FlagSet) {
	const everyCommand = "Output"
	sections = map[string]*pflag.FlagSet{everyCommand: newSection()}
	add := func(f *pflag.Flag) {
		title := everyCommand
		if f.Annotations[headingKey] != nil {
			title = f.Annotations[headingKey][0]
		}
		if sections[title] == nil {
			sections[title] = newSection()
			titles = append(titles, title)
		}
		if !f.Hidden {
			sections[title].AddFlag(shown(f))
		}
	}
	cmd.LocalFlags().VisitAll(add)
	cmd.InheritedFlags().VisitAll(add)
	return append(titles, everyCommand), sections
}

func newSection() *pflag.FlagSet {
	f := pflag.NewFlagSet("", pflag.ContinueOnError)
	f.SortFlags = false
	return f
}

// shown is a flag as pflag prints it: with its placeholder as the type of its value.
func shown(f *pflag.Flag) *pflag.Flag {
	placeholder, usage := describe(f)
	show := *f
	show.Usage = usage
	if placeholder != "" {
		show.Value = placeholderValue{f.Value, placeholder}
	}
	if f.DefValue == "[]" {
		show.DefValue = ""
	}
	return &show
}

// A placeholderValue is a value under another name of its type.
type placeholderValue struct {
	pflag.Value
	placeholder string
}

func (v placeholderValue) Type() string { return v.placeholder }
