package stage

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

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
	err := retryLocked(t.Context(), func() error {
		calls++
		return retry(t.Context(), 0, isLocked, errHeld)
	})
	if !errors.Is(err, ErrBusy) || !errors.Is(err, errHeld()) || !IsHeld(err) || calls != 1 {
		t.Errorf("retryLocked = %v after %d calls, want ErrBusy after one", err, calls)
	}
	if err := retry(t.Context(), 0, isLocked, func() error { return os.ErrInvalid }); IsHeld(err) || errors.Is(err, ErrBusy) {
		t.Errorf("retry = %v, want what was said", err)
	}
}

func TestMayRename(t *testing.T) {
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close() //nolint:errcheck // only a folder
	if !mayRename(root) {
		t.Error("mayRename = false in a folder of our own")
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("it left %v, %v", entries, err)
	}
}

func TestLeadsInto(t *testing.T) {
	dir := t.TempDir()
	deep := filepath.Join(dir, "lib", "10.0.1-0", "data", "amd64", "DLManifests", "deeper")
	if err := errors.Join(os.MkdirAll(deep, 0o777), os.Mkdir(filepath.Join(dir, "kit"), 0o777)); err != nil {
		t.Fatal(err)
	}
	lib := filepath.Join(dir, "lib")
	tests := []struct {
		name, inner, outer string
		want               bool
	}{
		{"itself", lib, lib, true},
		{"an arch folder of a release", filepath.Dir(filepath.Dir(deep)), lib, true},
		{"a folder in it", filepath.Dir(deep), lib, true},
		{"below what is searched", deep, lib, false},
		{"beside", filepath.Join(dir, "kit"), lib, false},
		{"above", dir, lib, false},
		{"nothing", filepath.Join(dir, "none"), lib, false},
		{"in nothing", lib, filepath.Join(dir, "none"), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := leadsInto(tt.inner, tt.outer); got != tt.want {
				t.Errorf("leadsInto = %v, want %v", got, tt.want)
			}
		})
	}
	if got := existing(filepath.Join(dir, "kit", "a", "b")); got != filepath.Join(dir, "kit") {
		t.Errorf("existing = %q, want the folder kit", got)
	}
}

func TestTargetFault(t *testing.T) {
	if runtime.GOOS != "windows" {
		if fault := targetFault("/mnt/CON/a:b"); fault != "" {
			t.Errorf("targetFault = %q, want none where such names are names", fault)
		}
		return
	}
	tests := []struct{ path, want string }{
		{`C:\Sources\USMT`, ""},
		{`\\cm01\Sources$\USMT`, ""},
		{`\\?\C:\Sources\USMT`, ""},
		{`\\?\UNC\cm01\Sources\USMT`, ""},
		{`C:\`, ""},
		{`\\.\CON`, "path of a device"},
		{`\\.\C:\Sources`, "path of a device"},
		{`C:\Sources\con\USMT`, "device name"},
		{`C:\Sources\USMT:stream`, "character"},
		{`\\?\C:\Sources\USMT.`, "dot"},
	}
	for _, tt := range tests {
		if got := targetFault(tt.path); (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
			t.Errorf("targetFault(%q) = %q, want %q", tt.path, got, tt.want)
		}
	}
}
