package stage

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"usmtpkg/locate/kitdiff"
)

// versions takes every .exe for a program, whose file version is its content.
func versions(path string, r io.ReaderAt, size int64) (Facts, error) {
	if !strings.HasSuffix(path, ".exe") {
		return Facts{}, nil
	}
	b, err := io.ReadAll(io.NewSectionReader(r, 0, size))
	return Facts{Machine: "amd64", FileVersion: string(b)}, err
}

// changed is the kit with one change of each kind, and with a program of another version.
func changed() fstest.MapFS {
	m := kit()
	m["amd64/scanstate.exe"] = &fstest.MapFile{Data: []byte("scan two64"), ModTime: testTime} // of the same size
	m["amd64/big.dll"] = &fstest.MapFile{Data: []byte("small"), ModTime: testTime}
	m["amd64/added.man"] = &fstest.MapFile{Data: []byte("<added/>"), ModTime: testTime}
	delete(m, "x86/empty.dat")
	m["x86/SCANSTATE.exe"] = m["x86/scanstate.exe"]
	delete(m, "x86/scanstate.exe")
	return m
}

// changesOf is what changed changes, with the files in short.
var (
	changesOf    = []kitdiff.ArchChanges{{Arch: "amd64", Counts: kitdiff.Counts{Added: 1, Changed: 2}}, {Arch: "x86", Counts: kitdiff.Counts{Removed: 1, Changed: 1}}}
	programsOf   = []kitdiff.ProgramChange{{Path: "amd64/scanstate.exe", Before: "scan amd64", After: "scan two64"}}
	changedFiles = []string{"added amd64/added.man", "changed amd64/big.dll", "changed amd64/scanstate.exe", "renamed x86/SCANSTATE.exe", "removed x86/empty.dat"}
)

func filesOf(c Changes) []string {
	var list []string
	for _, f := range c.Files {
		list = append(list, string(f.Change)+" "+f.Path)
	}
	return list
}

// A known is a library with releases of several versions.
type known struct {
	t *testing.T
	w *Writer
}

// stage stages and plans, which have to come to the same.
func (k known) stage(version string, fsys fs.FS, change func(*Options)) (Result, error) {
	k.t.Helper()
	o := Options{USMTVersion: version, Tool: "test", Checker: checkerFunc{inspect: versions}}
	if change != nil {
		change(&o)
	}
	planned, perr := Plan(k.t.Context(), k.w.Library, source(fsys), o)
	res, err := k.w.Stage(k.t.Context(), source(fsys), o)
	var a, b *SameVersionError
	if errors.As(perr, &a) != errors.As(err, &b) || cmp.Diff(a, b) != "" {
		k.t.Errorf("Plan = %v, want as Stage: %v (-plan +stage):\n%s", perr, err, cmp.Diff(a, b))
	}
	if diff := cmp.Diff(planned.Changes, res.Changes); diff != "" || planned.Published != res.Published {
		k.t.Errorf("changes (-plan +stage):\n%s", diff)
	}
	return res, err
}

func (k known) must(version string, fsys fs.FS, change func(*Options)) Result {
	k.t.Helper()
	res, err := k.stage(version, fsys, change)
	if err != nil {
		k.t.Fatal(err)
	}
	return res
}

func (k known) activate(res Result) {
	k.t.Helper()
	if _, err := k.w.Activate(k.t.Context(), res.Release.Name); err != nil {
		k.t.Fatal(err)
	}
}

// refused fails unless the kit is refused for what it is compared with.
func (k known) refused(err error, release Result, active bool) SameVersionError {
	k.t.Helper()
	differs := (*SameVersionError)(nil)
	if !errors.As(err, &differs) || differs.Changes.Release != release.Release.Name || differs.Changes.Active != active {
		k.t.Fatalf("error %v, want one about %s (active: %v)", err, release.Release.Name, active)
	}
	return *differs
}

func library(t *testing.T) known {
	t.Helper()
	w := writer(t, t.TempDir())
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return known{t, w}
}

