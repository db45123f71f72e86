//go:build unix

package main

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A named pipe in place of any file or folder that a command opens is refused, and never waited for: not
// when it was named, and not when it is in a library.
func TestPipesInPlaceOfFiles(t *testing.T) {
	lib := sampleLibrary(t)
	release := filepath.Base(glob(t, lib, "10.*"))
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o666); err != nil {
		t.Fatal(err)
	}
	statement := filepath.Join(dir, "a.json")
	if err := os.WriteFile(statement, []byte("{}"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(statement+".minisig", 0o666); err != nil {
		t.Fatal(err)
	}
	const key = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3"
	refresh := []string{"refresh", "--sample", "--library", lib}
	verify := []string{"verify", "--library", lib}
	tests := []struct {
		name string
		file string // of the library, that becomes a pipe; empty: none does
		args []string
		want int
		text string
	}{
		{"record, verify", release + "/release.json", verify, exitMismatch, ""},
		{"record, list", release + "/release.json", []string{"list", "--library", lib}, exitInvalid, "found a named pipe, wanted a file"},
		{"record, refresh", release + "/release.json", refresh, exitMismatch, ""},
		{"manifest", release + "/manifest-sha256.txt", verify, exitMismatch, `type +manifest-sha256\.txt \(found named pipe, wanted file\)`},
		{"tag manifest", release + "/tagmanifest-sha256.txt", verify, exitMismatch, `type +tagmanifest-sha256\.txt \(found named pipe, wanted file\)`},
		{"declaration", release + "/bagit.txt", verify, exitMismatch, `type +bagit\.txt \(found named pipe, wanted file\)`},
		{"info", release + "/bag-info.txt", verify, exitMismatch, `type +bag-info\.txt \(found named pipe, wanted file\)`},
		{"text of the payload", release + "/data/amd64/MigApp.xml", []string{"define", "--library", lib, "--config", settings(t, dir)}, exitInvalid, "MigApp.xml"},
		{"marker, list", "usmtpkg.json", []string{"list", "--library", lib}, exitDestination, "found a named pipe, wanted a file"},
		{"marker, refresh", "usmtpkg.json", refresh, exitDestination, "found a named pipe, wanted a file"},
		{"active release, list", "current", []string{"list", "--library", lib}, exitInvalid, "found a named pipe, wanted a file"},
		{"active release, verify", "current", verify, exitInvalid, "found a named pipe, wanted a file"},
		{"lock", ".lock", refresh, exitDestination, "found a named pipe, wanted a file"},
		{"definition, refresh", "definitions/" + release + "/package.json", refresh, exitOK, "written: package.json"},
		{"definition, define", "definitions/" + release + "/USMT.sms", []string{"define", "--library", lib}, exitOK, "written: USMT.sms"},
		{"key", "", []string{"attest", "--library", lib, "--key", pipe}, exitUsage, "found a named pipe, wanted a file"},
		{"public key", "", []string{"verify", "--library", lib, "--attestation", statement, "--public-key", pipe}, exitUsage, "found a named pipe, wanted a file"},
		{"attestation", "", []string{"verify", "--library", lib, "--attestation", pipe}, exitUsage, "found a named pipe, wanted a file"},
		{"library, refresh", "", []string{"refresh", "--sample", "--library", pipe}, exitDestination, "found a named pipe, wanted a folder"},
		{"library, stage", "", []string{"stage", "--sample", "--dry-run", "--library", pipe}, exitDestination, "found a named pipe, wanted a folder"},
		{"library, list", "", []string{"list", "--library", pipe}, exitDestination, "found a named pipe, wanted a folder"},
		{"library, verify", "", []string{"verify", "--library", pipe}, exitDestination, "found a named pipe, wanted a folder"},
		{"library, activate", "", []string{"activate", "--library", pipe, release}, exitDestination, "found a named pipe, wanted a folder"},
		{"content library", "", append(verify[:3:3], "--content-library", pipe, "--package-id", "P0100012"), exitDestination, "found a named pipe, wanted a folder"},
		{"release, verify", release, verify, exitInvalid, "found a named pipe, wanted a folder"},
		{"release, list", release, []string{"list", "--library", lib}, exitInvalid, `current: release \S+ is the active one, and its folder is not in the library`},
		{"release, activate", release, []string{"activate", "--library", lib, release}, exitDestination, "found a named pipe, wanted a folder"},
		{"definitions, define", "definitions", []string{"define", "--library", lib}, exitDestination, "definitions"},
		{"definitions, refresh", "definitions", refresh, exitDestination, "definitions"},
		{"signature", "", []string{"verify", "--library", lib, "--attestation", statement, "--public-key", key}, exitMismatch, "found a named pipe, wanted a file"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			name := filepath.Join(lib, tt.file)
			if tt.file != "" {
				inPlace(t, name)
			}
			var s session
			status := make(chan int, 1)
			go func() { status <- s.run(t, tt.args...) }()
			select {
			case got := <-status:
				text := s.stdout.String() + s.stderr.String()
				if got != tt.want || !regexp.MustCompile(tt.text).MatchString(text) {
					t.Errorf("%q = %d, want %d and %q:\n%s", tt.args, got, tt.want, tt.text, text)
				}
			case <-time.After(30 * time.Second):
				t.Errorf("%q waits for the pipe", tt.args)
				for { // let it go on, so that the test ends
					if f, err := os.OpenFile(name, os.O_WRONLY|syscall.O_NONBLOCK, 0); err == nil {
						_ = f.Close()
					}
					select {
					case <-status:
						return
					case <-time.After(50 * time.Millisecond):
					}
				}
			}
		})
	}
}

