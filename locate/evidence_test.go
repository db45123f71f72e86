package locate

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const manifestText = "\ufeff" + `<?xml version="1.0" encoding="utf-8"?>
<UserExperienceManifest xmlns="http://schemas.microsoft.com/Setup/2010/01/Burn/UserExperience">
  <Settings><ProductName>x</ProductName><ProductVersion> 10.1.65000.1 </ProductVersion></Settings>
</UserExperienceManifest>`

// evidence gives the evidence of the best candidate as "kind value problem | where", paths relative to root.
func evidence(t *testing.T, root string, r Result) []string {
	t.Helper()
	c, _ := r.Best()
	var all []string
	for _, e := range c.Evidence {
		where := filepath.ToSlash(strings.ReplaceAll(e.Where, root+string(filepath.Separator), ""))
		all = append(all, e.Kind+" "+e.Value+e.Problem+" | "+where)
	}
	return all
}

func TestEvidenceOfSource(t *testing.T) {
	const usmt = "layout/kit/" + kit10
	// The manifest of the layout lies six folders above a USMT folder unpacked in it.
	root := plant(t, map[string]string{
		usmt + "amd64/scanstate.exe":              new10,
		usmt + "x86/scanstate.exe":                "none",
		"layout/userexperiencemanifest.XML":       manifestText,
		"below/0/1/2/3/4/5/amd64/scanstate.exe":   old10,
		"below/UserExperienceManifest.xml":        manifestText,
		"odd/a/amd64/scanstate.exe":               old10,
		"odd/UserExperienceManifest.xml":          strings.Replace(manifestText, "10.1.65000.1", "Ten", 1),
		"folder/a/amd64/scanstate.exe":            old10,
		"folder/UserExperienceManifest.xml/x.txt": "x",
	})
	files := []string{"file-version 10.0.65000.2 | amd64/scanstate.exe", "file-version x86/scanstate.exe: it has no file version | x86/scanstate.exe"}
	manifest := "experience-manifest 10.1.65000.1 | layout/userexperiencemanifest.XML"
	old := "file-version 10.0.65000.1 | amd64/scanstate.exe"
	tests := []struct {
		source string
		want   []string
	}{
		{usmt, append(files[:2:2], manifest)},
		{"layout/kit", append(files[:2:2], manifest)},
		{"below/0/1/2/3/4/5", []string{old, "experience-manifest 10.1.65000.1 | below/UserExperienceManifest.xml"}},
		{"odd/a", []string{old, `experience-manifest found "Ten", wanted a version | odd/UserExperienceManifest.xml`}},
		{"folder", []string{old, "experience-manifest not a regular file | folder/UserExperienceManifest.xml"}},
	}
	for _, tt := range tests {
		r, err := Find(t.Context(), FindOptions{Source: filepath.Join(root, filepath.FromSlash(tt.source))})
		if err != nil {
			t.Errorf("%s: %v", tt.source, err)
			continue
		}
		if diff := cmp.Diff(tt.want, evidence(t, root, r)); diff != "" {
			t.Errorf("%s: evidence (-want +got):\n%s", tt.source, diff)
		}
	}
}

func TestEvidenceSevenLevelsUp(t *testing.T) {
	root := plant(t, map[string]string{"UserExperienceManifest.xml": manifestText, "0/1/2/3/4/5/6/amd64/scanstate.exe": old10})
	r, err := Find(t.Context(), FindOptions{Source: filepath.Join(root, "0", "1", "2", "3", "4", "5", "6")})
	if err != nil {
		t.Fatal(err)
	}
	if got := evidence(t, root, r); len(got) != 1 {
		t.Errorf("evidence = %q, want that of scanstate.exe only", got)
	}
}

// installed are uninstall entries as machines have them.
var installed = []UninstallEntry{
	{View: "64-bit view", Key: "7-Zip", Name: "7-Zip 24", Version: "24.08"},
	{View: "64-bit view", Problem: "not readable: access denied"},
	{View: "32-bit view", Key: "{1}", Name: "User State Migration Tool (DesktopEditions)", Version: "10.1.65000.1"},
	{View: "32-bit view", Key: "{2}", Name: "windows Assessment and Deployment Kit - Windows 10", Version: "10.1.64000.1"},
	{View: "32-bit view", Key: "{3}", Name: "Windows Assessment and Deployment Kit Windows Preinstallation Environment Add-ons", Version: "10.1.1.1"},
	{View: "32-bit view", Key: "{B09B3BEF-7c75-4e26-ae6b-f6cdeb0fb071}", Name: "Kit d'\u00e9valuation", Version: "10.1.26100.1"},
	{View: "32-bit view", Key: "{4}", Name: "User State Migration Tool\x1b", Version: "ten"},
	{View: "32-bit view", Key: "{552c6d25-1a53-43da-9069-7cedb7009a80}", Problem: "not readable: access denied"},
}

