package overlay

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// folderOf makes a folder with files of the content given; one with a nil content is a folder.
func folderOf(t *testing.T, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		err := os.MkdirAll(filepath.Dir(path), 0o777)
		if content == nil {
			err = errors.Join(err, os.MkdirAll(path, 0o777))
		} else {
			err = errors.Join(err, os.WriteFile(path, content, 0o666))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func text(s string) []byte { return []byte(s) }

// summary names the files with their sizes and whether they may replace others.
func summary(o *Overlay) (list []string) {
	for _, f := range o.files {
		list = append(list, fmt.Sprintf("%s from %s, %d bytes, %t", f.Name, f.From, f.Size, f.Replace))
	}
	return list
}

func TestOpen(t *testing.T) {
	dir := folderOf(t, map[string][]byte{
		"custom/MigA.xml": text("<a/>"), "custom/migb.XML": text("<bb/>"), "custom/notes.txt": text("n"),
		"other/MigC.xml": text("<c/>"), "other/miga.xml": text("<other/>"), "custom/sub": nil, "folders/x.xml": nil, "empty": nil,
	})
	abs := filepath.ToSlash(dir)
	tests := []struct {
		name     string
		patterns []Pattern
		want     []string
		err      string // in the error
	}{
		{"nothing", nil, nil, ""},
		{"a wildcard, without regard to case", []Pattern{{From: "custom/*.xml"}}, []string{"MigA.xml from custom/MigA.xml, 4 bytes, false", "migb.XML from custom/migb.XML, 5 bytes, false"}, ""},
		{"one file", []Pattern{{From: "custom/notes.txt"}}, []string{"notes.txt from custom/notes.txt, 1 bytes, false"}, ""},
		{"backslashes", []Pattern{{From: `.\custom\mig?.xml`}}, []string{"MigA.xml from ./custom/MigA.xml, 4 bytes, false", "migb.XML from ./custom/migb.XML, 5 bytes, false"}, ""},
		{"a set", []Pattern{{From: "custom/mig[b-z].xml"}}, []string{"migb.XML from custom/migb.XML, 5 bytes, false"}, ""},
		{"up and down", []Pattern{{From: "../" + filepath.Base(dir) + "/other/migc.xml"}}, []string{"MigC.xml from ../" + filepath.Base(dir) + "/other/MigC.xml, 4 bytes, false"}, ""},
		{"absolute", []Pattern{{From: abs + "/other/migc.xml", Dir: "elsewhere"}}, []string{"MigC.xml from " + abs + "/other/MigC.xml, 4 bytes, false"}, ""},
		{"one file twice", []Pattern{{From: "custom/*.xml"}, {From: "custom/MIGA.xml", Replace: true}},
			[]string{"MigA.xml from custom/MigA.xml, 4 bytes, true", "migb.XML from custom/migb.XML, 5 bytes, false"}, ""},
		{"the other way round", []Pattern{{From: "custom/MigA.xml", Replace: true}, {From: "custom/../custom/miga.xml"}},
			[]string{"MigA.xml from custom/MigA.xml, 4 bytes, true"}, ""},
		{"two files of one name", []Pattern{{From: "custom/MigA.xml"}, {From: "other/*"}}, nil, "overlay other/miga.xml: found the same name as custom/MigA.xml"},
		{"no match", []Pattern{{From: "custom/*.xmi"}}, nil, "overlay custom/*.xmi: no file matches in the folder " + filepath.Join(dir, "custom")},
		{"one of two has no match", []Pattern{{From: "custom/*.xml"}, {From: "empty/*"}}, nil, "overlay empty/*: no file matches"},
		{"no folder", []Pattern{{From: "nowhere/*.xml"}}, nil, "overlay nowhere/*.xml: no file matches, because there is no folder"},
		{"a folder that matches", []Pattern{{From: "custom/*"}}, nil, "overlay custom/sub: found a folder, wanted a file"},
		{"a folder named like a file", []Pattern{{From: "folders/*.xml"}}, nil, "overlay folders/x.xml: found a folder"},
		{"a folder", []Pattern{{From: "custom/"}}, nil, "overlay custom/: found a folder, wanted the files in it, such as custom/*.xml"},
		{"the folder above", []Pattern{{From: ".."}}, nil, "a folder, wanted the files in it"},
		{"nothing named", []Pattern{{}}, nil, `overlay "": found nothing`},
		{"a wildcard in the folder", []Pattern{{From: "*/MigA.xml"}}, nil, "a wildcard in the folder"},
		{"a broken set", []Pattern{{From: "custom/[a.xml"}}, nil, "found [ without ]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for i := range tt.patterns {
				if tt.patterns[i].Dir == "" {
					tt.patterns[i].Dir = dir
				}
			}
			o, err := Open(t.Context(), tt.patterns)
			if tt.err != "" {
				if bad := (*PatternError)(nil); !errors.As(err, &bad) || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("Open = %v, want %q", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, summary(o)); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
			if err := o.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestOpenBounds(t *testing.T) {
	files := map[string][]byte{}
	for i := range MaxFiles {
		files[fmt.Sprintf("many/%03d.xml", i)] = text("<x/>")
	}
	dir := folderOf(t, files)
	o, err := Open(t.Context(), []Pattern{{From: "many/*", Dir: dir}})
	if err != nil || len(o.files) != MaxFiles {
		t.Fatalf("Open = %v, %v, want %d files", o, err, MaxFiles)
	}
	defer o.Close() //nolint:errcheck // only read
	if err := os.WriteFile(filepath.Join(dir, "many", "more.xml"), text("<x/>"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), []Pattern{{From: "many/*", Dir: dir}}); err == nil || !strings.Contains(err.Error(), "more than 100 files") {
		t.Errorf("Open of one more = %v", err)
	}
	big := filepath.Join(dir, "big.xml")
	if err := errors.Join(os.WriteFile(big, nil, 0o666), os.Truncate(big, maxSize+1)); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), []Pattern{{From: "big.xml", Dir: dir}}); err == nil || !strings.Contains(err.Error(), "67108865 bytes, wanted at most 67108864") {
		t.Errorf("Open of a large file = %v", err)
	}
}

func TestLinksAreRefused(t *testing.T) {
	dir := folderOf(t, map[string][]byte{"custom/a.xml": text("<a/>")})
	if err := os.Symlink("a.xml", filepath.Join(dir, "custom", "b.xml")); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
	if info, err := os.Lstat(filepath.Join(dir, "custom", "b.xml")); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Skip("this system says that it made a link and did not (Wine)")
	}
	if _, err := Open(t.Context(), []Pattern{{From: "custom/*.xml", Dir: dir}}); err == nil || !strings.Contains(err.Error(), "overlay custom/b.xml: found a symbolic link, wanted a file") {
		t.Errorf("Open = %v", err)
	}
}

// open opens the overlay of a folder of files.
func open(t *testing.T, files map[string][]byte) (o *Overlay, dir string) {
	t.Helper()
	dir = folderOf(t, files)
	o, err := Open(t.Context(), []Pattern{{From: "*", Dir: dir}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := o.Close(); err != nil {
			t.Error(err)
		}
	})
	return o, dir
}

func sha(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

func base() fstest.MapFS {
	return fstest.MapFS{
		"amd64/MigApp.xml":    {Data: text("stock")},
		"amd64/scanstate.exe": {Data: text("MZ")},
		"amd64/DL/x.man":      {Data: text("x")},
		"X86/scanstate.exe":   {Data: text("MZ")},
		"readme.txt":          {Data: text("r")},
	}
}

func TestLay(t *testing.T) {
	o, dir := open(t, map[string][]byte{"migapp.xml": text("our own"), "MigOwn.xml": text("<o/>")})
	if diff := cmp.Diff([]string{dir}, o.Folders()); diff != "" {
		t.Errorf("Folders (-want +got):\n%s", diff)
	}
	l, err := o.Lay(t.Context(), base(), []string{"amd64", "X86"})
	if err != nil {
		t.Fatal(err)
	}
	if err := fstest.TestFS(l, "X86/MigOwn.xml", "X86/migapp.xml", "X86/scanstate.exe", "amd64/DL/x.man", "amd64/MigOwn.xml", "amd64/migapp.xml", "amd64/scanstate.exe", "readme.txt"); err != nil {
		t.Error(err)
	}
	var names []string
	entries, err := l.ReadDir("amd64")
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if diff := cmp.Diff([]string{"DL", "MigOwn.xml", "migapp.xml", "scanstate.exe"}, names); err != nil || diff != "" {
		t.Errorf("ReadDir = %v, (-want +got):\n%s", err, diff)
	}
	if _, err := l.Open("amd64/MigApp.xml"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open of what is hidden = %v", err)
	}
	if content, err := fs.ReadFile(l, "amd64/migapp.xml"); string(content) != "our own" || err != nil {
		t.Errorf("ReadFile = %q, %v", content, err)
	}
	var laid []string
	for _, f := range l.Files() {
		s := f.Path + " " + f.SHA256[:8]
		if f.Stock != nil {
			s += fmt.Sprintf(" hides %s, %d bytes, %s", f.Stock.Path, f.Stock.Size, f.Stock.SHA256[:8])
		}
		laid = append(laid, s)
	}
	own, mine := sha(text("<o/>"))[:8], sha(text("our own"))[:8]
	want := []string{"X86/MigOwn.xml " + own, "X86/migapp.xml " + mine, "amd64/MigOwn.xml " + own,
		"amd64/migapp.xml " + mine + " hides amd64/MigApp.xml, 5 bytes, " + sha(text("stock"))[:8]}
	if diff := cmp.Diff(want, laid); diff != "" {
		t.Errorf("Files (-want +got):\n%s", diff)
	}
}

// Of two files of the source that Windows takes for one, one is hidden: that there are two stays to be seen.
func TestLayOverTwins(t *testing.T) {
	o, _ := open(t, map[string][]byte{"migapp.xml": text("our own")})
	source := base()
	source["amd64/MIGAPP.xml"] = &fstest.MapFile{Data: text("twin")}
	source["amd64/migapp.xml"] = &fstest.MapFile{Data: text("same")}
	l, err := o.Lay(t.Context(), source, []string{"amd64"})
	if err != nil {
		t.Fatal(err)
	}
	if s := l.Files()[0].Stock; s == nil || s.Path != "amd64/migapp.xml" {
		t.Errorf("hidden is %+v, want the file of the very name", s)
	}
	if content, err := fs.ReadFile(l, "amd64/MIGAPP.xml"); string(content) != "twin" || err != nil {
		t.Errorf("the twin = %q, %v", content, err)
	}
}

// A name that is another one to Windows hides nothing.
func TestLayBesideLongS(t *testing.T) {
	o, _ := open(t, map[string][]byte{"MigUſer.xml": text("our own")})
	source := base()
	source["amd64/MigUser.xml"] = &fstest.MapFile{Data: text("stock")}
	l, err := o.Lay(t.Context(), source, []string{"amd64"})
	if err != nil || l.Files()[0].Stock != nil {
		t.Errorf("Lay: %+v hidden, %v, want nothing", l.Files()[0].Stock, err)
	}
}

func TestLayOverWhatIsNoFile(t *testing.T) {
	tests := []struct {
		name string
		mode fs.FileMode
		want string
	}{
		{"dl", 0, "overlay dl: amd64/DL in the source is a folder, which a file cannot replace"},
		{"link.xml", fs.ModeSymlink, "amd64/link.xml in the source is a symbolic link"},
		{"pipe.xml", fs.ModeNamedPipe, "amd64/pipe.xml in the source is a named pipe"},
		{"junction.xml", fs.ModeIrregular, "amd64/junction.xml in the source is a reparse point"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o, _ := open(t, map[string][]byte{tt.name: text("x")})
			source := base()
			if tt.mode != 0 {
				source["amd64/"+tt.name] = &fstest.MapFile{Mode: tt.mode}
			}
			if _, err := o.Lay(t.Context(), source, []string{"amd64"}); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Lay = %v, want %q", err, tt.want)
			}
		})
	}
}

// What was listed is the file as it was when the overlay was opened; who compares it with the file
// that he reads finds the change. One that became something else is gone.
func TestChangesAreSeen(t *testing.T) {
	o, dir := open(t, map[string][]byte{"a.xml": text("<a/>"), "b.xml": text("<b/>")})
	l, err := o.Lay(t.Context(), base(), []string{"amd64"})
	if err != nil {
		t.Fatal(err)
	}
	a, b := filepath.Join(dir, "a.xml"), filepath.Join(dir, "b.xml")
	if err := errors.Join(os.WriteFile(a, text("<longer/>"), 0o666), os.Remove(b), os.Mkdir(b, 0o777)); err != nil {
		t.Fatal(err)
	}
	entries, err := l.ReadDir("amd64")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != "a.xml" {
			continue
		}
		listed, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		now, err := fs.Stat(l, "amd64/a.xml")
		if err != nil || listed.Size() != 4 || now.Size() != 9 {
			t.Errorf("listed with %d bytes, opened with %v, %v", listed.Size(), now, err)
		}
	}
	if _, err := l.Open("amd64/b.xml"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open of a file that became a folder = %v, want it to be gone", err)
	}
}
