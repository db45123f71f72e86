package stage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"usmtpkg/locate/tree"
)

// targetFault: every name can be a folder's.
func targetFault(string) string { return "" }

// finalPath: resolving the links of a path is all there is to do.
func finalPath(dir string) string { return dir }

// otherWay reports whether two folders are on one device and are reached through
// different mounts of it, or through unknown ones.
func otherWay(a, b string) bool {
	x, err1 := mountOf(a)
	y, err2 := mountOf(b)
	if err1 != nil || err2 != nil {
		return true
	}
	if x.Dev_major != y.Dev_major || x.Dev_minor != y.Dev_minor {
		return false
	}
	known := x.Mask & y.Mask & unix.STATX_MNT_ID // since Linux 5.8
	return known == 0 || x.Mnt_id != y.Mnt_id
}

func mountOf(dir string) (st unix.Statx_t, err error) {
	err = ignoringEINTR(func() error { return unix.Statx(unix.AT_FDCWD, dir, 0, unix.STATX_MNT_ID, &st) })
	return st, err
}

// localFileSystems are the types, as statfs reports them, on which syncfs
// writes everything out and reports what it could not write. A share or a
// FUSE file system may answer without having done either.
// Source: statfs(2), linux/magic.h.
var localFileSystems = map[int64]bool{
	unix.EXT4_SUPER_MAGIC: true, unix.XFS_SUPER_MAGIC: true, unix.BTRFS_SUPER_MAGIC: true,
	unix.TMPFS_MAGIC: true, unix.F2FS_SUPER_MAGIC: true, unix.OVERLAYFS_SUPER_MAGIC: true,
}

func isLocal(dir *os.File) bool { return isOf(dir, localFileSystems) }

// isOf reports whether the file system of a folder is one of these types.
func isOf(dir *os.File, types map[int64]bool) bool {
	var st unix.Statfs_t
	err := ignoringEINTR(func() error { return unix.Fstatfs(int(dir.Fd()), &st) })
	return err == nil && types[int64(st.Type)] //nolint:unconvert // 32 bits wide on some architectures
}

// shares are the types of file systems whose server can copy files. On a disk copy_file_range may share
// blocks instead. NFS before 4.2, and many a FUSE file system, cannot: there Linux reads the file and
// writes it again.
// Source: statfs(2), linux/magic.h.
var shares = map[int64]bool{
	unix.CIFS_SUPER_MAGIC: true, unix.SMB2_SUPER_MAGIC: true, unix.NFS_SUPER_MAGIC: true, unix.FUSE_SUPER_MAGIC: true,
}

// isShare reports whether a folder is on a server that can copy files.
func isShare(dir *os.File) bool { return isOf(dir, shares) }

// copyOnServer has the server of a share copy the first bytes of a file.
func copyOnServer(ctx context.Context, in, out *os.File, size int64) error {
	const part = 16 << 20 // in bytes; a canceled run waits for no more
	for done := int64(0); done < size; {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		n, err := 0, error(nil)
		err = ignoringEINTR(func() error {
			from, to := done, done
			n, err = unix.CopyFileRange(int(in.Fd()), &from, int(out.Fd()), &to, int(min(size-done, part)), 0)
			return err
		})
		if err != nil {
			return os.NewSyscallError("copy_file_range", err)
		}
		if n == 0 {
			return io.ErrUnexpectedEOF
		}
		done += int64(n)
	}
	return nil
}

// hasSyncFS reports whether one syncfs makes all files below dir durable. Before
// Linux 5.8 syncfs did not report write errors.
func hasSyncFS(dir *os.File) bool { return isLocal(dir) && kernelAtLeast(5, 8) }

// deniesHeld reports whether a denial may mean that somebody has a file open: on
// a disk of Linux's own it never does.
func deniesHeld(root *os.Root) bool {
	dir, err := root.Open(".")
	if err != nil {
		return true
	}
	defer dir.Close() //nolint:errcheck // only looked at
	return !isLocal(dir)
}

func kernelAtLeast(major, minor int) bool {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return false
	}
	var a, b int
	if n, _ := fmt.Sscanf(unix.ByteSliceToString(u.Release[:]), "%d.%d", &a, &b); n != 2 {
		return false
	}
	return a > major || a == major && b >= minor
}

// syncFS keeps dir open until it is done, even if somebody closes it.
func syncFS(dir *os.File) error {
	conn, err := dir.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = conn.Control(func(fd uintptr) {
		failed = ignoringEINTR(func() error { return unix.Syncfs(int(fd)) })
	})
	return errors.Join(err, os.NewSyscallError("syncfs", failed))
}

func freeSpace(dir *os.File) (uint64, error) {
	var st unix.Statfs_t
	if err := ignoringEINTR(func() error { return unix.Fstatfs(int(dir.Fd()), &st) }); err != nil {
		return 0, os.NewSyscallError("fstatfs", err)
	}
	return st.Bavail * uint64(st.Bsize), nil
}

// mayWrite asks whether this account may make entries in a folder.
func mayWrite(dir string) error {
	return ignoringEINTR(func() error { return unix.Access(dir, unix.W_OK|unix.X_OK) })
}

// openUncached opens a file so that reading it does not use the page cache.
func openUncached(files *tree.Folders, name string) (io.ReadCloser, error) {
	return files.OpenSteady(name, os.O_RDONLY|unix.O_DIRECT)
}

// machineID distinguishes machines and containers whose processes cannot see
// one another, even if they share a host name.
func machineID() string {
	boot, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	ns, _ := os.Readlink("/proc/self/ns/pid")
	return strings.TrimSpace(string(boot)) + " " + ns
}

// isRunning reports whether a process of this machine exists.
func isRunning(pid int) bool {
	err := syscall.Kill(pid, 0)
	if err == nil && isZombie(pid) {
		return false
	}
	return err == nil || errors.Is(err, syscall.EPERM)
}

// isZombie reports whether a process has ended and only waits for its parent.
func isZombie(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	_, after, found := strings.Cut(string(stat), ") ")
	return err == nil && found && strings.HasPrefix(after, "Z")
}

func ignoringEINTR(do func() error) error {
	for {
		if err := do(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// beginFlush has the kernel begin to write a file out, so that the flush at the end finds less to
// do. It promises nothing, so its error says nothing.
func beginFlush(f *os.File) {
	_ = unix.SyncFileRange(int(f.Fd()), 0, 0, unix.SYNC_FILE_RANGE_WRITE)
}
