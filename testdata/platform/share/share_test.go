package share

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"usmtpkg/testdata/platform"
)

// A served library is one on a share, with one release; its next kit has 40 percent of the same bytes.
type served struct {
	*platform.Site
	wire    *Wire
	library string // on the share
}

const (
	files    = 20
	equal    = 8       // of them have the content of the release
	fileSize = 200_000 // in bytes
)

func newServed(t *testing.T) served {
	t.Helper()
	dir := t.TempDir()
	kit, next := platform.TinyKit(t, filepath.Join(dir, "kit"), "10.0.65000.1"), platform.TinyKit(t, filepath.Join(dir, "next"), "10.0.65001.1")
	rng := rand.NewChaCha8([32]byte{})
	content := func() []byte {
		b := make([]byte, fileSize)
		_, _ = rng.Read(b) // never fails
		return b
	}
	for i := range files {
		name := filepath.Join("amd64", "f"+string(rune('a'+i))+".dat")
		b := content()
		platform.Write(t, filepath.Join(kit, name), b)
		if i >= equal {
			b = content()
		}
		platform.Write(t, filepath.Join(next, name), b)
	}
	return mounted(t, dir, kit, next)
}

func mounted(t *testing.T, dir, kit, next string) served {
	t.Helper()
	if _, err := os.Stat("/dev/fuse"); err != nil {
		platform.Missing(t, "there is no /dev/fuse")
	}
	if os.Geteuid() != 0 {
		platform.Need(t, "fusermount3")
	}
	wire, at := &Wire{}, t.TempDir()
	behind := filepath.Join(dir, "share")
	if err := os.Mkdir(behind, 0o777); err != nil {
		t.Fatal(err)
	}
	unmount, err := Mount(behind, at, wire)
	if err != nil {
		platform.Missing(t, "a FUSE file system cannot be mounted here: "+err.Error())
	}
	t.Cleanup(unmount)
	s := served{&platform.Site{Program: platform.Program(t, "linux"), Library: filepath.Join(behind, "lib"), Next: next}, wire, filepath.Join(at, "lib")}
	platform.Run(t, s.Program, "refresh", "--source", kit, "--library", s.library).Want(t, 0, "published")
	s.Old = platform.Current(t, s.Library)
	return s
}

// refresh takes the next kit into the library, and returns how many bytes were sent for it.
func (s served) refresh(t *testing.T, args ...string) (platform.Result, int64) {
	t.Helper()
	before := s.wire.Sent.Load()
	res := s.Refresh(t, append([]string{"--library", s.library}, args...)...)
	return res, s.wire.Sent.Load() - before
}

// whole makes sure that the new release is what the next kit is.
func (s served) whole(t *testing.T) {
	t.Helper()
	platform.Run(t, s.Program, "verify", "--library", s.Library, "--source", s.Next).Want(t, 0)
	if platform.Current(t, s.Library) == s.Old {
		t.Error("the next release is not active")
	}
}

// What the active release has is copied by the server.
func TestServerCopies(t *testing.T) {
	s := newServed(t)
	first := s.wire.Sent.Load()
	res, sent := s.refresh(t)
	res.Want(t, 0, "published", "read back")
	s.whole(t)
	if copied := s.wire.Copied.Load(); copied != equal*fileSize {
		t.Errorf("the server copied %d bytes, want %d", copied, equal*fileSize)
	}
	if most := first * 65 / 100; sent > most {
		t.Errorf("sent %d bytes, want at most %d, 65 %% of a whole copy", sent, most)
	}
	t.Logf("sent %d bytes instead of %d", sent, first)
}

// With --verify=stream, every byte that is published was hashed on its way there.
func TestServerCopiesNothingUnread(t *testing.T) {
	s := newServed(t)
	res, sent := s.refresh(t, "--verify", "stream")
	res.Want(t, 0, "published")
	s.whole(t)
	if copied := s.wire.Copied.Load(); copied != 0 || sent < files*fileSize {
		t.Errorf("the server copied %d bytes, and %d were sent, want all to be sent", copied, sent)
	}
}

// A server that does not copy is asked once for each worker at most.
func TestServerDoesNotCopy(t *testing.T) {
	for _, errno := range []syscall.Errno{syscall.EIO, syscall.EPERM, syscall.ENOSPC} {
		t.Run(errno.Error(), func(t *testing.T) {
			s := newServed(t)
			s.wire.Fail.Store(int32(errno))
			res, sent := s.refresh(t)
			res.Want(t, 0, "published")
			s.whole(t)
			if sent < files*fileSize {
				t.Errorf("sent %d bytes, want all", sent)
			}
		})
	}
}

// The copy of a damaged file is not published, and the damage is reported.
func TestServerCopiesDamage(t *testing.T) {
	s := newServed(t)
	damaged := filepath.Join(s.Library, s.Old, "data", "amd64", "fa.dat")
	b, err := os.ReadFile(damaged)
	if err != nil {
		t.Fatal(err)
	}
	b[fileSize/2] ^= 1
	platform.Write(t, damaged, b)
	res, _ := s.refresh(t)
	res.Want(t, 0, "published", "release "+s.Old+" is damaged", "amd64/fa.dat")
	s.whole(t)
	if copied := s.wire.Copied.Load(); copied != equal*fileSize {
		t.Errorf("the server copied %d bytes, want %d", copied, equal*fileSize)
	}
	if is, err := os.ReadFile(damaged); err != nil || !bytes.Equal(is, b) {
		t.Errorf("the damaged file was changed (%v)", err)
	}
	if n := strings.Count(res.Stdout+res.Stderr, "is damaged"); n != 1 {
		t.Errorf("the damage is reported %d times, want once", n)
	}
}
