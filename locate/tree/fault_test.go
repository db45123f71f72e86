package tree

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
)

func write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
}

// errHeld is what the system says of a file that another program has open.
func errHeld() error {
	if runtime.GOOS == "windows" {
		return syscall.Errno(32) // ERROR_SHARING_VIOLATION
	}
	return syscall.EBUSY
}

// Who opens a source's file waits, and who asked for that to be done waits no second time.
func TestHeldIsWaitedForOnce(t *testing.T) {
	calls := 0
	err := RetryLocked(t.Context(), func() error {
		calls++
		return retry(t.Context(), 0, IsLocked, errHeld)
	})
	if !errors.Is(err, ErrBusy) || !errors.Is(err, errHeld()) || !IsLocked(err) || calls != 1 {
		t.Errorf("RetryLocked = %v after %d calls, want ErrBusy after one", err, calls)
	}
	if err := retry(t.Context(), 0, IsLocked, func() error { return os.ErrInvalid }); IsLocked(err) || errors.Is(err, ErrBusy) {
		t.Errorf("retry = %v, want what was said", err)
	}
}
