package stage

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/windows"
)

func isLocked(err error) bool {
	return errors.Is(err, windows.ERROR_SHARING_VIOLATION) || errors.Is(err, windows.ERROR_LOCK_VIOLATION)
}

// isDenied tells of a denial that Windows also gives while somebody has the
// file, or one below the folder, open.
func isDenied(err error) bool { return errors.Is(err, windows.ERROR_ACCESS_DENIED) }

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

// openUncached opens a file so that reading it does not use the file cache.
func openUncached(files *Folders, name string) (io.ReadCloser, error) {
	return files.OpenFile(name, os.O_RDONLY|windows.O_FILE_FLAG_NO_BUFFERING, 0)
}

// machineID: processes of one Windows host all see one another; the host name,
// kept beside it, tells hosts apart.
func machineID() string { return "windows" }

// isRunning tells whether a process of this machine exists.
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
