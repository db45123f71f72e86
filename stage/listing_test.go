package stage

import (
	"io/fs"
	"slices"
	"sync"
	"testing"
	"testing/fstest"
)

// Who asked for a folder finds those in it read already.
func TestListerReadsAhead(t *testing.T) {
	tree := fstest.MapFS{"a/x": {}, "b/c/y": {}, "b/z": {}}
	var mu sync.Mutex
	var read []string
	l := newLister(1, func(dir string) ([]fs.DirEntry, error) {
		mu.Lock()
		defer mu.Unlock()
		read = append(read, dir)
		return fs.ReadDir(tree, dir)
	})
	ask := func(dir string, want ...string) {
		t.Helper()
		if _, err := l.readDir(dir); err != nil {
			t.Fatal(err)
		}
		l.wait()
		slices.Sort(read)
		if !slices.Equal(read, want) {
			t.Errorf("after %s these are read: %q, want %q", dir, read, want)
		}
	}
	ask(".", ".", "a", "b")
	ask("b", ".", "a", "b", "b/c") // b itself is not read again
	ask("b", ".", "a", "b", "b", "b/c")
}

// Of more than it keeps each folder is read when somebody asks for it.
func TestListerKeepsNotTooMany(t *testing.T) {
	many := make([]fs.DirEntry, maxKept+1)
	dir, err := fs.ReadDir(fstest.MapFS{"a/x": {}}, ".")
	if err != nil {
		t.Fatal(err)
	}
	for i := range many {
		many[i] = dir[0]
	}
	reads := 0
	l := newLister(2, func(string) ([]fs.DirEntry, error) { reads++; return many, nil })
	for want := 1; want <= 2; want++ {
		if list, err := l.readDir("."); err != nil || len(list) != len(many) {
			t.Fatalf("readDir = %d entries, %v, want all", len(list), err)
		}
		l.wait()
		if reads != want {
			t.Errorf("after %d readers, %d reads, want each to read for itself, and nothing ahead", want, reads)
		}
	}
	if l.kept != 0 {
		t.Errorf("kept = %d, want 0", l.kept)
	}
}
