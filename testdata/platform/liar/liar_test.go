package liar

import (
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"

	"usmtpkg/testdata/platform"
)

// A lyingSite is a site whose kits and library are seen through a liar.
type lyingSite struct {
	*platform.Site
	mount string
}

func newSite(t *testing.T, lies *Lies) lyingSite {
	t.Helper()
	t.Parallel()
	dir := t.TempDir()
	s := platform.NewSite(t, dir)
	return lyingSite{s, Mount(t, dir, lies)}
}

// refresh runs the program on the source and the library as the liar shows them.
func (s lyingSite) refresh(t *testing.T, args ...string) platform.Result {
	t.Helper()
	return s.Refresh(t, append([]string{"--source", filepath.Join(s.mount, "next"), "--library", filepath.Join(s.mount, "lib")}, args...)...)
}

const big = "amd64/large.dat"

// inSource tells of a path whether it is the large file of the source, inCopy
// whether it is its copy in a staging folder.
func inSource(path string) bool { return path == "next/"+big }
func inCopy(path string) bool {
	return strings.HasPrefix(path, "lib/.staging-") && strings.HasSuffix(path, "/data/"+big)
}

// Whatever a disk answers, the run ends with the right status, says where and
// what, and the library is as it was; without the fault the next run does it.
func TestFaults(t *testing.T) {
	const mid = 131072 // in bytes; the third read or write of the large file
	failing := func(where func(string) bool, errno syscall.Errno) func(string) syscall.Errno {
		return func(path string) syscall.Errno {
			if where(path) {
				return errno
			}
			return 0
		}
	}
	reading := func(where func(string) bool, errno syscall.Errno) func(string, int64) syscall.Errno {
		return func(path string, offset int64) syscall.Errno {
			if where(path) && offset >= mid {
				return errno
			}
			return 0
		}
	}
	writing := func(errno syscall.Errno) func(string, []byte, int64) ([]byte, syscall.Errno) {
		return func(path string, data []byte, offset int64) ([]byte, syscall.Errno) {
			if inCopy(path) && offset >= mid {
				return nil, errno
			}
			return data, 0
		}
	}
	storing := func(store func(data []byte) []byte) func(string, []byte, int64) ([]byte, syscall.Errno) {
		return func(path string, data []byte, offset int64) ([]byte, syscall.Errno) {
			if inCopy(path) && offset == mid {
				data = store(append([]byte(nil), data...))
			}
			return data, 0
		}
	}
	flip := storing(func(data []byte) []byte { data[100] ^= 1; return data })
	short := storing(func(data []byte) []byte { return data[:len(data)/2] })
	publishing := func(errno syscall.Errno) func(string, string) syscall.Errno {
		return func(_, to string) syscall.Errno {
			if strings.HasPrefix(to, "lib/10.") {
				return errno
			}
			return 0
		}
	}
	renaming := func(_, to string) syscall.Errno {
		if strings.HasPrefix(to, "lib/.staging-") {
			return syscall.EACCES
		}
		return 0
	}
	tests := []struct {
		name string
		lies Lies
		args []string
		want int
		says []string
	}{
		{"bad sector in the source", Lies{Read: reading(inSource, syscall.EIO)}, nil, 9,
			[]string{"reading the source: " + big + ": at byte 131072: ", "input/output error", "look at the disk or the network"}},
		{"source file cannot be opened", Lies{Open: failing(inSource, syscall.EIO)}, nil, 9, []string{"reading the source", big, "input/output error"}},
		{"source file denied", Lies{Open: failing(inSource, syscall.EACCES)}, nil, 6, []string{big, "permission denied", "permission to read the source"}},
		{"bad sector under the copy", Lies{Read: reading(inCopy, syscall.EIO)}, nil, 9, []string{"re-reading: " + big + ": at byte 131072", "input/output error"}},
		{"bad sector under the copy, past the cache", Lies{Read: reading(inCopy, syscall.EIO)}, []string{"--verify=uncached"}, 9, []string{big, "at byte 131072", "input/output error"}},
		{"write fails", Lies{Write: writing(syscall.EIO)}, nil, 9, []string{"writing a file", "large.dat", "input/output error"}},
		{"close fails", Lies{Close: failing(inCopy, syscall.EIO)}, nil, 9, []string{"closing a file", "large.dat", "input/output error"}},
		{"flush fails", Lies{Fsync: failing(inCopy, syscall.EIO)}, nil, 9, []string{"flushing a file", "large.dat", "input/output error"}},
		{"quota", Lies{Write: writing(syscall.EDQUOT)}, nil, 6, []string{"large.dat", "quota exceeded", "free space and grant write access"}},
		{"close finds the quota", Lies{Close: failing(inCopy, syscall.EDQUOT)}, nil, 6, []string{"closing a file", "quota exceeded"}},
		{"bit flips on its way to the disk", Lies{Write: flip}, nil, 5, []string{"the copy, when it was read back, differs from what was copied: " + big + ": changed", "do not use this copy"}},
		{"bit flips, past the cache", Lies{Write: flip}, []string{"--verify=uncached"}, 5, []string{big + ": changed"}},
		{"short write reported as whole", Lies{Write: short}, nil, 5, []string{big + ": changed"}},
		{"server drops a write", Lies{Write: writing(syscall.ECONNRESET)}, nil, 9, []string{"writing a file", "connection reset"}},
		{"no right to rename", Lies{Rename: renaming}, nil, 6, []string{"cannot write to the library ", "permission denied"}},
		{"no right to publish", Lies{Rename: publishing(syscall.EACCES)}, nil, 6, []string{"cannot write to the library ", "permission denied"}},
		{"rename to another volume", Lies{Rename: publishing(syscall.EXDEV)}, nil, 6, []string{"publishing 10.0.65001.1-", "cross-device"}},
		{"folder held by another client", Lies{Rename: publishing(syscall.EBUSY)}, nil, 7, []string{"publishing 10.0.65001.1-", "holds the file open"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t, &tt.lies)
			r := s.refresh(t, tt.args...).Want(t, tt.want, tt.says...)
			if r.Stdout != "" {
				t.Errorf("standard output = %q, want nothing", r.Stdout)
			}
			s.Untouched(t)
			s.refresh(t, tt.args...).Want(t, tt.want) // the same way again
			s.Untouched(t)
			s.Recovers(t)
		})
	}
}

