package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// prune asks before it removes, and takes no for an answer. What comes into use while it waits is kept.
func TestPruneAsks(t *testing.T) {
	tests := []struct {
		name   string
		answer func(t *testing.T, lib, old string) (bool, error)
		status int
		gone   bool
	}{
		{"yes", func(*testing.T, string, string) (bool, error) { return true, nil }, exitOK, true},
		{"no", func(*testing.T, string, string) (bool, error) { return false, nil }, exitCanceled, false},
		{"nobody", func(*testing.T, string, string) (bool, error) { return false, errors.New("no terminal") }, exitOther, false},
		{"pinned meanwhile", func(t *testing.T, lib, old string) (bool, error) {
			t.Helper()
			var s session
			if status := s.run(t, "pin", old, "--library", lib); status != exitOK {
				t.Fatal(s.stderr.String())
			}
			return true, nil
		}, exitOK, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			lib := filepath.Join(t.TempDir(), "lib")
			for _, version := range []string{"10.0.65000.1", "10.0.65001.1"} {
				var s session
				if status := s.run(t, "refresh", "--source", kitDir(t, version), "--library", lib); status != exitOK {
					t.Fatal(s.stderr.String())
				}
			}
			old, err := filepath.Glob(filepath.Join(lib, "10.0.65000.1-*"))
			if err != nil || len(old) != 1 {
				t.Fatal(old, err)
			}
			asked := ""
			var stdout, stderr bytes.Buffer
			env := environment{stdout: &stdout, stderr: &stderr, getenv: os.Getenv, now: time.Now, confirm: func(_ context.Context, question string) (bool, error) {
				asked = question
				return tt.answer(t, lib, filepath.Base(old[0]))
			}}
			if status := run(t.Context(), env, []string{"prune", "--keep", "1", "--library", lib}); status != tt.status {
				t.Errorf("exit status %d, want %d\n%s", status, tt.status, &stderr)
			}
			if !strings.HasPrefix(asked, "usmtpkg: remove 1 release, ") || !strings.Contains(stderr.String(), "to be removed: "+filepath.Base(old[0])) {
				t.Errorf("asked %q after\n%s", asked, &stderr)
			}
			if _, err := os.Stat(old[0]); os.IsNotExist(err) != tt.gone {
				t.Errorf("after the answer: %v, want gone: %t", err, tt.gone)
			}
		})
	}
}
