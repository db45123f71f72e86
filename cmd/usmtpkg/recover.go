package main

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"usmtpkg/cmd/usmtpkg/report"
	"usmtpkg/pkgdef/contentlib"
	"usmtpkg/stage"
)

type recoverOptions struct {
	content contentFlags
	to      string
	workers int
	dryRun  bool
}

func newRecoverCmd(p *program) *cobra.Command {
	var o recoverOptions
	cmd := &cobra.Command{
		Use:   "recover",
		Short: "Rebuild a package source from ConfigMgr's content library",
		Long: `recover rebuilds the source of a package from ConfigMgr's content library, for when the source was lost
and a site server or distribution point still has it. The content library is only read. Every file is
hashed while it is written and compared with what the library recorded; if any does not match, all
such files are listed, and the exit status is 5.

--to must be a new or empty folder, outside libraries of either kind. The files are written beside it,
and get its name when they are whole, so a failure leaves nothing. If a run was killed, the next one
into that folder removes what it left, or names it where it may belong to a run that is still going.
Names and contents are those of the source; attributes and times are not.

The layout of a content library is not documented: it was reverse-engineered, and this
was not tried on a live site. Check the result with usmtpkg validate, and stage it with usmtpkg refresh.`,
		Example: `  usmtpkg recover --content-library \\dp01\SCCMContentLib$ --package-id P0100012 --to D:\Recovered\USMT
  usmtpkg recover --content-library D:\SCCMContentLib --content-library E:\SCCMContentLib --package-id P0100012 --content-version 2 --to F:\USMT`,
		Args: noArgument,
		RunE: p.runs(func(ctx context.Context, _ []string) (report.Document, error) { return p.recover(ctx, o) }),
	}
	f := cmd.Flags()
	o.content.add(f)
	f.StringVar(&o.to, "to", "", "`DIR` the folder to recover into, new or empty")
	heading(f, "Target")
	workersFlag(f, &o.workers, "copied")
	dryRunFlag(f, &o.dryRun)
	return cmd
}

func (p *program) recover(ctx context.Context, o recoverOptions) (_ report.Document, err error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	lib, err := contentlib.Open(o.content.libraries...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, lib.Close()) }()
	pkg, id, err := wantedContent(lib, o.content)
	if err != nil {
		return nil, err
	}
	bar := p.newProgress()
	defer bar.stop()
	src, broken, err := lib.Source(ctx, id, contentlib.Options{Workers: o.workers, Progress: bar})
	if err != nil {
		return nil, err
	}
	name := "content " + id + " of the content library"
	if len(broken) > 0 {
		return nil, explainRecovery(&stage.MismatchError{What: name + " is not whole", Files: broken})
	}
	res, err := stage.Extract(ctx, stage.Content{Name: name, FS: src, Files: src.Sums, Dirs: src.Dirs, From: lib.Dirs()}, o.to,
		stage.ExtractOptions{Protected: p.protectedFolders(), DryRun: o.dryRun, Workers: o.workers, Progress: bar})
	bar.stop()
	if err != nil {
		p.console().Note(res.Notes...)
		return nil, explainRecovery(err)
	}
	prediction, _ := contentlib.Predict(src.Sums, src.Dirs) // without one it is said to be none
	doc := &report.Recover{
		Head: report.NewHead("recover"), DryRun: o.dryRun, PackageID: strings.ToUpper(pkg.ID), Content: src.ID, Contents: pkg.Contents,
		Libraries: lib.Dirs(), Dir: res.Dir, Files: res.Files, Bytes: res.Bytes, Recorded: src.Hash, Predicted: prediction.Hash, NotChecked: []string{},
		Notes: res.Notes,
	}
	if o.dryRun {
		doc.NotChecked = append(doc.NotChecked, report.ObjectsNotChecked)
	}
	if doc.Recorded != "" && doc.Recorded != doc.Predicted {
		doc.Notes = append(doc.Notes, "the content hash recorded there, "+doc.Recorded+", is not the predicted "+doc.Predicted+": "+report.PredictedNote)
	}
	return doc, nil
}

func (o *recoverOptions) check() error {
	switch {
	case len(o.content.libraries) == 0:
		return &usageError{msg: "no content library given", hint: "name the folder SCCMContentLib with --content-library"}
	case strings.TrimSpace(o.to) == "":
		return &usageError{msg: "no folder to recover into", hint: "name a new folder with --to"}
	}
	return errors.Join(checkHere("--to", o.to), o.content.check())
}

// wantedContent finds the content of the package that was asked for.
func wantedContent(lib *contentlib.Library, o contentFlags) (contentlib.Package, string, error) {
	pkg, err := lib.Package(o.packageID)
	id := ""
	if err == nil {
		id, err = pkg.ContentOf(o.version)
	}
	if errors.Is(err, contentlib.ErrNotThere) {
		hint := "this content library does not have the package: try that of another distribution point, or of the site server"
		if len(pkg.Contents) > 0 {
			hint = "name a version that is there with --content-version"
		}
		err = &usageError{msg: err.Error(), hint: hint}
	}
	return pkg, id, err
}

// explainRecovery gives advice that fits a recovery: the advice to other errors is about our library.
func explainRecovery(err error) error {
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case is[*stage.MismatchError](err):
		return &advisedError{err: err, hint: "nothing was written; try the content library of another distribution point, or another --content-version"}
	case is[*stage.RefusedError](err), is[*stage.DestinationError](err):
		return &advisedError{err: err, hint: "name a new folder with --to, in a folder that exists, with space and write access"}
	}
	return err
}
