package stage

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"usmtpkg/locate/tree"
)

// contentOf is a content with the files of fsys, the last first, and folders that have none.
func contentOf(fsys fstest.MapFS, dirs ...string) Content {
	c := Content{Name: "content", FS: fsys, Dirs: dirs}
	for _, name := range slices.Backward(slices.Sorted(maps.Keys(fsys))) {
		f := fsys[name]
		c.Files = append(c.Files, tree.FileSum{Path: name, Size: int64(len(f.Data)), SHA256: strings.ToUpper(fmt.Sprintf("%x", sha256.Sum256(f.Data)))})
	}
	return c
}

// packed is the kit as a content, with an empty folder.
func packed() Content { return contentOf(kit(), "x86", "x86/empty/deep") }

// packedFiles are its files.
func packedFiles() map[string]string {
	files := map[string]string{}
	for name, f := range kit() {
		files[name] = string(f.Data)
	}
	return files
}

// wantNothing makes sure that nothing was left where it was extracted to.
func wantNothing(t *testing.T, work string) {
	t.Helper()
	if entries, err := os.ReadDir(work); err != nil || len(entries) > 0 {
		t.Errorf("what is left: %v (%v), want nothing", entries, err)
	}
}

func TestExtract(t *testing.T) {
	work := t.TempDir()
	target := filepath.Join(work, "USMT")
	dry, err := Extract(t.Context(), packed(), target, ExtractOptions{DryRun: true})
	if err != nil {
		t.Fatal(err)
	}
	wantNothing(t, work)
	got, err := Extract(t.Context(), packed(), target, ExtractOptions{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	var bytes int64
	want := packedFiles()
	for _, text := range want {
		bytes += int64(len(text))
	}
	if diff := cmp.Diff(dry, got); diff != "" || got.Files != 10 || got.Bytes != bytes || got.Dir != target {
		t.Errorf("Extract = %+v, the dry run said (-dry +got):\n%s", got, diff)
	}
	for _, dir := range []string{"amd64", "amd64/DLManifests", "amd64/DLManifests/a", "x86", "x86/DLManifests", "x86/DLManifests/a", "x86/empty", "x86/empty/deep"} {
		want[dir+"/"] = ""
	}
	if diff := cmp.Diff(want, content(t, target)); diff != "" {
		t.Errorf("files and folders (-want +got):\n%s", diff)
	}
	entries, err := os.ReadDir(work)
	if err != nil || len(entries) != 1 {
		t.Errorf("beside the target lie %v (%v), want nothing", entries, err)
	}
}

func TestExtractIntoEmptyFolder(t *testing.T) {
	work := t.TempDir()
	if _, err := Extract(t.Context(), packed(), work, ExtractOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := content(t, work)["x86/scanstate.exe"]; got != "scan x86" {
		t.Errorf("x86/scanstate.exe holds %q, want scan x86", got)
	}
	if _, err := Extract(t.Context(), packed(), work, ExtractOptions{}); err == nil || !strings.Contains(err.Error(), "it is not empty (amd64)") {
		t.Errorf("Extract again = %v, want it refused", err)
	}
}

// What is not as it has to be is named, all of it, and nothing is left.
func TestExtractBroken(t *testing.T) {
	tests := []struct {
		name string
		do   func(fsys fstest.MapFS)
		want map[string]Verdict
	}{
		{"altered", func(fsys fstest.MapFS) {
			fsys["amd64/DLManifests/one.man"] = &fstest.MapFile{Data: []byte("<0ne/>")}
			fsys["x86/scanstate.exe"] = &fstest.MapFile{Data: []byte("scan X86")}
		}, map[string]Verdict{"amd64/DLManifests/one.man": Changed, "x86/scanstate.exe": Changed}},
		{"missing, and of another size", func(fsys fstest.MapFS) {
			delete(fsys, "x86/scanstate.exe")
			fsys["amd64/scanstate.exe"] = &fstest.MapFile{Data: []byte("scan")}
		}, map[string]Verdict{"amd64/scanstate.exe": Changed, "x86/scanstate.exe": Missing}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			work := t.TempDir()
			c := packed()
			tt.do(c.FS.(fstest.MapFS))
			_, err := Extract(t.Context(), c, filepath.Join(work, "USMT"), ExtractOptions{})
			var mm *MismatchError
			if !errors.As(err, &mm) || mm.What != "content is incomplete or altered" {
				t.Fatalf("Extract = %v, want a *MismatchError about the content", err)
			}
			got := map[string]Verdict{}
			for _, f := range mm.Files {
				got[f.Path] = f.Verdict
			}
			if !slices.IsSortedFunc(mm.Files, func(a, b FileResult) int { return strings.Compare(a.Path, b.Path) }) {
				t.Errorf("%v, want them sorted", mm.Files)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
			wantNothing(t, work)
		})
	}
}

// A file without a sum is none that can be extracted: nothing is written unchecked.
func TestExtractWithoutSum(t *testing.T) {
	work := t.TempDir()
	c := packed()
	c.Files[0].SHA256 = ""
	if _, err := Extract(t.Context(), c, filepath.Join(work, "USMT"), ExtractOptions{}); !errors.As(err, new(*MismatchError)) {
		t.Errorf("Extract = %v, want a *MismatchError", err)
	}
	wantNothing(t, work)
}

// Names that no package source can have had lead nowhere, on any system.
func TestExtractHostileNames(t *testing.T) {
	for _, name := range []string{
		"CON", "nul.txt", "a ", "a.", "a:b", "a\x01b", "a?b", `..\..\evil`, `C:\evil`, "aux/x", "../evil", "/evil", "a//b", "",
		"X86/SCANSTATE.exe", "x86/Empty/x", "x86/scanstate.exe/x", "x86/scanstate.exe",
	} {
		t.Run(name, func(t *testing.T) {
			work := t.TempDir()
			file, dir := packed(), packed()
			file.Files = append(file.Files, tree.FileSum{Path: name})
			dir.Dirs = append(dir.Dirs, name)
			for what, c := range map[string]Content{"file": file, "folder": dir} {
				if what == "folder" && name == "x86/Empty/x" {
					continue // it is tried as a file; both folders can be merged no more than that
				}
				_, err := Extract(t.Context(), c, filepath.Join(work, "USMT"), ExtractOptions{})
				if bad := (*FormatError)(nil); !errors.As(err, &bad) || bad.File != "content" {
					t.Errorf("Extract of such a %s = %v, want a *FormatError about the content", what, err)
				}
			}
			wantNothing(t, work)
		})
	}
}

func TestExtractRefuses(t *testing.T) {
	tests := []struct {
		name    string
		target  func(t *testing.T, work string) string
		want    string
		refused bool // a *RefusedError, else a *DestinationError
	}{
		{"what is read", func(_ *testing.T, work string) string { return filepath.Join(work, "from") }, "which usmtpkg only reads", true},
		{"in what is read", func(_ *testing.T, work string) string { return filepath.Join(work, "from", "x", "y") }, "which usmtpkg only reads", true},
		{"a library of ours", func(t *testing.T, work string) string {
			t.Helper()
			mustStage(t, filepath.Join(work, "lib"), source(kit()), options())
			return filepath.Join(work, "lib")
		}, "it is a usmtpkg library", true},
		{"in a library of ours", func(t *testing.T, work string) string {
			t.Helper()
			mustStage(t, filepath.Join(work, "lib"), source(kit()), options())
			return filepath.Join(work, "lib", "new")
		}, "it is in the library", true},
		{"a volume", func(_ *testing.T, work string) string { return filepath.VolumeName(work) + string(filepath.Separator) }, "root of a volume", true},
		{"a protected folder", func(_ *testing.T, work string) string { return filepath.Join(work, "home") }, "it is a system or home folder", true},
		{"not empty", func(t *testing.T, work string) string {
			t.Helper()
			write(t, filepath.Join(work, "d", "thesis.doc"), "x")
			return filepath.Join(work, "d")
		}, "it is not empty (thesis.doc)", false},
		{"a file", func(t *testing.T, work string) string {
			t.Helper()
			write(t, filepath.Join(work, "f"), "x")
			return filepath.Join(work, "f")
		}, "it is a file, not a folder", false},
		{"in a folder that is not there", func(_ *testing.T, work string) string { return filepath.Join(work, "a", "b") }, "extracting to ", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			work := t.TempDir()
			for _, dir := range []string{"from", "home"} {
				if err := os.Mkdir(filepath.Join(work, dir), 0o777); err != nil {
					t.Fatal(err)
				}
			}
			target := tt.target(t, work)
			c := packed()
			c.From = []string{filepath.Join(work, "from")}
			before := content(t, work)
			_, err := Extract(t.Context(), c, target, ExtractOptions{Protected: []string{filepath.Join(work, "home")}})
			var refused *RefusedError
			var dest *DestinationError
			if err == nil || !strings.Contains(err.Error(), tt.want) || errors.As(err, &refused) != tt.refused || errors.As(err, &dest) == tt.refused {
				t.Errorf("Extract = %v, want %q", err, tt.want)
			}
			if tt.refused && !strings.Contains(err.Error(), "cannot be the target") {
				t.Errorf("Extract = %v, want it to say what was refused", err)
			}
			if !mapsEqual(before, content(t, work)) {
				t.Error("the refused folder was changed")
			}
		})
	}
}

func TestExtractThroughALink(t *testing.T) {
	elsewhere := t.TempDir()
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(elsewhere, link); err != nil {
		t.Skipf("this system makes no links here: %v", err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Skip("this system says that it made a link and did not (Wine)")
	}
	if _, err := Extract(t.Context(), packed(), link, ExtractOptions{}); err == nil || !strings.Contains(err.Error(), "symbolic link") {
		t.Errorf("Extract = %v, want the link refused", err)
	}
	wantNothing(t, elsewhere)
}

// stopper cancels when files are being copied.
type stopper struct{ cancel context.CancelFunc }

func (s stopper) Start(string, int, int64) {}
func (s stopper) Add(_ int, bytes int64) {
	if bytes > 0 {
		s.cancel()
	}
}

func TestExtractCancelled(t *testing.T) {
	work := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err := Extract(ctx, packed(), filepath.Join(work, "USMT"), ExtractOptions{Progress: stopper{cancel}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Extract = %v, want context.Canceled", err)
	}
	wantNothing(t, work)
}

// What is extracted from a release and staged again is that release: its record has all that is needed.
func TestExtractGivesTheReleaseBack(t *testing.T) {
	dir, target := t.TempDir(), filepath.Join(t.TempDir(), "USMT")
	before := mustStage(t, dir, source(kit()), options())
	files, err := PackageFiles(At(dir).ReleaseDir(before.Release.Name))
	if err != nil {
		t.Fatal(err)
	}
	src := At(dir).PackageSource(before.Release.Name)
	if _, err := Extract(t.Context(), Content{Name: "release", FS: os.DirFS(src), Files: files, From: []string{src}}, target, ExtractOptions{}); err != nil {
		t.Fatal(err)
	}
	if after := mustStage(t, dir, source(os.DirFS(target)), options()); after.Published || after.Release.Name != before.Release.Name {
		t.Errorf("staged again: %+v, want the release that is there", after)
	}
}
