package stage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"usmtpkg/locate/tree"
	"usmtpkg/stage/bag"
)

// sameShape names the releases of this version that have as many files and
// bytes as the source: only they can have the same content.
func (l *Library) sameShape(r *run) ([]string, error) {
	names, err := l.Releases()
	if err != nil {
		return nil, err
	}
	var held error
	names = slices.DeleteFunc(names, func(name string) bool {
		if !strings.HasPrefix(name, r.o.USMTVersion+"-") {
			return true
		}
		// One whose record cannot be read is no help, and no obstacle to others;
		// of one that is held open now nobody can say what it is.
		rec, err := l.Release(name)
		if tree.IsLocked(err) {
			held = errors.Join(held, fmt.Errorf("release %s: %w", name, err))
		}
		return err != nil || rec.FileCount != len(r.tree.Files) || rec.Bytes != r.tree.Bytes()
	})
	return names, held
}

// unchanged looks for a release with exactly the content of the source, and
// makes sure that it is still intact. done is false when there is none.
func (w *Writer) unchanged(ctx context.Context, r *run) (res Result, done bool, err error) {
	names, err := w.sameShape(r)
	if err != nil || len(names) == 0 {
		return res, false, err
	}
	for _, name := range names {
		if res, done, err = w.matchRelease(ctx, r, name); done || err != nil {
			return res, done, err
		}
	}
	if r.o.AllowChanged {
		return res, false, nil // the copy gives the sums; a damaged release is found when it is to be published
	}
	// None equals the source byte by byte. If the sums say that one should, it is damaged.
	if r.sums, err = hashSource(ctx, r.src.FS, r.tree, r.workers, r.o.Progress); err != nil {
		return res, false, err
	}
	if err := r.describe(); err != nil {
		return res, false, err
	}
	rec, err := w.Release(r.rec.Name)
	if errors.Is(err, fs.ErrNotExist) {
		return res, false, nil
	}
	if err != nil {
		return res, false, r.damaged(ctx, w.Library, err)
	}
	rec.Verify.Requested = r.o.Verify
	if rec.Verify.Used, err = w.recheck(ctx, r); err == nil {
		err = r.inspectSource(ctx)
	}
	return Result{Release: rec}, err == nil, err
}

// damaged is the error for a release whose record cannot be read, which should
// hold the content of the source already: all that differs in it.
func (r *run) damaged(ctx context.Context, lib *Library, err error) error {
	var mismatch *MismatchError
	if _, differs := lib.recheck(ctx, r); errors.As(differs, &mismatch) {
		return mismatch
	}
	return damaged(r.rec.Name, err)
}

// damaged turns the error of reading a release that should hold the content of
// the source already into a mismatch, if it is the release's fault.
func damaged(name string, err error) error {
	return damagedAs("release "+name+", already in the library for this content", err)
}

// damagedAs does the same for a release of which something else is said.
func damagedAs(what string, err error) error {
	var syntax *bag.SyntaxError
	var format *FormatError
	var newer *newerError
	switch {
	case errors.As(err, &newer):
	case errors.As(err, &syntax):
		return &MismatchError{What: what, Files: []FileResult{{Path: syntax.File, Verdict: Changed, Found: syntax.Found, Wanted: syntax.Wanted}}}
	case errors.As(err, &format):
		return &MismatchError{What: what, Files: []FileResult{{Path: format.File, Verdict: Changed, Found: format.Reason}}}
	case errors.Is(err, fs.ErrNotExist):
		return &MismatchError{What: what, Files: []FileResult{{Path: bag.DeclarationName, Verdict: Missing}}}
	}
	return err
}

// matchRelease verifies a release and compares it with the source in one pass.
// done is false when they differ, or the release is not whole.
func (w *Writer) matchRelease(ctx context.Context, r *run, name string) (res Result, done bool, err error) {
	rec, err := w.Release(name)
	if err != nil {
		return res, false, nil // it was readable a moment ago; the slow way reports it
	}
	root, err := tree.Sub(w.root, name)
	if err != nil {
		return res, false, destination("opening release "+name, err)
	}
	defer root.Close() //nolint:errcheck // only read
	rep, err := verifyBag(ctx, root, VerifyOptions{
		Workers: r.workers, Checker: r.o.Checker, Progress: r.o.Progress,
		Uncached: r.o.Verify == VerifyUncached, Release: true, Predict: r.o.Predict, twin: newTwin(r.src.FS, r.tree),
	})
	var syntax *bag.SyntaxError
	switch {
	case errors.Is(err, errTwinDiffers) || errors.As(err, &syntax) || errors.Is(err, fs.ErrNotExist):
		return res, false, nil
	case err != nil:
		return res, false, err
	case len(rep.Differences()) > 0 || rep.payload != len(r.tree.Files):
		return res, false, nil
	}
	rec.Verify = VerifyRecord{Requested: r.o.Verify, Used: rep.Used}
	return Result{Release: rec}, true, r.o.Checker.Finish()
}

// recheck re-reads an existing release that should equal the source. The
// content is the source's, so nobody has to judge it anew.
func (l *Library) recheck(ctx context.Context, r *run) (VerifyMode, error) {
	root, err := tree.OpenRoot(l.ReleaseDir(r.rec.Name))
	if err != nil {
		return "", destination("opening release "+r.rec.Name, err)
	}
	defer root.Close() //nolint:errcheck // only read
	rep, err := verifyBag(ctx, root, VerifyOptions{
		Workers: r.workers, Progress: r.o.Progress, Uncached: r.o.Verify == VerifyUncached, Release: true, Predict: r.o.Predict,
	})
	if err != nil {
		return "", damaged(r.rec.Name, err)
	}
	if bad := rep.Differences(); len(bad) > 0 {
		return "", &MismatchError{What: "release " + r.rec.Name + ", already in the library for this content", Files: bad}
	}
	return rep.Used, nil
}
