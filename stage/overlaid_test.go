package stage

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// overlaidKit is the kit with two files of an overlay in it, of which one replaced a file, and what
// a run is told of them.
func overlaidKit() (fstest.MapFS, Options) {
	fsys := kit()
	fsys["amd64/MigOwn.xml"] = &fstest.MapFile{Data: []byte("<own/>"), ModTime: testTime}
	fsys["amd64/big.dll"] = &fstest.MapFile{Data: []byte("small"), ModTime: testTime}
	o := options()
	o.Overlay = []OverlayFile{{Path: "amd64/big.dll", From: "custom/big.dll", Replaces: true}, {Path: "amd64/MigOwn.xml", From: "custom/MigOwn.xml"}}
	return fsys, o
}

func hexSum(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func TestOverlayIsRecorded(t *testing.T) {
	fsys, o := overlaidKit()
	dir := t.TempDir()
	res := mustStage(t, dir, source(fsys), o)
	want := []OverlayFile{
		{"amd64/MigOwn.xml", 6, hexSum("<own/>"), "custom/MigOwn.xml", false},
		{"amd64/big.dll", 5, hexSum("small"), "custom/big.dll", true},
	}
	if diff := cmp.Diff(want, res.Release.Overlay); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
	rec, err := At(dir).Release(res.Release.Name)
	if diff := cmp.Diff(want, rec.Overlay); err != nil || diff != "" {
		t.Errorf("Release = %v, overlay (-want +got):\n%s", err, diff)
	}
	plain := mustStage(t, dir, source(kit()), options())
	if plain.Release.Digest == res.Release.Digest || len(plain.Release.Overlay) != 0 {
		t.Errorf("without the overlay: digest %s, overlay %v", plain.Release.Digest, plain.Release.Overlay)
	}
	if again := mustStage(t, dir, source(fsys), o); again.Published || again.Release.Name != res.Release.Name {
		t.Errorf("again: %+v, want the same release", again)
	}
	planned, err := Plan(t.Context(), &Library{dir: t.TempDir()}, source(fsys), o)
	if diff := cmp.Diff(want, planned.Release.Overlay); err != nil || diff != "" {
		t.Errorf("Plan = %v, overlay (-want +got):\n%s", err, diff)
	}
}

// Where a file came from is recorded as it may be shown.
func TestOverlayIsRecordedPrintable(t *testing.T) {
	for from, want := range map[string]string{"a\nb.xml": `"a\nb.xml"`, "a\u202eb.xml": `"a\u202eb.xml"`, "a\xff.xml": `"a\xff.xml"`, `C:\é "1".xml`: `C:\é "1".xml`} {
		fsys, o := overlaidKit()
		o.Overlay[1].From = from
		res := mustStage(t, t.TempDir(), source(fsys), o)
		if got := res.Release.Overlay[0].From; got != want {
			t.Errorf("%q is recorded as %q, want %q", from, got, want)
		}
	}
}

// The names come from whoever made the files; what they are written as can be read again.
func TestOverlayStaysReadable(t *testing.T) {
	fsys, o := kit(), options()
	for i := range maxOverlay {
		name := fmt.Sprintf("amd64/%s%03d", strings.Repeat("&", 252), i)
		fsys[name] = &fstest.MapFile{ModTime: testTime}
		o.Overlay = append(o.Overlay, OverlayFile{Path: name, From: strings.Repeat("\x01", 1000)})
	}
	dir := t.TempDir()
	res := mustStage(t, dir, source(fsys), o)
	if rec, err := At(dir).Release(res.Release.Name); err != nil || len(rec.Overlay) != maxOverlay {
		t.Errorf("Release = %d files, %v", len(rec.Overlay), err)
	}
	fsys["amd64/more"] = &fstest.MapFile{ModTime: testTime}
	o.Overlay = append(o.Overlay, OverlayFile{Path: "amd64/more"})
	dir = t.TempDir()
	if _, err := stageInto(t, dir, source(fsys), o); err == nil || !strings.Contains(err.Error(), "overlay of 301 files, wanted at most 300") {
		t.Errorf("one more: %v", err)
	}
	wantEmpty(t, dir)
	o.Overlay = []OverlayFile{{Path: "amd64/none.xml"}}
	if _, err := stageInto(t, dir, source(fsys), o); err == nil || !strings.Contains(err.Error(), "overlay file amd64/none.xml: not in the source") {
		t.Errorf("one that is not there: %v", err)
	}
}

// compare runs a comparison with a source, and with the record.
func compareOverlaid(t *testing.T, dir string, fsys fstest.MapFS, overlay bool) (source, record string) {
	t.Helper()
	rep, err := CompareSource(t.Context(), dir, Source{FS: fsys, Overlay: overlay}, VerifyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if note := strings.Join(rep.Notes, "\n"); overlay != (note == "") || !overlay && !strings.Contains(note, "according to the record of the release (2)") {
		t.Errorf("notes = %q", note)
	}
	rec, ok, err := CompareOverlay(dir)
	if err != nil || !ok || len(rec.Files) != 2 {
		t.Fatalf("CompareOverlay = %+v, %t, %v", rec, ok, err)
	}
	return verdicts(rep), verdicts(rec)
}

func TestCompareOverlaid(t *testing.T) {
	with := func(changes ...string) func() fstest.MapFS {
		return func() fstest.MapFS {
			fsys, _ := overlaidKit()
			for i := 0; i < len(changes); i += 2 {
				fsys[changes[i]] = &fstest.MapFile{Data: []byte(changes[i+1])}
			}
			return fsys
		}
	}
	tests := []struct {
		name    string
		source  func() fstest.MapFS
		overlay bool
		want    string
	}{
		{"the source by itself", kit, false, ""},
		{"its replaced file changed", func() fstest.MapFS {
			fsys := kit()
			fsys["amd64/big.dll"] = &fstest.MapFile{Data: []byte("another")}
			return fsys
		}, false, ""},
		{"it has a file of the overlay's name now", with(), false, "amd64/MigOwn.xml extra"},
		{"another file of it changed", func() fstest.MapFS {
			fsys := kit()
			fsys["x86/big.dll"] = &fstest.MapFile{Data: []byte("another")}
			return fsys
		}, false, "x86/big.dll changed"},
		{"with the overlay", with(), true, ""},
		{"with a changed one", with("amd64/MigOwn.xml", "<new/>"), true, "amd64/MigOwn.xml changed"},
		{"with a file more", with("amd64/MigNew.xml", "<new/>"), true, "amd64/MigNew.xml extra"},
		{"with none", kit, true, "amd64/MigOwn.xml missing\namd64/big.dll changed"},
	}
	fsys, o := overlaidKit()
	dir := t.TempDir()
	dir = filepath.Join(dir, mustStage(t, dir, source(fsys), o).Release.Name)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, record := compareOverlaid(t, dir, tt.source(), tt.overlay)
			if got != tt.want || record != "" {
				t.Errorf("CompareSource:\n%s\nwant\n%s\nCompareOverlay:\n%s\nwant nothing", got, tt.want, record)
			}
		})
	}
}

