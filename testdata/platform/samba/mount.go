package samba

import (
	"context"
	"errors"
	"io"
	iofs "io/fs"
	"log"
	"net"
	"os"
	"path"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/cloudsoda/go-smb2"
	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"

	"usmtpkg/testdata/platform"
)

// A client is a session at the server. One that is lost is made anew.
type client struct {
	s       *Server
	name    string // of the share
	mu      sync.Mutex
	session *smb2.Session
	share   *smb2.Share
}

// connect returns the share, over a new session if there is none.
func (c *client) connect() (*smb2.Share, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.share != nil {
		return c.share, nil
	}
	session, err := c.s.dial(shareAll)
	if err != nil {
		return nil, err
	}
	if c.share, err = session.Mount(c.name); err != nil {
		return nil, errors.Join(err, session.Logoff())
	}
	c.session = session
	return c.share, nil
}

// lost forgets a session that is of no more use.
func (c *client) lost(share *smb2.Share) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.share == share {
		c.share, c.session = nil, nil
	}
}

func (c *client) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.session != nil {
		_ = c.share.Umount()
		_ = c.session.Logoff()
	}
}

// do does something on the share, and once more if the session turns out to be lost.
func (c *client) do(do func(*smb2.Share) error) syscall.Errno {
	for again := true; ; again = false {
		share, err := c.connect()
		if err != nil {
			return errnoOf(err)
		}
		err = patiently(func() error { return do(share) })
		if lost := (*smb2.TransportError)(nil); errors.As(err, &lost) || errors.Is(err, net.ErrClosed) {
			c.lost(share)
			if again {
				continue
			}
		}
		return errnoOf(err)
	}
}

// patiently repeats do while the server finds its parameters invalid. Package go-smb2 asks for answers of
// up to 8 MiB about a file, and pays for fewer when many requests are on their way at once, which
// the server refuses (MS-SMB2 3.3.5.2.5). Linux's client asks for what it needs, and never sees that.
func patiently(do func() error) error {
	for wait := time.Millisecond; ; wait *= 2 {
		err, answer := do(), (*smb2.ResponseError)(nil)
		if !errors.As(err, &answer) || answer.Code != 0xc000000d || wait > 2*time.Second { // INVALID_PARAMETER
			return err
		}
		time.Sleep(wait)
	}
}

// statuses are the errors that Linux's SMB client makes of what the server answers.
// Source: fs/smb/client/smb2maperror.c of Linux 6.1; numbers: MS-ERREF.
var statuses = map[uint32]syscall.Errno{
	0xc000000f: syscall.ENOENT,    // NO_SUCH_FILE
	0xc0000033: syscall.ENOENT,    // OBJECT_NAME_INVALID
	0xc000003a: syscall.ENOENT,    // OBJECT_PATH_NOT_FOUND
	0xc0000043: syscall.EBUSY,     // SHARING_VIOLATION
	0xc0000044: syscall.EDQUOT,    // QUOTA_EXCEEDED
	0xc0000054: syscall.EACCES,    // FILE_LOCK_CONFLICT
	0xc0000056: syscall.EBUSY,     // DELETE_PENDING
	0xc000007f: syscall.ENOSPC,    // DISK_FULL
	0xc00000a2: syscall.EROFS,     // MEDIA_WRITE_PROTECTED
	0xc00000ba: syscall.EISDIR,    // FILE_IS_A_DIRECTORY
	0xc0000101: syscall.ENOTEMPTY, // DIRECTORY_NOT_EMPTY
	0xc0000103: syscall.ENOTDIR,   // NOT_A_DIRECTORY
}

func errnoOf(err error) syscall.Errno {
	answer, lost, refused := (*smb2.ResponseError)(nil), (*smb2.TransportError)(nil), (*net.OpError)(nil)
	switch {
	case err == nil || errors.Is(err, io.EOF):
		return 0
	case errors.As(err, &answer):
		if errno, ok := statuses[answer.Code]; ok {
			return errno
		}
		return syscall.EIO
	case errors.Is(err, iofs.ErrExist):
		return syscall.EEXIST
	case errors.Is(err, iofs.ErrNotExist):
		return syscall.ENOENT
	case errors.Is(err, iofs.ErrPermission):
		return syscall.EACCES
	case errors.As(err, &lost), errors.As(err, &refused), errors.Is(err, net.ErrClosed), errors.Is(err, context.DeadlineExceeded):
		return syscall.EHOSTDOWN // as of a "soft" mount, which is the default
	}
	return syscall.EIO
}

