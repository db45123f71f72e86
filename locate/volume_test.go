package locate

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	// hivePath is spelt as a case-keeping file system may have it.
	hivePath   = "windows/system32/CONFIG/software"
	onTheMount = "programme/" + kit10
)

func TestFindVolume(t *testing.T) {
	root := plant(t, map[string]string{
		hivePath: string(hiveBytes(softwareKey(
			[]regValue{sz("KitsRoot10", `C:\Programme\WINDOWS kits\10\`), sz("KitsRoot81", `e:/kits/`)},
			[]regValue{sz("KitsRoot10", `C:\Programme\Windows Kits\10`), sz("KitsRoot81", `\\srv\share\Kits`), sz("KitsRoot", `C:\Kits\..\..\etc`)},
			`C:\WINDOWS`))),
		onTheMount + "amd64/scanstate.exe":                   new10,
		"kits/User State Migration Tool/x86/scanstate.exe":   old10,
		"program files (X86)/" + kit81 + "X86/SCANSTATE.EXE": old81,
	})
	r, err := Find(t.Context(), FindOptions{Volume: root})
	if err != nil {
		t.Fatal(err)
	}
	const usmt10, usmt81 = "programme/Windows Kits/10", "program files (X86)/Windows Kits/8.1"
	const below = "/Assessment and Deployment Kit/User State Migration Tool"
	want := []string{
		usmt10 + below + " 10.0.65000.2 [amd64]",
		"kits/User State Migration Tool 10.0.65000.1 [x86]",
		usmt81 + below + " 6.3.9600.16384 [x86]",
	}
	if diff := cmp.Diff(want, candidates(t, root, r)); diff != "" {
		t.Errorf("candidates (-want +got):\n%s", diff)
	}
	const by = " | registry of the volume, "
	want = []string{
		hivePath + " | registry of the volume | read",
		usmt10 + below + by + "64-bit view, KitsRoot10 | USMT 10.0.65000.2 (amd64)",
		"kits/User State Migration Tool" + by + "64-bit view, KitsRoot81 points to drive E:; this volume was C:, so the same folder was tried here | USMT 10.0.65000.1 (x86)",
		usmt10 + below + by + "32-bit view, KitsRoot10 | USMT 10.0.65000.2 (amd64)",
		"//srv/share/Kits" + by + "32-bit view, KitsRoot81 | not followed: a network or device path, wanted one of the volume",
		"C:/Kits/../../etc" + by + "32-bit view, KitsRoot | not followed: it has .. in it",
		"Program Files (x86)/Windows Kits/10 | default folder of the volume | no such folder",
		usmt81 + below + " | default folder of the volume | USMT 6.3.9600.16384 (x86)",
		"Program Files (x86)/Windows Kits/8.0 | default folder of the volume | no such folder",
		"Program Files (x86)/Windows AIK/Tools/USMT | default folder of the volume | no such folder",
		"Program Files/Windows Kits/10 | default folder of the volume | no such folder",
		"Program Files/Windows Kits/8.1 | default folder of the volume | no such folder",
		"Program Files/Windows Kits/8.0 | default folder of the volume | no such folder",
		"Program Files/Windows AIK/Tools/USMT | default folder of the volume | no such folder",
	}
	if diff := cmp.Diff(want, slashed(places(t, root, r.Places))); diff != "" {
		t.Errorf("places (-want +got):\n%s", diff)
	}
	wantHow := "registry of the volume, 64-bit view, KitsRoot10; registry of the volume, 32-bit view, KitsRoot10"
	if r.Candidates[0].How != wantHow {
		t.Errorf("How = %q, want %q", r.Candidates[0].How, wantHow)
	}
	src, err := Open(r.Candidates[0])
	if err != nil {
		t.Fatal(err)
	}
	if arches, err := Arches(src.Root().FS()); err != nil || len(arches) != 1 {
		t.Errorf("Arches = %v, %v, want amd64", arches, err)
	}
	if err := src.Close(); err != nil {
		t.Error(err)
	}
}

// TestFindVolumeDrive has a volume whose system called it D:.
func TestFindVolumeDrive(t *testing.T) {
	root := plant(t, map[string]string{
		hivePath: string(hiveBytes(softwareKey([]regValue{sz("KitsRoot10", `D:\`), sz("KitsRoot81", `C:\gone`)}, nil, `d:\WINDOWS`))),
		"Assessment and Deployment Kit/User State Migration Tool/amd64/scanstate.exe": new10,
	})
	r, err := Find(t.Context(), FindOptions{Volume: root})
	if err != nil {
		t.Fatal(err)
	}
	got := slashed(places(t, root, r.Places))[1:3]
	want := []string{
		"Assessment and Deployment Kit/User State Migration Tool | registry of the volume, 64-bit view, KitsRoot10 | USMT 10.0.65000.2 (amd64)",
		"gone | registry of the volume, 64-bit view, KitsRoot81 points to drive C:; this volume was D:, so the same folder was tried here | no such folder",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("places (-want +got):\n%s", diff)
	}
}

// TestFindVolumeBrokenHive shows that Program Files is searched whatever the hive is.
func TestFindVolumeBrokenHive(t *testing.T) {
	tests := map[string]map[string]string{
		"no such file":                                     {},
		"found a folder, wanted a file":                    {"Windows/System32/config/SOFTWARE/x": ""},
		"not a registry hive: it does not begin with regf": {"Windows/System32/config/SOFTWARE": ""},
	}
	for want, hive := range brokenHives() {
		tests[want] = map[string]string{"Windows/System32/config/SOFTWARE": string(hive)}
	}
	for want, files := range tests {
		files["Program Files/"+kit10+"amd64/scanstate.exe"] = new10
		root := plant(t, files)
		r, err := Find(t.Context(), FindOptions{Volume: root})
		if err != nil {
			t.Errorf("Find, hive %q: %v", want, err)
			continue
		}
		if p := r.Places[0]; p.How != "registry of the volume" || !strings.HasPrefix(p.Outcome, want) {
			t.Errorf("place of the hive = %+v, want %q", p, want)
		}
		if len(r.Candidates) != 1 || len(r.Places) != 9 {
			t.Errorf("Find, hive %q = %+v, want the kit in Program Files and 9 places", want, r)
		}
	}
}

func TestFindVolumeNothing(t *testing.T) {
	root := plant(t, map[string]string{"readme": ""})
	_, err := Find(t.Context(), FindOptions{Volume: root})
	if notFound, ok := errors.AsType[*NotFoundError](err); !ok || len(notFound.Places) != 9 {
		t.Errorf("Find: %v, want a *NotFoundError with the hive and 8 folders", err)
	}
	for _, name := range []string{"no", "readme"} {
		_, err := Find(t.Context(), FindOptions{Volume: filepath.Join(root, name)})
		if _, ok := errors.AsType[*SourceError](err); !ok {
			t.Errorf("Find on volume %s: %v, want a *SourceError", name, err)
		}
	}
}

func TestReroot(t *testing.T) {
	const network = "not followed: a network or device path, wanted one of the volume"
	tests := []struct{ value, drive, dir, problem string }{
		{`C:\Program Files (x86)\Windows Kits\10\`, "C:", "Program Files (x86)/Windows Kits/10", ""},
		{`z:/a\\.\b`, "z:", "a/b", ""},
		{`C:\`, "C:", ".", ""},
		{`C:\a\..\b`, "", "", "not followed: it has .. in it"},
		{`C:/a/..`, "", "", "not followed: it has .. in it"},
		{`C:`, "", "", notAbsolute},
		{`C:a`, "", "", notAbsolute},
		{`\a`, "", "", notAbsolute},
		{`a\b`, "", "", notAbsolute},
		{`..`, "", "", notAbsolute},
		{`1:\a`, "", "", notAbsolute},
		{`\\srv\share`, "", "", network},
		{`//srv/share`, "", "", network},
		{`\\?\C:\a`, "", "", network},
		{`\\.\PhysicalDrive0`, "", "", network},
		{`%ProgramFiles%\a`, "", "", "not followed: it names a variable"},
		{"C:\\a\x00b", "", "", "not followed: it contains a zero character"},
		{"", "", "", "not followed: the value is empty"},
		{" ", "", "", "not followed: the value is empty"},
	}
	for _, tt := range tests {
		drive, dir, problem := reroot(tt.value)
		if drive != tt.drive || dir != tt.dir || problem != tt.problem {
			t.Errorf("reroot(%q) = %q, %q, %q, want %q, %q, %q", tt.value, drive, dir, problem, tt.drive, tt.dir, tt.problem)
		}
	}
}
