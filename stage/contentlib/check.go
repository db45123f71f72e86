package contentlib

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
)

// A Verdict is the outcome for one file.
type Verdict string

// The verdicts. What is wanted is what the list of files says.
const (
	Same          Verdict = "same"           // recorded as wanted, and its object is there
	Changed       Verdict = "changed"        // recorded with another size or hash, or its record is damaged
	Missing       Verdict = "missing"        // wanted, not recorded
	Extra         Verdict = "extra"          // recorded, not wanted
	ObjectMissing Verdict = "object-missing" // recorded as wanted, but FileLib has no such object
	ObjectChanged Verdict = "object-changed" // recorded as wanted, but the object is of another size or, if read, content
)

// A FileResult is the verdict for one file.
type FileResult struct {
	Path    string
	Verdict Verdict
	Want    string
	Found   string
}

// A Report is the outcome of Check.
type Report struct {
	Content string       // the content id
	Hash    string       // the content hash that ConfigMgr recorded; empty: none
	Deep    bool         // the objects were read, and not only found
	Files   []FileResult // sorted by path
}

// Equal tells whether the content is what was wanted, as far as it was looked at: see Deep.
// A report of no files is none.
func (r Report) Equal() bool {
	return len(r.Files) > 0 && !slices.ContainsFunc(r.Files, func(f FileResult) bool { return f.Verdict != Same })
}

// Options tunes Check. The zero value is ready to use.
type Options struct {
	Deep    bool // read every object and hash it
	Workers int  // objects looked at at once; 0 means 4
}

// Check holds a content of the library against the list of files that it should have. What
// differs is a verdict of the Report; an error says that it could not be looked at.
func (l *Library) Check(ctx context.Context, id string, want []File, o Options) (Report, error) {
	if err := checkFiles(want); err != nil {
		return Report{}, err
	}
	c, err := l.Content(ctx, id)
	if err != nil {
		return Report{}, err
	}
	rep := Report{Content: c.ID, Hash: c.Hash, Deep: o.Deep}
	recorded := make(map[string]Entry, len(c.Files))
	for _, e := range c.Files {
		key := fold(e.Path)
		if e.stray {
			rep.Files = append(rep.Files, FileResult{Path: e.Path, Verdict: Extra, Found: e.Err.Error()})
			continue
		}
		if _, twice := recorded[key]; twice {
			rep.Files = append(rep.Files, FileResult{Path: e.Path, Verdict: Extra, Found: "a name that differs in case alone"})
			continue
		}
		recorded[key] = e
	}
	var objects []File // those whose record is as wanted
	for _, w := range want {
		e, there := recorded[fold(w.Path)]
		delete(recorded, fold(w.Path))
		switch {
		case !there:
			rep.Files = append(rep.Files, FileResult{Path: w.Path, Verdict: Missing})
		case e.Err != nil:
			rep.Files = append(rep.Files, FileResult{Path: w.Path, Verdict: Changed, Want: describe(w.Size, w.SHA256), Found: e.Err.Error()})
		case e.Size != w.Size || !strings.EqualFold(e.SHA256, w.SHA256):
			rep.Files = append(rep.Files, FileResult{Path: w.Path, Verdict: Changed, Want: describe(w.Size, w.SHA256), Found: describe(e.Size, e.SHA256)})
		default:
			objects = append(objects, File{w.Path, w.Size, e.SHA256})
		}
	}
	for _, e := range recorded {
		res := FileResult{Path: e.Path, Verdict: Extra}
		if e.Err != nil {
			res.Found = e.Err.Error()
		}
		rep.Files = append(rep.Files, res)
	}
	found, err := l.objects(ctx, objects, o)
	if err != nil {
		return Report{}, err
	}
	rep.Files = append(rep.Files, found...)
	slices.SortStableFunc(rep.Files, func(a, b FileResult) int { return strings.Compare(a.Path, b.Path) })
	return rep, nil
}

func describe(size int64, sum string) string {
	return fmt.Sprintf("%d bytes, SHA-256 %s", size, strings.ToUpper(sum))
}

// objects looks for the objects of files, each once, and gives a verdict for each file.
func (l *Library) objects(ctx context.Context, files []File, o Options) ([]FileResult, error) {
	index := map[string]int{} // of the first file with the object
	var once []File
	for _, f := range files {
		if _, seen := index[f.SHA256]; !seen {
			index[f.SHA256] = len(once)
			once = append(once, f)
		}
	}
	verdicts := make([]FileResult, len(once))
	g, gctx := errgroup.WithContext(ctx)
	workers := o.Workers
	if workers <= 0 {
		workers = defaultWorkers
	}
	g.SetLimit(workers)
	for i, f := range once {
		g.Go(func() (err error) {
			if gctx.Err() != nil {
				return context.Cause(gctx)
			}
			verdicts[i], err = l.object(gctx, f, o.Deep)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	results := make([]FileResult, len(files))
	for i, f := range files {
		results[i] = verdicts[index[f.SHA256]]
		results[i].Path = f.Path
	}
	return results, nil
}

// object looks for one object on all drives. One good object is enough: the same file may lie
// on a drive that went full and on the next (inferred).
func (l *Library) object(ctx context.Context, f File, deep bool) (FileResult, error) {
	res := FileResult{Verdict: ObjectMissing, Want: path.Join(fileLib, f.SHA256[:4], f.SHA256)}
	for i, root := range l.drives {
		if l.files[i] == "" {
			continue
		}
		p, info, err := l.objectOn(i, f.SHA256)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return res, err
		case !info.Mode().IsRegular():
			res = FileResult{Verdict: ObjectChanged, Want: "a file", Found: "a folder, link or device at " + p}
			continue
		case info.Size() != f.Size:
			res = FileResult{Verdict: ObjectChanged, Want: fmt.Sprintf("%d bytes", f.Size), Found: fmt.Sprintf("%d bytes", info.Size())}
			continue
		case !deep:
			return FileResult{Verdict: Same}, nil
		}
		sum, err := sumOf(ctx, root, p)
		if err != nil {
			return res, err
		}
		if sum == f.SHA256 {
			return FileResult{Verdict: Same}, nil
		}
		res = FileResult{Verdict: ObjectChanged, Want: "SHA-256 " + f.SHA256, Found: "SHA-256 " + sum}
	}
	return res, nil
}

// objectOn finds an object on one drive. Its name is tried in upper case and in lower case,
// since listing FileLib for any other could take long.
func (l *Library) objectOn(drive int, sum string) (p string, info fs.FileInfo, err error) {
	for _, s := range []string{sum, strings.ToLower(sum)} {
		p = path.Join(l.files[drive], s[:4], s)
		if info, err = l.drives[drive].Lstat(p); !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	return p, info, err
}

// sumOf reads a file and returns its SHA-256 in upper-case hex.
func sumOf(ctx context.Context, root *os.Root, p string) (string, error) {
	f, err := root.Open(p)
	if err != nil {
		return "", err
	}
	defer f.Close() //nolint:errcheck // only read
	h := sha256.New()
	buf := make([]byte, 64<<10)
	for {
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		n, err := f.Read(buf)
		h.Write(buf[:n])
		if errors.Is(err, io.EOF) {
			return strings.ToUpper(hex.EncodeToString(h.Sum(nil))), nil
		}
		if err != nil {
			return "", fmt.Errorf("reading an object: %w", err)
		}
	}
}
