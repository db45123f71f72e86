package stage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"usmtpkg/stage/archive"
)

// packedRelease packs a release of the kit, and returns its name and its files by their paths.
func packedRelease(t *testing.T, o Options) (name string, tar []byte, files map[string]string) {
	t.Helper()
	dir := t.TempDir()
	name = mustStage(t, dir, source(kit()), o).Release.Name
	files = content(t, filepath.Join(dir, name))
	maps.DeleteFunc(files, func(p, _ string) bool { return strings.HasSuffix(p, "/") })
	return name, packRelease(t, filepath.Join(dir, name)), files
}

func packRelease(t *testing.T, dir string) []byte {
	t.Helper()
	var b bytes.Buffer
	_, err := Pack(t.Context(), dir, PackOptions{}, func(files []archive.File) error { return archive.WriteTar(&b, files) })
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// unpacking delivers an archive.
func unpacking(ctx context.Context, tar []byte) func(archive.Each) error {
	return func(put archive.Each) error { return archive.ReadTar(ctx, bytes.NewReader(tar), Received, put) }
}

// delivering delivers files, in this order.
func delivering(files map[string]string, order ...string) func(archive.Each) error {
	return func(put archive.Each) error {
		for _, name := range order {
			if err := put(name, int64(len(files[name])), strings.NewReader(files[name])); err != nil {
				return err
			}
		}
		return nil
	}
}

func receive(t *testing.T, dir string, deliver func(archive.Each) error, o ReceiveOptions) (Result, error) {
	t.Helper()
	w := writer(t, dir)
	res, err := w.Receive(t.Context(), "the archive", deliver, o)
	if cerr := w.Close(); cerr != nil {
		t.Error(cerr)
	}
	return res, err
}

// TestPackAndReceive: a release arrives in another library byte for byte, and packs to the same archive again.
func TestPackAndReceive(t *testing.T) {
	name, tar, files := packedRelease(t, options())
	dir := filepath.Join(t.TempDir(), "lib")
	var known Release
	var checked []string
	res, err := receive(t, dir, unpacking(t.Context(), tar), ReceiveOptions{
		Sums:  true,
		Known: func(r Release) error { known = r; return nil },
		Checker: func(dir string, rec Release) (Checker, error) {
			if _, err := os.Stat(filepath.Join(dir, "data/x86/big.dll")); err != nil || rec.Name != name {
				t.Errorf("checker of %s in %s: %v", rec.Name, dir, err)
			}
			return checkerFunc{finish: func() error { checked = append(checked, "finished"); return nil }}, nil
		},
		Verified: func(rep Report) error {
			checked = append(checked, fmt.Sprint(len(rep.Sums)))
			return nil
		},
	})
	if err != nil || !res.Published || res.Release.Name != name || known.Name != name || res.Release.Verify.Used != VerifyReread {
		t.Fatalf("Receive = %+v, %v; known %q", res, err, known.Name)
	}
	if want := []string{"finished", "14"}; !slices.Equal(checked, want) {
		t.Errorf("checked %q, want %q", checked, want)
	}
	got := content(t, filepath.Join(dir, name))
	maps.DeleteFunc(got, func(p, _ string) bool { return strings.HasSuffix(p, "/") })
	if !mapsEqual(got, files) {
		t.Error("what was unpacked is not what was packed")
	}
	if again := packRelease(t, filepath.Join(dir, name)); !bytes.Equal(again, tar) {
		t.Error("the release packs to another archive")
	}
	res, err = receive(t, dir, unpacking(t.Context(), tar), ReceiveOptions{})
	if err != nil || res.Published || res.Release.Name != name {
		t.Errorf("a second time: %+v, %v", res, err)
	}
	for p := range content(t, dir) {
		if !strings.HasPrefix(p, name+"/") {
			t.Errorf("%s is left in the library", p)
		}
	}
	damage(t, filepath.Join(dir, name, "data/x86/big.dll"))
	if _, err = receive(t, dir, unpacking(t.Context(), tar), ReceiveOptions{}); !errors.As(err, new(*MismatchError)) {
		t.Errorf("with a damaged release in the library: %v", err)
	}
}

// TestReceiveOrders: the order does not matter, and neither does a folder that all is in.
func TestReceiveOrders(t *testing.T) {
	name, _, files := packedRelease(t, options())
	sorted := slices.Sorted(maps.Keys(files))
	backwards := slices.Clone(sorted)
	slices.Reverse(backwards)
	below := map[string]string{}
	for p, c := range files {
		below["any folder/"+p] = c
	}
	for what, deliver := range map[string]func(archive.Each) error{
		"sorted": delivering(files, sorted...), "backwards": delivering(files, backwards...), "in a folder": delivering(below, slices.Sorted(maps.Keys(below))...),
	} {
		dir := filepath.Join(t.TempDir(), "lib")
		res, err := receive(t, dir, deliver, ReceiveOptions{})
		if err != nil || res.Release.Name != name {
			t.Errorf("%s: %+v, %v", what, res, err)
		}
	}
}

// TestReceiveRefuses: what is not a release, or not what it says, is not published, and nothing of it stays.
func TestReceiveRefuses(t *testing.T) {
	_, _, whole := packedRelease(t, options())
	const format, mismatch = "FormatError", "MismatchError"
	tests := []struct {
		name   string
		change func(files map[string]string, order []string) []string
		kind   string
		want   string
	}{
		{"a file more", func(f map[string]string, o []string) []string {
			f["data/amd64/x.dll"] = "x"
			return append(o, "data/amd64/x.dll")
		}, format, "more than the 10 files"},
		{"a tag file more", func(_ map[string]string, o []string) []string { return append(o, "fetch.txt") }, format, `"fetch.txt" is not part of a release`},
		{"a file beside the payload", func(_ map[string]string, o []string) []string { return append(o, "setup.exe") }, format, "not part of a release"},
		{"a folder in place of a catalog", func(_ map[string]string, o []string) []string { return append(o, "catalog-1/x.cat") }, format, "not part of a release"},
		{"out of the folder", func(_ map[string]string, o []string) []string { return append(o, "data/../../x") }, format, "not part of a release"},
		{"two folders", func(_ map[string]string, o []string) []string { return append([]string{"a/bagit.txt"}, o...) }, format, "not part of a release"},
		{"a file twice", func(_ map[string]string, o []string) []string { return append(o, o[0]) }, format, "is in it twice"},
		{"a file for a folder", func(f map[string]string, o []string) []string {
			f["data/amd64"] = "x"
			return append([]string{"data/amd64"}, o...)
		}, format, "is a file and also a folder"},
		{"no record", func(_ map[string]string, o []string) []string { return without(o, releaseFile) }, format, "it has no release.json"},
		{"nothing", func(_ map[string]string, _ []string) []string { return nil }, format, "it has no release.json"},
		{"a file less", func(_ map[string]string, o []string) []string { return without(o, "data/x86/big.dll") }, mismatch, "data/x86/big.dll"},
		{"no manifest", func(_ map[string]string, o []string) []string { return without(o, manifestName.Name()) }, mismatch, manifestName.Name()},
		{"other content", func(f map[string]string, o []string) []string { f["data/x86/scanstate.exe"] = "scan x87"; return o }, mismatch, "data/x86/scanstate.exe"},
		{"larger content", func(f map[string]string, o []string) []string { f["data/x86/scanstate.exe"] += "x"; return o }, format, "more than the 10 files with"},
		{"another record", func(f map[string]string, o []string) []string {
			f[releaseFile] = strings.Replace(f[releaseFile], `"tool": "test"`, `"tool": "tess"`, 1)
			return o
		}, mismatch, releaseFile},
		{"a broken record", func(f map[string]string, o []string) []string { f[releaseFile] = "{"; return o }, mismatch, releaseFile},
		{"a newer record", func(f map[string]string, o []string) []string {
			f[releaseFile] = strings.Replace(f[releaseFile], `"version": 4`, `"version": 5`, 1)
			return o
		}, format, "a newer one"},
		{"a record of more bytes", func(f map[string]string, o []string) []string {
			f[releaseFile] = strings.Replace(f[releaseFile], `"bytes": `, `"bytes": 9`, 1)
			return o
		}, mismatch, "release.json"},
		{"a record of very many bytes", func(f map[string]string, o []string) []string {
			f[releaseFile] = strings.Replace(f[releaseFile], `"bytes": `, `"bytes": 9999999`, 1)
			return o
		}, format, "are not unpacked"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			files := maps.Clone(whole)
			order := slices.Sorted(maps.Keys(files)) // release.json after the payload
			slices.SortStableFunc(order, func(a, b string) int { return payloadRank(a) - payloadRank(b) })
			dir := filepath.Join(t.TempDir(), "lib")
			_, err := receive(t, dir, delivering(files, tt.change(files, order)...), ReceiveOptions{})
			as := map[string]bool{format: errors.As(err, new(*FormatError)), mismatch: errors.As(err, new(*MismatchError))}
			if !as[tt.kind] || !strings.Contains(err.Error()+fmt.Sprint(mismatched(err)), tt.want) {
				t.Errorf("error %v %v, want a %s with %q", err, mismatched(err), tt.kind, tt.want)
			}
			wantEmpty(t, dir)
		})
	}
}

