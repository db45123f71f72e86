package main

import (
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"usmtpkg/testdata/doccheck"
)

// The documents of real runs over folders with hostile names.
func TestHostileFolder(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows refuses to make these names")
	}
	kit := kitDir(t, "")
	for _, name := range doccheck.HostileNames {
		if err := os.WriteFile(filepath.Join(kit, "amd64", name), []byte("x"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	other := kitDir(t, "")
	for _, args := range [][]string{{"validate", kit}, {"verify", kit, "--source", other}} {
		var s session
		s.run(t, append(args, "--format", "sarif")...)
		d, err := doccheck.ReadSARIF(s.stdout.String())
		if err != nil {
			t.Fatalf("%s: %v\n%s", args[0], err, &s.stdout)
		}
		paths := map[string]bool{}
		for _, r := range d.Runs[0].Results {
			if u, err := url.Parse(r.Locations[0].PhysicalLocation.ArtifactLocation.URI); err == nil {
				paths[u.Path] = true
			}
		}
		for _, name := range doccheck.HostileNames {
			wanted := args[0] == "verify" || strings.ContainsAny(name, "\x01\n\t<:") || name[0] == 0xff // of which there are findings
			if wanted && !paths["amd64/"+name] {
				t.Errorf("%s: no result for %q", args[0], name)
			}
		}
		var x session
		x.run(t, append(args, "--format", "junit")...)
		if _, err := doccheck.ReadJUnit(x.stdout.String()); err != nil {
			t.Errorf("%s: %v\n%s", args[0], err, &x.stdout)
		}
		doccheck.Judge(t, filepath.Join("..", "..", "testdata"), s.stdout.String(), x.stdout.String())
	}
}
