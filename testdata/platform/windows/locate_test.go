package windows

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"usmtpkg/locate/samplekit"
	"usmtpkg/testdata/platform"
)

const (
	key64   = `HKEY_LOCAL_MACHINE\Software\Microsoft\Windows Kits\Installed Roots`
	key32   = `HKEY_LOCAL_MACHINE\Software\Wow6432Node\Microsoft\Windows Kits\Installed Roots`
	usmtDir = "Assessment and Deployment Kit/User State Migration Tool"
)

// register has regedit put values into a key, and take the key away in the end.
func register(t *testing.T, m *Machine, key string, values ...string) {
	t.Helper()
	dir := t.TempDir()
	edit := func(name, text string) {
		t.Helper()
		name = filepath.Join(dir, name)
		platform.Write(t, name, []byte("REGEDIT4\r\n\r\n"+text))
		if err := m.command(wine+"wine64", "regedit", "/S", Z(name)); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(func() { edit("remove.reg", "[-"+key+"]\r\n") })
	edit("add.reg", "["+key+"]\r\n"+strings.Join(values, "\r\n")+"\r\n")
}

// value is one of a .reg file.
func value(name, text string) string {
	return `"` + name + `"="` + strings.ReplaceAll(text, `\`, `\\`) + `"`
}

// located is what locate --json tells.
type located struct {
	Candidates []struct {
		Path, How string
		Version   string `json:"usmt_version"`
	}
	Places []struct{ Path, How, Outcome string }
}

func (b *bench) locate(t *testing.T, status int) (l located, raw string) {
	t.Helper()
	raw = b.run(t, "locate", "--json").Want(t, status).Stdout
	if err := json.Unmarshal([]byte(raw), &l); err != nil {
		t.Fatalf("%v\n%s", err, raw)
	}
	return l, raw
}

// Nothing is installed: every place that was looked at is named, and so is the feature to add.
func TestNothingInstalled(t *testing.T) {
	b := emptyBench(t, t.TempDir())
	b.run(t, "refresh", "--library", b.on("lib")).Want(t, 3,
		`HKLM\SOFTWARE\Microsoft\Windows Kits\Installed Roots: no such key (registry, 64-bit view)`,
		`HKLM\SOFTWARE\Microsoft\Windows Kits\Installed Roots: no such key (registry, 32-bit view)`,
		`C:\Program Files (x86)\Windows Kits\10: no such folder (default folder)`,
		`C:\Program Files\Windows Kits\8.1: no such folder (default folder)`,
		"OptionId.UserStateMigrationTool")
	if _, err := os.Stat(b.at("lib")); err == nil {
		t.Error("a library was made")
	}
}

// A kits root is taken from either view of the registry; of two kits the newer one; and roots that
// an uninstalled or half installed kit left lead nowhere.
func TestRegistry(t *testing.T) {
	b := emptyBench(t, t.TempDir())
	for dir, version := range map[string]string{"old": "10.0.65000.1", "new": newer} {
		platform.Kit(t, b.at(dir+"/"+usmtDir), samplekit.Options{Arches: []string{"amd64"}, Version: version})
	}
	platform.Write(t, b.at("sdk/bin/x86/rc.exe"), nil) // a kits root without USMT
	register(t, b.Machine, key64, value("KitsRoot10", b.on("old")+`\`), value("KitsRoot81", b.on("gone")+`\`), value("KitsRoot", `%ProgramFiles%\Kits%x%`))
	l, raw := b.locate(t, 0)
	if len(l.Candidates) != 1 || !strings.Contains(l.Candidates[0].How, "registry, 64-bit view, KitsRoot10") {
		t.Errorf("candidates = %+v, want that of the 64-bit view", l.Candidates)
	}
	for _, outcome := range []string{"no such folder", "not followed: it names a variable"} {
		if !strings.Contains(raw, outcome) {
			t.Errorf("locate lacks %q:\n%s", outcome, raw)
		}
	}
	register(t, b.Machine, key32, value("KitsRoot10", b.on("new")+`\`), value("KitsRoot81", b.on("sdk")+`\`), `"KitsRoot"=dword:00000007`)
	l, raw = b.locate(t, 0)
	if len(l.Candidates) != 2 || !strings.Contains(l.Candidates[0].How, "registry, 32-bit view, KitsRoot10") {
		t.Errorf("candidates = %+v, want the newer one of the 32-bit view first", l.Candidates)
	}
	for _, outcome := range []string{"folder without USMT", "found type 4, wanted REG_SZ"} {
		if !strings.Contains(raw, outcome) {
			t.Errorf("locate lacks %q:\n%s", outcome, raw)
		}
	}
	b.run(t, "refresh", "--library", b.on("lib")).Want(t, 0, "USMT "+newer, "chosen from 2: highest version")
}

// Without a registry entry the folder of the installer is found.
func TestDefaultFolder(t *testing.T) {
	b := emptyBench(t, t.TempDir())
	kits := b.C("Program Files (x86)/Windows Kits")
	t.Cleanup(func() { _ = os.RemoveAll(kits) })
	platform.Kit(t, filepath.Join(kits, "10", filepath.FromSlash(usmtDir)), samplekit.Options{Arches: []string{"amd64"}})
	l, _ := b.locate(t, 0)
	want := `C:\Program Files (x86)\Windows Kits\10\` + strings.ReplaceAll(usmtDir, "/", `\`)
	if len(l.Candidates) != 1 || l.Candidates[0].Path != want || l.Candidates[0].How != "default folder" {
		t.Errorf("candidates = %+v, want %s", l.Candidates, want)
	}
}