// Who rewrites a file of the overlay with its manifests is found by the record, and the other way round.
func TestCompareOverlayWithManifest(t *testing.T) {
	fsys, o := overlaidKit()
	dir := t.TempDir()
	dir = filepath.Join(dir, mustStage(t, dir, source(fsys), o).Release.Name)
	edit := func(name, before, after string) {
		t.Helper()
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !strings.Contains(string(content), before) {
			t.Fatalf("%s has no %q (%v)", name, before, err)
		}
		write(t, filepath.Join(dir, name), strings.Replace(string(content), before, after, 1))
	}
	edit("release.json", hexSum("<own/>"), hexSum("<other/>"))
	if _, got := compareOverlaid(t, dir, kit(), false); got != "data/amd64/MigOwn.xml changed" {
		t.Errorf("another sum in the record: %q", got)
	}
	edit("release.json", `"path": "amd64/MigOwn.xml"`, `"path": "amd64/MigGone.xml"`)
	if _, got := compareOverlaid(t, dir, kit(), false); got != "data/amd64/MigGone.xml missing" {
		t.Errorf("another name in the record: %q", got)
	}
	if _, ok, err := CompareOverlay(released(t)); ok || err != nil {
		t.Errorf("CompareOverlay of a release without one = %t, %v", ok, err)
	}
}

func TestRefuseOverlayInLibrary(t *testing.T) {
	dir := t.TempDir()
	inside := filepath.Join(dir, "custom")
	if err := os.Mkdir(inside, 0o777); err != nil {
		t.Fatal(err)
	}
	if refused := (*RefusedError)(nil); !errors.As(CheckTarget(dir, WriterOptions{OverlayDirs: []string{inside}}), &refused) {
		t.Errorf("an overlay in the library is not refused")
	}
	lib := filepath.Join(dir, "lib")
	if err := CheckTarget(lib, WriterOptions{OverlayDirs: []string{dir, inside}}); err != nil {
		t.Errorf("a library below the overlay's folder: %v", err)
	}
	if _, err := OpenWriter(context.Background(), dir, WriterOptions{OverlayDirs: []string{dir}}); err == nil {
		t.Error("the library itself as the overlay's folder is not refused")
	}
}
