package windows

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"usmtpkg/locate/samplekit"
	"usmtpkg/testdata/platform"
)

// A folder may be given in every way that Windows knows; what is printed is the whole path.
func TestPaths(t *testing.T) {
	b := emptyBench(t, t.TempDir())
	t.Parallel()
	share := b.Share(t, filepath.Base(filepath.Dir(b.dir)), b.dir)
	tests := []struct {
		name         string
		source, path string
		says         string // the package path, which ConfigMgr has to understand
	}{
		{"drive letter", b.on("kit"), b.on("a"), b.on("a/")},
		{"small letters", strings.ToLower(b.on("KIT")), strings.ToLower(b.on("b")), ""},
		{"slashes", b.drive + "/kit/", b.drive + "/c/", b.on("c/")},
		{"dots", b.on("x/../kit/."), b.on("x/../d"), b.on("d/")},
		{"extended", `\\?\` + b.on("kit"), `\\?\` + b.on("e"), b.on("e/")},
		{"UNC", share + `\kit`, share + `\f`, share + `\f\`},
		{"UNC with slashes", strings.ReplaceAll(share, `\`, "/") + "/kit", strings.ReplaceAll(share, `\`, "/") + "/g", share + `\g\`},
		{"extended UNC", `\\?\UNC` + share[1:] + `\kit`, `\\?\UNC` + share[1:] + `\h`, share + `\h\`},
		{"dot at the end", b.on("kit."), b.on("i."), b.on("i/")},
		{"drive-relative", b.drive + "kit", b.drive + "j", b.on("j/")},
		{"into the release", b.on("kit"), b.on("k/l/m"), b.on("k/l/m/")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b.run(t, "refresh", "--source", tt.source, "--library", tt.path).Want(t, 0, "package path "+tt.says)
			b.run(t, "verify", "--library", tt.path, "--source", tt.source).Want(t, 0)
		})
	}
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k/l/m"} {
		if !strings.HasPrefix(platform.Current(t, b.at(name)), samplekit.Version) {
			t.Errorf("%s is no library", name)
		}
	}
}

// Devices and streams are no folders, under whatever name, and nothing waits for them.
func TestDevices(t *testing.T) {
	b := newBench(t)
	t.Parallel()
	for _, name := range []string{"CON", "nul", "NUL.txt", "COM1", `\\.\COM1`, `\\.\PhysicalDrive0`, `\\.\pipe\usmtpkg`, b.on("kit:stream"), `\\?\`, `\\`} {
		for _, args := range [][]string{
			{"refresh", "--source", name, "--library", b.on("lib")},
			{"validate", name},
			{"verify", name},
		} {
			if r := b.run(t, args...); r.Status != 2 && r.Status != 3 && r.Status != 6 && r.Status != 9 {
				t.Errorf("%q: exit status %d\n%s%s", args, r.Status, r.Stdout, r.Stderr)
			}
		}
	}
	for _, name := range []string{"CON", b.on("NUL.txt"), "COM1", `\\.\COM1`, `\\.\` + b.on("lib2"), b.on("new/CON/lib"), b.on("lib2:stream"), b.on("li<b")} {
		b.run(t, "stage", "--source", b.on("next"), "--library", name).Want(t, 2, "cannot be the library")
	}
	b.untouched(t)
	if entries, err := os.ReadDir(b.dir); err != nil || len(entries) != 3 {
		t.Errorf("the drive has %v, %v; want kit, lib and next", entries, err)
	}
}

// Names in a source that Windows refuses, as a share of another system may have them, are findings.
func TestNames(t *testing.T) {
	b := newBench(t)
	t.Parallel()
	bad := []string{"CON", "NUL.txt", "COM1", "AUX.h", "COM1 ", "dot.", "space ", "a<b", "q?x", "co:lon", `back\slash`, "ctl\x01", "UPPER.xml", "upper.xml"}
	for _, name := range bad {
		if err := os.WriteFile(filepath.Join(b.at("next/amd64"), name), []byte("<a/>"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	r := b.run(t, "validate", b.on("next")).Want(t, 4,
		"the device name CON", "the device name NUL", "the device name COM1", "the device name AUX", "a space at the end",
		"a dot at the end", "the character '<'", "the character '?'", "the character ':'", `the character '\\'`, "control character U+0001",
		"name-collision")
	if n := strings.Count(r.Stdout+r.Stderr, "error   "); n != len(bad)-1 { // of the last two one is enough
		t.Errorf("%d errors, want %d\n%s", n, len(bad)-1, r.Stdout)
	}
	b.refresh(t, "next").Want(t, 4)
	b.untouched(t)
	for _, name := range bad {
		if err := os.Remove(filepath.Join(b.at("next/amd64"), name)); err != nil {
			t.Fatal(err)
		}
	}
	b.recovers(t)
}

// Names are the same names in other letters.
func TestCase(t *testing.T) {
	b := newBench(t)
	t.Parallel()
	for _, name := range [][2]string{{"amd64/migcore.dll", "amd64/MIGCORE.DLL"}, {"amd64/DLManifests", "amd64/dlmanifests"}, {"amd64", "AMD64"}} {
		if err := os.Rename(b.at("next/"+name[0]), b.at("next/"+name[1])); err != nil {
			t.Fatal(err)
		}
	}
	b.run(t, "validate", b.on("NEXT")).Want(t, 0)
	b.run(t, "list", "--library", strings.ToLower(b.on("LIB"))).Want(t, 0, b.release)
	b.recovers(t)
}

// Long paths are no trouble for the copy. Where the package source itself would be too long for USMT,
// that is found before anything is copied.
func TestLongPaths(t *testing.T) {
	b := emptyBench(t, t.TempDir())
	t.Parallel()
	deep := strings.Repeat(strings.Repeat("x", 100)+"/", 3)
	platform.Kit(t, b.at(deep+"kit"), samplekit.Options{Arches: []string{"amd64"}})
	b.run(t, "refresh", "--source", b.on(deep+"kit"), "--library", b.on("lib")).Want(t, 0)
	b.run(t, "refresh", "--source", b.on("kit"), "--library", b.on(deep+"lib")).Want(t, 2, "package path: is 3", "characters long")
	if _, err := os.Stat(b.at(deep + "lib")); err == nil {
		t.Error("a library was made")
	}
	for _, prefix := range []string{"", `\\?\`} {
		lib := prefix + b.on(deep+"lib")
		b.run(t, "refresh", "--source", b.on("kit"), "--library", lib, "--package-path", `\\cm01\USMT`).Want(t, 0)
		b.run(t, "verify", "--library", lib, "--source", b.on(deep+"kit")).Want(t, 0)
	}
}

// A library in its source, or around it, is refused whatever leads there: a drive letter right into
// it, as by subst or a mapped drive, or a share on the same machine.
func TestOverlap(t *testing.T) {
	b := newBench(t)
	t.Parallel()
	share := b.Share(t, "overlap", b.dir)
	intoKit := b.Drive(t, b.at("next/amd64/DLManifests"))
	platform.Kit(t, b.at("lib/nested/kit"), samplekit.Options{Arches: []string{"amd64"}, Version: newer})
	intoLib := b.Drive(t, b.at("lib/nested/kit"))
	b.before = platform.Snapshot(t, b.at("lib"))
	tests := []struct{ name, source, library string }{
		{"the same", b.on("next"), b.on("NEXT")},
		{"inside", b.on("next"), b.on("next/amd64/lib")},
		{"inside, by a share", b.on("next"), share + `\next\lib`},
		{"inside, by an extended path", b.on("next"), `\\?\` + b.on("next/lib")},
		{"inside, by a drive", b.on("next"), intoKit + `\lib`},
		{"around", b.on("lib/nested/kit"), b.on("lib")},
		{"around, by a share", share + `\lib\nested\kit`, b.on("lib")},
		{"around, by a drive", intoLib + `\`, b.on("lib")},
		{"around, by a drive and a share", intoLib, share + `\lib`},
	}
	next := platform.Snapshot(t, b.at("next"))
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b.run(t, "refresh", "--source", tt.source, "--library", tt.library).Want(t, 2, "cannot be the library")
			b.run(t, "stage", "--source", tt.source, "--library", tt.library, "--dry-run").Want(t, 2)
		})
	}
	b.untouched(t)
	platform.Same(t, next, platform.Snapshot(t, b.at("next")))
}
