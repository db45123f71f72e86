package stage

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

// A sample kit and a real one never meet in a library, whichever was there first; a dry run says so too.
func TestSampleAndRealKitsAreKeptApart(t *testing.T) {
	for _, sample := range []bool{true, false} {
		dir := filepath.Join(t.TempDir(), "lib")
		w, err := OpenWriter(t.Context(), dir, WriterOptions{})
		if err != nil {
			t.Fatal(err)
		}
		source := func(content string) Source {
			return Source{FS: fstest.MapFS{"amd64/scanstate.exe": {Data: []byte(content)}}}
		}
		o := Options{USMTVersion: "10.0.65000.1", Sample: sample, AllowChanged: true, Tool: "test"}
		res, err := w.Stage(t.Context(), source("a"), o)
		if err != nil {
			t.Fatal(err)
		}
		if rec, err := w.Release(res.Release.Name); err != nil || rec.Sample != sample {
			t.Errorf("the release records sample %t, %v, want %t", rec.Sample, err, sample)
		}
		if _, err := w.Stage(t.Context(), source("b"), o); err != nil {
			t.Errorf("Stage of another such kit = %v, want nil", err)
		}
		other := o
		other.Sample = !sample
		for what, stage := range map[string]func() error{
			"Stage": func() error { _, err := w.Stage(t.Context(), source("a"), other); return err },
			"Plan":  func() error { _, err := Plan(t.Context(), w.Library, source("a"), other); return err },
		} {
			if err := stage(); !errors.As(err, new(*RefusedError)) || !strings.Contains(err.Error(), "choose another folder") {
				t.Errorf("%s of the other kind = %v, want a *RefusedError", what, err)
			}
		}
		// A record that cannot be read says nothing.
		names, err := w.Releases()
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if err := os.WriteFile(filepath.Join(dir, name, releaseFile), []byte("x"), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := w.Stage(t.Context(), source("c"), other); err != nil {
			t.Errorf("Stage beside releases without a record = %v, want nil", err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
