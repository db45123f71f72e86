package stage

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"

	"usmtpkg/locate/tree"
)

// Source is the content to be staged.
type Source struct {
	FS      fs.FS
	Include func(name string) bool // which entries of the root belong; nil: all
	Origin  Origin
	Overlay bool // FS holds an overlay; see CompareSource
}

// Options tunes Stage and Plan. The zero value is ready to use, but for USMTVersion.
type Options struct {
	USMTVersion string     // the first part of the release's name
	Workers     int        // files worked on at once; 0 means 4, and more where a server answers slowly
	Verify      VerifyMode // empty means VerifyReread
	Checker     Checker    // judges what is published; nil accepts everything
	FirstLook   Checker    // judges what is copied, as far as that costs little, before it is flushed and read back; nil: nobody does
	Progress    Progress   // nil reports nothing
	Tool        string     // what is recorded as the writing program

	Predict        Predictor                                 // the content hash, for the record; nil: none is recorded
	Evidence       []Evidence                                // what tells the version of the source, for the record
	Validation     func() Validation                         // the judgement for the record, asked for when Checker.Finish was content; nil: nobody judged
	Proof          func(path string) (proof, voucher string) // what vouches for the content of a file, for the record, asked for after Validation; nil: nobody looked
	Catalogs       func() []Catalog                          // what vouches for files and is to be kept with them, asked for after Checker.Finish; nil: nothing
	Digest         string                                    // that the release must have; empty: any
	Sample         bool                                      // the source is a sample kit, which is not USMT
	AllowDowngrade bool                                      // take a USMT that is older than that of the active release
	AllowChanged   bool                                      // take a kit that differs from the releases of the same USMT version
	Overlay        []OverlayFile                             // the files that are not the source's own, for the record; Size and SHA256 are filled in
}

// A Result tells what Stage did, or what it would do.
type Result struct {
	Release   Release
	Published bool     // false: a release with this content was there already
	Changes   *Changes // from the active release, else from the newest of the same USMT version; nil: there is neither
}

