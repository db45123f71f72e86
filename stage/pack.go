package stage

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"usmtpkg/locate/tree"
	"usmtpkg/stage/archive"
	"usmtpkg/stage/bag"
)

// PackOptions tunes Pack. The zero value is ready to use.
type PackOptions struct {
	Predict  Predictor // the content hash that the record has to have; nil: a record that has one differs
	Progress Progress  // nil reports nothing
}

// Pack has the files of the release in dir written somewhere: the tag files first, then the payload, both
// sorted by path. Each is compared with the manifests while it is read. If anything differs, the error is a
// *MismatchError, and what was written is not to be used: what is missing or extra is found before
// anything is written, altered content while it is.
func Pack(ctx context.Context, dir string, o PackOptions, write func([]archive.File) error) (Release, error) {
	o.Progress = progressOr(o.Progress)
	root, err := tree.OpenRoot(dir)
	if err != nil {
		return Release{}, err
	}
	defer root.Close() //nolint:errcheck // only read
	folders := tree.NewFolders(ctx, root, 1)
	defer folders.Close() //nolint:errcheck // only read
	l, err := lookAtBag(ctx, root, folders, VerifyOptions{Release: true, Predict: o.Predict})
	if err != nil {
		return Release{}, damagedAs("release "+dir, err)
	}
	rec, err := readRelease(root)
	if err != nil {
		return Release{}, damagedAs("release "+dir, err)
	}
	p := &packing{fsys: folders, what: "release " + rec.Name, progress: o.Progress, buf: tree.Buffer()}
	jobs, err := p.jobs(root, l)
	if err != nil {
		return rec, err
	}
	return rec, write(p.files(ctx, jobs))
}

// A packing is one call of Pack.
type packing struct {
	fsys     fs.FS
	what     string
	progress Progress
	buf      []byte
}

// jobs are the files to be packed, in their order. The tag manifest, which no manifest lists, is one of them.
func (p *packing) jobs(root *os.Root, l bagLook) ([]wanted, error) {
	jobs, bad := l.match()
	bad = append(bad, l.own...)
	for _, w := range jobs {
		if w.name != "" {
			bad = append(bad, FileResult{Path: w.path, Verdict: Case, Found: w.name, Wanted: w.path})
		}
	}
	if len(bad) > 0 {
		sortResults(bad)
		return nil, &MismatchError{What: p.what, Files: bad}
	}
	name := tagManifestName.Name()
	sum, err := fileSum(root, name)
	if err != nil {
		return nil, &SourceError{Err: err}
	}
	info, err := root.Lstat(name)
	if err != nil {
		return nil, &SourceError{Err: err}
	}
	jobs = append(jobs, wanted{path: name, size: info.Size(), sums: []algorithmSum{{bag.SHA256, sum}}})
	slices.SortFunc(jobs, func(a, b wanted) int {
		return cmp.Or(cmp.Compare(payloadRank(a.path), payloadRank(b.path)), strings.Compare(a.path, b.path))
	})
	return jobs, nil
}

// payloadRank puts the payload after the tag files: who unpacks knows what to expect.
func payloadRank(p string) int {
	if strings.HasPrefix(p, dataDir+"/") {
		return 1
	}
	return 0
}

func (p *packing) files(ctx context.Context, jobs []wanted) []archive.File {
	files, bytes := make([]archive.File, len(jobs)), int64(0)
	for i, w := range jobs {
		files[i] = archive.File{Name: w.path, Size: w.size, Copy: func(to io.Writer) error { return p.copy(ctx, w, to) }}
		bytes += w.size
	}
	p.progress.Start("packing", len(files), bytes)
	return files
}

// copy writes a file that is what the manifest says.
func (p *packing) copy(ctx context.Context, w wanted, to io.Writer) error {
	differs := func(r FileResult) error {
		r.Path = w.path
		return &MismatchError{What: p.what, Files: []FileResult{r}}
	}
	in, err := p.fsys.Open(w.path)
	if errors.Is(err, fs.ErrNotExist) {
		return differs(FileResult{Verdict: Missing})
	}
	if err != nil {
		return &SourceError{Err: err}
	}
	defer in.Close()
	h := sha256.New()
	src := sourceReader{in, w.path}
	n, err := tree.Pour(ctx, io.MultiWriter(h, to), io.LimitReader(src, w.size), p.buf, p.progress.Add)
	if err != nil {
		return err
	}
	more, err := src.Read(p.buf[:1])
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if sum := hex.EncodeToString(h.Sum(nil)); sum != w.sums[0].sum {
		return differs(FileResult{Verdict: Changed, Wanted: describeSum(w.sums[0].sum), Found: describeSum(sum)})
	}
	if n < w.size || more > 0 {
		return differs(FileResult{Verdict: Changed, Wanted: fmt.Sprintf("%d bytes", w.size), Found: "another size"})
	}
	p.progress.Add(1, 0)
	return nil
}

// A sourceReader marks the errors of the source.
type sourceReader struct {
	r    io.Reader
	name string
}

func (s sourceReader) Read(b []byte) (int, error) {
	n, err := s.r.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		err = &SourceError{Err: inFile(s.name, err)}
	}
	return n, err
}
