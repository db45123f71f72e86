// Package powercut cuts the power. A disk of ours, a file in FUSE below a loop
// device with ext4, records what is written to it and when it is flushed. From
// that record come the states that a cut can leave: all that was written
// before a flush, and of what was written after it any part.
package powercut

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"

	"usmtpkg/testdata/platform"
)

// blockSize is what a disk writes as a whole or not at all, in bytes.
const blockSize = 4096

// A Disk is a disk in memory that records what is done to it.
type Disk struct {
	fs.Inode

	mu    sync.Mutex
	image []byte
	log   []event
}

// An event is a write to the disk, a flush of it, or something outside of it.
type event struct {
	kind   kind
	offset int64
	data   []byte
}

type kind int

const (
	written kind = iota
	flushed      // all that was written before is on the disk
	over         // the program has ended, and its work must stay
)

// Attach mounts the ext4 file system of a disk with these options on a folder, which it
// returns, and what unmounts it.
func (d *Disk) Attach(tb testing.TB, options string) (dir string, detach func()) {
	tb.Helper()
	at := tb.TempDir()
	forever := time.Hour
	server, err := fs.Mount(at, &folder{disk: d}, &fs.Options{
		AttrTimeout: &forever, EntryTimeout: &forever,
		MountOptions: fuse.MountOptions{DirectMount: true, FsName: "powercut", DisableXAttrs: true},
	})
	if err != nil {
		platform.Missing(tb, "a FUSE file system cannot be mounted here: "+err.Error())
	}
	stop := sync.OnceFunc(func() {
		if err := server.Unmount(); err != nil {
			_ = syscall.Unmount(at, syscall.MNT_DETACH)
		}
		server.Wait()
	})
	tb.Cleanup(stop)
	dir, unmount := mountImage(tb, filepath.Join(at, "disk"), options)
	return dir, func() {
		unmount()
		stop()
	}
}

// mountImage mounts the ext4 file system in a file.
func mountImage(tb testing.TB, image, options string) (dir string, unmount func()) {
	tb.Helper()
	dir = tb.TempDir()
	for end := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		out, err := exec.Command("mount", "-t", "ext4", "-o", "loop,"+options, image, dir).CombinedOutput()
		if err == nil {
			break
		}
		// Where devices are not made as they are asked for, one becomes free when another mount ends.
		if !bytes.Contains(out, []byte("loop")) || time.Now().After(end) {
			tb.Fatalf("mounting: %v\n%s", err, out)
		}
	}
	unmount = sync.OnceFunc(func() {
		err := syscall.Unmount(dir, 0)
		// A process that is just being started still has what is open here.
		for end := time.Now().Add(10 * time.Second); err == syscall.EBUSY && time.Now().Before(end); err = syscall.Unmount(dir, 0) {
			time.Sleep(10 * time.Millisecond)
		}
		if err != nil {
			_ = syscall.Unmount(dir, syscall.MNT_DETACH)
			tb.Errorf("unmounting: %v", err)
		}
	})
	tb.Cleanup(unmount)
	return dir, unmount
}

// format makes an ext4 file system of that size in a new file.
func format(tb testing.TB, bytes int64) string {
	tb.Helper()
	platform.Need(tb, "mkfs.ext4", "mount", "losetup")
	if os.Geteuid() != 0 {
		platform.Missing(tb, "only root can mount a disk")
	}
	if _, err := os.Stat("/dev/fuse"); err != nil {
		platform.Missing(tb, "there is no /dev/fuse")
	}
	if out, err := exec.Command("losetup", "--find").CombinedOutput(); err != nil {
		platform.Missing(tb, "no loop device can be had here: "+string(out))
	}
	image := filepath.Join(tb.TempDir(), "image")
	platform.Write(tb, image, nil)
	if err := os.Truncate(image, bytes); err != nil {
		tb.Fatal(err)
	}
	// Nothing is left for the kernel to prepare later.
	if out, err := exec.Command("mkfs.ext4", "-q", "-b", "4096", "-J", "size=4", "-E", "lazy_itable_init=0,lazy_journal_init=0,nodiscard", image).CombinedOutput(); err != nil {
		tb.Fatalf("mkfs.ext4: %v\n%s", err, out)
	}
	return image
}

// End records that the program has ended.
func (d *Disk) End() { d.record(event{kind: over}) }

func (d *Disk) record(e event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.log = append(d.log, e)
}

func (d *Disk) Open(context.Context, uint32) (fs.FileHandle, uint32, syscall.Errno) {
	return nil, fuse.FOPEN_KEEP_CACHE, 0
}

func (d *Disk) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	out.Mode, out.Size = syscall.S_IFREG|0o600, uint64(len(d.image))
	return 0
}

func (d *Disk) Setattr(ctx context.Context, h fs.FileHandle, _ *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	return d.Getattr(ctx, h, out) // its size stays as it is
}

func (d *Disk) Read(_ context.Context, _ fs.FileHandle, dest []byte, offset int64) (fuse.ReadResult, syscall.Errno) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return fuse.ReadResultData(dest[:copy(dest, d.image[min(offset, int64(len(d.image))):])]), 0
}

func (d *Disk) Write(_ context.Context, _ fs.FileHandle, data []byte, offset int64) (uint32, syscall.Errno) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if offset+int64(len(data)) > int64(len(d.image)) {
		return 0, syscall.ENOSPC
	}
	copy(d.image[offset:], data)
	d.log = append(d.log, event{written, offset, append([]byte(nil), data...)})
	return uint32(len(data)), 0
}

// Fsync comes before anything that has to be written after it: the kernel waits for its answer.
func (d *Disk) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno {
	d.record(event{kind: flushed})
	return 0
}

// A folder with one disk in it.
type folder struct {
	fs.Inode
	disk *Disk
}

func (f *folder) OnAdd(ctx context.Context) {
	f.AddChild("disk", f.NewPersistentInode(ctx, f.disk, fs.StableAttr{Mode: syscall.S_IFREG}), true)
}
