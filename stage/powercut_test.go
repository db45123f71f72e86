package stage

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"
)

// A cutDisk is a flusher that works out what a power cut would leave below
// dir: of a file, what it contained when it was last flushed; of a folder, the
// names it had then. It takes the state before every flush and at every step.
type cutDisk struct {
	dir    string
	system bool // the whole file system can be flushed at once
	fail   int  // the flush that fails, counted from 1; 0: none

	mu      sync.Mutex
	flushed []inode
	files   []string // what was flushed, one entry a call: the path of a file or folder, or "*"
	cuts    []cut
	kept    promise
}

// A promise is what was reported as done, and must not be lost any more.
type promise int

const (
	nothing promise = iota
	staged
	defined
	everything
)

// An inode is a file or folder as it was when it was last flushed.
type inode struct {
	info    fs.FileInfo
	content string                 // of a file
	names   map[string]fs.FileInfo // of a folder
}

// A cut is what a power cut leaves: the content of files by path; folders end in a slash.
type cut struct {
	at   string // the step, or the flush that was about to begin
	kept promise
	left map[string]string
}

var errFlush = errors.New("the disk could not write it")

// newCutDisk watches dir, whose content is taken as flushed.
// posixOnly skips a test of the order of flushes, which has to know each file by its identity while
// it is written, and needs folders that can be flushed. The code is the same everywhere.
func posixOnly(t *testing.T) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("Windows flushes no folders, and the test cannot tell files that are open for writing apart there")
	}
}

func newCutDisk(t *testing.T, dir string, system bool) *cutDisk {
	t.Helper()
	d := &cutDisk{dir: dir, system: system}
	d.flushTree()
	return d
}

func (d *cutDisk) canFlushSystem(*os.File) bool { return d.system }

func (d *cutDisk) flushSystem(*os.File) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.cut("flushing everything")
	if d.files = append(d.files, "*"); len(d.files) == d.fail {
		return errFlush
	}
	d.flushTree()
	return nil
}

func (d *cutDisk) flush(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	name := d.find(info)
	d.cut("flushing " + name)
	if d.files = append(d.files, name); len(d.files) == d.fail {
		return errFlush
	}
	d.take(name, info)
	return nil
}

// step is called between the steps of a run.
func (d *cutDisk) step(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.cut(name)
}

// promise takes the state after something was reported as done.
func (d *cutDisk) promise(p promise) {
	d.kept = p
	d.step(fmt.Sprint("promise ", p))
}

// walk calls do for everything below the folder, and the folder itself.
func (d *cutDisk) walk(do func(name string, info fs.FileInfo)) {
	_ = filepath.WalkDir(d.dir, func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			return nil //nolint:nilerr // others write here: it was renamed or removed
		}
		info, err := e.Info()
		if err != nil {
			return nil //nolint:nilerr // as above
		}
		os.SameFile(info, info) // Windows asks for the identity by name: now, not after a rename
		name, _ := filepath.Rel(d.dir, p)
		do(filepath.ToSlash(name), info)
		return nil
	})
}

// find returns the path of an open file, whatever it was opened as.
func (d *cutDisk) find(open fs.FileInfo) (found string) {
	d.walk(func(name string, info fs.FileInfo) {
		if os.SameFile(info, open) {
			found = name
		}
	})
	return found
}

func (d *cutDisk) flushTree() { d.walk(d.take) }

// take records a file or folder as flushed.
func (d *cutDisk) take(name string, info fs.FileInfo) {
	n := inode{info: info}
	if info.IsDir() {
		n.names = d.names(name)
	} else {
		b, _ := os.ReadFile(filepath.Join(d.dir, name))
		n.content = string(b)
	}
	if i := d.index(info); i >= 0 {
		d.flushed[i] = n
		return
	}
	d.flushed = append(d.flushed, n)
}

func (d *cutDisk) index(info fs.FileInfo) int {
	return slices.IndexFunc(d.flushed, func(n inode) bool { return os.SameFile(n.info, info) })
}

// names are the entries of a folder as it is now.
func (d *cutDisk) names(dir string) map[string]fs.FileInfo {
	names := map[string]fs.FileInfo{}
	entries, _ := os.ReadDir(filepath.Join(d.dir, dir))
	for _, e := range entries {
		if info, err := e.Info(); err == nil {
			os.SameFile(info, info)
			names[e.Name()] = info
		}
	}
	return names
}

