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

	"usmtpkg/locate/finding"
	"usmtpkg/locate/tree"
	"usmtpkg/pkgdef/contentlib"
	"usmtpkg/stage"
	"usmtpkg/stage/bag"
)

// proofOptions name what ConfigMgr made of a package.
type proofOptions struct {
	packageID string
	libraries []string // folders SCCMContentLib, one a drive
	version   int      // of the package; 0: the one that is distributed
	logs      []string // distmgr.log, oldest first
	deep      bool
}

// libraryFlags are those of every command that reads a content library.
func (o *proofOptions) libraryFlags(f *pflag.FlagSet) {
	f.StringArrayVar(&o.libraries, "content-library", nil, "ConfigMgr's content library, the folder SCCMContentLib; again for each further drive, that with PkgLib first")
	f.StringVar(&o.packageID, "package-id", "", "the package in ConfigMgr, such as P0100012")
	f.Var(&number{value: &o.version, min: 1, max: math.MaxInt32}, "content-version", "its source version in the content library (default: the one that is distributed)")
}

func (o *proofOptions) flags(f *pflag.FlagSet) {
	o.libraryFlags(f)
	f.StringArrayVar(&o.logs, "distmgr-log", nil, "compare with the newest content hash in this distmgr.log, or that in this folder, and what it was rotated from; again for more, oldest first")
	f.BoolVar(&o.deep, "deep", false, "read and hash every object of the content library")
}

// given reports whether there is something of ConfigMgr to compare with.
func (o *proofOptions) given() bool { return len(o.libraries)+len(o.logs) > 0 }

