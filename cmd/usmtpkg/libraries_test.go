package main

import (
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"usmtpkg/stage"
)

// A readFS counts the bytes that are read of each file, and how often it is opened.
type readFS struct {
	fs.FS
	mu     sync.Mutex
	bytes  map[string]int64
	opened map[string]int
}

func newReadFS(fsys fs.FS) *readFS {
	return &readFS{FS: fsys, bytes: map[string]int64{}, opened: map[string]int{}}
}

func (f *readFS) Open(name string) (fs.File, error) {
	file, err := f.FS.Open(name)
	if err != nil {
		return nil, err
	}
	if info, err := file.Stat(); err != nil || info.IsDir() {
		return file, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.opened[name]++
	return &readFile{File: file, ReaderAt: file.(io.ReaderAt), fs: f, name: name}, nil
}

type readFile struct {
	fs.File
	io.ReaderAt
	fs   *readFS
	name string
}

func (f *readFile) Read(b []byte) (int, error) {
	n, err := f.File.Read(b)
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	f.fs.bytes[f.name] += int64(n)
	return n, err
}

// several is a run of stage for libraries, with the sample kit as its source, which is counted.
func several(t *testing.T) (*severalLibraries, *readFS) {
	t.Helper()
	_ = t.TempDir() // what is below it is removed after what Cleanup closes here, as Windows wants it
	u, err := sampleUSMT()
	if err != nil {
		t.Fatal(err)
	}
	count := newReadFS(u.fsys)
	u.fsys = count
	p := &program{environment: environment{stdout: io.Discard, stderr: io.Discard, now: time.Now, getenv: func(string) string { return "" }}}
	p.output.quiet = true
	o := stageOptions{source: sourceFlags{sample: true}}
	s := &severalLibraries{program: p, o: o, source: origin{usmt: u, told: map[string]bool{}}, do: stageOnly}
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	return s, count
}

// However many libraries are written, the source is read as for one: every byte once.
func TestLibrariesReadSourceOnce(t *testing.T) {
	one, alone := several(t)
	doc, err := one.stage(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s, count := several(t)
	for range 3 {
		dir := t.TempDir()
		got, err := s.stage(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		if got.Digest != doc.Digest || got.Outcome != "published" {
			t.Errorf("%s: digest %s, %s, want %s, published", dir, got.Digest, got.Outcome, doc.Digest)
		}
		rep, err := stage.Verify(t.Context(), stage.At(dir).ReleaseDir(got.Release), stage.VerifyOptions{Release: true, Predict: predictHash})
		if err != nil || len(rep.Differences()) > 0 {
			t.Errorf("%s: %v, %v", dir, err, rep.Differences())
		}
	}
	var total int64
	for _, n := range count.bytes {
		total += n
	}
	if total < doc.Bytes || len(count.opened) < doc.Files {
		t.Fatalf("%d bytes of %d files were counted, and the release has %d of %d", total, len(count.opened), doc.Bytes, doc.Files)
	}
	if !maps.Equal(count.bytes, alone.bytes) || !maps.Equal(count.opened, alone.opened) {
		t.Errorf("for three libraries %d bytes were read of the source; for one:\n%v\nfor three:\n%v", total, alone.opened, count.opened)
	}
}

// If the release in the first library is gone or was altered meanwhile, the source itself is read for the others.
func TestLibrariesReadSourceAgain(t *testing.T) {
	for name, spoil := range map[string]func(file string) error{
		"gone":    os.Remove,
		"altered": func(file string) error { return os.WriteFile(file, []byte("<migration/>"), 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := several(t)
			first, err := s.stage(t.Context(), t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(first.PackageSource, "amd64", "MigApp.xml")
			if err := os.Chmod(file, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := spoil(file); err != nil {
				t.Fatal(err)
			}
			second, err := s.stage(t.Context(), t.TempDir())
			if err != nil || second.Digest != first.Digest {
				t.Errorf("stage = %+v, %v, want digest %s", second, err, first.Digest)
			}
		})
	}
}

// A source that changed after the first library was written is refused for the others: all have the same digest.
func TestLibrariesSameDigest(t *testing.T) {
	s, _ := several(t)
	first, err := s.stage(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(first.PackageSource, "amd64", "MigApp.xml")
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	s.source.fsys = changedFS{s.source.fsys}
	dir := t.TempDir()
	_, err = s.stage(t.Context(), dir)
	if exitStatus(err) != exitChanged || !strings.Contains(err.Error(), first.Digest) {
		t.Errorf("stage = %v, want status %d and the digest %s", err, exitChanged, first.Digest)
	}
	if names, err := stage.At(dir).Releases(); err != nil || len(names) > 0 {
		t.Errorf("the library has %q, %v", names, err)
	}
}

// A changedFS has another letter in an XML file.
type changedFS struct{ fs.FS }

func (f changedFS) Open(name string) (fs.File, error) {
	file, err := f.FS.Open(name)
	if err != nil || name != "x86/MigApp.xml" {
		return file, err
	}
	return &changedFile{File: file, ReaderAt: file.(io.ReaderAt)}, nil
}

type changedFile struct {
	fs.File
	io.ReaderAt
}

func (f *changedFile) Read(b []byte) (int, error) {
	n, err := f.File.Read(b)
	return copy(b, strings.Replace(string(b[:n]), "\n", " ", 1)), err
}

// The status of several libraries is the worst of theirs, not the highest number.
func TestWorse(t *testing.T) {
	for _, tt := range []struct{ a, b, want int }{
		{exitOK, exitOK, exitOK},
		{exitOK, exitOther, exitOther},
		{exitDestination, exitInvalid, exitInvalid},
		{exitIO, exitMismatch, exitMismatch},
		{exitBusy, exitDestination, exitBusy},
		{exitMismatch, exitCanceled, exitCanceled},
	} {
		if got := worse(tt.a, tt.b); got != tt.want || worse(tt.b, tt.a) != got {
			t.Errorf("worse(%d, %d) = %d, want %d both ways", tt.a, tt.b, got, tt.want)
		}
	}
}
