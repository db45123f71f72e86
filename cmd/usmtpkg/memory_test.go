package main

import (
	"testing"
	"testing/fstest"
)

func TestMemoryLimit(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	tests := []struct {
		name string
		root fstest.MapFS
		want int64
	}{
		{"not Linux", fstest.MapFS{}, 0},
		{"version 2, no limit", fstest.MapFS{
			"proc/self/cgroup": file("0::/a/b\n"), "sys/fs/cgroup/a/b/memory.max": file("max\n"),
		}, 0},
		{"version 2", fstest.MapFS{
			"proc/self/cgroup": file("0::/a/b\n"), "sys/fs/cgroup/a/b/memory.max": file("100000\n"), "sys/fs/cgroup/a/memory.max": file("max\n"),
		}, 70000},
		{"of the group above", fstest.MapFS{
			"proc/self/cgroup": file("0::/a/b\n"), "sys/fs/cgroup/a/b/memory.max": file("100000\n"), "sys/fs/cgroup/a/memory.max": file("5000\n"),
		}, 3500},
		{"in a container, which sees its group as the root", fstest.MapFS{
			"proc/self/cgroup": file("0::/../../x\n"), "sys/fs/cgroup/memory.max": file("5000\n"),
		}, 3500},
		{"version 1", fstest.MapFS{
			"proc/self/cgroup": file("4:cpu,memory:/a\n0::/\n"), "sys/fs/cgroup/memory/a/memory.limit_in_bytes": file("5000\n"),
		}, 3500},
		{"version 1, no limit", fstest.MapFS{
			"proc/self/cgroup": file("4:memory:/a\n"), "sys/fs/cgroup/memory/a/memory.limit_in_bytes": file("9223372036854771712\n"),
		}, 0},
		{"nonsense", fstest.MapFS{"proc/self/cgroup": file("x\n1:2\n0::\n"), "sys/fs/cgroup/memory.max": file("-5")}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := memoryLimit(tt.root); got != tt.want {
				t.Errorf("memoryLimit = %d, want %d", got, tt.want)
			}
		})
	}
}
