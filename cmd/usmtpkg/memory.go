package main

import (
	"io/fs"
	"math"
	"path"
	"strconv"
	"strings"
)

// memoryLimit is how much memory Go's heap may come to, in bytes, so that a
// container or service with a limit of its own does not end the process where
// collecting garbage a little more often would have done; 0 if there is no
// such limit. Beside the heap there are pages of files and what the system
// needs for them: they have three tenths.
// Source: https://docs.kernel.org/admin-guide/cgroup-v2.html (memory.max), and
// cgroup-v1/memory.html (memory.limit_in_bytes).
func memoryLimit(root fs.FS) int64 {
	groups, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return 0 // not Linux
	}
	least := int64(math.MaxInt64)
	for line := range strings.Lines(string(groups)) {
		f := strings.SplitN(strings.TrimSpace(line), ":", 3) // number, controllers, folder
		switch {
		case len(f) == 3 && f[1] == "":
			least = min(least, groupLimit(root, "sys/fs/cgroup", f[2], "memory.max"))
		case len(f) == 3 && strings.Contains(","+f[1]+",", ",memory,"):
			least = min(least, groupLimit(root, "sys/fs/cgroup/memory", f[2], "memory.limit_in_bytes"))
		}
	}
	const most = 1 << 50 // in bytes: version 1 says "none" with a number near the largest
	if least > most {
		return 0
	}
	return least / 10 * 7
}

// groupLimit is the least limit of a control group and those it lies in.
func groupLimit(root fs.FS, base, group, file string) int64 {
	least := int64(math.MaxInt64)
	for dir := path.Clean("/" + group); ; dir = path.Dir(dir) {
		text, err := fs.ReadFile(root, path.Join(base, dir, file))
		if n, perr := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil && perr == nil && n > 0 {
			least = min(least, n)
		}
		if dir == "/" {
			return least
		}
	}
}
