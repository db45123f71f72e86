package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"usmtpkg/stage"
)

func newStageCmd(env environment, o *options) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "stage",
		Short: "Stage a verified release, without defining or activating it",
		Long: `stage finds USMT, checks it, copies it into the library as a new release and reads the
copy back, as refresh does, and stops there: no package definition, no new active release.`,
		Example: `  usmtpkg stage --library /srv/usmt --source /mnt/adk --verify uncached`,
		Args:    noArgument,
		RunE:    func(cmd *cobra.Command, _ []string) error { return runStage(cmd.Context(), env, o) },
	}
	o.libraryFlag(cmd.Flags())
	o.dryRunFlag(cmd.Flags())
	o.source.flags(cmd.Flags())
	o.policy.flags(cmd.Flags())
	o.copy.flags(cmd.Flags())
	o.overlay.flags(cmd.Flags())
	return cmd
}

func runStage(ctx context.Context, env environment, o *options) (err error) {
	j, err := prepare(ctx, env, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, j.close()) }()
	var out outcome
	if o.dryRun {
		out, err = j.plan(ctx)
	} else {
		err = j.write(ctx, func(w *stage.Writer) error {
			out, err = j.run(ctx, w)
			return err
		})
	}
	if err != nil {
		return err
	}
	doc := resultDocument("usmtpkg stage", o, out)
	if o.json {
		return printJSON(env.stdout, doc)
	}
	return printResult(env, o, doc)
}
