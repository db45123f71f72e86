package stage

import (
	"errors"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"usmtpkg/locate/tree"
)

func TestMayRename(t *testing.T) {
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close() //nolint:errcheck // only a folder
	for _, to := range []string{"10.0.1.1-0123456789ab", "definitions/10.0.1.1-0123456789ab/USMT.sms", ".staging-0123456789abcdef"} {
		if !mayRename(root, to) {
			t.Errorf("mayRename(%s) = false in a folder of our own", to)
		}
		if like := path.Base(to) + stagingPrefix + randomHex(8); !stagingName.MatchString(like) || releaseName.MatchString(like) {
			t.Errorf("%s would not be reclaimed", like)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("it left %v, %v", entries, err)
	}
}

// Who lacks the right to rename is told at once where nothing else can be the cause.
func TestRenameDenied(t *testing.T) {
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close() //nolint:errcheck // only a folder
	f, err := root.Open(".")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // only a folder
	if got, want := deniesHeld(root), !hasSyncFS(f); got != want {
		t.Errorf("deniesHeld = %v, want %v as the folder's disk is no local one of Linux", got, want)
	}
	denied := &tree.HeldError{Err: &os.PathError{Op: "rename", Path: "a", Err: errDenied()}}
	if got := denied.Error(); !strings.Contains(got, "permission is lacking") || !errors.Is(denied, tree.ErrBusy) {
		t.Errorf("HeldError = %q, want both causes", got)
	}
}

// errDenied is what the system says of a lack of rights.
func errDenied() error {
	if runtime.GOOS == "windows" {
		return syscall.Errno(5) // ERROR_ACCESS_DENIED
	}
	return syscall.EACCES
}

func TestSearch(t *testing.T) {
	dir := t.TempDir()
	deep := filepath.Join(dir, "lib", "10.0.1-0", "data", "amd64", "DLManifests", "deeper")
	if err := errors.Join(os.MkdirAll(deep, 0o777), os.Mkdir(filepath.Join(dir, "kit"), 0o777)); err != nil {
		t.Fatal(err)
	}
	lib := filepath.Join(dir, "lib")
	tests := []struct {
		name, inner, outer string
		want               bool
	}{
		{"itself", lib, lib, true},
		{"an arch folder of a release", filepath.Dir(filepath.Dir(deep)), lib, true},
		{"a folder in it", filepath.Dir(deep), lib, true},
		{"below what is searched", deep, lib, false},
		{"beside", filepath.Join(dir, "kit"), lib, false},
		{"above", dir, lib, false},
		{"nothing", filepath.Join(dir, "none"), lib, false},
		{"in nothing", lib, filepath.Join(dir, "none"), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := search(tt.inner, tt.outer); got != tt.want {
				t.Errorf("search = %v, want %v", got, tt.want)
			}
		})
	}
	if got := existing(filepath.Join(dir, "kit", "a", "b")); got != filepath.Join(dir, "kit") {
		t.Errorf("existing = %q, want the folder kit", got)
	}
}

// Two folders of one drive or mount are not searched for one another: a path tells where they are.
func TestOtherWay(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	if err := errors.Join(os.Mkdir(a, 0o777), os.Mkdir(b, 0o777)); err != nil {
		t.Fatal(err)
	}
	onlyHere := runtime.GOOS == "linux" || runtime.GOOS == "windows"
	if got := otherWay(a, b); got == onlyHere {
		t.Errorf("otherWay = %v beside each other", got)
	}
	if !otherWay(a, filepath.Join(dir, "none")) && runtime.GOOS == "linux" {
		t.Error("otherWay = false where nobody knows")
	}
	if leadsInto(a, b) || !leadsInto(a, dir) {
		t.Errorf("leadsInto = %v beside, %v within", leadsInto(a, b), leadsInto(a, dir))
	}
}

func TestTargetFault(t *testing.T) {
	if runtime.GOOS != "windows" {
		if fault := targetFault("/mnt/CON/a:b"); fault != "" {
			t.Errorf("targetFault = %q, want none where such names are names", fault)
		}
		return
	}
	tests := []struct{ path, want string }{
		{`C:\Sources\USMT`, ""},
		{`\\cm01\Sources$\USMT`, ""},
		{`\\?\C:\Sources\USMT`, ""},
		{`\\?\UNC\cm01\Sources\USMT`, ""},
		{`C:\`, ""},
		{`\\.\CON`, "path of a device"},
		{`\\.\C:\Sources`, "path of a device"},
		{`C:\Sources\con\USMT`, "device name"},
		{`C:\Sources\USMT:stream`, "character"},
		{`\\?\C:\Sources\USMT.`, "dot"},
	}
	for _, tt := range tests {
		if got := targetFault(tt.path); (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
			t.Errorf("targetFault(%q) = %q, want %q", tt.path, got, tt.want)
		}
	}
}
