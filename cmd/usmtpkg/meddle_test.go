package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Cancelled at the beginning of any phase, a run ends with 130, and the library
// is as it was: for one that did not exist, its marker alone may be there.
func TestCancelled(t *testing.T) {
	kit, other := kitDir(t, ""), kitDir(t, "10.0.65001.1")
	tests := []struct {
		name   string
		phase  string
		source string
		args   []string
	}{
		{"copying", "copying", other, []string{"refresh"}},
		{"copying and hashing alone", "copying", other, []string{"stage", "--verify", "stream"}},
		{"reading back", "re-reading", other, []string{"refresh"}},
		{"hashing for a plan", "hashing the source", other, []string{"refresh", "--dry-run"}},
		{"verifying what is there", "verifying", kit, []string{"refresh"}},
		{"verify", "verifying", kit, []string{"verify"}},
		{"comparing", "comparing with the source", kit, []string{"verify"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			lib := libraryWith(t, kit)
			before := listing(t, lib)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			s := session{stderr: stepWriter{words: tt.phase, step: cancel}}
			got := s.runContext(ctx, t, append(tt.args, "--library", lib, "--source", tt.source)...)
			if got != exitCanceled {
				t.Errorf("run = %d, want %d\n%s", got, exitCanceled, &s.stderr)
			}
			if s.stdout.Len() > 0 {
				t.Errorf("standard output = %q, want nothing", &s.stdout)
			}
			if !strings.Contains(s.stderr.String(), "usmtpkg: cancelled") {
				t.Errorf("standard error = %q, want it to say that it was cancelled", &s.stderr)
			}
			if diff := cmp.Diff(before, listing(t, lib)); diff != "" {
				t.Errorf("the library changed (-before +after):\n%s", diff)
			}
		})
	}
}

func TestCancelledBeforeFirstRelease(t *testing.T) {
	lib := filepath.Join(t.TempDir(), "lib")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s := session{stderr: stepWriter{words: "re-reading", step: cancel}}
	if got := s.runContext(ctx, t, "refresh", "--sample", "--library", lib, "--json"); got != exitCanceled {
		t.Errorf("run = %d, want %d", got, exitCanceled)
	}
	if d := s.errorOf(t); d.Exit != exitCanceled {
		t.Errorf("exit in the error document = %d, want %d", d.Exit, exitCanceled)
	}
	for name := range listing(t, lib) {
		if name != "usmtpkg.json" {
			t.Errorf("%s was left in the library", name)
		}
	}
}