func (o *proofOptions) check() error {
	for _, dir := range o.libraries {
		if err := checkHere("--content-library", dir); err != nil {
			return err
		}
	}
	for _, log := range o.logs {
		if err := checkHere("--distmgr-log", log); err != nil {
			return err
		}
	}
	switch {
	case o.given() && o.packageID == "":
		return &usageError{msg: "no package is named", hint: "name the package in ConfigMgr with --package-id, such as P0100012"}
	case o.given():
		if err := contentlib.CheckPackageID(o.packageID); err != nil {
			return &usageError{msg: "--package-id: " + err.Error()}
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

// What a comparison is made against.
const (
	againstLog     = "distmgr-log"
	againstLibrary = "content-library"
)

// Verdicts on the content hash, beside same.
const (
	hashDifferent  stage.Verdict = "different"
	hashUnfinished stage.Verdict = "unfinished" // a newer refresh printed no whole hash
	hashNotFound   stage.Verdict = "not-found"
)

// predictedNote goes with everything that rests on the prediction.
const predictedNote = "the content hash is predicted: reverse-engineered, not confirmed on a live site"

// objectsNotChecked names what a look without --deep leaves out.
const objectsNotChecked = "content-library-objects"

// contentHash is the predicted content hash of a release; empty if none could be predicted.
func contentHash(rel stage.Release) string {
	if rel.ContentHash == nil {
		return ""
	}
	return rel.ContentHash.Value
}

// contentHashName stands for the content hash among the results.
const contentHashName = "content hash"

// jsonLogged is what a log says of a package.
type jsonLogged struct {
	PackageID    string        `json:"package_id"`
	Logs         []string      `json:"logs"`
	Predicted    string        `json:"predicted"`
	Verdict      stage.Verdict `json:"verdict"` // same, different, unfinished, not-found
	Newest       *jsonLogEntry `json:"newest,omitempty"`
	Attempt      *jsonLogEntry `json:"attempt,omitempty"` // after the newest, without a whole hash
	Earlier      *jsonLogEntry `json:"earlier,omitempty"` // that had the predicted hash
	Unattributed int           `json:"unattributed"`
	Skipped      int           `json:"skipped"`
}

type jsonLogEntry struct {
	Hash    string `json:"hash"`
	Version int    `json:"version,omitempty"` // the source version, where the log tells
	When    string `json:"when"`
	Log     string `json:"log"`
	Line    int    `json:"line"`
}

func (e *jsonLogEntry) text() string {
	s := ""
	if e.Version > 0 {
		s = fmt.Sprintf("source version %d, ", e.Version)
	}
	return fmt.Sprintf("%s%s:%d, %s", s, finding.Printable(e.Log), e.Line, finding.Printable(e.When))
}

// jsonContent is what a content library holds of a package.
type jsonContent struct {
	PackageID string   `json:"package_id"`
	Libraries []string `json:"content_libraries"`
	Content   string   `json:"content,omitempty"`  // the content id
	Contents  []string `json:"contents,omitempty"` // all of the package
	Recorded  string   `json:"recorded,omitempty"` // the content hash that the library has
	Predicted string   `json:"predicted"`
	Deep      bool     `json:"deep"`

	Marked []jsonMarked `json:"marked,omitempty"`
}

// jsonMarked is a file whose attributes in the content library are worth a look.
type jsonMarked struct {
	Path       string `json:"path"`
	Attributes string `json:"attributes,omitempty"` // "hidden", "system", or both
	Problem    string `json:"problem,omitempty"`    // why they cannot be read
}

// An unlistedError says that a release does not tell what its files are.
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
func verifySite(ctx context.Context, o *options, dir string, bar *progress) (all []jsonComparison, err error) {
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
	if len(o.proof.logs) > 0 {
		c, err := compareLogs(ctx, o.proof, prediction)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	if len(o.proof.libraries) > 0 {
		c, err := compareLibrary(ctx, o, files, prediction, bar)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

// compareLogs compares the newest content hash that distmgr logged with the predicted one.
func compareLogs(ctx context.Context, o proofOptions, p contentlib.Prediction) (jsonComparison, error) {
	found, err := contentlib.SearchLogFiles(ctx, o.logs, o.packageID, p.Hash)
	if errors.Is(err, fs.ErrNotExist) || is[*tree.FileError](err) {
		err = &usageError{msg: "reading distmgr.log: " + err.Error(), hint: "name the log, or the folder it lies in, with --distmgr-log"}
	}
	if is[*contentlib.OrderError](err) {
		err = &usageError{msg: err.Error(), hint: "give the logs oldest first, each with its own --distmgr-log"}
	}
	if err != nil {
		return jsonComparison{}, err
	}
	d := &jsonLogged{PackageID: strings.ToUpper(o.packageID), Logs: o.logs, Predicted: p.Hash, Unattributed: found.Unattributed, Skipped: found.Skipped}
	r := stage.FileResult{Path: contentHashName}
	switch found.Verdict {
	case contentlib.LogSame:
		r.Verdict = stage.Same
	case contentlib.LogDifferent:
		r.Verdict, r.Want, r.Found = hashDifferent, p.Hash, found.Newest.Hash
	case contentlib.LogUnfinished:
		r.Verdict, r.Want, r.Found = hashUnfinished, p.Hash, "no whole hash of the newest refresh"
	case contentlib.LogNotFound:
		r.Verdict, r.Want, r.Found = hashNotFound, p.Hash, "none of package "+d.PackageID
	}
	d.Verdict = r.Verdict
	if found.Verdict != contentlib.LogNotFound {
		d.Newest = (*jsonLogEntry)(&found.Newest)
	}
	d.Earlier, d.Attempt = (*jsonLogEntry)(found.Earlier), (*jsonLogEntry)(found.Attempt)
	c := comparisonDocument(againstLog, nil, stage.Report{Files: []stage.FileResult{r}, Notes: d.notes(p)})
	c.Logged = d
	return c, nil
}

// notes explain the verdict.
func (d *jsonLogged) notes(p contentlib.Prediction) []string {
	notes := append([]string{predictedNote}, p.Doubts...)
	switch {
	case d.Verdict == hashDifferent && d.Earlier != nil:
		notes = append(notes, "the package had the predicted hash before ("+d.Earlier.text()+"): it was given other content since")
	case d.Verdict == hashDifferent:
		notes = append(notes, "an older version may still be there: update the distribution points of the package, and look again")
	case d.Verdict == hashNotFound:
		notes = append(notes, "the log may begin later than the last refresh of the package, or the package was never distributed")
	}
	if d.Attempt != nil {
		notes = append(notes, d.attemptNote())
	}
	if d.Unattributed > 0 {
		notes = append(notes, countOf(d.Unattributed, "content hash", "content hashes")+" could be told to no package, since the log begins within a run")
	}
	if d.Skipped > 0 {
		notes = append(notes, countOf(d.Skipped, "message is", "messages are")+" too long and not looked at")
	}
	return notes
}

// attemptNote tells of a refresh that printed no hash, or not a whole one.
func (d *jsonLogged) attemptNote() string {
	what := "no content hash follows"
	if d.Attempt.Hash != "" {
		what = "its content hash is cut off (" + d.Attempt.Hash + ")"
	}
	return "ConfigMgr began to refresh the package after that (" + d.Attempt.text() + ") and " + what +
		": it is still at work, or it failed; look for errors behind that line, and run this again"
}

// compareLibrary compares what a content library holds of the package with the release.
func compareLibrary(ctx context.Context, o *options, files []tree.FileSum, p contentlib.Prediction, bar *progress) (c jsonComparison, err error) {
	lib, err := contentlib.Open(o.proof.libraries...)
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, lib.Close()) }()
	d := &jsonContent{PackageID: strings.ToUpper(o.proof.packageID), Libraries: lib.Dirs(), Predicted: p.Hash, Deep: o.proof.deep}
	rep, err := checkContent(ctx, o, lib, d, files, bar)
	if errors.Is(err, contentlib.ErrNotThere) { // the library lacks it: that is an outcome
		missing := stage.FileResult{Path: d.PackageID, Verdict: stage.Missing, Want: cmp.Or(d.Content, "package "+d.PackageID), Found: err.Error()}
		c = comparisonDocument(againstLibrary, nil, stage.Report{Files: []stage.FileResult{missing}})
		c.Content = d
		return c, nil
	}
	if err != nil {
		return c, err
	}
	d.Recorded = rep.Hash
	d.mark(rep.Marked)
	c = comparisonDocument(againstLibrary, nil, stage.Report{Files: siteResults(rep.Files)})
	c.Notes = append(d.notes(p, c.Equal), d.markedNotes()...)
	c.Content = d
	if !d.Deep {
		c.NotChecked = []string{objectsNotChecked}
	}
	return c, nil
}

func siteResults(all []contentlib.FileResult) []stage.FileResult {
	results := make([]stage.FileResult, len(all))
	for i, f := range all {
		results[i] = stage.FileResult{Path: f.Path, Verdict: stage.Verdict(f.Verdict), Want: f.Want, Found: f.Found}
	}
	return results
}

// checkContent finds the content of the package and checks it.
func checkContent(ctx context.Context, o *options, lib *contentlib.Library, d *jsonContent, files []tree.FileSum, bar *progress) (contentlib.Report, error) {
	pkg, err := lib.Package(o.proof.packageID)
	if err != nil {
		return contentlib.Report{}, err
	}
	d.Contents = pkg.Contents
	if d.Content, err = pkg.ContentOf(o.proof.version); err != nil {
		return contentlib.Report{}, err
	}
	return lib.Check(ctx, d.Content, files, contentlib.Options{Deep: o.proof.deep, Workers: o.copy.workers, Progress: bar})
}

// notes tell of the content hash. It decides nothing: the files do, which were compared.
func (d *jsonContent) notes(p contentlib.Prediction, equal bool) []string {
	switch {
	case d.Recorded == "":
		return []string{"the content library has no content hash of " + d.Content}
	case d.Recorded == d.Predicted:
		return []string{"the content hash recorded there is the predicted one"}
	case equal:
		return append([]string{"the content hash recorded there, " + d.Recorded + ", is not the predicted " + d.Predicted + ", although the files are the same: " + predictedNote}, p.Doubts...)
	}
	return []string{"the content hash recorded there, " + d.Recorded + ", is not the predicted " + d.Predicted}
}
