package liar

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"usmtpkg/testdata/platform"
)

// Where a server answers slowly, more files are asked for at once than on a disk.
func TestSlowServer(t *testing.T) {
	var now, most atomic.Int64
	s := newSite(t, &Lies{Open: func(path string) syscall.Errno {
		if !strings.Contains(path, "/data/") && !strings.HasPrefix(path, "next/") {
			time.Sleep(5 * time.Millisecond) // as all do; folders are opened one by one
			return 0
		}
		n := now.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		time.Sleep(5 * time.Millisecond)
		now.Add(-1)
		return 0
	}})
	for i := range 200 {
		platform.Write(t, filepath.Join(s.Next, "amd64", fmt.Sprintf("many-%d.dat", i)), []byte(fmt.Sprint(i)))
	}
	const want = 12 // of 29 that would wait; a machine at work may not get so far
	for _, run := range []struct {
		what string
		do   func()
	}{
		{"refresh", func() { s.refresh(t).Want(t, 0, "published") }},
		{"refresh, unchanged", func() { s.refresh(t).Want(t, 0, "unchanged") }},
		{"verify", func() {
			platform.Run(t, s.Program, "verify", "--library", filepath.Join(s.mount, "lib")).Want(t, 0, "equal to its manifests")
		}},
	} {
		most.Store(0)
		run.do()
		if got := most.Load(); got < want {
			t.Errorf("%s: at most %d files were being opened at once, want %d or more", run.what, got, want)
		}
	}
	most.Store(0)
	platform.Run(t, s.Program, "verify", "--workers", "2", "--library", filepath.Join(s.mount, "lib")).Want(t, 0, "equal to its manifests")
	if got := most.Load(); got > 2 {
		t.Errorf("--workers 2: %d files were being opened at once", got)
	}
}
