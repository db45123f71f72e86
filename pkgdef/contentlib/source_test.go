package contentlib

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"usmtpkg/locate/tree"
	"usmtpkg/pkgdef/contentlib/fakelib"
)

func source(t *testing.T, o Options, dirs ...string) (*PackageSource, []tree.FileResult) {
	t.Helper()
	s, broken, err := open(t, dirs...).Source(t.Context(), "P0100012.3", o)
	if err != nil {
		t.Fatal(err)
	}
	return s, broken
}

// What is read from the library is what was distributed, with its folders.
func TestSource(t *testing.T) {
	for _, deep := range []bool{false, true} {
		s, broken := source(t, Options{Deep: deep}, write(t, usmt(), 2)...)
		if len(broken) > 0 {
			t.Errorf("Source = %+v, want all whole", broken)
		}
		got := map[string]string{}
		for _, e := range s.Files {
			b, err := fs.ReadFile(s, e.Path)
			if err != nil {
				t.Error(err)
			}
			if info, err := fs.Stat(s, e.Path); err != nil || info.Size() != e.Size {
				t.Errorf("Stat(%s) = %v, %v, want %d bytes", e.Path, info, err, e.Size)
			}
			got[e.Path] = string(b)
		}
		if diff := cmp.Diff(usmt().Files, got); diff != "" {
			t.Errorf("files (-want +got):\n%s", diff)
		}
		if want := []string{"amd64", "amd64/DLManifests", "amd64/empty", "x86"}; !slices.Equal(s.Dirs, want) {
			t.Errorf("Dirs = %q, want %q", s.Dirs, want)
		}
		if _, err := s.Open("amd64"); !errors.Is(err, errNotListed) {
			t.Errorf("Open of a folder = %v, want it refused", err)
		}
		if _, err := s.Stat("nothing"); !errors.Is(err, errNotListed) {
			t.Errorf("Stat of nothing = %v, want it refused", err)
		}
	}
}

func TestSourceWithoutFiles(t *testing.T) {
	c := usmt()
	c.Files = nil
	if _, _, err := open(t, write(t, c, 1)...).Source(t.Context(), "P0100012.3", Options{}); !errors.As(err, new(*FormatError)) {
		t.Errorf("Source of a content without files = %v, want a *FormatError", err)
	}
}

func TestSourceBroken(t *testing.T) {
	dirs := write(t, usmt(), 1)
	k := kit{t, dirs}
	remove(t, k.object("ini"))
	overwrite(t, k.object("scan32"), "scan33")
	overwrite(t, k.record("amd64/DLManifests/a.man"), "[File]\nSize=3\nHash=..")
	overwrite(t, filepath.Join(dirs[0], "DataLib", "P0100012.3", "x86", "stray"), "")
	for _, deep := range []bool{false, true} {
		want := map[string]tree.Verdict{"amd64/DLManifests/a.man": tree.Changed, "amd64/foo.ini": ObjectMissing, "x86/stray": tree.Changed}
		if deep { // otherwise found by whoever reads it
			want["x86/scanstate.exe"] = ObjectChanged
		}
		_, broken := source(t, Options{Deep: deep}, dirs...)
		got := map[string]tree.Verdict{}
		for _, b := range broken {
			got[b.Path] = b.Verdict
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("deep %t (-want +got):\n%s", deep, diff)
		}
	}
}

// Of an object on two drives the good one is taken, although none is read otherwise.
func TestSourceTwice(t *testing.T) {
	dirs := write(t, usmt(), 1)
	second := filepath.Join(t.TempDir(), "SCCMContentLib")
	if err := fakelib.Write([]string{second}, usmt()); err != nil {
		t.Fatal(err)
	}
	overwrite(t, kit{t, dirs}.object("man"), "mao")
	s, broken := source(t, Options{}, dirs[0], second)
	b, err := fs.ReadFile(s, "amd64/DLManifests/a.man")
	if err != nil || string(b) != "man" || len(broken) > 0 {
		t.Errorf("the file is %q (%v), %+v, want the good one", b, err, broken)
	}
}

// A counter counts what is reported.
type counter struct {
	files, allFiles int
	bytes, allBytes int64
}

func (c *counter) Start(_ string, files int, bytes int64) { c.allFiles, c.allBytes = files, bytes }
func (c *counter) Add(files int, bytes int64)             { c.files += files; c.bytes += bytes }

func TestCheckProgress(t *testing.T) {
	l := open(t, write(t, usmt(), 1)...)
	for _, deep := range []bool{false, true} {
		var c counter
		if _, err := l.Check(t.Context(), "P0100012.3", manifest(usmt()), Options{Deep: deep, Workers: 1, Progress: &c}); err != nil {
			t.Fatal(err)
		}
		want := counter{4, 4, 0, 0} // of five files two are the same
		if deep {
			want = counter{4, 4, int64(len("scan" + "ini" + "man" + "scan32")), int64(len("scan" + "ini" + "man" + "scan32"))}
		}
		if c != want {
			t.Errorf("progress, deep %t = %+v, want %+v", deep, c, want)
		}
	}
}

// A fault of ours in one object is an error of the check, and not the end of the process.
func TestCheckPanic(t *testing.T) {
	l := open(t, write(t, usmt(), 1)...)
	_, err := l.Check(t.Context(), "P0100012.3", manifest(usmt()), Options{Progress: panicking{}})
	if err == nil || !strings.Contains(err.Error(), "internal fault: boom") {
		t.Errorf("Check with a panic in a worker = %v, want it as an error", err)
	}
}

type panicking struct{}

func (panicking) Start(string, int, int64) {}
func (panicking) Add(int, int64)           { panic("boom") }
