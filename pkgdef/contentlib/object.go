package contentlib

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path"
	"strings"

	"usmtpkg/locate/tree"
)

// An object is a file of FileLib.
type object struct {
	drive int
	path  string
}

// objects looks for the objects of files, each once, and gives a verdict for each file and,
// where that is Same, its object.
func (l *Library) objects(ctx context.Context, files []tree.FileSum, o Options) ([]tree.FileResult, []object, error) {
	index := map[string]int{} // of the first file with the object
	var once []tree.FileSum
	var bytes int64
	for _, f := range files {
		if _, seen := index[f.SHA256]; !seen {
			index[f.SHA256] = len(once)
			once = append(once, f)
			if o.Deep {
				bytes += f.Size
			}
		}
	}
	if o.Progress == nil {
		o.Progress = noProgress{}
	}
	o.Progress.Start("looking at the content library", len(once), bytes)
	verdicts, found := make([]tree.FileResult, len(once)), make([]object, len(once))
	workers := tree.WorkersFor(o.Workers, l.drives[0].FS(), ".", ".", ".")
	err := tree.Each(ctx, len(once), workers, func(ctx context.Context, i int, buf []byte) (err error) {
		verdicts[i], found[i], err = l.object(ctx, once[i], o, buf)
		o.Progress.Add(1, 0)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	results, objects := make([]tree.FileResult, len(files)), make([]object, len(files))
	for i, f := range files {
		results[i], objects[i] = verdicts[index[f.SHA256]], found[index[f.SHA256]]
		results[i].Path = f.Path
	}
	return results, objects, nil
}

// object looks for one object on all drives. One good object is enough: the same file may be
// on a drive that went full and on the next (inferred).
func (l *Library) object(ctx context.Context, f tree.FileSum, o Options, buf []byte) (tree.FileResult, object, error) {
	res := tree.FileResult{Verdict: ObjectMissing, Wanted: path.Join(fileLib, f.SHA256[:4], f.SHA256)}
	var whole []object // of the right size
	for i := range l.drives {
		if l.files[i] == "" {
			continue
		}
		p, info, err := l.objectOn(i, f.SHA256)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return res, object{}, err
		case !info.Mode().IsRegular():
			res = tree.FileResult{Verdict: ObjectChanged, Wanted: "a file", Found: "a folder, link or device at " + p}
		case info.Size() != f.Size:
			res = tree.FileResult{Verdict: ObjectChanged, Wanted: fmt.Sprintf("%d bytes", f.Size), Found: fmt.Sprintf("%d bytes", info.Size())}
		case !o.Deep && !o.best:
			return tree.FileResult{Verdict: tree.Same}, object{i, p}, nil
		default:
			whole = append(whole, object{i, p})
		}
	}
	if !o.Deep && len(whole) == 1 {
		return tree.FileResult{Verdict: tree.Same}, whole[0], nil
	}
	for _, at := range whole {
		sum, err := sumOf(ctx, l.drives[at.drive], at.path, o.Progress, buf)
		if err != nil {
			return res, at, err
		}
		if sum == f.SHA256 {
			return tree.FileResult{Verdict: tree.Same}, at, nil
		}
		res = tree.FileResult{Verdict: ObjectChanged, Wanted: "SHA-256 " + f.SHA256, Found: "SHA-256 " + sum}
	}
	return res, object{}, nil
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
func sumOf(ctx context.Context, root *os.Root, p string, progress Progress, buf []byte) (string, error) {
	f, err := tree.OpenIn(root, p, math.MaxInt64)
	if err != nil {
		return "", err
	}
	defer f.Close() //nolint:errcheck // only read
	sum, err := tree.Sum(ctx, f, buf, progress.Add)
	switch {
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case err != nil:
		return "", fmt.Errorf("reading an object: %w", err)
	}
	return strings.ToUpper(sum), nil
}
