package windows

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"usmtpkg/locate/layout"
)

// Windows Installer, that of Wine, installs what usmtpkg unpacks from a layout, byte for byte. It needs the
// folder Installers of a genuine layout, named by USMTPKG_TEST_LAYOUT: Microsoft's files are no part of this project.
func TestInstaller(t *testing.T) {
	dir := os.Getenv("USMTPKG_TEST_LAYOUT")
	if dir == "" {
		t.Skip("NOT TESTED: USMTPKG_TEST_LAYOUT is not set")
	}
	names, err := filepath.Glob(filepath.Join(dir, "User State Migration Tool*.msi"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no packages of USMT in %s: %v", dir, err)
	}
	m := Start(t)
	want := map[string]string{}
	for _, name := range names {
		l, err := layout.Open(os.DirFS(dir), filepath.Base(name))
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close() //nolint:errcheck // only read
		if len(l.Missing) > 0 {
			t.Logf("NOT TESTED: %v", &layout.MissingError{Cabinets: l.Missing})
			continue
		}
		maps.Copy(want, unpacked(t, l))
		m.Run(t, "msiexec", "/i", Z(name), "/qn").Want(t, 0)
	}
	if len(want) == 0 {
		t.Fatal("no package has all its cabinets")
	}
	got := files(t, m.C("Program Files (x86)/Windows Kits"))
	for name, content := range want {
		if got[name] != content {
			t.Errorf("%s has %d bytes, and %d installed; they differ", name, len(content), len(got[name]))
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d files were installed, and %d unpacked", len(got), len(want))
	}
	t.Logf("%d files are the same", len(want))
}

// unpacked returns what is unpacked below the folder of programs, by the path in "Windows Kits".
func unpacked(t *testing.T, l *layout.Layout) map[string]string {
	t.Helper()
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close() //nolint:errcheck // only read now
	if err := l.Unpack(t.Context(), root); err != nil {
		t.Fatal(err)
	}
	return files(t, filepath.Join(dir, "ProgramFilesFolder", "Windows Kits"))
}

// files returns the files below a folder, by their paths.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(p)
		found[strings.TrimPrefix(filepath.ToSlash(p), filepath.ToSlash(dir)+"/")] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
