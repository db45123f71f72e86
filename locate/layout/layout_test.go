package layout_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"usmtpkg/locate/cab"
	"usmtpkg/locate/cab/cabtest"
	"usmtpkg/locate/layout"
	"usmtpkg/locate/msi"
	"usmtpkg/locate/msi/msitest"
)

const (
	version = "10.1.26100.2454"
	below   = "Windows Kits/10/Assessment and Deployment Kit/User State Migration Tool/"
)

// A kit is a package and its cabinets, to be written.
type kit struct {
	files []msitest.File
	db    msitest.Database
	cabs  map[string]cabtest.Cabinet // by their names; "#" is first for one in the package
}

// newKit returns a kit with one file in each cabinet of the given names, after the first, which has two.
func newKit(prefix string, cabinets ...string) *kit {
	k := &kit{cabs: map[string]cabtest.Cabinet{}}
	add := func(path, version string, size int) {
		k.files = append(k.files, msitest.File{Path: path, Version: version, Data: bytes.Repeat([]byte(path+"\r\n"), size)})
	}
	add("amd64/"+prefix+"state.exe", "10.0.26100.2454", 9000)
	for i := range cabinets {
		add(fmt.Sprintf("amd64/DLManifests/%s%d.man", prefix, i), "", i*3000)
	}
	k.db = msitest.Kit(version, k.files...)
	media := k.table("Media")
	media.Rows = media.Rows[:1]
	at := 0
	for i, name := range cabinets {
		n := 1
		if i == 0 {
			n = 2
		}
		var all []byte
		var c cabtest.Cabinet
		for range n {
			data := k.files[at].Data
			at++
			c.Files = append(c.Files, cabtest.File{Name: fmt.Sprintf("fil%d", at), Size: len(data), Start: len(all)})
			all = append(all, data...)
		}
		c.Folders = []cabtest.Folder{cabtest.LZX(all, 18, 0, cabtest.Run{Kind: cabtest.Aligned, Size: 50_000})}
		c.Reserve = make([]byte, 20)
		k.cabs[name] = c
		media.Rows = append(media.Rows, []any{i + 2, at, nil, name, nil, nil})
	}
	return k
}

func (k *kit) table(name string) *msitest.Table {
	return &k.db.Tables[slices.IndexFunc(k.db.Tables, func(t msitest.Table) bool { return t.Name == name })]
}

// write puts the kit into a layout.
func (k *kit) write(dir fstest.MapFS, name string) {
	db := k.db
	for name, c := range k.cabs {
		if stream, ok := strings.CutPrefix(name, "#"); ok {
			mark := []rune(msitest.StreamName(stream))
			db.Streams = append(db.Streams, &msitest.Node{Name: string(mark[1:]), Data: c.Bytes()})
		} else {
			dir[name] = &fstest.MapFile{Data: c.Bytes()}
		}
	}
	dir[name] = &fstest.MapFile{Data: msitest.Compound(db.Root(), 4)}
}

// want is what is unpacked of a kit.
func (k *kit) want() map[string]string {
	m := map[string]string{}
	for _, f := range k.files {
		m[below+f.Path] = string(f.Data)
	}
	return m
}

// unpack returns what a layout installs.
func unpack(t *testing.T, dir fs.FS, packages ...string) (map[string]string, error) {
	t.Helper()
	l, err := layout.Open(dir, packages...)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}()
	got := map[string]string{}
	err = l.Extract(t.Context(), func(f layout.File) (io.WriteCloser, error) {
		return &output{path: f.Path, to: got}, nil
	})
	return got, err
}

type output struct {
	bytes.Buffer
	path string
	to   map[string]string
}

func (o *output) Close() error {
	o.to[o.path] = o.String()
	return nil
}

func same(t *testing.T, got, want map[string]string) {
	t.Helper()
	if !slices.Equal(slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want))) {
		t.Errorf("files\n%q, want\n%q", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
	}
	for path, b := range want {
		if got[path] != b {
			t.Errorf("%s has %d other bytes, want %d", path, len(got[path]), len(b))
		}
	}
}

