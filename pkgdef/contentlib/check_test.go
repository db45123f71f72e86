package contentlib

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"usmtpkg/locate/tree"
	"usmtpkg/pkgdef/contentlib/fakelib"
)

func TestCheckSame(t *testing.T) {
	for _, drives := range []int{1, 2, 3} {
		l := open(t, write(t, usmt(), drives)...)
		for _, deep := range []bool{false, true} {
			rep, err := l.Check(t.Context(), "P0100012.3", manifest(usmt()), Options{Deep: deep})
			if err != nil || !rep.Equal() || rep.Deep != deep || len(rep.Files) != 5 || rep.Hash != strings.Repeat("AB", 32) {
				t.Errorf("Check with %d drives, deep %t = %+v, %v, want all the same", drives, deep, rep, err)
			}
		}
	}
}

// A kit is a library that a test damages.
type kit struct {
	t    *testing.T
	dirs []string
}

// record is the INI file that describes a file.
func (k kit) record(name string) string { return fakelib.Record(k.dirs[0], "P0100012.3", name) }

// object is the object with a content.
func (k kit) object(content string) string {
	k.t.Helper()
	name, err := fakelib.Object(k.dirs, content)
	if err != nil {
		k.t.Fatal(err)
	}
	return name
}

// Each way of breaking a library has its verdict, for the files that it concerns and no others.
func TestCheckBroken(t *testing.T) {
	good := "[File]\r\nSize=3\r\nHash=" + fakelib.Sum("man") + "\r\n"
	tests := []struct {
		name   string
		damage func(k kit)
		want   map[string]tree.Verdict
		found  string
	}{
		{"object missing", func(k kit) { remove(k.t, k.object("man")) }, map[string]tree.Verdict{"amd64/DLManifests/a.man": ObjectMissing}, ""},
		{"object that two files use", func(k kit) { remove(k.t, k.object("scan")) },
			map[string]tree.Verdict{"amd64/scanstate.exe": ObjectMissing, "x86/twin.exe": ObjectMissing}, ""},
		{"object altered", func(k kit) { overwrite(k.t, k.object("man"), "mao") }, map[string]tree.Verdict{"amd64/DLManifests/a.man": ObjectChanged}, "SHA-256 "},
		{"object cut", func(k kit) { overwrite(k.t, k.object("man"), "ma") }, map[string]tree.Verdict{"amd64/DLManifests/a.man": ObjectChanged}, "2 bytes"},
		{"object a folder", func(k kit) {
			name := k.object("man")
			remove(k.t, name)
			if err := os.Mkdir(name, 0o777); err != nil {
				k.t.Fatal(err)
			}
		}, map[string]tree.Verdict{"amd64/DLManifests/a.man": ObjectChanged}, "a folder"},
		{"record missing", func(k kit) { remove(k.t, k.record("amd64/foo.ini")) }, map[string]tree.Verdict{"amd64/foo.ini": tree.Missing}, ""},
		{"folder missing", func(k kit) {
			remove(k.t, filepath.Join(k.dirs[0], "DataLib", "P0100012.3", "amd64", "DLManifests"))
		},
			map[string]tree.Verdict{"amd64/DLManifests/a.man": tree.Missing}, ""},
		{"record of another file", func(k kit) { overwrite(k.t, k.record("amd64/foo.ini"), good) }, map[string]tree.Verdict{"amd64/foo.ini": tree.Changed}, "3 bytes, SHA-256 "},
		{"record with another size", func(k kit) {
			overwrite(k.t, k.record("amd64/DLManifests/a.man"), strings.Replace(good, "=3", "=4", 1))
		}, map[string]tree.Verdict{"amd64/DLManifests/a.man": tree.Changed}, "4 bytes"},
		{"record cut", func(k kit) { overwrite(k.t, k.record("amd64/DLManifests/a.man"), good[:40]) }, map[string]tree.Verdict{"amd64/DLManifests/a.man": tree.Changed}, "Hash="},
		{"record empty", func(k kit) { overwrite(k.t, k.record("amd64/DLManifests/a.man"), "") }, map[string]tree.Verdict{"amd64/DLManifests/a.man": tree.Changed}, "Size="},
		{"record binary", func(k kit) { overwrite(k.t, k.record("amd64/DLManifests/a.man"), "MZ\x00\x01") }, map[string]tree.Verdict{"amd64/DLManifests/a.man": tree.Changed}, "no text"},
		{"record huge", func(k kit) {
			overwrite(k.t, k.record("amd64/DLManifests/a.man"), good+strings.Repeat("; x\n", maxINI))
		}, map[string]tree.Verdict{"amd64/DLManifests/a.man": tree.Changed}, "more than"},
		{"path for a hash", func(k kit) {
			overwrite(k.t, k.record("amd64/DLManifests/a.man"), "[File]\nSize=3\nHash=../../../../etc/passwd\n")
		}, map[string]tree.Verdict{"amd64/DLManifests/a.man": tree.Changed}, "Hash="},
		{"another algorithm", func(k kit) {
			overwrite(k.t, k.record("amd64/DLManifests/a.man"), good+"HashAlgorithm=32772\n")
		}, map[string]tree.Verdict{"amd64/DLManifests/a.man": tree.Changed}, "HashAlgorithm="},
		{"size too large", func(k kit) {
			overwrite(k.t, k.record("amd64/DLManifests/a.man"), strings.Replace(good, "=3", "=9999999999999999999", 1))
		}, map[string]tree.Verdict{"amd64/DLManifests/a.man": tree.Changed}, "Size="},
		{"extra file", func(k kit) { overwrite(k.t, k.record("amd64/more.xml"), good) }, map[string]tree.Verdict{"amd64/more.xml": tree.Extra}, ""},
		{"extra file, damaged", func(k kit) { overwrite(k.t, k.record("amd64/more.xml"), "x") }, map[string]tree.Verdict{"amd64/more.xml": tree.Extra}, "found"},
		{"file that is no record", func(k kit) {
			overwrite(k.t, filepath.Join(k.dirs[0], "DataLib", "P0100012.3", "amd64", "scanstate.exe"), "x")
		},
			map[string]tree.Verdict{"amd64/scanstate.exe": tree.Extra}, "a name without .INI"},
		{"record without a name", func(k kit) {
			overwrite(k.t, filepath.Join(k.dirs[0], "DataLib", "P0100012.3", "amd64", ".INI"), good)
		},
			map[string]tree.Verdict{"amd64/.INI": tree.Extra}, "a name without .INI"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dirs := write(t, usmt(), 2)
			tt.damage(kit{t, dirs})
			rep, err := open(t, dirs...).Check(t.Context(), "P0100012.3", manifest(usmt()), Options{Deep: true, Workers: 2})
			if err != nil {
				t.Fatal(err)
			}
			got, found := map[string]tree.Verdict{}, ""
			for _, f := range rep.Files {
				if f.Verdict != tree.Same {
					got[f.Path], found = f.Verdict, f.Found
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" || rep.Equal() {
				t.Errorf("Check (-want +got):\n%s", diff)
			}
			if !strings.Contains(found, tt.found) {
				t.Errorf("Found = %q, want %q in it", found, tt.found)
			}
		})
	}
}

