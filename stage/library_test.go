package stage

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
}

func TestOpenWriterRefuses(t *testing.T) {
	const id = "0123456789abcdef0123456789abcdef"
	tests := []struct {
		name    string
		make    func(t *testing.T, dir string) (lib string, o WriterOptions)
		want    string
		refused bool // a *RefusedError, else a *DestinationError
	}{
		{"files that are not ours", func(t *testing.T, dir string) (string, WriterOptions) {
			t.Helper()
			write(t, filepath.Join(dir, "thesis.doc"), "x")
			return dir, WriterOptions{}
		}, "thesis.doc", false},
		{"a file", func(t *testing.T, dir string) (string, WriterOptions) {
			t.Helper()
			write(t, filepath.Join(dir, "lib"), "x")
			return filepath.Join(dir, "lib"), WriterOptions{}
		}, "lib", false},
		{"newer library", func(t *testing.T, dir string) (string, WriterOptions) {
			t.Helper()
			write(t, filepath.Join(dir, markerFile), `{"format":"usmtpkg library","version":2,"library":"`+id+`","new":1}`)
			return dir, WriterOptions{}
		}, "newer", false},
		{"other format", func(t *testing.T, dir string) (string, WriterOptions) {
			t.Helper()
			write(t, filepath.Join(dir, markerFile), `{"format":"else","version":1}`)
			return dir, WriterOptions{}
		}, `format "else"`, false},
		{"unknown key", func(t *testing.T, dir string) (string, WriterOptions) {
			t.Helper()
			write(t, filepath.Join(dir, markerFile), `{"format":"usmtpkg library","version":1,"library":"`+id+`","new":1}`)
			return dir, WriterOptions{}
		}, "new", false},
		{"huge marker", func(t *testing.T, dir string) (string, WriterOptions) {
			t.Helper()
			write(t, filepath.Join(dir, markerFile), strings.Repeat(" ", maxMetaFile+1))
			return dir, WriterOptions{}
		}, "wanted at most 65536", false},
		{"root of a volume", func(*testing.T, string) (string, WriterOptions) {
			return filepath.VolumeName(os.TempDir()) + string(filepath.Separator), WriterOptions{}
		}, "root of a volume", true},
		{"content library", func(_ *testing.T, dir string) (string, WriterOptions) {
			return filepath.Join(dir, "sccmContentLIB", "x"), WriterOptions{}
		}, "content library", true},
		{"content library share", func(_ *testing.T, dir string) (string, WriterOptions) {
			return filepath.Join(dir, "SCCMContentLib$"), WriterOptions{}
		}, "content library", true},
		{"content library share of another drive", func(_ *testing.T, dir string) (string, WriterOptions) {
			return filepath.Join(dir, "sccmContentLibD$", "x"), WriterOptions{}
		}, "content library", true},
		{"in a renamed content library", func(t *testing.T, dir string) (string, WriterOptions) {
			t.Helper()
			for _, n := range []string{"PkgLib", "DataLib", "FileLib"} {
				if err := os.Mkdir(filepath.Join(dir, n), 0o777); err != nil {
					t.Fatal(err)
				}
			}
			return filepath.Join(dir, "FileLib", "ABCD"), WriterOptions{}
		}, "content library", true},
		{"renamed content library", func(t *testing.T, dir string) (string, WriterOptions) {
			t.Helper()
			for _, n := range []string{"PkgLib", "DataLib", "FileLib"} {
				if err := os.Mkdir(filepath.Join(dir, n), 0o777); err != nil {
					t.Fatal(err)
				}
			}
			return dir, WriterOptions{}
		}, "content library", true},
		{"content library of a further drive, in another case", func(t *testing.T, dir string) (string, WriterOptions) {
			t.Helper()
			for _, n := range []string{"datalib", "FILELIB"} {
				if err := os.Mkdir(filepath.Join(dir, n), 0o777); err != nil {
					t.Fatal(err)
				}
			}
			return filepath.Join(dir, "FILELIB", "ABCD"), WriterOptions{}
		}, "content library", true},
		{"protected", func(_ *testing.T, dir string) (string, WriterOptions) {
			return filepath.Join(dir, "x", ".."), WriterOptions{Protected: []string{dir}}
		}, "it is a system or home folder", true},
		{"the source", func(_ *testing.T, dir string) (string, WriterOptions) {
			return dir, WriterOptions{Source: dir}
		}, "source", true},
		{"in the source", func(_ *testing.T, dir string) (string, WriterOptions) {
			return filepath.Join(dir, "a", "b"), WriterOptions{Source: dir}
		}, "is in the source", true},
		{"around the source", func(t *testing.T, dir string) (string, WriterOptions) {
			t.Helper()
			src := filepath.Join(dir, "a", "b")
			if err := os.MkdirAll(src, 0o777); err != nil {
				t.Fatal(err)
			}
			return dir, WriterOptions{Source: src}
		}, "it contains the source", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			lib, o := tt.make(t, dir)
			before := content(t, dir)
			_, err := OpenWriter(t.Context(), lib, o)
			var refused *RefusedError
			var dest *DestinationError
			if err == nil || !strings.Contains(err.Error(), tt.want) || errors.As(err, &refused) != tt.refused || errors.As(err, &dest) == tt.refused {
				t.Errorf("OpenWriter = %v, want %q", err, tt.want)
			}
			if !mapsEqual(before, content(t, dir)) {
				t.Error("the refused folder was changed")
			}
		})
	}
}

