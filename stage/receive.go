package stage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"usmtpkg/locate/tree"
	"usmtpkg/stage/archive"
)

// ReceiveOptions tunes Receive. The zero value is ready to use.
type ReceiveOptions struct {
	Workers  int      // files worked on at once; 0 means 4, and more where a server answers slowly
	Uncached bool     // read back past the page cache where the system can
	Progress Progress // nil reports nothing

	Predict        Predictor // the content hash that the record has to have; nil: a record that has one differs
	Sums           bool      // the report for Verified has the sums of the files
	AllowDowngrade bool      // see Options
	AllowChanged   bool      // see Options

	// Known is called with the record of the release as soon as that is there, which in an archive of ours is
	// before its payload. An error ends the run. The record is not verified yet.
	Known func(Release) error
	// Checker returns what checks the payload when all is there: the release is in the folder dir.
	Checker func(dir string, rec Release) (Checker, error)
	// Verified is called with how the release compares with its manifests, if nothing differs.
	Verified func(Report) error
}

// receivedDir is the folder in a staging folder that gets the name of the release. The proof that the
// staging folder is ours is beside it, because the release has the id of the library that it was staged in.
const receivedDir = "release"

// Received are the limits for an archive with a release: four times the largest USMT.
var Received = archive.Limits{Files: 250_000, Bytes: 4 << 30}

// Receive publishes a release that was staged in another library. deliver puts its files, in any order and
// from one goroutine or several; the paths may all be below one folder. They are written into a staging
// folder, flushed, read back, compared with the manifests of the release and checked; then the folder gets
// the release's name. If the release is in the library already, nothing is published.
//
// what names the origin in errors. A *FormatError says that it is not a release, a *MismatchError that it
// is not what its manifests say.
func (w *Writer) Receive(ctx context.Context, what string, deliver func(put archive.Each) error, o ReceiveOptions) (res Result, err error) {
	o.Progress = progressOr(o.Progress)
	name, err := w.makeStaging(ctx)
	if err != nil {
		return res, err
	}
	defer func() {
		left := w.removeStaging(context.WithoutCancel(ctx), name)
		switch {
		case left != nil && err != nil:
			err = errors.Join(err, fmt.Errorf("removing %s (a later run will do it): %w", name, left))
		case left != nil:
			w.note(fmt.Sprintf("%s could not be removed: %v", name, left))
		}
	}()
	w.step("staging")
	x := &intake{w: w, o: o, what: what, dir: filepath.Join(w.dir, name, receivedDir)}
	if err := x.fill(ctx, name, deliver); err != nil {
		return res, err
	}
	return x.publish(ctx, name+"/"+receivedDir)
}

// fill makes the folder of the release: complete, checked and flushed.
func (x *intake) fill(ctx context.Context, name string, deliver func(put archive.Each) error) (err error) {
	const doing = "creating the staging folder"
	staging, err := tree.Sub(x.w.root, name)
	if err != nil {
		return destination(doing, err)
	}
	defer staging.Close() //nolint:errcheck // what was written in it is flushed
	if err := errors.Join(writeNew(x.w.disk, staging, ownerFile, proof(x.w.ID)), staging.Mkdir(receivedDir, 0o777)); err != nil {
		return destination(doing, err)
	}
	if x.root, err = tree.Sub(staging, receivedDir); err != nil {
		return destination(doing, err)
	}
	x.files = tree.NewFolders(ctx, x.root, 1)
	defer func() { _ = errors.Join(x.files.Close(), x.root.Close()) }()
	d, err := newDurable(x.root, x.w.disk)
	if err != nil {
		return destination(doing, err)
	}
	defer d.close() //nolint:errcheck // only flushed
	x.copier = &copier{dst: x.root, files: x.files, disk: d.single()}
	if err := deliver(func(name string, size int64, r io.Reader) error { return x.put(ctx, name, size, r) }); err != nil {
		return err
	}
	d.unsupported = x.copier.unflush
	x.durability = d.result()
	x.w.step("received")
	flushed := d.start(ctx, x.o.Uncached)
	err = x.check(ctx)
	if err := errors.Join(err, destination("flushing the release", flushed())); err != nil {
		return err
	}
	if !d.syncfs {
		err = flushTree(ctx, d, x.folders())
	}
	x.w.step("sealed")
	return destination("flushing the staging folder", err)
}

// check reads back what was written, compares it with the manifests, and has it checked.
func (x *intake) check(ctx context.Context) error {
	if !x.hasRecord {
		return &FormatError{x.what, "it has no " + releaseFile + ", so it is not a release"}
	}
	rec, err := readRelease(x.root)
	vo := VerifyOptions{Workers: x.o.Workers, Uncached: x.o.Uncached, Release: true, Predict: x.o.Predict, Sums: x.o.Sums, Progress: x.o.Progress}
	if err == nil && x.o.Checker != nil {
		if vo.Checker, err = x.o.Checker(x.dir, rec); err != nil {
			return err
		}
	}
	rep, err := verifyBag(ctx, x.root, vo)
	if err != nil {
		return damagedAs(x.what, err)
	}
	if bad := rep.Differences(); len(bad) > 0 {
		return &MismatchError{What: x.what, Files: bad}
	}
	x.rec, x.rec.Verify.Used = rec, rep.Used
	if vo.Checker != nil {
		if err := vo.Checker.Finish(); err != nil {
			return err
		}
	}
	if x.o.Verified != nil {
		if err := x.o.Verified(rep); err != nil {
			return err
		}
	}
	x.w.step("verified")
	return x.compare()
}

// compare compares the release with those in the library, as Stage does with a kit.
func (x *intake) compare() error {
	if err := x.suits(x.rec); err != nil {
		return err
	}
	base, err := x.w.baseline(x.rec.USMTVersion)
	if err != nil {
		return err
	}
	kit, err := recordedKit(x.root, x.rec.Name)
	if err != nil {
		return err
	}
	x.changes, err = base.judge(kit, x.o.AllowChanged)
	if differs := (*SameVersionError)(nil); errors.As(err, &differs) {
		if _, there := x.w.Release(x.rec.Name); there == nil {
			differs.Known = x.rec.Name
		}
	}
	return err
}

// suits refuses a release that does not belong into the library.
func (x *intake) suits(rec Release) error {
	o := Options{USMTVersion: rec.USMTVersion, Sample: rec.Sample, AllowDowngrade: x.o.AllowDowngrade}
	return errors.Join(checkSample(x.w.Library, o), checkDowngrade(x.w.Library, o))
}

// publish renames the folder, unless the release is there.
func (x *intake) publish(ctx context.Context, from string) (Result, error) {
	w, name := x.w, x.rec.Name
	x.rec.Verify.Requested, x.rec.Durability = VerifyReread, x.durability
	if x.o.Uncached {
		x.rec.Verify.Requested = VerifyUncached
	}
	res := Result{Release: x.rec, Changes: x.changes}
	if err := w.lock.check(); err != nil {
		return res, err
	}
	if _, err := w.root.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
		r := &run{rec: x.rec, workers: x.o.Workers, o: Options{Progress: x.o.Progress, Verify: x.rec.Verify.Requested, Predict: x.o.Predict}}
		_, err := w.recheck(ctx, r)
		return res, err
	}
	if err := renameRetry(ctx, w.root, from, name); err != nil {
		return res, destination("publishing "+name, err)
	}
	w.step("published")
	res.Published = true
	return res, destination("publishing "+name, syncDir(w.disk, w.root, "."))
}
