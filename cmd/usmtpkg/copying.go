package main

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"usmtpkg/locate"
	"usmtpkg/locate/finding"
	"usmtpkg/stage"
)

type copyOptions struct {
	workers   int
	verify    stage.VerifyMode
	downgrade bool
	changed   bool
}

func (o *copyOptions) flags(f *pflag.FlagSet) {
	workersFlag(f, &o.workers, "copied")
	o.verify = stage.VerifyReread
	f.Var(&word[stage.VerifyMode]{&o.verify, []stage.VerifyMode{stage.VerifyReread, stage.VerifyUncached, stage.VerifyStream}, "mode"},
		"verify", "how the copy is compared: reread, uncached or stream")
	f.BoolVar(&o.downgrade, "allow-downgrade", false, "take a USMT that is older than that of the active release")
	f.BoolVar(&o.changed, "allow-changed", false, "take a USMT whose files differ from those of a release with the same USMT version")
}

// An outcome is what staging came to.
type outcome struct {
	stage.Result
	usmt   usmt
	report *locate.Report
	notes  []string
	dir    string // the library, absolute
}

// A job is one staging: the source found and judged good enough to copy.
type stageJob struct {
	env  environment
	o    *options
	usmt usmt
	opts stage.Options
	chk  *checker
	bar  *progress

	lints []*finding.Error // about the settings
}

// prepare finds and prechecks the source.
func prepare(ctx context.Context, env environment, o *options) (*stageJob, error) {
	if err := o.needLibrary(); err != nil {
		return nil, err
	}
	o.unpublished = true
	if _, err := o.validation(env, ""); err != nil {
		return nil, err
	}
	u, err := findUSMT(ctx, env, o)
	if err != nil {
		return nil, err
	}
	if u, err = overlaid(ctx, o, u); err != nil {
		return nil, errors.Join(err, u.close())
	}
	j := &stageJob{env: env, o: o, usmt: u, bar: newProgress(env, o)}
	if err := j.check(ctx); err != nil {
		return nil, errors.Join(err, j.close())
	}
	return j, nil
}

func (j *stageJob) close() error {
	j.bar.stop()
	return j.usmt.close()
}

// check makes sure that the target can be one, then looks at the source.
func (j *stageJob) check(ctx context.Context) error {
	if err := stage.CheckTarget(j.o.library, j.writerOptions()); err != nil {
		return err
	}
	prefix, err := packagePath(j.o, j.usmt.Version.String()+"-"+strings.Repeat("0", 12))
	if err != nil {
		return err
	}
	lo, err := j.o.validation(j.env, prefix+`\`)
	if err != nil {
		return err
	}
	lo.Overlay = j.usmt.declared()
	if err := j.o.withLists(ctx, &lo, &j.usmt); err != nil {
		return err
	}
	rep, err := precheck(ctx, j.env, j.o, j.usmt.fsys, lo)
	if err != nil {
		return err
	}
	v, err := locate.NewValidator(lo)
	if err != nil {
		return err
	}
	// What lies beside the arch folders is not copied, and said to be left out.
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
	j.opts = stage.Options{
		USMTVersion: rep.Version.String(), Workers: j.o.copy.workers, Verify: j.o.copy.verify,
		Predict: predictHash, Checker: j.chk, Progress: j.bar, Tool: "usmtpkg " + version(),
		Evidence: evidence(j.usmt.Candidate), Validation: j.chk.validation, Proof: j.chk.proof, Catalogs: j.chk.keptCatalogs,
		AllowDowngrade: j.o.copy.downgrade, Sample: j.o.source.sample, AllowChanged: j.o.copy.changed, Overlay: j.usmt.record(),
	}
	return nil
}

func (j *stageJob) writerOptions() stage.WriterOptions {
	return stage.WriterOptions{Protected: protectedFolders(j.env), Source: j.usmt.dir, OverlayDirs: j.usmt.overlayDirs, Now: j.env.now}
}

func (j *stageJob) source() stage.Source {
	return stage.Source{
		FS: j.usmt.fsys, Include: locate.Scope,
		Origin: stage.Origin{Path: j.usmt.Path, How: j.usmt.How},
	}
}

// plan tells what run would do, and touches nothing.
func (j *stageJob) plan(ctx context.Context) (outcome, error) {
	lib, err := stage.Open(j.o.library)
	if errors.Is(err, fs.ErrNotExist) {
		lib, err = stage.At(j.o.library), nil
	}
	if err != nil {
		return outcome{}, err
	}
	res, err := stage.Plan(ctx, lib, j.source(), j.opts)
	return j.outcome(res, nil), j.explain(err)
}

// run stages the source into the writer's library.
func (j *stageJob) run(ctx context.Context, w *stage.Writer) (outcome, error) {
	res, err := w.Stage(ctx, j.source(), j.opts)
	j.o.unpublished = err != nil
	return j.outcome(res, w.Notes()), j.explain(err)
}

func (j *stageJob) outcome(res stage.Result, notes []string) outcome {
	j.bar.stop()
	dir, err := filepath.Abs(j.o.library)
	if err != nil {
		dir = j.o.library
	}
	other := otherRecord(res, j.usmt.record())
	for _, n := range other {
		if !j.o.json && !j.o.quiet {
			say(j.env.stderr, "usmtpkg: note: %s\n", n)
		}
	}
	notes = slices.Concat(notes, other)
	return outcome{Result: res, usmt: j.usmt, report: j.chk.report, notes: notes, dir: dir}
}

// explain prints the findings that the full check came to: warnings when all
// went well, everything when they kept the run from publishing.
func (j *stageJob) explain(err error) error {
	if j.chk.report == nil || j.o.json {
		return err
	}
	printFindings(j.env.stderr, j.o, j.chk.report.Findings(), finding.SeverityWarning)
	return err
}