// Mount mounts a share of the server, and returns where, until the test is over.
func (s *Server) Mount(tb testing.TB, name string) string {
	tb.Helper()
	if _, err := os.Stat("/dev/fuse"); err != nil {
		platform.Missing(tb, "there is no /dev/fuse")
	}
	if os.Geteuid() != 0 {
		platform.Need(tb, "fusermount3")
	}
	at := tb.TempDir()
	c := &client{s: s, name: name}
	if s.main == nil {
		s.main = c
	}
	server, err := fs.Mount(at, &node{c: c}, &fs.Options{
		MountOptions: fuse.MountOptions{DirectMount: os.Geteuid() == 0, FsName: "//127.0.0.1/" + name, DisableXAttrs: true,
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
		c.close()
	})
	return at
}

// A node is a file or folder of the share. It knows its path and nothing else.
type node struct {
	fs.Inode
	c *client
}

func (n *node) path() string             { return n.Path(nil) }
func (n *node) child(name string) string { return path.Join(n.path(), name) }

// attr tells size, time and kind.
func attr(info os.FileInfo, a *fuse.Attr) {
	a.Size, a.Mode, a.Nlink = uint64(info.Size()), syscall.S_IFREG|0o666, 1
	if info.Mode()&0o200 == 0 {
		a.Mode &^= 0o222
	}
	if info.IsDir() {
		a.Mode = syscall.S_IFDIR | 0o777
	}
	t := info.ModTime()
	a.SetTimes(&t, &t, &t)
	a.Uid, a.Gid = uint32(os.Geteuid()), uint32(os.Getegid())
}

func (n *node) stat(name string) (info os.FileInfo, errno syscall.Errno) {
	errno = n.c.do(func(s *smb2.Share) (err error) {
		info, err = s.Lstat(name)
		return err
	})
	return info, errno
}

// entry makes the node of a child.
func (n *node) entry(ctx context.Context, name string, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	info, errno := n.stat(n.child(name))
	if errno != 0 {
		return nil, errno
	}
	attr(info, &out.Attr)
	if in := n.GetChild(name); in != nil && in.IsDir() == info.IsDir() {
		return in, 0
	}
	return n.NewInode(ctx, &node{c: n.c}, fs.StableAttr{Mode: out.Mode & syscall.S_IFMT}), 0
}

// Lookup finds a child.
func (n *node) Lookup(ctx context.Context, name string, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	return n.entry(ctx, name, out)
}

// Getattr asks for size and time, of an open file by its handle.
func (n *node) Getattr(_ context.Context, h fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	if f, ok := h.(*file); ok {
		var info os.FileInfo
		err := patiently(func() (err error) {
			info, err = f.Stat()
			return err
		})
		if err != nil {
			return errnoOf(err)
		}
		attr(info, &out.Attr)
		return 0
	}
	info, errno := n.stat(n.path())
	if errno == 0 {
		attr(info, &out.Attr)
	}
	return errno
}

// Setattr sets the time and the size; rights are the server's.
func (n *node) Setattr(ctx context.Context, h fs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	errno := n.c.do(func(s *smb2.Share) error {
		if size, ok := in.GetSize(); ok {
			if err := s.Truncate(n.path(), int64(size)); err != nil {
				return err
			}
		}
		if t, ok := in.GetMTime(); ok {
			return s.Chtimes(n.path(), t, t)
		}
		return nil
	})
	if errno != 0 {
		return errno
	}
	return n.Getattr(ctx, h, out)
}

// Statfs tells how much is free.
func (n *node) Statfs(_ context.Context, out *fuse.StatfsOut) syscall.Errno {
	return n.c.do(func(s *smb2.Share) error {
		info, err := s.Statfs("")
		if err == nil {
			out.Bsize, out.Frsize = uint32(info.BlockSize()), uint32(info.BlockSize())
			out.Blocks, out.Bfree, out.Bavail = info.TotalBlockCount(), info.FreeBlockCount(), info.AvailableBlockCount()
		}
		return err
	})
}

// Readdir lists a folder.
func (n *node) Readdir(context.Context) (fs.DirStream, syscall.Errno) {
	var list []fuse.DirEntry
	errno := n.c.do(func(s *smb2.Share) error {
		infos, err := s.ReadDir(n.path())
		list = nil
		for _, info := range infos {
			var a fuse.Attr
			attr(info, &a)
			list = append(list, fuse.DirEntry{Name: info.Name(), Mode: a.Mode})
		}
		return err
	})
	return fs.NewListDirStream(list), errno
}

// Mkdir makes a folder.
func (n *node) Mkdir(ctx context.Context, name string, _ uint32, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	if errno := n.c.do(func(s *smb2.Share) error { return s.Mkdir(n.child(name), 0o777) }); errno != 0 {
		return nil, errno
	}
	return n.entry(ctx, name, out)
}

// Unlink removes a file.
func (n *node) Unlink(_ context.Context, name string) syscall.Errno {
	return n.c.do(func(s *smb2.Share) error { return s.Remove(n.child(name)) })
}

// Rmdir removes a folder.
func (n *node) Rmdir(ctx context.Context, name string) syscall.Errno { return n.Unlink(ctx, name) }

// Rename renames a file or folder; an existing file is replaced.
func (n *node) Rename(_ context.Context, name string, parent fs.InodeEmbedder, newName string, _ uint32) syscall.Errno {
	return n.c.do(func(s *smb2.Share) error { return s.Rename(n.child(name), parent.(*node).child(newName)) })
}

// Fsync is asked of a folder, for which SMB has nothing.
func (n *node) Fsync(ctx context.Context, h fs.FileHandle, flags uint32) syscall.Errno {
	if f, ok := h.(*file); ok {
		return f.Fsync(ctx, flags)
	}
	return 0
}

// Open opens a file.
func (n *node) Open(_ context.Context, flags uint32) (fs.FileHandle, uint32, syscall.Errno) {
	f, errno := n.open(n.path(), int(flags)&(syscall.O_ACCMODE|syscall.O_TRUNC))
	return f, fuse.FOPEN_DIRECT_IO, errno
}

// Create makes a file and opens it.
func (n *node) Create(ctx context.Context, name string, flags, _ uint32, out *fuse.EntryOut) (*fs.Inode, fs.FileHandle, uint32, syscall.Errno) {
	f, errno := n.open(n.child(name), int(flags)&(syscall.O_ACCMODE|syscall.O_EXCL)|os.O_CREATE)
	if errno != 0 {
		return nil, nil, 0, errno
	}
	in, errno := n.entry(ctx, name, out)
	return in, f, fuse.FOPEN_DIRECT_IO, errno
}

func (n *node) open(name string, flags int) (*file, syscall.Errno) {
	f := &file{}
	errno := n.c.do(func(s *smb2.Share) (err error) {
		f.File, err = s.OpenFile(name, flags, 0o666)
		return err
	})
	return f, errno
}

// A file is one that is open. It does not outlast its session.
type file struct{ *smb2.File }

// Read reads.
func (f *file) Read(_ context.Context, p []byte, offset int64) (fuse.ReadResult, syscall.Errno) {
	n, err := f.ReadAt(p, offset)
	return fuse.ReadResultData(p[:n]), errnoOf(err)
}

// Write writes.
func (f *file) Write(_ context.Context, p []byte, offset int64) (uint32, syscall.Errno) {
	n, err := f.WriteAt(p, offset)
	return uint32(n), errnoOf(err)
}

// Fsync has the server write the file out.
func (f *file) Fsync(context.Context, uint32) syscall.Errno { return errnoOf(f.Sync()) }

// Release closes the file.
func (f *file) Release(context.Context) syscall.Errno { return errnoOf(f.Close()) }
