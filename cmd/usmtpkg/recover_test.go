package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"usmtpkg/pkgdef/contentlib/fakelib"
)

// A recovery that is cancelled leaves nothing.
func TestRecoverCancelled(t *testing.T) {
	library, work := filepath.Join(t.TempDir(), "SCCMContentLib"), t.TempDir()
	c := fakelib.Content{PackageID: "P0100012", Version: 1, Files: map[string]string{"amd64/scanstate.exe": "x"}}
	if err := fakelib.Write([]string{library}, c); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var s session
	got := s.runContext(ctx, t, "recover", "--content-library", library, "--package-id", "P0100012", "--to", filepath.Join(work, "x"))
	entries, err := os.ReadDir(work)
	if got != exitCanceled || err != nil || len(entries) > 0 {
		t.Errorf("recover = %d, leaving %v (%v), want %d and nothing\n%s", got, entries, err, exitCanceled, &s.stderr)
	}
}
