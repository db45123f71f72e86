package locate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"usmtpkg/locate/finding"
	"usmtpkg/locate/samplekit"
)

// allowAll takes every arch on purpose, so that a clean kit has no finding at all.
var allowAll = Policy{Allow: []string{"arm64", "x86"}}

// kit returns the sample kit as a file system that may be changed.
func kit(o samplekit.Options) fstest.MapFS {
	fsys := make(fstest.MapFS)
	for name, data := range samplekit.Files(o) {
		fsys[name] = &fstest.MapFile{Data: data, Mode: 0o644}
	}
	return fsys
}

func validate(t *testing.T, fsys fs.FS, o Options) *Report {
	t.Helper()
	report, err := Validate(t.Context(), fsys, o)
	if err != nil {
		t.Fatalf("Validate: %v", err)
	}
	return report
}

// summary gives the findings as "severity rule path", in their order.
func summary(r *Report) []string {
	var lines []string
	for _, f := range r.Findings() {
		lines = append(lines, f.Severity.String()+" "+f.Rule+" "+f.Path)
	}
	return lines
}

func TestValidateCleanKit(t *testing.T) {
	fsys := kit(samplekit.Options{})
	r := validate(t, fsys, Options{})
	if diff := cmp.Diff([]string{"warning arch-arm64-unverified arm64"}, summary(r)); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	var size int64
	for _, f := range fsys {
		size += int64(len(f.Data))
	}
	if r.Files != len(fsys) || r.Bytes != size || r.Version.String() != samplekit.Version {
		t.Errorf("report = %d files, %d bytes, version %s, want %d, %d, %s", r.Files, r.Bytes, r.Version, len(fsys), size, samplekit.Version)
	}
	var arches []string
	files := 0
	for _, a := range r.Arches {
		arches = append(arches, a.Arch)
		files += a.Files
	}
	if want := []string{"amd64", "arm64", "x86"}; !slices.Equal(arches, want) || files != r.Files {
		t.Errorf("arches = %q with %d files, want %q with %d", arches, files, want, r.Files)
	}
	if err := r.Err(false); err != nil {
		t.Errorf("Err(false) = %v, want nil", err)
	}
	if err := r.Err(true); err == nil {
		t.Error("Err(true) = nil, want the warning")
	}
}

func TestValidateOnDisk(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, kit(samplekit.Options{})); err != nil {
		t.Fatal(err)
	}
	want := []string(nil)
	if runtime.GOOS != "windows" { // may need a privilege there, and takes no such name
		if err := os.Symlink("scanstate.exe", filepath.Join(dir, "amd64", "link.exe")); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "amd64", "a\xff:b.exe"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		want = []string{`error name-encoding "amd64/a\xff:b.exe"`, "error entry-type amd64/link.exe"}
	}
	if diff := cmp.Diff(want, summary(validate(t, os.DirFS(dir), Options{Policy: allowAll}))); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

// badFS fails on one file: on opening it, or on reading it.
type badFS struct {
	fsys     fstest.MapFS
	name     string
	open     bool
	err      error
	onOpen   func()
	noRandom bool
}

func (b badFS) Open(name string) (fs.File, error) {
	if name != b.name && b.name != "*" {
		return b.fsys.Open(name)
	}
	if b.onOpen != nil {
		b.onOpen()
	}
	if b.open {
		return nil, b.err
	}
	f, err := b.fsys.Open(name)
	if _, dir := f.(fs.ReadDirFile); dir || err != nil {
		return f, err
	}
	if b.noRandom {
		return struct{ fs.File }{f}, nil
	}
	return badFile{f, b.err}, nil
}

type badFile struct {
	fs.File
	err error
}

func (b badFile) ReadAt([]byte, int64) (int, error) { return 0, b.err }