func without(list []string, name string) []string {
	return slices.DeleteFunc(list, func(s string) bool { return s == name })
}

func mismatched(err error) []FileResult {
	if bad := (*MismatchError)(nil); errors.As(err, &bad) {
		return bad.Files
	}
	return nil
}

// TestReceiveStops: whoever looks at the release may refuse it; so does what Stage refuses.
func TestReceiveStops(t *testing.T) {
	no := errors.New("no")
	_, tar, _ := packedRelease(t, options())
	for what, o := range map[string]ReceiveOptions{
		"known":    {Known: func(Release) error { return no }},
		"checker":  {Checker: func(string, Release) (Checker, error) { return nil, no }},
		"checked":  {Checker: func(string, Release) (Checker, error) { return checkerFunc{finish: func() error { return no }}, nil }},
		"verified": {Verified: func(Report) error { return no }},
	} {
		dir := filepath.Join(t.TempDir(), "lib")
		if _, err := receive(t, dir, unpacking(t.Context(), tar), o); !errors.Is(err, no) {
			t.Errorf("%s: %v", what, err)
		}
		wantEmpty(t, dir)
	}
	older := options()
	older.USMTVersion = "10.0.1.1"
	_, old, _ := packedRelease(t, older)
	dir := filepath.Join(t.TempDir(), "lib")
	active := mustStage(t, dir, source(kitNext()), options()).Release.Name
	w := writer(t, dir)
	if _, err := w.Activate(t.Context(), active); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := receive(t, dir, unpacking(t.Context(), old), ReceiveOptions{}); !errors.As(err, new(*DowngradeError)) {
		t.Errorf("an older USMT: %v", err)
	}
	if _, err := receive(t, dir, unpacking(t.Context(), tar), ReceiveOptions{}); !errors.As(err, new(*SameVersionError)) {
		t.Errorf("other files of the same version: %v", err)
	}
	res, err := receive(t, dir, unpacking(t.Context(), tar), ReceiveOptions{AllowChanged: true})
	if err != nil || res.Changes == nil || len(res.Changes.Files) != 1 {
		t.Errorf("allowed: %+v, %v", res.Changes, err)
	}
	if _, err := receive(t, dir, unpacking(t.Context(), old), ReceiveOptions{AllowDowngrade: true}); err != nil {
		t.Errorf("allowed: %v", err)
	}
	sample := options()
	sample.Sample = true
	_, toy, _ := packedRelease(t, sample)
	if _, err := receive(t, dir, unpacking(t.Context(), toy), ReceiveOptions{AllowChanged: true}); !errors.As(err, new(*RefusedError)) {
		t.Errorf("the sample kit: %v", err)
	}
}

