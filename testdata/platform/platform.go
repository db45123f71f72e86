// Package platform tries usmtpkg, the program, on real file systems, shares and Windows. Its tests
// run the program as a user does and look at what it left behind.
//
// A test that needs something which is not there says so and is skipped; where PLATFORM_TESTS is
// "required", as in CI, it fails. The tests start what they need on loopback or in a temporary
// folder, and stop it.
package platform

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"usmtpkg/locate/samplekit"
)

// limit is how long one run of the program may take before it counts as hanging.
const limit = 2 * time.Minute

// Need skips the test, or fails it where everything is required, unless all commands are there.
func Need(tb testing.TB, commands ...string) {
	tb.Helper()
	for _, c := range commands {
		if _, err := exec.LookPath(c); err != nil {
			Missing(tb, c+" is not installed")
		}
	}
}

// Missing skips the test for that reason, or fails it where everything is required.
func Missing(tb testing.TB, reason string) {
	tb.Helper()
	if os.Getenv("PLATFORM_TESTS") == "required" {
		tb.Fatalf("NOT TESTED: %s", reason)
	}
	tb.Skipf("NOT TESTED: %s", reason)
}

var builds sync.Map // GOOS and flags → func() (string, error)

// Program builds usmtpkg for an operating system, once, and returns its path.
func Program(tb testing.TB, goos string) string {
	tb.Helper()
	return Build(tb, goos)
}

// Build does the same with these flags for the compiler.
func Build(tb testing.TB, goos string, flags ...string) string {
	tb.Helper()
	build, _ := builds.LoadOrStore(strings.Join(append(flags, goos), " "), sync.OnceValues(func() (string, error) {
		dir, err := os.MkdirTemp("", "usmtpkg-platform-")
		if err != nil {
			return "", err
		}
		name := filepath.Join(dir, "usmtpkg")
		if goos == "windows" {
			name += ".exe"
		}
		cmd := exec.Command("go", append(append([]string{"build"}, flags...), "-o", name, "./cmd/usmtpkg")...)
		if cmd.Dir, err = root(); err != nil { // its go.sum knows what the program needs
			return "", err
		}
		cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH=amd64", "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", errors.New(string(out))
		}
		return name, nil
	}))
	name, err := build.(func() (string, error))()
	if err != nil {
		tb.Fatalf("building usmtpkg for %s: %v", goos, err)
	}
	return name
}

var root = sync.OnceValues(func() (string, error) {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "usmtpkg").Output()
	return strings.TrimSpace(string(dir)), err
})

// Root is the folder of usmtpkg's module.
func Root(tb testing.TB) string {
	tb.Helper()
	dir, err := root()
	if err != nil {
		tb.Fatal(err)
	}
	return dir
}

// Kit writes the sample kit below dir and returns dir.
func Kit(tb testing.TB, dir string, o samplekit.Options) string {
	tb.Helper()
	for name, content := range samplekit.Files(o) {
		Write(tb, filepath.Join(dir, filepath.FromSlash(name)), content)
	}
	return dir
}

// Write writes a file and makes the folders above it.
func Write(tb testing.TB, name string, content []byte) {
	tb.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(name, content, 0o666); err != nil {
		tb.Fatal(err)
	}
}

// A Result is what a run came to.
type Result struct {
	Status         int // exit status; -1: killed by a signal
	Stdout, Stderr string
}

// Run runs a command to its end, in a home of its own.
func Run(tb testing.TB, command ...string) Result {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	var out, errs bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = tb.TempDir(), &out, &errs
	err := cmd.Run()
	if ctx.Err() != nil {
		tb.Fatalf("%s: not over after %v\n%s%s", strings.Join(command, " "), limit, &out, &errs)
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		tb.Fatalf("%s: %v", strings.Join(command, " "), err)
	}
	return Result{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
}

// Want fails the test unless the run ended with that status and said all of these.
func (r Result) Want(tb testing.TB, status int, says ...string) Result {
	tb.Helper()
	if r.Status != status {
		tb.Fatalf("exit status %d, want %d\n%s%s", r.Status, status, r.Stdout, r.Stderr)
	}
	for _, s := range says {
		if !strings.Contains(r.Stdout+r.Stderr, s) {
			tb.Errorf("output lacks %q:\n%s%s", s, r.Stdout, r.Stderr)
		}
	}
	return r
}