func TestExtract(t *testing.T) {
	dir := fstest.MapFS{}
	one, two := newKit("scan", "a.cab", "#inside.cab", "B.CAB"), newKit("load", "c.cab")
	one.write(dir, "one.msi")
	two.write(dir, "Two.msi")
	dir["b.cab"] = dir["B.CAB"] // a disk may say it in another case
	delete(dir, "B.CAB")
	got, err := unpack(t, dir, "one.msi", "two.MSI")
	if err != nil {
		t.Fatal(err)
	}
	want := one.want()
	maps.Copy(want, two.want())
	same(t, got, want)
}

// TestTwins: WiX has files with the same content share it.
func TestTwins(t *testing.T) {
	k := newKit("scan", "a.cab")
	k.files[1].Data = k.files[0].Data
	k.db.Tables = msitest.Kit(version, k.files...).Tables
	k.table("Media").Rows[1][3] = "a.cab"
	n := len(k.files[0].Data)
	k.cabs["a.cab"] = cabtest.Cabinet{Folders: []cabtest.Folder{cabtest.MSZIP(k.files[0].Data)},
		Files: []cabtest.File{{Name: "fil1", Size: n}, {Name: "fil2", Size: n}, {Name: "another", Size: n}}}
	dir := fstest.MapFS{}
	k.write(dir, "one.msi")
	got, err := unpack(t, dir, "one.msi")
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, k.want())
}

// TestLeaveOut: what create does not want is not written, and its content not looked at.
func TestLeaveOut(t *testing.T) {
	dir := fstest.MapFS{}
	k := newKit("scan", "a.cab", "b.cab")
	k.write(dir, "one.msi")
	dir["b.cab"].Data[len(dir["b.cab"].Data)-1] ^= 1
	l, err := layout.Open(dir, "one.msi")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // was only read
	got := map[string]string{}
	err = l.Extract(t.Context(), func(f layout.File) (io.WriteCloser, error) {
		if !strings.HasSuffix(f.Path, ".exe") {
			return nil, nil
		}
		return &output{path: f.Path, to: got}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, map[string]string{below + "amd64/scanstate.exe": string(k.files[0].Data)})
}

func TestFaults(t *testing.T) {
	tests := []struct {
		name, want string
		change     func(k *kit)
		after      func(dir fstest.MapFS)
	}{
		{"not a package", "one.msi: ", nil, func(dir fstest.MapFS) { dir["one.msi"].Data = []byte("MZ") }},
		{"size", `a.cab: ` + below + `amd64/scanstate.exe (fil1) has 189000 bytes; one.msi says 7`,
			func(k *kit) { k.table("File").Rows[0][3] = 7 }, nil},
		{"MD5", `b.cab: ` + below + `amd64/DLManifests/scan1.man (fil3) has the MD5 `,
			func(k *kit) { k.table("MsiFileHash").Rows[1][2] = 1 }, nil},
		{"file missing", `the cabinets of one.msi lack 1 of the files that it installs, such as ` + below + `amd64/DLManifests/scan0.man (fil2)`, func(k *kit) {
			c := k.cabs["a.cab"]
			c.Files = c.Files[:1]
			k.cabs["a.cab"] = c
		}, nil},
		{"cabinet damaged", `unpacking ` + below + `amd64/DLManifests/scan1.man: at byte 65536: reading "fil3": b.cab, byte `, nil,
			func(dir fstest.MapFS) { dir["b.cab"].Data[len(dir["b.cab"].Data)-1] ^= 1 }},
		{"not a cabinet", `a.cab, byte 0: not a cabinet`, nil, func(dir fstest.MapFS) { dir["a.cab"].Data[0]++ }},
		{"inside damaged", `one.msi, c.cab, byte 0: not a cabinet`, nil, func(dir fstest.MapFS) {
			b := dir["one.msi"].Data
			b[bytes.Index(b, []byte("MSCF"))]++
		}},
		{"folder", `a.cab is not a file`, nil, func(dir fstest.MapFS) { dir["a.cab"].Mode = fs.ModeDir }},
		{"twice", `one.msi and one.msi both install ` + below + `amd64/`, func(k *kit) {
			k.table("File").Rows[1][1] = "cmp1"
			k.table("File").Rows[1][2] = "SCANSTATE.EXE"
		}, nil},
		{"root", `one.msi: ` + below + `amd64/DLManifests/scan0.man is below the directory "..\\x", which is not an identifier`, func(k *kit) {
			for _, row := range k.table("Directory").Rows {
				switch {
				case row[0] == "ProgramFilesFolder":
					row[0] = `..\x`
				case row[1] == "ProgramFilesFolder":
					row[1] = `..\x`
				}
			}
			k.table("Directory").Rows[1][1] = nil
		}, nil},
		{"too much", `the files of the packages have more than 4294967296 bytes together`, func(k *kit) {
			for i := range 3 {
				k.table("File").Rows[i][3] = 1<<31 - 1
			}
		}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k, dir := newKit("scan", "a.cab", "b.cab", "#c.cab"), fstest.MapFS{}
			if tt.change != nil {
				tt.change(k)
			}
			k.write(dir, "one.msi")
			if tt.after != nil {
				tt.after(dir)
			}
			_, err := unpack(t, dir, "one.msi")
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %s", err, tt.want)
			}
			if !errors.As(err, new(*layout.FaultError)) && !errors.As(err, new(*cab.FormatError)) && !errors.As(err, new(*msi.FormatError)) {
				t.Errorf("%v does not count as a fault of the layout", err)
			}
		})
	}
}

