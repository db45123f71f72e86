package contentlib

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"usmtpkg/locate/tree"
	"usmtpkg/pkgdef/contentlib/fakelib"
)

// usmt is a content like a package of USMT, a file named as records are among its files.
func usmt() fakelib.Content {
	return fakelib.Content{
		PackageID: "P0100012", Version: 3, Others: []int{2}, Hash: strings.Repeat("AB", 32), Dirs: []string{"amd64/empty"},
		Files: map[string]string{
			"amd64/scanstate.exe": "scan", "amd64/foo.ini": "ini", "amd64/DLManifests/a.man": "man", "x86/scanstate.exe": "scan32", "x86/twin.exe": "scan",
		},
	}
}

// manifest lists the files of a content.
func manifest(c fakelib.Content) (files []tree.FileSum) {
	for name, content := range c.Files {
		files = append(files, file(name, content))
	}
	return files
}

// write writes a content and returns the folders of the library.
func write(t *testing.T, c fakelib.Content, drives int) []string {
	t.Helper()
	var dirs []string
	for range drives {
		dirs = append(dirs, filepath.Join(t.TempDir(), "SCCMContentLib"))
	}
	if err := fakelib.Write(dirs, c); err != nil {
		t.Fatal(err)
	}
	return dirs
}

func open(t *testing.T, dirs ...string) *Library {
	t.Helper()
	l, err := Open(dirs...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func TestOpen(t *testing.T) {
	dirs := write(t, usmt(), 2)
	t.Run("the folder above", func(t *testing.T) {
		l := open(t, filepath.Dir(dirs[0]), dirs[1])
		if _, err := l.Package("P0100012"); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(dirs, l.Dirs()); diff != "" {
			t.Errorf("Dirs (-want +got):\n%s", diff)
		}
	})
	t.Run("nothing is written", func(t *testing.T) {
		before := folderList(t, dirs...)
		l := open(t, dirs...)
		if _, err := l.Check(t.Context(), "P0100012.3", manifest(usmt()), Options{Deep: true}); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(before, folderList(t, dirs...)); diff != "" {
			t.Errorf("the library was changed (-before +after):\n%s", diff)
		}
	})
	empty, data := t.TempDir(), t.TempDir()
	for _, d := range []string{"PkgLib", "DataLib"} {
		if err := os.Mkdir(filepath.Join(data, d), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		name string
		dirs []string
		want string
	}{
		{"no folder", nil, "found no folder"},
		{"absent", []string{filepath.Join(empty, "x")}, "opening the content library "},
		{"not a library", []string{empty}, "opening the content library"},
		{"a drive with objects alone", []string{dirs[1]}, "opening the content library"},
		{"a further drive without objects", []string{dirs[0], empty}, "opening the content library"},
		{"no objects at all", []string{data}, "found no FileLib"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := Open(tt.dirs...); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Open = %v, want the error %q", err, tt.want)
			} else if bad := (*LibraryError)(nil); len(tt.dirs) > 0 && !errors.As(err, &bad) {
				t.Errorf("Open = %T, want a *LibraryError", err)
			}
		})
	}
}

// folderList lists folders with times and sizes.
func folderList(t *testing.T, dirs ...string) (lines []string) {
	t.Helper()
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := d.Info()
			lines = append(lines, p+" "+info.Mode().String()+" "+info.ModTime().String())
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return lines
}

func TestPackage(t *testing.T) {
	dirs := write(t, usmt(), 1)
	got, err := open(t, dirs...).Package("p0100012")
	want := Package{ID: "p0100012", Version: 3, Contents: []string{"P0100012.2", "P0100012.3"}, Current: "P0100012.3"}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("Package (%v) (-want +got):\n%s", err, diff)
	}
	tests := []struct {
		name, text, current string
		err                 string
	}{
		{"one content without a version", "[Packages]\nP0100012.7=", "P0100012.7", ""},
		{"several without a version", "[Packages]\nP0100012.7=\nP0100012.8=", "", ""},
		{"a version that is not there", "[Packages]\nP0100012.7=\n[Info]\nVersion=8", "", "found Version=8 without its content"},
		{"no version", "[Packages]\nP0100012.7=\n[Info]\nVersion=x", "", "found Version="},
		{"no content", "[Info]\nVersion=1", "", "wanted P0100012.1 among"},
		{"nothing", "", "", "found no content id"},
		{"a path", "[Packages]\n..\\..\\x=", "", "found content id"},
		{"another path", "[Packages]\n../x=", "", "found content id"},
		{"dots", "[Packages]\n..=", "", "found content id"},
		{"binary", "\x00\x01\x02", "", "no text"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			overwrite(t, filepath.Join(dirs[0], "PkgLib", "P0100012.INI"), tt.text)
			got, err := open(t, dirs...).Package("P0100012")
			if tt.err == "" && (err != nil || got.Current != tt.current) {
				t.Errorf("Package = %+v, %v, want %q", got, err, tt.current)
			}
			if tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
				t.Errorf("Package = %+v, %v, want the error %q", got, err, tt.err)
			}
		})
	}
	if err := os.Mkdir(filepath.Join(dirs[0], "PkgLib", "P0100098.INI"), 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, dirs...).Package("P0100098"); err == nil || !strings.Contains(err.Error(), "wanted a file") {
		t.Errorf("Package of a folder = %v, want it refused before it is opened", err)
	}
	if _, err := open(t, dirs...).Package("P0100099"); !errors.Is(err, ErrNotThere) {
		t.Errorf("Package of another = %v, want ErrNotThere", err)
	}
	for _, id := range []string{"", "P01", "../x/abc", "P01000121", "P01 0012", "P010001G"} {
		if _, err := open(t, dirs...).Package(id); err == nil || !strings.Contains(err.Error(), "found package id") {
			t.Errorf("Package(%q) = %v, want it refused", id, err)
		}
	}
}

func TestContentOf(t *testing.T) {
	p, err := open(t, write(t, usmt(), 1)...).Package("p0100012")
	if err != nil {
		t.Fatal(err)
	}
	for version, want := range map[int]string{0: "P0100012.3", 2: "P0100012.2", 3: "P0100012.3"} {
		if got, err := p.ContentOf(version); err != nil || got != want {
			t.Errorf("ContentOf(%d) = %q, %v, want %q", version, got, err, want)
		}
	}
	if got, err := p.ContentOf(4); !errors.Is(err, ErrNotThere) || !strings.Contains(err.Error(), "found P0100012.2, P0100012.3, wanted P0100012.4") {
		t.Errorf("ContentOf(4) = %q, %v, want ErrNotThere", got, err)
	}
	p.Current = ""
	if got, err := p.ContentOf(0); !errors.Is(err, ErrNotThere) {
		t.Errorf("ContentOf(0) without a current one = %q, %v, want ErrNotThere", got, err)
	}
}

func overwrite(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, name string) {
	t.Helper()
	if err := os.RemoveAll(name); err != nil {
		t.Fatal(err)
	}
}
