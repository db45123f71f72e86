package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"usmtpkg/cmd/usmtpkg/report"
	"usmtpkg/locate"
	"usmtpkg/stage"
)

type reportOptions struct {
	library libraryFlags
	policy  policyFlags
	against string
	output  string
	workers int
}

func newReportCmd(p *program) *cobra.Command {
	var o reportOptions
	cmd := &cobra.Command{
		Use:   "report [RELEASE]",
		Short: "Write a page about a release, for a change ticket",
		Long: `report reads RELEASE, or the active release, and writes one HTML page about it, for a change board, an
auditor, and the engineer who comes next year: where it comes from and when, what was checked and
what was not, findings, signatures and proofs, what differs from the release before, what to do next
and how to go back, and every file.

The page is one file. It has no links to others, asks for nothing, and can be read without script, on
paper, and by a screen reader.

The release is read and validated again for it. If a file is not as it was staged, the page says so, and
the exit status is 5; if there are errors, it is 4.`,
		Example: `  usmtpkg report --library D:\Sources\OSD\USMT --output C:\Temp\CHG0012345.html
  usmtpkg report 26100.2454 --against 26100.1 --library /srv/usmt --output usmt.html`,
		Args: atMostOne,
		RunE: p.runs(func(ctx context.Context, args []string) (report.Document, error) { return p.report(ctx, o, args) }),
	}
	f := cmd.Flags()
	o.library.add(f)
	f.StringVar(&o.against, "against", "", "`RELEASE` compare with this release (default: the one staged before)")
	f.StringVarP(&o.output, "output", "o", "", "`FILE` write the page to this new file")
	heading(f, "Report")
	o.policy.add(f)
	workersFlag(f, &o.workers, "read")
	return cmd
}

func (p *program) report(ctx context.Context, o reportOptions, args []string) (_ report.Document, err error) {
	if o.output == "" {
		return nil, &usageError{msg: "no file for the page", hint: "name a new file with --output, such as usmt.html"}
	}
	if err := checkHere("--output", o.output); err != nil {
		return nil, err
	}
	shown, err := show(o.library, args)
	if err != nil {
		return nil, err
	}
	about := report.PageAbout{Now: p.now(), Record: shown.(*report.Show)}
	if err := p.describe(ctx, o, &about); err != nil {
		return nil, err
	}
	doc := &report.Page{Head: report.NewHead("report")}
	doc.Fill(about)
	report.Finish(doc, exitOK, version())
	if doc.File, err = writeNew(o.output, "writing the page", func(w io.Writer) error { return report.WriteHTML(w, doc) }); err != nil {
		return nil, err
	}
	info, err := os.Stat(doc.File)
	if err != nil {
		return nil, err
	}
	doc.Bytes = info.Size()
	switch {
	case !doc.Equal:
		return doc, errDiffers
	case doc.Errors > 0 || o.policy.strict && doc.Warnings > 0:
		return doc, marked(&stage.FormatError{File: doc.Release, Reason: "it has findings"})
	}
	return doc, nil
}

// describe finds out what the page says: it reads the release, validates it, and compares it with another.
func (p *program) describe(ctx context.Context, o reportOptions, about *report.PageAbout) error {
	lib, err := stage.Open(o.library.dir)
	if err != nil {
		return err
	}
	if about.Releases, _, err = releases(lib); err != nil { // one that cannot be read does not matter here
		return err
	}
	name := about.Record.Release.Release
	bar := p.newProgress()
	defer bar.stop()
	rep, err := stage.Verify(ctx, lib.ReleaseDir(name), stage.VerifyOptions{Workers: o.workers, Progress: bar, Release: true, Predict: predictHash})
	if err != nil {
		return unread(lib.ReleaseDir(name), err)
	}
	bar.stop()
	about.Read = report.NewComparison(report.AgainstManifest, rep)
	after, err := p.openRelease(ctx, o.library, name)
	if err != nil {
		return err
	}
	defer after.close() //nolint:errcheck // only read
	lo, err := p.pageOptions(ctx, o, lib, name)
	if err != nil {
		return err
	}
	if err := after.list(ctx, lo); err != nil {
		return err
	}
	about.Checks, about.Findings = report.ChecksOf(after.report, locate.Catalogs{}), report.Findings(after.report.Findings())
	if err := p.comparePage(ctx, o, about, &after); err != nil {
		return err
	}
	changes := map[string]string{}
	if about.Diff != nil {
		for _, f := range about.Diff.Files {
			changes[f.Path] = string(f.Change)
		}
	}
	for _, f := range after.report.Proven {
		k := after.files[f.Path]
		row := report.PageFile{Change: changes[f.Path]}
		row.Path, row.Size, row.SHA256, row.FileVersion, row.Proof = f.Path, k.Size, k.SHA256, k.FileVersion, string(f.Proof)
		about.Files = append(about.Files, row)
	}
	return nil
}

// pageOptions are those of the validation: with the catalogs that the release keeps, and its overlay.
func (p *program) pageOptions(ctx context.Context, o reportOptions, lib *stage.Library, name string) (locate.Options, error) {
	rec, err := lib.Release(name)
	if err != nil {
		return locate.Options{}, err
	}
	lo, err := p.validation(o.policy, rec.Sample, o.workers)
	if err != nil || rec.Sample {
		return lo, err
	}
	if _, err := o.policy.lists.read(ctx, &lo, locate.Candidate{}); err != nil {
		return lo, err
	}
	kept, err := keptIn(ctx, lo, lib.ReleaseDir(name))
	if err != nil {
		return lo, err
	}
	lo.Catalogs = mergeCatalogs(kept, lo.Catalogs)
	for _, f := range rec.Overlay {
		lo.Overlay = append(lo.Overlay, locate.Declared{Path: f.Path, From: f.From, Size: f.Size, SHA256: f.SHA256, Replace: true})
	}
	return lo, nil
}

// comparePage compares the release with the one given, or else with the one staged before it.
func (p *program) comparePage(ctx context.Context, o reportOptions, about *report.PageAbout, after *side) error {
	name := o.against
	about.Chosen = "Compared with the release that was given."
	if name == "" {
		if name = before(about.Releases, about.Record.Release); name == "" {
			return nil
		}
		about.Chosen = "Compared with the release that was staged before this one."
	}
	other, err := p.openRelease(ctx, o.library, name)
	if err != nil {
		return err
	}
	defer other.close() //nolint:errcheck // only read
	if other.doc.Release == after.doc.Release {
		return &usageError{msg: fmt.Sprintf("--against names release %s itself", after.doc.Release), hint: "name another release; usmtpkg list shows them"}
	}
	lo := locate.Options{Policy: anyArch(), Workers: o.workers}
	if lo.Signatures, err = o.policy.trust.verifier(p.now); err != nil {
		return err
	}
	if err := other.list(ctx, lo); err != nil {
		return err
	}
	about.Diff, err = compareSides(ctx, &other, after, false)
	return err
}

// before is the release of the library that was staged last before r; empty if there is none.
func before(all []report.Release, r report.Release) string {
	order := func(a, b report.Release) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.Release, b.Release))
	}
	var best report.Release
	for _, x := range all {
		if x.Problem == "" && order(x, r) < 0 && (best.Release == "" || order(x, best) > 0) {
			best = x
		}
	}
	return best.Release
}

// anyArch is the policy of what is only listed.
func anyArch() locate.Policy {
	return locate.Policy{Allow: []string{locate.AMD64, locate.ARM64, locate.X86}}
}
