package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"usmtpkg/locate/finding"
	"usmtpkg/locate/tree"
	"usmtpkg/pkgdef/smplog"
)

func newSMPLogCmd(env environment, o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "smp-log FILE...",
		Short: "Tell from its logs whether a state migration point is installed",
		Long: `smp-log reads the logs of a state migration point, smssmpsetup.log, smpmsi.log and
smpmgr.log, with what they were rotated from, or those in a folder, and says what they come to:
installed, waiting, low-space, failed, each with the line; or unknown, when no line says
anything that is known. Of each log the last word counts, of several logs the worst. Other roles write
the same lines: a success counts only if the state migration point is named, by the line, its
component, "SMSSMP Setup Started" before it, or the name of the log. Set-up that began and has no
result is waiting.

Exit status 0 means installed. Everything else is 5: no verdict found is no success. What the
lines mean is documented nowhere: some of them were seen in public logs, some are recalled, and
each says which. The status messages 1013-1016 and 6200-6211 in the console are the better source.`,
		Example: `  usmtpkg smp-log \\cm01\SMS_P01\Logs
  usmtpkg smp-log smssmpsetup.log smpmsi.log smpmgr.log --json`,
		Args: needs("smp-log needs a log of the role, or the folder the logs are in", 0),
		RunE: func(cmd *cobra.Command, a []string) error { return runSMPLog(cmd.Context(), env, o, a) },
	}
}

type jsonSMPLog struct {
	Format   string           `json:"format"`
	Version  int              `json:"version"`
	Verdict  smplog.Verdict   `json:"verdict"`
	Findings []smplog.Finding `json:"findings"`
	Messages int              `json:"messages"`
	Skipped  int              `json:"skipped"`
}

// errNotInstalled is the outcome of logs that do not show a role to be installed.
var errNotInstalled = fmt.Errorf("the state migration point is not shown to be installed: %w", errDiffers)

func runSMPLog(ctx context.Context, env environment, o *options, files []string) error {
	rep, err := smplog.ReadFiles(ctx, files...)
	if errors.Is(err, fs.ErrNotExist) || is[*tree.FileError](err) {
		err = &usageError{msg: err.Error(), hint: "name the logs of the role, or the folder they lie in"}
	}
	if err != nil {
		return err
	}
	var outcome error
	if rep.Verdict != smplog.Installed {
		outcome = errNotInstalled
	}
	if o.json {
		doc := jsonSMPLog{"usmtpkg smp-log", 1, rep.Verdict, append([]smplog.Finding{}, rep.Findings...), rep.Lines, rep.Skipped}
		return errors.Join(printJSON(env.stdout, doc), outcome)
	}
	for _, f := range rep.Findings {
		_, err := printf(env.stdout, "%-9s %-7s %s (%s)\n          %s:%d: %s\n", f.Verdict, f.Subject, f.Meaning, f.Basis, finding.Printable(f.Log), f.Line, finding.PlainText(f.Text))
		if err != nil {
			return err
		}
	}
	if rep.Skipped > 0 && !o.quiet {
		say(env.stderr, "usmtpkg: note: %s too long and not looked at\n", countOf(rep.Skipped, "message is", "messages are"))
	}
	text := map[smplog.Verdict]string{
		smplog.Installed: "installed", smplog.Waiting: "NOT ready: waiting", smplog.LowSpace: "NOT ready: low on space",
		smplog.Failed: "NOT ready: failed", smplog.Unknown: "no verdict found in " + countOf(rep.Lines, "message", "messages"),
	}[rep.Verdict]
	_, err = printf(env.stdout, "state migration point: %s\n", text)
	return errors.Join(err, outcome)
}
