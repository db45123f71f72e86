package powercut

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"usmtpkg/pkgdef/contentlib/fakelib"
	"usmtpkg/testdata/platform"
)

// A job is a command during which the power is cut. The library has one release, tr.old.
type job struct {
	least   int                                              // states a run
	file    string                                           // of the definition, whose content is compared; "": USMT.sms, which names no folder
	prepare func(t *testing.T, tr *trial, disk string)       // what else is there before; nil: nothing
	args    func(tr *trial, disk string) []string            // the command
	check   func(t *testing.T, tr *trial, disk string) error // of what the command makes besides the library; nil: nothing
	status  func(disk string) int                            // of the next run; nil: 0
}

var jobs = map[string]job{
	"refresh": {
		least: 100,
		args: func(tr *trial, disk string) []string {
			return []string{"refresh", "--source", tr.kit, "--library", library(disk), "-q"}
		},
		check: func(t *testing.T, tr *trial, disk string) error {
			t.Helper()
			return succeeds(t, tr.program, "verify", "--library", library(disk), "--source", tr.kit)
		},
	},
	"activate": {
		least: 30,
		prepare: func(t *testing.T, tr *trial, disk string) {
			t.Helper()
			platform.Run(t, tr.program, "refresh", "--source", tr.kit, "--library", library(disk), "-q").Want(t, 0)
		},
		args: func(tr *trial, disk string) []string {
			return []string{"activate", tr.old, "--library", library(disk), "-q"}
		},
	},
	"define": {
		least: 30,
		file:  "package.json",
		args: func(_ *trial, disk string) []string {
			return []string{"define", "--package-path", `\\cm01\Sources\OSD\USMT`, "--library", library(disk), "-q"}
		},
	},
	"recover": {
		least: 60,
		prepare: func(t *testing.T, tr *trial, disk string) {
			t.Helper()
			c := fakelib.Content{PackageID: "P0100012", Version: 1, Files: map[string]string{}}
			if err := fs.WalkDir(os.DirFS(tr.kit), ".", func(name string, d fs.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return err
				}
				content, err := os.ReadFile(filepath.Join(tr.kit, filepath.FromSlash(name)))
				c.Files[name] = string(content)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			if err := fakelib.Write([]string{tr.content}, c); err != nil {
				t.Fatal(err)
			}
			if err := os.Mkdir(filepath.Join(disk, "out"), 0o777); err != nil {
				t.Fatal(err)
			}
		},
		args: func(tr *trial, disk string) []string {
			return []string{"recover", "--content-library", tr.content, "--package-id", "P0100012", "--to", filepath.Join(disk, "out", "USMT"), "-q"}
		},
		check: func(t *testing.T, tr *trial, disk string) error {
			t.Helper()
			return succeeds(t, tr.program, "verify", filepath.Join(disk, "out", "USMT"), "--source", tr.kit)
		},
		status: func(disk string) int { // what is there stays, and is whole: the check says so
			if _, err := os.Stat(filepath.Join(disk, "out", "USMT")); err == nil {
				return 6
			}
			return 0
		},
	},
}

func library(disk string) string { return filepath.Join(disk, "lib") }

// succeeds runs a program, which must not fail.
func succeeds(t *testing.T, command ...string) error {
	t.Helper()
	if r := platform.Run(t, command...); r.Status != 0 {
		return fmt.Errorf("%s: status %d: %s%s", command[1], r.Status, r.Stdout, r.Stderr)
	}
	return nil
}

// definition is the file of the definition of a release; nil if there is none.
func (j job) definition(disk, release string) []byte {
	b, err := os.ReadFile(filepath.Join(library(disk), "definitions", release, cmp.Or(j.file, "USMT.sms")))
	if err != nil {
		return nil
	}
	return b
}
