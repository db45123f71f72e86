package main

import (
	"context"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"usmtpkg/cmd/usmtpkg/report"
	"usmtpkg/pkgdef"
	"usmtpkg/stage"
)

// reopenOptions are those of commands that verify a release of the library before they do something with it.
type reopenOptions struct {
	library libraryFlags
	workers int
	dryRun  bool
}

func (o *reopenOptions) add(f *pflag.FlagSet) {
	o.library.add(f)
	workersFlag(f, &o.workers, "read")
	dryRunFlag(f, &o.dryRun)
}

func newActivateCmd(p *program) *cobra.Command {
	var o reopenOptions
	cmd := &cobra.Command{
		Use:   "activate RELEASE",
		Short: "Make a release of the library the active one again",
		Long: `activate verifies RELEASE against its manifests and makes it the active one: the release that verify,
define and attest take when none is named, and that a later refresh may not fall behind. A release
that differs from what was staged is not activated (exit status 5).

Nothing is changed at the site, and no definition is written. To change what the site's package has,
run the scripts in the folder of the release's definition.`,
		Example: `  usmtpkg list --library D:\Sources\OSD\USMT
  usmtpkg activate 10.0.26100.1-3f9a1c2b7d04 --library D:\Sources\OSD\USMT`,
		Args: needs(`activate needs the name of a release; "usmtpkg list" shows them`, 1),
		RunE: p.runs(func(ctx context.Context, args []string) (report.Document, error) { return p.activate(ctx, o, args) }),
	}
	o.add(cmd.Flags())
	return cmd
}

func (p *program) activate(ctx context.Context, o reopenOptions, args []string) (report.Document, error) {
	if err := o.library.need(); err != nil {
		return nil, err
	}
	lib, err := stage.Open(o.library.dir)
	if err != nil {
		return nil, err
	}
	rel, err := p.soundRelease(ctx, lib, args, o.workers, notActivated)
	if err != nil {
		return nil, err
	}
	doc := &report.Activate{
		Head: report.NewHead("activate"), DryRun: o.dryRun, Release: rel.Name, Digest: rel.Digest, Library: lib.Dir(),
		PackageSource: lib.PackageSource(rel.Name), Files: rel.FileCount, Bytes: rel.Bytes,
	}
	dir := lib.DefinitionDir(rel.Name)
	if _, err := os.Stat(filepath.Join(dir, pkgdef.PublishScript)); err == nil {
		doc.Definition = dir
	}
	if o.dryRun {
		doc.Active, err = p.wouldActivate(ctx, o, lib, rel)
	} else { // the lock is taken first: who finds the library busy learns it at once
		err = p.withWriter(ctx, o.library, p.writerOptions(), func(w *stage.Writer) (err error) {
			if _, err = p.verifyWhole(ctx, lib, rel.Name, notActivated, stage.VerifyOptions{Workers: o.workers}); err == nil {
				doc.Active, err = activate(ctx, w, rel.Name)
			}
			return err
		})
	}
	if err != nil {
		return nil, err
	}
	return doc, nil
}

// wouldActivate finds out what activate would do with a release.
func (p *program) wouldActivate(ctx context.Context, o reopenOptions, lib *stage.Library, rel stage.Release) (report.Active, error) {
	if err := stage.CheckWritable("opening the library", lib.Dir()); err != nil {
		return report.Active{}, err
	}
	before, err := lib.Current()
	if is[*stage.FormatError](err) {
		before, err = "", nil // an unreadable name would be replaced
	}
	if err == nil {
		_, err = p.verifyWhole(ctx, lib, rel.Name, notActivated, stage.VerifyOptions{Workers: o.workers})
	}
	return report.Active{Release: rel.Name, Changed: before != rel.Name, Before: before}, err
}

// What follows from a release that is not whole.
const (
	notActivated = "which is therefore not activated"
	notAttested  = "which is therefore not attested"
)

// soundRelease reads the record of the release that was named. If that is
// damaged, the error names all that differs in the release.
func (p *program) soundRelease(ctx context.Context, lib *stage.Library, args []string, workers int, consequence string) (stage.Release, error) {
	rel, err := namedRelease(lib, args)
	if !is[*stage.FormatError](err) {
		return rel, err
	}
	name, unnamed := releaseName(lib, args)
	if unnamed != nil {
		return rel, err
	}
	if _, differs := p.verifyWhole(ctx, lib, name, consequence, stage.VerifyOptions{Workers: workers}); differs != nil {
		return rel, differs
	}
	return rel, err
}

// verifyWhole verifies a release of the library; one that differs from its manifests is an error
// that names the consequence.
func (p *program) verifyWhole(ctx context.Context, lib *stage.Library, release, consequence string, vo stage.VerifyOptions) (stage.Report, error) {
	dir := lib.ReleaseDir(release)
	bar := p.newProgress()
	defer bar.stop()
	vo.Progress, vo.Release, vo.Predict = bar, true, predictHash
	rep, err := stage.Verify(ctx, dir, vo)
	if err != nil {
		return rep, unread(dir, err)
	}
	bad := rep.Differences()
	if overlay, ok, err := stage.CompareOverlay(dir); err != nil {
		return rep, err
	} else if ok {
		bad = append(bad, overlay.Differences()...)
	}
	if len(bad) > 0 {
		return rep, &advisedError{
			err:  &stage.MismatchError{What: "release " + release + ", " + consequence, Files: bad},
			hint: "do not use this release: move its folder out of the library, and stage it again from its source",
		}
	}
	return rep, nil
}
