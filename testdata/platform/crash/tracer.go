// Package crash kills the program, with no chance to clean up, before every
// single system call that would change the disk. It counts the calls over all
// threads of the program; strace, which counts for each thread apart, cannot
// reach each of them for certain in a program of several threads.
package crash

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A Run is a run of the program under the tracer.
type Run struct {
	Calls  []string // the calls that changed something below the folder, in order
	Killed bool
	Status int // exit status, if it was not killed
	Stderr string
}

// Trace runs a command and looks at what it does below dir. Before the call of
// that number, from 0 on, it kills the process; a negative number is for none.
func Trace(tb testing.TB, dir string, kill int, command ...string) Run {
	tb.Helper()
	errs, err := os.CreateTemp(tb.TempDir(), "stderr")
	if err != nil {
		tb.Fatal(err)
	}
	defer errs.Close()
	type outcome struct {
		run Run
		err error
	}
	done := make(chan outcome)
	go func() {
		runtime.LockOSThread() // a tracer is a thread; it ends with the goroutine
		t := tracer{dir: dir, kill: kill, seen: map[int]bool{}}
		err := t.trace(command, errs)
		done <- outcome{t.run, err}
	}()
	o := <-done
	if o.err != nil {
		tb.Fatalf("tracing %s: %v", filepath.Base(command[0]), o.err)
	}
	said, err := os.ReadFile(errs.Name())
	if err != nil {
		tb.Fatal(err)
	}
	o.run.Stderr = string(said)
	return o.run
}

type tracer struct {
	dir  string
	kill int
	pid  int
	seen map[int]bool // threads
	run  Run
}

func (t *tracer) trace(command []string, stderr *os.File) error {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer null.Close()
	p, err := os.StartProcess(command[0], command, &os.ProcAttr{
		Dir: "/", Env: os.Environ(), Files: []*os.File{null, null, stderr},
		Sys: &syscall.SysProcAttr{Ptrace: true, Setpgid: true},
	})
	if err != nil {
		return err
	}
	t.pid = p.Pid
	t.seen[t.pid] = true
	defer p.Release() //nolint:errcheck // it was waited for already
	var ws syscall.WaitStatus
	if _, err := syscall.Wait4(t.pid, &ws, 0, nil); err != nil {
		return err
	}
	const exitKill = 0x100000 // PTRACE_O_EXITKILL
	if err := syscall.PtraceSetOptions(t.pid, syscall.PTRACE_O_TRACESYSGOOD|syscall.PTRACE_O_TRACECLONE|exitKill); err != nil {
		return err
	}
	if err := syscall.PtraceSyscall(t.pid, 0); err != nil {
		return err
	}
	return t.follow()
}

// follow goes from stop to stop until no thread is left.
func (t *tracer) follow() error {
	for {
		var ws syscall.WaitStatus
		tid, err := syscall.Wait4(-t.pid, &ws, syscall.WALL, nil)
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.ECHILD:
			return nil
		case err != nil:
			return err
		case ws.Exited() || ws.Signaled():
			if tid == t.pid {
				t.run.Killed, t.run.Status = ws.Signaled(), ws.ExitStatus()
			}
			continue
		}
		signal := ws.StopSignal()
		switch {
		case signal == syscall.SIGTRAP|0x80:
			signal = 0
			if err := t.call(tid); err != nil {
				return err
			}
		case signal == syscall.SIGTRAP: // a thread was made
			signal = 0
		case signal == syscall.SIGSTOP && !t.seen[tid]: // it begins
			signal = 0
		}
		t.seen[tid] = true
		if err := syscall.PtraceSyscall(tid, int(signal)); err != nil && err != syscall.ESRCH {
			return err
		}
	}
}

// callInfo is struct ptrace_syscall_info of the kernel, for the beginning of a call.
type callInfo struct {
	Op   uint8
	_    [3]uint8
	Arch uint32
	_    [2]uint64 // where the program is
	Nr   uint64
	Args [6]uint64
	_    [64]byte
}

// call looks at a system call that is about to begin.
func (t *tracer) call(tid int) error {
	var info callInfo
	_, _, errno := unix.Syscall6(unix.SYS_PTRACE, unix.PTRACE_GET_SYSCALL_INFO, uintptr(tid), unsafe.Sizeof(info), uintptr(unsafe.Pointer(&info)), 0, 0)
	switch {
	case errno == unix.ESRCH: // killed in this moment
		return nil
	case errno != 0:
		return os.NewSyscallError("PTRACE_GET_SYSCALL_INFO", errno)
	case info.Op != unix.PTRACE_SYSCALL_INFO_ENTRY:
		return nil
	}
	name, changes, err := changing(info.Nr, info.Args)
	if err != nil || !changes {
		return err
	}
	path := t.path(info.Nr, info.Args)
	if path != t.dir && !strings.HasPrefix(path, t.dir+"/") {
		return nil
	}
	if len(t.run.Calls) == t.kill {
		if err := syscall.Kill(t.pid, syscall.SIGKILL); err != nil {
			return err
		}
	}
	t.run.Calls = append(t.run.Calls, name+" "+plain(strings.TrimPrefix(path, t.dir)))
	return nil
}

// path is the file that a call is about: that of its first argument, a file or
// a folder, and if the second is a name, of that in the folder.
func (t *tracer) path(nr uint64, args [6]uint64) string {
	at := ""
	if fd := int32(args[0]); fd != unix.AT_FDCWD {
		at, _ = os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", t.pid, fd))
	}
	if !takesName[nr] {
		return at
	}
	name := t.text(args[1])
	if filepath.IsAbs(name) {
		return filepath.Clean(name)
	}
	return filepath.Join(at, name)
}

// text reads a string of the program.
func (t *tracer) text(address uint64) string {
	mem, err := os.Open(fmt.Sprintf("/proc/%d/mem", t.pid))
	if err != nil {
		return ""
	}
	defer mem.Close()
	b := make([]byte, 512)
	n, _ := mem.ReadAt(b, int64(address))
	text, _, _ := bytes.Cut(b[:n], []byte{0})
	return string(text)
}

var random = regexp.MustCompile(`\b[0-9a-f]{16}\b`)

// plain replaces the parts of a path that no two runs have in common.
func plain(path string) string { return random.ReplaceAllString(path, "*") }