// cut takes what a power cut leaves now, in three ways: no name that was not
// flushed; every name, and files that were not flushed are empty; the same,
// and they are as long as they were and contain zeros.
func (d *cutDisk) cut(at string) {
	root, err := os.Lstat(d.dir)
	if err != nil {
		return
	}
	for _, now := range []struct {
		names bool
		torn  func(size int64) string
	}{
		{false, func(int64) string { return "" }},
		{true, func(int64) string { return "" }},
		{true, func(size int64) string { return strings.Repeat("\x00", int(size)) }},
	} {
		left := map[string]string{}
		d.survive(left, ".", root, now.names, now.torn)
		if i := slices.IndexFunc(d.cuts, func(c cut) bool { return c.kept == d.kept && maps.Equal(c.left, left) }); i < 0 {
			d.cuts = append(d.cuts, cut{at, d.kept, left})
		}
	}
}

// survive adds what is left of a file or folder to left.
func (d *cutDisk) survive(left map[string]string, name string, info fs.FileInfo, live bool, torn func(int64) string) {
	var n inode
	i := d.index(info)
	if i >= 0 {
		n = d.flushed[i]
	}
	if !info.IsDir() {
		if i < 0 {
			n.content = torn(info.Size())
		}
		left[name] = n.content
		return
	}
	if live {
		n.names = d.names(name)
	}
	left[name+"/"] = ""
	for base, child := range n.names {
		d.survive(left, path.Join(name, base), child, live, torn)
	}
}

// write makes what is left below a folder. The lock is not among it: what
// becomes of one that was left, torn ones included, is tested elsewhere, and takes its time.
func (c cut) write(t *testing.T, dir string) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(c.left)) {
		file := filepath.Join(dir, filepath.FromSlash(name))
		switch {
		case strings.HasSuffix(name, "/"):
			if err := os.MkdirAll(file, 0o777); err != nil {
				t.Fatal(err)
			}
		case path.Base(name) != lockFile:
			write(t, file, c.left[name])
		}
	}
}

// judge hands every state after a cut to check, each in a folder of its own.
func (d *cutDisk) judge(t *testing.T, least int, check func(t *testing.T, dir string, c cut)) {
	t.Helper()
	if len(d.cuts) < least {
		t.Errorf("%d different states after a cut, want at least %d: %v", len(d.cuts), least, d.files)
	}
	for _, c := range d.cuts {
		dir := t.TempDir()
		c.write(t, dir)
		check(t, dir, c)
		if t.Failed() {
			t.Fatalf("power cut at %q: %v", c.at, slices.Sorted(maps.Keys(c.left)))
		}
	}
}

// smallKit is a source of a few small files.
func smallKit(text string) fstest.MapFS {
	m := fstest.MapFS{}
	for _, name := range []string{"amd64/scanstate.exe", "amd64/DLManifests/a/one.man"} {
		m[name] = &fstest.MapFile{Data: []byte(text + name), ModTime: testTime}
	}
	m["amd64/empty.dat"] = &fstest.MapFile{ModTime: testTime}
	return m
}

var cutModes = []struct {
	name   string
	system bool
}{{"every file by itself", false}, {"the file system at once", true}}

// Whenever the power goes, every release is whole or not there, the active one
// is there, the next run does its work, and what a run reported as done stays.
func TestPowerCut(t *testing.T) {
	posixOnly(t)
	tests := []struct {
		name   string
		old    bool // a release is there and active
		system bool
		least  int // states
	}{
		{"first run, flushing every file by itself", false, false, 40},
		{"new release, flushing every file by itself", true, false, 40},
		{"new release, flushing the file system at once", true, true, 20},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			lib, old := filepath.Join(dir, "osd", "lib"), ""
			if tt.old {
				if err := cutRun(t, lib, "old ", nil); err != nil {
					t.Fatal(err)
				}
				old = current(t, lib)
			}
			d := newCutDisk(t, dir, tt.system)
			if err := cutRun(t, lib, "new ", d); err != nil {
				t.Fatal(err)
			}
			d.promise(everything)
			made := current(t, lib)
			d.judge(t, tt.least, func(t *testing.T, dir string, c cut) {
				t.Helper()
				checkAfterCut(t, filepath.Join(dir, "osd", "lib"), old, made, c)
			})
		})
	}
}

