package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"usmtpkg/pkgdef"
	"usmtpkg/stage"
)

func newActivateCmd(env environment, o *options) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "activate RELEASE",
		Short: "Make a release of the library the active one again",
		Long: `activate verifies RELEASE against its manifests and makes it the active one: the release
that verify, define and attest take when none is named, and that a later refresh may not fall
behind. A release that differs from what was staged is not activated (exit status 5).

The site is another matter: nothing there is changed, and no definition is written. What the
site's package has is set by the scripts in the folder of the release's definition.`,
		Example: `  usmtpkg list --library D:\Sources\OSD\USMT
  usmtpkg activate 10.0.26100.1-3f9a1c2b7d04 --library D:\Sources\OSD\USMT`,
		Args: needs(`activate needs the name of a release; "usmtpkg list" shows them`, 1),
		RunE: func(cmd *cobra.Command, a []string) error { return runActivate(cmd.Context(), env, o, a) },
	}
	o.libraryFlag(cmd.Flags())
	o.dryRunFlag(cmd.Flags())
	workersFlag(cmd.Flags(), &o.copy.workers, "read")
	return cmd
}

type jsonActivate struct {
	Format        string     `json:"format"`
	Version       int        `json:"version"`
	DryRun        bool       `json:"dry_run"`
	Release       string     `json:"release"`
	Digest        string     `json:"digest"`
	Library       string     `json:"library"`
	PackageSource string     `json:"package_source"`       // on this machine
	Definition    string     `json:"definition,omitempty"` // the folder of its scripts, if there is one
	Files         int        `json:"files"`
	Bytes         int64      `json:"bytes"`
	Active        jsonActive `json:"active"`
}

func runActivate(ctx context.Context, env environment, o *options, a []string) error {
	if err := o.needLibrary(); err != nil {
		return err
	}
	lib, err := stage.Open(o.library)
	if err != nil {
		return err
	}
	rel, err := soundRelease(ctx, env, o, lib, a, notActivated)
	if err != nil {
		return err
	}
	doc := jsonActivate{
		Format: "usmtpkg activate", Version: 1, DryRun: o.dryRun, Release: rel.Name, Digest: rel.Digest, Library: lib.Dir(),
		PackageSource: lib.PackageSource(rel.Name), Files: rel.FileCount, Bytes: rel.Bytes,
	}
	dir := lib.DefinitionDir(rel.Name)
	if _, err := os.Stat(filepath.Join(dir, pkgdef.PublishScript)); err == nil {
		doc.Definition = dir
	}
	if doc.Active, err = activateVerified(ctx, env, o, lib, rel); err != nil {
		return err
	}
	if o.json {
		return printJSON(env.stdout, doc)
	}
	return doc.print(env, o)
}

// What follows from a release that is not whole.
const (
	notActivated = "which is therefore not activated"
	notAttested  = "which is therefore not attested"
)

// soundRelease reads the record of the release that was named. If that is
// damaged, the error names all that differs in the release.
func soundRelease(ctx context.Context, env environment, o *options, lib *stage.Library, a []string, consequence string) (stage.Release, error) {
	rel, err := namedRelease(lib, a)
	if !is[*stage.FormatError](err) {
		return rel, err
	}
	name, unnamed := releaseName(lib, a)
	if unnamed != nil {
		return rel, err
	}
	if _, differs := verifyWhole(ctx, env, o, lib, stage.Release{Name: name}, consequence, stage.VerifyOptions{}); differs != nil {
		return rel, differs
	}
	return rel, err
}

// activateVerified verifies a release and makes it the active one, or tells what it would do. The
// lock is taken first: whoever finds the library busy learns it at once.
func activateVerified(ctx context.Context, env environment, o *options, lib *stage.Library, rel stage.Release) (_ jsonActive, err error) {
	if o.dryRun {
		if err := stage.CheckWritable("opening the library", lib.Dir()); err != nil {
			return jsonActive{}, err
		}
		before, err := lib.Current()
		if is[*stage.FormatError](err) {
			before, err = "", nil // an unreadable name would be replaced
		}
		if err == nil {
			_, err = verifyWhole(ctx, env, o, lib, rel, notActivated, stage.VerifyOptions{})
		}
		return jsonActive{Release: rel.Name, Changed: before != rel.Name, Before: before}, err
	}
	w, err := stage.OpenWriter(ctx, o.library, stage.WriterOptions{Protected: protectedFolders(env), Now: env.now})
	if err != nil {
		return jsonActive{}, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	printNotes(env, o, w)
	if _, err := verifyWhole(ctx, env, o, lib, rel, notActivated, stage.VerifyOptions{}); err != nil {
		return jsonActive{}, err
	}
	active, err := activate(ctx, w, rel.Name)
	return *active, err
}

// verifyWhole verifies a release of the library; one that differs from its manifests is an error
// that names the consequence.
func verifyWhole(ctx context.Context, env environment, o *options, lib *stage.Library, rel stage.Release, consequence string, vo stage.VerifyOptions) (stage.Report, error) {
	what := "release " + rel.Name + ", " + consequence
	dir := lib.ReleaseDir(rel.Name)
	bar := newProgress(env, o)
	defer bar.stop()
	vo.Workers, vo.Progress, vo.Release, vo.Predict = o.copy.workers, bar, true, predictHash
	rep, err := stage.Verify(ctx, dir, vo)
	if err != nil {
		return rep, err
	}
	bad := rep.Differences()
	if overlay, ok, err := stage.CompareOverlay(dir); err != nil {
		return rep, err
	} else if ok {
		bad = append(bad, overlay.Differences()...)
	}
	if len(bad) > 0 {
		return rep, wholeAdvice(&stage.MismatchError{What: what, Files: bad})
	}
	return rep, nil
}

func wholeAdvice(err error) error {
	return &advisedError{err, "do not use this release: move its folder out of the library, and stage it again from its source"}
}

func (d jsonActivate) print(env environment, o *options) error {
	if o.quiet {
		return printName(env, d.Release)
	}
	definition := textf("%s\n             nothing was changed at the site; the scripts there do that", d.Definition)
	if d.Definition == "" {
		definition = "none is there; usmtpkg define writes it"
	}
	var b strings.Builder
	say(&b, "%s", dryRunMark(o))
	say(&b, "release      %s\nverified     %s, %s: every file was read and is what was staged\n", d.Release, countOf(d.Files, "file", "files"), size(d.Bytes))
	say(&b, "definition   %s\nactive       %s\n", definition, d.Active.text())
	_, err := printf(env.stdout, "%s", ourText(b.String()))
	return err
}
