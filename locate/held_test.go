package locate

import (
	"io/fs"
	"testing"
	"testing/fstest"
)

// heldFS answers for its files as Windows does while another program has them open.
type heldFS struct{ fstest.MapFS }

func (f heldFS) Lstat(name string) (fs.FileInfo, error) {
	return nil, &fs.PathError{Op: "lstat", Path: name, Err: fs.ErrPermission}
}

// A file that cannot be looked at is found all the same: whoever reads it waits for it.
func TestFoldEntryHeld(t *testing.T) {
	fsys := heldFS{fstest.MapFS{"amd64/ScanState.exe": {}}}
	e, err := foldEntry(fsys, "amd64", "scanstate.exe")
	if err != nil || e.Name() != "ScanState.exe" || e.IsDir() {
		t.Errorf("foldEntry = %v, %v, want the file", e, err)
	}
	if _, err := foldEntry(fsys, "amd64", "none.exe"); err == nil {
		t.Error("foldEntry finds what is not there")
	}
}