func allowed(o *Options) { o.AllowChanged = true }

func TestSameVersionOtherContent(t *testing.T) {
	for _, mode := range []VerifyMode{VerifyReread, VerifyStream} {
		t.Run(string(mode), func(t *testing.T) {
			k := library(t)
			with := func(o *Options) { o.Verify = mode }
			first := k.must("10.0.2.1", kit(), with)
			if first.Changes != nil {
				t.Errorf("changes of the first release = %+v, want none", first.Changes)
			}
			k.activate(first)
			_, err := k.stage("10.0.2.1", changed(), with)
			c := k.refused(err, first, true).Changes
			if diff := cmp.Diff(changedFiles, filesOf(c)); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(changesOf, c.Arches); diff != "" {
				t.Errorf("arches (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(programsOf, c.Programs); diff != "" {
				t.Errorf("programs (-want +got):\n%s", diff)
			}
			want := "5 files differ from the active release " + first.Release.Name + ", which has the same USMT version"
			if err.Error() != want {
				t.Errorf("error %q, want %q", err, want)
			}
			if names, err := k.w.Releases(); err != nil || len(names) != 1 {
				t.Errorf("releases = %q, %v, want one", names, err)
			}
			second := k.must("10.0.2.1", changed(), func(o *Options) { with(o); allowed(o) })
			if !second.Published || second.Changes == nil || !slices.Equal(second.Changes.Arches, changesOf) || len(second.Changes.Files) != len(changedFiles) {
				t.Errorf("allowed: %+v, want the same changes", second.Changes)
			}
		})
	}
}

// One file that differs, in whatever way, is enough.
func TestSameVersionEachDifference(t *testing.T) {
	tests := map[string]func(fstest.MapFS){
		"changed amd64/scanstate.exe": func(m fstest.MapFS) { m["amd64/scanstate.exe"] = &fstest.MapFile{Data: []byte("scan two64")} },
		"changed amd64/big.dll":       func(m fstest.MapFS) { m["amd64/big.dll"] = &fstest.MapFile{Data: []byte("b")} },
		"added amd64/added.man":       func(m fstest.MapFS) { m["amd64/added.man"] = &fstest.MapFile{} },
		"removed x86/empty.dat":       func(m fstest.MapFS) { delete(m, "x86/empty.dat") },
		"renamed x86/EMPTY.dat": func(m fstest.MapFS) {
			m["x86/EMPTY.dat"] = m["x86/empty.dat"]
			delete(m, "x86/empty.dat")
		},
	}
	for want, change := range tests {
		t.Run(want, func(t *testing.T) {
			k := library(t)
			first := k.must("10.0.2.1", kit(), nil)
			k.activate(first)
			fsys := kit()
			change(fsys)
			_, err := k.stage("10.0.2.1", fsys, nil)
			if got := filesOf(k.refused(err, first, true).Changes); !slices.Equal(got, []string{want}) {
				t.Errorf("files = %q, want %q", got, want)
			}
		})
	}
}

// A kit that is refused for its names, its sizes, or in place of one with the same number of files
// and bytes, was not copied. Where an overlay hides that, it is refused after the copy.
func TestSameVersionIsRefusedEarly(t *testing.T) {
	k := library(t)
	k.activate(k.must("10.0.2.1", kit(), nil))
	sameSize := kit()
	sameSize["amd64/scanstate.exe"] = &fstest.MapFile{Data: []byte("scan two64")}
	oneSize := kit()
	oneSize["amd64/scanstate.exe"] = &fstest.MapFile{Data: []byte("scan two")}
	laid := plus(sameSize, "amd64/Own.xml", "<own/>")
	own := func(o *Options) { o.Overlay = []OverlayFile{{Path: "amd64/Own.xml", From: "Own.xml"}} }
	for _, tt := range []struct {
		name   string
		fsys   fs.FS
		change func(*Options)
		copied bool
	}{{"names and sizes", changed(), nil, false}, {"one size", oneSize, nil, false}, {"the same size", sameSize, nil, false}, {"with an overlay", laid, own, true}} {
		t.Run(tt.name, func(t *testing.T) {
			var steps []string
			k.w.step = func(s string) { steps = append(steps, s) }
			k.t = t
			o := Options{USMTVersion: "10.0.2.1", Checker: checkerFunc{inspect: versions}}
			if tt.change != nil {
				tt.change(&o)
			}
			_, err := k.w.Stage(t.Context(), source(tt.fsys), o)
			if !errors.As(err, new(*SameVersionError)) || slices.Contains(steps, "copied") != tt.copied || slices.Contains(steps, "published") {
				t.Errorf("error %v after the steps %q, want a refusal; copied: %v", err, steps, tt.copied)
			}
			for name := range content(t, k.w.Dir()) {
				if strings.HasPrefix(name, stagingPrefix) {
					t.Errorf("%s is left", name)
				}
			}
		})
	}
}

// plus is the tree with one more file.
func plus(m fstest.MapFS, name, text string) fstest.MapFS {
	all := fstest.MapFS{name: {Data: []byte(text), ModTime: testTime}}
	for p, f := range m {
		all[p] = f
	}
	return all
}

// The findings about a kit say more than that it differs.
func TestSameVersionFindingsComeFirst(t *testing.T) {
	k := library(t)
	k.activate(k.must("10.0.2.1", kit(), nil))
	bad := errors.New("altered")
	_, err := k.stage("10.0.2.1", changed(), func(o *Options) {
		o.Checker = checkerFunc{finish: func() error { return bad }}
	})
	if !errors.Is(err, bad) {
		t.Errorf("error %v, want %v", err, bad)
	}
}

// Another version is taken, and what differs is counted.
func TestOtherVersionIsCompared(t *testing.T) {
	k := library(t)
	first := k.must("10.0.2.1", kit(), nil)
	k.activate(first)
	c := k.must("10.0.3.1", changed(), nil).Changes
	want := &Changes{Release: first.Release.Name, USMTVersion: "10.0.2.1", Active: true, Arches: changesOf, Programs: programsOf}
	if diff := cmp.Diff(want, c, cmpopts.IgnoreFields(Changes{}, "All")); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	// The same content under another version: nothing differs, which is said too.
	if c := k.must("10.0.4.1", kit(), nil).Changes; c == nil || !c.Same() || c.Release != first.Release.Name {
		t.Errorf("changes = %+v, want none", c)
	}
}

// Which releases a kit has to equal one of.
func TestSameVersionWhichRelease(t *testing.T) {
	one, two, three := kit(), changed(), plus(kit(), "amd64/three.man", "<three/>")
	t.Run("the active one", func(t *testing.T) {
		k := library(t)
		a := k.must("10.0.2.1", one, nil)
		b := k.must("10.0.2.1", two, allowed)
		k.activate(b)
		// That the library has this content already makes it no better: it would become active.
		_, err := k.stage("10.0.2.1", one, nil)
		if known := k.refused(err, b, true).Known; known != a.Release.Name {
			t.Errorf("known as %q, want %q", known, a.Release.Name)
		}
		if res := k.must("10.0.2.1", one, allowed); res.Published || res.Changes.Release != b.Release.Name || res.Changes.Same() {
			t.Errorf("allowed: %+v, want the first release, which differs from the second", res)
		}
		if res := k.must("10.0.2.1", two, nil); res.Published || !res.Changes.Same() {
			t.Errorf("the active content: %+v, want it unchanged", res)
		}
	})
	t.Run("any one if another version is active", func(t *testing.T) {
		k := library(t)
		older := k.must("10.0.1.1", one, nil)
		a := k.must("10.0.2.1", one, nil)
		k.must("10.0.2.1", two, allowed)
		k.activate(older)
		if res := k.must("10.0.2.1", one, nil); res.Release.Name != a.Release.Name || res.Changes.Release != older.Release.Name {
			t.Errorf("one: %+v, want it unchanged, and compared with the active release", res)
		}
		k.must("10.0.2.1", two, nil)
		_, err := k.stage("10.0.2.1", three, nil)
		if differs := (*SameVersionError)(nil); !errors.As(err, &differs) || differs.Changes.Active || differs.Changes.USMTVersion != "10.0.2.1" || differs.Known != "" {
			t.Errorf("three: %v, want a refusal for a release of its version", err)
		}
	})
	t.Run("any one if none is active", func(t *testing.T) {
		k := library(t)
		a := k.must("10.0.2.1", one, nil)
		_, err := k.stage("10.0.2.1", two, nil)
		if c := k.refused(err, a, false).Changes; !strings.Contains(err.Error(), "5 files differ from release "+a.Release.Name) || len(c.Files) == 0 {
			t.Errorf("error %v", err)
		}
	})
	t.Run("none if there is none of the version", func(t *testing.T) {
		k := library(t)
		k.activate(k.must("10.0.1.1", one, nil))
		k.must("10.0.2.1", two, nil)
	})
	t.Run("none if the active one is gone", func(t *testing.T) {
		k := library(t)
		a := k.must("10.0.2.1", one, nil)
		k.activate(a)
		if err := os.Rename(k.w.ReleaseDir(a.Release.Name), filepath.Join(t.TempDir(), "aside")); err != nil {
			t.Fatal(err)
		}
		if res := k.must("10.0.2.1", two, nil); res.Changes != nil {
			t.Errorf("changes = %+v, want none", res.Changes)
		}
	})
	t.Run("the name of the active one is unreadable", func(t *testing.T) {
		k := library(t)
		a := k.must("10.0.2.1", one, nil)
		if err := os.WriteFile(filepath.Join(k.w.Dir(), currentFile), []byte("junk\n"), 0o666); err != nil {
			t.Fatal(err)
		}
		_, err := k.stage("10.0.2.1", two, nil)
		k.refused(err, a, false)
	})
}

// Of several releases the newest is named.
func TestSameVersionNewestIsNamed(t *testing.T) {
	k := library(t)
	now := testTime
	k.w.now = func() time.Time { now = now.Add(time.Hour); return now }
	for _, text := range []string{"1", "2", "3"} {
		res := k.must("10.0.2.1", plus(kit(), "amd64/n.man", text), allowed)
		_, err := k.stage("10.0.2.1", changed(), nil)
		k.refused(err, res, false)
	}
}

// What an overlay adds or replaces is no difference, on either side; what it replaces is counted.
func TestSameVersionOverlay(t *testing.T) {
	over, o := overlaidKit()
	lay := func(opts *Options) { opts.Overlay = o.Overlay }
	k := library(t)
	plain := k.must("10.0.2.1", kit(), nil)
	k.activate(plain)
	laid := k.must("10.0.2.1", over, lay)
	if c := laid.Changes; !c.Same() || c.Replaced != 1 {
		t.Errorf("an overlay is laid: %+v, want no change and one file replaced", c)
	}
	k.activate(laid)
	if c := k.must("10.0.2.1", kit(), nil).Changes; !c.Same() || c.Replaced != 1 {
		t.Errorf("it is taken away: %+v, want no change and one file replaced", c)
	}
	// What an overlay replaced is known to be there all the same.
	delete(over, "amd64/big.dll")
	_, err := k.stage("10.0.2.1", over, func(opts *Options) { opts.Overlay = o.Overlay[1:] })
	if got := filesOf(k.refused(err, laid, true).Changes); !slices.Equal(got, []string{"removed amd64/big.dll"}) {
		t.Errorf("files = %q, want the one that was replaced and is gone", got)
	}
	// The kit's own files still count.
	over, _ = overlaidKit()
	over["x86/scanstate.exe"] = &fstest.MapFile{Data: []byte("scan x68"), ModTime: testTime}
	_, err = k.stage("10.0.2.1", over, lay)
	if got := filesOf(k.refused(err, laid, true).Changes); !slices.Equal(got, []string{"changed x86/scanstate.exe"}) {
		t.Errorf("files = %q, want the one that changed", got)
	}
}

// A release that cannot be compared with keeps a kit of its version out if it is active.
func TestSameVersionDamagedRelease(t *testing.T) {
	spoil := func(t *testing.T, k known, res Result, old, text string) {
		t.Helper()
		name := filepath.Join(k.w.ReleaseDir(res.Release.Name), releaseFile)
		b, err := os.ReadFile(name)
		if err != nil || !strings.Contains(string(b), old) {
			t.Fatal(err, old)
		}
		if err := os.WriteFile(name, []byte(strings.Replace(string(b), old, text, 1)), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("a record that is gone", func(t *testing.T) {
		k := library(t)
		first := k.must("10.0.2.1", kit(), nil)
		k.activate(first)
		if err := os.Remove(filepath.Join(k.w.ReleaseDir(first.Release.Name), releaseFile)); err != nil {
			t.Fatal(err)
		}
		_, err := k.stage("10.0.2.1", changed(), nil)
		if bad := (*MismatchError)(nil); !errors.As(err, &bad) || bad.Files[0].Path != releaseFile {
			t.Errorf("error %v, want that %s is missing", err, releaseFile)
		}
	})
	for _, tt := range []struct{ name, old, text string }{
		{"not to be read", `"format"`, `"form"`},
		{"a sum", hexSum("<one/>"), hexSum("<two/>")},
		{"a name", `"amd64/empty.dat"`, `"amd64/empti.dat"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := library(t)
			first := k.must("10.0.2.1", kit(), nil)
			k.activate(first)
			spoil(t, k, first, tt.old, tt.text)
			_, err := k.stage("10.0.2.1", changed(), nil)
			if bad := (*MismatchError)(nil); !errors.As(err, &bad) || bad.What != "release "+first.Release.Name+", which the kit is compared with" {
				t.Errorf("error %v, want that the release is damaged", err)
			}
			c := k.must("10.0.2.1", changed(), allowed).Changes
			if c == nil || c.Problem == "" || c.Same() || c.Release != first.Release.Name {
				t.Errorf("allowed: %+v, want that nothing was compared", c)
			}
			if c := k.must("10.0.3.1", changed(), nil).Changes; c == nil || c.Problem == "" || c.Release != first.Release.Name {
				t.Errorf("another version: %+v, want that nothing was compared", c)
			}
		})
	}
	for _, tt := range []struct{ name, old, text string }{
		{"not active, not to be read", `"format"`, `"form"`},
		{"not active, a sum", hexSum("<one/>"), hexSum("<two/>")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := library(t)
			k.activate(k.must("10.0.1.1", kit(), nil))
			spoil(t, k, k.must("10.0.2.1", kit(), nil), tt.old, tt.text)
			k.must("10.0.2.1", changed(), nil)
		})
	}
}

// A size in the record that is wrong refuses nothing: the sums decide.
func TestSameVersionSumsDecide(t *testing.T) {
	k := library(t)
	over, o := overlaidKit()
	first := k.must("10.0.2.1", kit(), nil)
	k.activate(first)
	name := filepath.Join(k.w.ReleaseDir(first.Release.Name), releaseFile)
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	line := `"size":6,"sha256":"` + hexSum("<one/>")
	if err := os.WriteFile(name, []byte(strings.Replace(string(b), line, strings.Replace(line, "6", "7", 1), 1)), 0o666); err != nil || !strings.Contains(string(b), line) {
		t.Fatal(err)
	}
	if _, err := k.w.Stage(t.Context(), source(over), Options{USMTVersion: "10.0.2.1", Tool: "test", Overlay: o.Overlay}); err != nil {
		t.Error(err)
	}
}

// A run that is cancelled while it is compared refuses nothing.
func TestSameVersionCancelled(t *testing.T) {
	k := library(t)
	k.activate(k.must("10.0.2.1", kit(), nil))
	ctx, cancel := context.WithCancel(t.Context())
	k.w.step = func(string) { cancel() }
	if _, err := k.w.Stage(ctx, source(changed()), Options{USMTVersion: "10.0.2.1"}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
}
