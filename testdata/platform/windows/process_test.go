package windows

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"usmtpkg/locate/samplekit"
	"usmtpkg/testdata/platform"
)

// watched puts a lock into the library that a run watches for 12 seconds before it takes it over:
// time enough to interrupt it.
func (b *bench) watched(t *testing.T) {
	t.Helper()
	platform.Write(t, b.at("lib/.lock"), nil)
	aged := time.Now().Add(-time.Hour)
	if err := os.Chtimes(b.at("lib/.lock"), aged, aged); err != nil {
		t.Fatal(err)
	}
	b.before = platform.Snapshot(t, b.at("lib"))
}

// Ctrl-C ends a run at once, with the library as it was.
func TestControlC(t *testing.T) {
	platform.Need(t, "script") // which makes the terminal without which Wine has no console
	b := newBench(t)
	t.Parallel()
	b.watched(t)
	args := []string{"refresh", "--source", b.on("next"), "--library", b.on("lib"), "--verbose"}
	line := b.Command(helper(t), append([]string{"press", "given as source", b.usmtpkg}, args...)...)
	for i, word := range line {
		line[i] = "'" + word + "'"
	}
	platform.Run(t, "script", "-qec", strings.Join(line, " "), "/dev/null").Want(t, 130)
	b.untouched(t)

	p := platform.Start(t, b.Command(b.usmtpkg, args...)...)
	p.Await("given as source")
	p.Signal(syscall.SIGINT) // which Wine makes a Ctrl-C
	p.Wait().Want(t, 130, "cancelled; the library is as it was")
	b.untouched(t)
	b.refresh(t, "next").Want(t, 0)
}

// A process that is ended from outside leaves its lock and its staging folder; the next run sees that
// it is no more and clears up, without waiting.
func TestKilled(t *testing.T) {
	b := newBench(t)
	t.Parallel()
	platform.Write(t, b.at("next/amd64/large.dat"), make([]byte, 100<<20))
	p := platform.Start(t, b.Command(b.usmtpkg, "refresh", "--source", b.on("next"), "--library", b.on("lib"))...)
	b.await(t, "lib/.staging-*/data/amd64/large.dat")
	p.Signal(syscall.SIGKILL)
	p.Wait()
	if !glob(t, b.at("lib/.lock")) {
		t.Error("the killed run left no lock")
	}
	if now := platform.Current(t, b.at("lib")); now != b.release {
		t.Errorf("active release %s, want %s as before", now, b.release)
	}
	if err := os.Remove(b.at("next/amd64/large.dat")); err != nil {
		t.Fatal(err)
	}
	b.run(t, "refresh", "--source", b.on("next"), "--library", b.on("lib")).
		Want(t, 0, "took over the lock of process", "that process has ended", "cleared .staging-")
	b.recovers(t)
}

// await waits until there is a file of that name.
func (b *bench) await(t *testing.T, pattern string) {
	t.Helper()
	for begin := time.Now(); !glob(t, b.at(pattern)); time.Sleep(time.Millisecond) {
		if time.Since(begin) > time.Minute {
			t.Fatalf("there is no %s", pattern)
		}
	}
}

func glob(t *testing.T, pattern string) bool {
	t.Helper()
	found, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return len(found) > 0
}

