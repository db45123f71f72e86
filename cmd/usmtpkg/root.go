package main

import (
	"context"
	"errors"
	"io"
	"runtime"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"usmtpkg/cmd/usmtpkg/report"
	"usmtpkg/locate/finding"
	"usmtpkg/pkgdef"
)

// environment is what the process was given by its surroundings.
type environment struct {
	stdin    io.Reader // nil: there is none
	stdout   io.Writer
	stderr   io.Writer
	getenv   func(string) string
	environ  []string // all variables, NAME=value
	now      func() time.Time
	terminal bool // stderr is a terminal that shows bars

	askPassword func(ctx context.Context, prompt string) ([]byte, error) // nil: there is nobody to ask
	confirm     func(ctx context.Context, question string) (bool, error) // nil: as above
	patience    time.Duration                                            // with a registry that is away; 0: the usual
}

// A program is one run of usmtpkg.
type program struct {
	environment
	output  outputFlags
	args    []string     // of the command line
	settled bool         // the form of the output is
	site    siteSettings // of the configuration file
	log     *logbook     // nil: none is wanted
}

// siteSettings are what the scripts are to do at the site.
type siteSettings struct {
	pkgdef.Settings
	given bool // the configuration file says something of it
}

// run is the whole program; it returns the exit status.
func run(ctx context.Context, env environment, args []string) int {
	env.stdout = output{env.stdout}
	p := &program{environment: env}
	root := newRootCmd(p) //nolint:contextcheck // cobra hands ctx to the commands
	root.SetArgs(args)
	root.SetOut(env.stdout)
	root.SetErr(env.stderr)
	p.args = args
	cmd, err := root.ExecuteContextC(ctx)
	status := exitOK
	if err != nil {
		if !p.settled {
			p.output.format = guessFormat(env, cmd, args)
		}
		p.startLog(cmd.Name(), args) // it failed before its settings were read
		status = p.fail(cmd.Name(), err)
	}
	p.log.end(status)
	return status
}

// runs is the RunE of a command that does work, which returns the document to print, an error, or both.
func (p *program) runs(work func(ctx context.Context, args []string) (report.Document, error)) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		doc, err := work(cmd.Context(), args)
		err = denied(cmd, err)
		if doc == nil {
			return err
		}
		report.Finish(doc, exitStatus(err), version())
		p.logResult(doc)
		return errors.Join(report.Write(p.console(), p.output.format, doc), err)
	}
}

// console is where text goes.
func (p *program) console() report.Console {
	return report.Console{Out: p.stdout, Err: p.stderr, Quiet: p.output.quiet, Verbose: p.output.verbose}
}

// warn prints findings on the way to a result, which a JSON document has itself.
func (p *program) warn(findings []*finding.Error) {
	c := p.console()
	if p.output.format == report.FormatJSON {
		c.Err = p.log
	}
	c.Warn(findings)
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

func newRootCmd(p *program) *cobra.Command {
	root := &cobra.Command{
		Use:   "usmtpkg",
		Short: "Refresh a ConfigMgr USMT package from the Windows ADK",
		Long: `usmtpkg refreshes a ConfigMgr USMT package: it finds the User State Migration Tool (USMT) of the
Windows ADK, checks it, copies it into a library of immutable, verified releases, and writes the
package definition for the task sequence steps Capture User State and Restore User State.

Settings come from flags, then from the environment (USMTPKG_LIBRARY for --library, and so on),
then from usmtpkg.yaml in the current folder, or the file that --config names.

RELEASE is the name of a release, or its start if only one release begins so; the first "10.0." may be
left out: 26100.2454.`,
		Example: `  usmtpkg refresh --sample --library build/library
  usmtpkg refresh --library D:\Sources\OSD\USMT --package-path \\server\Sources\OSD\USMT
  usmtpkg verify --library D:\Sources\OSD\USMT

  export USMTPKG_LIBRARY=/srv/usmt                  # sh: for every call after this
  $env:USMTPKG_LIBRARY = 'D:\Sources\OSD\USMT'      # PowerShell`,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if err := p.configure(cmd); err != nil {
				return err
			}
			p.startLog(cmd.Name(), p.args)
			err := p.output.settle()
			p.settled = err == nil
			return err
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
	root.PersistentFlags().SortFlags = false
	p.output.add(root.PersistentFlags())
	root.SetHelpFunc(printHelp)
	addGroup(root, "stage", "Stage", newRefreshCmd(p), newStageCmd(p), newLocateCmd(p), newValidateCmd(p))
	addGroup(root, "prove", "Prove", newVerifyCmd(p), newDiffCmd(p), newAttestCmd(p), newInventoryCmd(p))
	addGroup(root, "handoff", "Hand off", newInitCmd(p), newDefineCmd(p), newActivateCmd(p), newPackCmd(p), newUnpackCmd(p), newPushCmd(p), newPullCmd(p))
	addGroup(root, "maintain", "Maintain", newListCmd(p), newShowCmd(p), newReportCmd(p), newStatusCmd(p), newDoctorCmd(p), newPruneCmd(p), newPinCmd(p), newUnpinCmd(p), newRecoverCmd(p), newSMPLogCmd(p))
	addGroup(root, groupHelp, "Help", newVersionCmd(p))
	addTopics(root)
	root.SetHelpCommandGroupID(groupHelp)
	root.SetCompletionCommandGroupID(groupHelp)
	addCompletions(p, root)
	return root
}

const groupHelp = "help"

// addGroup adds commands below a title of their own in the help.
func addGroup(root *cobra.Command, id, title string, commands ...*cobra.Command) {
	if !root.ContainsGroup(id) {
		root.AddGroup(&cobra.Group{ID: id, Title: title})
	}
	for _, c := range commands {
		c.GroupID = id
		c.Flags().SortFlags = false
	}
	root.AddCommand(commands...)
}
