package stage

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Whatever somebody puts into the staging folder after it was read back, the
// run finds it and publishes nothing.
func TestStageFindsWhatOthersPutIn(t *testing.T) {
	tests := []struct {
		name string
		do   func(staging string) error
		want string
	}{
		{"a file beside the payload's", func(s string) error {
			return os.WriteFile(filepath.Join(s, "data", "amd64", "extra.dll"), nil, 0o666)
		}, "data/amd64/extra.dll: this run did not create it, or created it under another name: a file"},
		{"a file beside the tag files", func(s string) error {
			return os.WriteFile(filepath.Join(s, "extra.txt"), nil, 0o666)
		}, "extra.txt"},
		{"an empty folder", func(s string) error { return os.Mkdir(filepath.Join(s, "data", "arm64"), 0o777) }, "data/arm64: this run did not create it, or created it under another name: a folder"},
		{"a file gone", func(s string) error { return os.Remove(filepath.Join(s, "data", "x86", "empty.dat")) }, "data: found 9 files, wanted 10"},
		{"a tag file gone", func(s string) error { return os.Remove(filepath.Join(s, "bagit.txt")) }, "checking .: found 5 files, wanted 6"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			w, err := OpenWriter(t.Context(), dir, WriterOptions{Now: time.Now, step: func(step string) {
				if step != "tagged" {
					return
				}
				found, err := filepath.Glob(filepath.Join(dir, ".staging-*"))
				if err != nil || len(found) != 1 {
					t.Fatal(found, err)
				}
				if err := tt.do(found[0]); err != nil {
					t.Error(err)
				}
			}})
			if err != nil {
				t.Fatal(err)
			}
			_, err = w.Stage(t.Context(), source(kit()), options())
			var d *DestinationError
			if !errors.As(err, &d) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Stage = %v, want %q", err, tt.want)
			}
			if err := w.Close(); err != nil {
				t.Error(err)
			}
			wantEmpty(t, dir)
		})
	}
}