// usmtVersion is the form of a version that can begin a release's name.
var usmtVersion = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z.]{0,31}$`)

// A run is one call of Stage or Plan.
type run struct {
	src     Source
	o       Options
	used    VerifyMode // the mode really used
	workers int        // files worked on at once
	tree    Tree
	dirs    []string // all folders of the source, also those that hold no file
	sums    []string
	facts   factList
	served  []bool // by index: the files that a server copied; nil: none
	digest  string
	rec     Release

	base    *baseline // nil: there is no library yet
	changes *Changes

	validation *Validation // nil until the check is over
	catalogs   []Catalog   // likewise
}

func newRun(ctx context.Context, src Source, o Options) (*run, error) {
	if !usmtVersion.MatchString(o.USMTVersion) {
		return nil, fmt.Errorf("found USMT version %q, wanted up to 32 letters, digits and dots", o.USMTVersion)
	}
	var err error
	if o.Verify, err = ParseVerifyMode(string(o.Verify)); err != nil {
		return nil, err
	}
	if o.Checker == nil {
		o.Checker = noChecker{}
	}
	o.Progress = progressOr(o.Progress)
	r := &run{src: src, o: o, used: o.Verify}
	all, err := listSource(ctx, src.FS, src.Include)
	if err != nil {
		return nil, err
	}
	r.dirs, r.tree = all.Dirs, all.withoutEmpty()
	if len(r.tree.Files) == 0 {
		return nil, &SourceError{Err: fmt.Errorf("%s contains no files", src.Origin.Path)}
	}
	r.workers = workersFor(o.Workers, src.FS, r.tree.Files)
	return r, r.checkOverlay()
}

// Plan tells what Stage would do with lib, which need not exist yet; nil is any
// new one. It reads the whole source and writes nothing, and finds what would
// stop Stage: lack of permission, a read-only library, lack of space.
func Plan(ctx context.Context, lib *Library, src Source, o Options) (Result, error) {
	if lib != nil {
		if err := CheckWritable("opening the library", lib.dir); err != nil {
			return Result{}, err
		}
	}
	if err := errors.Join(checkSample(lib, o), checkDowngrade(lib, o)); err != nil {
		return Result{}, err
	}
	r, err := newRun(ctx, src, o)
	if err != nil {
		return Result{}, err
	}
	if lib != nil {
		if r.base, err = lib.baseline(o.USMTVersion); err != nil {
			return Result{}, err
		}
	}
	res, err := r.plan(ctx, lib)
	if err == nil {
		err = r.relist(ctx)
	}
	return res, r.explain(ctx, err)
}

func (r *run) plan(ctx context.Context, lib *Library) (_ Result, err error) {
	if err := r.planRoom(lib); err != nil {
		return Result{}, err
	}
	if r.sums, err = hashSource(ctx, r.src.FS, r.tree, r.workers, r.o.Progress); err != nil {
		return Result{}, err
	}
	if err := r.inspectSource(ctx); err != nil {
		return Result{}, err
	}
	if err := r.describe(); err != nil {
		return Result{}, err
	}
	if lib == nil {
		return Result{Release: r.rec, Published: true}, nil
	}
	rec, err := lib.Release(r.rec.Name)
	if errors.Is(err, fs.ErrNotExist) {
		if r.changes, err = r.base.judge(r.kit(), r.o.AllowChanged); err != nil {
			return Result{}, err
		}
		return Result{Release: r.rec, Published: true, Changes: r.changes}, lib.checkRoom(r.tree)
	}
	if err != nil {
		return Result{}, r.damaged(ctx, lib, err)
	}
	r.rec.Overlay = rec.Overlay
	if _, err = lib.recheck(ctx, r); err != nil {
		return Result{}, err
	}
	if r.changes, err = r.base.judgeRelease(r.rec.Name, r.o.AllowChanged); err != nil {
		return Result{}, err
	}
	return Result{Release: r.rec, Changes: r.changes}, nil
}

// inspectSource lets the checker judge the source itself, where no copy is made.
func (r *run) inspectSource(ctx context.Context) error {
	r.facts = make(factList, len(r.tree.Files))
	err := tree.Each(ctx, len(r.tree.Files), r.workers, func(ctx context.Context, i int, buf []byte) error {
		f := r.tree.Files[i]
		in, err := openSource(ctx, r.src.FS, f)
		if err != nil {
			return err
		}
		defer in.Close()
		at, err := tree.ReaderAt(in)
		if err != nil {
			return &SourceError{Err: err}
		}
		facts, err := inspect(ctx, r.o.Checker, f, at, r.sums[i], buf)
		r.facts.set(i, facts)
		return err
	})
	if err != nil {
		return err
	}
	return r.finish()
}

// describe computes the digest of the manifest, and with it the release's name.
func (r *run) describe() error {
	sum := sha256.New()
	if err := r.manifest(sum); err != nil {
		return err
	}
	r.digest = hex.EncodeToString(sum.Sum(nil))
	if err := r.demand(r.digest); err != nil {
		return err
	}
	r.rec = Release{
		Format: releaseFormat, Version: releaseVersion,
		Name: NameOf(r.o.USMTVersion, r.digest), Digest: r.digest, ContentHash: r.o.Predict.contentHash(r.contents()),
		USMTVersion: r.o.USMTVersion, Sample: r.o.Sample, Arches: r.tree.roots(), Source: r.src.Origin, Tool: r.o.Tool,
		Evidence: r.evidence(), Validation: r.validation,
		Verify:    VerifyRecord{Requested: r.o.Verify, Used: r.used},
		FileCount: len(r.tree.Files), Bytes: r.tree.Bytes(), Overlay: r.overlay(), Catalogs: r.catalogs,
	}
	return nil
}

// demand refuses content with another digest than the one that was asked for.
func (r *run) demand(digest string) error {
	if r.o.Digest == "" || digest == r.o.Digest {
		return nil
	}
	return fmt.Errorf("staging: %w: its files have the digest %s, and %s was read before", tree.ErrChanged, digest, r.o.Digest)
}

// roots names the folders in the root of the tree, in lower case.
func (t Tree) roots() []string {
	var names []string
	for _, d := range t.Dirs {
		if !strings.Contains(d, "/") {
			names = append(names, strings.ToLower(d))
		}
	}
	return names
}

// Stage copies src into the library and publishes it as a release. If a
// release with the same content is there already, nothing is written.
func (w *Writer) Stage(ctx context.Context, src Source, o Options) (Result, error) {
	if err := errors.Join(checkSample(w.Library, o), checkDowngrade(w.Library, o)); err != nil {
		return Result{}, err
	}
	r, err := newRun(ctx, src, o)
	if err != nil {
		return Result{}, err
	}
	w.step("listed")
	r.workers = max(r.workers, tree.WorkersFor(o.Workers, w.root.FS(), markerFile, markerFile, markerFile))
	if r.base, err = w.baseline(o.USMTVersion); err != nil {
		return Result{}, err
	}
	res, err := w.stage(ctx, r)
	return res, r.explain(ctx, err)
}

func (w *Writer) stage(ctx context.Context, r *run) (Result, error) {
	res, done, err := w.unchanged(ctx, r)
	if done && err == nil {
		err = errors.Join(r.demand(res.Release.Digest), r.relist(ctx))
	}
	if done && err == nil {
		if res.Changes, err = r.base.judgeRelease(res.Release.Name, r.o.AllowChanged); err != nil {
			return Result{}, err
		}
	}
	if done || err != nil {
		return res, err
	}
	if err := r.refuse(ctx); err != nil {
		return Result{}, err
	}
	if err := checkSpace("staging", w.root, r.tree); err != nil {
		return Result{}, err
	}
	return w.publish(ctx, r)
}

// compare returns the files whose sums differ between what was copied and
// what was read back.
func (r *run) compare(sums []string) []FileResult {
	var bad []FileResult
	for i, f := range r.tree.Files {
		if sums[i] != r.sums[i] {
			bad = append(bad, FileResult{Path: f.Path, Verdict: Changed, Wanted: r.sums[i], Found: sums[i]})
		}
	}
	return bad
}

// openData makes the data folder of a staging folder.
func openData(staging *os.Root) (*os.Root, error) {
	if err := staging.Mkdir(dataDir, 0o777); err != nil {
		return nil, destination("creating the staging folder", err)
	}
	data, err := tree.Sub(staging, dataDir)
	return data, destination("creating the staging folder", err)
}
