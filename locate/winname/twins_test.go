package winname

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

func TestTwins(t *testing.T) {
	tests := []struct {
		name  string
		paths []string
		want  []Twin
	}{
		{"none", []string{"data/a", "data/b/c", "data/b/d", "data/ba"}, nil},
		{"empty", nil, nil},
		{"same", []string{"b", "a", "b"}, []Twin{{0, 2, "b", "b", TwinSame}}},
		{"same three times", []string{"a", "a", "a"}, []Twin{{0, 1, "a", "a", TwinSame}, {1, 2, "a", "a", TwinSame}}},
		{"case", []string{"d/A.dll", "d/b", "d/a.dll"}, []Twin{{0, 2, "d/A.dll", "d/a.dll", TwinCase}}},
		{"case beyond ASCII", []string{"d/É", "d/é"}, []Twin{{0, 1, "d/É", "d/é", TwinCase}}},
		{"kelvin and k", []string{"d/\u212a", "d/k"}, []Twin{{0, 1, "d/\u212a", "d/k", TwinCase}}},
		{"form", []string{"d/Nu\u0301n\u0303ez", "d/N\u00fa\u00f1ez"}, []Twin{{0, 1, "d/Nu\u0301n\u0303ez", "d/N\u00fa\u00f1ez", TwinForm}}},
		{"case and form", []string{"d/e\u0301", "d/\u00c9"}, []Twin{{0, 1, "d/e\u0301", "d/\u00c9", TwinCase}}},
		{"folders", []string{"d/Dir/a", "d/dir/b"}, []Twin{{0, 1, "d/Dir", "d/dir", TwinCase}}},
		{"folders far apart", []string{"d/X/y/a", "d/b/c", "d/x/z/a"}, []Twin{{0, 2, "d/X", "d/x", TwinCase}}},
		{"folders once", []string{"d/Dir/a", "d/Dir/c", "d/dir/b", "d/dir/d"}, []Twin{{0, 2, "d/Dir", "d/dir", TwinCase}}},
		{"folder forms", []string{"e\u0301/a", "\u00e9/b"}, []Twin{{0, 1, "e\u0301", "\u00e9", TwinForm}}},
		{"file and folder", []string{"d/a", "d/a!", "d/a/b"}, []Twin{{0, 2, "d/a", "d/a/b", TwinNested}}},
		{"folder and file", []string{"d/a/b/c", "d/a"}, []Twin{{0, 1, "d/a/b/c", "d/a", TwinNested}}},
		{"file and folder of other case", []string{"d/a", "d/A/b"}, []Twin{{0, 1, "d/a", "d/A", TwinCase}}},
		{"same behind a twin", []string{"A", "a", "a"}, []Twin{{0, 1, "A", "a", TwinCase}, {1, 2, "a", "a", TwinSame}}},
		{"iota is no mark", []string{"\u03b1\u0301\u03b9", "\u03b1\u03b9\u0301"}, nil},
		{"combining iota", []string{"\u03b1\u0345", "\u1fb3"}, []Twin{{0, 1, "\u03b1\u0345", "\u1fb3", TwinForm}}},
		{"dotless i is no i", []string{"\u0131", "i"}, nil},
		{"sharp s is not ss", []string{"ß", "ss"}, nil},
		{"spaces", []string{"d/a", "d/a ", "d/ a"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, Twins(tt.paths)); d != "" {
				t.Errorf("Twins (-want +got):\n%s", d)
			}
			if got := newClashFilter(0).mayClash(tt.paths); tt.want != nil && !got {
				t.Errorf("mayClash = %v, want true", got)
			}
		})
	}
}

// Twins must find what comparing every path with every other finds.
func TestTwinsAgainstPairs(t *testing.T) {
	name := rapid.StringOfN(rapid.RuneFrom([]rune("aAbé\u0301E!")), 1, 2, -1)
	path := rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(name, 1, 3).Draw(t, "names"), "/")
	})
	rapid.Check(t, func(t *rapid.T) {
		paths := rapid.SliceOfN(path, 0, 6).Draw(t, "paths")
		want := false
		for i, a := range paths {
			for _, b := range paths[:i] {
				want = want || clash(strings.Split(a, "/"), strings.Split(b, "/"))
			}
		}
		twins := Twins(paths)
		if got := len(twins) > 0; got != want {
			t.Fatalf("Twins(%q) = %v, want some: %v", paths, twins, want)
		}
		for _, tw := range twins {
			if tw.First >= tw.Second || !strings.HasPrefix(paths[tw.First], tw.A) || !strings.HasPrefix(paths[tw.Second], tw.B) {
				t.Fatalf("Twins(%q) = %+v, want A and B from the paths", paths, tw)
			}
		}
	})
}

// clash compares two paths name by name.
func clash(a, b []string) bool {
	for i := range min(len(a), len(b)) {
		switch {
		case !strings.EqualFold(norm.NFC.String(a[i]), norm.NFC.String(b[i])):
			return false
		case a[i] != b[i]:
			return true
		}
	}
	return true // the same, or one lies in the other
}

// The quick look must save the sorting for a tree without twins.
func TestMayClashTellsGoodTrees(t *testing.T) {
	if newClashFilter(0).mayClash(kitPaths(2000)) {
		t.Error("mayClash = true for a tree without twins")
	}
}

// Many deep folders must not cost the square of their depth each.
func TestTwinsDeep(t *testing.T) {
	var paths []string
	for i := range 500 {
		paths = append(paths, fmt.Sprintf("data/%d", i)+strings.Repeat("/a", 10_000))
	}
	if got := Twins(paths); got != nil {
		t.Errorf("Twins = %v, want none", got)
	}
	f := newClashFilter(0)
	if !f.mayClash(paths) || f.folders > 20_000 {
		t.Errorf("mayClash looked at %d folders and went on, want at most 20000", f.folders)
	}
}

// kitPaths makes n paths that look like a kit's: four levels, mixed case.
func kitPaths(n int) []string {
	paths := make([]string, n)
	for i := range paths {
		arch := [3]string{"amd64", "arm64", "x86"}[i%3]
		paths[i] = fmt.Sprintf("data/%s/DLManifests/Folder-%03d/Microsoft-Windows-Component-%d-DL.man", arch, i%97, i)
	}
	slices.Sort(paths)
	return paths
}

func BenchmarkTwins(b *testing.B) {
	paths := kitPaths(20_000)
	b.ReportAllocs()
	for b.Loop() {
		if t := Twins(paths); t != nil {
			b.Fatal(t)
		}
	}
}

func BenchmarkPathFault(b *testing.B) {
	paths := kitPaths(20_000)
	for b.Loop() {
		for _, p := range paths {
			if fault := PathFault(p); fault != "" {
				b.Fatal(fault)
			}
		}
	}
}

func BenchmarkFold(b *testing.B) {
	paths := kitPaths(20_000)
	b.ReportAllocs()
	for b.Loop() {
		for _, p := range paths {
			Fold(p)
		}
	}
}
