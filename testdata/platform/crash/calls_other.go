//go:build linux && !amd64

package crash

var olderCalls map[uint64]bool
