//go:build linux

package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// An outcome is what one command took.
type outcome struct {
	wall  float64 // seconds
	cpu   float64 // seconds of processor time, of all its processes
	rss   float64 // MiB, of its largest process
	noise float64 // share of the machine that others took in the same time
	exit  int
	said  string // the last line of its output, if it failed
}

// clock is the time since some moment, in seconds.
func clock() float64 {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &t); err != nil {
		return math.NaN()
	}
	return float64(t.Nano()) / 1e9
}

// execute runs shell lines and waits for them.
func execute(ctx context.Context, lines string, env []string, log *os.File) (outcome, error) {
	cmd := exec.CommandContext(ctx, "bash", "-c", prelude+lines)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return unix.Kill(-cmd.Process.Pid, unix.SIGKILL) }
	said, err := log.Seek(0, io.SeekEnd)
	if err != nil {
		return outcome{}, err
	}
	shrink()
	before := look()
	start := clock()
	err = cmd.Run()
	o := outcome{wall: clock() - start}
	if ctx.Err() != nil {
		return o, context.Cause(ctx)
	}
	if err != nil && !errors.As(err, new(*exec.ExitError)) {
		return o, err
	}
	o.noise = look().since(before) / (o.wall * float64(runtime.NumCPU()))
	o.exit = cmd.ProcessState.ExitCode()
	o.cpu = (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		o.rss = float64(usage.Maxrss) / 1024
	}
	if o.exit != 0 {
		o.said = lastLine(log, said)
	}
	return o, nil
}

// lastLine is the last line of log from an offset on.
func lastLine(log io.ReaderAt, from int64) string {
	b, err := io.ReadAll(io.NewSectionReader(log, from, 1<<20))
	if err != nil {
		return err.Error()
	}
	s := strings.TrimSpace(string(b))
	return s[strings.LastIndexByte(s, '\n')+1:]
}

// shrink makes this process small. A new process begins as a copy of this one
// and keeps its peak, so that no smaller peak than ours can be measured.
// Source: proc_pid_clear_refs(5), "5" resets the peak.
func shrink() {
	debug.FreeOSMemory()
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // without it the floor is a little higher
}

// floor is the smallest peak that can be measured, in MiB.
func floor() float64 {
	shrink()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	kib, _, _ := strings.Cut(strings.TrimSpace(after), " ")
	n, _ := strconv.Atoi(kib)
	return float64(n) / 1024
}

// dropCaches empties the page cache of the machine.
func dropCaches() error {
	return os.WriteFile("/proc/sys/vm/drop_caches", []byte("3"), 0)
}

// uncache takes the files of a folder, which are flushed, out of the page cache.
func uncache(dir string) error {
	return filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		f, err := os.Open(p)
		if err != nil {
			return err
		}
		return errors.Join(unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED), f.Close())
	})
}

// flush waits until all that was written to the file system of dir is on disk.
func flush(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // only read
	return unix.Syncfs(int(f.Fd()))
}

// spaceShort reports whether a file system has little space, or few files, left.
func spaceShort(dir string) (bool, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return false, err
	}
	const little = 8 << 30 // bytes: the largest workload, three times, and some
	short := st.Bavail*uint64(st.Bsize) < little
	return short || st.Files > 0 && st.Ffree < st.Files/8, nil
}

// pause waits, or until ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}