// TestPackRefuses: a release that is not what its manifests say is not packed.
func TestPackRefuses(t *testing.T) {
	for name, harm := range map[string]func(t *testing.T, dir string){
		"changed": func(t *testing.T, dir string) {
			t.Helper()
			damage(t, filepath.Join(dir, "data/x86/big.dll"))
		},
		"longer": func(t *testing.T, dir string) {
			t.Helper()
			write(t, filepath.Join(dir, "data/x86/scanstate.exe"), "scan x86 and more")
		},
		"missing": func(t *testing.T, dir string) {
			t.Helper()
			remove(t, filepath.Join(dir, "data/x86/big.dll"))
		},
		"extra": func(t *testing.T, dir string) {
			t.Helper()
			write(t, filepath.Join(dir, "data/x86/extra"), "")
		},
		"case": func(t *testing.T, dir string) {
			t.Helper()
			rename(t, filepath.Join(dir, "data/x86/big.dll"), filepath.Join(dir, "data/x86/tmp"))
			rename(t, filepath.Join(dir, "data/x86/tmp"), filepath.Join(dir, "data/x86/BIG.dll"))
		},
		"a tag file": func(t *testing.T, dir string) {
			t.Helper()
			damage(t, filepath.Join(dir, "bag-info.txt"))
		},
		"no manifest": func(t *testing.T, dir string) {
			t.Helper()
			remove(t, filepath.Join(dir, "manifest-sha256.txt"))
		},
		"empty folder": func(t *testing.T, dir string) {
			t.Helper()
			write(t, filepath.Join(dir, "data/x86/empty/deep/x"), "")
			remove(t, filepath.Join(dir, "data/x86/empty/deep/x"))
		},
		"empty release": func(t *testing.T, dir string) {
			t.Helper()
			remove(t, filepath.Join(dir, releaseFile))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := released(t)
			harm(t, dir)
			_, err := Pack(t.Context(), dir, PackOptions{}, func(files []archive.File) error { return archive.WriteTar(io.Discard, files) })
			if !errors.As(err, new(*MismatchError)) {
				t.Errorf("Pack = %v", err)
			}
		})
	}
	// One that is altered while it is packed is found then.
	dir := released(t)
	_, err := Pack(t.Context(), dir, PackOptions{}, func(files []archive.File) error {
		write(t, filepath.Join(dir, "data/x86/scanstate.exe"), "scan x86 and more")
		return archive.WriteTar(io.Discard, files)
	})
	if !errors.As(err, new(*MismatchError)) {
		t.Errorf("altered meanwhile: %v", err)
	}
}

