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
	second := func(t *testing.T, dir string) string {
		t.Helper()
		script := filepath.Join("..", "..", "pkgdef", "contentlib", "testdata", "contenthash.py")
		out, err := exec.CommandContext(t.Context(), python, script, dir).Output()
		if err != nil {
			t.Fatalf("the second implementation on %s: %v", dir, err)
		}
		return strings.TrimSpace(string(out))
	}
	refresh := func(t *testing.T, a ...string) (doc report.Stage) {
		t.Helper()
		library := filepath.Join(t.TempDir(), "library")
		var s session
		if status := s.run(t, append([]string{"refresh", "--library", library, "--json"}, a...)...); status != exitOK {
			t.Fatalf("refresh = %d\n%s%s", status, &s.stdout, &s.stderr)
		}
		if err := json.Unmarshal(s.stdout.Bytes(), &doc); err != nil {
			t.Fatal(err)
		}
		if h := doc.ContentHash; h == nil || !h.Predicted || len(h.Doubts) > 0 {
			t.Fatalf("content hash = %+v, want a predicted one without doubts", h)
		}
		if got, want := doc.ContentHash.Value, second(t, filepath.Join(library, doc.Release, "data")); got != want {
			t.Errorf("the content hash is %s, the second implementation gives %s", got, want)
		}
		return doc
	}
	t.Run("sample", func(t *testing.T) { refresh(t, "--sample") })
	t.Run("genuine", func(t *testing.T) { // it is Microsoft's and no part of this project
		kit := os.Getenv("USMTPKG_TEST_KIT")
		if kit == "" {
			t.Skip("NO CONTENT HASH OF A GENUINE KIT WAS PREDICTED: USMTPKG_TEST_KIT is not set")
		}
		doc := refresh(t, "--source", kit)
		const least = 100 // files; a genuine arch folder has some 180
		if doc.Files < least || doc.ContentHash.Value != second(t, kit) {
			t.Errorf("%d files with the content hash %s, want at least %d, and that of the kit", doc.Files, doc.ContentHash.Value, least)
		}
	})
}
