package stage

import (
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
	readers int           // how many will come
	busy    chan struct{} // a place for each folder that is read right now
	running sync.WaitGroup

	mu    sync.Mutex
	lists map[string]*listing
	kept  int // entries in lists
}

// A listing is what lies in one folder.
type listing struct {
	done    chan struct{} // closed once entries and err are there
	entries []fs.DirEntry // in the end nil, when all have had them
	err     error
	taken   int // how many had it
}

func newLister(readers int, read func(dir string) ([]fs.DirEntry, error)) *lister {
	return &lister{read: read, readers: readers, busy: make(chan struct{}, defaultWorkers), lists: map[string]*listing{}}
}

// readDir lists a folder, and begins to list those in it.
func (l *lister) readDir(dir string) ([]fs.DirEntry, error) {
	l.mu.Lock()
	li := l.begin(dir)
	l.mu.Unlock()
	<-li.done
	if entries, ok := l.take(dir, li); ok {
		return entries, li.err
	}
	return l.read(dir)
}

// begin has a folder read, if nobody did. The lock is held.
func (l *lister) begin(dir string) *listing {
	if li := l.lists[dir]; li != nil {
		return li
	}
	li := &listing{done: make(chan struct{})}
	l.lists[dir] = li
	l.running.Go(func() {
		defer close(li.done)
		l.busy <- struct{}{}
		li.entries, li.err = l.read(dir)
		<-l.busy
		l.mu.Lock()
		l.kept += len(li.entries)
		l.mu.Unlock()
	})
	return li
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
		l.ahead(dir, li.entries)
	}
	if li.taken++; li.taken < l.readers && l.kept <= maxKept {
		return slices.Clone(li.entries), true
	}
	entries := li.entries
	li.taken, li.entries = l.readers, nil
	l.kept -= len(entries)
	return entries, true
}

// ahead begins to read the folders among the entries of one. The lock is held.
func (l *lister) ahead(dir string, entries []fs.DirEntry) {
	for _, e := range entries {
		if l.kept > maxKept {
			return
		}
		if e.IsDir() {
			l.begin(path.Join(dir, e.Name()))
		}
	}
}

// wait returns when nothing is being read any more.
func (l *lister) wait() { l.running.Wait() }
