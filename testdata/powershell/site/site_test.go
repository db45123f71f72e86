// Package site runs the emitted PowerShell scripts against a mock ConfigMgr site: see README.md.
package site

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"usmtpkg/pkgdef"
)

// engines returns the PowerShell programs to try, by the names they have here: those that USMTPKG_PWSH lists, else
// PowerShell 7 and Windows PowerShell. With USMTPKG_PWSH=required, as in CI on Windows, one that is missing fails the test.
func engines(t *testing.T) []string {
	t.Helper()
	names := []string{"pwsh"}
	if runtime.GOOS == "windows" {
		names = append(names, "powershell")
	}
	wanted := os.Getenv("USMTPKG_PWSH")
	if wanted != "" && wanted != "required" {
		names = filepath.SplitList(wanted)
	}
	var found, missing []string
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			found = append(found, path)
		} else {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		report := t.Logf
		if wanted != "" {
			report = t.Fatalf
		} else if len(found) == 0 {
			report = t.Skipf
		}
		report("NOT TESTED: the scripts were not run with %s, which is not installed; USMTPKG_PWSH may name one", strings.Join(missing, " and "))
	}
	return found
}

var (
	keep  = flag.String("keep", "", "write the scripts into this folder, for run.ps1 to be started by hand")
	match = flag.String("match", ".", "run only the scenarios whose name matches this regular expression")
)

// TestScripts runs every scenario with every engine.
func TestScripts(t *testing.T) {
	for _, engine := range engines(t) {
		t.Run(strings.TrimSuffix(filepath.Base(engine), ".exe"), func(t *testing.T) {
			dir := cmp.Or(*keep, t.TempDir())
			writeReleases(t, dir)
			run(t, engine, dir)
		})
	}
}

// run starts run.ps1 and makes a subtest of every line it prints.
func run(t *testing.T, engine, dir string) {
	t.Helper()
	script, err := filepath.Abs("run.ps1")
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), engine, "-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Bypass", "-File", script, "-Scripts", dir, "-Match", *match)
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ran, finished := 0, false
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		line := lines.Text()
		name, passed := strings.CutPrefix(line, "ok ")
		problem, failed := strings.CutPrefix(line, "NOT ok ")
		switch {
		case failed:
			name, problem, _ = strings.Cut(problem, "\t")
			ran++
			t.Run(name, func(t *testing.T) { t.Error(strings.ReplaceAll(problem, "\t", "\n")) })
		case passed:
			ran++
			t.Run(name, func(*testing.T) {})
		default:
			t.Log(line)
			finished = finished || strings.HasSuffix(line, " failed")
		}
	}
	err = cmd.Wait()
	if !t.Failed() && err != nil || !finished || *match == "." && ran < scenarios {
		t.Errorf("%s: %d scenarios, want at least %d; %v\n%s", engine, ran, scenarios, err, stderr.String())
	}
}

// scenarios is how many there are at least, so that a file that is not found is noticed.
const scenarios = 300

// odd is a name full of what PowerShell could misread, with letters that are not ASCII.
const odd = "O'Brien \u2018$(x)\u2019 \u201a\u201b \u201cy\u201d `a` [1]*? \"{0}\" M\u00fcller #> @{"

// A release is what the scenarios know of one.
type release struct {
	Name    string `json:"name"`
	Path    string `json:"path"`
	Hash    string `json:"hash"`
	Version string `json:"version"`
	Comment string `json:"comment"`
}

// writeReleases writes the scripts of every release that the scenarios use below dir, and what they should know in site.json.
func writeReleases(t *testing.T, dir string) {
	t.Helper()
	all := pkgdef.DefaultSettings()
	all.StateMigrationPoint = pkgdef.StateMigrationPointSettings{
		Server: "smp01.contoso.com", DeleteAfter: 12, DeleteAfterUnit: pkgdef.UnitHours, BoundaryGroups: []string{odd, "Branch"},
		Folders: []pkgdef.StorageFolder{
			{Path: `D:\it's`, MaxClients: 100, MinFreeSpace: 10, MinFreeSpaceUnit: pkgdef.UnitPercent},
			{Path: "E:\\M\u00fcller\u2019s `x $y [1]", MaxClients: 5, MinFreeSpace: 7, MinFreeSpaceUnit: pkgdef.UnitGigabyte},
		},
	}
	all.Package = pkgdef.PackageSettings{
		DistributionPointGroups: []string{odd}, TaskSequences: []string{odd}, Wait: true, TimeoutMinutes: 90, Validate: true,
	}
	all.Capture = pkgdef.CaptureSettings{
		Mode: pkgdef.ModeCustomize, ConfigFiles: []string{"MigApp.xml", "M\u00fcller's $x `[1]\u2019.xml"},
		FileAccess: pkgdef.FileAccessNormal, HardLinks: true, Offline: true, SkipEncryptedFiles: true, VerboseLogging: true, ContinueOnError: true,
	}
	all.Restore = pkgdef.RestoreSettings{Mode: pkgdef.ModeCustomize, ConfigFiles: []string{"MigApp.xml"}, LocalAccounts: true}
	all.StateStore.LocalPath = `%_SMSTSUserStatePath%\it's $x`

	releases := map[string]release{}
	for _, r := range []struct {
		name, digit, version, comment string
		settings                      pkgdef.Settings
	}{
		{"R1", "1", "10.0.26100.1", "", pkgdef.DefaultSettings()},
		{"R2", "2", "10.0.26100.2", "", pkgdef.DefaultSettings()},
		{"F1", "3", "10.0.26100.1", "Our USMT", pkgdef.DefaultSettings()},
		{"F2", "4", "10.0.26100.1", "Our USMT", pkgdef.DefaultSettings()},
		{"Odd", "5", "10.0.26100.1", "it's \"a\" $(comment) `b` [1]*? @{", all},
	} {
		d := pkgdef.Defaults(pkgdef.Definition{
			Release: r.version + "-" + strings.Repeat(r.digit, 12), Digest: strings.Repeat(r.digit, 64), USMTVersion: r.version,
			Arches: []string{"amd64", "x86"}, Comment: r.comment, ContentHash: strings.Repeat(r.digit, 64),
			PackagePath: packageSource(t, dir, r.name), Settings: r.settings,
		})
		for _, script := range d.Scripts() {
			var b bytes.Buffer
			if err := pkgdef.WriteScript(&b, script, d); err != nil {
				t.Fatal(err)
			}
			writeFile(t, filepath.Join(dir, r.name, script), b.Bytes())
		}
		releases[r.name] = release{d.Release, d.PackagePath, d.ContentHash, d.Version, d.Comment}
	}
	config, err := json.Marshal(map[string]any{
		"old": packageSource(t, dir, "old"), "releases": releases,
		"odd": map[string]any{"group": odd, "sequence": odd, "server": all.StateMigrationPoint.Server, "boundaryGroups": all.StateMigrationPoint.BoundaryGroups},
	})
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "site.json"), config)
}

// packageSource makes a folder with what the scripts look for and returns its path as the site is given it. Where a path has
// no drive, as on Linux, it has the form of a share, which PowerShell reads as the same folder there.
func packageSource(t *testing.T, dir, name string) string {
	t.Helper()
	folder := filepath.Join(dir, "library", name+" it's $x \u2019", "data")
	for _, arch := range []string{"amd64", "x86"} {
		writeFile(t, filepath.Join(folder, arch, "scanstate.exe"), []byte(name))
	}
	if runtime.GOOS == "windows" {
		return folder
	}
	return `\` + strings.ReplaceAll(folder, "/", `\`)
}

func writeFile(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
