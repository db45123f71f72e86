package tree

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Opening a pipe would wait until somebody opens its other end.
func TestFoldersDoNotWaitForPipes(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mkfifo(filepath.Join(dir, "pipe"), 0o666); err != nil {
		t.Fatal(err)
	}
	file, err := folders(t, dir).OpenFile("pipe", os.O_RDONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close() //nolint:errcheck // a pipe
	if info, err := file.Stat(); err != nil || info.Mode().IsRegular() {
		t.Errorf("Stat = %v, %v, want a pipe", info, err)
	}
}

// A file that somebody has a lease on is waited for, as one that is locked.
func TestLeasedIsLocked(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "x")
	write(t, name, "x")
	holder, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Close() //nolint:errcheck // only held
	if _, err := unix.FcntlInt(holder.Fd(), unix.F_SETLEASE, unix.F_WRLCK); err != nil {
		t.Skipf("no leases here: %v", err)
	}
	_, err = folders(t, dir).OpenFile("x", os.O_RDONLY, 0)
	if !IsLocked(err) {
		t.Errorf("OpenFile = %v, want an error that says locked", err)
	}
	fd, given := holder.Fd(), make(chan error, 1)
	time.AfterFunc(200*time.Millisecond, func() {
		_, err := unix.FcntlInt(fd, unix.F_SETLEASE, unix.F_UNLCK)
		given <- err
	})
	in, err := folders(t, dir).Open("x")
	if err := <-given; err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatalf("Open = %v, want it to wait for who has the lease", err)
	}
	in.Close()
}
