package platform

import (
	"path/filepath"
	"testing"

	"usmtpkg/locate/samplekit"
)

// The frame itself: the program runs, and the kit is one.
func TestRefresh(t *testing.T) {
	dir := t.TempDir()
	kit := Kit(t, filepath.Join(dir, "kit"), samplekit.Options{})
	lib := filepath.Join(dir, "lib")
	usmtpkg := Program(t, "linux")
	Run(t, usmtpkg, "refresh", "--source", kit, "--library", lib).Want(t, 0, "published in "+lib)
	Run(t, usmtpkg, "verify", "--library", lib).Want(t, 0, "equal to its manifests")
	Run(t, usmtpkg, "refresh", "--source", filepath.Join(dir, "none"), "--library", lib).Want(t, 3)
}
