package stage

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"testing"
	"testing/fstest"
)

// A countedFS counts the reads of its files, of which it says that they have so many bytes.
type countedFS struct {
	fstest.MapFS
	size  int64
	reads int
}

type countedFile struct {
	fs.File
	fs *countedFS
}

func (c *countedFS) Open(name string) (fs.File, error) {
	f, err := c.MapFS.Open(name)
	return &countedFile{f, c}, err
}

func (f *countedFile) Read(p []byte) (int, error) {
	f.fs.reads++
	return f.File.Read(p)
}

func (f *countedFile) Stat() (fs.FileInfo, error) {
	info, err := f.File.Stat()
	return sizedInfo{info, f.fs.size}, err
}

type sizedInfo struct {
	fs.FileInfo
	size int64
}

func (i sizedInfo) Size() int64 { return i.size }

func TestTwin(t *testing.T) {
	tests := []struct {
		name, source, release string
		size                  int64 // of the source, by its listing
		same                  bool
		reads                 int
	}{
		{"same", "hello", "hello", 5, true, 1},
		{"same, empty", "", "", 0, true, 1},
		{"other content", "hellx", "hello", 5, false, 1},
		{"shorter", "hell", "hello", 4, false, 2},
		{"longer", "hello!", "hello", 6, false, 2},
		{"longer than listed", "hello!", "hello", 5, false, 1},
		{"not empty", "!", "", 0, false, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			src := &countedFS{MapFS: fstest.MapFS{"a": {Data: []byte(tt.source)}}, size: tt.size}
			twin := newTwin(src, Tree{Files: []File{{Path: "a", Size: tt.size}}})
			f, err := twin.open(t.Context(), "a")
			if err != nil {
				t.Fatal(err)
			}
			defer twin.close(f)
			if _, err = io.Copy(f, bytes.NewReader([]byte(tt.release))); err == nil {
				err = f.end()
			}
			if tt.same && err != nil || !tt.same && !errors.Is(err, errTwinDiffers) {
				t.Errorf("comparing = %v, want the same: %t", err, tt.same)
			}
			if src.reads != tt.reads {
				t.Errorf("read %d times, want %d", src.reads, tt.reads)
			}
		})
	}
}
