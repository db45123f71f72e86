package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"usmtpkg/cmd/usmtpkg/report"
)

// The content hash of a release is the one that a second implementation, which shares nothing with
// ours, computes by reading the files that were staged.
func TestContentHash(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("python3 is not installed")
		}
		t.Skip("THE SECOND IMPLEMENTATION WAS NOT RUN: python3 is not installed")
	}
	library := filepath.Join(t.TempDir(), "library")
	var s session
	if status := s.run(t, "refresh", "--sample", "--library", library, "--json"); status != exitOK {
		t.Fatalf("refresh = %d\n%s%s", status, &s.stdout, &s.stderr)
	}
	var doc report.Stage
	if err := json.Unmarshal(s.stdout.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	if h := doc.ContentHash; h == nil || !h.Predicted || len(h.Doubts) > 0 {
		t.Fatalf("content hash = %+v, want a predicted one without doubts", h)
	}
	script := filepath.Join("..", "..", "pkgdef", "contentlib", "testdata", "contenthash.py")
	out, err := exec.CommandContext(t.Context(), python, script, filepath.Join(library, doc.Release, "data")).Output()
	if got := strings.TrimSpace(string(out)); err != nil || got != doc.ContentHash.Value {
		t.Errorf("the second implementation gives %s (%v), we predict %s", got, err, doc.ContentHash.Value)
	}
}
