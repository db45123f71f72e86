package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"usmtpkg/cmd/usmtpkg/report"
	"usmtpkg/locate"
	"usmtpkg/locate/finding"
	"usmtpkg/locate/winname"
	"usmtpkg/stage"
)

// A job is one staging: the source found and judged good enough to copy.
type job struct {
	*program
	o         stageOptions
	usmt      usmt
	catalogs  locate.Catalogs
	opts      stage.Options
	chk       *checker
	look      *checker // the first look, at what is copied
	bar       *progress
	digest    string // that the release must have; empty: any
	copied    bool   // the source is a release that was staged from it
	published bool

	told map[string]bool // the findings that were printed for other libraries; nil: there are none
}

// prepare finds the source, or takes the one that is given, and looks at it, before anything is copied.
// packagePath is the library as ConfigMgr is to see it.
func (p *program) prepare(ctx context.Context, o stageOptions, packagePath string, from *origin) (*job, error) {
	j := p.newJob(o)
	if err := j.begin(ctx, packagePath, from); err != nil {
		return nil, j.end(err)
	}
	return j, nil
}

func (p *program) newJob(o stageOptions) *job {
	return &job{program: p, o: o, bar: p.newProgress(), usmt: usmt{close: func() error { return nil }}}
}

// begin does the work of prepare. If it fails, j has what was found until then.
func (j *job) begin(ctx context.Context, packagePath string, from *origin) error {
	lo, err := j.validation(j.o.policy, j.o.source.sample, j.o.copying.workers)
	if err == nil && from != nil {
		j.usmt, j.digest, j.copied, j.told = from.usmt, from.digest, from.copied, from.told
		j.usmt.close = func() error { return nil } // whoever gave it closes it
	} else if err == nil {
		j.usmt, err = j.openSource(ctx, j.o)
	}
	if err == nil {
		err = j.check(ctx, lo, packagePath)
	}
	return err
}

// openSource finds the source, and lays the overlay over it. Close it, also after an error.
func (p *program) openSource(ctx context.Context, o stageOptions) (usmt, error) {
	u, err := p.findUSMT(ctx, o.source)
	if err != nil {
		return usmt{close: func() error { return nil }}, err
	}
	return o.overlay.over(ctx, u, o.policy.forbid)
}

// end is the end of a job, with the error that it had.
func (j *job) end(err error) error {
	j.bar.stop()
	if err = errors.Join(err, j.usmt.close()); err != nil && !j.published {
		return &unpublishedError{err}
	}
	return err
}

