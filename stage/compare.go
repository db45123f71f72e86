package stage

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"usmtpkg/locate/tree"
	"usmtpkg/locate/winname"
	"usmtpkg/stage/bag"
)

// A wanted file is one that should be there, with the sums it should have.
type wanted struct {
	path string
	sums []algorithmSum

	// Of the file that is there, see match:
	name string // if it differs, in case only
	size int64
}

type algorithmSum struct {
	alg bag.Algorithm
	sum string
}

func (w wanted) bytes() int64 { return w.size }

// found returns the file that is there.
func (w wanted) found() File { return File{Path: cmp.Or(w.name, w.path), Size: w.size} }

// wantedFiles merges all manifests of a bag, sorted by path.
func wantedFiles(b *bag.Bag) []wanted {
	n := 0
	for _, manifests := range []map[bag.Algorithm][]bag.Entry{b.Payload, b.Tags} {
		for _, entries := range manifests {
			n += len(entries)
		}
	}
	files, sums := make([]wanted, 0, n), make([]algorithmSum, 0, n)
	for _, manifests := range []map[bag.Algorithm][]bag.Entry{b.Payload, b.Tags} {
		for _, alg := range slices.Sorted(maps.Keys(manifests)) {
			for _, e := range manifests[alg] {
				sums = append(sums, algorithmSum{alg, e.Sum})
				files = append(files, wanted{path: e.Path, sums: sums[len(sums)-1 : len(sums) : len(sums)]})
			}
		}
	}
	slices.SortStableFunc(files, func(a, b wanted) int { return strings.Compare(a.path, b.path) })
	merged := files[:0]
	for _, f := range files {
		if n := len(merged); n > 0 && merged[n-1].path == f.path {
			merged[n-1].sums = append(merged[n-1].sums, f.sums...)
			continue
		}
		merged = append(merged, f)
	}
	return merged
}

// A comparison compares what is wanted with what is in a folder.
type comparison struct {
	fsys    fs.FS
	files   *tree.Folders // the same folder, for reading past the cache; nil if it cannot be
	o       VerifyOptions
	wanted  []wanted
	tree    Tree
	odd     map[string]string      // entries that are neither file nor folder, with their kind
	ignore  func(path string) bool // files that need not be wanted
	payload string                 // the prefix of the paths that checker and twin see, without it
	twin    *twin                  // what the payload is to equal byte by byte; nil for nothing
}

func (c *comparison) run(ctx context.Context, phase string) (Report, error) {
	if c.o.Checker == nil {
		c.o.Checker = noChecker{}
	}
	c.o.Progress = progressOr(c.o.Progress)
	workers := workersFor(c.o.Workers, c.fsys, c.tree.Files)
	jobs, results := c.match()
	c.wanted, c.tree.Files = nil, nil // of very many files there is no room for what is not needed any more
	rep := Report{Used: VerifyReread}
	for _, w := range jobs {
		rep.Bytes += w.size
		if strings.HasPrefix(w.found().Path, c.payload) {
			rep.payload++
		}
	}
	c.o.Progress.Start(phase, len(jobs), rep.Bytes)
	rr := &rereader{files: c.files, uncached: c.o.Uncached && c.files != nil, progress: c.o.Progress}
	found := newFindings(c, len(jobs))
	order := largestFirst(jobs)
	err := tree.Each(ctx, len(order), workers, func(ctx context.Context, i int, buf []byte) error {
		res, sum, err := c.read(ctx, rr, jobs[order[i]], buf)
		found.add(jobs[order[i]], res, sum)
		return err
	})
	if err != nil {
		return Report{}, err
	}
	if rr.uncached && !rr.fellBack.Load() {
		rep.Used = VerifyUncached
	}
	rep.Files, rep.Sums = append(found.files, results...), found.sums
	sortResults(rep.Files)
	return rep, nil
}

