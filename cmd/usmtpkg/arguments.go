package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// noArgument is the check of a command that takes none. A folder may be meant as its source.
func noArgument(cmd *cobra.Command, a []string) error {
	switch {
	case len(a) == 0:
		return nil
	case cmd.Flags().Lookup("source") != nil:
		return badCall(cmd, fmt.Sprintf("%s takes no argument; to use this folder: %s --source %s", cmd.Name(), cmd.CommandPath(), a[0]))
	case cmd.Flags().Lookup("library") != nil:
		return badCall(cmd, fmt.Sprintf("%s takes no argument; to use this library: %s --library %s", cmd.Name(), cmd.CommandPath(), a[0]))
	}
	return badCall(cmd, fmt.Sprintf("%s takes no argument, and %q is given", cmd.Name(), a[0]))
}

// atMostOne is the check of a command that takes one argument or none.
func atMostOne(cmd *cobra.Command, a []string) error {
	if len(a) > 1 {
		return badCall(cmd, fmt.Sprintf("%s takes one argument, and %d are given: %q", cmd.Name(), len(a), a))
	}
	return nil
}

// needs is the check of a command that cannot do without an argument: fault says so. at most
// says how many it takes; 0: any number.
func needs(fault string, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, a []string) error {
		if len(a) == 0 {
			return badCall(cmd, fault)
		}
		if most > 0 && len(a) > most {
			return atMostOne(cmd, a)
		}
		return nil
	}
}

// exactly is the check of a command that needs so many arguments: fault says so.
func exactly(n int, fault string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, a []string) error {
		if len(a) == n {
			return nil
		}
		return badCall(cmd, fault)
	}
}

// aCommand is the check of the program itself, whose first argument must be a command.
func aCommand(root *cobra.Command, a []string) error {
	if len(a) == 0 {
		return nil
	}
	var names []string
	for _, c := range root.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	return badCall(root, fmt.Sprintf("unknown command %q%s", a[0], didYouMean(a[0], names)))
}

// badFlag says what is wrong with a flag that could not be read.
func badFlag(cmd *cobra.Command, err error) error {
	// Without a command its flags are not known either.
	if a := cmd.Flags().Args(); len(a) > 0 && !cmd.HasParent() {
		return aCommand(cmd, a)
	}
	if value, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		f := value.GetFlag()
		return badCall(cmd, fmt.Sprintf("--%s: %s", f.Name, valueFault(f, value.GetValue(), errors.Unwrap(err))))
	}
	if unknown, ok := errors.AsType[*pflag.NotExistError](err); ok && unknown.GetSpecifiedShortnames() == "" {
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		msg := "unknown flag --" + unknown.GetSpecifiedName()
		if best := nearest(unknown.GetSpecifiedName(), names); best != "" {
			msg += "; did you mean --" + best + "?"
		}
		return badCall(cmd, msg)
	}
	if bare, ok := errors.AsType[*pflag.ValueRequiredError](err); ok {
		return badCall(cmd, fmt.Sprintf("--%s needs a value", bare.GetFlag().Name))
	}
	return badCall(cmd, err.Error())
}

func badCall(cmd *cobra.Command, msg string) error {
	return &usageError{msg: msg, hint: "see " + cmd.CommandPath() + " --help"}
}
