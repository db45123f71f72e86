package locate

import (
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"usmtpkg/locate/samplekit"
)

func TestFindSourceRefused(t *testing.T) {
	root := plant(t, map[string]string{
		"USMT/amd64/scanstate.exe": new10,
		"flat/scanstate.exe":       new10,
		"a file":                   "",
	})
	tests := []struct {
		name, source, want, hint string
		is                       error
	}{
		{name: "missing", source: "no", want: "no: no such folder", is: fs.ErrNotExist},
		{name: "a file", source: "a file", want: "a file: not a folder"},
		{name: "one arch folder", source: "USMT/amd64", want: "USMT/amd64: this is the amd64 folder of USMT, not USMT itself",
			hint: "give the folder above it: " + filepath.Join(root, "USMT")},
		{name: "a copy without arch folders", source: "flat",
			want: "flat: scanstate.exe is directly in it, not in a folder named after its arch (amd64, arm64, x86)",
			hint: "put the files into a folder named after their arch, and give the folder above it"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Find(t.Context(), FindOptions{Source: filepath.Join(root, filepath.FromSlash(tt.source))})
			refused, ok := errors.AsType[*SourceError](err)
			if !ok {
				t.Fatalf("Find: %v, want a *SourceError", err)
			}
			got := strings.ReplaceAll(err.Error(), root+string(filepath.Separator), "")
			if want := "finding USMT in " + tt.want; filepath.ToSlash(got) != want {
				t.Errorf("Error = %q, want %q", got, want)
			}
			if refused.Hint() != tt.hint {
				t.Errorf("Hint = %q, want %q", refused.Hint(), tt.hint)
			}
			if tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("errors.Is(%v, %v) = false", err, tt.is)
			}
		})
	}
}

func TestFindLayout(t *testing.T) {
	const msi = "User State Migration Tool-x86_en-us.msi"
	part := func(name string) string { return "User State Migration Tool (" + name + ")-x86_en-us.msi" }
	tests := []struct {
		name   string
		files  []string
		source string
		want   []string // installers, relative to the source
		lacks  string   // an installer
	}{
		{"one installer", []string{"adksetup.exe", "Installers/" + msi, "Installers/a.cab"}, ".", []string{"Installers/" + msi}, ""},
		{"no bootstrapper", []string{"installers/" + strings.ToUpper(msi)}, ".", []string{"installers/" + strings.ToUpper(msi)}, ""},
		{"the Installers folder", []string{"Installers/" + msi}, "Installers", []string{msi}, ""},
		{"three installers", []string{"ADKSetup.exe", "Installers/" + part("ClientCore"), "Installers/" + part("DesktopEditions"), "Installers/" + part("OnecoreUAP")},
			".", []string{"Installers/" + part("ClientCore"), "Installers/" + part("DesktopEditions"), "Installers/" + part("OnecoreUAP")}, ""},
		{"one of three", []string{"Installers/" + part("DesktopEditions")}, ".", []string{"Installers/" + part("DesktopEditions")},
			"it lacks (ClientCore) and (OnecoreUAP), without which USMT is incomplete"},
		{"without USMT", []string{"adksetup.exe", "Installers/Windows Deployment Tools-x86_en-us.msi"}, ".", nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			files := map[string]string{}
			for _, name := range tt.files {
				files[name] = ""
			}
			dir := filepath.Join(plant(t, files), filepath.FromSlash(tt.source))
			_, err := Find(t.Context(), FindOptions{Source: dir})
			packed, ok := errors.AsType[*LayoutError](err)
			if !ok {
				t.Fatalf("Find: %v, want a *LayoutError", err)
			}
			var want []string
			hint := "run adksetup /layout again, or copy what is missing from a complete layout of the same ADK version"
			for _, name := range tt.want {
				want = append(want, filepath.Join(dir, filepath.FromSlash(name)))
			}
			switch {
			case tt.want == nil:
				hint = "make the layout again with the feature " + Feature
			case tt.lacks != "":
				if _, err := packed.Look(); err == nil || !strings.Contains(err.Error(), tt.lacks) {
					t.Errorf("Look: %v, want an error with %q", err, tt.lacks)
				}
			}
			if diff := cmp.Diff(want, packed.MSIs); diff != "" {
				t.Errorf("MSIs (-want +got):\n%s", diff)
			}
			if packed.Hint() != hint {
				t.Errorf("Hint = %q\nwant   %q", packed.Hint(), hint)
			}
			for _, name := range tt.want {
				if !strings.Contains(err.Error(), filepath.Base(name)) {
					t.Errorf("Error = %q, want it to name %s", err.Error(), name)
				}
			}
		})
	}
}

// TestFindSampleKit takes a whole kit of three arches.
func TestFindSampleKit(t *testing.T) {
	files := map[string]string{}
	for name, data := range samplekit.Files(samplekit.Options{}) {
		files[kit10+name] = string(data)
	}
	r, err := Find(t.Context(), FindOptions{Source: plant(t, files)})
	if err != nil {
		t.Fatal(err)
	}
	best, _ := r.Best()
	if best.Version.String() != samplekit.Version || !slices.Equal(best.Arches, []string{AMD64, ARM64, X86}) || best.Problem != "" {
		t.Errorf("Best = %+v, want %s with three arches", best, samplekit.Version)
	}
}

func TestOpen(t *testing.T) {
	root := plant(t, map[string]string{kit10 + "amd64/scanstate.exe": new10, kit10 + "x86/a/b": ""})
	r, err := Find(t.Context(), FindOptions{Source: root})
	if err != nil {
		t.Fatal(err)
	}
	best, _ := r.Best()
	for _, c := range []Candidate{best, {Path: best.Path}} {
		src, err := Open(c)
		if err != nil {
			t.Fatal(err)
		}
		if err := fstest.TestFS(src.Root().FS(), "amd64/scanstate.exe", "x86/a/b"); err != nil {
			t.Error(err)
		}
		f, err := src.Root().FS().Open("amd64/scanstate.exe")
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := f.(io.ReaderAt); !ok {
			t.Error("a file of the source has no random access")
		}
		f.Close()
		if err := src.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := Open(Candidate{Path: filepath.Join(root, "no")}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open of a folder that is gone: %v, want %v", err, fs.ErrNotExist)
	}
}
