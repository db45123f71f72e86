package stage

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/fstest"
)

func TestCompareVersions(t *testing.T) {
	// Each is older than the next.
	order := []string{"6.2.9200.16384", "10.0.9.1", "10.0.10586.0", "10.0.26100", "10.0.26100.1", "10.0.26100.2", "10.0.26100.10", "10.0.26100.2454", "10.1", "11"}
	for i, a := range order {
		for j, b := range order {
			want := 0
			if i < j {
				want = -1
			} else if i > j {
				want = 1
			}
			if got := compareVersions(a, b); got != want {
				t.Errorf("compareVersions(%s, %s) = %d, want %d", a, b, got, want)
			}
		}
	}
	for _, same := range [][2]string{{"10.0", "10.0.0.0"}, {"10.01", "10.1"}, {"1.beta", "1.beta"}} {
		if got := compareVersions(same[0], same[1]); got != 0 {
			t.Errorf("compareVersions(%s, %s) = %d, want 0", same[0], same[1], got)
		}
	}
	if compareVersions("1.alpha", "1.beta") != -1 {
		t.Error("1.alpha is not older than 1.beta")
	}
}

func TestDowngrade(t *testing.T) {
	dir := t.TempDir()
	w := writer(t, dir)
	defer w.Close() //nolint:errcheck // only the lock is left
	stage := func(version, content string, allow bool) (Result, error) {
		src := source(fstest.MapFS{"amd64/scanstate.exe": {Data: []byte(content)}})
		o := Options{USMTVersion: version, Tool: "test", AllowDowngrade: allow, AllowChanged: true}
		planned, perr := Plan(t.Context(), w.Library, src, o)
		res, err := w.Stage(t.Context(), src, o)
		if (perr == nil) != (err == nil) || perr != nil && perr.Error() != err.Error() || planned.Release.Name != res.Release.Name {
			t.Errorf("Plan = %s, %v, want as Stage: %s, %v", planned.Release.Name, perr, res.Release.Name, err)
		}
		return res, err
	}
	newer, err := stage("10.0.10.1", "new", false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stage("10.0.9.1", "old", false); err != nil {
		t.Errorf("older than a release that is not active: %v", err)
	}
	if _, err := w.Activate(t.Context(), newer.Release.Name); err != nil {
		t.Fatal(err)
	}
	releases := func() []string {
		names, err := w.Releases()
		if err != nil {
			t.Fatal(err)
		}
		return names
	}
	before := releases()
	// The one that is staged already would only become active, which is a downgrade, too.
	for _, content := range []string{"old", "older"} {
		_, err = stage("10.0.9.1", content, false)
		want := "staging USMT 10.0.9.1: the active release " + newer.Release.Name + " has the newer USMT 10.0.10.1"
		if down := (*DowngradeError)(nil); !errors.As(err, &down) || err.Error() != want {
			t.Errorf("older than the active release: %v, want %q", err, want)
		}
	}
	if after := releases(); !slices.Equal(after, before) {
		t.Errorf("releases = %q, want %q", after, before)
	}
	for _, version := range []string{"10.0.10.1", "10.0.11.1", "10.1"} {
		if _, err := stage(version, "other", false); err != nil {
			t.Errorf("%s: %v", version, err)
		}
	}
	if _, err := stage("10.0.9.1", "older", true); err != nil {
		t.Errorf("allowed: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, currentFile), []byte("junk\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := stage("10.0.8.1", "oldest", false); err != nil {
		t.Errorf("with an unreadable name of the active release: %v", err)
	}
}