func TestUnreadableFileIsAFailure(t *testing.T) {
	defer goleak.VerifyNone(t)
	disk := errors.New("bad sector")
	for _, name := range []string{"amd64/migcore.dll", "x86/MigApp.xml", "arm64"} {
		for _, open := range []bool{true, false} {
			fsys := badFS{fsys: kit(samplekit.Options{}), name: name, open: open, err: disk}
			if name == "arm64" && !open {
				continue
			}
			r, err := Validate(t.Context(), fsys, Options{})
			if r != nil || !errors.Is(err, disk) || !strings.Contains(err.Error(), name) {
				t.Errorf("Validate with %s unreadable = %v, %v, want %q naming it", name, r, err, disk)
			}
			if _, ok := errors.AsType[*finding.Error](err); ok {
				t.Errorf("Validate with %s unreadable = finding %v, want a failure", name, err)
			}
		}
	}
	missing := &fs.PathError{Op: "open", Path: "amd64/migcore.dll", Err: fs.ErrPermission}
	_, err := Validate(t.Context(), badFS{fsys: kit(samplekit.Options{}), name: missing.Path, open: true, err: missing}, Options{})
	if !errors.Is(err, fs.ErrPermission) || strings.Count(err.Error(), missing.Path) != 1 {
		t.Errorf("Validate = %v, want a permission error that names %s once", err, missing.Path)
	}
}

func TestCancel(t *testing.T) {
	defer goleak.VerifyNone(t)
	cause := errors.New("the user asked for it")
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	fsys := badFS{fsys: kit(samplekit.Options{}), name: "amd64/migcore.dll", onOpen: func() { cancel(cause) }, noRandom: true}
	if r, err := Validate(ctx, fsys, Options{Workers: 2}); r != nil || !errors.Is(err, cause) {
		t.Errorf("Validate = %v, %v, want %v", r, err, cause)
	}
	if r, err := Validate(ctx, fstest.MapFS{"docs": {Mode: fs.ModeDir}}, Options{}); r != nil || !errors.Is(err, cause) {
		t.Errorf("Validate of a folder without files after the cancellation = %v, %v, want %v", r, err, cause)
	}
	if r, err := Validate(ctx, kit(samplekit.Options{}), Options{}); r != nil || !errors.Is(err, cause) {
		t.Errorf("Validate after the cancellation = %v, %v, want %v", r, err, cause)
	}
}

func TestNoRandomAccess(t *testing.T) {
	fsys := badFS{fsys: manyFaults(), name: "*", noRandom: true}
	if diff := cmp.Diff(summary(validate(t, fsys.fsys, Options{})), summary(validate(t, fsys, Options{}))); diff != "" {
		t.Errorf("findings (-with +without random access):\n%s", diff)
	}
	dir, err := fsys.Open("amd64")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := randomAccess(dir); err == nil || !strings.Contains(err.Error(), "found a folder") {
		t.Errorf("randomAccess of a folder = %v, want a refusal", err)
	}
}

func TestPolicyIsCheckedFirst(t *testing.T) {
	o := Options{Policy: Policy{Require: []string{"x64"}}}
	if _, err := Validate(t.Context(), fstest.MapFS{}, o); err == nil {
		t.Error("Validate with an unknown arch = nil, want an error")
	}
	if _, err := Precheck(t.Context(), fstest.MapFS{}, o); err == nil {
		t.Error("Precheck with an unknown arch = nil, want an error")
	}
}

// BenchmarkValidate checks a folder of about 1,200 files and 13 MB of XML, from memory.
func BenchmarkValidate(b *testing.B) {
	fsys := kit(samplekit.Options{})
	line := `<rule name="x"><pattern type="Registry">HKLM\Software\Vendor\* [*]</pattern></rule>` + "\r\n"
	for i := range 1000 {
		text := `<?xml version="1.0"?>` + "\r\n<assembly>" + strings.Repeat(line, 13000/len(line)) + "</assembly>"
		put(fmt.Sprintf("amd64/ReplacementManifests/m%d.man", i), text)(fsys)
	}
	for b.Loop() {
		r, err := Validate(b.Context(), fsys, Options{})
		if err != nil || r.Count(finding.SeverityError) > 0 {
			b.Fatal(err, summary(r))
		}
	}
	b.ReportMetric(float64(len(fsys)), "files")
}

// A fault of ours in one file is an error of the run, and not its end.
func TestValidatePanic(t *testing.T) {
	for _, name := range []string{"amd64/scanstate.exe", "amd64"} { // in a worker, in the listing
		fsys := badFS{fsys: kit(samplekit.Options{}), name: name, onOpen: func() { panic("boom") }}
		if _, err := Validate(t.Context(), fsys, Options{}); err == nil || !strings.Contains(err.Error(), "internal fault: boom") {
			t.Errorf("Validate with a panic at %s = %v, want it as an error", name, err)
		}
	}
}
