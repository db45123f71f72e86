package samplekit_test

import (
	"errors"
	"io"
	"io/fs"
	"maps"
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"usmtpkg/locate/samplekit"
)

func TestFS(t *testing.T) {
	files := samplekit.Files(samplekit.Options{})
	if err := fstest.TestFS(samplekit.FS(), slices.Collect(maps.Keys(files))...); err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := fs.ReadFile(samplekit.FS(), name)
		if err != nil || string(got) != string(want) {
			t.Errorf("ReadFile(%s) = %d bytes, %v, want the %d bytes of Files", name, len(got), err, len(want))
		}
	}
}

func TestFSHasOnlyTheKit(t *testing.T) {
	files := samplekit.Files(samplekit.Options{})
	mtime := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	err := fs.WalkDir(samplekit.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if !info.ModTime().Equal(mtime) {
			t.Errorf("modification time of %s = %v, want %v", name, info.ModTime(), mtime)
		}
		if info.Mode().Perm()&0o222 != 0 {
			t.Errorf("mode of %s = %v, want no write permission", name, info.Mode())
		}
		if !d.IsDir() && files[name] == nil {
			t.Errorf("FS holds %s, which Files does not", name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestFSFilesReadAtAndSeek(t *testing.T) {
	f, err := samplekit.FS().Open("amd64/scanstate.exe")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	buf := make([]byte, 4)
	if _, err := f.(io.ReaderAt).ReadAt(buf, 0x40); err != nil || string(buf) != "PE\x00\x00" {
		t.Errorf("ReadAt(0x40) = %q, %v, want the PE signature", buf, err)
	}
	if _, err := f.(io.Seeker).Seek(0x40, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(f, buf); err != nil || string(buf) != "PE\x00\x00" {
		t.Errorf("Read after Seek(0x40) = %q, %v, want the PE signature", buf, err)
	}
}

func TestFSErrors(t *testing.T) {
	tests := []struct {
		name string
		do   func(fs.FS) error
		want error
	}{
		{"missing file", func(f fs.FS) error { _, err := f.Open("amd64/none"); return err }, fs.ErrNotExist},
		{"missing folder", func(f fs.FS) error { _, err := fs.ReadDir(f, "ia64"); return err }, fs.ErrNotExist},
		{"path out of the tree", func(f fs.FS) error { _, err := f.Open("../x"); return err }, fs.ErrInvalid},
		{"list a file", func(f fs.FS) error { _, err := fs.ReadDir(f, "amd64/MigApp.xml"); return err }, fs.ErrInvalid},
		{"read a folder", func(f fs.FS) error { _, err := fs.ReadFile(f, "amd64"); return err }, fs.ErrInvalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := tt.do(samplekit.FS()); !errors.Is(err, tt.want) {
				t.Errorf("error = %v, want %v", err, tt.want)
			}
		})
	}
}

// A change to a listing is the caller's own.
func TestFSListingsAreNotShared(t *testing.T) {
	fsys := samplekit.FS()
	first, err := fs.ReadDir(fsys, ".")
	if err != nil {
		t.Fatal(err)
	}
	clear(first)
	second, err := fs.ReadDir(fsys, ".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range second {
		if e == nil {
			t.Fatal("ReadDir hands out its own list")
		}
	}
}