// match pairs what is wanted with what is there, first by name, then by name
// without regard to case. What has no partner is a result already. The jobs are
// the wanted files that are to be read; they take the place of c.wanted.
func (c *comparison) match() (jobs []wanted, results []FileResult) {
	jobs = c.wanted[:0]
	left := map[string]File{}
	var unmatched []wanted
	wants, found := c.wanted, c.tree.Files // both sorted by path
	for len(wants) > 0 || len(found) > 0 {
		switch {
		case len(found) == 0 || len(wants) > 0 && wants[0].path < found[0].Path:
			unmatched = append(unmatched, wants[0])
			wants = wants[1:]
		case len(wants) == 0 || found[0].Path < wants[0].path:
			left[found[0].Path] = found[0]
			found = found[1:]
		default:
			w := wants[0]
			w.size = found[0].Size
			jobs = append(jobs, w)
			wants, found = wants[1:], found[1:]
		}
	}
	folded := map[string]string{}
	for name := range left {
		key := winname.Fold(name)
		folded[key] = max(name, folded[key])
	}
	for _, w := range unmatched {
		name := folded[winname.Fold(w.path)]
		if f, ok := left[name]; ok {
			w.name, w.size = f.Path, f.Size
			jobs = append(jobs, w)
			delete(left, name)
			continue
		}
		results = append(results, c.unmatched(w))
	}
	return jobs, append(results, c.extra(left)...)
}

// extra returns the results for what is there and not wanted.
func (c *comparison) extra(left map[string]File) (results []FileResult) {
	for name := range left {
		if !c.ignore(name) {
			results = append(results, FileResult{Path: name, Verdict: Extra})
		}
	}
	for name, kind := range c.odd {
		if !c.ignore(name) {
			results = append(results, FileResult{Path: name, Verdict: Type, Found: kind, Wanted: "file"})
		}
	}
	return results
}

// unmatched returns the result for a wanted file that is not there as a file.
func (c *comparison) unmatched(w wanted) FileResult {
	r := FileResult{Path: w.path, Verdict: Missing}
	if kind, ok := c.odd[w.path]; ok {
		r.Verdict, r.Found, r.Wanted = Type, kind, "file"
		delete(c.odd, w.path)
	} else if slices.Contains(c.tree.Dirs, w.path) {
		r.Verdict, r.Found, r.Wanted = Type, "folder", "file"
	}
	return r
}

// read hashes one file and lets the checker look at it. sum is the SHA-256 of
// what was read, where that is one of those wanted.
func (c *comparison) read(ctx context.Context, rr *rereader, w wanted, buf []byte) (res FileResult, sum string, err error) {
	res = FileResult{Path: w.path, Verdict: Same}
	if w.name != "" {
		res.Verdict, res.Found, res.Wanted = Case, w.name, w.path
	}
	f := w.found()
	in, err := c.fsys.Open(f.Path)
	if errors.Is(err, fs.ErrNotExist) {
		res.Verdict = Missing
		return res, "", nil
	}
	if err != nil {
		return res, "", &SourceError{Err: err}
	}
	defer in.Close()
	look, err := c.inspect(in, f)
	if err != nil {
		return res, "", err
	}
	hashes := make([]hash.Hash, len(w.sums))
	writers := make([]io.Writer, len(w.sums), len(w.sums)+2)
	for i, s := range w.sums {
		hashes[i] = s.alg.New()
		writers[i] = hashes[i]
	}
	err = c.withTwin(ctx, f.Path, func(twin ...io.Writer) error {
		return rr.into(ctx, withInspection(look, append(writers, twin...)...), in, f, buf)
	})
	if err != nil {
		return res, "", &SourceError{Err: err}
	}
	for i, s := range w.sums {
		found := hex.EncodeToString(hashes[i].Sum(nil))
		if found != s.sum {
			res.Verdict, res.Wanted, res.Found = Changed, string(s.alg)+" "+s.sum, string(s.alg)+" "+found
		} else {
			found = s.sum // one copy in memory is enough
		}
		if s.alg == bag.SHA256 {
			sum = found
		}
	}
	c.o.Progress.Add(1, 0)
	_, err = look.Facts(sum)
	return res, sum, err
}

// withTwin calls read with a writer that compares what is read with the twin
// of a file, if it is to have one.
func (c *comparison) withTwin(ctx context.Context, name string, read func(twin ...io.Writer) error) error {
	p, payload := strings.CutPrefix(name, c.payload)
	if c.twin == nil || !payload {
		return read()
	}
	f, err := c.twin.open(ctx, p)
	if err != nil {
		return err
	}
	defer c.twin.close(f)
	if err := read(f); err != nil {
		return err
	}
	return f.end()
}

// inspect lets the checker begin to look at a file of the payload.
func (c *comparison) inspect(in fs.File, f File) (Inspection, error) {
	p, payload := strings.CutPrefix(f.Path, c.payload)
	if _, none := c.o.Checker.(noChecker); none || !payload {
		return noChecker{}, nil
	}
	at, err := tree.ReaderAt(in)
	if err != nil {
		return nil, &SourceError{Err: err}
	}
	return c.o.Checker.Inspect(p, at, f.Size)
}