// Without reading the objects an altered one of the right size is not found, and the report
// says that they were not read.
func TestCheckShallow(t *testing.T) {
	dirs := write(t, usmt(), 1)
	name := kit{t, dirs}.object("man")
	overwrite(t, name, "mao")
	rep, err := open(t, dirs...).Check(t.Context(), "P0100012.3", manifest(usmt()), Options{})
	if err != nil || !rep.Equal() || rep.Deep {
		t.Errorf("Check = %+v, %v, want it equal and not deep", rep, err)
	}
}

// A damaged object on one drive does no harm if a good one is on another.
func TestCheckObjectTwice(t *testing.T) {
	dirs := write(t, usmt(), 1)
	second := filepath.Join(t.TempDir(), "SCCMContentLib")
	if err := fakelib.Write([]string{second}, usmt()); err != nil {
		t.Fatal(err)
	}
	name := kit{t, dirs}.object("man")
	overwrite(t, name, "mao")
	rep, err := open(t, dirs[0], second).Check(t.Context(), "P0100012.3", manifest(usmt()), Options{Deep: true})
	if err != nil || !rep.Equal() {
		t.Errorf("Check = %+v, %v, want it equal", rep, err)
	}
}

// Names are those of Windows: case makes no difference, in names of files and of the library.
func TestCheckCase(t *testing.T) {
	dirs := write(t, usmt(), 1)
	for _, names := range [][2]string{{"DataLib", "datalib"}, {"PkgLib/P0100012.INI", "PkgLib/p0100012.ini"}, {"PkgLib", "pkglib"}, {"FileLib", "FILELIB"}, {"datalib/P0100012.3/amd64/foo.ini.INI", "datalib/P0100012.3/amd64/foo.ini.ini"}} {
		if err := os.Rename(filepath.Join(dirs[0], names[0]), filepath.Join(dirs[0], names[1])); err != nil {
			t.Fatal(err)
		}
	}
	want := manifest(usmt())
	for i := range want {
		want[i].Path = strings.ToUpper(want[i].Path)
	}
	l := open(t, dirs...)
	if _, err := l.Package("P0100012"); err != nil {
		t.Error(err)
	}
	if rep, err := l.Check(t.Context(), "p0100012.3", want, Options{Deep: true}); err != nil || !rep.Equal() {
		t.Errorf("Check = %+v, %v, want it equal", rep, err)
	}
}