// quickDisk flushes nothing, for runs whose durability nobody looks at: the disk of a machine
// that runs tests has enough to do.
type quickDisk struct{}

func (quickDisk) flush(*os.File) error         { return nil }
func (quickDisk) flushSystem(*os.File) error   { return nil }
func (quickDisk) canFlushSystem(*os.File) bool { return true }

// cutRun stages, defines and activates.
func cutRun(t *testing.T, lib, kit string, d *cutDisk) error {
	t.Helper()
	o := WriterOptions{disk: quickDisk{}}
	if d != nil {
		o.step, o.disk = d.step, d
	}
	w, err := OpenWriter(t.Context(), lib, o)
	if err != nil {
		return err
	}
	kept := func(p promise) {
		if d != nil && err == nil {
			d.promise(p)
		}
	}
	so := options()
	so.AllowChanged = true // the kits are of one USMT version
	res, err := w.Stage(t.Context(), source(smallKit(kit)), so)
	kept(staged)
	if err == nil {
		_, err = w.Define(t.Context(), res.Release.Name, map[string][]byte{"a.txt": []byte("a"), "b.txt": []byte("b")})
		kept(defined)
	}
	if err == nil {
		_, err = w.Activate(t.Context(), res.Release.Name)
	}
	return errors.Join(err, w.Close())
}

