package stage

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// unprivileged calls do on a thread that is no longer root's.
func unprivileged(t *testing.T, do func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		if os.Geteuid() == 0 {
			if _, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, 65534, 65534, 65534); errno != 0 {
				t.Errorf("becoming another user: %v", errno)
				return
			}
		}
		do()
	}()
	<-done
}

// closedFolder is a folder that nobody but root may write to.
func closedFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	t.Cleanup(func() {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Error(err)
		}
	})
	// The folder above is its owner's alone.
	if err := errors.Join(os.Chmod(filepath.Dir(dir), 0o755), os.Chmod(dir, 0o555)); err != nil {
		t.Fatal(err)
	}
	return dir
}

func wantDenied(t *testing.T, what string, err error) {
	t.Helper()
	var d *DestinationError
	if !errors.As(err, &d) || !errors.Is(err, fs.ErrPermission) {
		t.Errorf("%s = %v, want a DestinationError for lack of permission", what, err)
	}
}

// What a run would not be allowed to write, its plan does not promise.
func TestPlanFindsClosedFolders(t *testing.T) {
	dir := closedFolder(t)
	for _, lib := range []string{dir, filepath.Join(dir, "lib"), filepath.Join(dir, "some", "lib")} {
		unprivileged(t, func() {
			_, err := Plan(t.Context(), At(lib), source(kit()), options())
			wantDenied(t, "Plan", err)
		})
	}
	unprivileged(t, func() {
		_, err := Extract(t.Context(), packed(), filepath.Join(dir, "USMT"), ExtractOptions{DryRun: true})
		wantDenied(t, "Extract", err)
	})
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("in the folder: %v, %v", entries, err)
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	unprivileged(t, func() {
		if err := CheckWritable("x", filepath.Join(dir, "lib")); err != nil {
			t.Errorf("CheckWritable of an open folder = %v", err)
		}
	})
}
