package crash

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"

	"usmtpkg/testdata/platform"
	"usmtpkg/testdata/platform/liar"
)

// A holder is a run that holds a library's lock and waits in the middle of its
// copy, until the test lets it go on.
type holder struct {
	*platform.Site
	*platform.Process
	goOn func()
}

// hold starts such a run, behind the words before, which may take it to
// another host.
func hold(t *testing.T, before ...string) *holder {
	t.Helper()
	t.Parallel()
	s := platform.NewSite(t, t.TempDir())
	reached, gate := make(chan struct{}), make(chan struct{})
	var once sync.Once
	source := liar.Mount(t, s.Next, &liar.Lies{Read: func(path string, offset int64) syscall.Errno {
		if path == platform.BigFile && offset > 0 {
			once.Do(func() { close(reached) })
			<-gate
		}
		return 0
	}})
	h := &holder{Site: s, goOn: sync.OnceFunc(func() { close(gate) })}
	t.Cleanup(h.goOn)
	h.Process = platform.Start(t, append(before, s.Program, "refresh", "--source", source, "--library", s.Library)...)
	select {
	case <-reached:
	case <-time.After(time.Minute):
		h.goOn()
		t.Fatalf("the first run does not begin: %+v", h.Wait())
	}
	return h
}

// elsewhere runs a command on another host: of another name, and with
// processes that cannot be seen from here.
func elsewhere(t *testing.T) []string {
	t.Helper()
	platform.Need(t, "unshare", "hostname")
	words := []string{"unshare", "--pid", "--uts", "--fork", "--mount-proc", "--kill-child", "sh", "-c", `hostname elsewhere && exec "$0" "$@"`}
	if platform.Run(t, append(words, "true")...).Status != 0 {
		platform.Missing(t, "namespaces cannot be made here")
	}
	return words
}

// setBeat sets the time of the lock's last renewal.
func (h *holder) setBeat(t *testing.T, at time.Time) {
	t.Helper()
	if err := os.Chtimes(filepath.Join(h.Library, ".lock"), at, at); err != nil {
		t.Fatal(err)
	}
}

// kill kills the holder, which leaves its lock.
func (h *holder) kill(t *testing.T) {
	t.Helper()
	h.Signal(syscall.SIGKILL)
	h.goOn()
	h.Wait()
	if _, err := os.Stat(filepath.Join(h.Library, ".lock")); err != nil {
		t.Fatal(err)
	}
}

// published makes sure that the holder does what it came for.
func (h *holder) published(t *testing.T) {
	t.Helper()
	h.goOn()
	h.Wait().Want(t, 0)
	h.Complete(t)
}

func TestSecondRun(t *testing.T) {
	t.Run("same host", func(t *testing.T) {
		h := hold(t)
		h.Refresh(t).Want(t, 7, "in use by another run: process ", "nothing was published; wait for the other run to end")
		platform.Run(t, h.Program, "verify", "--library", h.Library).Want(t, 0)
		h.published(t)
	})
	t.Run("another host", func(t *testing.T) {
		h := hold(t, elsewhere(t)...)
		h.Refresh(t).Want(t, 7, " on elsewhere, since ")
		h.published(t)
	})
	t.Run("another host with its clock a day ahead", func(t *testing.T) {
		h := hold(t, elsewhere(t)...)
		// Seen through a share whose server has the other's clock.
		share := liar.Mount(t, filepath.Dir(h.Library), &liar.Lies{Attr: func(path string, a *fuse.Attr) {
			if strings.HasSuffix(path, ".lock") {
				a.Mtime += 24 * 60 * 60
			}
		}})
		h.Refresh(t, "--library", filepath.Join(share, "lib")).Want(t, 7, " on elsewhere, since ")
		h.published(t)
	})
}

// A lock whose holder is gone is taken over, and that is said; no clock
// decides it.
func TestStaleLock(t *testing.T) {
	const atOnce, watched = ": that process has ended", "on elsewhere, since "
	t.Run("killed on this host", func(t *testing.T) {
		h := hold(t)
		h.kill(t)
		h.Refresh(t).Want(t, 0, "took over the lock of process ", atOnce, "left by an interrupted run")
		h.Complete(t)
	})
	t.Run("killed on another host", func(t *testing.T) {
		h := hold(t, elsewhere(t)...)
		h.kill(t)
		h.Refresh(t).Want(t, 7, watched) // it was renewed a moment ago
		h.setBeat(t, time.Now().Add(-time.Hour))
		h.Refresh(t).Want(t, 0, "took over the lock of process ", watched, "it was not renewed for 12s")
		h.Complete(t)
	})
	t.Run("killed on another host with its clock a day ahead", func(t *testing.T) {
		h := hold(t, elsewhere(t)...)
		h.kill(t)
		h.setBeat(t, time.Now().Add(24*time.Hour))
		h.Refresh(t).Want(t, 0, watched, "it was not renewed for 12s")
		h.Complete(t)
	})
}

// A run that slept, as a machine does, while another took its lock and
// published, finds that out and publishes nothing.
func TestSuspended(t *testing.T) {
	h := hold(t)
	h.Signal(syscall.SIGSTOP)
	elsewhere := elsewhere(t) // from here the sleeping process could be seen to live
	h.setBeat(t, time.Now().Add(-time.Hour))
	platform.Run(t, append(elsewhere, h.Program, "refresh", "--source", h.Next, "--library", h.Library)...).
		Want(t, 0, "it was not renewed for 12s", "left by an interrupted run")
	h.Complete(t)
	h.Signal(syscall.SIGCONT)
	h.goOn()
	h.Wait().Want(t, 7, "nothing was published")
	h.Complete(t)
}

// Runs that begin in the same moment: whoever does not get the lock says so,
// and the library is whole.
func TestRunsAtOnce(t *testing.T) {
	t.Parallel()
	for range 8 {
		s := platform.NewSite(t, t.TempDir())
		var runs []*platform.Process
		for range 4 {
			runs = append(runs, platform.Start(t, s.Program, "refresh", "--source", s.Next, "--library", s.Library))
		}
		done := 0
		for _, p := range runs {
			switch r := p.Wait(); r.Status {
			case 0:
				done++
			case 7:
			default:
				t.Errorf("exit status %d, want 0 or 7\n%s", r.Status, r.Stderr)
			}
		}
		if done == 0 {
			t.Error("none of four runs at once did its work")
		}
		s.Complete(t)
	}
	// The same where there is no library yet: one of them makes it.
	dir := t.TempDir()
	s := platform.NewSite(t, dir)
	library := filepath.Join(dir, "new")
	var runs []*platform.Process
	for range 4 {
		runs = append(runs, platform.Start(t, s.Program, "refresh", "--source", s.Next, "--library", library))
	}
	for _, p := range runs {
		if r := p.Wait(); r.Status != 0 && r.Status != 7 {
			t.Errorf("exit status %d, want 0 or 7\n%s", r.Status, r.Stderr)
		}
	}
	platform.Run(t, s.Program, "verify", "--library", library, "--source", s.Next).Want(t, 0)
}
