package tree

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
)

// Who asked for a folder finds those in it read already.
func TestListerReadsAhead(t *testing.T) {
	fsys := fstest.MapFS{"a/x": {}, "b/c/y": {}, "b/z": {}}
	var mu sync.Mutex
	var read []string
	l := newLister(t.Context(), 1, func(dir string) ([]fs.DirEntry, error) {
		mu.Lock()
		defer mu.Unlock()
		read = append(read, dir)
		return fs.ReadDir(fsys, dir)
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
	dir, err := fs.ReadDir(fstest.MapFS{"a": {}}, ".")
	if err != nil {
		t.Fatal(err)
	}
	for i := range many {
		many[i] = dir[0]
	}
	reads := 0
	l := newLister(t.Context(), 2, func(string) ([]fs.DirEntry, error) { reads++; return many, nil })
	for want := 1; want <= 2; want++ {
		if list, err := l.readDir("."); err != nil || len(list) != len(many) {
			t.Fatalf("readDir = %d entries, %v, want all", len(list), err)
		}
		l.wait()
		if reads != want {
			t.Errorf("after %d readers, %d reads, want each to read for itself", want, reads)
		}
	}
	if l.kept != 0 {
		t.Errorf("kept = %d, want 0", l.kept)
	}
}

// However many folders lie beside each other, no more of them are read ahead
// than are kept.
func TestListerReadsNotTooManyAhead(t *testing.T) {
	const folders, files = 40, maxKept / 8
	fsys := fstest.MapFS{"file": {}}
	for i := range folders {
		fsys[fmt.Sprintf("d%03d/x", i)] = &fstest.MapFile{}
	}
	top, err := fs.ReadDir(fsys, ".")
	if err != nil {
		t.Fatal(err)
	}
	many := slices.Repeat(top[folders:], files)
	l := newLister(t.Context(), 1, func(dir string) ([]fs.DirEntry, error) {
		if dir == "." {
			return top[:folders], nil
		}
		return many, nil
	})
	if _, err := l.readDir("."); err != nil {
		t.Fatal(err)
	}
	l.wait()
	// What is being read when it comes to that many is read to its end.
	if most := maxKept + Workers*files; l.kept > most {
		t.Errorf("%d entries are kept ahead of the walk, want %d at most", l.kept, most)
	}
	for i := range folders {
		if list, err := l.readDir(fmt.Sprintf("d%03d", i)); len(list) != files || err != nil {
			t.Fatalf("readDir = %d entries, %v, want %d", len(list), err, files)
		}
	}
	l.wait()
	if l.kept != 0 {
		t.Errorf("kept = %d in the end, want 0", l.kept)
	}
}

// Who stops does not wait for what would have been read ahead, and who walks
// does not wait for folders that he will come to later.
func TestListerEndsSoon(t *testing.T) {
	fsys := fstest.MapFS{}
	for i := range 100 {
		fsys[fmt.Sprintf("d%03d/sub/x", i)] = &fstest.MapFile{}
	}
	ctx, stop := context.WithCancel(t.Context())
	begun, held := make(chan struct{}, 200), make(chan struct{})
	var reads atomic.Int32
	l := newLister(ctx, 1, func(dir string) ([]fs.DirEntry, error) {
		reads.Add(1)
		if dir != "." && dir != "d099" {
			begun <- struct{}{}
			<-held
		}
		return fs.ReadDir(fsys, dir)
	})
	for _, dir := range []string{".", "d099"} {
		if _, err := l.readDir(dir); err != nil {
			t.Fatal(err)
		}
	}
	for range Workers {
		<-begun
	}
	stop()
	close(held)
	l.wait()
	if n := reads.Load(); n > 2+Workers {
		t.Errorf("%d folders were read, want those that had been begun", n)
	}
}
