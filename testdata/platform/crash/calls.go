package crash

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// takesName are the calls whose second argument is a name in the folder that
// the first one is.
var takesName = map[uint64]bool{
	unix.SYS_OPENAT: true, unix.SYS_MKDIRAT: true, unix.SYS_UNLINKAT: true, unix.SYS_RENAMEAT: true, unix.SYS_RENAMEAT2: true,
	unix.SYS_LINKAT: true, unix.SYS_UTIMENSAT: true, unix.SYS_FCHMODAT: true, unix.SYS_FCHMODAT2: true, unix.SYS_FCHOWNAT: true,
	unix.SYS_MKNODAT: true,
}

// changes are the calls that can change what is on a disk, or move it there.
var changes = map[uint64]string{
	unix.SYS_MKDIRAT: "mkdirat", unix.SYS_UNLINKAT: "unlinkat", unix.SYS_RENAMEAT: "renameat", unix.SYS_RENAMEAT2: "renameat2",
	unix.SYS_LINKAT: "linkat", unix.SYS_SYMLINKAT: "symlinkat", unix.SYS_MKNODAT: "mknodat",
	unix.SYS_WRITE: "write", unix.SYS_PWRITE64: "pwrite64", unix.SYS_WRITEV: "writev", unix.SYS_PWRITEV: "pwritev",
	unix.SYS_COPY_FILE_RANGE: "copy_file_range", unix.SYS_SENDFILE: "sendfile", unix.SYS_SPLICE: "splice",
	unix.SYS_FALLOCATE: "fallocate", unix.SYS_FTRUNCATE: "ftruncate", unix.SYS_UTIMENSAT: "utimensat",
	unix.SYS_FCHMOD: "fchmod", unix.SYS_FCHMODAT: "fchmodat", unix.SYS_FCHMODAT2: "fchmodat2",
	unix.SYS_FCHOWN: "fchown", unix.SYS_FCHOWNAT: "fchownat", unix.SYS_FSETXATTR: "fsetxattr",
	unix.SYS_FSYNC: "fsync", unix.SYS_FDATASYNC: "fdatasync", unix.SYS_SYNCFS: "syncfs", unix.SYS_SYNC_FILE_RANGE: "sync_file_range",
}

// harmless are the calls that the program makes and that change no disk. A
// call that is in neither list ends the test: somebody has to look at it.
var harmless = listed(
	unix.SYS_READ, unix.SYS_PREAD64, unix.SYS_CLOSE, unix.SYS_FSTAT, unix.SYS_NEWFSTATAT, unix.SYS_STATX, unix.SYS_LSEEK,
	unix.SYS_GETDENTS64, unix.SYS_READLINKAT, unix.SYS_FSTATFS, unix.SYS_STATFS, unix.SYS_FACCESSAT, unix.SYS_FACCESSAT2,
	unix.SYS_FCNTL, unix.SYS_FADVISE64, unix.SYS_IOCTL, unix.SYS_GETCWD, unix.SYS_DUP3, unix.SYS_UMASK,
	unix.SYS_MMAP, unix.SYS_MUNMAP, unix.SYS_MPROTECT, unix.SYS_MADVISE, unix.SYS_MINCORE, unix.SYS_BRK, unix.SYS_PRCTL,
	unix.SYS_RT_SIGACTION, unix.SYS_RT_SIGPROCMASK, unix.SYS_RT_SIGRETURN, unix.SYS_SIGALTSTACK, unix.SYS_RESTART_SYSCALL,
	unix.SYS_CLONE, unix.SYS_CLONE3, unix.SYS_EXIT, unix.SYS_EXIT_GROUP, unix.SYS_SET_TID_ADDRESS, unix.SYS_SET_ROBUST_LIST, unix.SYS_RSEQ,
	unix.SYS_FUTEX, unix.SYS_SCHED_YIELD, unix.SYS_SCHED_GETAFFINITY, unix.SYS_NANOSLEEP, unix.SYS_CLOCK_NANOSLEEP, unix.SYS_CLOCK_GETTIME,
	unix.SYS_TIMER_CREATE, unix.SYS_TIMER_SETTIME, unix.SYS_TIMER_DELETE, unix.SYS_SETITIMER,
	unix.SYS_EPOLL_CREATE1, unix.SYS_EPOLL_CTL, unix.SYS_EPOLL_PWAIT, unix.SYS_EVENTFD2, unix.SYS_PIPE2, unix.SYS_PPOLL,
	unix.SYS_GETPID, unix.SYS_GETTID, unix.SYS_GETPPID, unix.SYS_GETUID, unix.SYS_GETEUID, unix.SYS_GETGID, unix.SYS_GETEGID,
	unix.SYS_TGKILL, unix.SYS_KILL, unix.SYS_TKILL, unix.SYS_GETRANDOM, unix.SYS_UNAME, unix.SYS_PRLIMIT64, unix.SYS_GETRLIMIT,
	unix.SYS_MEMBARRIER, unix.SYS_EXECVE,
)

func listed(calls ...uint64) map[uint64]bool {
	m := map[uint64]bool{}
	for _, nr := range calls {
		m[nr] = true
	}
	return m
}

// changing reports whether a call can change a disk, and its name.
func changing(nr uint64, args [6]uint64) (name string, yes bool, err error) {
	if nr == unix.SYS_OPENAT {
		return "openat", args[2]&(unix.O_CREAT|unix.O_TRUNC) != 0, nil
	}
	if name, ok := changes[nr]; ok {
		return name, true, nil
	}
	if harmless[nr] || olderCalls[nr] {
		return "", false, nil
	}
	return "", false, fmt.Errorf("system call %d is neither known to change a disk nor to be harmless: add it to one of the lists", nr)
}
