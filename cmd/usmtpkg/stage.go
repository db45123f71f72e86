package main

import (
	"context"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"usmtpkg/cmd/usmtpkg/report"
	"usmtpkg/stage"
)

// stageOptions are those of stage, and of refresh, which stages as well.
type stageOptions struct {
	libraries []string     // as they were given
	library   libraryFlags // the one that is staged into
	source    sourceFlags
	policy    policyFlags
	overlay   overlayFlags
	copying   copyFlags
	dryRun    bool
}

func (o *stageOptions) add(f *pflag.FlagSet) {
	o.addInput(f)
	dryRunFlag(f, &o.dryRun)
}

// addInput adds what decides how the job ends.
func (o *stageOptions) addInput(f *pflag.FlagSet) {
	f.Var(&folders{&o.libraries}, "library", "`DIR` the library of releases, a folder for package sources; repeat it for several")
	heading(f, "Library")
	o.source.add(f)
	o.policy.add(f)
	o.overlay.add(f)
	o.copying.add(f)
}

// copyFlags say how a release is made.
type copyFlags struct {
	workers   int
	verify    stage.VerifyMode
	downgrade bool
	changed   bool
}

func (o *copyFlags) add(f *pflag.FlagSet) {
	f.BoolVar(&o.downgrade, "allow-downgrade", false, "take a USMT that is older than that of the active release")
	f.BoolVar(&o.changed, "allow-changed", false, "take a USMT whose files differ from those of a release with the same USMT version")
	heading(f, "Rules")
	o.verify = stage.VerifyReread
	f.Var(&word[stage.VerifyMode]{&o.verify, []stage.VerifyMode{stage.VerifyReread, stage.VerifyUncached, stage.VerifyStream}, "mode"},
		"verify", "`reread|uncached|stream` how the copy is compared with what was read")
	workersFlag(f, &o.workers, "copied")
}

func newStageCmd(p *program) *cobra.Command {
	var o stageOptions
	cmd := &cobra.Command{
		Use:   "stage",
		Short: "Stage a verified release, without defining or activating it",
		Long: `stage finds USMT, checks it, copies it into the library as a new release and reads the copy back, as
refresh does, and stops there: it writes no package definition and activates nothing.

With several --library it reads the source once and stages the same release into each of them; one that
cannot be written does not hold up the others.`,
		Example: `  usmtpkg stage --library /srv/usmt --source /mnt/adk --verify uncached
  usmtpkg stage --library D:\Sources\OSD\USMT --dry-run`,
		Args: noArgument,
		RunE: p.runs(func(ctx context.Context, _ []string) (report.Document, error) { return p.stage(ctx, o) }),
	}
	o.add(cmd.Flags())
	return cmd
}

func (p *program) stage(ctx context.Context, o stageOptions) (report.Document, error) {
	return p.toEach(ctx, o, "stage", "", stageOnly)
}

// stageOnly stages, or finds out what that would do.
func stageOnly(ctx context.Context, j *job) (*report.Stage, error) {
	doc := j.document("stage")
	if j.o.dryRun {
		_, _, err := j.plan(ctx, doc)
		return doc, err
	}
	return doc, j.write(ctx, func(w *stage.Writer) error {
		_, err := j.run(ctx, w, doc)
		return err
	})
}
