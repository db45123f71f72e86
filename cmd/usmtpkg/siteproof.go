package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"strings"

	"github.com/spf13/pflag"

	"usmtpkg/cmd/usmtpkg/report"
	"usmtpkg/locate/tree"
	"usmtpkg/pkgdef/contentlib"
	"usmtpkg/stage"
	"usmtpkg/stage/bag"
)

// contentFlags name what ConfigMgr has of a package in its content library.
type contentFlags struct {
	packageID string
	libraries []string // folders SCCMContentLib, one a drive
	version   int      // of the package; 0: the one that is distributed
}

func (o *contentFlags) add(f *pflag.FlagSet) {
	f.StringVar(&o.packageID, "package-id", "", "`ID` the package in ConfigMgr, such as P0100012")
	f.StringArrayVar(&o.libraries, "content-library", nil, "`DIR` ConfigMgr's content library, the folder SCCMContentLib; repeat it for each further drive, the one with PkgLib first")
	f.Var(&number{value: &o.version, min: 1, max: math.MaxInt32}, "content-version", "`N` its source version in the content library (default: the one that is distributed)")
	heading(f, "ConfigMgr")
}

func (o *contentFlags) check() error {
	for _, dir := range o.libraries {
		if err := checkHere("--content-library", dir); err != nil {
			return err
		}
	}
	if o.packageID == "" {
		return &usageError{msg: "no package is named", hint: "name the package in ConfigMgr with --package-id, such as P0100012"}
	}
	if err := contentlib.CheckPackageID(o.packageID); err != nil {
		return &usageError{msg: "--package-id: " + err.Error()}
	}
	return nil
}

// siteFlags name all that ConfigMgr made of a package.
type siteFlags struct {
	contentFlags
	logs []string // distmgr.log, oldest first
	deep bool
}

func (o *siteFlags) add(f *pflag.FlagSet) {
	o.contentFlags.add(f)
	f.BoolVar(&o.deep, "deep", false, "read and hash every object of the content library")
	f.StringArrayVar(&o.logs, "distmgr-log", nil, "`FILE|DIR` compare with the newest content hash in this distmgr.log, or the one in this folder, and what it was rotated from; repeat it for more, oldest first")
	heading(f, "ConfigMgr")
}

// given reports whether there is something of ConfigMgr to compare with.
func (o *siteFlags) given() bool { return len(o.libraries)+len(o.logs) > 0 }

func (o *siteFlags) check() error {
	for _, log := range o.logs {
		if err := checkHere("--distmgr-log", log); err != nil {
			return err
		}
	}
	switch {
	case o.given():
		if err := o.contentFlags.check(); err != nil {
			return err
		}
	case o.packageID != "":
		return &usageError{msg: "--package-id needs --distmgr-log or --content-library"}
	}
	switch {
	case len(o.libraries) == 0 && o.deep:
		return &usageError{msg: "--deep needs --content-library"}
	case len(o.libraries) == 0 && o.version != 0:
		return &usageError{msg: "--content-version needs --content-library"}
	}
	return nil
}

// contentHashName stands for the content hash among the results.
const contentHashName = "content hash"

// An unlistedError says that a release does not say what its files are.
type unlistedError struct{ err error }

func (e *unlistedError) Error() string {
	return "not compared with what ConfigMgr has: the release does not say what its files are: " + e.err.Error()
}
func (e *unlistedError) Unwrap() error { return e.err }

// predictHash is the content hash that stage records of a release, and wants of its record.
func predictHash(files []tree.FileSum) (hash string, doubts []string) {
	p, _ := contentlib.Predict(files, nil) // what it refuses has no hash
	return p.Hash, p.Doubts
}