// current is the active release of a library.
func current(t *testing.T, lib string) string {
	t.Helper()
	name, err := At(lib).Current()
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// checkAfterCut looks at a library after a power cut, and runs again.
func checkAfterCut(t *testing.T, dir, old, made string, c cut) {
	t.Helper()
	lib := At(dir)
	for name := range c.left {
		if dir, base := path.Split(name); base == "" && path.Dir(path.Clean(dir)) == "osd/lib" && releaseName.MatchString(path.Base(dir)) {
			checkIntact(t, lib, path.Base(dir))
		}
	}
	current, err := lib.Current()
	if err != nil || current != "" && current != old && current != made || current == "" && old != "" {
		t.Errorf("active release %q, %v, want %q or %q", current, err, old, made)
	}
	if want := cmp.Or(current, old); want != "" {
		checkIntact(t, lib, want)
	}
	if c.kept >= staged {
		checkIntact(t, lib, made)
	}
	if c.kept >= defined {
		checkDefinition(t, lib, made)
	}
	if c.kept == everything && current != made {
		t.Errorf("active release %q, want %q, which was activated", current, made)
	}
	if err := cutRun(t, dir, "new ", nil); err != nil {
		t.Errorf("the run after the cut: %v", err)
		return
	}
	if current, err := lib.Current(); err != nil || current != made {
		t.Errorf("active release %q, %v after the next run, want %q", current, err, made)
	}
	checkIntact(t, lib, made)
	checkDefinition(t, lib, made)
	for name := range content(t, dir) {
		if top, _, _ := strings.Cut(name, "/"); top != made && top != old && top != currentFile && top != definitionsDir || strings.HasSuffix(name, partialSuffix) {
			t.Errorf("%s is left in the library", name)
		}
	}
}

// checkIntact makes sure that a release is there and whole.
func checkIntact(t *testing.T, lib *Library, name string) {
	t.Helper()
	rep, err := Verify(t.Context(), lib.ReleaseDir(name), VerifyOptions{})
	if err != nil || len(rep.Differences()) > 0 {
		t.Errorf("release %s: %v, %v", name, rep.Differences(), err)
	}
}

func checkDefinition(t *testing.T, lib *Library, name string) {
	t.Helper()
	for _, want := range []string{"a", "b"} {
		if b, err := os.ReadFile(filepath.Join(lib.DefinitionDir(name), want+".txt")); err != nil || string(b) != want {
			t.Errorf("definition %s.txt: %q, %v", want, b, err)
		}
	}
}

// packedSmall is a content of a few small files.
func packedSmall() Content {
	return contentOf(fstest.MapFS{"amd64/scanstate.exe": {Data: []byte("scan")}, "amd64/DLManifests/one.man": {Data: []byte("<one/>")}}, "x86/empty")
}

// The same for a content that is extracted.
func TestExtractPowerCut(t *testing.T) {
	posixOnly(t)
	for _, mode := range cutModes {
		t.Run(mode.name, func(t *testing.T) {
			t.Parallel()
			work := t.TempDir()
			d := newCutDisk(t, work, mode.system)
			if _, err := Extract(t.Context(), packedSmall(), filepath.Join(work, "USMT"), ExtractOptions{step: d.step, disk: d}); err != nil {
				t.Fatal(err)
			}
			d.promise(everything)
			want := content(t, filepath.Join(work, "USMT"))
			d.judge(t, 5, func(t *testing.T, dir string, c cut) {
				t.Helper()
				target := filepath.Join(dir, "USMT")
				if _, err := os.Stat(target); err == nil {
					if !mapsEqual(want, content(t, target)) {
						t.Error("the target is not what was extracted")
					}
					return
				}
				if c.kept == everything {
					t.Error("what was extracted is lost")
				}
				removeAll(t, dir) // what is left proves to be of a process that runs: this one
				if _, err := Extract(t.Context(), packedSmall(), target, ExtractOptions{disk: quickDisk{}}); err != nil || !mapsEqual(want, content(t, target)) {
					t.Errorf("Extract after the cut = %v", err)
				}
			})
		})
	}
}

// removeAll removes what is in a folder.
func removeAll(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
}

// Each flush that fails ends the run with its error: the disk tells it once.
func TestFlushFails(t *testing.T) {
	for _, mode := range cutModes {
		t.Run("stage, "+mode.name, func(t *testing.T) {
			t.Parallel()
			d := newCutDisk(t, t.TempDir(), mode.system)
			if err := cutRun(t, filepath.Join(d.dir, "lib"), "new ", d); err != nil {
				t.Fatal(err)
			}
			for k := range d.files {
				failing := newCutDisk(t, t.TempDir(), mode.system)
				failing.fail = k + 1
				if err := cutRun(t, filepath.Join(failing.dir, "lib"), "new ", failing); !errors.Is(err, errFlush) {
					t.Errorf("flush %d of %v fails: the run ends with %v, want its error", k+1, failing.files, err)
				}
			}
		})
		t.Run("extract, "+mode.name, func(t *testing.T) {
			t.Parallel()
			d := newCutDisk(t, t.TempDir(), mode.system)
			if _, err := Extract(t.Context(), packedSmall(), filepath.Join(d.dir, "USMT"), ExtractOptions{disk: d}); err != nil {
				t.Fatal(err)
			}
			for k := range d.files {
				failing := newCutDisk(t, t.TempDir(), mode.system)
				failing.fail = k + 1
				if _, err := Extract(t.Context(), packedSmall(), filepath.Join(failing.dir, "USMT"), ExtractOptions{disk: failing}); !errors.Is(err, errFlush) {
					t.Errorf("flush %d of %v fails: Extract = %v, want its error", k+1, failing.files, err)
				}
			}
		})
	}
}

// slowDisk takes a second to flush everything.
type slowDisk struct{ *cutDisk }

func (d slowDisk) flushSystem(dir *os.File) error {
	time.Sleep(time.Second)
	return d.cutDisk.flushSystem(dir)
}

// What is read back past the cache comes from the disk only once it is there.
func TestUncachedFollowsTheFlush(t *testing.T) {
	posixOnly(t)
	for _, mode := range cutModes {
		t.Run(mode.name, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				d := newCutDisk(t, dir, mode.system)
				w, err := OpenWriter(t.Context(), dir, WriterOptions{disk: slowDisk{d}})
				if err != nil {
					t.Fatal(err)
				}
				o := options()
				o.Verify = VerifyUncached
				o.Checker = checkerFunc{inspect: func(p string, _ io.ReaderAt, _ int64) (Facts, error) {
					if d.mu.Lock(); !slices.ContainsFunc(d.files, func(f string) bool { return f == "*" || strings.HasSuffix(f, "/data/"+p) }) {
						t.Errorf("%s is read back before it was flushed; flushed was %v", p, d.files)
					}
					d.mu.Unlock()
					return Facts{}, nil
				}}
				_, err = w.Stage(t.Context(), source(smallKit("new ")), o)
				if err := errors.Join(err, w.Close()); err != nil {
					t.Error(err)
				}
			})
		})
	}
}
