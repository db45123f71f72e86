package main

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"usmtpkg/locate/finding"
	"usmtpkg/pkgdef/contentlib"
	"usmtpkg/stage"
)

func newRecoverCmd(env environment, o *options) *cobra.Command {
	var to string
	cmd := &cobra.Command{
		Use:   "recover",
		Short: "Rebuild a package source from ConfigMgr's content library",
		Long: `recover rebuilds the source of a package from ConfigMgr's content library, for when the
source was lost and a site server or distribution point still has it. The content library is
only read. Every file is hashed while it is written and compared with what the library
recorded of it; what does not match is exit status 5, and names every such file.

--to must not exist yet, or be an empty folder, and not lie in a library of either kind. The
files are written beside it, and it gets its name when it is whole: on any failure nothing is
left, and what a killed run leaves, the next one into that folder clears away, if it proves to
be of a run on this machine that is no more; else it is named. Names and contents are those of
the source; attributes and times are not. The layout of a content library is not documented:
it was reverse-engineered, and this was not tried on a live site. Check the result with usmtpkg validate, and stage it with usmtpkg refresh.`,
		Example: `  usmtpkg recover --content-library \\dp01\SCCMContentLib$ --package-id P0100012 --to D:\Recovered\USMT
  usmtpkg recover --content-library D:\SCCMContentLib --content-library E:\SCCMContentLib --package-id P0100012 --content-version 2 --to F:\USMT`,
		Args: noArgument,
		RunE: func(cmd *cobra.Command, _ []string) error { return runRecover(cmd.Context(), env, o, to) },
	}
	o.proof.libraryFlags(cmd.Flags())
	cmd.Flags().StringVar(&to, "to", "", "the folder to recover into, new or empty")
	workersFlag(cmd.Flags(), &o.copy.workers, "copied")
	o.dryRunFlag(cmd.Flags())
	return cmd
}

type jsonRecover struct {
	Format     string   `json:"format"`
	Version    int      `json:"version"`
	DryRun     bool     `json:"dry_run"`
	PackageID  string   `json:"package_id"`
	Content    string   `json:"content"`
	Contents   []string `json:"contents"`
	Libraries  []string `json:"content_libraries"`
	Dir        string   `json:"dir"`
	Files      int      `json:"files"`
	Bytes      int64    `json:"bytes"`
	Recorded   string   `json:"recorded,omitempty"`  // the content hash that the library has
	Predicted  string   `json:"predicted,omitempty"` // the one predicted from the files and folders
	NotChecked []string `json:"not_checked"`
	Notes      []string `json:"notes,omitempty"`
}

// An advisedError has advice of its own: that by its status is about something else.
type advisedError struct {
	err  error
	hint string
}

func (e *advisedError) Error() string { return e.err.Error() }
func (e *advisedError) Unwrap() error { return e.err }
func (e *advisedError) Hint() string  { return e.hint }

func runRecover(ctx context.Context, env environment, o *options, to string) (err error) {
	if err := checkRecover(o, to); err != nil {
		return err
	}
	lib, err := contentlib.Open(o.proof.libraries...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lib.Close()) }()
	pkg, id, err := wantedContent(lib, o.proof)
	if err != nil {
		return err
	}
	bar := newProgress(env, o)
	defer bar.stop()
	src, broken, err := lib.Source(ctx, id, contentlib.Options{Workers: o.copy.workers, Progress: bar})
	if err != nil {
		return err
	}
	name := "content " + id + " of the content library"
	if len(broken) > 0 {
		return explainRecovery(&stage.MismatchError{What: name + " is not whole", Files: siteResults(broken)})
	}
	res, err := stage.Extract(ctx, stage.Content{Name: name, FS: src, Files: src.Sums, Dirs: src.Dirs, From: lib.Dirs()}, to,
		stage.ExtractOptions{Protected: protectedFolders(env), DryRun: o.dryRun, Workers: o.copy.workers, Progress: bar})
	bar.stop()
	if err != nil {
		(jsonRecover{Notes: res.Notes}).printNotes(env, o)
		return explainRecovery(err)
	}
	prediction, _ := contentlib.Predict(src.Sums, src.Dirs) // without one it is said to be none
	doc := jsonRecover{
		Format: "usmtpkg recover", Version: 1, DryRun: o.dryRun, PackageID: strings.ToUpper(pkg.ID), Content: src.ID, Contents: pkg.Contents,
		Libraries: lib.Dirs(), Dir: res.Dir, Files: res.Files, Bytes: res.Bytes, Recorded: src.Hash, Predicted: prediction.Hash, NotChecked: []string{},
	}
	if o.dryRun {
		doc.NotChecked = append(doc.NotChecked, objectsNotChecked)
	}
	doc.Notes = res.Notes
	if doc.Recorded != "" && doc.Recorded != doc.Predicted {
		doc.Notes = append(doc.Notes, "the content hash recorded there, "+doc.Recorded+", is not the predicted "+doc.Predicted+": "+predictedNote)
	}
	if o.json {
		return printJSON(env.stdout, doc)
	}
	return doc.print(env, o)
}

func checkRecover(o *options, to string) error {
	switch {
	case len(o.proof.libraries) == 0:
		return &usageError{msg: "no content library given", hint: "name the folder SCCMContentLib with --content-library"}
	case strings.TrimSpace(to) == "":
		return &usageError{msg: "no folder to recover into", hint: "name a new folder with --to"}
	}
	return errors.Join(checkHere("--to", to), o.proof.check())
}

// wantedContent finds the content of the package that was asked for.
func wantedContent(lib *contentlib.Library, o proofOptions) (contentlib.Package, string, error) {
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

// explainRecovery gives advice that fits a recovery: that of others is about our library.
func explainRecovery(err error) error {
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case is[*stage.MismatchError](err):
		return &advisedError{err, "nothing was written; try the content library of another distribution point, or another --content-version"}
	case is[*stage.RefusedError](err), is[*stage.DestinationError](err):
		return &advisedError{err, "name a new folder with --to, in a folder that exists, with space and write access"}
	}
	return err
}

func (d jsonRecover) printNotes(env environment, o *options) {
	if o.quiet {
		return
	}
	for _, n := range d.Notes {
		say(env.stderr, "usmtpkg: note: %s\n", finding.PlainText(n))
	}
}

func (d jsonRecover) print(env environment, o *options) error {
	d.printNotes(env, o)
	checked := "every file was hashed while it was written, and is what the content library recorded; nothing was read back"
	if d.DryRun {
		checked = "every object is there, and of the right size; not checked: their content"
	}
	recorded := d.Recorded
	switch recorded {
	case "":
		recorded = "none is recorded"
	case d.Predicted:
		recorded += ", the predicted one"
	default:
		recorded += ", NOT the predicted one"
	}
	_, err := printf(env.stdout, "%scontent      %s of %s\nrecovered    %s\n             %s, %s\nchecked      %s\ncontent hash %s\n",
		dryRunMark(o), d.Content, strings.Join(d.Contents, ", "), d.Dir, countOf(d.Files, "file", "files"), size(d.Bytes), checked, recorded)
	return err
}
