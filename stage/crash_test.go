package stage

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// Variables that turn the test program into a run that kills itself.
const (
	crashVar = "USMTPKG_TEST_CRASH" // the step to end at
	crashDir = "USMTPKG_TEST_DIR"   // the library, or the folder to extract into

	crashExtract = "USMTPKG_TEST_EXTRACT" // set: that is to be killed
	crashArchive = "USMTPKG_TEST_ARCHIVE" // the release to be received, if that is to be killed
	crashRemove  = "USMTPKG_TEST_REMOVE"  // a release: its removal is to be killed
)

// crashSteps are all steps of a run, in order, and two moments between them.
var crashSteps = []string{
	"marked", "locked", "listed", "staging", "mid-copy", "copied", "mid-reread", "reread",
	"tagged", "sealed", "published", "defined", "activated",
}

func killMyself() {
	p, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = p.Kill()
	}
	if err != nil {
		panic(err)
	}
	time.Sleep(time.Minute) // the signal may take a moment
}

// crashRun stages, defines and activates, and kills the process at the step asked for.
func crashRun() int {
	at := os.Getenv(crashVar)
	kill := func(step string) {
		if step == at {
			killMyself()
		}
	}
	if os.Getenv(crashExtract) != "" {
		return crashExtraction(os.Getenv(crashDir), kill)
	}
	if file := os.Getenv(crashArchive); file != "" {
		return crashReceipt(os.Getenv(crashDir), file, kill)
	}
	if release := os.Getenv(crashRemove); release != "" {
		return crashRemoval(os.Getenv(crashDir), release, kill)
	}
	if err := wholeRun(context.Background(), os.Getenv(crashDir), crashFS{kitNext(), kill}, kill); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// kitNext is a newer source than kit.
func kitNext() fstest.MapFS {
	m := kit()
	m["amd64/scanstate.exe"] = &fstest.MapFile{Data: []byte("newer"), ModTime: testTime}
	return m
}

// wholeRun is what the refresh command does.
func wholeRun(ctx context.Context, dir string, fsys fs.FS, step func(string)) error {
	w, err := OpenWriter(ctx, dir, WriterOptions{Now: time.Now, step: step})
	if err != nil {
		return err
	}
	o := options()
	o.AllowChanged = true // kit and kitNext are of one USMT version
	o.Checker = checkerFunc{finish: func() error { step("mid-reread"); return nil }}
	res, err := w.Stage(ctx, source(fsys), o)
	if err == nil {
		_, err = w.Define(ctx, res.Release.Name, map[string][]byte{"a.txt": []byte("a"), "b.txt": []byte("b")})
	}
	if err == nil {
		_, err = w.Activate(ctx, res.Release.Name)
	}
	if cerr := w.Close(); err == nil {
		err = cerr
	}
	return err
}

// crashFS kills the process in the middle of the largest file.
type crashFS struct {
	fs.FS
	kill func(string)
}

func (c crashFS) Open(name string) (fs.File, error) {
	f, err := c.FS.Open(name)
	if name != "x86/big.dll" || err != nil {
		return f, err
	}
	reads := 0
	return &faultFile{f, func(f fs.File, p []byte) (int, error) {
		if reads++; reads == 2 {
			c.kill("mid-copy")
		}
		return f.Read(p)
	}}, nil
}

// TestKilledAtEveryStep ends a run with a kill at each step and runs again. In
// between, the library holds what it held before, or the whole new release;
// afterwards it holds both releases, nothing else, and the new one is active.
func TestKilledAtEveryStep(t *testing.T) {
	for _, step := range crashSteps {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "lib")
			old := mustStage(t, dir, source(kit()), options()).Release.Name
			before := content(t, filepath.Join(dir, old))
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = append(os.Environ(), crashVar+"="+step, crashDir+"="+dir)
			if out, err := cmd.CombinedOutput(); err == nil || len(out) > 0 {
				t.Fatalf("the run was not killed: %v\n%s", err, out)
			}
			checkAfterKill(t, dir, old)
			if err := wholeRun(t.Context(), dir, kitNext(), func(string) {}); err != nil {
				t.Fatalf("the run after the kill: %v", err)
			}
			checkAfterRerun(t, dir, old)
			if after := content(t, filepath.Join(dir, old)); !mapsEqual(before, after) {
				t.Error("the old release changed")
			}
		})
	}
}

// TestKilledFirstRun kills the run that makes the library.
func TestKilledFirstRun(t *testing.T) {
	for _, step := range crashSteps {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "lib")
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = append(os.Environ(), crashVar+"="+step, crashDir+"="+dir)
			if out, err := cmd.CombinedOutput(); err == nil || len(out) > 0 {
				t.Fatalf("the run was not killed: %v\n%s", err, out)
			}
			if err := wholeRun(t.Context(), dir, kitNext(), func(string) {}); err != nil {
				t.Fatalf("the run after the kill: %v", err)
			}
			checkAfterRerun(t, dir, "")
		})
	}
}

// checkAfterKill makes sure that every published release is whole.
func checkAfterKill(t *testing.T, dir, old string) {
	t.Helper()
	lib, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	names, err := lib.Releases()
	if err != nil {
		t.Fatal(err)
	}
	if len(names) == 0 || len(names) > 2 {
		t.Errorf("releases after the kill: %v", names)
	}
	if _, err := lib.Release(old); err != nil {
		t.Error(err)
	}
	for _, name := range names {
		rep, err := Verify(t.Context(), lib.ReleaseDir(name), VerifyOptions{})
		if err != nil || len(rep.Differences()) > 0 {
			t.Errorf("release %s after the kill: %v %v", name, rep.Differences(), err)
		}
	}
	if _, err := lib.Current(); err != nil {
		t.Error(err)
	}
}

func checkAfterRerun(t *testing.T, dir, old string) {
	t.Helper()
	lib, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	current, err := lib.Current()
	if err != nil || current == "" || current == old {
		t.Errorf("active release %q, %v", current, err)
	}
	rep, err := Verify(t.Context(), lib.ReleaseDir(current), VerifyOptions{})
	if err != nil || len(rep.Differences()) > 0 {
		t.Errorf("Verify = %v, %v", rep.Differences(), err)
	}
	for name := range content(t, dir) {
		top, _, _ := strings.Cut(name, "/")
		if top != current && top != old && top != "current" && top != definitionsDir {
			t.Errorf("%s is left in the library", name)
		}
		if strings.HasSuffix(name, partialSuffix) {
			t.Errorf("%s is left in the library", name)
		}
	}
	if b, err := os.ReadFile(filepath.Join(lib.DefinitionDir(current), "b.txt")); err != nil || string(b) != "b" {
		t.Errorf("definition: %q, %v", b, err)
	}
}
