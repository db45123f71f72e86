//go:build unix

package regular

import (
	"errors"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A named pipe that nobody writes to is not opened: that would never return.
func TestOpenPipe(t *testing.T) {
	name := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(name, 0o666); err != nil {
		t.Fatal(err)
	}
	_, err := Open(name, 5)
	if refused := (*Error)(nil); !errors.As(err, &refused) || !strings.Contains(err.Error(), "found a named pipe, wanted a file") {
		t.Errorf("Open = %v, want an *Error", err)
	}
}
