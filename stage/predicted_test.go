package stage

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"usmtpkg/pkgdef/contentlib"
)

// The record names the content hash that a second implementation computes from the files.
func TestRecordOfContentHash(t *testing.T) {
	dir := t.TempDir()
	res := mustStage(t, dir, source(kit()), options())
	h := res.Release.ContentHash
	if h == nil || h.Algorithm != 32780 || !h.Predicted || len(h.Doubts) != 0 {
		t.Fatalf("ContentHash = %+v, want a predicted one of algorithm 32780, without doubts", h)
	}
	read, err := At(dir).Release(res.Release.Name)
	if diff := cmp.Diff(h, read.ContentHash); err != nil || diff != "" {
		t.Errorf("the record (%v) (-returned +read):\n%s", err, diff)
	}
	python, err := exec.LookPath("python3")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("python3 is not installed")
		}
		t.Skip("THE SECOND IMPLEMENTATION WAS NOT RUN: python3 is not installed")
	}
	script := filepath.Join("..", "pkgdef", "contentlib", "testdata", "contenthash.py")
	out, err := exec.CommandContext(t.Context(), python, script, At(dir).PackageSource(res.Release.Name)).Output()
	if got := strings.TrimSpace(string(out)); err != nil || got != h.Value {
		t.Errorf("the second implementation gives %s (%v), the record says %s", got, err, h.Value)
	}
}

// The same on a genuine kit, a USMT folder that USMTPKG_TEST_KIT names: it is Microsoft's and no part
// of this project. The content hash of the folder, the one recorded of it once it is staged, and the one
// predicted from its files are those that the second implementation computes by reading them.
func TestContentHashOfGenuineKit(t *testing.T) {
	kit := os.Getenv("USMTPKG_TEST_KIT")
	python, err := exec.LookPath("python3")
	if err != nil || kit == "" {
		t.Skipf("NO CONTENT HASH OF A GENUINE KIT WAS PREDICTED: python3 %q, USMTPKG_TEST_KIT %q", python, kit)
	}
	second := func(dir string) string {
		t.Helper()
		script := filepath.Join("..", "pkgdef", "contentlib", "testdata", "contenthash.py")
		out, err := exec.CommandContext(t.Context(), python, script, dir).Output()
		if err != nil {
			t.Fatalf("the second implementation on %s: %v", dir, err)
		}
		return strings.TrimSpace(string(out))
	}
	dir := t.TempDir()
	res := mustStage(t, dir, source(os.DirFS(kit)), options())
	staged := At(dir).PackageSource(res.Release.Name)
	files, err := PackageFiles(At(dir).ReleaseDir(res.Release.Name))
	if err != nil {
		t.Fatal(err)
	}
	const least = 100 // files; a genuine arch folder has some 180
	if len(files) < least {
		t.Fatalf("%s holds %d files, which is no USMT: want at least %d", kit, len(files), least)
	}
	prediction, err := contentlib.Predict(files, nil)
	if err != nil {
		t.Fatal(err)
	}
	recorded := res.Release.ContentHash
	if recorded == nil || len(recorded.Doubts) > 0 || len(prediction.Doubts) > 0 {
		t.Fatalf("ContentHash = %+v, predicted %+v, want one without doubts", recorded, prediction)
	}
	for what, got := range map[string]string{"recorded": recorded.Value, "of the manifest": prediction.Hash, "of the kit": second(kit)} {
		if want := second(staged); got != want {
			t.Errorf("the content hash %s is %s, the second implementation gives %s", what, got, want)
		}
	}
	t.Logf("%d files, %s", len(files), recorded.Value)
}

// A doubt is recorded, and bounded.
func TestRecordOfDoubts(t *testing.T) {
	files := kit()
	files["amd64/"+strings.Repeat("ü", 120)+".xml"] = files["amd64/DLManifests/one.man"]
	res := mustStage(t, t.TempDir(), source(files), options())
	h := res.Release.ContentHash
	if h == nil || len(h.Doubts) != 1 || !strings.Contains(h.Doubts[0], "is not ASCII") || len(h.Doubts[0]) > 500 {
		t.Errorf("ContentHash = %+v, want one doubt", h)
	}
}

// Names that Windows takes for one: nothing is predicted.
func TestPredictNothing(t *testing.T) {
	sum := strings.Repeat("ab", 32)
	if h := predict([]contentlib.File{{Path: "amd64/dir.xml", SHA256: sum}, {Path: "amd64/DIR.xml", SHA256: sum}}); h != nil {
		t.Errorf("predict = %+v, want nothing", h)
	}
	if h := predict([]contentlib.File{{Path: "amd64/dır.xml", SHA256: sum}, {Path: "amd64/DIR.xml", SHA256: sum}}); h == nil {
		t.Error("predict = nothing for a dotless i beside an I, which Windows tells apart")
	}
}

func TestPackageFiles(t *testing.T) {
	dir := t.TempDir()
	res := mustStage(t, dir, source(kit()), options())
	release := filepath.Join(dir, res.Release.Name)
	files, err := PackageFiles(release)
	if err != nil || len(files) != res.Release.FileCount {
		t.Fatalf("PackageFiles = %d files, %v, want %d", len(files), err, res.Release.FileCount)
	}
	p, err := contentlib.Predict(files, nil)
	if err != nil || p.Hash != res.Release.ContentHash.Value {
		t.Errorf("Predict = %+v, %v, want %s", p, err, res.Release.ContentHash.Value)
	}
	i := slices.IndexFunc(files, func(f contentlib.File) bool { return f.Path == "amd64/big.dll" })
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