// TestMissing: all cabinets that are missing are named, and nothing is written.
func TestMissing(t *testing.T) {
	dir := fstest.MapFS{}
	newKit("scan", "a.cab", "b.cab", "#c.cab", "d.cab").write(dir, "one.msi")
	newKit("load", "e.cab").write(dir, "two.msi")
	k := newKit("x", "f.cab")
	k.table("Media").Rows[1][3] = "#f.cab"
	k.write(dir, "three.msi")
	for _, name := range []string{"b.cab", "d.cab", "e.cab", "f.cab"} {
		delete(dir, name)
	}
	got, err := unpack(t, dir, "one.msi", "two.msi", "three.msi")
	const want = "4 cabinets are missing: one.msi needs b.cab, d.cab; two.msi needs e.cab; three.msi needs f.cab"
	if m, ok := errors.AsType[*layout.MissingError](err); !ok || m.Error() != want || len(got) > 0 {
		t.Errorf("%d files, %v, want %s", len(got), err, want)
	}
}

func TestFailures(t *testing.T) {
	dir := fstest.MapFS{}
	newKit("scan", "a.cab", "b.cab").write(dir, "one.msi")
	l, err := layout.Open(dir, "one.msi")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // was only read
	full := errors.New("no space")
	closed := 0
	err = l.Extract(t.Context(), func(layout.File) (io.WriteCloser, error) { return failing{full, nil, &closed}, nil })
	if !errors.Is(err, full) || closed != 1 {
		t.Errorf("writing: %v, %d files closed", err, closed)
	}
	err = l.Extract(t.Context(), func(layout.File) (io.WriteCloser, error) { return failing{nil, full, &closed}, nil })
	if !errors.Is(err, full) {
		t.Errorf("closing: %v", err)
	}
	err = l.Extract(t.Context(), func(layout.File) (io.WriteCloser, error) { return nil, full })
	if !errors.Is(err, full) {
		t.Errorf("creating: %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	err = l.Extract(ctx, func(layout.File) (io.WriteCloser, error) {
		cancel(full)
		return failing{nil, nil, &closed}, nil
	})
	if !errors.Is(err, full) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := layout.Open(dir, "other.msi"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no package: %v", err)
	}
}

type failing struct {
	write, close error
	closed       *int
}

func (f failing) Write(p []byte) (int, error) { return len(p), f.write }

func (f failing) Close() error {
	*f.closed++
	return f.close
}

