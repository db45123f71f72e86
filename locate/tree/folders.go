package tree

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// maxFolders bounds the folders that are kept open at once. Beyond it files
// are reached from the root again.
const maxFolders = 512

// Folders is the file system below a root, with its folders kept open: os.Root
// opens a path folder by folder, which for thousands of small files takes
// longer than reading them. Nothing outside the root can be reached, as with
// the root itself. Reading outlasts a short outage of a share. Close it before
// the root's folder is renamed.
type Folders struct {
	root *os.Root
	try  func(do func() error) error // repeats do during an outage
	held func(do func() error) error // repeats do while another process holds the file
	list *lister
	stop context.CancelFunc
	mu   sync.Mutex
	open map[string]*handle // "." is the root
}

// A file is open for reading.
type file interface {
	fs.File
	io.ReaderAt
	io.Seeker
}

// NewFolders returns the file system below root. Its methods may be called
// from several goroutines; when ctx is done they wait for nothing any more.
// What a folder holds is read once for as many as readers says, and anew after
// that.
func NewFolders(ctx context.Context, root *os.Root, readers int) *Folders {
	ctx, stop := context.WithCancel(ctx)
	f := &Folders{root: root, stop: stop, open: map[string]*handle{}}
	f.try = func(do func() error) error { return retryOutage(ctx, do) }
	f.held = func(do func() error) error { return RetryLocked(ctx, do) }
	f.list = newLister(ctx, readers, f.readDir)
	return f
}

// Root is the root.
func (f *Folders) Root() *os.Root { return f.root }

// at returns the folder of a file, open, and the file's name in it. Where the folder cannot be kept
// open it is nil: then the file is reached from the root, which will say what is wrong.
func (f *Folders) at(name string) (*handle, string) {
	dir, base := path.Split(name)
	dir = path.Clean(dir)
	f.mu.Lock()
	defer f.mu.Unlock()
	if h, ok := f.open[dir]; ok {
		return h, base
	}
	if len(f.open) >= maxFolders {
		return nil, name
	}
	h, err := newHandle(f.root, dir)
	if err != nil {
		return nil, name
	}
	f.open[dir] = h
	return h, base
}

// Open opens a file for reading.
func (f *Folders) Open(name string) (fs.File, error) {
	if _, err := filepath.Localize(name); err != nil { // a backslash, a device name: Windows would open something else
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	file, err := f.OpenSteady(name, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	return file, nil
}

// OpenSteady opens a file for reading, with these flags beside. Whoever judges
// a source meets the virus scanner just as whoever copies it.
func (f *Folders) OpenSteady(name string, flag int) (*SteadyFile, error) {
	in, err := f.openFile(name, flag)
	if IsOutage(err) || IsLocked(err) {
		in, err = f.openLater(name, flag)
	}
	if err != nil {
		return nil, err
	}
	return &SteadyFile{file: in, folders: f, name: name, flag: flag}, nil
}

// openLater opens a file once that can be done.
func (f *Folders) openLater(name string, flag int) (in file, err error) {
	err = f.try(func() error {
		return f.held(func() (err error) {
			in, err = f.openFile(name, flag)
			return err
		})
	})
	return in, err
}

func (f *Folders) openFile(name string, flag int) (file, error) {
	if h, base := f.at(name); h != nil {
		if in, err := h.open(base, flag); !errors.Is(err, syscall.ELOOP) {
			return in, inFolder(err, name)
		}
	}
	return f.root.OpenFile(name, flag|AtOnce, 0) // which follows a link, if it stays below the root
}

// OpenFile opens a file as os.OpenFile does, but never waits: not for the other
// end of a pipe that somebody put in a file's place.
func (f *Folders) OpenFile(name string, flag int, perm fs.FileMode) (*os.File, error) {
	if h, base := f.at(name); h != nil {
		if file, err := h.openFile(base, flag, perm); !errors.Is(err, syscall.ELOOP) {
			return file, inFolder(err, name)
		}
	}
	return f.root.OpenFile(name, flag|AtOnce, perm)
}

// ReadDir reads a folder, and goes on to read those in it while the caller
// looks at what it got.
func (f *Folders) ReadDir(name string) ([]fs.DirEntry, error) { return f.list.readDir(name) }

// Relist drops the listings that are kept. Nobody else may use f meanwhile.
func (f *Folders) Relist(context.Context) error {
	f.list.forget()
	return nil
}

func (f *Folders) readDir(name string) (list []fs.DirEntry, err error) {
	err = f.try(func() (err error) {
		list, err = ReadDir(f.root, name)
		return err
	})
	return list, err
}

// Chtimes sets the modification time of a file.
func (f *Folders) Chtimes(name string, t time.Time) error {
	if h, base := f.at(name); h != nil {
		return inFolder(h.chtimes(base, t), name)
	}
	return f.root.Chtimes(name, t, t)
}

// Close closes the folders, not the root.
func (f *Folders) Close() error {
	f.stop()
	f.list.wait()
	f.mu.Lock()
	defer f.mu.Unlock()
	var errs []error
	for _, h := range f.open {
		errs = append(errs, h.close())
	}
	clear(f.open)
	return errors.Join(errs...)
}

// inFolder names a file by its whole path in an error.
func inFolder(err error, name string) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return &fs.PathError{Op: p.Op, Path: name, Err: p.Err}
	}
	return err
}
