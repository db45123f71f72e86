package tree

import (
	"errors"

	"golang.org/x/sys/unix"
)

// IsLocked reports whether another program has the file. Linux has no mandatory locks, but a mounted Windows share hands
// its server's sharing violations on as EBUSY. A file on which a file server
// holds a lease for a client is EWOULDBLOCK to who does not want to wait.
func IsLocked(err error) bool { return errors.Is(err, unix.EBUSY) || errors.Is(err, unix.EWOULDBLOCK) }

// IsDenied reports a denial that a mounted Windows share also gives for a
// rename while somebody has the file, or one below the folder, open.
func IsDenied(err error) bool { return errors.Is(err, unix.EACCES) }

// IsOutage reports that a server, or the network before it, does not answer now.
func IsOutage(err error) bool { return isOneOf(err, outages) }

var outages = []error{
	unix.ESTALE, unix.ETIMEDOUT, unix.EHOSTDOWN, unix.EHOSTUNREACH, unix.ENETDOWN, unix.ENETUNREACH, unix.ENETRESET,
	unix.ECONNRESET, unix.ECONNABORTED, unix.ECONNREFUSED, unix.ENOTCONN, unix.ESHUTDOWN,
}

// isBroken reports that a device could not read or write.
func isBroken(err error) bool { return isOneOf(err, broken) }

var broken = []error{unix.EIO, unix.EREMOTEIO, unix.EBADMSG, unix.EUCLEAN, unix.ENODATA}

// IsUnsupported reports that the file system does not know the operation.
func IsUnsupported(err error) bool {
	return errors.Is(err, unix.ENOTSUP) || errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOTTY)
}
