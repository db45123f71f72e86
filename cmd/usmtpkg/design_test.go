package main

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// docs/design.md lists every package, and no other.
func TestDesignListsPackages(t *testing.T) {
	root := os.DirFS(filepath.Join("..", ".."))
	text, err := fs.ReadFile(root, "docs/design.md")
	if err != nil {
		t.Fatal(err)
	}
	var listed, packages []string
	for _, m := range regexp.MustCompile(`(?m)^    ([a-z0-9/]+)/ +\w`).FindAllStringSubmatch(string(text), -1) {
		listed = append(listed, m[1])
	}
	for _, top := range []string{"cmd", "locate", "stage", "pkgdef"} {
		err := fs.WalkDir(root, top, func(name string, e fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case e.IsDir() && e.Name() == "testdata":
				return fs.SkipDir
			case strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") && !slices.Contains(packages, path.Dir(name)):
				packages = append(packages, path.Dir(name))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(listed)
	slices.Sort(packages)
	if !slices.Equal(listed, packages) {
		t.Errorf("docs/design.md lists the packages\n%s\nthere are\n%s", strings.Join(listed, "\n"), strings.Join(packages, "\n"))
	}
}