// sampleLibrary makes a library that holds a release of the built-in sample kit.
func sampleLibrary(t *testing.T) string {
	t.Helper()
	lib := filepath.Join(t.TempDir(), "lib")
	var s session
	if got := s.run(t, "refresh", "--sample", "--library", lib); got != exitOK {
		t.Fatalf("refresh = %d, want 0\n%s", got, &s.stderr)
	}
	return lib
}

// inPlace puts a named pipe in the place of a file until the test is over.
func inPlace(t *testing.T, name string) {
	t.Helper()
	aside := filepath.Join(t.TempDir(), "aside")
	err := os.Rename(name, aside)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	was := err == nil
	if err := syscall.Mkfifo(name, 0o666); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(name); err != nil {
			t.Error(err)
		}
		if !was {
			return
		}
		if err := os.Rename(aside, name); err != nil {
			t.Error(err)
		}
	})
}

// settings is a configuration file that has define look at the texts of a release.
func settings(t *testing.T, dir string) string {
	t.Helper()
	name := filepath.Join(dir, "settings.yaml")
	if err := os.WriteFile(name, []byte("capture: {mode: customize, configFiles: [MigApp.xml]}\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	return name
}

// A password may come through a pipe; one to which nobody writes does not keep the process from
// ending when it is told to.
func TestPasswordFromPipe(t *testing.T) {
	lib := sampleLibrary(t)
	dir := t.TempDir()
	key, pipe := filepath.Join("..", "..", "stage", "attest", "testdata", "encrypted.key"), filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	attest := []string{"attest", "--library", lib, "--key", key, "--password-file", pipe}
	go func() { _ = os.WriteFile(pipe, []byte("correct horse\n"), 0) }()
	var s session
	if got := s.run(t, attest...); got != exitOK {
		t.Errorf("attest with a password from a pipe = %d, want 0\n%s", got, &s.stderr)
	}
	ctx, cancel := context.WithTimeoutCause(t.Context(), 200*time.Millisecond, context.Canceled)
	defer cancel()
	var silent session
	if got := silent.runContext(ctx, t, attest...); got != exitCanceled {
		t.Errorf("attest, cancelled while it waits for the password = %d, want %d\n%s", got, exitCanceled, &silent.stderr)
	}
	f, err := os.OpenFile(pipe, os.O_WRONLY, 0) // whoever still waits goes on
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

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
