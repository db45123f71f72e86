package tree

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// mostWorkers is how many WorkersFor returns at most.
const mostWorkers = 32

// A handle is a folder that stays open. Of files in it the system is asked directly: os.File would
// offer each to the poller, which takes no files, and os.Root would follow the path from the root.
// Names have no slash, so that they can only lead out of the folder if they are links: ELOOP.
type handle struct {
	dir *os.File
	fd  int // of dir
}

func newHandle(root *os.Root, dir string) (*handle, error) {
	f, err := root.OpenFile(dir, os.O_RDONLY|unix.O_DIRECTORY|AtOnce, 0)
	if err != nil {
		return nil, err
	}
	return &handle{f, int(f.Fd())}, nil
}

func (h *handle) close() error { return h.dir.Close() }

// openat opens a file. What is made new cannot be a pipe.
func (h *handle) openat(name string, flag int, perm fs.FileMode) (fd int, err error) {
	if flag&os.O_EXCL == 0 {
		flag |= AtOnce
	}
	err = again(func() (err error) {
		fd, err = unix.Openat(h.fd, name, flag|unix.O_NOFOLLOW|unix.O_CLOEXEC, uint32(perm.Perm()))
		return err
	})
	if err != nil {
		return 0, &fs.PathError{Op: "openat", Path: name, Err: err}
	}
	return fd, nil
}

// open opens a file for reading.
func (h *handle) open(name string, flag int) (file, error) {
	fd, err := h.openat(name, flag, 0)
	if err != nil {
		return nil, err
	}
	return &rawFile{fd, name}, nil
}

func (h *handle) openFile(name string, flag int, perm fs.FileMode) (*os.File, error) {
	fd, err := h.openat(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), name), nil
}

func (h *handle) chtimes(name string, t time.Time) error {
	at := unix.NsecToTimespec(t.UnixNano())
	err := again(func() error { return unix.UtimesNanoAt(h.fd, name, []unix.Timespec{at, at}, unix.AT_SYMLINK_NOFOLLOW) })
	if err != nil {
		return &fs.PathError{Op: "utimensat", Path: name, Err: err}
	}
	return nil
}

// A rawFile is a file that is read and closed without the poller.
type rawFile struct {
	fd   int // -1 once it is closed
	name string
}

func (f *rawFile) fail(op string, err error) error {
	if f.fd < 0 {
		err = os.ErrClosed
	}
	return &fs.PathError{Op: op, Path: f.name, Err: err}
}

func (f *rawFile) Read(p []byte) (n int, err error) {
	if err := again(func() (err error) { n, err = unix.Read(f.fd, p); return err }); err != nil {
		return 0, f.fail("read", err)
	}
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

func (f *rawFile) ReadAt(p []byte, offset int64) (done int, err error) {
	for done < len(p) {
		var n int
		if err := again(func() (err error) { n, err = unix.Pread(f.fd, p[done:], offset+int64(done)); return err }); err != nil {
			return done, f.fail("read", err)
		}
		if n == 0 {
			return done, io.EOF
		}
		done += n
	}
	return done, nil
}

func (f *rawFile) Seek(offset int64, whence int) (at int64, err error) {
	if err := again(func() (err error) { at, err = unix.Seek(f.fd, offset, whence); return err }); err != nil {
		return 0, f.fail("seek", err)
	}
	return at, nil
}

func (f *rawFile) Stat() (fs.FileInfo, error) {
	var st unix.Stat_t
	if err := again(func() error { return unix.Fstat(f.fd, &st) }); err != nil {
		return nil, f.fail("stat", err)
	}
	return entryOf(f.name, &st), nil
}

// Close closes the file once.
func (f *rawFile) Close() error {
	if f.fd < 0 {
		return f.fail("close", os.ErrClosed)
	}
	err := unix.Close(f.fd)
	f.fd = -1
	if err != nil {
		return &fs.PathError{Op: "close", Path: f.name, Err: err}
	}
	return nil
}

// again repeats a system call that a signal interrupted.
func again(call func() error) error {
	for {
		if err := call(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// entryOf is what is kept of a file's state.
func entryOf(name string, st *unix.Stat_t) *entry {
	mode := fs.FileMode(st.Mode & 0o777)
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
	case unix.S_IFDIR:
		mode |= fs.ModeDir
	case unix.S_IFLNK:
		mode |= fs.ModeSymlink
	case unix.S_IFIFO:
		mode |= fs.ModeNamedPipe
	case unix.S_IFSOCK:
		mode |= fs.ModeSocket
	case unix.S_IFCHR:
		mode |= fs.ModeDevice | fs.ModeCharDevice
	case unix.S_IFBLK:
		mode |= fs.ModeDevice
	default:
		mode |= fs.ModeIrregular
	}
	return &entry{name, mode, st.Size, time.Unix(st.Mtim.Unix())}
}

// listBuffers are kept: of thousands of folders each would leave one behind.
var listBuffers = sync.Pool{New: func() any { b := make([]byte, 8<<10); return &b }}

// listFolder hands out the entries of an open folder as they are now.
func listFolder(f *os.File, take func(*entry)) error {
	fd := int(f.Fd())
	var st unix.Stat_t
	var names []string
	buf := listBuffers.Get().(*[]byte)
	defer listBuffers.Put(buf)
	for {
		n := 0
		if err := again(func() (err error) { n, err = unix.ReadDirent(fd, *buf); return err }); err != nil {
			return &fs.PathError{Op: "readdirent", Path: f.Name(), Err: err}
		}
		if n == 0 {
			return nil
		}
		_, _, names = unix.ParseDirent((*buf)[:n], -1, names[:0])
		for _, name := range names {
			err := again(func() error { return unix.Fstatat(fd, name, &st, unix.AT_SYMLINK_NOFOLLOW) })
			if errors.Is(err, unix.ENOENT) {
				continue // gone since
			}
			if err != nil {
				return &fs.PathError{Op: "fstatat", Path: name, Err: err}
			}
			take(entryOf(name, &st))
		}
	}
}
