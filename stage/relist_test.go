package stage

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"usmtpkg/locate/tree"
)

// sourceDir puts the kit and an empty folder on disk and opens them as a command
// does, with listings that are kept for more readers than will come.
func sourceDir(t *testing.T) (dir string, src Source) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "kit")
	if err := errors.Join(os.CopyFS(dir, kit()), os.Mkdir(filepath.Join(dir, "amd64", "empty"), 0o777)); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := tree.NewFolders(t.Context(), root, 5)
	t.Cleanup(func() {
		if err := errors.Join(files.Close(), root.Close()); err != nil {
			t.Error(err)
		}
	})
	src = source(files)
	src.Include = func(name string) bool { return name != "beside" }
	return dir, src
}

var changes = []struct {
	name string
	do   func(dir string) error
	says string // empty: nothing that counts
}{
	{"nothing", func(string) error { return nil }, ""},
	{"a file beside what is copied", func(dir string) error { return os.Mkdir(filepath.Join(dir, "beside"), 0o777) }, ""},
	{"a file is added", func(dir string) error {
		return os.WriteFile(filepath.Join(dir, "amd64", "DLManifests", "new.man"), nil, 0o666)
	}, "amd64/DLManifests/new.man was added"},
	{"an empty folder is added", func(dir string) error { return os.Mkdir(filepath.Join(dir, "amd64", "new"), 0o777) }, "amd64/new was added (a folder)"},
	{"a file is gone", func(dir string) error { return os.Remove(filepath.Join(dir, "x86", "big.dll")) }, "x86/big.dll is gone"},
	{"a folder is gone", func(dir string) error { return os.RemoveAll(filepath.Join(dir, "x86", "DLManifests")) }, "run: x86/DLManifests is gone"},
	{"a file is longer", func(dir string) error {
		return os.WriteFile(filepath.Join(dir, "x86", "empty.dat"), []byte("x"), 0o666)
	}, "x86/empty.dat has 1 bytes now, and had 0 when it was listed"},
	{"a file has another time", func(dir string) error {
		return os.Chtimes(filepath.Join(dir, "x86", "empty.dat"), testTime, testTime.Add(time.Second))
	}, "x86/empty.dat has another modification time"},
	{"a file becomes a folder", func(dir string) error {
		name := filepath.Join(dir, "x86", "empty.dat")
		return errors.Join(os.Remove(name), os.Mkdir(name, 0o777))
	}, "run: x86/empty.dat is now a folder"},
	{"a folder becomes a file", func(dir string) error {
		name := filepath.Join(dir, "x86", "DLManifests")
		return errors.Join(os.RemoveAll(name), os.WriteFile(name, nil, 0o666))
	}, "run: x86/DLManifests is now a file"},
	{"a file becomes a link", func(dir string) error {
		name := filepath.Join(dir, "x86", "empty.dat")
		return errors.Join(os.Remove(name), os.Symlink(filepath.Join("..", "amd64", "empty.dat"), name))
	}, "run: x86/empty.dat is now a symbolic link"},
	{"a folder becomes a link that leads out", func(dir string) error {
		name := filepath.Join(dir, "x86")
		return errors.Join(os.Rename(name, name+"-moved"), os.Symlink(filepath.Join("..", ".."), name), os.RemoveAll(name+"-moved"))
	}, "run: x86 is now a symbolic link"},
	{"the source is gone", os.RemoveAll, "source changed during the run: "},
	{"many files are added", func(dir string) error {
		var errs []error
		for _, n := range strings.Split("abcdefgh", "") {
			errs = append(errs, os.WriteFile(filepath.Join(dir, n), nil, 0o666))
		}
		return errors.Join(errs...)
	}, "run: a was added; b was added; c was added; d was added; e was added; and 3 more"},
}

// The last look at the source comes after everything else, in every mode.
func TestStageListsTheSourceAgain(t *testing.T) {
	modes := []VerifyMode{VerifyReread, VerifyStream, VerifyUncached}
	for i, tt := range changes {
		t.Run(tt.name, func(t *testing.T) {
			needFor(t, tt.name)
			dir, src := sourceDir(t)
			lib := t.TempDir()
			o := options()
			o.Verify = modes[i%len(modes)]
			w, err := OpenWriter(t.Context(), lib, WriterOptions{step: func(name string) {
				if name == "sealed" {
					if err := tt.do(dir); err != nil {
						t.Error(err)
					}
				}
			}})
			if err != nil {
				t.Fatal(err)
			}
			_, err = w.Stage(t.Context(), src, o)
			wantChanged(t, err, tt.says)
			if err := w.Close(); err != nil {
				t.Error(err)
			}
			if tt.says != "" {
				wantEmpty(t, lib)
			}
		})
	}
}