// verifySite compares a release with what ConfigMgr made of it.
func verifySite(ctx context.Context, dir string, o siteFlags, co contentlib.Options) (all []report.Comparison, err error) {
	files, err := stage.PackageFiles(dir)
	if is[*stage.FormatError](err) || is[*bag.SyntaxError](err) || errors.Is(err, fs.ErrNotExist) {
		return nil, &unlistedError{err}
	}
	if err != nil {
		return nil, err
	}
	prediction, err := contentlib.Predict(files, nil)
	if err != nil {
		return nil, fmt.Errorf("predicting the content hash of %s: %w", dir, err)
	}
	if len(o.logs) > 0 {
		c, err := compareLogs(ctx, o, prediction)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	if len(o.libraries) > 0 {
		c, err := compareLibrary(ctx, o, files, prediction, co)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

// compareLogs compares the newest content hash that distmgr logged with the predicted one.
func compareLogs(ctx context.Context, o siteFlags, p contentlib.Prediction) (report.Comparison, error) {
	found, err := contentlib.SearchLogFiles(ctx, o.logs, o.packageID, p.Hash)
	if errors.Is(err, fs.ErrNotExist) || is[*tree.FileError](err) {
		err = &usageError{msg: "reading distmgr.log: " + err.Error(), hint: "name the log, or the folder it is in, with --distmgr-log"}
	}
	if is[*contentlib.OrderError](err) {
		err = &usageError{msg: err.Error(), hint: "give the logs oldest first, each with its own --distmgr-log"}
	}
	if err != nil {
		return report.Comparison{}, err
	}
	d := &report.Logged{
		PackageID: strings.ToUpper(o.packageID), Logs: o.logs, Predicted: p.Hash, Verdict: found.Verdict,
		Earlier: found.Earlier, Attempt: found.Attempt, Unattributed: found.Unattributed, Skipped: found.Skipped,
	}
	r := tree.FileResult{Path: contentHashName, Verdict: found.Verdict}
	if found.Verdict != contentlib.NotFound {
		d.Newest = &found.Newest
	}
	switch found.Verdict {
	case contentlib.Different:
		r.Wanted, r.Found = p.Hash, found.Newest.Hash
	case contentlib.Unfinished:
		r.Wanted, r.Found = p.Hash, "no whole hash of the newest refresh"
	case contentlib.NotFound:
		r.Wanted, r.Found = p.Hash, "none of package "+d.PackageID
	default: // the same
	}
	c := report.NewComparison(report.AgainstLog, stage.Report{Files: []tree.FileResult{r}, Notes: logNotes(d, p)})
	c.Logged = d
	return c, nil
}

// logNotes explain the verdict.
func logNotes(d *report.Logged, p contentlib.Prediction) []string {
	notes := append([]string{report.PredictedNote}, p.Doubts...)
	switch {
	case d.Verdict == contentlib.Different && d.Earlier != nil:
		notes = append(notes, "the package had the predicted hash before ("+d.Earlier.String()+"): it was given other content since")
	case d.Verdict == contentlib.Different:
		notes = append(notes, "an older version may still be there: update the distribution points of the package, and look again")
	case d.Verdict == contentlib.NotFound:
		notes = append(notes, "the log may begin later than the last refresh of the package, or the package was never distributed")
	}
	if d.Attempt != nil {
		notes = append(notes, attemptNote(d.Attempt))
	}
	if d.Unattributed > 0 {
		notes = append(notes, report.CountOf(d.Unattributed, "content hash", "content hashes")+" could be told to no package, since the log begins within a run")
	}
	if d.Skipped > 0 {
		notes = append(notes, report.CountOf(d.Skipped, "message is", "messages are")+" too long and not looked at")
	}
	return notes
}

// attemptNote is about a refresh that printed no hash, or not a whole one.
func attemptNote(a *contentlib.LogEntry) string {
	what := "no content hash follows"
	if a.Hash != "" {
		what = "its content hash is cut off (" + a.Hash + ")"
	}
	return "ConfigMgr began to refresh the package after that (" + a.String() + ") and " + what +
		": it is still at work, or it failed; look for errors behind that line, and run this again"
}

// compareLibrary compares what a content library has of the package with the release.
func compareLibrary(ctx context.Context, o siteFlags, files []tree.FileSum, p contentlib.Prediction, co contentlib.Options) (c report.Comparison, err error) {
	lib, err := contentlib.Open(o.libraries...)
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, lib.Close()) }()
	d := &report.Content{PackageID: strings.ToUpper(o.packageID), Libraries: lib.Dirs(), Predicted: p.Hash, Deep: o.deep}
	rep, err := checkContent(ctx, o.contentFlags, lib, d, files, co)
	if errors.Is(err, contentlib.ErrNotThere) { // the library lacks it: that is an outcome
		missing := tree.FileResult{Path: d.PackageID, Verdict: tree.Missing, Wanted: cmp.Or(d.Content, "package "+d.PackageID), Found: err.Error()}
		c = report.NewComparison(report.AgainstLibrary, stage.Report{Files: []tree.FileResult{missing}})
		c.Content = d
		return c, nil
	}
	if err != nil {
		return c, err
	}
	d.Recorded, d.Marked = rep.Hash, rep.Marked
	c = report.NewComparison(report.AgainstLibrary, stage.Report{Files: rep.Files})
	c.Notes = append(contentNotes(d, p, c.Equal), markedNotes(d.Marked)...)
	c.Content = d
	if !d.Deep {
		c.NotChecked = []string{report.ObjectsNotChecked}
	}
	return c, nil
}

// checkContent finds the content of the package and checks it.
func checkContent(ctx context.Context, o contentFlags, lib *contentlib.Library, d *report.Content, files []tree.FileSum, co contentlib.Options) (contentlib.Report, error) {
	pkg, err := lib.Package(o.packageID)
	if err != nil {
		return contentlib.Report{}, err
	}
	d.Contents = pkg.Contents
	if d.Content, err = pkg.ContentOf(o.version); err != nil {
		return contentlib.Report{}, err
	}
	return lib.Check(ctx, d.Content, files, co)
}

// contentNotes are about the content hash. It decides nothing: the files do, which were compared.
func contentNotes(d *report.Content, p contentlib.Prediction, equal bool) []string {
	differs := "the content hash recorded there, " + d.Recorded + ", is not the predicted " + d.Predicted
	switch {
	case d.Recorded == "":
		return []string{"the content library has no content hash of " + d.Content}
	case d.Recorded == d.Predicted:
		return []string{"the content hash recorded there is the predicted one"}
	case equal:
		return append([]string{differs + ", although the files are the same: " + report.PredictedNote}, p.Doubts...)
	}
	return []string{differs}
}
