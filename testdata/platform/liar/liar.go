// Package liar is a file system that lies (FUSE). It hands everything on to a
// folder, but what a test tells it to do differently: errors, outages, bits
// that flip, writes that are not done and reported as done.
package liar

import (
	"context"
	"io"
	"log"
	"os"
	"path"
	"syscall"
	"testing"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"

	"usmtpkg/testdata/platform"
)

// Lies are what a file system does differently. The zero value is honest. A
// path is relative to the folder, as it was when the file was opened. The
// functions are called from several goroutines.
type Lies struct {
	Open   func(path string) syscall.Errno
	Read   func(path string, offset int64) syscall.Errno
	Write  func(path string, data []byte, offset int64) (stored []byte, _ syscall.Errno) // all is reported as written
	Close  func(path string) syscall.Errno
	Fsync  func(path string) syscall.Errno
	Rename func(from, to string) syscall.Errno
	SetAt  func(path string) syscall.Errno // rights and times
	Attr   func(path string, attr *fuse.Attr)
}

// Mount mounts dir, with these lies, on a folder that it returns, until the
// test is over. No page cache stands before it.
func Mount(tb testing.TB, dir string, lies *Lies) string {
	tb.Helper()
	if _, err := os.Stat("/dev/fuse"); err != nil {
		platform.Missing(tb, "there is no /dev/fuse")
	}
	if os.Geteuid() != 0 {
		platform.Need(tb, "fusermount3")
	}
	loop, err := fs.NewLoopbackRoot(dir)
	if err != nil {
		tb.Fatal(err)
	}
	at := tb.TempDir()
	server, err := fs.Mount(at, &node{loop.(*fs.LoopbackNode), lies}, &fs.Options{
		MountOptions: fuse.MountOptions{DirectMount: os.Geteuid() == 0, FsName: "liar", DisableXAttrs: true,
			Logger: log.New(io.Discard, "", 0)},
	})
	if err != nil {
		platform.Missing(tb, "a FUSE file system cannot be mounted here: "+err.Error())
	}
	tb.Cleanup(func() {
		if err := server.Unmount(); err != nil {
			_ = syscall.Unmount(at, syscall.MNT_DETACH)
		}
		server.Wait()
	})
	return at
}

// Die ends the file system at dir as if its server had gone away: everything
// that is asked of it from now on is an error.
func Die(dir string) error {
	if err := syscall.Unmount(dir, syscall.MNT_FORCE|syscall.MNT_DETACH); err != nil {
		return &os.PathError{Op: "unmount", Path: dir, Err: err}
	}
	return nil
}

type node struct {
	*fs.LoopbackNode
	lies *Lies
}

func (n *node) WrapChild(_ context.Context, ops fs.InodeEmbedder) fs.InodeEmbedder {
	return &node{ops.(*fs.LoopbackNode), n.lies}
}

func (n *node) path() string { return n.Path(nil) }

func (n *node) Open(ctx context.Context, flags uint32) (fs.FileHandle, uint32, syscall.Errno) {
	if n.lies.Open != nil {
		if errno := n.lies.Open(n.path()); errno != 0 {
			return nil, 0, errno
		}
	}
	h, _, errno := n.LoopbackNode.Open(ctx, flags&^syscall.O_DIRECT)
	if errno != 0 {
		return nil, 0, errno
	}
	return &file{h.(*fs.LoopbackFile), n.path(), n.lies}, fuse.FOPEN_DIRECT_IO, 0
}

func (n *node) Create(ctx context.Context, name string, flags, mode uint32, out *fuse.EntryOut) (*fs.Inode, fs.FileHandle, uint32, syscall.Errno) {
	in, h, _, errno := n.LoopbackNode.Create(ctx, name, flags, mode, out)
	if errno != 0 {
		return nil, nil, 0, errno
	}
	return in, &file{h.(*fs.LoopbackFile), path.Join(n.path(), name), n.lies}, fuse.FOPEN_DIRECT_IO, 0
}

func (n *node) Rename(ctx context.Context, name string, parent fs.InodeEmbedder, newName string, flags uint32) syscall.Errno {
	to := parent.(*node)
	if n.lies.Rename != nil {
		if errno := n.lies.Rename(path.Join(n.path(), name), path.Join(to.path(), newName)); errno != 0 {
			return errno
		}
	}
	return n.LoopbackNode.Rename(ctx, name, to, newName, flags)
}

func (n *node) Setattr(ctx context.Context, h fs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	if n.lies.SetAt != nil {
		if errno := n.lies.SetAt(n.path()); errno != 0 {
			return errno
		}
	}
	if f, ok := h.(*file); ok {
		h = f.LoopbackFile
	}
	return n.LoopbackNode.Setattr(ctx, h, in, out)
}

func (n *node) Getattr(ctx context.Context, h fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	if f, ok := h.(*file); ok {
		h = f.LoopbackFile
	}
	errno := n.LoopbackNode.Getattr(ctx, h, out)
	if n.lies.Attr != nil {
		n.lies.Attr(n.path(), &out.Attr)
	}
	return errno
}

func (n *node) Lookup(ctx context.Context, name string, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	in, errno := n.LoopbackNode.Lookup(ctx, name, out)
	if n.lies.Attr != nil && errno == 0 {
		n.lies.Attr(path.Join(n.path(), name), &out.Attr)
	}
	return in, errno
}

// Fsync is asked of a folder; one of a file goes to the file.
func (n *node) Fsync(_ context.Context, h fs.FileHandle, _ uint32) syscall.Errno {
	if f, ok := h.(*file); ok {
		return f.Fsync(context.Background(), 0)
	}
	if n.lies.Fsync != nil {
		return n.lies.Fsync(n.path())
	}
	return 0
}

type file struct {
	*fs.LoopbackFile
	path string
	lies *Lies
}

// PassthroughFd: the kernel may not read and write past the lies.
func (f *file) PassthroughFd() (int, bool) { return 0, false }

func (f *file) Read(ctx context.Context, p []byte, offset int64) (fuse.ReadResult, syscall.Errno) {
	if f.lies.Read != nil {
		if errno := f.lies.Read(f.path, offset); errno != 0 {
			return nil, errno
		}
	}
	return f.LoopbackFile.Read(ctx, p, offset)
}

func (f *file) Write(ctx context.Context, data []byte, offset int64) (uint32, syscall.Errno) {
	whole := uint32(len(data))
	if f.lies.Write != nil {
		stored, errno := f.lies.Write(f.path, data, offset)
		if errno != 0 {
			return 0, errno
		}
		data = stored
	}
	if _, errno := f.LoopbackFile.Write(ctx, data, offset); errno != 0 {
		return 0, errno
	}
	return whole, 0
}

func (f *file) Flush(ctx context.Context) syscall.Errno {
	if f.lies.Close != nil {
		if errno := f.lies.Close(f.path); errno != 0 {
			return errno
		}
	}
	return f.LoopbackFile.Flush(ctx)
}

func (f *file) Fsync(ctx context.Context, flags uint32) syscall.Errno {
	if f.lies.Fsync != nil {
		if errno := f.lies.Fsync(f.path); errno != 0 {
			return errno
		}
	}
	return f.LoopbackFile.Fsync(ctx, flags)
}