// needFor skips a change that cannot be made here.
func needFor(t *testing.T, change string) {
	t.Helper()
	if runtime.GOOS == "windows" && (strings.HasPrefix(change, "a folder") || change == "the source is gone") {
		t.Skip("Windows keeps the name of a folder that is open")
	}
	if !strings.Contains(change, "link") {
		return
	}
	name := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink("elsewhere", name); err != nil {
		t.Skipf("this system makes no links here: %v", err)
	}
	if _, err := os.Lstat(name); err != nil {
		t.Skip("this system says that it made a link and did not (Wine)")
	}
}

func wantChanged(t *testing.T, err error, says string) {
	t.Helper()
	switch {
	case says == "" && err != nil:
		t.Errorf("got %v, want no error", err)
	case says != "" && (!errors.Is(err, tree.ErrChanged) || !strings.Contains(err.Error(), says)):
		t.Errorf("got %v, want ErrChanged and %q", err, says)
	}
}

// finishing does something when the content has been judged.
type finishing struct {
	noChecker
	do func()
}

func (f finishing) Finish() error { f.do(); return nil }

// Where nothing is published the source is listed again as well.
func TestUnpublishedSourceListedAgain(t *testing.T) {
	for _, plan := range []bool{false, true} {
		dir, src := sourceDir(t)
		lib := t.TempDir()
		mustStage(t, lib, src, options())
		o := options()
		o.Checker = finishing{do: func() {
			if err := os.WriteFile(filepath.Join(dir, "x86", "late.xml"), nil, 0o666); err != nil {
				t.Error(err)
			}
		}}
		var err error
		if plan {
			_, err = Plan(t.Context(), nil, src, o)
		} else {
			_, err = stageInto(t, lib, src, o)
		}
		wantChanged(t, err, "x86/late.xml was added")
	}
}

// starting does something when a phase begins.
type starting struct {
	noProgress
	phase string
	do    func()
}

func (s starting) Start(phase string, _ int, _ int64) {
	if phase == s.phase {
		s.do()
	}
}

// A file that can no longer be read because it became another kind of thing is
// a change of the source, not a fault of the disk.
func TestSourceErrorExplained(t *testing.T) {
	for _, phase := range []string{"copying", "hashing the source", "verifying"} {
		t.Run(phase, func(t *testing.T) {
			needFor(t, "a file becomes a link")
			dir, src := sourceDir(t)
			lib := t.TempDir()
			o := options()
			if phase == "verifying" {
				mustStage(t, lib, src, o)
			}
			o.Progress = starting{phase: phase, do: func() {
				name := filepath.Join(dir, "x86", "empty.dat")
				if err := errors.Join(os.Remove(name), os.Symlink(filepath.Join(lib, markerFile), name)); err != nil {
					t.Error(err)
				}
			}}
			var err error
			if phase == "hashing the source" {
				_, err = Plan(t.Context(), At(lib), src, o)
			} else {
				_, err = stageInto(t, lib, src, o)
			}
			wantChanged(t, err, "x86/empty.dat is now a symbolic link")
		})
	}
}

// What is compared with a source is compared with all of it.
func TestCompareListsTheSourceAgain(t *testing.T) {
	for _, phase := range []string{"comparing with the source", "hashing the source"} {
		t.Run(phase, func(t *testing.T) {
			dir, src := sourceDir(t)
			release := released(t)
			o := VerifyOptions{Progress: starting{phase: phase, do: func() {
				write(t, filepath.Join(dir, "x86", "late.xml"), "")
			}}}
			var err error
			if phase == "hashing the source" {
				_, err = CompareCopy(t.Context(), filepath.Join(release, "data"), src, o)
			} else {
				_, err = CompareSource(t.Context(), release, src, o)
			}
			wantChanged(t, err, "x86/late.xml was added")
		})
	}
}
