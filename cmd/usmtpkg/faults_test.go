package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The table of faults has every fault, and names tests that exist.
func TestFaultTable(t *testing.T) {
	root := filepath.Join("..", "..")
	text, err := os.ReadFile(filepath.Join(root, "docs", "faults.md"))
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile(`^\| (\d+) \|`)
	named := regexp.MustCompile("`((?:[a-z]+/)*[a-z]+)\\.((?:Test|Fuzz)\\w+)`")
	scripts := regexp.MustCompile("`script/(\\w+)`")
	rows, tests := map[string]bool{}, map[string]map[string]bool{}
	for line := range strings.Lines(string(text)) {
		found := named.FindAllStringSubmatch(line, -1)
		for _, m := range found {
			dir := m[1]
			if rest, platform := strings.CutPrefix(dir, "platform/"); platform {
				dir = "testdata/platform/" + rest
			}
			if tests[dir] == nil {
				tests[dir] = testsOf(t, filepath.Join(root, filepath.FromSlash(dir)))
			}
			if !tests[dir][m[2]] {
				t.Errorf("docs/faults.md names %s, which is not in %s", m[2], dir)
			}
		}
		names := scripts.FindAllStringSubmatch(line, -1)
		for _, m := range names {
			if _, err := os.Stat(filepath.Join(root, "testdata", "script", m[1]+".txtar")); err != nil {
				t.Errorf("docs/faults.md names a script that is not there: %v", err)
			}
		}
		if m := row.FindStringSubmatch(line); m != nil {
			rows[m[1]] = true
			if len(found)+len(names) == 0 && !strings.Contains(line, "*Not tested*") {
				t.Errorf("fault %s has neither a test nor a reason for having none", m[1])
			}
		}
	}
	for n := 1; n <= 64; n++ {
		if !rows[fmt.Sprint(n)] {
			t.Errorf("docs/faults.md lacks fault %d", n)
		}
	}
}

// testsOf lists the tests and fuzz targets in the test files of a folder, for whatever system they are.
func testsOf(t *testing.T, dir string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil {
				names[fn.Name.Name] = true
			}
		}
	}
	return names
}
