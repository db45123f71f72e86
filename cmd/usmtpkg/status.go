package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"usmtpkg/cmd/usmtpkg/report"
	"usmtpkg/pkgdef/contentlib"
	"usmtpkg/stage"
)

type statusOptions struct {
	library libraryFlags
	site    siteFlags
}

func newStatusCmd(p *program) *cobra.Command {
	var o statusOptions
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Check whether ConfigMgr has the active release",
		Long: `status compares the active release with what ConfigMgr has of its package, and prints a line for each
place: the newest content hash in distmgr.log, and the files in each content library. It is for a
scheduled task: exit status 0 if every place has the active release, 5 if one has not; any other if
a place could not be looked at and no other differs.

Each --content-library with a folder PkgLib is a place; one without it is a further drive of the one
before. Everything is only read, and the release itself is not verified: verify does that, and
names each file that differs. The content hash is predicted: reverse-engineered, not confirmed on a
live site.`,
		Example: `  usmtpkg status --library D:\Sources\OSD\USMT --package-id P0100012 --distmgr-log \\cm01\SMS_P01\Logs
  usmtpkg status --library D:\Sources\OSD\USMT --package-id P0100012 --content-library \\dp01\SCCMContentLib$ --content-library \\dp02\SCCMContentLib$`,
		Args: noArgument,
		RunE: p.runs(func(ctx context.Context, _ []string) (report.Document, error) { return p.status(ctx, o) }),
	}
	o.library.add(cmd.Flags())
	o.site.add(cmd.Flags())
	return cmd
}

func (p *program) status(ctx context.Context, o statusOptions) (report.Document, error) {
	if !o.site.given() {
		return nil, &usageError{msg: "no place to look at", hint: "give --distmgr-log, or --content-library for each distribution point"}
	}
	if err := errors.Join(o.library.need(), o.site.check()); err != nil {
		return nil, err
	}
	lib, err := stage.Open(o.library.dir)
	if err != nil {
		return nil, err
	}
	rel, err := namedRelease(lib, nil)
	if err != nil {
		return nil, err
	}
	doc := &report.Status{Head: report.NewHead("status"), Library: lib.Dir(), Release: rel.Name, PackageID: strings.ToUpper(o.site.packageID), Places: []report.SitePlace{}}
	failed, differs := error(nil), false
	for _, place := range o.places() {
		c, err := p.lookAt(ctx, lib.ReleaseDir(rel.Name), place)
		if err != nil && (ctx.Err() != nil || is[*unlistedError](err) || is[*usageError](err)) {
			return nil, err
		}
		failed = errors.Join(failed, err)
		at := report.NewSitePlace(append(place.libraries, place.logs...), c, err)
		differs = differs || at.Verdict == report.PlaceDiffers
		doc.Places = append(doc.Places, at)
	}
	if differs {
		return doc, errDiffers
	}
	return doc, marked(failed)
}

// places are the places that were named: the logs are one, and so is each content library with its drives.
func (o *statusOptions) places() []siteFlags {
	var all []siteFlags
	if len(o.site.logs) > 0 {
		logs := o.site
		logs.libraries = nil
		all = append(all, logs)
	}
	for _, dir := range o.site.libraries {
		if further, err := contentlib.IsFurtherDrive(dir); err == nil && further && len(all) > 0 && len(all[len(all)-1].libraries) > 0 {
			last := &all[len(all)-1]
			last.libraries = append(last.libraries, dir)
			continue
		}
		one := o.site
		one.logs, one.libraries = nil, []string{dir}
		all = append(all, one)
	}
	return all
}

// lookAt compares a release with one place.
func (p *program) lookAt(ctx context.Context, dir string, place siteFlags) (report.Comparison, error) {
	bar := p.newProgress()
	defer bar.stop()
	all, err := verifySite(ctx, dir, place, contentlib.Options{Deep: place.deep, Progress: bar})
	if err != nil {
		return report.Comparison{}, err
	}
	if len(all) != 1 {
		return report.Comparison{}, fmt.Errorf("%d comparisons, wanted 1", len(all))
	}
	return all[0], nil
}
