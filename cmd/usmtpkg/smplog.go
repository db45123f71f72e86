package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"usmtpkg/cmd/usmtpkg/report"
	"usmtpkg/locate/tree"
	"usmtpkg/pkgdef/smplog"
)

func newSMPLogCmd(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "smp-log FILE...",
		Short: "Read from its logs whether a state migration point is installed",
		Long: `smp-log reads the logs of a state migration point, smssmpsetup.log, smpmsi.log and smpmgr.log, with
what they were rotated from, or those in a folder. Its verdict is installed, waiting, low-space or
failed, each with the line; or unknown, when no line says anything that is known. The last word of
each log counts, and the worst of several logs. Set-up that began and has no result is waiting. Other
roles write the same lines, so a success counts only if the line, its component, "SMSSMP Setup
Started" before it, or the name of the log is about the state migration point.

Exit status 0 means installed; everything else is 5. What the lines mean is not documented: some were
seen in public logs, some are recalled, and each says which. The status messages 1013-1016 and
6200-6211 in the console are the better source.`,
		Example: `  usmtpkg smp-log \\cm01\SMS_P01\Logs
  usmtpkg smp-log smssmpsetup.log smpmsi.log smpmgr.log --json`,
		Args: needs("smp-log needs a log of the role, or the folder the logs are in", 0),
		RunE: p.runs(smpLog),
	}
}

// errNotInstalled is the outcome of logs that do not show a role to be installed.
var errNotInstalled = fmt.Errorf("the state migration point is not shown to be installed: %w", errDiffers)

func smpLog(ctx context.Context, files []string) (report.Document, error) {
	rep, err := smplog.ReadFiles(ctx, files...)
	if errors.Is(err, fs.ErrNotExist) || is[*tree.FileError](err) {
		err = &usageError{msg: err.Error(), hint: "name the logs of the role, or the folder they are in"}
	}
	if err != nil {
		return nil, err
	}
	if rep.Verdict != smplog.Installed {
		err = errNotInstalled
	}
	return &report.SMPLog{
		Head: report.NewHead("smp-log"), Verdict: rep.Verdict, Findings: append([]smplog.Finding{}, rep.Findings...), Messages: rep.Lines, Skipped: rep.Skipped,
	}, err
}
