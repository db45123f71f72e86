package liar

import (
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"usmtpkg/testdata/platform"
)

// A source that changes while one of its files is being read voids the run.
func TestSourceChangesWhileRead(t *testing.T) {
	tests := []struct {
		name   string
		change func(name string) error
		says   string
	}{
		{"shrinks", func(name string) error { return os.Truncate(name, 70_000) }, "read 131072 of 400000 bytes"},
		{"grows", func(name string) error { return os.Truncate(name, 400_001) }, "grew beyond 400000 bytes"},
		{"changes in place", func(name string) error {
			f, err := os.OpenFile(name, os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			if _, err := f.WriteAt([]byte("changed"), 390_000); err != nil {
				return err
			}
			return f.Close()
		}, "its modification time changed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var once sync.Once
			var name string
			s := newSite(t, &Lies{Read: func(path string, offset int64) syscall.Errno {
				if inSource(path) && offset >= 131072 {
					once.Do(func() {
						if err := tt.change(name); err != nil {
							t.Error(err)
						}
					})
				}
				return 0
			}})
			name = filepath.Join(s.Next, filepath.FromSlash(big))
			s.refresh(t).Want(t, 8, big, "source changed during the run", tt.says, "nothing was published; run again")
			s.Untouched(t)
			s.Recovers(t)
		})
	}
}

// A link that somebody puts into the staging folder while the run is at work
// leads no byte out of the library, and the run ends with 6.
func TestLinkPlanted(t *testing.T) {
	tests := []struct {
		name  string
		plant func(staging, outside string) error
	}{
		{"folder replaced by a link out of the library", func(staging, outside string) error {
			dir := filepath.Join(staging, "data", "amd64")
			if err := os.Rename(dir, filepath.Join(outside, "moved")); err != nil {
				return err
			}
			return os.Symlink(outside, dir)
		}},
		{"folder replaced by a link in the library", func(staging, _ string) error {
			dir := filepath.Join(staging, "data", "amd64")
			if err := os.Rename(dir, filepath.Join(staging, "moved")); err != nil {
				return err
			}
			return os.Symlink(filepath.Join("..", "moved"), dir)
		}},
		{"link in a file's place, before it is made", func(staging, outside string) error {
			return os.Symlink(filepath.Join(outside, "victim"), filepath.Join(staging, "data", "amd64", "MigUser.xml"))
		}},
		{"link beside the files", func(staging, outside string) error {
			return os.Symlink(outside, filepath.Join(staging, "data", "amd64", "link"))
		}},
		{"staging folder replaced", func(staging, outside string) error {
			if err := os.Rename(staging, filepath.Join(outside, "moved")); err != nil {
				return err
			}
			return os.Symlink(outside, staging)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			outside := t.TempDir()
			platform.Write(t, filepath.Join(outside, "victim"), []byte("victim"))
			var once sync.Once
			var library string
			s := newSite(t, &Lies{Read: func(path string, _ int64) syscall.Errno {
				if inSource(path) { // the largest is copied first, while its folder is made and most files are not
					once.Do(func() {
						found, err := filepath.Glob(filepath.Join(library, ".staging-*"))
						if err != nil || len(found) != 1 {
							t.Errorf("staging folders %v, %v", found, err)
							return
						}
						if err := tt.plant(found[0], outside); err != nil {
							t.Error(err)
						}
					})
				}
				return 0
			}})
			library = s.Library
			// The source is seen through the liar, the library is not.
			s.Refresh(t, "--source", filepath.Join(s.mount, "next"), "--workers=1").Want(t, 6, "nothing was published")
			for name := range platform.Snapshot(t, outside) {
				if base := filepath.Base(name); base == "bagit.txt" && name == base || name == "MigUser.xml" {
					t.Errorf("%s was written outside the library", name)
				}
			}
			if b, err := os.ReadFile(filepath.Join(outside, "victim")); err != nil || string(b) != "victim" {
				t.Errorf("victim = %q, %v, want it as it was", b, err)
			}
			s.Intact(t)
			if got := platform.Current(t, s.Library); got != s.Old {
				t.Errorf("active release %s, want %s as before", got, s.Old)
			}
		})
	}
}