// TestUnpack: folders have one spelling, and nothing is replaced.
func TestUnpack(t *testing.T) {
	dir := fstest.MapFS{}
	one, two := newKit("scan", "a.cab"), newKit("load", "b.cab")
	for _, row := range two.table("Directory").Rows {
		if name, ok := row[2].(string); ok {
			row[2] = strings.Replace(strings.Replace(name, "DLManifests", "dlmanifests", 1), "amd64", "AMD64", 1)
		}
	}
	one.write(dir, "one.msi")
	two.write(dir, "two.msi")
	l, err := layout.Open(dir, "one.msi", "two.msi")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // was only read
	name := t.TempDir()
	root, err := os.OpenRoot(name)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close() //nolint:errcheck // what was written is read below
	if err := l.Unpack(t.Context(), root); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	err = fs.WalkDir(root.FS(), "ProgramFilesFolder", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := fs.ReadFile(root.FS(), path)
		got[strings.TrimPrefix(path, "ProgramFilesFolder/")] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	want := one.want()
	maps.Copy(want, two.want()) // in the spelling of the first
	same(t, got, want)
	if err := l.Unpack(t.Context(), root); !errors.Is(err, fs.ErrExist) {
		t.Errorf("unpacking twice: %v", err)
	}
}

// msiextract returns what msiextract makes of packages, by the paths below the folder of programs.
func msiextract(t *testing.T, dir string, packages ...string) map[string]string {
	t.Helper()
	program, err := exec.LookPath("msiextract")
	if err != nil {
		t.Skip("msiextract, the judge of this test, is not installed: NOT TESTED")
	}
	out, got := t.TempDir(), map[string]string{}
	for _, p := range packages {
		if text, err := exec.CommandContext(t.Context(), program, "-C", out, filepath.Join(dir, p)).CombinedOutput(); err != nil {
			t.Fatalf("msiextract: %v: %s", err, text)
		}
	}
	err = filepath.WalkDir(out, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		_, rest, ok := strings.Cut(filepath.ToSlash(path), "/Windows Kits/")
		if !ok {
			return fmt.Errorf("msiextract wrote %s", path)
		}
		b, err := os.ReadFile(path)
		got["Windows Kits/"+rest] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestBesideMsiextract(t *testing.T) {
	files := fstest.MapFS{}
	k := newKit("scan", "a.cab", "b.cab")
	k.write(files, "one.msi")
	dir := t.TempDir()
	for name, f := range files {
		if err := os.WriteFile(filepath.Join(dir, name), f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want := msiextract(t, dir, "one.msi")
	got, err := unpack(t, os.DirFS(dir), "one.msi")
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, want)
	same(t, got, k.want())
}

// Where the folder Installers of an ADK layout is at hand, named by USMTPKG_TEST_LAYOUT, the packages of USMT that have
// their cabinets are unpacked, and compared with what msiextract makes of them: Microsoft's files are no part of this project.
func TestGenuine(t *testing.T) {
	dir := os.Getenv("USMTPKG_TEST_LAYOUT")
	if dir == "" {
		t.Skip("NO GENUINE LAYOUT WAS READ: USMTPKG_TEST_LAYOUT is not set")
	}
	names, err := filepath.Glob(filepath.Join(dir, "User State Migration Tool*.msi"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no packages of USMT in %s: %v", dir, err)
	}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			got, err := unpack(t, os.DirFS(dir), filepath.Base(name))
			if missing, ok := errors.AsType[*layout.MissingError](err); ok {
				t.Skip("NOT TESTED: ", missing)
			}
			if err != nil {
				t.Fatal(err)
			}
			same(t, got, msiextract(t, dir, filepath.Base(name)))
			bytes, usmt := 0, 0
			for path, b := range got {
				bytes += len(b)
				if _, _, ok := (msi.File{Path: path}).USMT(); ok {
					usmt++
				}
			}
			t.Logf("%d files, %d of them of USMT, %d bytes", len(got), usmt, bytes)
		})
	}
}
