package crash

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"usmtpkg/testdata/platform"
)

const newer = "10.0.65001.1"

// A scene is a library before a run, and the run.
type scene struct {
	program, kit string
	start        string // the library as it is before the run; empty: there is none
	old          string // the release that is active before
	made         string // the release that the run makes or activates
	done         map[string]string
}

func newScene(t *testing.T, dir string) *scene {
	t.Helper()
	s := &scene{program: platform.Program(t, "linux"), kit: platform.TinyKit(t, filepath.Join(dir, "next"), newer)}
	return s
}

func (s *scene) command(library string) []string {
	return []string{s.program, "refresh", "--source", s.kit, "--library", library, "-q"}
}

// library gives a test its own copy of the library as it is before the run.
func (s *scene) library(t *testing.T) string {
	t.Helper()
	library := filepath.Join(t.TempDir(), "lib")
	if s.start != "" {
		if out, err := exec.Command("cp", "-a", s.start, library).CombinedOutput(); err != nil {
			t.Fatalf("cp: %v\n%s", err, out)
		}
	}
	return library
}

// begin makes the library as it is before the run.
func begin(t *testing.T, dir string) *scene {
	t.Helper()
	s := newScene(t, dir)
	s.start = filepath.Join(dir, "start")
	platform.Run(t, s.program, "refresh", "--source", platform.TinyKit(t, filepath.Join(dir, "kit"), ""), "--library", s.start).Want(t, 0)
	s.old = platform.Current(t, s.start)
	return s
}

// A run that makes a library, one that adds a release, and one that only
// activates a release: each is killed before every call of it that changes the
// disk. There is no third state.
func TestKilledAtEveryCall(t *testing.T) {
	tests := []struct {
		name  string
		begin func(t *testing.T, dir string) *scene
	}{
		{"first run", newScene},
		{"new release", begin},
		{"activate", func(t *testing.T, dir string) *scene {
			t.Helper()
			s := begin(t, dir)
			platform.Run(t, s.command(s.start)...).Want(t, 0)
			platform.Write(t, filepath.Join(s.start, "current"), []byte(s.old+"\n"))
			return s
		}},
		{"after a crash", func(t *testing.T, dir string) *scene {
			t.Helper()
			s := begin(t, dir)
			Trace(t, s.start, 60, s.command(s.start)...) // in the middle of the copy
			if found, err := filepath.Glob(filepath.Join(s.start, ".staging-*", "data", "amd64", "*")); err != nil || len(found) == 0 {
				t.Fatalf("the run that was to be killed in the middle left %v, %v", found, err)
			}
			return s
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := tt.begin(t, t.TempDir())
			library := s.library(t)
			whole := Trace(t, library, -1, s.command(library)...)
			if whole.Killed || whole.Status != 0 {
				t.Fatalf("the run that nobody disturbed: %+v", whole)
			}
			s.made, s.done = platform.Current(t, library), published(t, library)
			t.Logf("%d system calls change the disk", len(whole.Calls))
			if testing.Verbose() {
				t.Log(counts(whole.Calls))
			}
			for k := range whole.Calls {
				t.Run(fmt.Sprint(k), func(t *testing.T) {
					t.Parallel()
					s.killed(t, k)
				})
			}
		})
	}
}

// killed kills the run before the call of that number, looks at the library,
// and runs again.
func (s *scene) killed(t *testing.T, k int) {
	t.Helper()
	library := s.library(t)
	r := Trace(t, library, k, s.command(library)...)
	if !r.Killed {
		if r.Status != 0 {
			t.Fatalf("exit status %d\n%s", r.Status, r.Stderr)
		}
		t.Logf("over after %d calls: threads went another way", len(r.Calls))
	}
	at := r.Calls[len(r.Calls)-1]
	defer func() {
		if t.Failed() {
			t.Logf("killed before call %d: %s", k, at)
		}
	}()
	s.checkWhole(t, library)
	if at == "pwrite64 /.lock" {
		// The lock is there and does not say whose it is. Until it has an age it may be that of a run that begins.
		platform.Run(t, s.command(library)...).Want(t, 7, "in use by another run: a run that crashed while it took the lock")
		old := time.Now().Add(-time.Minute)
		if err := os.Chtimes(filepath.Join(library, ".lock"), old, old); err != nil {
			t.Fatal(err)
		}
	}
	platform.Run(t, s.command(library)...).Want(t, 0)
	platform.Same(t, s.done, published(t, library))
	if got := platform.Current(t, library); got != s.made {
		t.Errorf("active release %s, want %s", got, s.made)
	}
	platform.Run(t, s.program, "verify", "--library", library, "--source", s.kit).Want(t, 0)
	for name := range platform.Snapshot(t, library) {
		if strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".partial") {
			t.Errorf("%s is left in the library", name)
		}
	}
}

