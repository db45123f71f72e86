package main

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"usmtpkg/locate/tree"
)

// Flags that several commands have. Each struct has only what the command line says; the options of a
// command are a struct of them.

// libraryFlags name the library.
type libraryFlags struct{ dir string }

func (o *libraryFlags) add(f *pflag.FlagSet) {
	f.StringVar(&o.dir, "library", "", "`DIR` the library of releases, a folder for package sources")
	heading(f, "Library")
}

// need makes sure that a library is named. It may be by the environment.
func (o *libraryFlags) need() error {
	if strings.TrimSpace(o.dir) == "" {
		return &usageError{msg: "no library given", hint: "name the folder for the releases with --library"}
	}
	return checkHere("--library", o.dir)
}

// dryRunFlag is that of every command that writes.
func dryRunFlag(f *pflag.FlagSet, dry *bool) {
	f.BoolVarP(dry, "dry-run", "n", false, "print what would be done, touch nothing (also --what-if)")
	heading(f, "Run")
}

// workersFlag declares --workers.
func workersFlag(f *pflag.FlagSet, workers *int, doing string) {
	f.Var(&number{value: workers, min: 1, max: 256}, "workers", "`N` files "+doing+fmt.Sprintf(" at once (default %d, more where a server answers slowly)", tree.Workers))
	heading(f, "Run")
}

// headingKey is the annotation of a flag with the heading below which the help lists it.
const headingKey = "usmtpkg_heading"

// heading puts the flags that have none yet below a heading of the help.
func heading(f *pflag.FlagSet, title string) {
	f.VisitAll(func(flag *pflag.Flag) {
		if flag.Annotations[headingKey] == nil {
			_ = f.SetAnnotation(flag.Name, headingKey, []string{title}) // it fails where there is no such flag
		}
	})
}

// placeholderKey is the annotation of a flag with its placeholder, once that is taken out of its usage.
const placeholderKey = "usmtpkg_placeholder"

// takePlaceholder takes the placeholder out of the usage of a flag, which a shell shows as it is.
func takePlaceholder(f *pflag.Flag) {
	placeholder, usage := describe(f)
	if f.Annotations == nil {
		f.Annotations = map[string][]string{}
	}
	f.Annotations[placeholderKey], f.Usage = []string{placeholder}, usage
}

// describe is what the help says of a flag: its placeholder, which begins its usage in backquotes, and the rest.
func describe(f *pflag.Flag) (placeholder, usage string) {
	if taken := f.Annotations[placeholderKey]; taken != nil {
		return taken[0], f.Usage
	}
	if rest, ok := strings.CutPrefix(f.Usage, "`"); ok {
		if placeholder, usage, ok = strings.Cut(rest, "` "); ok {
			return placeholder, usage
		}
	}
	return "", f.Usage
}
