package stage

import (
	"context"
	"encoding/hex"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"usmtpkg/locate/tree"
	"usmtpkg/stage/bag"
)

// A Verdict is the outcome for one file of a comparison.
type Verdict = tree.Verdict

// A FileResult is the verdict for one file.
type FileResult = tree.FileResult

// The verdicts.
const (
	Same    = tree.Same
	Changed = tree.Changed
	Missing = tree.Missing
	Extra   = tree.Extra
	Case    = tree.Case
	Type    = tree.Type
)

// A Report is the outcome of a comparison. Only a report without differences means "equal".
type Report struct {
	Files []FileResult // sorted by path
	Bytes int64        // read
	Used  VerifyMode   // how the files were really read
	Notes []string     // what the bag's manifests do that BagIt allows and advises against
	Sums  Sums         // of the files that were read; nil unless asked for

	payload int // files of the payload that were read
}

// Differences returns the files whose verdict is not Same.
func (r Report) Differences() []FileResult {
	return slices.DeleteFunc(slices.Clone(r.Files), func(f FileResult) bool { return f.Verdict == Same })
}

// VerifyOptions tunes Verify and CompareSource. The zero value is ready to use.
type VerifyOptions struct {
	Workers  int
	Uncached bool      // read past the page cache where the system can
	Checker  Checker   // checks the payload as well; nil: not checked
	Release  bool      // what is verified is a release, even where the file that says so is missing
	Predict  Predictor // the content hash that a record has to have; nil: a record that has one differs
	Sums     bool      // report what was read of each file that has a SHA-256 to be compared with
	Progress Progress  // nil reports nothing

	twin *twin
}

// Verify compares a bag, a release or any other, with its own manifests. A bag
// that breaks the rules of BagIt is a *bag.SyntaxError or another error of
// package bag; one whose files differ is a Report with differences.
func Verify(ctx context.Context, dir string, o VerifyOptions) (Report, error) {
	root, err := tree.OpenRoot(dir)
	if err != nil {
		return Report{}, err
	}
	defer root.Close() //nolint:errcheck // only read
	return verifyBag(ctx, root, o)
}

func verifyBag(ctx context.Context, root *os.Root, o VerifyOptions) (Report, error) {
	files := tree.NewFolders(ctx, root, 1)
	defer files.Close() //nolint:errcheck // only read
	l, err := lookAtBag(ctx, root, files, o)
	if err != nil {
		return Report{}, err
	}
	rep, err := l.run(ctx, "verifying")
	if err != nil {
		return Report{}, err
	}
	rep.Notes = l.notes
	rep.add(l.own)
	return rep, nil
}

// A bagLook is what is known of a bag before its files are read: the comparison to be made, and what
// differs already.
type bagLook struct {
	*comparison
	own   []FileResult
	notes []string
}

// lookAtBag reads the tag files of a bag, and lists it.
func lookAtBag(ctx context.Context, root *os.Root, files *tree.Folders, o VerifyOptions) (bagLook, error) {
	b, err := readBag(root, o)
	if err != nil {
		return bagLook{}, err
	}
	own, err := ownRecord(root, b, o.Predict)
	if err != nil {
		return bagLook{}, err
	}
	want := wantedFiles(b.Bag)
	b.Payload = nil // of very many files there is no room for what is not needed any more
	o.twin.share(want)
	tree, odd, err := listAll(ctx, files, want)
	if err != nil {
		return bagLook{}, err
	}
	own = append(append(b.tagFaults(tree, odd), own...), oxum(b.Bag, tree)...)
	c := &comparison{
		fsys: files, files: files, o: o, wanted: want, tree: tree, odd: odd, payload: dataDir + "/", twin: o.twin,
		ignore: b.ignored,
	}
	if b.release {
		own = append(own, emptyFolders(tree, odd, lower(foldersOf(want, func(w wanted) string { return w.path })))...)
	}
	return bagLook{c, own, b.notes}, nil
}

// add adds results of another look at the files. What is known to differ has a
// result already.
func (r *Report) add(more []FileResult) {
	first := map[string]FileResult{} // of several about one file
	for _, m := range slices.Backward(more) {
		first[m.Path] = m
	}
	for i, f := range r.Files {
		m, found := first[f.Path]
		if found && f.Verdict == Same {
			r.Files[i] = m
		}
		delete(first, f.Path)
	}
	r.Files = slices.AppendSeq(r.Files, maps.Values(first))
	sortResults(r.Files)
}

// listAll lists a tree whatever is in it: entries that are neither file nor
// folder come apart, with their kind. Files that are wanted share the path with
// what is wanted.
func listAll(ctx context.Context, fsys fs.FS, want []wanted) (Tree, map[string]string, error) {
	odd := map[string]string{}
	t := Tree{Files: make([]File, 0, len(want)+16)} // and a few that no manifest lists
	err := walk(ctx, fsys, nil, visitor{
		dir: func(p string) { t.Dirs = append(t.Dirs, p) },
		files: func(batch []File) {
			for _, f := range batch {
				if i, found := slices.BinarySearchFunc(want, f.Path, func(w wanted, p string) int { return strings.Compare(w.path, p) }); found {
					f.Path = want[i].path
				}
				t.Files = append(t.Files, f)
			}
		},
		odd: func(p string, kind fs.FileMode) error {
			odd[p] = entryKind(kind)
			return nil
		},
	})
	if err != nil {
		return Tree{}, nil, err
	}
	sortFiles(t.Files)
	return t, odd, nil
}

// oxum compares the payload with the octet count in bag-info.txt.
func oxum(b *bag.Bag, t Tree) []FileResult {
	var n int
	var size int64
	for _, f := range t.Files {
		if strings.HasPrefix(f.Path, dataDir+"/") {
			n++
			size += f.Size
		}
	}
	found := bag.Oxum{Octets: size, Files: int64(n)}
	if b.Oxum == nil || *b.Oxum == found {
		return nil
	}
	return []FileResult{{Path: bag.InfoName + " (Payload-Oxum)", About: bag.InfoName, Verdict: Changed, Wanted: b.Oxum.String(), Found: found.String()}}
}

func fileSum(root *os.Root, name string) (string, error) {
	f, err := openRetry(root, name, math.MaxInt64)
	if err != nil {
		return "", err
	}
	defer f.Close() //nolint:errcheck // only read
	h := bag.SHA256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func sortResults(files []FileResult) {
	slices.SortStableFunc(files, func(a, b FileResult) int { return strings.Compare(a.Path, b.Path) })
}

// IsBag reports whether a folder claims to be a BagIt bag.
func IsBag(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, bag.DeclarationName))
	return err == nil
}
