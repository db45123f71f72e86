package stage

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"usmtpkg/stage/bag"
	"usmtpkg/stage/regular"
)

// A Verdict is the outcome for one file of a comparison.
type Verdict string

// The verdicts. What is wanted is what the manifest, or the release, says.
const (
	Same    Verdict = "same"
	Changed Verdict = "changed" // the content differs
	Missing Verdict = "missing" // wanted, not there
	Extra   Verdict = "extra"   // there, not wanted
	Case    Verdict = "case"    // the name differs in upper and lower case only
	Type    Verdict = "type"    // not a regular file
)

// A FileResult is the verdict for one file.
type FileResult struct {
	Path    string  `json:"path"`
	Verdict Verdict `json:"verdict"`
	Want    string  `json:"want,omitempty"`
	Found   string  `json:"found,omitempty"`

	Aspect string `json:"-"` // of a result about one property of the file, the end of Path that names it
}

// File returns the path of the file, slash-separated: "." for the folder that was verified.
func (r FileResult) File() string {
	switch r.Aspect {
	case "":
		return r.Path
	case aspectName:
		return "."
	}
	return strings.TrimSuffix(r.Path, r.Aspect)
}

// Aspects of a release that have verdicts of their own.
const (
	aspectOxum   = " (Payload-Oxum)"
	aspectDigest = " (digest)"
	aspectName   = " (name of the release)"
)

func (r FileResult) String() string {
	s := r.Path + ": " + string(r.Verdict)
	switch {
	case r.Want != "" && r.Found != "":
		return fmt.Sprintf("%s: found %s, want %s", s, r.Found, r.Want)
	case r.Found != "":
		return s + ": found " + r.Found
	}
	return s
}

// A Report is the outcome of a comparison. A report without differences is
// the only one that says "equal".
type Report struct {
	Files []FileResult // sorted by path
	Bytes int64        // read
	Used  VerifyMode   // how the files were really read
	Notes []string     // what the bag's manifests do that BagIt allows and advises against
	Sums  Sums         // of the files that were read; nil unless asked for

	payload int // files of the payload that were read
}

// Differences are the files whose verdict is not Same.
func (r Report) Differences() []FileResult {
	return slices.DeleteFunc(slices.Clone(r.Files), func(f FileResult) bool { return f.Verdict == Same })
}

// VerifyOptions tunes Verify and CompareSource. The zero value is ready to use.
type VerifyOptions struct {
	Workers  int
	Uncached bool     // read past the page cache where the system can
	Checker  Checker  // looks at the payload as well; nil: nobody does
	Sums     bool     // report what was read of each file that has a SHA-256 to be compared with
	Progress Progress // nil reports nothing

	twin *twin
}

// Verify compares a bag, a release or any other, with its own manifests. A bag
// that breaks the rules of BagIt is a *bag.SyntaxError or another error of
// package bag; one whose files differ is a Report with differences.
func Verify(ctx context.Context, dir string, o VerifyOptions) (Report, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return Report{}, err
	}
	defer root.Close() //nolint:errcheck // only read
	return verifyBag(ctx, root, o)
}

func verifyBag(ctx context.Context, root *os.Root, o VerifyOptions) (Report, error) {
	b, notes, err := readBag(root)
	if err != nil {
		return Report{}, err
	}
	files := NewFolders(ctx, root, 1)
	defer files.Close() //nolint:errcheck // only read
	tree, odd, err := listAll(ctx, files)
	if err != nil {
		return Report{}, err
	}
	ours := isOurs(tree)
	c := &comparison{
		fsys: files, files: files, o: o, wanted: wantedFiles(b), tree: tree, odd: odd, payload: dataDir + "/", twin: o.twin,
		ignore: func(p string) bool {
			return isUnlistable(p) || !ours && !strings.HasPrefix(p, dataDir+"/")
		},
	}
	oxum := oxum(b, tree)
	rep, err := c.run(ctx, "verifying")
	if err != nil {
		return Report{}, err
	}
	rep.Notes = notes
	rep.Files = append(rep.Files, oxum...)
	rep.Files = append(rep.Files, ownRecord(root, ours)...)
	sortResults(rep.Files)
	return rep, nil
}

// readBag reads the tag files of a bag: a release of ours in the one form that
// is ever written, any other as BagIt allows.
func readBag(root *os.Root) (b *bag.Bag, notes []string, err error) {
	_, err = root.Lstat(releaseFile)
	rules := bag.Rules{Strict: err == nil, Warn: func(e *bag.SyntaxError) {
		if len(notes) < maxNotes {
			notes = append(notes, e.Error())
		}
	}}
	err = readRetry(func() (err error) {
		notes = nil
		b, err = bag.Read(regular.FS(root), rules)
		return err
	})
	return b, notes, err
}

// maxNotes bounds the notes of a report: a manifest may have one for each line.
const maxNotes = 20

// isUnlistable tells which files no manifest of a bag lists: the tag
// manifests cannot list themselves.
func isUnlistable(p string) bool {
	return strings.HasPrefix(p, "tagmanifest-") && strings.HasSuffix(p, ".txt")
}

// isOurs tells whether a bag is a release: then no file may lie in it that its
// manifests do not list. In other bags extra tag files are allowed.
func isOurs(t Tree) bool {
	return slices.ContainsFunc(t.Files, func(f File) bool { return f.Path == releaseFile })
}

// listAll lists a tree whatever is in it: entries that are neither file nor
// folder come apart, with their kind.
func listAll(ctx context.Context, fsys fs.FS) (Tree, map[string]string, error) {
	odd := map[string]string{}
	t, err := list(ctx, fsys, nil, func(p string, kind fs.FileMode) error {
		odd[p] = entryKind(kind)
		return nil
	})
	return t, odd, err
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
	return []FileResult{{Path: bag.InfoName + aspectOxum, Aspect: aspectOxum, Verdict: Changed, Want: b.Oxum.String(), Found: found.String()}}
}

// ownRecord compares a release's record and name with its manifest: someone
// who rewrites files, manifest and tag manifest alike is found here, unless he
// renames the release too.
func ownRecord(root *os.Root, ours bool) []FileResult {
	if !ours {
		return nil
	}
	rec, err := readRelease(root)
	if err != nil {
		return []FileResult{{Path: releaseFile, Verdict: Changed, Found: err.Error()}}
	}
	sum, err := fileSum(root, manifestName.Name())
	if err != nil {
		return []FileResult{{Path: manifestName.Name(), Verdict: Missing}}
	}
	var bad []FileResult
	if rec.Digest != sum {
		bad = append(bad, FileResult{Path: releaseFile + aspectDigest, Aspect: aspectDigest, Verdict: Changed, Want: rec.Digest, Found: sum})
	}
	if name := path.Base(strings.ReplaceAll(root.Name(), `\`, "/")); releaseName.MatchString(name) && name != NameOf(rec.USMTVersion, sum) {
		bad = append(bad, FileResult{Path: name + aspectName, Aspect: aspectName, Verdict: Changed, Want: name, Found: NameOf(rec.USMTVersion, sum)})
	}
	return bad
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

// IsBag tells whether a folder claims to be a BagIt bag.
func IsBag(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, bag.DeclarationName))
	return err == nil
}