func TestRefusesThroughALink(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, contentLibrary), 0o777); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "harmless")
	if err := os.Symlink(filepath.Join(dir, contentLibrary), link); err != nil {
		t.Skipf("this system makes no links here: %v", err)
	}
	if _, err := os.Lstat(link); err != nil {
		t.Skip("this system says that it made a link and did not (Wine)")
	}
	_, err := OpenWriter(t.Context(), filepath.Join(link, "lib"), WriterOptions{})
	var refused *RefusedError
	if !errors.As(err, &refused) {
		t.Errorf("OpenWriter = %v, want a RefusedError", err)
	}
}

// record is the release.json of a release of a library.
func record(t *testing.T, library string) string {
	t.Helper()
	var b strings.Builder
	rec := Release{Format: releaseFormat, Version: releaseVersion, Library: library, Digest: strings.Repeat("0", 64)}
	if err := rec.write(&b, slices.Values(rec.Files)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestReclaimTakesOnlyWhatIsOurs(t *testing.T) {
	dir := t.TempDir()
	w := writer(t, dir)
	id := w.ID
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	other := strings.Repeat("f", 32)
	for name, text := range map[string]string{
		".staging-0000000000000001/.staging.json":                         `{"library":"` + id + `"}`,
		".staging-0000000000000001/data/amd64/x":                          "x",
		".staging-0000000000000002/release.json":                          record(t, id),
		".staging-0000000000000006/release.json":                          record(t, other),
		".staging-0000000000000003/.staging.json":                         `{"library":"` + other + `"}`,
		".staging-0000000000000004/diary.txt":                             "mine",
		".staging-my-own/.staging.json":                                   `{"library":"` + id + `"}`,
		".staging-0000000000000007/.staging.json":                         `{"libr`,
		".staging-0000000000000008/.staging.json":                         "",
		".staging-0000000000000009/.staging.json":                         `{"libr`,
		".staging-0000000000000009/mine.txt":                              "mine",
		".staging-000000000000000a/.staging.json":                         "\x00\x00\x00",
		".staging-000000000000000b/.staging.json":                         `{"library":"zz`,
		".current.0123456789abcdef.partial":                               "x",
		"definitions/r/.USMT.sms.0123456789abcdef.partial":                "x",
		"definitions/r/.Publish-UsmtPackage.ps1.0123456789abcdef.partial": "x",
		"definitions/r/mine.partial":                                      "x",
		".someone.partial":                                                "x",
		"10.0.1.2-0123456789ab.old/manifest-sha256.txt":                   "x",
	} {
		write(t, filepath.Join(dir, filepath.FromSlash(name)), text)
	}
	if err := os.Mkdir(filepath.Join(dir, ".staging-0000000000000005"), 0o777); err != nil {
		t.Fatal(err)
	}
	w = writer(t, dir)
	notes := strings.Join(w.Notes(), "\n")
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	got := content(t, dir)
	for name, want := range map[string]bool{
		".staging-0000000000000001/": false, ".staging-0000000000000002/": false, ".staging-0000000000000005/": false,
		".staging-0000000000000007/": false, ".staging-0000000000000008/": false, ".staging-000000000000000a/": false,
		".staging-0000000000000009/.staging.json": true, ".staging-000000000000000b/.staging.json": true,
		".current.0123456789abcdef.partial": false, "definitions/r/.USMT.sms.0123456789abcdef.partial": false,
		"definitions/r/.Publish-UsmtPackage.ps1.0123456789abcdef.partial": false, "definitions/r/mine.partial": true,
		".staging-0000000000000003/.staging.json": true, ".staging-0000000000000004/diary.txt": true,
		".staging-0000000000000006/release.json": true, ".staging-my-own/.staging.json": true, ".someone.partial": true, "10.0.1.2-0123456789ab.old/manifest-sha256.txt": true,
	} {
		if _, there := got[name]; there != want {
			t.Errorf("%s is there: %v, want %v", name, there, want)
		}
	}
	for _, want := range []string{"cleared .staging-0000000000000001", "left .staging-0000000000000003 alone", "left .staging-0000000000000004 alone"} {
		if !strings.Contains(notes, want) {
			t.Errorf("Notes = %q, want %q", notes, want)
		}
	}
}

func TestActivate(t *testing.T) {
	dir := t.TempDir()
	w := writer(t, dir)
	defer func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}()
	res, err := w.Stage(t.Context(), source(kit()), options())
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []bool{true, false} {
		if changed, err := w.Activate(t.Context(), res.Release.Name); err != nil || changed != want {
			t.Errorf("Activate %d = %v, %v, want %v", i, changed, err, want)
		}
	}
	if _, err := w.Activate(t.Context(), "10.0.1.2-000000000000"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Activate of no release = %v", err)
	}
	if _, err := w.Activate(t.Context(), "../x"); err == nil {
		t.Error("Activate of a path is accepted")
	}
	write(t, filepath.Join(dir, currentFile), "../../etc\n")
	if _, err := w.Current(); err == nil {
		t.Error("Current accepts a path")
	}
	if changed, err := w.Activate(t.Context(), res.Release.Name); err != nil || !changed {
		t.Errorf("Activate over a broken file = %v, %v", changed, err)
	}
}

func TestDefineWritesWhatDiffers(t *testing.T) {
	dir := t.TempDir()
	w := writer(t, dir)
	defer func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}()
	res, err := w.Stage(t.Context(), source(kit()), options())
	if err != nil {
		t.Fatal(err)
	}
	name := res.Release.Name
	steps := []struct {
		files map[string][]byte
		want  string
	}{
		{map[string][]byte{"a": []byte("1"), "b": []byte("2")}, "a b"},
		{map[string][]byte{"a": []byte("1"), "b": []byte("2")}, ""},
		{map[string][]byte{"a": []byte("1"), "b": []byte("3")}, "b"},
	}
	for _, s := range steps {
		written, err := w.Define(t.Context(), name, s.files)
		if err != nil || strings.Join(written, " ") != s.want {
			t.Errorf("Define = %v, %v, want %q", written, err, s.want)
		}
	}
	if _, err := w.Define(t.Context(), "10.0.1.2-000000000000", nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Define of no release = %v", err)
	}
}

func TestOpenOfNoLibrary(t *testing.T) {
	for _, dir := range []string{t.TempDir(), filepath.Join(t.TempDir(), "none")} {
		if _, err := Open(dir); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Open = %v, want fs.ErrNotExist", err)
		}
	}
}
