package stage

import (
	"os"
	"testing"
)

// The flush goes through the folder as it was opened before anything was
// written: a later one may not be told of an earlier error of the disk.
func TestDurableFlushesWhatItOpened(t *testing.T) {
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	d, err := newDurable(root, osFlusher{})
	if err != nil {
		t.Fatal(err)
	}
	if err := root.Close(); err != nil {
		t.Fatal(err)
	}
	if d.syncfs {
		for range 2 {
			if err := d.flushAll(t.Context()); err != nil {
				t.Errorf("flushAll = %v, want it to need nothing but what it has open", err)
			}
		}
	}
	if err := d.close(); err != nil {
		t.Error(err)
	}
}
