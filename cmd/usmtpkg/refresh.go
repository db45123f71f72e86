package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"usmtpkg/stage"
)

func newRefreshCmd(env environment, o *options) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "refresh",
		Short: "Find USMT, check it, stage a verified release, define and activate it",
		Long: `refresh does the whole job: it finds USMT, checks it, copies it into the library as a new
release, reads the copy back and checks that, writes the package definition for it, and
makes it the active release. With the same source again it writes nothing.

Nothing is published before everything about it is checked; whatever goes wrong, the
library is as it was. A USMT that is older than that of the active release is refused, and so
is one that has its version and other files: --allow-downgrade and --allow-changed accept them.`,
		Example: `  usmtpkg refresh --sample --library build/library
  usmtpkg refresh --library D:\Sources\OSD\USMT --package-path \\server\Sources\OSD\USMT
  usmtpkg refresh --source /mnt/adk --library /srv/usmt --dry-run`,
		Args: noArgument,
		RunE: func(cmd *cobra.Command, _ []string) error { return runRefresh(cmd.Context(), env, o) },
	}
	o.libraryFlag(cmd.Flags())
	o.dryRunFlag(cmd.Flags())
	o.source.flags(cmd.Flags())
	o.policy.flags(cmd.Flags())
	o.copy.flags(cmd.Flags())
	o.overlay.flags(cmd.Flags())
	o.define.flags(cmd.Flags())
	return cmd
}

func runRefresh(ctx context.Context, env environment, o *options) (err error) {
	j, err := prepare(ctx, env, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, j.close()) }()
	if err := j.checkSettings(); err != nil {
		return err
	}
	doc, err := refresh(ctx, j)
	if err != nil {
		return err
	}
	if o.json {
		return printJSON(env.stdout, doc)
	}
	return printResult(env, o, doc)
}

// checkSettings makes sure, before anything is copied, that the definition can
// be written, and that the settings suit what is to be copied: of the release
// only the digest is not known yet.
func (j *stageJob) checkSettings() error {
	digest := strings.Repeat("0", 64)
	version := j.opts.USMTVersion
	_, _, err := definition(j.o, stage.Release{
		Name: stage.NameOf(version, digest), Digest: digest, USMTVersion: version, Arches: j.usmt.Arches, Sample: j.o.source.sample,
	})
	if err != nil {
		return err
	}
	j.lints, err = lint(j.env, j.o, j.usmt.fsys, j.usmt.Arches)
	return err
}

// refresh stages, defines and activates, or tells what would be done.
func refresh(ctx context.Context, j *stageJob) (jsonResult, error) {
	if j.o.dryRun {
		out, err := j.plan(ctx)
		if err != nil {
			return jsonResult{}, err
		}
		return j.planned(out)
	}
	var doc jsonResult
	err := j.write(ctx, func(w *stage.Writer) error {
		out, err := j.run(ctx, w)
		if err != nil {
			return err
		}
		doc = resultDocument("usmtpkg refresh", j.o, out)
		files, def, err := refreshed(j.o, w.Library, out.Release)
		if err != nil {
			return err
		}
		d := definitionDocument(w.Library, out.Release.Name, def, files)
		d.Findings = findingDocuments(j.lints)
		if d.Written, err = w.Define(ctx, out.Release.Name, files); err != nil {
			return staged(out, "its package definition was not written", err)
		}
		doc.Definition = &d
		if doc.Active, err = activate(ctx, w, out.Release.Name); err != nil {
			return staged(out, "it was not activated", err)
		}
		return nil
	})
	return doc, err
}

// staged is the error of a run that failed after its release was there, whole and verified.
func staged(out outcome, lack string, err error) error {
	verb := "is in the library"
	if out.Published {
		verb = "was published"
	}
	return &advisedError{
		fmt.Errorf("release %s %s, but %s: %w", out.Release.Name, verb, lack, err),
		"the release is whole and verified; correct this, then run refresh again: it copies nothing twice",
	}
}

// write runs do with the library opened for writing.
func (j *stageJob) write(ctx context.Context, do func(*stage.Writer) error) (err error) {
	w, err := stage.OpenWriter(ctx, j.o.library, j.writerOptions())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	printNotes(j.env, j.o, w)
	return do(w)
}

// printNotes tells what opening the library had to put right.
func printNotes(env environment, o *options, w *stage.Writer) {
	if o.quiet {
		return
	}
	for _, n := range w.Notes() {
		say(env.stderr, "usmtpkg: %s\n", n)
	}
}

func activate(ctx context.Context, w *stage.Writer, release string) (*jsonActive, error) {
	before, err := w.Current()
	if err != nil {
		before = "" // an unreadable name is replaced
	}
	changed, err := w.Activate(ctx, release)
	return &jsonActive{Release: release, Changed: changed, Before: before}, err
}

// planned is the document of a dry run: of the same shape as that of a run.
func (j *stageJob) planned(out outcome) (jsonResult, error) {
	doc := resultDocument("usmtpkg refresh", j.o, out)
	lib := stage.At(out.dir)
	files, def, err := refreshed(j.o, lib, out.Release)
	if err != nil {
		return doc, err
	}
	d := definitionDocument(lib, out.Release.Name, def, files)
	d.Findings = findingDocuments(j.lints)
	if d.Written, err = wouldDefine(lib, out.Release.Name, files); err != nil {
		return doc, err
	}
	doc.Definition = &d
	before, err := lib.Current()
	if err != nil {
		return doc, err
	}
	doc.Active = &jsonActive{Release: out.Release.Name, Changed: before != out.Release.Name, Before: before}
	return doc, nil
}

// printName prints all that is said of a release with --quiet.
func printName(env environment, release string) error {
	_, err := printf(env.stdout, "%s\n", release)
	return err
}

// printResult prints what refresh or stage came to.
func printResult(env environment, o *options, d jsonResult) error {
	if o.quiet {
		return printName(env, d.Release)
	}
	var b strings.Builder
	say(&b, "%s", dryRunMark(o))
	say(&b, "source       %s\n             USMT %s (%s), found: %s; %s\n", d.Source.Path, d.USMT, archText(d.Arches), d.Source.How, d.reason)
	say(&b, "checked      %s, %s: %s; %s; %s\n", countOf(d.Files, "file", "files"), size(d.Bytes), verdict(d.report), inventoryText(d.report), signatureText(d.report))
	say(&b, "proof        %s\n", proofText(d.report)+catalogText(d.found, d.report)+msiText(d.report))
	if len(d.Overlay) > 0 {
		say(&b, "overlay      %s\n", overlayText(d.Overlay))
	}
	if text := changesText(d.Changes, o.dryRun); text != "" {
		say(&b, "changes      %s\n", text)
	}
	say(&b, "release      %s\n             %s\n", d.Release, d.outcomeText(o.dryRun))
	if !o.dryRun {
		say(&b, "verified     %s\n", d.verifiedText())
	}
	if d.Definition != nil {
		say(&b, "%s\n", definitionText(o, *d.Definition))
	} else {
		say(&b, "package path %s\n", d.PackageSource)
	}
	if d.Active != nil {
		say(&b, "active       %s\n", d.Active.text())
	}
	_, err := printf(env.stdout, "%s", ourText(b.String()))
	return err
}
