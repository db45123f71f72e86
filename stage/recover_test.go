package stage

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"usmtpkg/pkgdef/contentlib"
	"usmtpkg/pkgdef/contentlib/fakelib"
)

// distributed is the kit as a content, with a file named as records are.
func distributed() fakelib.Content {
	c := fakelib.Content{PackageID: "P0100012", Version: 3, Others: []int{2}, Files: map[string]string{"amd64/foo.ini": "[x]"}, Dirs: []string{"x86/empty/deep"}}
	for name, f := range kit() {
		c.Files[name] = string(f.Data)
	}
	return c
}

// A lost is a content library whose package source was lost.
type lost struct {
	t    *testing.T
	dirs []string // of the library
	work string   // the folder to recover into, with nothing in it
}

func newLost(t *testing.T, c fakelib.Content) *lost {
	t.Helper()
	l := &lost{t: t, work: t.TempDir()}
	for range 2 {
		l.dirs = append(l.dirs, filepath.Join(t.TempDir(), "SCCMContentLib"))
	}
	if err := fakelib.Write(l.dirs, c); err != nil {
		t.Fatal(err)
	}
	return l
}

func (l *lost) recover(target string, o RecoverOptions) (Recovered, error) {
	l.t.Helper()
	lib, err := contentlib.Open(l.dirs...)
	if err != nil {
		l.t.Fatal(err)
	}
	defer lib.Close() //nolint:errcheck // only read
	return Recover(l.t.Context(), lib, "P0100012.3", target, o)
}

func (l *lost) object(content string) string {
	l.t.Helper()
	name, err := fakelib.Object(l.dirs, content)
	if err != nil {
		l.t.Fatal(err)
	}
	return name
}

// wantNothing makes sure that nothing was left where it was recovered to.
func (l *lost) wantNothing() {
	l.t.Helper()
	entries, err := os.ReadDir(l.work)
	if err != nil || len(entries) > 0 {
		l.t.Errorf("what is left: %v (%v), want nothing", entries, err)
	}
}

