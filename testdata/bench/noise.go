//go:build linux

package main

import (
	"context"
	"os"
	"strconv"
	"strings"
	"time"
)

// ticksPerSecond is the unit of times in /proc. Source: proc(5), USER_HZ.
const ticksPerSecond = 100

// A view is what the machine had done up to a moment.
type view struct {
	others int64 // processor time of all processes that are not ours, in ticks
	steal  int64 // time the hypervisor gave to others, in ticks
	busy   int64 // time of all processes, in ticks
	total  int64 // time, busy or not, of all processors, in ticks
}

// since is the processor time that others took since an earlier view, in seconds.
func (v view) since(earlier view) float64 {
	return float64(max(0, v.others-earlier.others)+v.steal-earlier.steal) / ticksPerSecond
}

// look reads /proc. What a process did moves to its parent when it has ended,
// so that the sum over all of them misses nothing. Kernel threads count as
// nobody's: most of what they do is writing out for us.
func look() view {
	var v view
	v.stat()
	dir, err := os.Open("/proc")
	if err != nil {
		return v
	}
	defer dir.Close() //nolint:errcheck // only read
	names, _ := dir.Readdirnames(-1)
	parents, ticks := map[int]int{}, map[int]int64{}
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		b, err := os.ReadFile("/proc/" + name + "/stat")
		if err != nil {
			continue // it has ended
		}
		// The name, in brackets, may hold anything; then state, parent and, 12th
		// to 15th, the times of the process and of its children. Source: proc_pid_stat(5).
		line := string(b)
		f := strings.Fields(line[strings.LastIndexByte(line, ')')+1:])
		if len(f) < 15 {
			continue
		}
		parents[pid], _ = strconv.Atoi(f[1])
		ticks[pid] = sum(f[11:15])
	}
	for pid, t := range ticks {
		if !isOurs(pid, parents) {
			v.others += t
		}
	}
	return v
}

// isOurs reports whether a process is this one, one started by it, or a kernel thread.
func isOurs(pid int, parents map[int]int) bool {
	const kernel = 2 // the parent of all kernel threads
	for self := os.Getpid(); pid > 0; pid = parents[pid] {
		if pid == self || pid == kernel {
			return true
		}
	}
	return false
}

// stat reads the times of the whole machine: user, nice, system, idle, iowait,
// irq, softirq, steal. Source: proc_stat(5).
func (v *view) stat() {
	b, err := os.ReadFile("/proc/stat")
	if err != nil {
		return
	}
	line, _, _ := strings.Cut(string(b), "\n")
	f := strings.Fields(line)
	if len(f) < 9 {
		return
	}
	v.steal, v.total = sum(f[8:9]), sum(f[1:9])
	v.busy = v.total - sum(f[4:6])
}

func sum(fields []string) int64 {
	var n int64
	for _, f := range fields {
		t, _ := strconv.ParseInt(f, 10, 64)
		n += t
	}
	return n
}

// quiet waits, for at most limit seconds, until the machine has been left
// alone for a quarter of a second.
func quiet(ctx context.Context, limit float64) error {
	const idle = 0.08 // share of the machine that may be busy
	for end := clock() + limit; clock() < end; {
		var a, b view
		a.stat()
		if err := pause(ctx, 250*time.Millisecond); err != nil {
			return err
		}
		b.stat()
		if float64(b.busy-a.busy) <= idle*float64(b.total-a.total) {
			return nil
		}
		if err := pause(ctx, 500*time.Millisecond); err != nil {
			return err
		}
	}
	return ctx.Err()
}