func TestCheckFailures(t *testing.T) {
	dirs := write(t, usmt(), 1)
	l := open(t, dirs...)
	if _, err := l.Check(t.Context(), "P0100012.4", manifest(usmt()), Options{}); !errors.Is(err, ErrNotThere) {
		t.Errorf("Check of another version = %v, want ErrNotThere", err)
	}
	for _, id := range []string{"", "..", "../P0100012.3", `..\x`, "a/b", strings.Repeat("x", 200)} {
		if _, err := l.Check(t.Context(), id, manifest(usmt()), Options{}); err == nil || !strings.Contains(err.Error(), "found content id") {
			t.Errorf("Check of %q = %v, want it refused", id, err)
		}
	}
	if _, err := l.Check(t.Context(), "P0100012.3", []tree.FileSum{{Path: "../x"}}, Options{}); err == nil {
		t.Error("Check with a path out of the package passed")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.Check(ctx, "P0100012.3", manifest(usmt()), Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Check, cancelled = %v, want context.Canceled", err)
	}
	overwrite(t, filepath.Join(dirs[0], "DataLib", "P0100012.3.INI"), "[Info]\nHash=12")
	if bad := (*FormatError)(nil); !errors.As(func() error { _, err := l.Content(t.Context(), "P0100012.3"); return err }(), &bad) {
		t.Error("Content with a wrong hash passed")
	}
	rep, err := l.Check(t.Context(), "P0100012.3", nil, Options{})
	if err == nil {
		t.Errorf("Check = %+v, want the damaged hash to be an error", rep)
	}
	if (Report{}).Equal() {
		t.Error("a report of no files is equal")
	}
}

// A link planted in the library leads nowhere out of it.
func TestCheckLinks(t *testing.T) {
	dirs := write(t, usmt(), 1)
	outside := filepath.Join(t.TempDir(), "man")
	overwrite(t, outside, "man")
	name := kit{t, dirs}.object("man")
	remove(t, name)
	if err := os.Symlink(outside, name); err != nil {
		t.Skipf("this system makes no links here: %v", err)
	}
	if info, err := os.Lstat(name); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Skip("this system says that it made a link and did not (Wine)")
	}
	rep, err := open(t, dirs...).Check(t.Context(), "P0100012.3", manifest(usmt()), Options{Deep: true})
	if err != nil || rep.Equal() || !slices.ContainsFunc(rep.Files, func(f tree.FileResult) bool { return f.Verdict == ObjectChanged }) {
		t.Errorf("Check = %+v, %v, want the link to be found", rep, err)
	}
}

// Without a hash recorded there is none: it is not made up.
func TestContentWithoutHash(t *testing.T) {
	c := usmt()
	c.Hash = ""
	got, err := open(t, write(t, c, 1)...).Content(t.Context(), "P0100012.3")
	if err != nil || got.Hash != "" || len(got.Files) != 5 || got.Files[1].Path != "amd64/foo.ini" {
		t.Errorf("Content = %+v, %v, want five files and no hash", got, err)
	}
}

// Two records whose names Windows takes for one: the second is no file of the package. Only
// other systems can have them.
func TestCheckTwins(t *testing.T) {
	dirs := write(t, usmt(), 1)
	twin := fakelib.Record(dirs[0], "P0100012.3", "x86/TWIN.exe")
	if _, err := os.Lstat(twin); err == nil {
		t.Skip("this file system takes them for one name itself")
	}
	overwrite(t, twin, "[File]\nSize=4\nHash="+fakelib.Sum("scan"))
	rep, err := open(t, dirs...).Check(t.Context(), "P0100012.3", manifest(usmt()), Options{})
	if err != nil || rep.Equal() || !slices.ContainsFunc(rep.Files, func(f tree.FileResult) bool { return f.Verdict == tree.Extra }) {
		t.Errorf("Check = %+v, %v, want one extra file", rep, err)
	}
}
