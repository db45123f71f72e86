//go:build !linux && !windows

package stage

import (
	"errors"
	"io"
	"math"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

func isLocked(err error) bool { return errors.Is(err, syscall.EBUSY) }

// isDenied tells of a denial that a mounted Windows share also gives for a
// rename while somebody has the file, or one below the folder, open.
func isDenied(err error) bool { return errors.Is(err, syscall.EACCES) }

// deniesHeld: of no file system here is known that it denies for no other reason than rights.
func deniesHeld(*os.Root) bool { return true }

// targetFault: every name can be a folder's.
func targetFault(string) string { return "" }

// finalPath: resolving the links of a path is all there is to do.
func finalPath(dir string) string { return dir }

// otherWay: nothing here tells through which mount a folder is reached.
func otherWay(string, string) bool { return true }

// isOutage tells that a server, or the network before it, does not answer now.
func isOutage(err error) bool { return isOneOf(err, outages) }

var outages = []error{
	syscall.ESTALE, syscall.ETIMEDOUT, syscall.EHOSTDOWN, syscall.EHOSTUNREACH, syscall.ENETDOWN, syscall.ENETUNREACH,
	syscall.ECONNRESET, syscall.ENOTCONN,
}

// isBroken tells that a device could not read or write.
func isBroken(err error) bool { return isOneOf(err, broken) }

var broken = []error{syscall.EIO}

// isUnsupported tells that the file system does not know the operation.
func isUnsupported(err error) bool {
	return errors.Is(err, syscall.ENOTSUP) || errors.Is(err, syscall.EINVAL)
}

func hasSyncFS(*os.File) bool { return false }

func syncFS(*os.File) error { return errors.ErrUnsupported }

// freeSpace is not asked here: a full disk is found while writing.
func freeSpace(*os.File) (uint64, error) { return math.MaxUint64, nil }

// mayWrite asks whether this account may make entries in a folder.
func mayWrite(dir string) error { return unix.Access(dir, unix.W_OK|unix.X_OK) }

func openUncached(*Folders, string) (io.ReadCloser, error) { return nil, errors.ErrUnsupported }

func machineID() string { return "unix" }

// isRunning reports whether a process of this machine exists.
func isRunning(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

// beginFlush: every file is flushed by itself here.
func beginFlush(*os.File) {}
