package main

import (
	"bytes"
	"encoding/xml"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"usmtpkg/locate/samplekit"
	"usmtpkg/testdata/recording"
)

// The recording in the README is a real run on the sample kit, signed for it and with its catalog. What it shows is
// what the program prints now, except for digests and sizes, which differ each time because the signatures do.
// Its folders have other names than those of the test.
func TestGoldenRecording(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the recording is of Linux")
	}
	file, err := filepath.Abs(filepath.Join("..", "..", "docs", "recording.svg"))
	if err != nil {
		t.Fatal(err)
	}
	steps := recordedRun(t)
	picture, seconds := recording.SVG("usmtpkg on its synthetic sample kit", steps)
	if err := xml.Unmarshal([]byte(picture), new(struct{})); err != nil || seconds < 15 || seconds > 25 {
		t.Fatalf("%v; it takes %.1f seconds, want about 20", err, seconds)
	}
	if m := regexp.MustCompile(`(?i)(%!|href|url\(|@import|<script)`).FindString(strings.ReplaceAll(picture, "cm01", "")); m != "" {
		t.Fatalf("the picture has %q: it must be whole, and must not ask for anything", m)
	}
	if old, err := os.ReadFile(file); err != nil || masked(string(old)) != masked(picture) {
		if !*update {
			t.Fatalf("%s is not what the program prints now (%v); rewrite it with -update", file, err)
		}
		if err := os.WriteFile(file, []byte(picture), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// masked is a picture without what differs each time.
func masked(picture string) string {
	picture = strings.ReplaceAll(picture, "\r\n", "\n")
	picture = regexp.MustCompile(`\b[0-9a-f]{12}([0-9a-f]{52})?\b`).ReplaceAllString(picture, "DIGEST")
	return regexp.MustCompile(`\b[0-9.]+ KiB`).ReplaceAllString(picture, "SIZE")
}

// recordedRun runs what the recording shows.
func recordedRun(t *testing.T) []recording.Step {
	t.Helper()
	signer := newKitSigner(t, "Sample Publisher")
	home := t.TempDir()
	adk := filepath.Join(home, "adk")
	kit := filepath.Join(adk, "Assessment and Deployment Kit", "User State Migration Tool")
	if err := writeKit(kit, samplekit.Options{Arches: []string{"amd64", "x86"}}, signer); err != nil {
		t.Fatal(err)
	}
	catalog, err := signer.catalog(kit)
	if err != nil {
		t.Fatal(err)
	}
	settings := "library: " + filepath.Join(home, "usmt") + "\nsource: " + adk + "\npackage-path: \\\\cm01\\Sources\\OSD\\USMT\n"
	root := filepath.Join(home, "root.pem")
	for name, content := range map[string][]byte{
		filepath.Join(adk, "Catalogs", "sample.cat"): catalog, filepath.Join(home, "usmtpkg.yaml"): []byte(settings), root: signer.root,
	} {
		if err := writeFile(name, content); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(home)
	shown := strings.NewReplacer(adk, "/mnt/adk", filepath.Join(home, "usmt"), "/srv/usmt")
	usmtpkg := func(want int, args ...string) string {
		var out bytes.Buffer
		getenv := map[string]string{"HOME": home, "USMTPKG_TRUST_ROOT": root}
		status := run(t.Context(), environment{
			stdout: &out, stderr: &out, environ: []string{"USMTPKG_TRUST_ROOT=" + root}, getenv: func(name string) string { return getenv[name] }, now: time.Now,
		}, args)
		if status != want {
			t.Fatalf("usmtpkg %s = %d, want %d\n%s", args, status, want, &out)
		}
		return shown.Replace(out.String())
	}
	steps := []recording.Step{
		{Command: "cat usmtpkg.yaml", Output: shown.Replace(settings), Seconds: 0.8},
		{Command: "usmtpkg refresh --dry-run", Output: usmtpkg(exitOK, "refresh", "--dry-run"), Seconds: 2.6},
		{Command: "usmtpkg refresh", Output: usmtpkg(exitOK, "refresh"), Seconds: 3.4},
		{Command: "usmtpkg refresh    # again: nothing to do", Output: usmtpkg(exitOK, "refresh"), Seconds: 2.6},
	}
	manifests := filepath.Join(kit, "amd64", "DLManifests")
	if err := os.RemoveAll(manifests); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(kit, "x86", "MigApp.xml")
	content, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile(file, content[:len(content)-1], 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
	return append(steps,
		recording.Step{Command: "# Now a kit that lost two things in a copy. ScanState would still succeed, and drop settings.", Seconds: 0.2},
		recording.Step{Command: "rm -r /mnt/adk/Assess*/User*/amd64/DLManifests; truncate -s -1 /mnt/adk/Assess*/User*/x86/MigApp.xml", Seconds: 0.2},
		recording.Step{Command: "usmtpkg refresh", Output: usmtpkg(exitInvalid, "refresh"), Seconds: 5},
	)
}
