package crash

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"usmtpkg/testdata/platform"
)

// A prune is killed before every call of it that changes the disk: each release is there as a whole
// or gone, and the next run removes what is left of one that is gone.
func TestPruneKilledAtEveryCall(t *testing.T) {
	dir := t.TempDir()
	s := begin(t, dir) // old is active
	platform.Run(t, s.program, "refresh", "--source", platform.TinyKit(t, filepath.Join(dir, "third"), "10.0.65002.1"), "--library", s.start).Want(t, 0)
	middle := platform.Current(t, s.start)
	platform.Run(t, s.command(s.start)...).Want(t, 4) // older than the third
	platform.Run(t, append(s.command(s.start), "--allow-downgrade")...).Want(t, 0)
	active := platform.Current(t, s.start)
	prune := func(library string) []string {
		return []string{s.program, "prune", "--keep", "1", "--yes", "--library", library}
	}
	library := s.library(t)
	whole := Trace(t, library, -1, prune(library)...)
	if whole.Killed || whole.Status != 0 {
		t.Fatalf("the run that nobody disturbed: %+v", whole)
	}
	before, done := published(t, s.start), published(t, library)
	t.Logf("%d system calls change the disk", len(whole.Calls))
	for k := range whole.Calls {
		t.Run(fmt.Sprint(k), func(t *testing.T) {
			t.Parallel()
			library := s.library(t)
			r := Trace(t, library, k, prune(library)...)
			at := r.Calls[len(r.Calls)-1]
			defer func() {
				if t.Failed() {
					t.Logf("killed before call %d: %s", k, at)
				}
			}()
			checkPruned(t, library, before, []string{s.old, middle}, active)
			if at == "pwrite64 /.lock" {
				old := time.Now().Add(-time.Minute)
				if err := os.Chtimes(filepath.Join(library, ".lock"), old, old); err != nil {
					t.Fatal(err)
				}
			}
			platform.Run(t, s.program, "pin", active, "--library", library).Want(t, 0) // whatever writes next
			platform.Run(t, s.program, "unpin", active, "--library", library).Want(t, 0)
			checkPruned(t, library, before, []string{s.old, middle}, active)
			for name := range platform.Snapshot(t, library) {
				if strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".partial") {
					t.Errorf("%s is left in the library", name)
				}
			}
			platform.Run(t, prune(library)...).Want(t, 0)
			if err := os.Remove(filepath.Join(library, "pins.json")); err != nil {
				t.Fatal(err)
			}
			platform.Same(t, done, published(t, library))
			platform.Run(t, s.program, "verify", "--library", library).Want(t, 0)
		})
	}
}

// checkPruned makes sure that what is in the library is what was, but for whole releases.
func checkPruned(t *testing.T, library string, before map[string]string, removed []string, active string) {
	t.Helper()
	now := published(t, library)
	gone := map[string]bool{}
	for _, name := range removed {
		_, err := os.Stat(filepath.Join(library, name))
		gone[name] = os.IsNotExist(err)
	}
	for name, what := range before {
		release, _, _ := strings.Cut(strings.TrimPrefix(name, "definitions/"), "/")
		switch {
		case !gone[release] && now[name] != what:
			t.Errorf("%s: %q after the crash, want %q as before", name, now[name], what)
		case gone[release] && strings.HasPrefix(name, release) && now[name] != "":
			t.Errorf("%s is there, and its release is gone", name)
		}
	}
	if got := platform.Current(t, library); got != active {
		t.Errorf("active release %s, want %s", got, active)
	}
}
