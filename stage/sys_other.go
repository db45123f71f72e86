//go:build !linux && !windows

package stage

import (
	"context"
	"errors"
	"io"
	"math"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"usmtpkg/locate/tree"
)

// deniesHeld: of no file system here is known that it denies for no other reason than rights.
func deniesHeld(*os.Root) bool { return true }

// targetFault: every name can be a folder's.
func targetFault(string) string { return "" }

// finalPath: resolving the links of a path is all there is to do.
func finalPath(dir string) string { return dir }

// otherWay: nothing here says through which mount a folder is reached.
func otherWay(string, string) bool { return true }

// isShare: no system call has a server copy here.
func isShare(*os.File) bool { return false }

func copyOnServer(context.Context, *os.File, *os.File, int64) error { return errors.ErrUnsupported }

func hasSyncFS(*os.File) bool { return false }

func syncFS(*os.File) error { return errors.ErrUnsupported }

// freeSpace is not asked here: a full disk is found while writing.
func freeSpace(*os.File) (uint64, error) { return math.MaxUint64, nil }

// mayWrite asks whether this account may make entries in a folder.
func mayWrite(dir string) error { return unix.Access(dir, unix.W_OK|unix.X_OK) }

func openUncached(*tree.Folders, string) (io.ReadCloser, error) { return nil, errors.ErrUnsupported }

func machineID() string { return "unix" }

// isRunning reports whether a process of this machine exists.
func isRunning(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

// beginFlush: every file is flushed by itself here.
func beginFlush(*os.File) {}
