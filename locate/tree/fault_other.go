//go:build !linux && !windows

package tree

import (
	"errors"
	"syscall"
)

// IsLocked reports whether another program has the file.
func IsLocked(err error) bool { return errors.Is(err, syscall.EBUSY) }

// IsDenied reports a denial that a mounted Windows share also gives for a
// rename while somebody has the file, or one below the folder, open.
func IsDenied(err error) bool { return errors.Is(err, syscall.EACCES) }

// IsOutage reports that a server, or the network before it, does not answer now.
func IsOutage(err error) bool { return isOneOf(err, outages) }

var outages = []error{
	syscall.ESTALE, syscall.ETIMEDOUT, syscall.EHOSTDOWN, syscall.EHOSTUNREACH, syscall.ENETDOWN, syscall.ENETUNREACH,
	syscall.ECONNRESET, syscall.ENOTCONN,
}

// isBroken tells that a device could not read or write.
func isBroken(err error) bool { return isOneOf(err, broken) }

var broken = []error{syscall.EIO}

// IsUnsupported reports that the file system does not know the operation.
func IsUnsupported(err error) bool {
	return errors.Is(err, syscall.ENOTSUP) || errors.Is(err, syscall.EINVAL)
}
