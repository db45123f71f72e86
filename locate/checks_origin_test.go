package locate

import (
	"slices"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"usmtpkg/locate/inventory"
	"usmtpkg/locate/pe"
	"usmtpkg/locate/samplekit"
)

// A signature and a version say nothing about which program a file is.
func TestOriginRules(t *testing.T) {
	v := pe.Version{10, 0, 65000, 1}
	named := func(name, origin string) func(fstest.MapFS) {
		return put(name, string(samplekit.NamedPE(pe.AMD64, v, 64, origin)))
	}
	takes := func(name, from string) func(fstest.MapFS) {
		return func(k fstest.MapFS) { k[name] = k[from] }
	}
	const plugin = "amd64/ReplacementManifests/Own-Plugin/own.dll"
	overlaid := Options{Overlay: []Declared{{Path: "amd64/migcore.dll", From: "own/migcore.dll", Replace: true}}}
	tests := []ruleTest{
		{name: "the kit itself", change: nothing},
		{name: "a core program for another", change: takes("amd64/migcore.dll", "amd64/migstore.dll"),
			want: []string{"error program-misnamed amd64/migcore.dll"}, text: "found the program migstore.dll, by its version resource, wanted migcore.dll"},
		{name: "another case", change: both(takes("x86/MigCore.DLL", "x86/scanstate.exe"), remove("x86/migcore.dll")),
			want: []string{"error program-misnamed x86/MigCore.DLL"}},
		{name: "a program of the root for a plug-in", change: named("amd64/ReplacementManifests/a/shmig.dll", "scanstate.exe"),
			want: []string{"error program-misnamed amd64/ReplacementManifests/a/shmig.dll"}},
		{name: "a plug-in for a program of the root", change: named("amd64/wimgapi.dll", "WSearchMigPlugin.dll"),
			want: []string{"error program-misnamed amd64/wimgapi.dll"}},
		{name: "built under another name", change: named("amd64/migsys.dll", "MigSysHelper.DLL")},
		{name: "and put in the place of another", change: named("amd64/migcore.dll", "MigSysHelper.DLL"),
			want: []string{"error program-misnamed amd64/migcore.dll"}, text: "found the program MigSysHelper.DLL"},
		{name: "a template's name", change: named("amd64/ReplacementManifests7/a/TlsRepPlugin.dll", "WMIMigrationPlugin.dll")},
		{name: "texts in a file of their own", change: both(named("amd64/migcore.dll", "MIGCORE.DLL.MUI"), named("amd64/en-us/migcore.dll.mui", "migcore.dll.mui"))},
		{name: "a name that tells nothing", change: named("amd64/migcore.dll", "")},
		{name: "a program of Windows for a core program", change: named("amd64/migcore.dll", "cmd.exe"),
			want: []string{"warning program-unfamiliar amd64/migcore.dll"}, text: "found the program cmd.exe"},
		{name: "a program of Windows for a plug-in", change: named("amd64/ReplacementManifests/a/shmig.dll", "cmd.exe"),
			want: []string{"warning program-unfamiliar amd64/ReplacementManifests/a/shmig.dll"}},
		{name: "a second copy of a program", change: takes("amd64/scanstate-old.exe", "amd64/scanstate.exe"),
			want: []string{"warning program-unfamiliar amd64/scanstate-old.exe"}},
		{name: "a plug-in that no release had", change: both(named(plugin, "own.dll"), named("amd64/ReplacementManifests/b/b.dll", "OWN.DLL")),
			want: []string{"warning program-unfamiliar amd64/ReplacementManifests/b/b.dll"}},
		{name: "a plug-in of an unknown name", change: named(plugin, "template.dll")},
		{name: "one that the site laid there", change: named("amd64/migcore.dll", "migstore.dll"), o: overlaid,
			want: []string{"warning overlay-replaces amd64/migcore.dll"}},
	}
	for i := range tests {
		tests[i].named = true
	}
	runRules(t, tests)
}

// A list that has the content under this name knows better, and one that has another is enough.
func TestOriginIsListed(t *testing.T) {
	fsys := kit(samplekit.Options{Named: true})
	fsys["amd64/migcore.dll"] = fsys["amd64/migstore.dll"]
	want := []string{"error program-misnamed amd64/migcore.dll"}
	if diff := cmp.Diff(want, summary(validate(t, fsys, Options{Policy: allowAll}))); diff != "" {
		t.Fatalf("findings (-want +got):\n%s", diff)
	}
	release, r, err := TakeInventory(t.Context(), kit(samplekit.Options{Named: true}), Options{Policy: allowAll})
	if err != nil || release == nil {
		t.Fatal(err, summary(r))
	}
	o := Options{Policy: allowAll, Inventory: []*inventory.Table{{Name: "own", Releases: []*inventory.Release{release}}}}
	if diff := cmp.Diff([]string{"error inventory-differs amd64/migcore.dll"}, summary(validate(t, fsys, o))); diff != "" {
		t.Errorf("findings with the list of the kit (-want +got):\n%s", diff)
	}
	find := func(name string) int {
		return slices.IndexFunc(release.Files, func(f inventory.File) bool { return f.Path == name })
	}
	core := &release.Files[find("amd64/migcore.dll")]
	*core = release.Files[find("amd64/migstore.dll")]
	core.Path = "amd64/migcore.dll"
	if diff := cmp.Diff([]string(nil), summary(validate(t, fsys, o)), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("findings with a list of the folder (-want +got):\n%s", diff)
	}
}
