package stage

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"usmtpkg/locate/tree"
)

// namesHash is a Predictor: its hash is made of the names and the sums.
func namesHash(files []tree.FileSum) (string, []string) {
	h := sha256.New()
	for _, f := range files {
		fmt.Fprintln(h, f.Path, f.SHA256)
	}
	return fmt.Sprintf("%X", h.Sum(nil)), nil
}

// What is predicted is recorded, and a release that has it is found to be unchanged.
func TestRecordOfContentHash(t *testing.T) {
	for _, doubts := range [][]string{nil, {"a name is not ASCII"}} {
		dir, o := t.TempDir(), options()
		o.Predict = func(files []tree.FileSum) (string, []string) {
			hash, _ := namesHash(files)
			return hash, doubts
		}
		res := mustStage(t, dir, source(kit()), o)
		h := res.Release.ContentHash
		if h == nil || h.Algorithm != 32780 || !h.Predicted || h.Doubts == nil || !slices.Equal(h.Doubts, doubts) {
			t.Fatalf("ContentHash = %+v, want a predicted one of algorithm 32780 with doubts %q", h, doubts)
		}
		read, err := At(dir).Release(res.Release.Name)
		if diff := cmp.Diff(h, read.ContentHash); err != nil || diff != "" {
			t.Errorf("the record (%v) (-returned +read):\n%s", err, diff)
		}
		var again phases
		o.Progress = &again
		if res := mustStage(t, dir, source(kit()), o); res.Published || len(again) != 1 {
			t.Errorf("the same content again: %+v, read in %q, want it unchanged and read once", res, again)
		}
		if res, err := Plan(t.Context(), At(dir), source(kit()), o); err != nil || res.Published {
			t.Errorf("Plan = %+v, %v, want the release that is there", res, err)
		}
	}
}

// phases lists what a run began.
type phases []string

func (p *phases) Start(phase string, _ int, _ int64) { *p = append(*p, phase) }
func (p *phases) Add(int, int64)                     {}

// Where nothing can be predicted, nothing is recorded.
func TestRecordWithoutContentHash(t *testing.T) {
	o := options()
	o.Predict = func([]tree.FileSum) (string, []string) { return "", nil }
	if res := mustStage(t, t.TempDir(), source(kit()), o); res.Release.ContentHash != nil {
		t.Errorf("ContentHash = %+v, want none", res.Release.ContentHash)
	}
}

func TestPackageFiles(t *testing.T) {
	dir, o := t.TempDir(), options()
	o.Predict = namesHash
	res := mustStage(t, dir, source(kit()), o)
	release := filepath.Join(dir, res.Release.Name)
	files, err := PackageFiles(release)
	if err != nil || len(files) != res.Release.FileCount {
		t.Fatalf("PackageFiles = %d files, %v, want %d", len(files), err, res.Release.FileCount)
	}
	if hash, _ := namesHash(files); hash != res.Release.ContentHash.Value {
		t.Errorf("the files come to %s, want %s", hash, res.Release.ContentHash.Value)
	}
	i := slices.IndexFunc(files, func(f tree.FileSum) bool { return f.Path == "amd64/big.dll" })
	if i < 0 || files[i].Size != int64(len(kit()["amd64/big.dll"].Data)) {
		t.Errorf("files = %+v, want the size of amd64/big.dll", files)
	}
	record := filepath.Join(release, releaseFile)
	good, err := os.ReadFile(record)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"a file less":   strings.Replace(string(good), `{"path":"amd64/empty.dat"`, `{"path":"amd64/scanstate.exe"`, 1),
		"another sum":   strings.Replace(string(good), `"sha256":"e3b0`, `"sha256":"e3b1`, 1),
		"no list":       string(good[:strings.Index(string(good), filesKey)]) + filesKey + "]\n}\n",
		"an unlisted":   strings.Replace(string(good), `{"path":"amd64/empty.dat"`, `{"path":"amd64/more.dat"`, 1),
		"something odd": "{",
	} {
		write(t, record, text)
		if got, err := PackageFiles(release); err == nil {
			t.Errorf("%s: PackageFiles = %d files, want an error", name, len(got))
		} else if bad := (*FormatError)(nil); !errors.As(err, &bad) {
			t.Errorf("%s: PackageFiles = %v, want a *FormatError", name, err)
		}
	}
}