func TestRecover(t *testing.T) {
	l := newLost(t, distributed())
	target := filepath.Join(l.work, "USMT")
	dry, err := l.recover(target, RecoverOptions{DryRun: true})
	if err != nil {
		t.Fatal(err)
	}
	l.wantNothing()
	got, err := l.recover(target, RecoverOptions{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(dry, got); diff != "" || got.Files != 11 || got.Content != "P0100012.3" || got.Dir != target || got.Recorded != "" || len(got.Predicted) != 64 {
		t.Errorf("Recover = %+v, the dry run said (-dry +got):\n%s", got, diff)
	}
	want := distributed().Files
	for _, dir := range []string{"amd64", "amd64/DLManifests", "amd64/DLManifests/a", "x86", "x86/DLManifests", "x86/DLManifests/a", "x86/empty", "x86/empty/deep"} {
		want[dir+"/"] = ""
	}
	if diff := cmp.Diff(want, content(t, target)); diff != "" {
		t.Errorf("files and folders (-want +got):\n%s", diff)
	}
	entries, err := os.ReadDir(l.work)
	if err != nil || len(entries) != 1 {
		t.Errorf("beside the target lie %v (%v), want nothing", entries, err)
	}
}

// Attributes that a content library recorded, and those that cannot be read, change nothing.
func TestRecoverConcealed(t *testing.T) {
	c := distributed()
	c.Attributes = map[string]string{"amd64/foo.ini": "6", "amd64/scanstate.exe": "hidden"}
	l := newLost(t, c)
	target := filepath.Join(l.work, "USMT")
	if _, err := l.recover(target, RecoverOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := content(t, target); got["amd64/foo.ini"] != "[x]" || got["amd64/scanstate.exe"] != "scan amd64" {
		t.Errorf("amd64/foo.ini holds %q, amd64/scanstate.exe %q", got["amd64/foo.ini"], got["amd64/scanstate.exe"])
	}
}

func TestRecoverIntoEmptyFolder(t *testing.T) {
	l := newLost(t, distributed())
	if _, err := l.recover(l.work, RecoverOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := content(t, l.work)["amd64/foo.ini"]; got != "[x]" {
		t.Errorf("amd64/foo.ini holds %q, want [x]", got)
	}
	if _, err := l.recover(l.work, RecoverOptions{}); err == nil || !strings.Contains(err.Error(), "wanted an empty folder") {
		t.Errorf("Recover again = %v, want it refused", err)
	}
}

// What is broken is named, all of it, and nothing is left.
func TestRecoverBroken(t *testing.T) {
	type damage = map[string]Verdict
	tests := []struct {
		name string
		do   func(l *lost)
		want damage
	}{
		{"objects altered", func(l *lost) {
			write(l.t, l.object("<one/>"), "<0ne/>")
			write(l.t, l.object("scan x86"), "scan X86")
		}, damage{"amd64/DLManifests/one.man": "object-changed", "x86/DLManifests/one.man": "object-changed", "x86/scanstate.exe": "object-changed"}},
		{"object missing", func(l *lost) { remove(l.t, l.object("scan x86")) }, damage{"x86/scanstate.exe": "object-missing"}},
		{"object cut", func(l *lost) { write(l.t, l.object("scan x86"), "scan") }, damage{"x86/scanstate.exe": "object-changed"}},
		{"record damaged", func(l *lost) { write(l.t, fakelib.Record(l.dirs[0], "P0100012.3", "x86/scanstate.exe"), "[File]") }, damage{"x86/scanstate.exe": "changed"}},
		{"a file that is no record", func(l *lost) { write(l.t, filepath.Join(l.dirs[0], "DataLib", "P0100012.3", "stray"), "") }, damage{"stray": "changed"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := newLost(t, distributed())
			l.t = t
			tt.do(l)
			_, err := l.recover(filepath.Join(l.work, "USMT"), RecoverOptions{})
			var mm *MismatchError
			if !errors.As(err, &mm) {
				t.Fatalf("Recover = %v, want a *MismatchError", err)
			}
			got := damage{}
			for _, f := range mm.Files {
				got[f.Path] = f.Verdict
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
			l.wantNothing()
		})
	}
}

// Names that nobody's package source can have had lead nowhere, on any system.
func TestRecoverHostileNames(t *testing.T) {
	good := "[File]\r\nSize=8\r\nHash=" + fakelib.Sum("scan x86") + "\r\n"
	for _, name := range []string{"CON", "nul.txt", "a ", "a.", "a:b", "a\x01b", "a?b", `..\..\evil`, `C:\evil`, "aux/x", "X86/SCANSTATE.exe", "x86/Empty/x", "x86/scanstate.exe/x"} {
		t.Run(name, func(t *testing.T) {
			if runtime.GOOS == "windows" && (strings.ContainsAny(name, `:\`) || strings.ContainsAny(name, "XE")) {
				t.Skip("Windows takes this for another name, so that no content library there can have it")
			}
			l := newLost(t, distributed())
			record := fakelib.Record(l.dirs[0], "P0100012.3", name)
			if err := os.MkdirAll(filepath.Dir(record), 0o777); err != nil {
				t.Skipf("this system makes no such folder: %v", err)
			}
			if err := os.WriteFile(record, []byte(good), 0o666); err != nil {
				t.Skipf("this system makes no such file: %v", err)
			}
			_, err := l.recover(filepath.Join(l.work, "USMT"), RecoverOptions{})
			if bad := (*contentlib.FormatError)(nil); !errors.As(err, &bad) {
				t.Errorf("Recover = %v, want a *contentlib.FormatError", err)
			}
			l.wantNothing()
		})
	}
}

func TestRecoverRefuses(t *testing.T) {
	tests := []struct {
		name    string
		target  func(l *lost) string
		want    string
		refused bool // a *RefusedError, else a *DestinationError
	}{
		{"the content library", func(l *lost) string { return l.dirs[0] }, "content library", true},
		{"in it", func(l *lost) string { return filepath.Join(l.dirs[0], "DataLib", "x") }, "content library", true},
		{"in its other drive, renamed", func(l *lost) string {
			dir := filepath.Join(l.t.TempDir(), "mounted")
			if err := os.Rename(l.dirs[1], dir); err != nil {
				l.t.Fatal(err)
			}
			l.dirs[1] = dir
			return filepath.Join(dir, "new")
		}, "it is in the content library", true},
		{"a library of ours", func(l *lost) string {
			mustStage(l.t, l.work, source(kit()), options())
			return l.work
		}, "it is a usmtpkg library", true},
		{"in a library of ours", func(l *lost) string {
			mustStage(l.t, l.work, source(kit()), options())
			return filepath.Join(l.work, "new")
		}, "it is in the library", true},
		{"a volume", func(l *lost) string { return filepath.VolumeName(l.work) + string(filepath.Separator) }, "root of a volume", true},
		{"a protected folder", func(l *lost) string { return l.work }, "it is a system or home folder", true},
		{"not empty", func(l *lost) string {
			write(l.t, filepath.Join(l.work, "d", "thesis.doc"), "x")
			return filepath.Join(l.work, "d")
		}, "found thesis.doc in d, wanted an empty folder", false},
		{"a file", func(l *lost) string {
			write(l.t, filepath.Join(l.work, "f"), "x")
			return filepath.Join(l.work, "f")
		}, "found f as a file", false},
		{"in a folder that is not there", func(l *lost) string { return filepath.Join(l.work, "a", "b") }, "opening the folder to recover into", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := newLost(t, distributed())
			l.t = t
			target := tt.target(l)
			o := RecoverOptions{}
			if tt.name == "a protected folder" {
				o.Protected = []string{l.work}
			}
			before := content(t, l.work)
			_, err := l.recover(target, o)
			var refused *RefusedError
			var dest *DestinationError
			if err == nil || !strings.Contains(err.Error(), tt.want) || errors.As(err, &refused) != tt.refused || errors.As(err, &dest) == tt.refused {
				t.Errorf("Recover = %v, want %q", err, tt.want)
			}
			if tt.refused && !strings.Contains(err.Error(), "cannot be a folder to recover into") {
				t.Errorf("Recover = %v, want it to say what was refused", err)
			}
			if !mapsEqual(before, content(t, l.work)) {
				t.Error("the refused folder was changed")
			}
		})
	}
}

func TestRecoverThroughALink(t *testing.T) {
	l := newLost(t, distributed())
	elsewhere := t.TempDir()
	link := filepath.Join(l.work, "link")
	if err := os.Symlink(elsewhere, link); err != nil {
		t.Skipf("this system makes no links here: %v", err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Skip("this system says that it made a link and did not (Wine)")
	}
	if _, err := l.recover(link, RecoverOptions{}); err == nil || !strings.Contains(err.Error(), "symbolic link") {
		t.Errorf("Recover = %v, want the link refused", err)
	}
	if entries, err := os.ReadDir(elsewhere); err != nil || len(entries) > 0 {
		t.Errorf("behind the link lie %v (%v)", entries, err)
	}
}

// stopper cancels when files are being copied.
type stopper struct{ cancel context.CancelFunc }

func (s stopper) Start(string, int, int64) {}
func (s stopper) Add(_ int, bytes int64) {
	if bytes > 0 {
		s.cancel()
	}
}

func TestRecoverCancelled(t *testing.T) {
	l := newLost(t, distributed())
	lib, err := contentlib.Open(l.dirs...)
	if err != nil {
		t.Fatal(err)
	}
	defer lib.Close() //nolint:errcheck // only read
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err = Recover(ctx, lib, "P0100012.3", filepath.Join(l.work, "USMT"), RecoverOptions{Progress: stopper{cancel}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Recover = %v, want context.Canceled", err)
	}
	l.wantNothing()
	if _, err := Recover(t.Context(), lib, "P0100012.9", filepath.Join(l.work, "USMT"), RecoverOptions{}); !errors.Is(err, contentlib.ErrNotThere) {
		t.Errorf("Recover of another version = %v, want ErrNotThere", err)
	}
	l.wantNothing()
}

// What is recovered and staged again is the release that it was made of.
func TestRecoverGivesTheReleaseBack(t *testing.T) {
	dir := t.TempDir()
	before := mustStage(t, dir, source(kit()), options())
	c := fakelib.Content{PackageID: "P0100012", Version: 3, Hash: before.Release.ContentHash.Value, Files: map[string]string{}}
	for name, f := range kit() {
		c.Files[name] = string(f.Data)
	}
	l := newLost(t, c)
	target := filepath.Join(l.work, "USMT")
	got, err := l.recover(target, RecoverOptions{})
	if err != nil || got.Recorded != got.Predicted || got.Predicted != before.Release.ContentHash.Value {
		t.Fatalf("Recover = %+v, %v, want the content hash recorded and predicted to be the same", got, err)
	}
	if after := mustStage(t, dir, source(os.DirFS(target)), options()); after.Published || after.Release.Name != before.Release.Name {
		t.Errorf("staged again: %+v, want the release that is there", after)
	}
}
