package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"usmtpkg/cmd/usmtpkg/report"
	"usmtpkg/locate"
	"usmtpkg/locate/finding"
	"usmtpkg/locate/pe"
	"usmtpkg/locate/tree"
	"usmtpkg/locate/winname"
	"usmtpkg/stage"
	"usmtpkg/stage/archive"
)

// An arrival is a release on its way from elsewhere into the library: out of an archive, or from a registry.
type arrival struct {
	*program
	library libraryFlags
	o       arrivalFlags
	att     *attestation // nil: none is demanded
	bar     *progress
	chk     *checker // nil until all files are there
	rec     stage.Release
}

// newArrival gets ready, and finds what is wrong with the call before anything is read.
func (p *program) newArrival(library libraryFlags, o arrivalFlags, att *attestation) (*arrival, error) {
	if err := library.need(); err != nil {
		return nil, err
	}
	if _, err := p.validation(o.policy, o.sample, o.workers); err != nil {
		return nil, err
	}
	if err := stage.CheckTarget(library.dir, p.writerOptions()); err != nil {
		return nil, err
	}
	return &arrival{program: p, library: library, o: o, att: att, bar: p.newProgress()}, nil
}

// document is the document of an arrival, before anything is known.
func (a *arrival) document(command string) *report.Unpack {
	return &report.Unpack{Head: report.NewHead(command), Library: absolute(a.library.dir)}
}

// receive publishes what deliver puts, and fills the document in. what names the origin.
func (a *arrival) receive(ctx context.Context, doc *report.Unpack, what string, deliver func(archive.Each) error) error {
	defer a.bar.stop()
	var res stage.Result
	var notes []string
	err := a.withWriter(ctx, a.library, a.writerOptions(), func(w *stage.Writer) (err error) {
		res, err = w.Receive(ctx, what, deliver, stage.ReceiveOptions{
			Workers: a.o.workers, Uncached: a.o.uncached, Progress: a.bar, Predict: predictHash, Sums: a.att != nil,
			AllowDowngrade: a.o.downgrade, AllowChanged: a.o.changed,
			Known: a.known, Checker: func(dir string, rec stage.Release) (stage.Checker, error) { return a.checker(ctx, dir, rec) }, Verified: a.verified,
		})
		notes = w.Notes()
		return err
	})
	a.bar.stop()
	if a.chk != nil && a.chk.report != nil {
		a.warn(a.chk.report.Findings())
		doc.Checks, doc.Findings = report.ChecksOf(a.chk.report, locate.Catalogs{}), report.Findings(a.chk.report.Findings())
	}
	if err != nil && !res.Published {
		return &unpublishedError{explainArrival(what, err)}
	}
	if err != nil {
		return err
	}
	if a.att != nil {
		att := a.att.document()
		doc.Attestation = &att
	}
	doc.SetResult(res)
	doc.PackageSource = localPackagePath(a.library.dir, doc.Release)
	own := append(unconfirmed(res.Release, doc.Checks), overlayNotes(res.Release.Overlay)...)
	if a.output.format == report.FormatText { // those of the library are told already
		a.console().Note(own...)
	}
	doc.Notes = slices.Concat(notes, own)
	return nil
}

// known looks at the record of the release, before its payload comes.
func (a *arrival) known(rec stage.Release) error {
	if rec.Sample != a.o.sample {
		if rec.Sample {
			return &usageError{msg: "release " + rec.Name + " is of the sample kit, which is not USMT", hint: "to unpack it into a library for samples: --sample"}
		}
		return &usageError{msg: "release " + rec.Name + " is not of the sample kit", hint: "leave out --sample"}
	}
	if a.att != nil {
		if err := a.att.fits(rec); err != nil {
			return err
		}
	}
	if n := len(rec.Overlay); n > 0 && a.o.policy.proof && (a.att == nil || !a.att.authentic) {
		return &advisedError{
			err: &stage.FormatError{File: "release " + rec.Name, Reason: fmt.Sprintf("its record calls %s an overlay, such as %s, and nothing proves that",
				report.CountOf(n, "file", "files"), finding.Printable(rec.Overlay[0].Path))},
			hint: "give its --attestation and the --public-key that must have signed it, or leave out --require-proof",
		}
	}
	return nil
}

// checker returns what checks the release in dir by all rules, with the catalogs that it keeps.
func (a *arrival) checker(ctx context.Context, dir string, rec stage.Release) (stage.Checker, error) {
	if err := a.known(rec); err != nil { // where the record came last, or could not be read at first
		return nil, err
	}
	lo, err := a.validation(a.o.policy, rec.Sample, a.o.workers)
	if err != nil {
		return nil, err
	}
	path, err := sourcePath(a.library.dir, "", rec.Name)
	if err != nil {
		return nil, err
	}
	lo.Prefix, lo.Overlay = winname.Units(path+`\`), recordedOverlay(rec, false)
	if _, err := a.o.policy.lists.read(ctx, &lo, locate.Candidate{}); err != nil { // of no kit: those that are given
		return nil, err
	}
	if lo.Signatures != nil {
		kept, err := keptIn(ctx, lo, dir)
		if err != nil {
			return nil, err
		}
		lo.Catalogs = mergeCatalogs(kept, lo.Catalogs)
	}
	v, err := locate.NewValidator(lo)
	if err != nil {
		return nil, err
	}
	a.rec = rec
	want, _ := pe.ParseVersion(rec.USMTVersion) // what is not a version differs from the one that was found
	a.chk = &checker{v: v, strict: a.o.policy.strict, want: want}
	return arrivalChecker{a.chk, rec}, nil
}

// An arrivalChecker is the checker of a release: its record says what version it has.
type arrivalChecker struct {
	*checker
	rec stage.Release
}

func (c arrivalChecker) Finish() error {
	err := c.checker.Finish()
	if errors.Is(err, tree.ErrChanged) {
		return &stage.MismatchError{What: "release " + c.rec.Name, Files: []stage.FileResult{{
			Path: "release.json (usmt_version)", Verdict: stage.Changed, Wanted: c.rec.USMTVersion, Found: report.VersionText(c.report.Version),
		}}}
	}
	if err != nil {
		return err
	}
	if bad := lies(c.rec, report.ChecksOf(c.report, locate.Catalogs{})); len(bad) > 0 {
		return &stage.MismatchError{What: "release " + c.rec.Name, Files: bad}
	}
	return nil
}

// verified compares the release with its attestation.
func (a *arrival) verified(rep stage.Report) error {
	if a.att == nil {
		return nil
	}
	if bad := a.att.compare(rep).Differences(); len(bad) > 0 {
		return &stage.MismatchError{What: "the release is not what " + a.att.file + " attests", Files: bad}
	}
	return nil
}

// explainArrival gives advice that fits: there is no source that could be repaired or staged again.
func explainArrival(what string, err error) error {
	const again = "get it again from where it was packed"
	bad := (*stage.MismatchError)(nil)
	switch {
	case errors.Is(err, context.Canceled), is[*usageError](err), is[*attestationError](err), is[*advisedError](err):
	case errors.As(err, &bad) && strings.Contains(bad.What, "already in the library"):
		return &advisedError{err: err, hint: "the release in the library is damaged: move its folder out, and run again"}
	case bad != nil:
		return &advisedError{err: err, hint: "nothing was published; do not use " + what + "; " + again}
	case is[*archive.FormatError](err), is[*stage.FormatError](err) && !is[*stage.DestinationError](err):
		return &advisedError{err: err, hint: "nothing was published; " + again}
	}
	return err
}