// check makes sure that the target can be one, then looks at the source.
func (j *job) check(ctx context.Context, lo locate.Options, packagePath string) error {
	wo := j.writerOptions()
	err := stage.CheckTarget(j.o.library.dir, wo)
	if wo.Source = j.usmt.layout; err == nil && wo.Source != "" {
		err = stage.CheckTarget(j.o.library.dir, wo)
	}
	if err != nil {
		return err
	}
	path, err := sourcePath(j.o.library.dir, packagePath, j.usmt.Version.String()+"-"+strings.Repeat("0", 12))
	if err != nil {
		return err
	}
	lo.Prefix, lo.Overlay = winname.Units(path+`\`), j.usmt.declared()
	if j.catalogs, err = j.o.policy.lists.read(ctx, &lo, j.usmt.Candidate); err != nil {
		return err
	}
	rep, err := j.precheck(ctx, lo)
	if err != nil {
		return err
	}
	v, err := locate.NewValidator(lo)
	if err != nil {
		return err
	}
	// What is beside the arch folders is not copied, and reported as left out.
	entries, err := fs.ReadDir(j.usmt.fsys, ".")
	if err != nil {
		return &stage.SourceError{Err: err}
	}
	for _, e := range entries {
		if !locate.Scope(e.Name()) {
			v.Enter(e.Name(), e.Type())
		}
	}
	j.chk = &checker{v: v, strict: j.o.policy.strict, want: rep.Version}
	if j.look, err = firstLook(j.chk, lo); err != nil {
		return err
	}
	j.opts = stage.Options{
		USMTVersion: rep.Version.String(), Workers: j.o.copying.workers, Verify: j.o.copying.verify,
		Predict: predictHash, Checker: j.chk, FirstLook: j.look, Progress: j.bar, Tool: "usmtpkg " + version(),
		Evidence: evidence(j.usmt.Candidate), Validation: j.chk.validation, Proof: j.chk.proof, Catalogs: j.chk.catalogs,
		AllowDowngrade: j.o.copying.downgrade, Sample: j.o.source.sample, AllowChanged: j.o.copying.changed, Overlay: j.usmt.record(),
		Digest: j.digest,
	}
	if j.copied {
		j.opts.FirstLook = nil // it had that
	}
	return nil
}

// precheck looks at the source before anything is copied. If that finds an
// error, the whole check is made, so that the user sees all findings at once.
func (j *job) precheck(ctx context.Context, lo locate.Options) (*locate.Report, error) {
	rep, err := locate.Precheck(ctx, j.usmt.fsys, lo)
	if err != nil {
		return nil, &stage.SourceError{Err: err}
	}
	if rep.Err(j.o.policy.strict) == nil {
		return rep, nil
	}
	if rep, err = locate.Validate(ctx, j.usmt.fsys, lo); err != nil {
		return nil, &stage.SourceError{Err: err}
	}
	j.warn(rep.Findings())
	return rep, rep.Err(j.o.policy.strict)
}

func (j *job) writerOptions() stage.WriterOptions {
	o := j.program.writerOptions()
	o.Source, o.OverlayDirs = j.usmt.dir, j.usmt.overlayDirs
	return o
}

// write runs do with the library opened for writing.
func (j *job) write(ctx context.Context, do func(*stage.Writer) error) error {
	return j.withWriter(ctx, j.o.library, j.writerOptions(), do)
}

// document is the document of the job, as far as it is known before the end.
func (j *job) document(command string) *report.Stage {
	return &report.Stage{Head: report.NewHead(command), Library: absolute(j.o.library.dir), DryRun: j.o.dryRun, Source: report.Origin{Path: j.usmt.Path, How: j.usmt.How}, Reason: j.usmt.reason}
}

func (j *job) source() stage.Source {
	return stage.Source{
		FS: j.usmt.fsys, Include: locate.Scope,
		Origin: stage.Origin{Path: j.usmt.Path, How: j.usmt.How},
	}
}

// plan finds out what run would do, and touches nothing.
func (j *job) plan(ctx context.Context, doc *report.Stage) (*stage.Library, stage.Release, error) {
	lib, err := stage.Open(j.o.library.dir)
	if errors.Is(err, fs.ErrNotExist) {
		lib, err = stage.At(j.o.library.dir), nil
	}
	if err != nil {
		return nil, stage.Release{}, err
	}
	res, err := stage.Plan(ctx, lib, j.source(), j.opts)
	return stage.At(doc.Library), res.Release, j.result(ctx, doc, res, nil, err)
}

// run stages the source into the writer's library.
func (j *job) run(ctx context.Context, w *stage.Writer, doc *report.Stage) (stage.Release, error) {
	res, err := w.Stage(ctx, j.source(), j.opts)
	j.published = err == nil
	return res.Release, j.result(ctx, doc, res, w.Notes(), err)
}

// result fills in what the job came to, and prints the findings that the full check came to, or the first
// look that ended the run: warnings when all went well, everything when they kept the run from publishing.
func (j *job) result(ctx context.Context, doc *report.Stage, res stage.Result, notes []string, err error) error {
	j.bar.stop()
	if rep := cmp.Or(j.chk.report, j.look.report); rep != nil {
		j.warn(j.untold(rep.Findings()))
		doc.Checks, doc.Findings = report.ChecksOf(rep, j.catalogs), report.Findings(rep.Findings())
	}
	if err != nil {
		return err
	}
	doc.SetResult(res)
	if doc.Changes != nil {
		doc.Changes.Migration = j.migration(ctx, doc)
	}
	doc.PackageSource = localPackagePath(j.o.library.dir, doc.Release)
	other := otherRecord(res, j.usmt.record())
	if j.output.format == report.FormatText {
		j.console().Note(other...)
	}
	doc.Notes = slices.Concat(notes, other)
	return nil
}

// untold are the findings that were not printed for another library.
func (j *job) untold(list []*finding.Error) []*finding.Error {
	if j.told == nil {
		return list
	}
	list = slices.DeleteFunc(slices.Clone(list), func(f *finding.Error) bool { return j.told[f.Error()] })
	for _, f := range list {
		j.told[f.Error()] = true
	}
	return list
}

// otherRecord says that a release with this content was staged from something else, such as a source
// that had these files itself. Its record stays as it is.
func otherRecord(res stage.Result, now []stage.OverlayFile) []string {
	same := func(a, b stage.OverlayFile) bool { return a.Path == b.Path && a.Replaces == b.Replaces }
	if res.Published || res.Release.Name == "" || slices.EqualFunc(res.Release.Overlay, now, same) {
		return nil
	}
	return []string{fmt.Sprintf("release %s has this content, and was recorded with another overlay (%s); its record stays", res.Release.Name,
		report.CountOf(len(res.Release.Overlay), "file", "files"))}
}
