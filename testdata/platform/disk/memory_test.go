package disk

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"syscall"
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

// A hundred thousand files take 72 MiB of memory at most, a fifth of which is the program itself.
func TestManyFilesInLittleMemory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	kit := manyFiles(t, filepath.Join(dir, "kit"), 100_000)
	program, library := platform.Program(t, "linux"), filepath.Join(dir, "lib")
	for _, args := range [][]string{
		{"refresh", "--source", kit, "--library", library, "-q"},
		{"verify", "--library", library},
		{"refresh", "--source", kit, "--library", library}, // finds it unchanged
	} {
		const most = 72 << 10 // KiB
		if peak := peakOf(t, program, args...); peak > most {
			t.Errorf("%s took %d KiB, want at most %d", args[0], peak, most)
		}
	}
}

// peakOf runs a command that has to succeed, and returns the most memory it had, in KiB.
func peakOf(t *testing.T, program string, args ...string) int64 {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		t.Fatal("this system does not say how much memory a process had")
	}
	return usage.Maxrss
}
