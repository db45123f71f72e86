package disk

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"usmtpkg/testdata/platform"
)

// manyFiles is a kit of so many small files, and those every kit has.
func manyFiles(t *testing.T, dir string, n int) string {
	t.Helper()
	platform.TinyKit(t, dir, "")
	for i := range n {
		platform.Write(t, filepath.Join(dir, "amd64", fmt.Sprintf("many%d", i/5000), fmt.Sprintf("file-%d.dat", i)), []byte(fmt.Sprint(i)))
	}
	return dir
}

// A hundred thousand files go through in a process that may have 64 MiB, pages
// of files included.
func TestManyFilesInLittleMemory(t *testing.T) {
	t.Parallel()
	group, set := memoryGroup(t)
	dir := t.TempDir()
	kit := manyFiles(t, filepath.Join(dir, "kit"), 100_000)
	program, library := platform.Program(t, "linux"), filepath.Join(dir, "lib")
	limited := func(limit string, args ...string) platform.Result {
		if err := os.WriteFile(filepath.Join(group, set), []byte(limit), 0o666); err != nil {
			platform.Missing(t, "memory cannot be limited here: "+err.Error())
		}
		return platform.Run(t, append([]string{"sh", "-c", `echo $$ >"$0/cgroup.procs" && exec "$@"`, group, program}, args...)...)
	}
	limited("64M", "refresh", "--source", kit, "--library", library, "-q").Want(t, 0)
	limited("64M", "verify", "--library", library).Want(t, 0, "equal to its manifests")
	limited("64M", "refresh", "--source", kit, "--library", library).Want(t, 0, "unchanged")
}

// memoryGroup makes a control group, of version 2 or 1 as the system has it,
// and names the file for the limit.
func memoryGroup(t *testing.T) (dir, set string) {
	t.Helper()
	places := []struct{ dir, set string }{
		{"/sys/fs/cgroup", "memory.max"},
		{"/sys/fs/cgroup/memory", "memory.limit_in_bytes"},
	}
	name := "usmtpkg-test-" + fmt.Sprint(os.Getpid())
	for _, p := range places {
		dir := filepath.Join(p.dir, name)
		if err := os.Mkdir(dir, 0o777); err != nil {
			continue
		}
		if _, err := os.Stat(filepath.Join(dir, p.set)); err == nil {
			t.Cleanup(func() {
				if err := os.Remove(dir); err != nil {
					t.Error(err)
				}
			})
			return dir, p.set
		}
		_ = os.Remove(dir)
	}
	platform.Missing(t, "no control group for memory can be made here")
	return "", ""
}
