package stage

import (
	"os"
	"testing"
)

// On a disk, copy_file_range may have two releases share blocks.
func TestNoServerOnDisks(t *testing.T) {
	for kind := range localFileSystems {
		if shares[kind] {
			t.Errorf("file system %#x is taken for a share", kind)
		}
	}
	dir, err := os.Open("/proc/self")
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close() //nolint:errcheck // only looked at
	if isShare(dir) {
		t.Error("/proc is taken for a share")
	}
}
