//go:build unix

package tree

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"
)

// A named pipe that nobody writes to is not opened: that would never return.
func TestOpenPipe(t *testing.T) {
	name := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(name, 0o666); err != nil {
		t.Fatal(err)
	}
	_, err := Open(name, 5)
	if refused := (*FileError)(nil); !errors.As(err, &refused) || !strings.Contains(err.Error(), "found a named pipe, wanted a file") {
		t.Errorf("Open = %v, want an *FileError", err)
	}
}

// A pipe that takes the file's place after it was looked at is not waited for either.
func TestOpenPipeAtOnce(t *testing.T) {
	name := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(name, 0o666); err != nil {
		t.Fatal(err)
	}
	_, err := open(swapped{}, name, 5)
	if refused := (*FileError)(nil); !errors.As(err, &refused) {
		t.Errorf("open = %v, want an *FileError", err)
	}
}

// Nor is one that takes a folder's place, in the whole system or below a root.
func TestOpenRootPipeAtOnce(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("pipe", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	root, err := OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close() //nolint:errcheck // only read
	for _, name := range []string{"pipe", "link"} {
		for place, open := range map[string]func() (*os.Root, error){
			"below a root": func() (*os.Root, error) { return openRoot(swappedRoot{root}, name) },
			"by its path":  func() (*os.Root, error) { return openRoot(swapped{}, filepath.Join(dir, name)) },
		} {
			done := make(chan error, 1)
			go func() {
				_, err := open()
				done <- err
			}()
			select {
			case err := <-done:
				if failed := (*fs.PathError)(nil); !errors.As(err, &failed) || filepath.Base(failed.Path) != name {
					t.Errorf("opening %s %s as a folder = %v, want an *fs.PathError", name, place, err)
				}
			case <-time.After(10 * time.Second):
				t.Fatalf("opening %s %s as a folder waits for its other end", name, place)
			}
		}
	}
}

// swapped is a place where everything looks like a file until it is opened.
type swapped struct{ system }

type swappedRoot struct{ *os.Root }

func (swappedRoot) Stat(string) (fs.FileInfo, error) { return swapped{}.Stat("") }

func (swapped) Stat(string) (fs.FileInfo, error) {
	return fs.Stat(fstest.MapFS{"a": {}}, "a")
}

func TestFS(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a"), []byte("hello"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o666); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close() //nolint:errcheck // only read
	fsys := FS(root)
	if b, err := fs.ReadFile(fsys, "a"); err != nil || string(b) != "hello" {
		t.Errorf("ReadFile = %q, %v, want hello", b, err)
	}
	if _, err := fs.ReadFile(fsys, "pipe"); !errors.As(err, new(*FileError)) {
		t.Errorf("ReadFile of a pipe = %v, want an *FileError", err)
	}
	if entries, err := fs.ReadDir(fsys, "."); err != nil || len(entries) != 2 {
		t.Errorf("ReadDir = %v, %v, want two entries", entries, err)
	}
	if _, err := fsys.Open("../a"); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("Open of a path that leads out = %v, want that it is invalid", err)
	}
	if err := os.Symlink("a", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if info, err := fs.Lstat(fsys, "link"); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("Lstat of a link = %v, %v, want the link itself", info, err)
	}
}

// A pipe in place of a folder is not opened either, and links, files and gaps fail as os.OpenRoot says.
func TestOpenRootPipe(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("pipe", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	root, err := OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close() //nolint:errcheck // only read
	below := func(name string) (*os.Root, error) { return Sub(root, name) }
	whole := func(name string) (*os.Root, error) { return OpenRoot(filepath.Join(dir, name)) }
	for _, open := range []func(string) (*os.Root, error){below, whole} {
		for _, name := range []string{"pipe", "link"} {
			if _, err := open(name); !errors.As(err, new(*FileError)) || !strings.Contains(err.Error(), "found a named pipe, wanted a folder") {
				t.Errorf("opening %s as a folder = %v, want a *FileError", name, err)
			}
		}
		if _, err := open("file"); !errors.As(err, new(*fs.PathError)) {
			t.Errorf("opening a file as a folder = %v, want an *fs.PathError", err)
		}
		if _, err := open("none"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("opening nothing = %v, want %v", err, fs.ErrNotExist)
		}
	}
}