func TestEvidenceOfMachine(t *testing.T) {
	root := plant(t, map[string]string{"pf/" + kit10 + "amd64/scanstate.exe": new10, "pf/Windows Kits/10/UserExperienceManifest.xml": manifestText})
	r, err := Find(t.Context(), FindOptions{
		Registry: func() []KitsRoot { return nil }, Uninstall: func() []UninstallEntry { return installed },
		ProgramFiles: []string{filepath.Join(root, "pf")},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"file-version 10.0.65000.2 | amd64/scanstate.exe",
		"adk-entry not readable: access denied | registry, 64-bit view",
		"adk-entry 10.1.64000.1 | registry, 32-bit view, {2}: windows Assessment and Deployment Kit - Windows 10",
		"adk-entry 10.1.26100.1 | registry, 32-bit view, {B09B3BEF-7c75-4e26-ae6b-f6cdeb0fb071}: Kit d'\u00e9valuation",
		"adk-entry not readable: access denied | registry, 32-bit view, {552c6d25-1a53-43da-9069-7cedb7009a80}",
		"usmt-entry 10.1.65000.1 | registry, 32-bit view, {1}: User State Migration Tool (DesktopEditions)",
		`usmt-entry found "ten", wanted a version | "registry, 32-bit view, {4}: User State Migration Tool/x1b"`,
		"experience-manifest 10.1.65000.1 | pf/Windows Kits/10/UserExperienceManifest.xml",
	}
	got := evidence(t, root, r)
	for i := range got {
		got[i] = strings.ReplaceAll(got[i], `\`, "/") // the escape in the odd name, on the systems that keep it
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("evidence (-want +got):\n%s", diff)
	}
	// What is given as source need not be what is installed.
	r, err = Find(t.Context(), FindOptions{Source: filepath.Join(root, "pf"), Uninstall: func() []UninstallEntry { return installed }})
	if got := evidence(t, root, r); err != nil || len(got) != 2 {
		t.Errorf("evidence of a source = %q, %v, want two", got, err)
	}
}

// hiveWithProducts is a SOFTWARE hive of a volume on which a kit is installed.
func hiveWithProducts() []byte {
	key := softwareKey(nil, []regValue{sz("KitsRoot10", `C:\Kits\10\`)}, `C:\Windows`)
	uninstall := func(products ...regKey) regKey {
		return regKey{name: "Windows", keys: []regKey{{name: "CurrentVersion", keys: []regKey{{name: "Uninstall", index: "ri", keys: products}}}}}
	}
	product := func(key, name, version string) regKey {
		return regKey{name: key, values: []regValue{sz("Publisher", "Microsoft"), sz("DisplayVersion", version), sz("DISPLAYNAME", name)}}
	}
	key.keys[1].keys = append(key.keys[1].keys, uninstall(product("7-Zip", "7-Zip 24", "24.08"), product("{5}", "User State Migration Tool", "10.1.65000.1")))
	key.keys[2].keys[0].keys = append(key.keys[2].keys[0].keys, uninstall(
		regKey{name: "empty"}, product("{6}", "Windows Assessment and Deployment Kit", "10.1.65000.1"),
		regKey{name: "{b09b3bef-7c75-4e26-ae6b-f6cdeb0fb071}", values: []regValue{{name: "DisplayVersion", kind: 4, data: []byte{1, 2, 3, 4}}}},
	))
	return hiveBytes(key)
}

func TestEvidenceOfVolume(t *testing.T) {
	root := plant(t, map[string]string{
		"UserExperienceManifest.xml": manifestText, // not on the volume
		"mnt/" + hivePath:            string(hiveWithProducts()),
		"mnt/Kits/10/Assessment and Deployment Kit/User State Migration Tool/amd64/scanstate.exe": new10,
	})
	mount := filepath.Join(root, "mnt")
	r, err := Find(t.Context(), FindOptions{Volume: mount})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"file-version 10.0.65000.2 | amd64/scanstate.exe",
		"adk-entry 10.1.65000.1 | registry of the volume, 32-bit view, {6}: Windows Assessment and Deployment Kit",
		"adk-entry not followed: found type REG_DWORD, wanted REG_SZ | registry of the volume, 32-bit view, {b09b3bef-7c75-4e26-ae6b-f6cdeb0fb071}",
		"usmt-entry 10.1.65000.1 | registry of the volume, 64-bit view, {5}: User State Migration Tool",
	}
	if diff := cmp.Diff(want, evidence(t, mount, r)); diff != "" {
		t.Errorf("evidence (-want +got):\n%s", diff)
	}
	if err := os.Rename(filepath.Join(root, "UserExperienceManifest.xml"), filepath.Join(mount, "UserExperienceManifest.xml")); err != nil {
		t.Fatal(err)
	}
	if r, err = Find(t.Context(), FindOptions{Volume: mount}); err != nil {
		t.Fatal(err)
	}
	want = append(want, "experience-manifest 10.1.65000.1 | UserExperienceManifest.xml")
	if diff := cmp.Diff(want, evidence(t, mount, r)); diff != "" {
		t.Errorf("evidence with a manifest on the volume (-want +got):\n%s", diff)
	}
}

// Whatever the uninstall entries are, USMT is found.
func TestEvidenceOfBrokenHive(t *testing.T) {
	hive := hiveWithProducts()
	// The values of the product {5} claim to be more than the hive can hold.
	at := hiveBase + bytes.Index(hive[hiveBase:], []byte("{5}")) - 76
	binary.LittleEndian.PutUint32(hive[at+36:], 1<<31)
	root := plant(t, map[string]string{
		hivePath: string(hive),
		"Kits/10/Assessment and Deployment Kit/User State Migration Tool/amd64/scanstate.exe": new10,
	})
	r, err := Find(t.Context(), FindOptions{Volume: root})
	if err != nil {
		t.Fatal(err)
	}
	got := evidence(t, root, r)
	if len(got) != 2 || !strings.HasPrefix(got[1], "adk-entry the hive is broken: it points at offset ") {
		t.Errorf("evidence = %q, want what is wrong with the hive", got)
	}
}

func TestManifestVersion(t *testing.T) {
	const space = ` xmlns="http://schemas.microsoft.com/Setup/2010/01/Burn/UserExperience"`
	wrap := func(inner string) string {
		return "<UserExperienceManifest" + space + "><Settings>" + inner + "</Settings></UserExperienceManifest>"
	}
	tests := []struct {
		name, text, want, problem string
	}{
		{"as installers have it", manifestText, "10.1.65000.1", ""},
		{"with a prefix", `<b:UserExperienceManifest xmlns:b="http://schemas.microsoft.com/Setup/2010/01/Burn/UserExperience"><b:Settings><b:ProductVersion>1.2</b:ProductVersion></b:Settings></b:UserExperienceManifest>`, "1.2", ""},
		{"the first counts", wrap("<ProductVersion>1.2<!-- x -->.3</ProductVersion><ProductVersion>4</ProductVersion>"), "1.2.3", ""},
		{"nothing", "", "", "it has no /UserExperienceManifest/Settings/ProductVersion"},
		{"other place", "<UserExperienceManifest" + space + "><ProductVersion>1</ProductVersion></UserExperienceManifest>", "", "it has no "},
		{"other namespace", strings.Replace(wrap("<ProductVersion>1</ProductVersion>"), "Burn", "Other", 1), "", "it has no "},
		{"elements in it", wrap("<ProductVersion><b>1</b></ProductVersion>"), "", `contains the element "b", wanted text`},
		{"cut off", wrap("<ProductVersion>1.2")[:150], "", "not readable: XML syntax error"},
		{"not XML", "MZ\x90\x00", "", "not readable: "},
		{"UTF-16", "\xff\xfe<\x00a\x00", "", "not readable: "},
		{"deep", strings.Repeat("<a>", maxDepth+1), "", "nested more than 64 deep"},
		{"large", wrap("<x>" + strings.Repeat("x", maxManifest) + "</x><ProductVersion>1</ProductVersion>"), "", "more than 4194304 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := manifestVersion(strings.NewReader(tt.text))
			if got != tt.want || (err == nil) != (tt.problem == "") || err != nil && !strings.Contains(err.Error(), tt.problem) {
				t.Errorf("manifestVersion = %q, %v, want %q, %q", got, err, tt.want, tt.problem)
			}
		})
	}
}

func FuzzManifestVersion(f *testing.F) {
	f.Add([]byte(manifestText))
	f.Add([]byte("<a><b></a>"))
	f.Fuzz(func(t *testing.T, data []byte) {
		version, err := manifestVersion(bytes.NewReader(data))
		if err != nil && version != "" {
			t.Errorf("manifestVersion = %q, %v, want either", version, err)
		}
	})
}

// Whatever the bytes are, the reader comes back, with entries or an error.
func FuzzReadUninstall(f *testing.F) {
	f.Add(hiveWithProducts())
	for _, hive := range brokenHives() {
		f.Add(hive)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		guard := &countingReader{r: bytes.NewReader(data)}
		if entries, err := readUninstall(guard, int64(len(data))); err != nil && len(entries) > 0 {
			t.Errorf("readUninstall = %v, %v, want either", entries, err)
		}
		if guard.reads > maxUninstallReads || guard.bytes > maxUninstallBytes {
			t.Errorf("readUninstall took %d reads of %d bytes, want at most %d of %d", guard.reads, guard.bytes, maxUninstallReads, maxUninstallBytes)
		}
	})
}
