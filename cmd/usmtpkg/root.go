package main

import (
	"context"
	"errors"
	"io"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"usmtpkg/pkgdef"
)

// environment is what the process was given by its surroundings.
type environment struct {
	stdout   io.Writer
	stderr   io.Writer
	getenv   func(string) string
	environ  []string // all variables, NAME=value
	now      func() time.Time
	terminal bool // stderr is a terminal

	askPassword func(ctx context.Context, prompt string) ([]byte, error) // nil: there is nobody to ask
}

// options holds the value of every flag; a command declares those it needs.
type options struct {
	json    bool
	format  outputFormat
	settled bool // json and format say the same
	quiet   bool
	verbose bool
	config  string

	source sourceOptions
	policy policyOptions
	copy   copyOptions
	define defineOptions
	attest attestOptions
	proof  proofOptions

	overlay overlayOptions

	site      pkgdef.Settings // what the scripts are to do at the site
	siteGiven bool            // the configuration file says something of it

	library string
	dryRun  bool

	command     string // the name of the command that runs
	unpublished bool   // a release was to be published and is not yet
}

// run is the whole program; it returns the exit status.
func run(ctx context.Context, env environment, args []string) int {
	env.stdout = output{env.stdout}
	o := &options{}
	root := newRootCmd(env, o) //nolint:contextcheck // cobra hands ctx to the commands
	root.SetArgs(args)
	root.SetOut(env.stdout)
	root.SetErr(env.stderr)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	o.command = cmd.Name()
	if !o.settled {
		o.format = guessFormat(env, cmd, args)
	}
	return report(env, o, err)
}

// output is standard output. Its errors are marked: they come after the work.
type output struct{ w io.Writer }

func (o output) Write(p []byte) (int, error) {
	n, err := o.w.Write(p)
	if isNobodyReads(err) {
		return len(p), nil // as behind | head: who stopped reading has what was wanted
	}
	if err != nil {
		err = &outputError{err}
	}
	return n, err
}

// isNobodyReads tells that the reader of a pipe has gone.
func isNobodyReads(err error) bool {
	const brokenPipe, noData = syscall.Errno(109), syscall.Errno(232) // ERROR_BROKEN_PIPE, ERROR_NO_DATA
	return errors.Is(err, syscall.EPIPE) || runtime.GOOS == "windows" && (errors.Is(err, brokenPipe) || errors.Is(err, noData))
}

// An outputError is a failure to print the result.
type outputError struct{ err error }

func (e *outputError) Error() string { return "printing the result: " + e.err.Error() }
func (e *outputError) Unwrap() error { return e.err }

func newRootCmd(env environment, o *options) *cobra.Command {
	root := &cobra.Command{
		Use:   "usmtpkg",
		Short: "Refresh a ConfigMgr USMT package from the Windows ADK",
		Long: `usmtpkg refreshes a ConfigMgr USMT package. It finds the Windows ADK's User State
Migration Tool (USMT), checks it, copies it in parallel with hashing into a library
of immutable, verified releases, and writes the package definition that the Capture
User State and Restore User State steps use.

Settings come from flags, then from the environment (USMTPKG_LIBRARY for --library,
and so on), then from usmtpkg.yaml in the current folder or the file that --config
names.

` + exitHelp,
		Example: `  usmtpkg refresh --sample --library build/library
  usmtpkg refresh --library D:\Sources\OSD\USMT --package-path \\server\Sources\OSD\USMT
  usmtpkg verify --library D:\Sources\OSD\USMT`,
		Version:           version(),
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if err := configure(env, o, cmd); err != nil {
				return err
			}
			return o.settleFormat()
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		Args: aCommand,
	}
	root.SetFlagErrorFunc(badFlag)
	root.SetGlobalNormalizationFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		if name == "what-if" {
			name = "dry-run"
		}
		return pflag.NormalizedName(name)
	})
	f := root.PersistentFlags()
	f.BoolVar(&o.json, "json", false, "print one JSON document instead of text")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "print no progress and no notes, only warnings, errors and the release's name")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "print every place looked at and every file compared")
	f.StringVar(&o.config, "config", "", "read settings from this file (default usmtpkg.yaml, if it exists)")
	root.AddCommand(
		newRefreshCmd(env, o), newLocateCmd(env, o), newValidateCmd(env, o), newStageCmd(env, o),
		newVerifyCmd(env, o), newDefineCmd(env, o), newListCmd(env, o), newActivateCmd(env, o), newAttestCmd(env, o), newInventoryCmd(env, o),
		newInitCmd(env, o), newRecoverCmd(env, o), newSMPLogCmd(env, o),
	)
	return root
}

// libraryFlag declares --library, which every command that needs one checks
// with needLibrary: it may come from the environment.
func (o *options) libraryFlag(f *pflag.FlagSet) {
	f.StringVar(&o.library, "library", "", "the library of releases, a folder for package sources")
}

func (o *options) dryRunFlag(f *pflag.FlagSet) {
	f.BoolVarP(&o.dryRun, "dry-run", "n", false, "print what would be done, touch nothing (also --what-if)")
}

func (o *options) needLibrary() error {
	if strings.TrimSpace(o.library) == "" {
		return &usageError{msg: "no library given", hint: "name the folder for the releases with --library"}
	}
	return checkHere("--library", o.library)
}

// buildVersion is set by the Makefile; a plain go build leaves it empty.
var buildVersion string

func version() string {
	if buildVersion != "" {
		return buildVersion
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}
