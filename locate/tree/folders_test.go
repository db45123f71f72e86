package tree

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

func folders(t *testing.T, dir string) *Folders {
	t.Helper()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	f := NewFolders(t.Context(), root, 2)
	t.Cleanup(func() {
		if err := errors.Join(f.Close(), root.Close()); err != nil {
			t.Error(err)
		}
	})
	return f
}

func TestFolders(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.txt"), "a")
	write(t, filepath.Join(dir, "b", "c", "d.txt"), "d")
	f := folders(t, dir)
	if err := fstest.TestFS(f, "a.txt", "b/c/d.txt"); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"b/c/none.txt", "b/none/none.txt"} {
		_, err := f.Open(name)
		if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), name) {
			t.Errorf("Open = %v, want fs.ErrNotExist with the path %s", err, name)
		}
	}
	if _, err := f.Open("../a.txt"); err == nil {
		t.Error("Open leads out of the root")
	}
}

func TestFoldersListOnceForTwo(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.txt"), "a")
	f := folders(t, dir)
	names := func() string {
		entries, err := f.ReadDir(".")
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, e := range entries {
			names = append(names, e.Name())
		}
		return strings.Join(names, " ")
	}
	first := names()
	write(t, filepath.Join(dir, "b.txt"), "b")
	if second := names(); first != "a.txt" || second != first {
		t.Errorf("ReadDir = %q, then %q, want a.txt both times", first, second)
	}
	if third := names(); third != "a.txt b.txt" {
		t.Errorf("ReadDir = %q the third time, want it read anew", third)
	}
}

func TestFoldersDoNotFollowLinksOut(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "outside", "x.txt"), "x")
	if err := os.Mkdir(filepath.Join(dir, "root"), 0o777); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "root", "link")
	if err := os.Symlink(filepath.Join(dir, "outside"), link); err != nil {
		t.Skipf("this system makes no links here: %v", err)
	}
	if _, err := os.Lstat(link); err != nil {
		t.Skip("this system says that it made a link and did not (Wine)")
	}
	if _, err := folders(t, filepath.Join(dir, "root")).Open("link/x.txt"); err == nil {
		t.Error("Open follows a link out of the root")
	}
}
