package tree

import (
	"context"
	"io/fs"
	"path"
	"slices"
	"sync"
)

// maxKept bounds the entries of folders that are kept for those who will ask:
// with size and time each takes 300 bytes.
const maxKept = 32768

// A lister reads folders ahead of who walks through them: an os.Root asks for
// size and time of one entry after the other, which takes longer than anything
// else in a walk, above all on a share. It keeps a listing until as many as
// will come have asked for it: who judges the names and who copies the files
// see the same. Later ones have it read anew.
type lister struct {
	read    func(dir string) ([]fs.DirEntry, error)
	readers int          // how many will come
	ended   func() error // with an error nothing is read ahead any more
	running sync.WaitGroup

	mu    sync.Mutex
	lists map[string]*listing
	next  []string // folders to read ahead, in the end the one that a walk comes to first
	ahead int      // goroutines that read ahead
	kept  int      // entries in lists
}

// A listing is what lies in one folder.
type listing struct {
	done    chan struct{} // closed once entries and err are there
	entries []fs.DirEntry // in the end nil, when all have had them
	err     error
	taken   int // how many had it
}

func newLister(ctx context.Context, readers int, read func(dir string) ([]fs.DirEntry, error)) *lister {
	return &lister{read: read, readers: readers, ended: ctx.Err, lists: map[string]*listing{}}
}

// readDir lists a folder, and begins to list those in it. A folder that nobody
// has begun to read does not wait for others that are read ahead.
func (l *lister) readDir(dir string) ([]fs.DirEntry, error) {
	l.mu.Lock()
	li, found := l.lists[dir]
	if !found {
		li = l.add(dir)
	}
	l.mu.Unlock()
	if !found {
		l.fill(dir, li)
	}
	<-li.done
	if entries, ok := l.take(dir, li); ok {
		return entries, li.err
	}
	return l.read(dir)
}

// add begins a listing, which the caller fills. The lock is held.
func (l *lister) add(dir string) *listing {
	li := &listing{done: make(chan struct{})}
	l.lists[dir] = li
	return li
}

// fill reads a folder.
func (l *lister) fill(dir string, li *listing) {
	defer close(li.done)
	li.entries, li.err = l.read(dir)
	l.mu.Lock()
	l.kept += len(li.entries)
	l.mu.Unlock()
}

// take hands a listing out, unless all who will come have had it, or there are
// too many to be kept.
func (l *lister) take(dir string, li *listing) ([]fs.DirEntry, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if li.taken == l.readers {
		return nil, false
	}
	if li.taken == 0 {
		for _, e := range slices.Backward(li.entries) {
			if e.IsDir() {
				l.next = append(l.next, path.Join(dir, e.Name()))
			}
		}
	}
	entries := li.entries
	if li.taken++; li.taken < l.readers && l.kept <= maxKept {
		entries = slices.Clone(entries)
	} else {
		li.taken, li.entries = l.readers, nil
		l.kept -= len(entries)
	}
	l.start()
	return entries, true
}

// start has as many read ahead as there are folders for. The lock is held.
func (l *lister) start() {
	for range min(Workers-l.ahead, len(l.next)) {
		l.ahead++
		l.running.Go(l.readAhead)
	}
}

// readAhead reads folders until there are none, or enough is kept.
func (l *lister) readAhead() {
	for {
		l.mu.Lock()
		dir, ok := l.pop()
		if !ok {
			l.ahead--
			l.mu.Unlock()
			return
		}
		li := l.add(dir)
		l.mu.Unlock()
		l.fill(dir, li)
	}
}

// pop returns the next folder that nobody has begun to read. The lock is held.
func (l *lister) pop() (dir string, ok bool) {
	for len(l.next) > 0 && l.kept <= maxKept && l.ended() == nil {
		dir, l.next = l.next[len(l.next)-1], l.next[:len(l.next)-1]
		if l.lists[dir] == nil {
			return dir, true
		}
	}
	return "", false
}

// wait returns when nothing is being read any more.
func (l *lister) wait() { l.running.Wait() }

// forget drops all listings, so that the next to ask has them read anew.
func (l *lister) forget() {
	l.mu.Lock()
	l.next = nil
	l.mu.Unlock()
	l.running.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.lists)
	l.next, l.kept = nil, 0
}
