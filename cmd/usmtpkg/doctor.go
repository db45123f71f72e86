package main

import (
	"context"
	"errors"
	"io/fs"

	"github.com/spf13/cobra"

	"usmtpkg/cmd/usmtpkg/report"
	"usmtpkg/stage"
)

const doctorName = "doctor"

func newDoctorCmd(p *program) *cobra.Command {
	var o refreshOptions
	cmd := &cobra.Command{
		Use:   doctorName,
		Short: "Check whether this machine can do the job",
		Long: `doctor checks what refresh needs, and what the scripts need afterwards, one line each: ok, a problem with
what to do about it, or not checked. Give it the flags that refresh is to get.

The exit status is the one that refresh would have: doctor does all that refresh --dry-run does. A problem
with something else, such as the execution policy, does not change it. In the library, doctor writes
one small file, flushes it and removes it again; it does so only if the library exists.`,
		Example: `  usmtpkg doctor --library D:\Sources\OSD\USMT --package-path \\server\Sources\OSD\USMT
  usmtpkg doctor --source /mnt/adk --library /srv/usmt --json`,
		Args: noArgument,
	}
	cmd.RunE = p.runs(func(ctx context.Context, _ []string) (report.Document, error) { return p.doctor(ctx, o) })
	o.addInput(cmd.Flags())
	o.define.add(cmd.Flags())
	return cmd
}

// A checkup is one run of doctor.
type checkup struct {
	*program
	o    refreshOptions
	job  *job
	plan *report.Stage // what refresh would do
}

func (p *program) doctor(ctx context.Context, o refreshOptions) (report.Document, error) {
	if err := errors.Join(o.check(o.define.path), o.source.check()); err != nil {
		return nil, err
	}
	if len(o.libraries) > 1 {
		return nil, &usageError{msg: "doctor checks one library, and several are given", hint: "run it for each"}
	}
	o.stageOptions, o.dryRun = o.into(o.libraries[0]), true
	c := &checkup{program: p, o: o, job: p.newJob(o.stageOptions)}
	c.plan = c.job.document("refresh")
	library := c.library()
	probed, probeErr := c.probe(library)
	refreshErr := c.job.end(c.rehearse(ctx))
	if bare, whole := errors.AsType[*unpublishedError](refreshErr); whole {
		refreshErr = bare.err // nothing was to be published
	}
	if ctx.Err() != nil || is[*usageError](refreshErr) {
		return nil, refreshErr
	}
	failed := refreshErr
	if failed == nil {
		failed = probeErr // what a dry run does not find
	}
	doc := &report.Doctor{Head: report.NewHead(doctorName), Library: absolute(o.library.dir), Exit: exitStatus(failed)}
	m := readMachine(p.getenv)
	doc.Checks = append([]report.Diagnosis{c.kit(refreshErr), c.inventory(), c.roots(), library, c.room(refreshErr)}, probed...)
	doc.Checks = append(doc.Checks, c.packagePath(), c.pathLength(refreshErr), consoleLine(m), policyLine(m))
	doc.Checks = append(doc.Checks, c.refresh(failed, doc.Checks))
	return doc, marked(failed)
}

// rehearse does what refresh --dry-run does.
func (c *checkup) rehearse(ctx context.Context) error {
	j := c.job
	if err := j.begin(ctx, c.o.define.path, nil); err != nil {
		return err
	}
	d := c.definer(c.o.library, c.o.define)
	if _, err := j.checkSettings(d); err != nil {
		return err
	}
	return j.planAll(ctx, d, c.plan)
}

// library checks the folder of the library without touching it.
func (c *checkup) library() report.Diagnosis {
	dir := absolute(c.o.library.dir)
	err := stage.CheckTarget(dir, c.writerOptions())
	if err == nil {
		err = stage.CheckWritable("opening the library", dir)
	}
	if err != nil {
		return c.problem(report.CheckLibrary, err)
	}
	lib, err := stage.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return ok(report.CheckLibrary, "%s is not a library yet, and this account may make one there", dir)
	}
	if err != nil {
		return c.problem(report.CheckLibrary, err)
	}
	names, err := lib.Releases()
	if err != nil {
		return c.problem(report.CheckLibrary, err)
	}
	return ok(report.CheckLibrary, "%s, %s; this account may write to it", dir, report.CountOf(len(names), "release", "releases"))
}

// probe writes a file into the library, and removes it, to see how the disk takes it.
func (c *checkup) probe(library report.Diagnosis) ([]report.Diagnosis, error) {
	dir := absolute(c.o.library.dir)
	skip := func(why string) []report.Diagnosis {
		return []report.Diagnosis{notChecked(report.CheckFlush, "%s", why), notChecked(report.CheckClock, "%s", why)}
	}
	if library.Verdict != report.DoctorOK {
		return skip("nothing is written where there is a problem with the library"), nil
	}
	if _, err := stage.Open(dir); err != nil {
		list := skip("nothing is written where there is no library yet")
		list[0].Hint = "run doctor again after the first refresh"
		return list, nil //nolint:nilerr // there is none yet, which is no failure
	}
	p, err := stage.Probe(dir, c.now)
	if err != nil {
		list := skip("the file to try it with could not be written")
		list[0] = c.problem(report.CheckFlush, err)
		return list, err
	}
	return []report.Diagnosis{flushLine(p.Durability), clockLine(p.Ahead)}, nil
}
