// Package share is a file system that takes the time of a network share (FUSE): each call waits for its
// server, all bytes go over one wire, and the server copies files by itself where it is asked to.
package share

import (
	"errors"
	"io"
	"log"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

// A Wire is what lies between a share and its server.
type Wire struct {
	Latency time.Duration // of each call
	Rate    int64         // in bytes a second, each way; 0 does not limit it
	Fail    atomic.Int32  // the error that the server gives instead of copying; 0: none

	Calls, Sent, Received, Copied atomic.Int64 // the last three in bytes

	mu   sync.Mutex
	free [2]time.Time // when each way is free again
}

// call waits for as long as a call with so many bytes takes.
func (w *Wire) call(sent, received int) {
	w.Calls.Add(1)
	w.Sent.Add(int64(sent))
	w.Received.Add(int64(received))
	time.Sleep(w.pass(0, sent) + w.Latency + w.pass(1, received))
}

// pass returns how long it takes until the bytes have gone one way.
func (w *Wire) pass(way, bytes int) time.Duration {
	if bytes == 0 || w.Rate == 0 {
		return 0
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	if w.free[way].Before(now) {
		w.free[way] = now
	}
	w.free[way] = w.free[way].Add(time.Duration(bytes) * time.Second / time.Duration(w.Rate))
	return w.free[way].Sub(now)
}

// Mount mounts dir at a folder, behind a wire. Names and attributes are kept for a second, as by other
// shares; content is kept until the file is opened again, and written behind, when it is closed at the latest.
func Mount(dir, at string, w *Wire) (unmount func(), err error) {
	root, err := fs.NewLoopbackRoot(dir)
	if err != nil {
		return nil, err
	}
	kept := time.Second
	o := &fs.Options{EntryTimeout: &kept, AttrTimeout: &kept}
	server, err := fuse.NewServer(&wired{fs.NewNodeFS(root, o), w}, at, &fuse.MountOptions{
		DirectMount: os.Geteuid() == 0, FsName: "share", DisableXAttrs: true, MaxWrite: 1 << 20, Logger: log.New(io.Discard, "", 0),
		DisabledCapabilities: fuse.CAP_PASSTHROUGH, ExtraCapabilities: fuse.CAP_WRITEBACK_CACHE,
	})
	if err != nil {
		return nil, err
	}
	go server.Serve()
	if err := server.WaitMount(); err != nil {
		return nil, err
	}
	unmount = func() {
		if err := server.Unmount(); err != nil {
			_ = syscall.Unmount(at, syscall.MNT_DETACH)
		}
		server.Wait()
	}
	if err := copyOnce(at); err != nil {
		unmount()
		return nil, err
	}
	w.Calls.Store(0)
	w.Copied.Store(0)
	return unmount, nil
}

// copyOnce has one file copied before several are at once. Linux 6.18 first asks for a call that go-fuse does
// not have; if that is answered twice, it takes the server for one that does not copy (fs/fuse/file.c).
func copyOnce(at string) error {
	from, to := filepath.Join(at, ".from"), filepath.Join(at, ".to")
	if err := os.WriteFile(from, []byte("x"), 0o666); err != nil {
		return err
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	out, err := os.Create(to)
	if err == nil {
		_, err = unix.CopyFileRange(int(in.Fd()), nil, int(out.Fd()), nil, 1, 0)
		err = errors.Join(err, out.Close())
	}
	return errors.Join(err, in.Close(), os.Remove(from), os.Remove(to))
}

// A wired file system hands everything on, over the wire.
type wired struct {
	fuse.RawFileSystem
	wire *Wire
}

func (w *wired) Lookup(c <-chan struct{}, h *fuse.InHeader, name string, out *fuse.EntryOut) fuse.Status {
	w.wire.call(0, 0)
	return w.RawFileSystem.Lookup(c, h, name, out)
}

func (w *wired) GetAttr(c <-chan struct{}, in *fuse.GetAttrIn, out *fuse.AttrOut) fuse.Status {
	w.wire.call(0, 0)
	return w.RawFileSystem.GetAttr(c, in, out)
}

func (w *wired) SetAttr(c <-chan struct{}, in *fuse.SetAttrIn, out *fuse.AttrOut) fuse.Status {
	w.wire.call(0, 0)
	status := w.RawFileSystem.SetAttr(c, in, out)
	if status == fuse.ENOENT && in.Valid&^(fuse.FATTR_MTIME|fuse.FATTR_CTIME|fuse.FATTR_FH) == 0 {
		return fuse.OK // times are written behind, also those of a file that is gone
	}
	return status
}

func (w *wired) Mkdir(c <-chan struct{}, in *fuse.MkdirIn, name string, out *fuse.EntryOut) fuse.Status {
	w.wire.call(0, 0)
	return w.RawFileSystem.Mkdir(c, in, name, out)
}

func (w *wired) Unlink(c <-chan struct{}, h *fuse.InHeader, name string) fuse.Status {
	w.wire.call(0, 0)
	return w.RawFileSystem.Unlink(c, h, name)
}

func (w *wired) Rmdir(c <-chan struct{}, h *fuse.InHeader, name string) fuse.Status {
	w.wire.call(0, 0)
	return w.RawFileSystem.Rmdir(c, h, name)
}

func (w *wired) Rename(c <-chan struct{}, in *fuse.RenameIn, from, to string) fuse.Status {
	w.wire.call(0, 0)
	return w.RawFileSystem.Rename(c, in, from, to)
}

// behind returns the flags of a file that is written behind: the kernel knows where the end is, and may have to
// read the rest of a page.
func behind(flags uint32) uint32 {
	if flags&syscall.O_ACCMODE == syscall.O_WRONLY {
		flags = flags&^syscall.O_ACCMODE | syscall.O_RDWR
	}
	return flags &^ syscall.O_APPEND
}

func (w *wired) Create(c <-chan struct{}, in *fuse.CreateIn, name string, out *fuse.CreateOut) fuse.Status {
	w.wire.call(0, 0)
	in.Flags = behind(in.Flags)
	return w.RawFileSystem.Create(c, in, name, out)
}

func (w *wired) Open(c <-chan struct{}, in *fuse.OpenIn, out *fuse.OpenOut) fuse.Status {
	w.wire.call(0, 0)
	in.Flags = behind(in.Flags)
	return w.RawFileSystem.Open(c, in, out)
}

func (w *wired) OpenDir(c <-chan struct{}, in *fuse.OpenIn, out *fuse.OpenOut) fuse.Status {
	w.wire.call(0, 0)
	return w.RawFileSystem.OpenDir(c, in, out)
}

func (w *wired) ReadDir(c <-chan struct{}, in *fuse.ReadIn, out *fuse.DirEntryList) fuse.Status {
	w.wire.call(0, 0)
	return w.RawFileSystem.ReadDir(c, in, out)
}

func (w *wired) ReadDirPlus(c <-chan struct{}, in *fuse.ReadIn, out *fuse.DirEntryList) fuse.Status {
	w.wire.call(0, 0)
	return w.RawFileSystem.ReadDirPlus(c, in, out)
}

func (w *wired) Read(c <-chan struct{}, in *fuse.ReadIn, buf []byte) (fuse.ReadResult, fuse.Status) {
	res, status := w.RawFileSystem.Read(c, in, buf)
	n := 0
	if res != nil {
		n = res.Size()
	}
	w.wire.call(0, n)
	return res, status
}

// Writev: everything is written by Write.
func (w *wired) Writev(<-chan struct{}, *fuse.WriteIn, [][]byte) (uint32, fuse.Status) {
	return 0, fuse.ENOSYS
}

func (w *wired) Write(c <-chan struct{}, in *fuse.WriteIn, data []byte) (uint32, fuse.Status) {
	w.wire.call(len(data), 0)
	return w.RawFileSystem.Write(c, in, data)
}

func (w *wired) Flush(c <-chan struct{}, in *fuse.FlushIn) fuse.Status {
	w.wire.call(0, 0)
	return w.RawFileSystem.Flush(c, in)
}

func (w *wired) Fsync(c <-chan struct{}, in *fuse.FsyncIn) fuse.Status {
	w.wire.call(0, 0)
	return w.RawFileSystem.Fsync(c, in)
}

func (w *wired) FsyncDir(c <-chan struct{}, in *fuse.FsyncIn) fuse.Status {
	w.wire.call(0, 0)
	return w.RawFileSystem.FsyncDir(c, in)
}

func (w *wired) CopyFileRange(c <-chan struct{}, in *fuse.CopyFileRangeIn) (uint32, fuse.Status) {
	w.wire.call(0, 0)
	if errno := w.wire.Fail.Load(); errno != 0 {
		return 0, fuse.Status(errno)
	}
	n, status := w.RawFileSystem.CopyFileRange(c, in)
	w.wire.Copied.Add(int64(n))
	return n, status
}
