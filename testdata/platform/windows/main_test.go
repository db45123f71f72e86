package windows

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"usmtpkg/locate/samplekit"
	"usmtpkg/testdata/platform"
)

func TestMain(m *testing.M) { os.Exit(Main(m)) }

// newer is the version of the second kit, above samplekit.Version.
const newer = "10.0.65001.1"

// A bench is what a test works with: a drive of its own, on which there are a kit, a newer kit, and
// a library with a release of the first, which is active. Whatever goes wrong with the newer kit,
// the library has to stay as it is.
type bench struct {
	*Machine
	usmtpkg string
	dir     string // the root of the drive, as it is called here
	drive   string // its letter, such as D:
	release string // the active one
	before  map[string]string
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := emptyBench(t, t.TempDir())
	b.refresh(t, "kit").Want(t, 0)
	b.release, b.before = platform.Current(t, b.at("lib")), platform.Snapshot(t, b.at("lib"))
	return b
}

// emptyBench has both kits and no library.
func emptyBench(t *testing.T, dir string) *bench {
	t.Helper()
	m := Start(t)
	b := &bench{Machine: m, usmtpkg: platform.Program(t, "windows"), dir: dir, drive: m.Drive(t, dir)}
	platform.Kit(t, b.at("kit"), samplekit.Options{Arches: []string{"amd64"}})
	platform.Kit(t, b.at("next"), samplekit.Options{Arches: []string{"amd64"}, Version: newer})
	return b
}

// at is a file of the drive, as it is called here.
func (b *bench) at(name string) string { return filepath.Join(b.dir, filepath.FromSlash(name)) }

// on is the same file, as it is called on the machine.
func (b *bench) on(name string) string { return b.drive + `\` + strings.ReplaceAll(name, "/", `\`) }

func (b *bench) run(t *testing.T, args ...string) platform.Result {
	t.Helper()
	return b.Run(t, b.usmtpkg, args...)
}

// refresh takes a kit into the library.
func (b *bench) refresh(t *testing.T, kit string, args ...string) platform.Result {
	t.Helper()
	return b.run(t, append([]string{"refresh", "--source", b.on(kit), "--library", b.on("lib")}, args...)...)
}

// untouched fails the test unless the library is as it was.
func (b *bench) untouched(t *testing.T) {
	t.Helper()
	platform.Same(t, b.before, platform.Snapshot(t, b.at("lib")))
}

// recovers fails the test unless the newer kit can be taken now, and the library is right then.
func (b *bench) recovers(t *testing.T) {
	t.Helper()
	b.refresh(t, "next").Want(t, 0)
	now := platform.Current(t, b.at("lib"))
	if !strings.HasPrefix(now, newer) {
		t.Errorf("active release %s, want one of %s", now, newer)
	}
	b.run(t, "verify", "--library", b.on("lib"), b.release).Want(t, 0)
	b.run(t, "verify", "--library", b.on("lib"), "--source", b.on("next")).Want(t, 0)
	for name := range platform.Snapshot(t, b.at("lib")) {
		if strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".partial") {
			t.Errorf("%s is left in the library", name)
		}
	}
}

var helpers = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "usmtpkg-helper-")
	if err != nil {
		return "", err
	}
	name := filepath.Join(dir, "helper.exe")
	cmd := exec.Command("go", "build", "-o", name, "./helper")
	cmd.Env = append(os.Environ(), "GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	return name, cmd.Run()
})

// helper is the program that does on the machine what others do there.
func helper(t *testing.T) string {
	t.Helper()
	name, err := helpers()
	if err != nil {
		t.Fatalf("building the helper: %v", err)
	}
	return name
}

// hold has the helper hold or lock a file, and returns how to end that.
func (b *bench) hold(t *testing.T, args ...string) (release func()) {
	t.Helper()
	command := b.Command(helper(t), args...)
	cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
	var said bytes.Buffer
	cmd.Stderr = &said
	end, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	if line, _ := lines.ReadString('\n'); strings.TrimSpace(line) != "held" {
		_ = end.Close()
		_ = cmd.Wait()
		t.Fatalf("helper %q: %q, want held: %s", args, line, &said)
	}
	release = sync.OnceFunc(func() {
		_ = end.Close()
		_, _ = io.Copy(io.Discard, lines)
		_ = cmd.Wait()
	})
	t.Cleanup(release)
	return release
}

// soon calls do while the next run is on its way.
func soon(t *testing.T, do func()) {
	t.Helper()
	timer := time.AfterFunc(time.Second, do)
	t.Cleanup(func() { timer.Stop() })
}
