//go:build unix

package locate

import (
	"path/filepath"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Pipes are not opened, which would wait for ever, and links are not followed.
func TestReadCatalogsOddFiles(t *testing.T) {
	cat, v := signedCatalog(t)
	root := plant(t, map[string]string{"kit/USMT/amd64/scanstate.exe": new10, "kit/Catalogs/a.cat": cat, "linked/USMT/amd64/scanstate.exe": new10})
	link(t, "a.cat", filepath.Join(root, "kit/Catalogs/link.cat"))
	link(t, filepath.Join(root, "kit/Catalogs"), filepath.Join(root, "linked/Catalogs"))
	if err := syscall.Mkfifo(filepath.Join(root, "kit/Catalogs/pipe.cat"), 0o600); err != nil {
		t.Fatal(err)
	}
	at := func(dir string) Candidate {
		dir = filepath.Join(root, dir)
		return Candidate{Path: dir, base: dir, dir: "."}
	}
	got, err := ReadCatalogs(t.Context(), v, at("kit/USMT"), "")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"kit/Catalogs", "a.cat valid", "link.cat unsupported", "pipe.cat unsupported"}
	if diff := cmp.Diff(want, foundCatalogs(t, root, got)); diff != "" {
		t.Errorf("catalogs (-want +got):\n%s", diff)
	}
	for _, c := range got.Refused() {
		if c.Signature.Reason != "it is not a regular file" {
			t.Errorf("%s: %s", c.File, c.Signature.Reason)
		}
	}
	got, err = ReadCatalogs(t.Context(), v, at("linked/USMT"), "")
	if diff := cmp.Diff([]string{"none"}, foundCatalogs(t, root, got)); diff != "" || err != nil {
		t.Errorf("catalogs behind a link (-want +got), %v:\n%s", err, diff)
	}
}

// A pipe in the place of a cached package is not opened.
func TestCachedMSIIsAPipe(t *testing.T) {
	root := plant(t, map[string]string{"pf/" + kit10 + "amd64/scanstate.exe": new10})
	pipe := filepath.Join(root, "pipe.msi")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	got := cachedIn(t, newPublisher(t).verifier, Candidate{cached: []CachedMSI{{Product: "User State Migration Tool", Path: pipe}}})
	if diff := cmp.Diff([]string{"pipe.msi User State Migration Tool unsupported: found a named pipe, wanted a file"}, got); diff != "" {
		t.Errorf("cached MSIs (-want +got):\n%s", diff)
	}
}