// The exit status is the documented one on Windows, too.
func TestExitStatus(t *testing.T) {
	b := newBench(t)
	t.Parallel()
	platform.Kit(t, b.at("broken"), samplekit.Options{Arches: []string{"amd64"}})
	if err := os.Remove(b.at("broken/amd64/migcore.dll")); err != nil {
		t.Fatal(err)
	}
	platform.Write(t, b.at("full/letter.txt"), nil)
	tests := []struct {
		name string
		args []string
		want int
		says string
	}{
		{"done", []string{"list", "--library", b.on("lib")}, 0, ""},
		{"usage", []string{"list", "--no-such-flag"}, 2, ""},
		{"a drive as library", []string{"refresh", "--source", b.on("next"), "--library", b.drive + `\`}, 2, ""},
		{"a folder of the system", []string{"refresh", "--source", b.on("next"), "--library", `c:\WINDOWS\system32\..`}, 2, ""},
		{"a folder of all users", []string{"refresh", "--source", b.on("next"), "--library", `C:\ProgramData\`}, 2, ""},
		{"no USMT", []string{"refresh", "--source", b.on("none"), "--library", b.on("lib")}, 3, ""},
		{"broken", []string{"refresh", "--source", b.on("broken"), "--library", b.on("lib")}, 4, ""},
		{"without an arch that has to be there", []string{"stage", "--source", b.on("broken"), "--library", b.on("lib"), "--require-arch", "x86"}, 4, ""},
		{"not a library", []string{"refresh", "--source", b.on("next"), "--library", b.on("full")}, 6, ""},
		{"no such drive", []string{"refresh", "--source", b.on("next"), "--library", `A:\lib`}, 6, "make sure that the drive or share is there"},
		{"no such share", []string{"refresh", "--source", b.on("next"), "--library", `\\127.0.0.1\none\lib`}, 6, "make sure that the drive or share is there"},
	}
	for _, tt := range tests {
		b.run(t, tt.args...).Want(t, tt.want, tt.says)
	}
	b.untouched(t)
	flip(t, b.at("lib/"+b.release+"/data/amd64/migcore.dll"))
	b.run(t, "verify", "--library", b.on("lib")).Want(t, 5, "migcore.dll")
}

func flip(t *testing.T, name string) {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	content[0] ^= 1
	platform.Write(t, name, content)
}

// mount mounts a tmpfs, and skips the test where that cannot be.
func mount(t *testing.T, options string) string {
	t.Helper()
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", options, "tmpfs", dir).CombinedOutput(); err != nil {
		platform.Missing(t, "mounting a tmpfs: "+string(out))
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("%s", out)
		}
	})
	return dir
}

// A disk that is full is said to be, before the copy where that can be known, and what was written is
// taken away again.
func TestDiskFull(t *testing.T) {
	m := Start(t)
	t.Parallel()
	b := emptyBench(t, t.TempDir())
	small := mount(t, "size=9m")
	drive := m.Drive(t, small)
	b.run(t, "refresh", "--source", b.on("kit"), "--library", drive+`\lib`).Want(t, 0)
	before := platform.Snapshot(t, filepath.Join(small, "lib"))
	full := []string{"refresh", "--source", b.on("next"), "--library", drive + `\lib`}
	platform.Write(t, b.at("next/amd64/large.dat"), make([]byte, 9<<20))
	b.run(t, full...).Want(t, 6, "needs ", " MiB is free on ")
	platform.Same(t, before, platform.Snapshot(t, filepath.Join(small, "lib")))
	if err := os.Remove(b.at("next/amd64/large.dat")); err != nil {
		t.Fatal(err)
	}

	few := mount(t, "size=64m,nr_inodes=40") // of which nobody is told beforehand
	drive = m.Drive(t, few)
	b.run(t, "refresh", "--source", b.on("kit"), "--library", drive+`\lib`).Want(t, 6)
	for name := range platform.Snapshot(t, filepath.Join(few, "lib")) {
		if name != "usmtpkg.json" {
			t.Errorf("%s is left", name)
		}
	}
}

// A volume that is mounted read-only is no place for a library, and a good one for a source.
func TestReadOnlyVolume(t *testing.T) {
	m := Start(t)
	t.Parallel()
	b := newBench(t)
	volume := mount(t, "size=9m")
	platform.Kit(t, filepath.Join(volume, "kit"), samplekit.Options{Arches: []string{"amd64"}, Version: newer})
	if out, err := exec.Command("mount", "-o", "remount,ro", volume).CombinedOutput(); err != nil {
		platform.Missing(t, string(out))
	}
	drive := m.Drive(t, volume)
	b.run(t, "refresh", "--source", b.on("next"), "--library", drive+`\lib`).Want(t, 6, "cannot write to the library")
	b.run(t, "refresh", "--source", drive+`\kit`, "--library", b.on("lib")).Want(t, 0)
}

// The attribute read-only is no obstacle, neither on the files of the source, which may come from a
// DVD, nor on those of a release, which some set to protect them.
func TestReadOnlyAttribute(t *testing.T) {
	b := newBench(t)
	t.Parallel()
	for _, dir := range []string{"next", "lib"} {
		b.Run(t, "attrib", "+r", b.on(dir+"/*"), "/s").Want(t, 0)
	}
	b.run(t, "verify", "--library", b.on("lib")).Want(t, 0)
	b.recovers(t)
}

// What is printed is UTF-8, whatever the code page, and names of all scripts are kept.
func TestOutput(t *testing.T) {
	b := emptyBench(t, t.TempDir())
	t.Parallel()
	const name = "Überführung 移行 😀"
	r := b.run(t, "refresh", "--source", b.on("kit"), "--library", b.on(name), "--json").Want(t, 0, name)
	if !utf8.ValidString(r.Stdout + r.Stderr) {
		t.Error("the output is not UTF-8")
	}
	if strings.Contains(r.Stdout, "\x1b") || strings.Contains(r.Stderr, "\x1b") {
		t.Error("the output, which is no terminal's, has control sequences")
	}
	platform.Current(t, b.at(name))
}

// Reading back past the cache works, or it is said that it did not.
func TestUncached(t *testing.T) {
	b := newBench(t)
	t.Parallel()
	r := b.refresh(t, "next", "--verify", "uncached").Want(t, 0)
	record, err := os.ReadFile(b.at("lib/" + platform.Current(t, b.at("lib")) + "/release.json"))
	if err != nil {
		t.Fatal(err)
	}
	past := strings.Contains(r.Stdout, "uncached: every file was read back past the cache")
	if recorded := strings.Contains(string(record), `"used": "uncached"`); recorded != past {
		t.Errorf("recorded as uncached: %v; said: %v\n%s", recorded, past, r.Stdout)
	}
	b.recovers(t)
}
