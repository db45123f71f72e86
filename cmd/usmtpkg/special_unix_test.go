//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// What is no regular file, or larger than any log, is refused at once where a file is named:
// reading it would hang, or never end.
func TestSpecialFiles(t *testing.T) {
	dir := t.TempDir()
	library := filepath.Join(dir, "library")
	var s session
	if status := s.run(t, "refresh", "--sample", "--library", library); status != exitOK {
		t.Fatalf("refresh = %d\n%s", status, &s.stderr)
	}
	pipe, huge, logs := filepath.Join(dir, "pipe"), filepath.Join(dir, "huge.log"), filepath.Join(dir, "logs")
	if err := syscall.Mkfifo(pipe, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(huge, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(huge, 2<<30); err != nil { // of zeros, which are not on disk
		t.Fatal(err)
	}
	if err := os.Mkdir(logs, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"distmgr.log", "smpmgr.log"} {
		if err := syscall.Mkfifo(filepath.Join(logs, name), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	verify := []string{"verify", "--library", library, "--package-id", "P0100012", "--distmgr-log"}
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"pipe as distmgr.log", append(verify[:6:6], pipe), "found a named pipe, wanted a file"},
		{"device as distmgr.log", append(verify[:6:6], "/dev/zero"), "found a device, wanted a file"},
		{"huge distmgr.log", append(verify[:6:6], huge), "found 2147483648 bytes, wanted at most 1073741824"},
		{"pipe in a folder of logs", append(verify[:6:6], logs), "found a named pipe, wanted a file"},
		{"pipe as log of the role", []string{"smp-log", pipe}, "found a named pipe, wanted a file"},
		{"device as log of the role", []string{"smp-log", "/dev/zero"}, "found a device, wanted a file"},
		{"pipe among logs of the role", []string{"smp-log", logs}, "found a named pipe, wanted a file"},
		{"pipe as settings", []string{"list", "--library", library, "--config", pipe}, "found a named pipe, wanted a file"},
		{"device as settings", []string{"list", "--library", library, "--config", "/dev/zero"}, "found a device, wanted a file"},
		{"folder as settings", []string{"list", "--library", library, "--config", dir}, "found a folder, wanted a file"},
		{"huge settings", []string{"list", "--library", library, "--config", huge}, "found 2147483648 bytes, wanted at most 1048576"},
		{"pipe as inventory", []string{"validate", "--sample", "--inventory", pipe}, "found a named pipe, wanted a file"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var s session
			status := s.run(t, tt.args...)
			if text := s.stderr.String(); status != exitUsage || !strings.Contains(text, tt.want) {
				t.Errorf("%q = %d, want %d and %q:\n%s", tt.args, status, exitUsage, tt.want, text)
			}
		})
	}
}
