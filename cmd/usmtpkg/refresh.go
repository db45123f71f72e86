package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"usmtpkg/cmd/usmtpkg/report"
	"usmtpkg/locate/finding"
	"usmtpkg/stage"
)

type refreshOptions struct {
	stageOptions
	define packageFlags
}

func newRefreshCmd(p *program) *cobra.Command {
	var o refreshOptions
	cmd := &cobra.Command{
		Use:   "refresh",
		Short: "Find USMT, check it, stage a verified release, define and activate it",
		Long: `refresh does the whole job: it finds USMT, checks it, copies it into the library as a new release,
reads the copy back and checks that, writes the package definition for it, and makes it the active
release. With the same source again it writes nothing.

Nothing is published before everything about it is checked; whatever goes wrong, the library is as it
was. A USMT that is older than the active release is refused, and so is one with the same USMT version
and other files; --allow-downgrade and --allow-changed accept them.

With several --library it reads the source once and does this for each of them. One that cannot be
written does not hold up the others; the exit status is the worst of theirs.`,
		Example: `  usmtpkg refresh --sample --library build/library
  usmtpkg refresh --library D:\Sources\OSD\USMT --package-path \\server\Sources\OSD\USMT
  usmtpkg refresh --library \\emea\USMT$\usmt --library \\apac\USMT$\usmt
  usmtpkg refresh --source /mnt/adk --library /srv/usmt --dry-run`,
		Args: noArgument,
		RunE: p.runs(func(ctx context.Context, _ []string) (report.Document, error) { return p.refresh(ctx, o) }),
	}
	o.add(cmd.Flags())
	o.define.add(cmd.Flags())
	return cmd
}

func (p *program) refresh(ctx context.Context, o refreshOptions) (report.Document, error) {
	return p.toEach(ctx, o.stageOptions, "refresh", o.define.path, func(ctx context.Context, j *job) (*report.Stage, error) {
		d := p.definer(j.o.library, o.define)
		findings, err := j.checkSettings(d)
		if err != nil {
			return nil, err
		}
		doc := j.document("refresh")
		if j.o.dryRun {
			err = j.planAll(ctx, d, doc)
		} else {
			err = j.write(ctx, func(w *stage.Writer) error { return j.runAll(ctx, w, d, doc) })
		}
		if err == nil {
			doc.Definition.Findings = report.Findings(findings)
		}
		return doc, err
	})
}

// checkSettings makes sure, before anything is copied, that the definition can
// be written, and that the settings suit what is to be copied: of the release
// only the digest is not known yet.
func (j *job) checkSettings(d definer) ([]*finding.Error, error) {
	digest := strings.Repeat("0", 64)
	version := j.opts.USMTVersion
	_, _, err := d.files(stage.Release{
		Name: stage.NameOf(version, digest), Digest: digest, USMTVersion: version, Arches: j.usmt.Arches, Sample: j.o.source.sample,
	})
	if err != nil {
		return nil, err
	}
	return j.lint(j.usmt.fsys, j.usmt.Arches, j.o.policy.strict)
}

// runAll stages, defines and activates.
func (j *job) runAll(ctx context.Context, w *stage.Writer, d definer, doc *report.Stage) error {
	rel, err := j.run(ctx, w, doc)
	if err != nil {
		return err
	}
	files, def, err := d.refreshed(w.Library, rel)
	if err != nil {
		return err
	}
	definition := definitionDocument(w.Library, def, files)
	if definition.Written, err = w.Define(ctx, rel.Name, files); err != nil {
		return staged(doc, "its package definition was not written", err)
	}
	active, err := activate(ctx, w, rel.Name)
	if err != nil {
		return staged(doc, "it was not activated", err)
	}
	doc.Definition, doc.Active = &definition, &active
	return nil
}

// planAll finds out what runAll would do. The document is the same.
func (j *job) planAll(ctx context.Context, d definer, doc *report.Stage) error {
	lib, rel, err := j.plan(ctx, doc)
	if err != nil {
		return err
	}
	files, def, err := d.refreshed(lib, rel)
	if err != nil {
		return err
	}
	definition := definitionDocument(lib, def, files)
	if definition.Written, err = wouldDefine(lib, rel.Name, files); err != nil {
		return err
	}
	before, err := lib.Current()
	doc.Definition, doc.Active = &definition, &report.Active{Release: rel.Name, Changed: before != rel.Name, Before: before}
	return err
}

// staged is the error of a run that failed after its release was there, whole and verified.
func staged(doc *report.Stage, lack string, err error) error {
	verb := "is in the library"
	if doc.Outcome == "published" {
		verb = "was published"
	}
	return &advisedError{
		err:  fmt.Errorf("release %s %s, but %s: %w", doc.Release, verb, lack, err),
		hint: "the release is whole and verified; correct this, then run refresh again: it copies nothing twice",
	}
}
