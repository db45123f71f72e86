package locate

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"usmtpkg/locate/pe"
	"usmtpkg/locate/samplekit"
)

var update = flag.Bool("update", false, "rewrite the files in testdata")

// cachedIn gives the packages as "name product verdict: reason".
func cachedIn(t *testing.T, v *pe.Verifier, c Candidate) []string {
	t.Helper()
	msis, err := ReadKitMSIs(t.Context(), v, c)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, m := range msis {
		if !m.Cached {
			t.Errorf("%s is not marked as cached", m.Path)
		}
		list = append(list, m.Name+" "+m.Product+" "+m.reason())
	}
	return list
}

// signedMSI is a signed MSI of a kit, and what trusts its signer.
func signedMSI(t *testing.T) (string, publisher) {
	t.Helper()
	p := newPublisher(t)
	return string(signMSI(t, p.good, database(t, productOf, kit(samplekit.Options{}), in("")), true)), p
}

func TestCachedMSIsOfMachine(t *testing.T) {
	signed, p := signedMSI(t)
	root := plant(t, map[string]string{
		"pf/" + kit10 + "amd64/scanstate.exe": new10,
		"Installer/1A2B.msi":                  signed,
		"Installer/stripped.msi":              strings.Replace(signed, "SFCN.DAT", "SFCN.DAX", 1),
		"Installer/folder.msi/x":              "",
		"relative.msi":                        signed,
		"Installer/large.msi":                 "",
	})
	at := func(name string) string { return filepath.Join(root, "Installer", name) }
	if err := os.Truncate(at("large.msi"), MaxMSI+1); err != nil {
		t.Fatal(err)
	}
	installed := []CachedMSI{
		{Product: "User State Migration Tool", Path: at("large.msi")},
		{Product: "User State Migration Tool (DesktopEditions)", Path: at("1a2b.MSI")},
		{Product: "User State Migration Tool (ClientCore)", Path: at("stripped.msi")},
		{Product: "User State Migration Tool (OnecoreUAP)", Path: at("gone.msi")},
		{Product: "User State Migration Tool", Path: at("folder.msi")},
		{Product: "User State Migration Tool", Path: "relative.msi"},
		{Product: "User State Migration Tool", Path: ""},
		{Product: "User State Migration Tool\x1b", Path: `HKLM\SOFTWARE`, Problem: "not readable: access denied"},
	}
	o := FindOptions{
		Registry: func() []KitsRoot { return nil }, Cached: func() []CachedMSI { return installed },
		ProgramFiles: []string{filepath.Join(root, "pf")},
	}
	r, err := Find(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	c, _ := r.Best()
	got := cachedIn(t, p.verifier, c)
	want := []string{
		"large.msi User State Migration Tool unsupported: found 67108865 bytes, wanted at most 67108864",
		"1a2b.MSI User State Migration Tool valid",
		"stripped.msi User State Migration Tool (ClientCore) tampered: ",
		"gone.msi User State Migration Tool (OnecoreUAP) unsupported: no such file",
		"folder.msi User State Migration Tool unsupported: found a folder, wanted a file",
		"relative.msi User State Migration Tool unsupported: not followed: not an absolute path",
		" User State Migration Tool unsupported: not followed: the value is empty",
		`SOFTWARE "User State Migration Tool\x1b" unsupported: not readable: access denied`,
	}
	for i := range got {
		if strings.HasPrefix(got[i], "stripped.msi") {
			got[i], _, _ = strings.Cut(got[i], "the ")
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("cached MSIs (-want +got):\n%s", diff)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("enough"))
	if _, err := ReadKitMSIs(ctx, p.verifier, c); err == nil || err.Error() != "enough" {
		t.Errorf("ReadKitMSIs of a cancelled context = %v", err)
	}
	// What is given as source need not be what is installed.
	o.Source = filepath.Join(root, "pf")
	if r, err = Find(t.Context(), o); err != nil || len(r.Candidates[0].cached) > 0 {
		t.Errorf("cached MSIs of a source = %v, %v, want none", r.Candidates, err)
	}
}

// product is the key of an installed product.
func product(name string, values ...regValue) regKey {
	return regKey{name: name, keys: []regKey{{name: "Features"}, {name: "installproperties", values: values}}}
}

// hiveOf is a SOFTWARE hive of a volume on which products are installed.
func hiveOf(products ...regKey) []byte {
	key := softwareKey(nil, []regValue{sz("KitsRoot10", `C:\Kits\10\`)}, `C:\Windows`)
	below := func(k regKey, names ...string) regKey {
		for i := len(names) - 1; i >= 0; i-- {
			k = regKey{name: names[i], keys: []regKey{k}}
		}
		return k
	}
	all := regKey{name: "Products", index: "ri", keys: products}
	key.keys[1].keys = append(key.keys[1].keys, below(all, "Windows", "CurrentVersion", "Installer", "UserData", "S-1-5-18"))
	return hiveBytes(key)
}

// hiveWithCache is such a hive, with packages of all kinds.
func hiveWithCache() []byte {
	return hiveOf(
		product("0A", sz("DisplayName", "7-Zip 24"), sz("LocalPackage", `C:\Windows\Installer\7z.msi`)),
		product("0B", sz("displayname", "user state migration tool (DesktopEditions)"), sz("LocalPackage", `C:\Windows\Installer\1a2b.msi`)),
		product("0C", sz("DisplayName", "User State Migration Tool (ClientCore)"), sz("LocalPackage", `C:\Windows\Installer\..\..\etc\passwd`)),
		product("0D", sz("DisplayName", "User State Migration Tool (OnecoreUAP)"), sz("LocalPackage", `D:\gone.msi`)),
		product("0E", sz("DisplayName", "User State Migration Tool (link)"), sz("LocalPackage", `C:\Windows\Installer\link.msi`)),
		product("0F", sz("DisplayName", "User State Migration Tool (odd)"), regValue{name: "LocalPackage", kind: 4, data: []byte{1, 2, 3, 4}}),
		product("10", sz("DisplayName", "User State Migration Tool (bare)")),
		regKey{name: "11"},
	)
}

// The scripts of the command need a hive, and have it from testdata: it is what is written here.
func TestHiveOfScripts(t *testing.T) {
	at := func(name, file string) regKey {
		return product(name, sz("DisplayName", "User State Migration Tool ("+name+")"), sz("LocalPackage", `C:\Windows\Installer\`+file))
	}
	want := hiveOf(at("DesktopEditions", "1a2b.msi"), at("OnecoreUAP", "3c4d.msi"))
	file := filepath.Join("testdata", "installed.hive")
	if *update {
		if err := os.WriteFile(file, want, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is not what the writer of hives gives (%v); rewrite it with -update", file, err)
	}
}

func TestCachedMSIsOfVolume(t *testing.T) {
	signed, p := signedMSI(t)
	root := plant(t, map[string]string{
		"outside.msi":                    signed,
		"mnt/" + hivePath:                string(hiveWithCache()),
		"mnt/windows/INSTALLER/1A2B.MSI": signed,
		"mnt/Kits/10/Assessment and Deployment Kit/User State Migration Tool/amd64/scanstate.exe": new10,
	})
	want := []string{
		"1a2b.msi User State Migration Tool valid",
		"passwd User State Migration Tool (ClientCore) unsupported: not followed: it has .. in it",
		"gone.msi User State Migration Tool (OnecoreUAP) unsupported: no such file",
		"link.msi User State Migration Tool (link) unsupported: not readable: path escapes from parent",
		" User State Migration Tool (odd) unsupported: not followed: found type REG_DWORD, wanted REG_SZ",
		" User State Migration Tool (bare) unsupported: not followed: the value is empty",
	}
	link := filepath.Join(root, "mnt/windows/INSTALLER/link.msi")
	err := os.Symlink(filepath.Join(root, "outside.msi"), link)
	if _, none := os.Lstat(link); err != nil || none != nil { // Wine says that it made one, and made none
		want[3] = "link.msi User State Migration Tool (link) unsupported: no such file"
	}
	r, err := Find(t.Context(), FindOptions{Volume: filepath.Join(root, "mnt")})
	if err != nil {
		t.Fatal(err)
	}
	c, _ := r.Best()
	if diff := cmp.Diff(want, cachedIn(t, p.verifier, c)); diff != "" {
		t.Errorf("cached MSIs (-want +got):\n%s", diff)
	}
}

// Whatever the hive says of packages, USMT is found, and what is wrong is said.
func TestCachedMSIsOfBrokenHive(t *testing.T) {
	hive := hiveWithCache()
	at := hiveBase + bytes.Index(hive[hiveBase:], []byte("installproperties")) - 76
	binary.LittleEndian.PutUint32(hive[at+36:], 1<<31) // it claims to have more values than the hive can hold
	root := plant(t, map[string]string{
		hivePath: string(hive),
		"Kits/10/Assessment and Deployment Kit/User State Migration Tool/amd64/scanstate.exe": new10,
	})
	r, err := Find(t.Context(), FindOptions{Volume: root})
	if err != nil {
		t.Fatal(err)
	}
	c, _ := r.Best()
	got := cachedIn(t, newPublisher(t).verifier, c)
	if len(got) != 1 || !strings.Contains(got[0], "unsupported: not readable: the hive is broken: it points at offset ") {
		t.Errorf("cached MSIs = %q, want what is wrong with the hive", got)
	}
}

// A cached package that does not count is reported, and fails nothing.
func TestCachedMSIRefused(t *testing.T) {
	p := newPublisher(t)
	fsys := p.signed(t)
	m := ReadMSI(p.verifier, `C:\Windows\Installer\1a2b.msi`, []byte("not a package"))
	m.Name, m.Cached = baseName(m.Path), true
	r := validate(t, fsys, Options{Policy: allowAll, Signatures: p.verifier, MSIs: []*MSI{m}})
	if diff := cmp.Diff([]string{"info msi-refused 1a2b.msi"}, summary(r)); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	if f := r.Findings()[0]; !strings.Contains(f.Found, `(C:\Windows\Installer\1a2b.msi)`) || f.Hint == "" || r.Err(true) != nil {
		t.Errorf("finding %q, hint %q, error %v", f, f.Hint, r.Err(true))
	}
}

// However many packages a hostile registry names, some are read, and that it is not all is said.
func TestCachedMSIsAreBounded(t *testing.T) {
	var c Candidate
	for range maxCached + 5 {
		c.cached = append(c.cached, CachedMSI{Product: usmtDir, Path: "relative.msi"})
	}
	got := cachedIn(t, newPublisher(t).verifier, c)
	if len(got) != maxCached+1 || !strings.HasSuffix(got[maxCached], "unsupported: the registry names 37 packages; the first 32 are read") {
		t.Errorf("%d cached MSIs, the last %q", len(got), got[len(got)-1])
	}
}
