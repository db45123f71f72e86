//go:build unix

package locate

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func link(t *testing.T, target, name string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, name); err != nil {
		t.Fatal(err)
	}
}

// TestFindVolumeEscape has a volume whose links lead out of it.
func TestFindVolumeEscape(t *testing.T) {
	outside := plant(t, map[string]string{
		"Windows Kits/10/User State Migration Tool/amd64/scanstate.exe": new10,
		"SOFTWARE": string(hiveBytes(softwareKey([]regValue{sz("KitsRoot10", `C:\kits`)}, nil, ""))),
	})
	root := t.TempDir()
	link(t, filepath.Join(outside, "SOFTWARE"), filepath.Join(root, "Windows/System32/config/SOFTWARE"))
	link(t, outside, filepath.Join(root, "Program Files"))
	up, err := filepath.Rel(filepath.Join(root, "Program Files (x86)"), outside)
	if err != nil {
		t.Fatal(err)
	}
	link(t, filepath.Join(up, "Windows Kits"), filepath.Join(root, "Program Files (x86)", "Windows Kits"))
	_, err = Find(t.Context(), FindOptions{Volume: root})
	notFound, ok := errors.AsType[*NotFoundError](err)
	if !ok {
		t.Fatalf("Find: %v, want a *NotFoundError", err)
	}
	const escapes = "not readable: path escapes from parent"
	got := places(t, root, notFound.Places)
	want := []string{
		"Windows/System32/config/SOFTWARE | registry of the volume | " + escapes,
		"Program Files (x86)/Windows Kits/10 | default folder of the volume | " + escapes,
		"Program Files (x86)/Windows Kits/8.1 | default folder of the volume | " + escapes,
		"Program Files (x86)/Windows Kits/8.0 | default folder of the volume | " + escapes,
		"Program Files (x86)/Windows AIK/Tools/USMT | default folder of the volume | no such folder",
		"Program Files/Windows Kits/10 | default folder of the volume | " + escapes,
		"Program Files/Windows Kits/8.1 | default folder of the volume | " + escapes,
		"Program Files/Windows Kits/8.0 | default folder of the volume | " + escapes,
		"Program Files/Windows AIK/Tools/USMT | default folder of the volume | " + escapes,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("places (-want +got):\n%s", diff)
	}
}

// TestOpenEscape puts a link in the place of a folder that was found before.
func TestOpenEscape(t *testing.T) {
	outside := plant(t, map[string]string{"amd64/scanstate.exe": old10})
	root := plant(t, map[string]string{"Program Files/" + kit10 + "amd64/scanstate.exe": new10})
	r, err := Find(t.Context(), FindOptions{Volume: root})
	if err != nil {
		t.Fatal(err)
	}
	src, err := Open(r.Candidates[0])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeFolder(src.root) })
	link(t, filepath.Join(outside, "amd64"), filepath.Join(r.Candidates[0].Path, "arm64"))
	if _, err := fs.Stat(src.Root().FS(), "arm64/scanstate.exe"); err == nil {
		t.Error("a link in the source leads out of it")
	}
	if err := os.RemoveAll(r.Candidates[0].Path); err != nil {
		t.Fatal(err)
	}
	link(t, outside, r.Candidates[0].Path)
	if src, err := Open(r.Candidates[0]); err == nil {
		closeFolder(src.root)
		t.Error("Open follows a link out of the volume")
	}
}

// TestFindLinks has links and a pipe where folders and programs should be. The
// pipe would block whoever opens it.
func TestFindLinks(t *testing.T) {
	root := plant(t, map[string]string{"a/real/scanstate.exe": new10, "b/amd64/loadstate.exe": new10})
	link(t, "real", filepath.Join(root, "a/amd64"))
	if err := syscall.Mkfifo(filepath.Join(root, "b/amd64/scanstate.exe"), 0o666); err != nil {
		t.Fatal(err)
	}
	link(t, "../b", filepath.Join(root, "c", "d"))
	r, err := Find(t.Context(), FindOptions{Source: root})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"b 0.0.0.0 [amd64] amd64/scanstate.exe: not a regular file"}
	if diff := cmp.Diff(want, candidates(t, root, r)); diff != "" {
		t.Errorf("candidates (-want +got):\n%s", diff)
	}
	want = []string{
		". | given as source | folder that contains USMT further down",
		"a | given as source | amd64 in it is a file or a link, not a folder",
		"b | given as source | USMT of unknown version (amd64)",
	}
	if diff := cmp.Diff(want, places(t, root, r.Places)); diff != "" {
		t.Errorf("places (-want +got):\n%s", diff)
	}
}

// TestFindSameFolder finds one folder by two names.
func TestFindSameFolder(t *testing.T) {
	root := plant(t, map[string]string{"kits/" + kit10 + "amd64/scanstate.exe": new10})
	link(t, "kits", filepath.Join(root, "linked"))
	r, err := Find(t.Context(), FindOptions{Registry: func() []KitsRoot {
		return []KitsRoot{
			{View: "64-bit view", Name: "KitsRoot10", Value: filepath.Join(root, "kits/Windows Kits/10")},
			{View: "32-bit view", Name: "KitsRoot10", Value: filepath.Join(root, "linked/Windows Kits/10")},
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Candidates) != 1 || len(r.Places) != 2 {
		t.Fatalf("Find = %+v, want one candidate and two places", r)
	}
	first := r.Candidates[0]
	if first.How != "registry, 64-bit view, KitsRoot10; registry, 32-bit view, KitsRoot10" {
		t.Errorf("How = %q, want both ways", first.How)
	}
	if p := r.Places[1]; !strings.Contains(p.Path, "linked") || !strings.HasSuffix(p.Outcome, ", the same folder as "+first.Path) {
		t.Errorf("second place = %+v, want it to name the first", p)
	}
}
