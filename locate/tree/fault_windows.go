package tree

import (
	"errors"

	"golang.org/x/sys/windows"
)

// IsLocked reports whether another program has the file.
func IsLocked(err error) bool {
	return errors.Is(err, windows.ERROR_SHARING_VIOLATION) || errors.Is(err, windows.ERROR_LOCK_VIOLATION)
}

// IsDenied reports a denial that Windows also gives while somebody has the
// file, or one below the folder, open.
func IsDenied(err error) bool { return errors.Is(err, windows.ERROR_ACCESS_DENIED) }

// IsOutage reports that a server, or the network before it, does not answer now.
func IsOutage(err error) bool { return isOneOf(err, outages) }

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

// IsUnsupported reports that the file system does not know the operation.
func IsUnsupported(err error) bool {
	return errors.Is(err, windows.ERROR_NOT_SUPPORTED) || errors.Is(err, windows.ERROR_INVALID_FUNCTION) ||
		errors.Is(err, windows.ERROR_INVALID_PARAMETER) || errors.Is(err, windows.ERROR_CALL_NOT_IMPLEMENTED)
}
