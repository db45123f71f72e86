package archive_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"usmtpkg/stage/archive"
)

var limits = archive.Limits{Files: 1000, Bytes: 64 << 20}

// content is what the archives of the tests contain: texts, noise, an empty file, a path that does not fit
// the header of a tar, and more than a frame.
func content() map[string]string {
	noise := make([]byte, 3<<20)
	src := rand.NewChaCha8([32]byte{7})
	_, _ = src.Read(noise)
	files := map[string]string{
		"bagit.txt":                     "BagIt-Version: 1.0\n",
		"data/amd64/scanstate.exe":      string(noise),
		"data/amd64/empty.xml":          "",
		"data/amd64/Ünïcode.xml":        "<x/>",
		"data/x86/zeros.bin":            strings.Repeat("\x00", 9<<20),
		"data/x86/" + longName + ".man": "<assembly/>",
	}
	var text strings.Builder
	for i := range 200_000 {
		fmt.Fprintf(&text, "<component id=%q/>\n", strings.Repeat("x", i%7)+fmt.Sprint(i*i%977))
	}
	files["data/arm64/MigApp.xml"] = text.String()
	return files
}

var longName = strings.Repeat("long", 50)

func list(files map[string]string) []archive.File {
	var l []archive.File
	for _, name := range slices.Sorted(maps.Keys(files)) {
		l = append(l, archive.File{Name: name, Size: int64(len(files[name])), Copy: func(w io.Writer) error {
			_, err := io.WriteString(w, files[name])
			return err
		}})
	}
	return l
}

type form struct {
	name  string
	write func(io.Writer, []archive.File) error
	read  func(ctx context.Context, b []byte, l archive.Limits, each archive.Each) error
}

var forms = []form{
	{"tar.zst", archive.WriteTar, readTar},
	{"zip", archive.WriteZip, readZip},
}

func readTar(ctx context.Context, b []byte, l archive.Limits, each archive.Each) error {
	return archive.ReadTar(ctx, bytes.NewReader(b), l, each)
}

func readZip(ctx context.Context, b []byte, l archive.Limits, each archive.Each) error {
	return archive.ReadZip(ctx, bytes.NewReader(b), int64(len(b)), l, each)
}

func pack(t *testing.T, f form, files []archive.File) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := f.write(&b, files); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// unpack returns the files of an archive.
func unpack(t *testing.T, f form, b []byte) (map[string]string, error) {
	t.Helper()
	got := map[string]string{}
	err := f.read(t.Context(), b, limits, func(name string, size int64, r io.Reader) error {
		c, err := io.ReadAll(r)
		if err == nil && int64(len(c)) != size {
			t.Errorf("%s has %d bytes, said to be %d", name, len(c), size)
		}
		got[name] = string(c)
		return err
	})
	return got, err
}

