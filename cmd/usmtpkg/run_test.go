package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"usmtpkg/cmd/usmtpkg/report"
	"usmtpkg/locate/samplekit"
)

// A session is one run of the program inside the test. Its standard error is a
// terminal, so that the bar names each phase at its beginning, before any of
// its work is done: that is where a test can step in.
type session struct {
	stdout bytes.Buffer
	stderr stepWriter

	patience time.Duration // with a registry
}

// run runs the program with a home of its own and nothing in the environment.
func (s *session) run(t *testing.T, args ...string) int {
	t.Helper()
	return s.runContext(t.Context(), t, args...)
}

func (s *session) runContext(ctx context.Context, t *testing.T, args ...string) int {
	t.Helper()
	home := t.TempDir()
	env := environment{
		stdout: &s.stdout, stderr: &s.stderr,
		getenv: func(name string) string {
			if name == "HOME" || name == "USERPROFILE" {
				return home
			}
			return ""
		},
		now: time.Now, terminal: true, patience: s.patience,
	}
	return run(ctx, env, args)
}

// A stepWriter keeps what is written and calls step when the words come by the
// first time. It may be written to by several goroutines.
type stepWriter struct {
	words string
	step  func()

	mu   sync.Mutex
	buf  bytes.Buffer
	once sync.Once
}

func (w *stepWriter) Write(p []byte) (int, error) {
	if w.words != "" && bytes.Contains(p, []byte(w.words)) {
		w.once.Do(w.step)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.Write(p)
}

func (w *stepWriter) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.String()
}

// kitDir makes a sample kit in a folder of its own.
func kitDir(t *testing.T, version string) string {
	t.Helper()
	dir := t.TempDir()
	if err := writeKit(dir, samplekit.Options{Version: version, Arches: []string{"amd64", "x86"}}, nil); err != nil {
		t.Fatal(err)
	}
	return dir
}

// libraryWith makes a library that holds a release of the kit.
func libraryWith(t *testing.T, kit string) string {
	t.Helper()
	lib := filepath.Join(t.TempDir(), "lib")
	var s session
	if got := s.run(t, "refresh", "--source", kit, "--library", lib); got != exitOK {
		t.Fatalf("refresh = %d, want 0\n%s", got, &s.stderr)
	}
	return lib
}

// listing is everything below dir with its content and time, by path.
func listing(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, _ fs.DirEntry, err error) error {
		if err != nil || name == dir {
			return err
		}
		line, err := treeLine(name)
		entries[strings.TrimPrefix(filepath.ToSlash(name), filepath.ToSlash(dir)+"/")] = line
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

// glob returns the one path that matches.
func glob(t *testing.T, pattern ...string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(pattern...))
	if err != nil || len(found) != 1 {
		t.Fatalf("Glob(%q) = %q, %v, want one path", pattern, found, err)
	}
	return found[0]
}

// flipByte changes a byte of a file.
func flipByte(t *testing.T, name string, at int) {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	content[at] ^= 1
	if err := os.WriteFile(name, content, 0o666); err != nil {
		t.Fatal(err)
	}
}

// errorOf reads the error document on standard output.
func (s *session) errorOf(t *testing.T) report.Error {
	t.Helper()
	var d report.Error
	if err := json.Unmarshal(s.stdout.Bytes(), &d); err != nil || d.Format != "usmtpkg error" {
		t.Fatalf("standard output = %q (%v), want an error document", &s.stdout, err)
	}
	return d
}