// receiveSteps are the steps at which a process that receives a release is killed.
var receiveSteps = []string{"marked", "locked", "staging", "mid-copy", "received", "verified", "sealed", "published"}

// crashReceipt receives a release, for a process that is to be killed.
func crashReceipt(dir, archiveFile string, kill func(string)) int {
	ctx := context.Background()
	tar, err := os.ReadFile(archiveFile)
	if err == nil {
		var w *Writer
		w, err = OpenWriter(ctx, dir, WriterOptions{Now: time.Now, step: kill})
		if err == nil {
			deliver := func(put archive.Each) error {
				return unpacking(ctx, tar)(func(name string, size int64, r io.Reader) error {
					if name == "data/x86/big.dll" {
						kill("mid-copy")
					}
					return put(name, size, r)
				})
			}
			_, err = w.Receive(ctx, "the archive", deliver, ReceiveOptions{})
		}
	}
	fmt.Fprintln(os.Stderr, "it was not killed:", err)
	return 1
}

// TestReceiveKilled kills a run that receives a release, at every step. The next one clears what is left.
func TestReceiveKilled(t *testing.T) {
	name, tar, _ := packedRelease(t, options())
	file := filepath.Join(t.TempDir(), "a.tar.zst")
	write(t, file, string(tar))
	for _, step := range receiveSteps {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "lib")
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = append(os.Environ(), crashVar+"="+step, crashDir+"="+dir, crashArchive+"="+file)
			if out, err := cmd.CombinedOutput(); err == nil || len(out) > 0 {
				t.Fatalf("the run was not killed: %v\n%s", err, out)
			}
			if _, err := os.Stat(filepath.Join(dir, name)); (err == nil) != (step == "published") {
				t.Errorf("killed at %q, the release: %v", step, err)
			}
			res, err := receive(t, dir, unpacking(t.Context(), tar), ReceiveOptions{})
			if err != nil || res.Release.Name != name {
				t.Errorf("the run after the kill: %+v, %v", res, err)
			}
			for p := range content(t, dir) {
				if !strings.HasPrefix(p, name+"/") {
					t.Errorf("%s is left in the library", p)
				}
			}
		})
	}
}

// TestReceiveFails: a run that is cancelled, or whose disk is full, leaves nothing.
func TestReceiveFails(t *testing.T) {
	_, tar, _ := packedRelease(t, options())
	dir := filepath.Join(t.TempDir(), "lib")
	w := writer(t, dir)
	ctx, cancel := context.WithCancelCause(t.Context())
	stopped := errors.New("stopped")
	o := ReceiveOptions{Progress: stopper{func() { cancel(stopped) }}}
	if _, err := w.Receive(ctx, "the archive", unpacking(ctx, tar), o); !errors.Is(err, stopped) {
		t.Errorf("cancelled: %v", err)
	}
	full := errors.New("no space")
	w.disk = fullFlusher{osFlusher{}, full}
	if _, err := w.Receive(t.Context(), "the archive", unpacking(t.Context(), tar), ReceiveOptions{}); !errors.Is(err, full) || !errors.As(err, new(*DestinationError)) {
		t.Errorf("without space: %v", err)
	}
	w.disk = osFlusher{}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	wantEmpty(t, dir)
}

// A fullFlusher finds a full disk when it is asked to write out.
type fullFlusher struct {
	osFlusher
	err error
}

func (f fullFlusher) flush(*os.File) error       { return f.err }
func (f fullFlusher) flushSystem(*os.File) error { return f.err }
