package locate

import (
	"io/fs"
	"maps"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"usmtpkg/locate/inventory"
	"usmtpkg/locate/samplekit"
)

func TestSiblingRules(t *testing.T) {
	listed := func(arches ...string) Options {
		return Options{Inventory: []*inventory.Table{tableOf(t, "site.txt", arches...)}}
	}
	own := Declared{Path: "x86/Config_AppsOnly.xml", From: "custom/Config_AppsOnly.xml", Size: 7, SHA256: "aa"}
	replacing := own
	replacing.Replace = true
	tests := []struct {
		name   string
		change func(fstest.MapFS)
		o      Options
		want   []string
		text   string // in the first finding
	}{
		{name: "the kit itself", change: nothing},
		{name: "x86 lacks a text", change: remove("x86/Config_AppsOnly.xml"), want: []string{"warning sibling-missing x86/Config_AppsOnly.xml"},
			text: "found no such file, wanted the file that amd64 has"},
		{name: "amd64 lacks a text", change: remove("amd64/Config_AppsOnly.xml"), want: []string{"warning sibling-missing amd64/Config_AppsOnly.xml"},
			text: "wanted the file that arm64 has"},
		{name: "both lack a text", change: remove("amd64/Config_AppsOnly.xml", "x86/Config_AppsOnly.xml"),
			want: []string{"warning sibling-missing amd64/Config_AppsOnly.xml", "warning sibling-missing x86/Config_AppsOnly.xml"}},
		{name: "arm64 may lack what it likes", change: remove("arm64/Config_AppsOnly.xml", "arm64/wimgapi.dll")},
		{name: "no arch has it", change: remove("amd64/Config_AppsOnly.xml", "arm64/Config_AppsOnly.xml", "x86/Config_AppsOnly.xml")},
		{name: "there is one arch only", change: remove("amd64/Config_AppsOnly.xml", "arm64", "x86")},
		{name: "x86 lacks a manifest", change: remove("x86/DLManifests/Sample-Desktop-DL.man"),
			want: []string{"warning sibling-missing x86/DLManifests/Sample-Desktop-DL.man"}},
		{name: "x86 lacks a folder", change: remove("x86/ReplacementManifests7"), want: []string{"warning sibling-missing x86/ReplacementManifests7"},
			text: "found no such folder, wanted the folder that amd64 has, with 3 files"},
		{name: "an error says so already", change: remove("x86/ReplacementManifests", "x86/migcore.dll"),
			want: []string{"error manifests-missing x86/ReplacementManifests", "error core-missing x86/migcore.dll"}},
		{name: "an error says so of the folder", change: both(remove("x86/DLManifests"), putMode("x86/DLManifests", fs.ModeDir)),
			want: []string{"error manifests-empty x86/DLManifests"}},
		{name: "a guess says so already", change: remove("x86/SFLISTWT.DAT"), want: []string{"warning sibling-missing x86/SFLISTWT.DAT"}},
		{name: "another case", change: both(rename("x86/DLManifests", "x86/dlmanifests"), rename("x86", "X86"))},
		{name: "a folder for a file", change: both(remove("x86/Config_AppsOnly.xml"), putMode("x86/Config_AppsOnly.xml", fs.ModeDir)),
			want: []string{"warning sibling-missing x86/Config_AppsOnly.xml"}, text: "found a folder, wanted the file that amd64 has"},
		{name: "a link for a file", change: both(remove("x86/Config_AppsOnly.xml"), putMode("x86/Config_AppsOnly.xml", fs.ModeSymlink)),
			want: []string{"error entry-type x86/Config_AppsOnly.xml"}},
		{name: "somebody's file in one arch", change: put("x86/mine/a.txt", "x"), want: []string{"warning sibling-missing amd64/mine"}},
		{name: "a name that no arch may have", change: put("x86/NUL", "x"), want: []string{"error name-windows x86/NUL"}},
		{name: "an arch of another release", change: func(k fstest.MapFS) {
			maps.Copy(k, kit(samplekit.Options{Version: "10.0.65000.2", Arches: []string{"x86"}}))
			remove("x86/Config_AppsOnly.xml")(k)
		}, want: []string{"error arch-version-mixed x86"}},
		{name: "a list knows better", change: remove("x86/Config_AppsOnly.xml"), o: listed("amd64", "x86", "arm64"),
			want: []string{"error inventory-missing x86/Config_AppsOnly.xml"}},
		{name: "a list knows another arch", change: remove("x86/Config_AppsOnly.xml"), o: listed("amd64", "arm64"),
			want: []string{"info inventory-unknown x86", "warning sibling-missing x86/Config_AppsOnly.xml"}},
		{name: "an arch that is forbidden", change: remove("x86/Config_AppsOnly.xml"),
			o: Options{Policy: Policy{Allow: []string{"arm64"}, Forbid: []string{"x86"}}}, want: []string{"error arch-forbidden x86"}},
		{name: "an overlay is not the kit's", change: put("x86/MigOwn.xml", migration("own")),
			o: Options{Overlay: []Declared{{Path: "x86/MigOwn.xml", From: "custom/MigOwn.xml", Size: 7, SHA256: "aa"}}}},
		{name: "an overlay does not stand in", change: put("x86/Config_AppsOnly.xml", "<Configuration/>"), o: Options{Overlay: []Declared{own}},
			want: []string{"warning sibling-missing x86/Config_AppsOnly.xml"}, text: "found only a file of the overlay"},
		{name: "an overlay that may stand in", change: put("x86/Config_AppsOnly.xml", "<Configuration/>"), o: Options{Overlay: []Declared{replacing}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fsys := kit(samplekit.Options{})
			tt.change(fsys)
			if tt.o.Policy.Allow == nil {
				tt.o.Policy = allowAll
			}
			r := validate(t, fsys, tt.o)
			if diff := cmp.Diff(tt.want, summary(r), cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("findings (-want +got):\n%s", diff)
			}
			if tt.text != "" && !strings.Contains(r.Findings()[0].Error(), tt.text) {
				t.Errorf("finding = %q, want %q in it", r.Findings()[0], tt.text)
			}
			first, err := Precheck(t.Context(), fsys, tt.o)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, summary(first), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("Precheck (-want +got):\n%s", diff)
			}
		})
	}
}
