package stage

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"go.uber.org/goleak"

	"usmtpkg/locate/tree"
	"usmtpkg/stage/bag"
)

func TestMain(m *testing.M) {
	if os.Getenv(crashVar) != "" {
		os.Exit(crashRun())
	}
	goleak.VerifyTestMain(m)
}

var testTime = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// kit is a small source: two arches, a folder in a folder, an empty file, and
// one file that needs several buffers.
func kit() fstest.MapFS {
	m := fstest.MapFS{}
	for _, arch := range []string{"amd64", "x86"} {
		for name, content := range map[string]string{
			"scanstate.exe":         "scan " + arch,
			"empty.dat":             "",
			"big.dll":               strings.Repeat("big "+arch, 40_000),
			"DLManifests/one.man":   "<one/>",
			"DLManifests/a/two.man": "<two/>",
		} {
			m[arch+"/"+name] = &fstest.MapFile{Data: []byte(content), ModTime: testTime}
		}
	}
	return m
}

func options() Options { return Options{USMTVersion: "10.0.1.2", Tool: "test"} }

func source(fsys fs.FS) Source { return Source{FS: fsys, Origin: Origin{Path: "kit", How: "test"}} }

func writer(t *testing.T, dir string) *Writer {
	t.Helper()
	w, err := OpenWriter(t.Context(), dir, WriterOptions{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// stageInto stages once and closes the library.
func stageInto(t *testing.T, dir string, src Source, o Options) (Result, error) {
	t.Helper()
	w := writer(t, dir)
	res, err := w.Stage(t.Context(), src, o)
	if cerr := w.Close(); cerr != nil {
		t.Errorf("Close = %v", cerr)
	}
	return res, err
}

func mustStage(t *testing.T, dir string, src Source, o Options) Result {
	t.Helper()
	res, err := stageInto(t, dir, src, o)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// content lists everything in a library but its marker, with the files' content.
func content(t *testing.T, dir string) map[string]string {
	t.Helper()
	got := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || p == dir || d.Name() == markerFile {
			return err
		}
		rel, err := filepath.Rel(dir, p)
		if err != nil {
			return err
		}
		if d.IsDir() {
			got[filepath.ToSlash(rel)+"/"] = ""
			return nil
		}
		if d.Type() == fs.ModeSymlink {
			got[filepath.ToSlash(rel)], err = os.Readlink(p)
			return err
		}
		b, err := os.ReadFile(p)
		got[filepath.ToSlash(rel)] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// wantEmpty fails unless the library holds its marker and nothing else.
func wantEmpty(t *testing.T, dir string) {
	t.Helper()
	for name := range content(t, dir) {
		t.Errorf("%s is left in the library", name)
	}
}

func TestStagePublishes(t *testing.T) {
	for _, mode := range []VerifyMode{VerifyStream, VerifyReread, VerifyUncached} {
		t.Run(string(mode), func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "lib")
			o := options()
			o.Verify = mode
			res := mustStage(t, dir, source(kit()), o)
			if !res.Published {
				t.Error("Published = false for a new release")
			}
			for name, f := range kit() {
				b, err := os.ReadFile(filepath.Join(dir, res.Release.Name, "data", name))
				if err != nil || !bytes.Equal(b, f.Data) {
					t.Errorf("%s: %v, or other content than the source", name, err)
				}
			}
			lib, err := Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			rec, err := lib.Release(res.Release.Name)
			if err != nil {
				t.Fatal(err)
			}
			if rec.Verify.Requested != mode || rec.FileCount != 10 || rec.Library != lib.ID {
				t.Errorf("release.json = %+v", rec)
			}
			if got := strings.Join(rec.Arches, " "); got != "amd64 x86" {
				t.Errorf("arches = %q", got)
			}
			rep, err := Verify(t.Context(), lib.ReleaseDir(rec.Name), VerifyOptions{})
			if err != nil || len(rep.Differences()) > 0 {
				t.Errorf("Verify = %v, %v", rep.Differences(), err)
			}
		})
	}
}

func TestStageTwiceWritesNothing(t *testing.T) {
	for _, mode := range []VerifyMode{VerifyStream, VerifyReread, VerifyUncached} {
		t.Run(string(mode), func(t *testing.T) {
			dir := t.TempDir()
			o := options()
			o.Verify = mode
			first := mustStage(t, dir, source(kit()), o)
			before := content(t, dir)
			second := mustStage(t, dir, source(kit()), o)
			if second.Published || second.Release.Name != first.Release.Name {
				t.Errorf("second Stage = %v %s, want the release %s unchanged", second.Published, second.Release.Name, first.Release.Name)
			}
			if after := content(t, dir); !mapsEqual(before, after) {
				t.Error("the second Stage changed the library")
			}
		})
	}
}

func mapsEqual(a, b map[string]string) bool {
	if len(a) != len(b) {
		return false
	}
	for k, v := range a {
		if b[k] != v {
			return false
		}
	}
	return true
}

// Where the file system cannot be flushed as a whole, every file and every
// folder of a release is flushed before it is published.
func TestStageFlushesEveryFileWithoutSyncFS(t *testing.T) {
	posixOnly(t)
	dir := t.TempDir()
	d := newCutDisk(t, dir, false)
	var before []string // flushed before it is published
	w, err := OpenWriter(t.Context(), dir, WriterOptions{Now: time.Now, disk: d, step: func(name string) {
		if name == "published" {
			before = slices.Clone(d.files)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	res, err := w.Stage(t.Context(), source(kit()), options())
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	if res.Release.Durability != DurableFsync {
		t.Errorf("durability = %q, want %q", res.Release.Durability, DurableFsync)
	}
	flushed := map[string]int{} // by the path in the release
	for _, name := range before {
		if top, rest, _ := strings.Cut(name, "/"); strings.HasPrefix(top, stagingPrefix) {
			flushed[rest]++
		}
	}
	all := content(t, filepath.Join(dir, res.Release.Name))
	for name := range all {
		if flushed[strings.TrimSuffix(name, "/")] == 0 {
			t.Errorf("%s was not flushed before it was published", name)
		}
	}
	if flushed[""] == 0 || len(all) < len(kit()) {
		t.Errorf("flushed was %v", before)
	}
	if after := d.files[len(before):]; !slices.Equal(after, []string{"."}) {
		t.Errorf("flushed after the rename: %v, want the library's folder", after)
	}
}

func TestStageSameSizeOtherContent(t *testing.T) {
	dir := t.TempDir()
	first := mustStage(t, dir, source(kit()), options())
	other := kit()
	other["x86/scanstate.exe"] = &fstest.MapFile{Data: []byte("SCAN x86"), ModTime: testTime}
	before := content(t, filepath.Join(dir, first.Release.Name))
	o := options()
	o.AllowChanged = true
	second := mustStage(t, dir, source(other), o)
	if !second.Published || second.Release.Name == first.Release.Name {
		t.Errorf("Stage = %+v, want another release", second)
	}
	if after := content(t, filepath.Join(dir, first.Release.Name)); !mapsEqual(before, after) {
		t.Error("the first release changed")
	}
}

// What the first look sees ends the run before anything is flushed or read back.
func TestFirstLook(t *testing.T) {
	for _, mode := range []VerifyMode{VerifyStream, VerifyReread, VerifyUncached} {
		dir := t.TempDir()
		var seen sync.Map
		o := options()
		o.Verify = mode
		bad := errors.New("not a kit")
		looked, readBack := 0, 0
		o.FirstLook = checkerFunc{
			inspect: func(path string, _ io.ReaderAt, _ int64) (Facts, error) { seen.Store(path, true); return Facts{}, nil },
			finish:  func() error { looked++; return bad },
		}
		o.Checker = checkerFunc{inspect: func(string, io.ReaderAt, int64) (Facts, error) { readBack++; return Facts{}, nil }}
		if mode == VerifyStream {
			o.Workers = 1
			o.Checker = checkerFunc{finish: func() error { return bad }}
		}
		disk := &countingFlusher{}
		w, err := OpenWriter(t.Context(), dir, WriterOptions{Now: time.Now, disk: disk})
		if err != nil {
			t.Fatal(err)
		}
		disk.systems = 0
		if _, err := w.Stage(t.Context(), source(kit()), o); !errors.Is(err, bad) {
			t.Errorf("%s: Stage = %v, want what the first look found", mode, err)
		}
		if disk.systems > 0 || readBack > 0 {
			t.Errorf("%s: flushed %d times, %d files read back, want neither", mode, disk.systems, readBack)
		}
		if mode != VerifyStream {
			for name := range kit() {
				if _, ok := seen.Load(name); !ok {
					t.Errorf("%s: nobody looked at %s", mode, name)
				}
			}
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		wantEmpty(t, dir)
	}
}

// countingFlusher counts how often a whole file system is flushed.
type countingFlusher struct {
	osFlusher
	systems int
}

func (f *countingFlusher) flushSystem(*os.File) error { f.systems++; return nil }
func (*countingFlusher) canFlushSystem(*os.File) bool { return true }

// A kit of the shape of a release, but of other content, is read twice: compared, and copied.
func TestStageReadsOtherContentTwice(t *testing.T) {
	dir := t.TempDir()
	mustStage(t, dir, source(kit()), options())
	other := kit()
	other["x86/scanstate.exe"] = &fstest.MapFile{Data: []byte("SCAN x86"), ModTime: testTime}
	opened := &countFS{FS: other, opened: map[string]int{}}
	o := options()
	o.AllowChanged, o.Workers = true, 2
	mustStage(t, dir, source(opened), o)
	for name, n := range opened.opened {
		if n > 2 {
			t.Errorf("%s was opened %d times, want twice at most", name, n)
		}
	}
}

// A countFS counts how often each file is opened.
type countFS struct {
	fs.FS
	mu     sync.Mutex
	opened map[string]int
}

func (f *countFS) Open(name string) (fs.File, error) {
	file, err := f.FS.Open(name)
	if err != nil {
		return nil, err
	}
	if info, err := file.Stat(); err == nil && !info.IsDir() {
		f.mu.Lock()
		f.opened[name]++
		f.mu.Unlock()
	}
	return file, nil
}

// With everything allowed, a damaged release is found by its name in the end.
func TestStageFindsDamageAfterCopy(t *testing.T) {
	dir := t.TempDir()
	res := mustStage(t, dir, source(kit()), options())
	damage(t, filepath.Join(dir, res.Release.Name, "data", "x86", "big.dll"))
	o := options()
	o.AllowChanged = true
	_, err := stageInto(t, dir, source(kit()), o)
	var mm *MismatchError
	if !errors.As(err, &mm) || len(mm.Files) != 1 || mm.Files[0].Path != "data/x86/big.dll" {
		t.Errorf("Stage = %v, want a MismatchError for data/x86/big.dll", err)
	}
}

func TestStageFindsDamageInExistingRelease(t *testing.T) {
	dir := t.TempDir()
	res := mustStage(t, dir, source(kit()), options())
	damage(t, filepath.Join(dir, res.Release.Name, "data", "x86", "big.dll"))
	_, err := stageInto(t, dir, source(kit()), options())
	var mm *MismatchError
	if !errors.As(err, &mm) || len(mm.Files) != 1 || mm.Files[0].Path != "data/x86/big.dll" {
		t.Errorf("Stage = %v, want a MismatchError for data/x86/big.dll", err)
	}
}

// damage flips one bit in the middle of a file.
func damage(t *testing.T, name string) {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(name, b, 0o666); err != nil {
		t.Fatal(err)
	}
}

// Whichever file it is in, and whether it is the first or the last of them.
func TestRereadFindsFlippedByte(t *testing.T) {
	for _, mode := range []VerifyMode{VerifyReread, VerifyUncached} {
		for _, file := range slices.Sorted(maps.Keys(kit())) {
			if len(kit()[file].Data) == 0 {
				continue
			}
			t.Run(string(mode)+" "+file, func(t *testing.T) {
				dir := t.TempDir()
				w, err := OpenWriter(t.Context(), dir, WriterOptions{disk: quickDisk{}, step: func(name string) {
					if name == "copied" {
						matches, err := filepath.Glob(filepath.Join(dir, ".staging-*", "data", filepath.FromSlash(file)))
						if err != nil || len(matches) != 1 {
							t.Fatal(matches, err)
						}
						damage(t, matches[0])
					}
				}})
				if err != nil {
					t.Fatal(err)
				}
				o := options()
				o.Verify = mode
				_, err = w.Stage(t.Context(), source(kit()), o)
				var mm *MismatchError
				if !errors.As(err, &mm) || len(mm.Files) != 1 || mm.Files[0].Path != file {
					t.Errorf("Stage = %v, want a MismatchError for %s", err, file)
				}
				if err := w.Close(); err != nil {
					t.Error(err)
				}
				wantEmpty(t, dir)
			})
		}
	}
}

// checkerFunc is a Checker made of two functions.
type checkerFunc struct {
	inspect func(path string, r io.ReaderAt, size int64) (Facts, error)
	finish  func() error
}

func (c checkerFunc) Inspect(path string, r io.ReaderAt, size int64) (Inspection, error) {
	if c.inspect == nil {
		return noChecker{}, nil
	}
	f, err := c.inspect(path, r, size)
	return &inspected{path: path, facts: f}, err
}

// inspected is an Inspection that makes sure that it was given the content.
type inspected struct {
	path  string
	facts Facts
	bytes.Buffer
}

func (i *inspected) Wants() bool { return true }

func (i *inspected) Facts(sum string) (Facts, error) {
	if got := fmt.Sprintf("%x", sha256.Sum256(i.Bytes())); got != sum {
		return Facts{}, fmt.Errorf("%s: the content that was written has the sum %s, the inspection was told %s", i.path, got, sum)
	}
	return i.facts, nil
}

func (c checkerFunc) Finish() error {
	if c.finish == nil {
		return nil
	}
	return c.finish()
}

func TestCheckerSeesEveryStagedFile(t *testing.T) {
	for _, mode := range []VerifyMode{VerifyStream, VerifyReread} {
		t.Run(string(mode), func(t *testing.T) {
			seen := make(chan string, 100)
			o := options()
			o.Verify = mode
			o.Checker = checkerFunc{inspect: func(p string, r io.ReaderAt, size int64) (Facts, error) {
				b := make([]byte, size)
				if _, err := r.ReadAt(b, 0); err != nil && !errors.Is(err, io.EOF) {
					return Facts{}, err
				}
				if !bytes.Equal(b, kit()[p].Data) {
					t.Errorf("%s: the checker saw other content", p)
				}
				seen <- p
				return Facts{Machine: "amd64", FileVersion: "1.2.3.4", Signature: "not-checked"}, nil
			}}
			dir := t.TempDir()
			res := mustStage(t, dir, source(kit()), o)
			if len(seen) != len(kit()) {
				t.Errorf("the checker saw %d files, want %d", len(seen), len(kit()))
			}
			b, err := os.ReadFile(filepath.Join(dir, res.Release.Name, releaseFile))
			if err != nil {
				t.Fatal(err)
			}
			var rec Release
			if err := decode(releaseFile, b, releaseFormat, releaseVersion, &rec); err != nil || len(rec.Files) != len(kit()) {
				t.Fatal(len(rec.Files), err)
			}
			if f := rec.Files[0]; f.SHA256 == "" || f.Machine != "amd64" || f.FileVersion != "1.2.3.4" || f.Signature != "not-checked" {
				t.Errorf("inventory = %+v, want the checker's facts", f)
			}
		})
	}
}

func TestNothingPublishedWhenCheckerRefuses(t *testing.T) {
	errUnfit := errors.New("unfit")
	tests := []struct {
		name    string
		checker Checker
		want    string
	}{
		{"verdict", checkerFunc{finish: func() error { return errUnfit }}, "unfit"},
		{"failure", checkerFunc{inspect: func(string, io.ReaderAt, int64) (Facts, error) { return Facts{}, errUnfit }}, "unfit"},
		{"panic", checkerFunc{inspect: func(string, io.ReaderAt, int64) (Facts, error) { panic("boom") }}, "internal fault: boom"},
	}
	for _, tt := range tests {
		for _, mode := range []VerifyMode{VerifyStream, VerifyReread} {
			t.Run(tt.name+" "+string(mode), func(t *testing.T) {
				dir := t.TempDir()
				o := options()
				o.Verify, o.Checker = mode, tt.checker
				_, err := stageInto(t, dir, source(kit()), o)
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("Stage = %v, want %q", err, tt.want)
				}
				wantEmpty(t, dir)
			})
		}
	}
}

func TestPlanTouchesNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "none")
	res, err := Plan(t.Context(), nil, source(kit()), options())
	if err != nil || !res.Published {
		t.Fatalf("Plan = %+v, %v", res, err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Error("Plan made the library")
	}
	did := mustStage(t, dir, source(kit()), options())
	if did.Release.Name != res.Release.Name || did.Release.Digest != res.Release.Digest {
		t.Errorf("Plan said %s, Stage made %s", res.Release.Name, did.Release.Name)
	}
	lib, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if res, err = Plan(t.Context(), lib, source(kit()), options()); err != nil || res.Published {
		t.Errorf("second Plan = %v, %v, want unchanged", res.Published, err)
	}
}

func TestStageRefusesBadVersion(t *testing.T) {
	for _, v := range []string{"", "../x", "a/b", "-1", ".1", strings.Repeat("1", 33), "1 2"} {
		o := options()
		o.USMTVersion = v
		if _, err := Plan(t.Context(), nil, source(kit()), o); err == nil {
			t.Errorf("version %q is accepted", v)
		}
	}
}

// faultFS changes how one file of a file system behaves.
type faultFS struct {
	fs.FS
	name string
	read func(f fs.File, p []byte) (int, error)
}

func (f faultFS) Open(name string) (fs.File, error) {
	file, err := f.FS.Open(name)
	if err != nil || name != f.name {
		return file, err
	}
	return &faultFile{file, f.read}, nil
}

type faultFile struct {
	fs.File
	read func(f fs.File, p []byte) (int, error)
}

func (f *faultFile) Read(p []byte) (int, error) { return f.read(f.File, p) }

func TestStageSourceFaults(t *testing.T) {
	errDisk := errors.New("bad sector")
	tests := []struct {
		name string
		fsys func() fs.FS
		is   func(error) bool
		want string
	}{
		{"read error", func() fs.FS {
			n := 0
			return faultFS{kit(), "x86/big.dll", func(f fs.File, p []byte) (int, error) {
				if n++; n > 2 {
					return 0, errDisk
				}
				return f.Read(p)
			}}
		}, func(err error) bool { var s *SourceError; return errors.As(err, &s) && errors.Is(err, errDisk) }, "x86/big.dll"},
		{"grows", func() fs.FS {
			return faultFS{kit(), "x86/scanstate.exe", func(_ fs.File, p []byte) (int, error) { return len(p), nil }}
		}, func(err error) bool { return errors.Is(err, tree.ErrChanged) }, "x86/scanstate.exe"},
		{"shrinks", func() fs.FS {
			return faultFS{kit(), "x86/scanstate.exe", func(fs.File, []byte) (int, error) { return 0, io.EOF }}
		}, func(err error) bool { return errors.Is(err, tree.ErrChanged) }, "read 0 of 8 bytes"},
		{"vanishes", func() fs.FS {
			return vanishFS{kit(), "x86/scanstate.exe"}
		}, func(err error) bool { return errors.Is(err, tree.ErrChanged) }, "gone"},
		{"vanishes while it is listed", func() fs.FS { return lateFS{kit()} },
			func(err error) bool { return errors.Is(err, tree.ErrChanged) }, "big.dll"},
		{"link", func() fs.FS {
			m := kit()
			m["amd64/link"] = &fstest.MapFile{Data: []byte("scanstate.exe"), Mode: fs.ModeSymlink}
			return m
		}, func(err error) bool { var e *EntryError; return errors.As(err, &e) }, "amd64/link: found symbolic link"},
		{"pipe", func() fs.FS {
			m := kit()
			m["amd64/pipe"] = &fstest.MapFile{Mode: fs.ModeNamedPipe}
			return m
		}, func(err error) bool { var e *EntryError; return errors.As(err, &e) }, "named pipe"},
		{"no files", func() fs.FS { return fstest.MapFS{} },
			func(err error) bool { var s *SourceError; return errors.As(err, &s) }, "no files"},
		{"name that Windows refuses", func() fs.FS {
			return fstest.MapFS{"amd64/NUL.txt": &fstest.MapFile{}}
		}, func(err error) bool { return err != nil }, "NUL.txt"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			_, err := stageInto(t, dir, source(tt.fsys()), options())
			if !tt.is(err) || !strings.Contains(fmt.Sprint(err), tt.want) {
				t.Errorf("Stage = %v, want %q", err, tt.want)
			}
			wantEmpty(t, dir)
		})
	}
}

// lateFS lists a file of which nothing can be asked any more.
type lateFS struct{ fstest.MapFS }

func (l lateFS) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := l.MapFS.ReadDir(name)
	for i, e := range entries {
		if e.Name() == "big.dll" {
			entries[i] = lateEntry{e}
		}
	}
	return entries, err
}

type lateEntry struct{ fs.DirEntry }

func (l lateEntry) Info() (fs.FileInfo, error) {
	return nil, &fs.PathError{Op: "lstat", Path: l.Name(), Err: fs.ErrNotExist}
}

// vanishFS lists a file that cannot be opened any more.
type vanishFS struct {
	fs.FS
	name string
}

func (v vanishFS) Open(name string) (fs.File, error) {
	if name == v.name {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return v.FS.Open(name)
}

// What fails while a file is copied is the source or the destination, whose faults have other exit statuses.
func TestCopyFaults(t *testing.T) {
	src := fstest.MapFS{"a": {Data: []byte("hello")}}
	listed := File{Path: "a", Size: 5}
	out, err := os.Create(filepath.Join(t.TempDir(), "a"))
	if err != nil {
		t.Fatal(err)
	}
	pour := func(w io.Writer, in fs.File) error {
		return pourSource(t.Context(), w, in, listed, tree.Buffer(), noProgress{})
	}
	open := func(src fs.FS) fs.File {
		in, err := src.Open("a")
		if err != nil {
			t.Fatal(err)
		}
		return in
	}
	if err := pour(&target{out, sha256.New()}, open(src)); err != nil {
		t.Errorf("pourSource = %v", err)
	}
	bad := faultFS{src, "a", func(fs.File, []byte) (int, error) { return 0, io.ErrUnexpectedEOF }}
	if err := pour(&target{out, sha256.New()}, open(bad)); !errors.As(err, new(*SourceError)) {
		t.Errorf("pourSource of what cannot be read = %v, want a *SourceError", err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	if err := pour(&target{out, sha256.New()}, open(src)); !errors.As(err, new(*DestinationError)) || errors.As(err, new(*SourceError)) {
		t.Errorf("pourSource to what cannot be written = %v, want a *DestinationError alone", err)
	}
	touched := listed
	touched.ModTime = time.Unix(1, 0)
	if err := pourSource(t.Context(), io.Discard, open(src), touched, tree.Buffer(), noProgress{}); !errors.Is(err, tree.ErrChanged) {
		t.Errorf("pourSource of a file with another time = %v, want ErrChanged", err)
	}
}

func TestStageSourceTouchedWhileRead(t *testing.T) {
	src := t.TempDir()
	file := filepath.Join(src, "a.bin")
	if err := os.WriteFile(file, make([]byte, 300_000), 0o666); err != nil {
		t.Fatal(err)
	}
	var at time.Time
	fsys := faultFS{os.DirFS(src), "a.bin", func(f fs.File, p []byte) (int, error) {
		if err := os.Chtimes(file, at, at); err != nil {
			t.Error(err)
		}
		return f.Read(p)
	}}
	dir := t.TempDir()
	at = testTime
	if _, err := stageInto(t, dir, source(fsys), options()); !errors.Is(err, tree.ErrChanged) {
		t.Errorf("Stage = %v, want ErrChanged", err)
	}
	wantEmpty(t, dir)
	listed, err := listSource(t.Context(), fsys, nil)
	if err != nil {
		t.Fatal(err)
	}
	at = testTime.Add(-time.Hour)
	if _, err := hashSource(t.Context(), fsys, listed, 1, noProgress{}); !errors.Is(err, tree.ErrChanged) {
		t.Errorf("hashSource = %v, want ErrChanged", err)
	}
	at = testTime.Add(time.Hour)
	if _, err := Plan(t.Context(), nil, source(fsys), options()); !errors.Is(err, tree.ErrChanged) {
		t.Errorf("Plan = %v, want ErrChanged", err)
	}
}

// A folder with the name of the new release, in which nothing says what it
// is, empty or not, is a release that was damaged: it is left as it is.
func TestStageLeavesWhatHasTheName(t *testing.T) {
	for name, file := range map[string]string{"empty": "", "without a record": "data/a.bin"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			plan, err := Plan(t.Context(), nil, source(kit()), options())
			if err != nil {
				t.Fatal(err)
			}
			w := writer(t, dir)
			there := filepath.Join(dir, plan.Release.Name)
			if err := os.Mkdir(there, 0o777); err != nil {
				t.Fatal(err)
			}
			if file != "" {
				write(t, filepath.Join(there, file), "x")
			}
			before := content(t, there)
			_, err = w.Stage(t.Context(), source(kit()), options())
			var mm *MismatchError
			if !errors.As(err, &mm) || !strings.Contains(err.Error(), plan.Release.Name) {
				t.Errorf("Stage = %v, want a MismatchError for %s", err, plan.Release.Name)
			}
			if err := w.Close(); err != nil {
				t.Error(err)
			}
			if !mapsEqual(before, content(t, there)) {
				t.Errorf("%s was changed", there)
			}
			if found, err := filepath.Glob(filepath.Join(dir, ".staging-*")); err != nil || len(found) > 0 {
				t.Errorf("%v is left, %v", found, err)
			}
		})
	}
}

func TestStageCancelled(t *testing.T) {
	for _, step := range []string{"listed", "staging", "copied", "reread", "sealed"} {
		t.Run(step, func(t *testing.T) {
			dir := t.TempDir()
			ctx, cancel := context.WithCancel(t.Context())
			w, err := OpenWriter(ctx, dir, WriterOptions{step: func(name string) {
				if name == step {
					cancel()
				}
			}})
			if err != nil {
				t.Fatal(err)
			}
			_, err = w.Stage(ctx, source(kit()), options())
			if !errors.Is(err, context.Canceled) {
				t.Errorf("Stage = %v, want context.Canceled", err)
			}
			if err := w.Close(); err != nil {
				t.Error(err)
			}
			wantEmpty(t, dir)
		})
	}
}

// hugeFS says of one file that it is larger than any disk.
type hugeFS struct{ fstest.MapFS }

func (h hugeFS) ReadDir(name string) ([]fs.DirEntry, error) {
	list, err := h.MapFS.ReadDir(name)
	for i, e := range list {
		if e.Name() == "big.dll" {
			list[i] = hugeEntry{e}
		}
	}
	return list, err
}

type hugeEntry struct{ fs.DirEntry }

func (h hugeEntry) Info() (fs.FileInfo, error) {
	info, err := h.DirEntry.Info()
	return hugeInfo{info}, err
}

type hugeInfo struct{ fs.FileInfo }

func (hugeInfo) Size() int64 { return 1 << 60 }

func TestStageAsksForSpaceFirst(t *testing.T) {
	dir := t.TempDir()
	_, err := stageInto(t, dir, source(hugeFS{kit()}), options())
	var d *DestinationError
	if !errors.As(err, &d) || !strings.Contains(err.Error(), "is free on") {
		t.Errorf("Stage = %v, want a DestinationError about space", err)
	}
	wantEmpty(t, dir)
	for _, lib := range []string{dir, filepath.Join(dir, "not", "there")} {
		if _, err := Plan(t.Context(), At(lib), source(hugeFS{kit()}), options()); !errors.As(err, &d) || !strings.Contains(err.Error(), "is free on") {
			t.Errorf("Plan = %v, want a DestinationError about space", err)
		}
	}
	wantEmpty(t, dir)
}

func TestInclude(t *testing.T) {
	m := kit()
	m["notes.txt"] = &fstest.MapFile{Data: []byte("x")}
	m["old/scanstate.exe"] = &fstest.MapFile{Data: []byte("x")}
	src := source(m)
	src.Include = func(name string) bool { return name == "amd64" || name == "x86" }
	res := mustStage(t, t.TempDir(), src, options())
	if res.Release.FileCount != len(kit()) {
		t.Errorf("%d files staged, want %d", res.Release.FileCount, len(kit()))
	}
}

func TestReleaseFileRoundTrip(t *testing.T) {
	for _, n := range []int{0, 1, 3} {
		rec := Release{Format: releaseFormat, Version: releaseVersion, Digest: strings.Repeat("0", 64), Files: []InventoryFile{}}
		for i := range n {
			rec.Files = append(rec.Files, InventoryFile{Path: fmt.Sprintf("a<&>%d \"\\", i), Size: int64(i)})
		}
		var b bytes.Buffer
		if err := rec.write(&b, slices.Values(rec.Files)); err != nil {
			t.Fatal(err)
		}
		var got Release
		if err := decode(releaseFile, b.Bytes(), releaseFormat, releaseVersion, &got); err != nil {
			t.Fatalf("%v in\n%s", err, b.Bytes())
		}
		if !slices.Equal(got.Files, rec.Files) {
			t.Errorf("read back %v, wrote %v", got.Files, rec.Files)
		}
	}
}

func TestManifestIsWhatSha256sumReads(t *testing.T) {
	dir := t.TempDir()
	res := mustStage(t, dir, source(kit()), options())
	b, err := os.ReadFile(filepath.Join(dir, res.Release.Name, "manifest-sha256.txt"))
	if err != nil {
		t.Fatal(err)
	}
	h := bag.SHA256.New()
	h.Write(b)
	if got := fmt.Sprintf("%x", h.Sum(nil)); got != res.Release.Digest || !strings.HasSuffix(res.Release.Name, got[:12]) {
		t.Errorf("digest of the manifest %s, release %s, recorded %s", got, res.Release.Name, res.Release.Digest)
	}
	lines := strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
	if !slices.IsSortedFunc(lines, func(a, b string) int { return strings.Compare(a[66:], b[66:]) }) || len(lines) != len(kit()) {
		t.Errorf("manifest:\n%s", b)
	}
}
