package crash

import "golang.org/x/sys/unix"

// olderCalls are harmless calls that newer architectures do not have.
var olderCalls = listed(unix.SYS_ARCH_PRCTL, unix.SYS_READLINK, unix.SYS_ACCESS, unix.SYS_POLL, unix.SYS_EPOLL_WAIT)