func same(t *testing.T, got, want map[string]string) {
	t.Helper()
	if !maps.Equal(got, want) {
		t.Errorf("unpacked %q, want %q, or contents differ", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
	}
}

func TestRoundTrip(t *testing.T) {
	for _, f := range forms {
		t.Run(f.name, func(t *testing.T) {
			got, err := unpack(t, f, pack(t, f, list(content())))
			if err != nil {
				t.Fatal(err)
			}
			same(t, got, content())
			if got, err := unpack(t, f, pack(t, f, nil)); err != nil || len(got) > 0 {
				t.Errorf("without files: %q, %v", got, err)
			}
		})
	}
}

// TestSameBytes: an archive is the same on any number of processors, and stays so until the compressor or
// a setting changes. Other sums are nothing to be afraid of, but users compare archives by them: say it in
// CHANGELOG.md.
func TestSameBytes(t *testing.T) {
	want := map[string]string{
		"tar.zst": "68bf22a6d68c2ed1b71dc2b5b644ad1b2eee14f3f6bf71b502c8d5aa25972454",
		"zip":     "3d0827ac88d775980544999ee79a0dd95f0af4ae35b4a6901cd742ac1217dddb",
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, f := range forms {
		for _, processors := range []int{1, 2, 7} {
			runtime.GOMAXPROCS(processors)
			sum := sha256.Sum256(pack(t, f, list(content())))
			if got := hex.EncodeToString(sum[:]); got != want[f.name] {
				t.Errorf("%s with %d processors: SHA-256 %s, want %s", f.name, processors, got, want[f.name])
			}
		}
	}
}

// TestJudges: other programs read what is written, and it has what was packed.
func TestJudges(t *testing.T) {
	for _, judge := range []struct {
		form  form
		check []string // the archive is added
		out   []string // unpacks into the current folder
	}{
		{forms[0], []string{"zstd", "-qt"}, []string{"tar", "--zstd", "-xf"}},
		{forms[1], []string{"unzip", "-qt"}, []string{"unzip", "-q"}},
		{forms[1], []string{"7z", "t"}, []string{"7z", "x"}},
	} {
		t.Run(judge.out[0], func(t *testing.T) {
			for _, program := range []string{judge.check[0], judge.out[0], "zstd"} {
				if _, err := exec.LookPath(program); err != nil {
					t.Skipf("%s, the judge of this test, is not installed: NOT TESTED", program)
				}
			}
			dir := t.TempDir()
			name := filepath.Join(t.TempDir(), "a."+judge.form.name)
			if err := os.WriteFile(name, pack(t, judge.form, list(content())), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, command := range [][]string{judge.check, judge.out} {
				run(t, dir, append(command, name)...)
			}
			got := map[string]string{}
			for name := range content() {
				b, err := os.ReadFile(filepath.Join(dir, name))
				if err != nil {
					t.Error(err)
				}
				got[name] = string(b)
			}
			same(t, got, content())
		})
	}
}

func run(t *testing.T, dir string, command ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v: %s", command, err, out)
	}
}

// TestOthers reads what other programs pack: with folders, a leading "./", pax headers, fillers.
func TestOthers(t *testing.T) {
	dir := t.TempDir()
	for name, c := range content() {
		p := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(p), 0o755), os.WriteFile(p, []byte(c), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	for i, tt := range []struct {
		form    form
		command string
	}{
		{forms[0], "tar --zstd -cf $OUT ."},
		{forms[0], "tar --format=gnu -I 'zstd -T0 -19' -cf $OUT bagit.txt data"},
		{forms[0], "tar --format=posix --record-size=1M -cf - * | zstd -q -1 >$OUT"},
		{forms[0], "tar --format=v7 --exclude=long* -cf - ./* | zstd -q >$OUT; cp data/x86/long* ../; rm data/x86/long*"},
		{forms[1], "7z a -bd -tzip $OUT ."},
		{forms[1], "zip -qr $OUT ."},
	} {
		t.Run(fmt.Sprint(i, " ", strings.Fields(tt.command)[0]), func(t *testing.T) {
			if _, err := exec.LookPath(strings.Fields(tt.command)[0]); err != nil {
				t.Skipf("%v: NOT TESTED", err)
			}
			out := filepath.Join(t.TempDir(), "out."+tt.form.name)
			run(t, dir, "sh", "-ec", strings.ReplaceAll(tt.command, "$OUT", out))
			b, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			got, err := unpack(t, tt.form, b)
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]string{}
			for name, c := range content() {
				if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
					want[name] = c
				}
			}
			if strings.Contains(tt.command, "exclude") {
				maps.DeleteFunc(got, func(name string, _ string) bool { return strings.Contains(name, longName) })
			}
			same(t, got, want)
		})
	}
}

// TestFailures: errors of what is read and written come back as they are.
func TestFailures(t *testing.T) {
	full := errors.New("no space")
	for _, f := range forms {
		t.Run(f.name, func(t *testing.T) {
			if err := f.write(failing{full}, list(content())); !errors.Is(err, full) || strings.Contains(err.Error(), "\n") {
				t.Errorf("writing: %v", err)
			}
			bad := list(content())
			bad[1].Copy = func(io.Writer) error { return full }
			if err := f.write(io.Discard, bad); !errors.Is(err, full) {
				t.Errorf("a file that cannot be read: %v", err)
			}
			for _, size := range []int64{0, 1 << 40} {
				bad = list(content())
				bad[0].Size = size
				if f.name == "zip" && size > 1<<32 {
					continue
				}
				if err := f.write(io.Discard, bad); err == nil {
					t.Errorf("a file that is not of %d bytes was packed", size)
				}
			}
			b := pack(t, f, list(content()))
			err := f.read(t.Context(), b, limits, func(string, int64, io.Reader) error { return full })
			if !errors.Is(err, full) {
				t.Errorf("unpacking: %v", err)
			}
			ctx, cancel := context.WithCancelCause(t.Context())
			err = f.read(ctx, b, limits, func(string, int64, io.Reader) error {
				cancel(full)
				return nil
			})
			if !errors.Is(err, full) {
				t.Errorf("cancelled: %v", err)
			}
		})
	}
	in := io.MultiReader(bytes.NewReader(pack(t, forms[0], list(content()))[:1<<20]), failing{full})
	if err := archive.ReadTar(t.Context(), in, limits, ignore); !errors.Is(err, full) {
		t.Errorf("reading a .tar.zst: %v", err)
	}
	if err := archive.ReadZip(t.Context(), failing{full}, 1000, limits, ignore); !errors.Is(err, full) {
		t.Errorf("reading a .zip: %v", err)
	}
}

func ignore(string, int64, io.Reader) error { return nil }

type failing struct{ err error }

func (f failing) Read([]byte) (int, error)          { return 0, f.err }
func (f failing) ReadAt([]byte, int64) (int, error) { return 0, f.err }
func (f failing) Write([]byte) (int, error)         { return 0, f.err }

// TestNamesWritten: what could not be read again is not written.
func TestNamesWritten(t *testing.T) {
	for _, names := range [][]string{{"../x"}, {"/x"}, {"a\\b"}, {"NUL"}, {"a", "A"}, {"a", "a/b"}, {""}, {"a/"}} {
		for _, f := range forms {
			var files []archive.File
			for _, n := range names {
				files = append(files, archive.File{Name: n, Copy: func(io.Writer) error { return nil }})
			}
			if err := f.write(io.Discard, files); !errors.As(err, new(*archive.FormatError)) {
				t.Errorf("%s with %q: %v", f.name, names, err)
			}
		}
	}
}