// checkWhole makes sure that after a crash the library holds what it held
// before or the whole new release, and that what is active is one of them.
func (s *scene) checkWhole(t *testing.T, library string) {
	t.Helper()
	now := published(t, library)
	if s.start != "" {
		for name, what := range published(t, s.start) {
			if now[name] != what && name != "current" {
				t.Errorf("%s: %q after the crash, want %q as before", name, now[name], what)
			}
		}
	}
	if _, there := now[s.made]; there {
		platform.Run(t, s.program, "verify", filepath.Join(library, s.made)).Want(t, 0, "equal to its manifests")
	}
	if _, there := now["current"]; !there {
		if s.old != "" {
			t.Error("nothing is active after the crash")
		}
		return
	}
	switch active := platform.Current(t, library); active {
	case s.old:
	case s.made:
		if _, there := now[s.made]; !there {
			t.Errorf("%s is active and not there", active)
		}
	default:
		t.Errorf("%q is active after the crash", active)
	}
}

// published is what a library shows: all but what begins with a dot. What
// differs from run to run, its id and the time of making, is left out.
func published(t *testing.T, library string) map[string]string {
	t.Helper()
	if _, err := os.Stat(library); os.IsNotExist(err) {
		return nil
	}
	m := platform.Snapshot(t, library)
	for name := range m {
		base := filepath.Base(name)
		if strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".partial") {
			delete(m, name)
			continue
		}
		switch base {
		case "usmtpkg.json", "release.json", "bag-info.txt", "tagmanifest-sha256.txt", "package.json", "USMT.sms":
			m[name] = "there"
		}
		if strings.HasSuffix(name, ".ps1") {
			m[name] = "there"
		}
	}
	return m
}

// counts says how often each call was made.
func counts(calls []string) string {
	n := map[string]int{}
	for _, c := range calls {
		name, _, _ := strings.Cut(c, " ")
		n[name]++
	}
	var s []string
	for _, name := range slices.Sorted(maps.Keys(n)) {
		s = append(s, fmt.Sprintf("%s %d", name, n[name]))
	}
	return strings.Join(s, ", ")
}

// What is published was flushed before: all that was written to the staging
// folder lies before a flush of the file system, that before the rename, and
// after the rename the library's folder is flushed. This order
// makes a power cut harmless; package powercut tests that.
func TestFlushedBeforePublished(t *testing.T) {
	t.Parallel()
	s := begin(t, t.TempDir())
	library := s.library(t)
	calls := Trace(t, library, -1, s.command(library)...).Calls
	last := func(match func(name, path string) bool) int {
		for i := len(calls) - 1; i >= 0; i-- {
			if name, path, _ := strings.Cut(calls[i], " "); match(name, path) {
				return i
			}
		}
		t.Errorf("a call is missing in %s", strings.Join(calls, "\n"))
		return -1
	}
	inStaging := func(path string) bool { return strings.HasPrefix(path, "/.staging-") }
	written := last(func(name, path string) bool { return (name == "write" || name == "openat") && inStaging(path) })
	unmarked := last(func(name, path string) bool {
		return name == "unlinkat" && inStaging(path) && strings.HasSuffix(path, "/.staging.json")
	})
	sealed := last(func(name, path string) bool { return name == "fsync" && inStaging(path) })
	moved := last(func(name, path string) bool {
		return name == "renameat" && inStaging(path) && strings.Count(path, "/") == 1
	})
	folder := last(func(name, path string) bool { return name == "fsync" && path == "" })
	current := last(func(name, path string) bool { return name == "renameat" && strings.HasPrefix(path, "/.current.") })
	flushed := -1
	for i, call := range calls[:max(unmarked, 0)] {
		if name, path, _ := strings.Cut(call, " "); (name == "syncfs" || name == "fsync") && inStaging(path) {
			flushed = i
		}
	}
	order := []int{written, flushed, unmarked, sealed, moved, current, folder}
	if !slices.IsSorted(order) {
		t.Errorf("written, flushed, mark removed, folder flushed, moved, current, its folder flushed: %d, want them in this order, in\n%s", order, strings.Join(calls, "\n"))
	}
	if after := slices.Index(calls[moved:], "fsync "); after != 1 {
		t.Errorf("the library's folder is flushed %d calls after the rename, want it to be the next", after)
	}
}
