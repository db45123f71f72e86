package main

import (
	"errors"
	"testing"

	"usmtpkg/locate"
	"usmtpkg/locate/pe"
	"usmtpkg/locate/samplekit"
	"usmtpkg/locate/tree"
)

// The version that names a release is that of what was copied: programs exchanged after the first
// look, for another version of one piece, are a source that changed.
func TestCheckerWantsTheVersionThatWasFound(t *testing.T) {
	for _, tt := range []struct {
		found string
		want  error
	}{{samplekit.Version, nil}, {"10.0.26100.1", tree.ErrChanged}} {
		v, err := locate.NewValidator(locate.Options{})
		if err != nil {
			t.Fatal(err)
		}
		version, err := pe.ParseVersion(tt.found)
		if err != nil {
			t.Fatal(err)
		}
		c := &checker{v: v, want: version}
		fsys := samplekit.FS()
		for name, content := range samplekit.Files(samplekit.Options{}) {
			f, err := fsys.Open(name)
			if err != nil {
				t.Fatal(err)
			}
			look, err := c.Inspect(name, f.(interface {
				ReadAt(p []byte, off int64) (int, error)
			}), int64(len(content)))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := look.Facts(""); err != nil {
				t.Fatal(err)
			}
			f.Close()
		}
		if err := c.Finish(); !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) {
			t.Errorf("found as %s: Finish = %v, want %v", tt.found, err, tt.want)
		}
	}
}
