package layout_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"usmtpkg/locate/layout"
)

func TestRelease(t *testing.T) {
	const desktop = "4cd36c2cb5146eb057d92d4f25e3f33e97d9fc40df78c8854eadcf53b59543f1" // seen
	if got := layout.Release(desktop); got != "10.1.26100.2454" {
		t.Errorf("Release = %q", got)
	}
	file := filepath.Join(t.TempDir(), "empty.msi")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	if sum, err := layout.Sum(file); sum != empty || err != nil || layout.Release(sum) != "" {
		t.Errorf("Sum = %s, %v, of the release %q", sum, err, layout.Release(sum))
	}
}

// TestReleases: the table is well-formed, and has as many installers of each release as the release has.
func TestReleases(t *testing.T) {
	count := map[string]int{}
	for sum, release := range layout.Releases {
		if !regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString(sum) || !regexp.MustCompile(`^10\.1\.\d{5}\.\d+$`).MatchString(release) {
			t.Errorf("%q: %q", sum, release)
		}
		count[release]++
	}
	if len(count) != 15 || count["10.1.19041.1"] != 1 || count["10.1.26100.2454"] != 3 || count["10.1.22621.1"] != 1 {
		t.Errorf("installers by release: %v", count)
	}
}

// The installers of a genuine layout are known.
func TestGenuineRelease(t *testing.T) {
	dir := os.Getenv("USMTPKG_TEST_LAYOUT")
	if dir == "" {
		t.Skip("NO GENUINE LAYOUT WAS READ: USMTPKG_TEST_LAYOUT is not set")
	}
	names, err := filepath.Glob(filepath.Join(dir, "User State Migration Tool*.msi"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no packages of USMT in %s: %v", dir, err)
	}
	for _, name := range names {
		sum, err := layout.Sum(name)
		if release := layout.Release(sum); release == "" || err != nil {
			t.Errorf("%s: %s, %v, is of no release", name, sum, err)
		}
	}
}
