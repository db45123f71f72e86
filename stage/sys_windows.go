package stage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/windows"

	"usmtpkg/locate/tree"
	"usmtpkg/locate/winname"
)

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
// the way; dir itself if Windows does not say.
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

// isShare: not tried yet.
func isShare(*os.File) bool { return false }

func copyOnServer(context.Context, *os.File, *os.File, int64) error { return errors.ErrUnsupported }

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
func openUncached(files *tree.Folders, name string) (io.ReadCloser, error) {
	return files.OpenSteady(name, os.O_RDONLY|windows.O_FILE_FLAG_NO_BUFFERING)
}

// machineID: processes of one Windows host all see one another; the host name,
// kept beside it, distinguishes hosts.
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
