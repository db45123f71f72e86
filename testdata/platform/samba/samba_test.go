package samba

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"usmtpkg/testdata/platform"
	"usmtpkg/testdata/platform/windows"
)

func TestMain(m *testing.M) { os.Exit(windows.Main(m)) }

const (
	held   = "another program has it open, or a file in it"
	advice = "whatever holds the file open"
)

// A place is a site on a share: its library and its newer kit, as they are called on the server, and
// as they are called where the share is mounted.
type place struct {
	*platform.Site
	*Server
	lib, next string
}

func newPlace(t *testing.T, dir string) *place {
	t.Helper()
	s := Start(t, dir)
	at := s.Mount(t, share)
	return &place{
		Site: platform.NewSite(t, dir), Server: s,
		lib: filepath.Join(at, "lib"), next: filepath.Join(at, "next"),
	}
}

// take takes the newer kit into the library, both on the share.
func (p *place) take(t *testing.T, args ...string) platform.Result {
	t.Helper()
	if !slices.Contains(args, "--library") { // a second one would be written as well
		args = append(args, "--library", p.lib)
	}
	return p.Refresh(t, append([]string{"--source", p.next}, args...)...)
}

// recovers does the same without faults.
func (p *place) recovers(t *testing.T) {
	t.Helper()
	p.Recovers(t, "--source", p.next, "--library", p.lib)
}

// A share is a place for libraries and for kits.
func TestShare(t *testing.T) {
	t.Parallel()
	p := newPlace(t, t.TempDir())
	r := p.take(t, "--verify", "uncached").Want(t, 0, "published in "+p.lib)
	if !strings.Contains(r.Stdout, "flushed to disk") {
		t.Errorf("output lacks how it was made durable:\n%s", r.Stdout)
	}
	p.Complete(t)
	platform.Run(t, p.Program, "verify", "--library", p.lib, "--source", p.next).Want(t, 0)
	p.take(t).Want(t, 0, "unchanged")
	p.Complete(t)
	platform.Run(t, p.Program, "refresh", "--source", p.next, "--library", filepath.Join(p.next, "lib")).Want(t, 2)
}

// open opens a file of the share and returns how to end that. It is done in the session of the mount:
// Samba, unlike Windows, does not look at others before it replaces a file by a rename.
func (p *place) open(t *testing.T, name string) (release func()) {
	t.Helper()
	s, err := p.main.connect()
	if err != nil {
		t.Fatal(err)
	}
	f, err := s.OpenFile(name, os.O_RDONLY, 0o666)
	if err != nil {
		t.Fatal(err)
	}
	done := false
	release = func() {
		if !done {
			done = true
			_ = f.Close()
		}
	}
	t.Cleanup(release)
	return release
}

// A file of the source that another client has open, and shares with nobody, is waited for, for a
// while.
func TestSourceHeld(t *testing.T) {
	t.Parallel()
	p := newPlace(t, t.TempDir())
	release := p.Hold(t, "next/amd64/migcore.dll")
	p.take(t).Want(t, 7, "amd64/migcore.dll", held, advice)
	platform.Run(t, p.Program, "validate", p.next).Want(t, 7, advice)
	p.Untouched(t)
	timer := time.AfterFunc(time.Second, release)
	defer timer.Stop()
	p.recovers(t)
}

// So is a file of the library; a release that cannot be looked at is not called damaged.
func TestLibraryHeld(t *testing.T) {
	t.Parallel()
	p := newPlace(t, t.TempDir())
	for _, name := range []string{"current", "usmtpkg.json", p.Old + "/release.json", p.Old + "/data/amd64/migcore.dll"} {
		release := p.Hold(t, "lib/"+name)
		platform.Run(t, p.Program, "verify", "--library", p.lib).Want(t, 7, filepath.Base(name), advice)
		platform.Run(t, p.Program, "refresh", "--source", filepath.Join(filepath.Dir(p.lib), "kit"), "--library", p.lib).Want(t, 7, advice)
		release()
		p.Untouched(t)
	}
	platform.Run(t, p.Program, "verify", "--library", p.lib).Want(t, 0)
	p.recovers(t)
}

// The file that names the active release cannot be replaced while somebody reads it: the new release
// is there then, and not active.
func TestCurrentHeld(t *testing.T) {
	t.Parallel()
	p := newPlace(t, t.TempDir())
	release := p.open(t, "lib/current")
	for range 2 { // it ends the same way as often as it is tried
		p.take(t).Want(t, 7, "activating 10.0.65001.1", held, "run refresh again: it copies nothing twice")
		if now := platform.Current(t, p.Library); now != p.Old {
			t.Errorf("active release %s, want %s as before", now, p.Old)
		}
	}
	release()
	p.recovers(t)
}

// staging waits until a run on the library has begun to copy the large file, and returns its name on
// the share.
func (p *place) staging(t *testing.T) string {
	t.Helper()
	for begin := time.Now(); time.Since(begin) < time.Minute; time.Sleep(time.Millisecond) {
		found, err := filepath.Glob(filepath.Join(p.Library, ".staging-*", "data", filepath.FromSlash(platform.BigFile)))
		if err != nil {
			t.Fatal(err)
		}
		if len(found) > 0 {
			name, _ := filepath.Rel(p.Dir, found[0])
			return filepath.ToSlash(name)
		}
	}
	t.Fatal("nothing is being copied")
	return ""
}

