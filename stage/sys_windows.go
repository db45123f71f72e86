package stage

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/windows"

	"usmtpkg/locate/winname"
)

func isLocked(err error) bool {
	return errors.Is(err, windows.ERROR_SHARING_VIOLATION) || errors.Is(err, windows.ERROR_LOCK_VIOLATION)
}

// isDenied tells of a denial that Windows also gives while somebody has the
// file, or one below the folder, open.
func isDenied(err error) bool { return errors.Is(err, windows.ERROR_ACCESS_DENIED) }

// deniesHeld: on every file system here.
func deniesHeld(*os.Root) bool { return true }

// targetFault says why an absolute path cannot be that of a folder here, or "".
func targetFault(dir string) string {
	if strings.HasPrefix(dir, `\\.\`) {
		return "it is the path of a device; name a folder"
	}
	for part := range strings.SplitSeq(strings.Trim(dir[len(filepath.VolumeName(dir)):], `\`), `\`) {
		if fault := winname.Fault(part); part != "" && fault != "" {
			return fmt.Sprintf("%q: found %s, wanted a name that Windows accepts", part, fault)
		}
	}
	return ""
}

// finalPath is where a folder is, with junctions, subst and short names out of
// the way; dir itself if Windows does not tell.
func finalPath(dir string) string {
	f, err := os.Open(dir)
	if err != nil {
		return dir
	}
	defer f.Close()              //nolint:errcheck // only looked at
	buf := make([]uint16, 1<<15) // in UTF-16 units; the longest path has 32,767
	n, err := windows.GetFinalPathNameByHandle(windows.Handle(f.Fd()), &buf[0], uint32(len(buf)), 0)
	if err != nil || int(n) > len(buf) {
		return dir
	}
	final := windows.UTF16ToString(buf[:n])
	if rest, share := strings.CutPrefix(final, `\\?\UNC\`); share {
		return `\\` + rest
	}
	return strings.TrimPrefix(final, `\\?\`)
}

// otherWay reports whether two folders are reached through different drives or
// shares: those may be of one volume.
func otherWay(a, b string) bool {
	return !strings.EqualFold(filepath.VolumeName(finalPath(a)), filepath.VolumeName(finalPath(b)))
}

// isOutage tells that a server, or the network before it, does not answer now.
func isOutage(err error) bool { return isOneOf(err, outages) }

var outages = []error{
	windows.ERROR_REM_NOT_LIST, windows.ERROR_BAD_NETPATH, windows.ERROR_NETWORK_BUSY, windows.ERROR_DEV_NOT_EXIST,
	windows.ERROR_UNEXP_NET_ERR, windows.ERROR_NETNAME_DELETED, windows.ERROR_SEM_TIMEOUT, windows.ERROR_VC_DISCONNECTED,
	windows.ERROR_NETWORK_UNREACHABLE, windows.ERROR_HOST_UNREACHABLE, windows.ERROR_CONNECTION_ABORTED,
	windows.ERROR_CONNECTION_REFUSED, windows.ERROR_GRACEFUL_DISCONNECT, windows.ERROR_CONNECTION_INVALID,
}

// isBroken tells that a device could not read or write.
func isBroken(err error) bool { return isOneOf(err, broken) }

var broken = []error{
	windows.ERROR_NOT_READY, windows.ERROR_CRC, windows.ERROR_SEEK, windows.ERROR_SECTOR_NOT_FOUND, windows.ERROR_WRITE_FAULT,
	windows.ERROR_READ_FAULT, windows.ERROR_GEN_FAILURE, windows.ERROR_ADAP_HDW_ERR, windows.ERROR_FILE_CORRUPT,
	windows.ERROR_DISK_CORRUPT, windows.ERROR_IO_DEVICE, windows.ERROR_DEVICE_NOT_CONNECTED,
}

// isUnsupported tells that the file system does not know the operation.
func isUnsupported(err error) bool {
	return errors.Is(err, windows.ERROR_NOT_SUPPORTED) || errors.Is(err, windows.ERROR_INVALID_FUNCTION) ||
		errors.Is(err, windows.ERROR_INVALID_PARAMETER) || errors.Is(err, windows.ERROR_CALL_NOT_IMPLEMENTED)
}

// hasSyncFS: Windows flushes a whole volume only for administrators, so every
// file is flushed by itself.
func hasSyncFS(*os.File) bool { return false }

func syncFS(*os.File) error { return errors.ErrUnsupported }

func freeSpace(dir *os.File) (uint64, error) {
	name, err := windows.UTF16PtrFromString(dir.Name())
	if err != nil {
		return 0, err
	}
	var free uint64
	err = windows.GetDiskFreeSpaceEx(name, &free, nil, nil)
	return free, os.NewSyscallError("GetDiskFreeSpaceEx", err)
}

// mayWrite asks whether this account may make entries in a folder: it opens the
// folder for that, and makes none.
func mayWrite(dir string) error {
	name, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return err
	}
	const addFile, addFolder = 0x2, 0x4 // FILE_ADD_FILE, FILE_ADD_SUBDIRECTORY
	h, err := windows.CreateFile(name, addFile|addFolder, windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE|windows.FILE_SHARE_DELETE,
		nil, windows.OPEN_EXISTING, windows.FILE_FLAG_BACKUP_SEMANTICS, 0)
	if err != nil {
		return err
	}
	defer windows.CloseHandle(h) //nolint:errcheck // nothing was written
	var flags uint32
	if windows.GetVolumeInformationByHandle(h, nil, 0, nil, nil, &flags, nil, 0) == nil && flags&windows.FILE_READ_ONLY_VOLUME != 0 {
		return windows.ERROR_WRITE_PROTECT
	}
	return nil
}

// openUncached opens a file so that reading it does not use the file cache.
func openUncached(files *Folders, name string) (io.ReadCloser, error) {
	return files.openSteady(name, os.O_RDONLY|windows.O_FILE_FLAG_NO_BUFFERING)
}

// machineID: processes of one Windows host all see one another; the host name,
// kept beside it, tells hosts apart.
func machineID() string { return "windows" }

// isRunning reports whether a process of this machine exists.
func isRunning(pid int) bool {
	h, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, uint32(pid))
	if err != nil {
		return !errors.Is(err, windows.ERROR_INVALID_PARAMETER) // no such process
	}
	defer func() { _ = windows.CloseHandle(h) }()
	var code uint32
	const stillActive = 259 // STILL_ACTIVE, GetExitCodeProcess
	return windows.GetExitCodeProcess(h, &code) != nil || code == stillActive
}

// beginFlush: every file is flushed by itself here.
func beginFlush(*os.File) {}