// Full after so many bytes: the run stops, and gives back what it took.
func TestFull(t *testing.T) {
	for name, room := range map[string]int64{"at once": 0, "in the middle": 200_000, "at the end": 440_000} {
		t.Run(name, func(t *testing.T) {
			var written atomic.Int64
			s := newSite(t, &Lies{Write: func(path string, data []byte, _ int64) ([]byte, syscall.Errno) {
				if strings.Contains(path, ".staging-") && written.Add(int64(len(data))) > room {
					return nil, syscall.ENOSPC
				}
				return data, 0
			}})
			s.refresh(t).Want(t, 6, "no space left on device", "nothing was published", "space")
			s.Untouched(t)
			s.Recovers(t)
		})
	}
}

// What only reading back shows, --verify=stream does not see, and verify finds.
func TestStreamDoesNotReadBack(t *testing.T) {
	s := newSite(t, &Lies{Write: func(path string, data []byte, offset int64) ([]byte, syscall.Errno) {
		if inCopy(path) && offset == 0 {
			data = append([]byte(nil), data...)
			data[7] ^= 0x40
		}
		return data, 0
	}})
	s.refresh(t, "--verify=stream").Want(t, 0, "stream")
	platform.Run(t, s.Program, "verify", "--library", s.Library).Want(t, 5, "changed  data/"+big)
	s.Intact(t)
}

// Where flushing is not supported the run goes on, and records that nobody
// confirmed that the release would survive a power cut.
func TestNoFlush(t *testing.T) {
	s := newSite(t, &Lies{Fsync: func(string) syscall.Errno { return syscall.ENOTSUP }})
	s.refresh(t).Want(t, 0)
	record, err := os.ReadFile(filepath.Join(s.Library, platform.Current(t, s.Library), "release.json"))
	if err != nil || !strings.Contains(string(record), `"durability": "not-confirmed"`) {
		t.Errorf("release.json = %s, %v, want durability not confirmed", record, err)
	}
	s.Complete(t)
}

// A file system like FAT: one set of rights that nobody can change, times to
// two seconds that cannot be set either. Nothing relies on them.
func TestNoRightsNoTimes(t *testing.T) {
	s := newSite(t, &Lies{
		SetAt: func(string) syscall.Errno { return syscall.EPERM },
		Attr: func(_ string, a *fuse.Attr) {
			a.Mode |= 0o777
			a.Mtime, a.Mtimensec = a.Mtime&^1, 0
		},
	})
	s.refresh(t).Want(t, 0)
	s.Complete(t)
	s.refresh(t).Want(t, 0, "unchanged")
}

// A clock that jumps between two runs, as in summer time on a share, does not
// make the content another.
func TestShiftedTimes(t *testing.T) {
	var shift atomic.Int64
	s := newSite(t, &Lies{Attr: func(path string, a *fuse.Attr) {
		if strings.HasPrefix(path, "next/") {
			a.Mtime += uint64(shift.Load())
		}
	}})
	s.refresh(t).Want(t, 0)
	shift.Store(3600) // in seconds
	s.refresh(t).Want(t, 0, "unchanged")
	s.Complete(t)
}