// enlarge makes the newer kit one that takes some time to copy.
func (p *place) enlarge(t *testing.T) {
	t.Helper()
	platform.Write(t, filepath.Join(p.Next, filepath.FromSlash(platform.BigFile)), make([]byte, 64<<20)) // in bytes
}

// A folder cannot be renamed while somebody has a file in it open, which Wine does not know: then the
// release is not published, and a later run clears up.
func TestPublishHeld(t *testing.T) {
	t.Parallel()
	p := newPlace(t, t.TempDir())
	p.enlarge(t)
	run := platform.Start(t, p.Program, "refresh", "--source", p.next, "--library", p.lib)
	release := p.open(t, p.staging(t))
	run.Wait().Want(t, 7, "publishing 10.0.65001.1", held, advice)
	p.Intact(t)
	if now := platform.Current(t, p.Library); now != p.Old {
		t.Errorf("active release %s, want %s as before", now, p.Old)
	}
	release()
	p.take(t).Want(t, 0, "cleared .staging-")
	p.Complete(t)
}

// What may only be read is no place for a library, and a good one for a source.
func TestReadOnlyShare(t *testing.T) {
	t.Parallel()
	p := newPlace(t, t.TempDir())
	at := p.Mount(t, readOnly)
	for range 2 {
		p.take(t, "--library", filepath.Join(at, "lib")).Want(t, 6, "permission denied", "grant write access")
		p.take(t, "--library", filepath.Join(at, "new")).Want(t, 6, "cannot write to the library")
		p.Untouched(t)
	}
	platform.Run(t, p.Program, "verify", "--library", filepath.Join(at, "lib")).Want(t, 0)
	p.next = filepath.Join(at, "next")
	p.recovers(t)
}

// A share that is full is said to be, before anything is copied where that can be known, and later
// where somebody else takes the space.
func TestShareFull(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=200m", "tmpfs", dir).CombinedOutput(); err != nil {
		platform.Missing(t, "mounting a tmpfs: "+string(out))
	}
	t.Cleanup(func() { _ = exec.Command("umount", "-l", dir).Run() })
	p := newPlace(t, dir)
	p.enlarge(t)
	ballast := filepath.Join(dir, "ballast")
	platform.Write(t, ballast, make([]byte, 100<<20))
	p.take(t).Want(t, 6, "needs ", " MiB is free on ")
	p.Untouched(t)
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	run := platform.Start(t, p.Program, "refresh", "--source", p.next, "--library", p.lib)
	p.staging(t)
	if err := os.WriteFile(ballast, make([]byte, 200<<20), 0o666); err == nil { // it takes what there is
		t.Error("there was space for all of it")
	}
	run.Wait().Want(t, 6, "no space left")
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	p.Untouched(t)
	p.recovers(t)
}

// The server goes away in the middle of the copy, and stays away.
func TestServerKilled(t *testing.T) {
	t.Parallel()
	p := newPlace(t, t.TempDir())
	p.enlarge(t)
	run := platform.Start(t, p.Program, "refresh", "--source", p.next, "--library", p.lib)
	p.staging(t)
	p.Kill()
	run.Wait().Want(t, 9, "host is down", "look at the disk or the network")
	p.Intact(t)
	if now := platform.Current(t, p.Library); now != p.Old {
		t.Errorf("active release %s, want %s as before", now, p.Old)
	}
	p.take(t).Want(t, 9)
	p.Begin(t)
	p.take(t).Want(t, 0, "took over the lock", "cleared .staging-")
	p.Complete(t)
}

// The server of the source goes away while it is read, and comes back soon: the run goes on.
func TestServerRestarted(t *testing.T) {
	t.Parallel()
	p := newPlace(t, t.TempDir())
	p.enlarge(t)
	run := platform.Start(t, p.Program, "refresh", "--source", p.next, "--library", p.Library)
	p.staging(t)
	p.Kill()
	time.Sleep(2 * time.Second)
	p.Begin(t)
	run.Wait().Want(t, 0, "verified")
	p.Complete(t)
}

// The same from Windows: a UNC path that leads to the share. Wine has no SMB client of its own, so what
// it answers of files that others hold is that of no Windows, and is not tested.
func TestFromWindows(t *testing.T) {
	m := windows.Start(t)
	t.Parallel()
	p := newPlace(t, t.TempDir())
	usmtpkg := platform.Program(t, "windows")
	unc := m.Share(t, "usmt", filepath.Dir(p.lib))
	take := func() platform.Result {
		return m.Run(t, usmtpkg, "refresh", "--source", unc+`\next`, "--library", unc+`\lib`)
	}
	take().Want(t, 0, "package path "+unc+`\lib\`)
	p.Intact(t)
	m.Run(t, usmtpkg, "verify", "--library", unc+`\lib`, "--source", unc+`\next`).Want(t, 0)

	before := platform.Snapshot(t, p.Library)
	p.Kill()
	if r := take(); r.Status != 9 && r.Status != 6 {
		r.Want(t, 9)
	}
	platform.Same(t, before, platform.Snapshot(t, p.Library))
	p.Begin(t)
	take().Want(t, 0, "unchanged")
	platform.Same(t, before, platform.Snapshot(t, p.Library))
}