// A meddler changes something at the beginning of a phase, which must be noticed:
// nothing is published, and the library is as it was.
func TestMeddled(t *testing.T) {
	tests := []struct {
		name   string
		phase  string
		meddle func(t *testing.T, kit, lib string)
		want   int
		says   string
		keep   string // what the meddler put into the library
	}{
		{"a file of the source grows", "copying", func(t *testing.T, kit, _ string) {
			t.Helper()
			name := filepath.Join(kit, "amd64", "MigApp.xml")
			content, err := os.ReadFile(name)
			if err != nil {
				t.Error(err)
			}
			if err := os.WriteFile(name, append(content, ' '), 0o666); err != nil {
				t.Error(err)
			}
		}, exitChanged, "MigApp.xml", ""},
		{"a file of the source changes at the same size", "copying", func(t *testing.T, kit, _ string) {
			t.Helper()
			name := filepath.Join(kit, "amd64", "MigApp.xml")
			flipByte(t, name, 300)
			if later := time.Now().Add(time.Hour); os.Chtimes(name, later, later) != nil {
				t.Error("the time of MigApp.xml cannot be set")
			}
		}, exitChanged, "MigApp.xml", ""},
		{"a file of the source vanishes", "copying", func(t *testing.T, kit, _ string) {
			t.Helper()
			if err := os.Remove(filepath.Join(kit, "x86", "MigUser.xml")); err != nil {
				t.Error(err)
			}
		}, exitChanged, "MigUser.xml", ""},
		{"a byte of the copy flips", "re-reading", func(t *testing.T, _, lib string) {
			t.Helper()
			flipByte(t, glob(t, lib, ".staging-*", "data", "amd64", "scanstate.exe"), 700)
		}, exitMismatch, "amd64/scanstate.exe", ""},
		{"the lock is taken over", "re-reading", func(t *testing.T, _, lib string) {
			t.Helper()
			name := filepath.Join(lib, ".lock")
			content, err := os.ReadFile(name)
			if err != nil {
				t.Error(err)
			}
			i := strings.Index(string(content), `"token":"`) + len(`"token":"`)
			copy(content[i:], "0000")
			if err := os.WriteFile(name, content, 0o666); err != nil {
				t.Error(err)
			}
		}, exitBusy, "lock was lost", ".lock"},
		{"a folder of the source becomes a link to itself", "copying", func(t *testing.T, kit, _ string) {
			t.Helper()
			amd64 := filepath.Join(kit, "amd64")
			if err := errors.Join(os.RemoveAll(amd64), os.Symlink("amd64", amd64)); err != nil {
				t.Error(err)
			}
		}, exitChanged, "amd64 is now a symbolic link", ""},
		{"a file of the source becomes a link that leads out of it", "copying", func(t *testing.T, kit, lib string) {
			t.Helper()
			name := filepath.Join(kit, "amd64", "MigApp.xml")
			if err := errors.Join(os.Remove(name), os.Symlink(filepath.Join(lib, "usmtpkg.json"), name)); err != nil {
				t.Error(err)
			}
		}, exitChanged, "amd64/MigApp.xml is now a symbolic link", ""},
		{"a file is added to the source", "copying", func(t *testing.T, kit, _ string) {
			t.Helper()
			if err := os.WriteFile(filepath.Join(kit, "amd64", "MigLate.xml"), []byte("<migration/>"), 0o666); err != nil {
				t.Error(err)
			}
		}, exitChanged, "amd64/MigLate.xml was added", ""},
		{"an arch folder is added to the source", "re-reading", func(t *testing.T, kit, _ string) {
			t.Helper()
			if err := os.Mkdir(filepath.Join(kit, "arm64"), 0o777); err != nil {
				t.Error(err)
			}
		}, exitChanged, "arm64 was added (a folder)", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if links, err := condition("links"); err != nil || strings.Contains(tt.name, "link") && !links {
				t.Skipf("no symbolic links here (%v)", err)
			}
			lib := libraryWith(t, kitDir(t, ""))
			before := listing(t, lib)
			kit := kitDir(t, "10.0.65001.1")
			s := session{stderr: stepWriter{words: tt.phase, step: func() { tt.meddle(t, kit, lib) }}}
			if got := s.run(t, "refresh", "--source", kit, "--library", lib); got != tt.want {
				t.Errorf("run = %d, want %d\n%s", got, tt.want, &s.stderr)
			}
			if !strings.Contains(s.stderr.String(), tt.says) {
				t.Errorf("standard error = %q, want %q in it", &s.stderr, tt.says)
			}
			after := listing(t, lib)
			delete(after, tt.keep)
			if diff := cmp.Diff(before, after); diff != "" {
				t.Errorf("the library changed (-before +after):\n%s", diff)
			}
			var again session
			if got := again.run(t, "verify", "--library", lib); got != exitOK {
				t.Errorf("verify of the release before = %d, want 0\n%s", got, &again.stderr)
			}
		})
	}
}

// A full disk under standard output does not undo what was published, and nobody
// is told that it did.
func TestOutputLost(t *testing.T) {
	for _, format := range []string{"", "--json"} {
		t.Run("refresh "+format, func(t *testing.T) {
			lib := filepath.Join(t.TempDir(), "lib")
			var stderr stepWriter
			env := environment{stdout: fullDisk{}, stderr: &stderr, getenv: func(string) string { return "" }, now: zeroTime}
			args := []string{"refresh", "--sample", "--library", lib, "-q"}
			if format != "" {
				args = append(args, format)
			}
			if got := run(t.Context(), env, args); got != exitOther {
				t.Errorf("run = %d, want %d", got, exitOther)
			}
			if strings.Contains(stderr.String(), "nothing was published") {
				t.Errorf("standard error = %q, but the release was published", &stderr)
			}
			var s session
			if got := s.run(t, "verify", "--library", lib); got != exitOK {
				t.Errorf("verify = %d, want 0\n%s", got, &s.stderr)
			}
		})
	}
}

// Behind | head nobody reads to the end, and that is no failure; what a command came to still counts.
func TestReaderGone(t *testing.T) {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
	defer writer.Close() //nolint:errcheck // nobody reads it
	kit := kitDir(t, "")
	for _, tt := range []struct {
		args []string
		want int
	}{
		{[]string{"validate", kit}, exitOK},
		{[]string{"validate", kit, "--json"}, exitOK},
		{[]string{"validate", kit, "--strict"}, exitInvalid},
		{[]string{"--help"}, exitOK},
	} {
		var stderr stepWriter
		env := environment{stdout: writer, stderr: &stderr, getenv: func(string) string { return "" }, now: zeroTime}
		if got := run(t.Context(), env, tt.args); got != tt.want || strings.Contains(stderr.String(), "printing the result") {
			t.Errorf("%q into a pipe that nobody reads = %d, want %d\n%s", tt.args, got, tt.want, &stderr)
		}
	}
}

// fullDisk fails as os.Stdout does on a full disk.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) {
	return 0, &fs.PathError{Op: "write", Path: "/dev/stdout", Err: errors.New("no space left on device")}
}