// A server that is away for a moment ends no run, wherever it is missed.
func TestOutagePasses(t *testing.T) {
	for name, errno := range map[string]syscall.Errno{
		"reset": syscall.ECONNRESET, "timed out": syscall.ETIMEDOUT, "stale": syscall.ESTALE, "host down": syscall.EHOSTDOWN,
	} {
		t.Run(name, func(t *testing.T) {
			var opens, reads, rereads atomic.Int64
			few := func(n *atomic.Int64) syscall.Errno {
				if n.Add(1) <= 4 {
					return errno
				}
				return 0
			}
			s := newSite(t, &Lies{
				Open: func(path string) syscall.Errno {
					if inSource(path) {
						return few(&opens)
					}
					return 0
				},
				Read: func(path string, offset int64) syscall.Errno {
					switch {
					case inSource(path) && offset > 0:
						return few(&reads)
					case inCopy(path) && offset > 0:
						return few(&rereads)
					}
					return 0
				},
			})
			s.refresh(t).Want(t, 0)
			s.Complete(t)
			if opens.Load() < 5 || reads.Load() < 5 || rereads.Load() < 5 {
				t.Errorf("%d opens, %d reads, %d reads of the copy, want the outage met at all three", opens.Load(), reads.Load(), rereads.Load())
			}
		})
	}
}

// One that stays away ends it with 9, after a while.
func TestOutageLasts(t *testing.T) {
	s := newSite(t, &Lies{Read: func(path string, offset int64) syscall.Errno {
		if inSource(path) && offset > 0 {
			return syscall.EHOSTDOWN
		}
		return 0
	}})
	s.refresh(t).Want(t, 9, big+": at byte 65536", "host is down", "nothing was published; run again")
	s.Untouched(t)
	s.Recovers(t)
}

// The server of library and source dies in the middle: nothing can be cleared
// away. When it is back the next run does that, and its work.
func TestServerDies(t *testing.T) {
	var mount atomic.Value
	var died atomic.Bool
	s := newSite(t, &Lies{Write: func(path string, data []byte, offset int64) ([]byte, syscall.Errno) {
		if inCopy(path) && offset > 0 && died.CompareAndSwap(false, true) {
			if err := Die(mount.Load().(string)); err != nil {
				t.Error(err)
			}
		}
		return data, 0
	}})
	mount.Store(s.mount)
	s.refresh(t).Want(t, 9, "nothing was published")
	s.Intact(t)
	if got := platform.Current(t, s.Library); got != s.Old {
		t.Errorf("active release %s, want %s as before", got, s.Old)
	}
	s.Refresh(t).Want(t, 0, "took over the lock", "left by an interrupted run")
	s.Complete(t)
}

// However slow a disk is, Ctrl-C ends the run with 130 long before it would be
// done, and nothing of it stays.
func TestInterrupted(t *testing.T) {
	const each = 300 * time.Millisecond // of some hundred reads and writes
	slow := func(where string) (Lies, chan struct{}) {
		begun := make(chan struct{}, 1000)
		wait := func(path string) {
			if strings.Contains(path, where) {
				select {
				case begun <- struct{}{}:
				default:
				}
				time.Sleep(each)
			}
		}
		return Lies{
			Read: func(path string, _ int64) syscall.Errno { wait(path); return 0 },
			Write: func(path string, data []byte, _ int64) ([]byte, syscall.Errno) {
				wait(path)
				return data, 0
			},
		}, begun
	}
	for _, where := range []string{"next/" + big, ".staging-"} {
		for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
			t.Run(strings.Trim(where, ".-")+" "+signal.String(), func(t *testing.T) {
				lies, begun := slow(where)
				s := newSite(t, &lies)
				// Ten megabytes at 64 KiB a read: three quarters of a minute.
				platform.Write(t, filepath.Join(s.Next, filepath.FromSlash(big)), make([]byte, 10<<20))
				p := platform.Start(t, s.Program, "refresh", "--source", filepath.Join(s.mount, "next"), "--library", filepath.Join(s.mount, "lib"))
				<-begun
				p.Signal(signal)
				at := time.Now()
				p.Wait().Want(t, 130, "cancelled; the library is as it was")
				t.Logf("ended %v after the signal", time.Since(at).Round(time.Millisecond))
				if took := time.Since(at); took > 20*time.Second {
					t.Errorf("ended %v after the signal", took)
				}
				s.Untouched(t)
				s.Recovers(t)
			})
		}
	}
}
