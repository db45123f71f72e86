package main

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"usmtpkg/cmd/usmtpkg/report"
	"usmtpkg/locate/tree"
	"usmtpkg/pkgdef"
	"usmtpkg/pkgdef/contentlib"
	"usmtpkg/stage"
	"usmtpkg/testdata/doccheck"
)

// pages are all Markdown files of the repository.
func pages(t *testing.T) map[string]doccheck.Page {
	t.Helper()
	all, err := doccheck.Pages(filepath.Join("..", ".."))
	if err != nil || len(all) < 10 {
		t.Fatalf("%d pages: %v", len(all), err)
	}
	return all
}

// Links between the documents lead to a file, and to a heading of it.
func TestDocLinks(t *testing.T) {
	broken, checked := doccheck.BrokenLinks(filepath.Join("..", ".."), pages(t))
	for _, link := range broken {
		t.Errorf("leads nowhere: %s", link)
	}
	if checked < 50 {
		t.Errorf("%d links were checked", checked)
	}
}

// The documents call commands, flags and scripts that exist.
func TestDocCommands(t *testing.T) {
	scripts := []string{pkgdef.PublishScript, pkgdef.UndoScript, pkgdef.TaskSequenceScript, pkgdef.StateMigrationPointScript}
	calls := map[string]int{}
	for name, page := range pages(t) {
		lines := page.Code
		if !slices.Contains([]string{"docs/formats.md", "docs/design.md", "docs/exit-codes.md", "docs/glossary.md"}, name) { // these have formats and the like, too
			for _, span := range page.Spans {
				if strings.HasPrefix(span, "usmtpkg ") {
					lines = append(lines, span)
				}
			}
		}
		for _, line := range lines {
			words := strings.Fields(line)
			if len(words) == 0 {
				continue
			}
			for _, script := range scripts {
				if words[0] == `.\`+script {
					calls[name+" "+script]++
				}
			}
			words = words[max(0, slices.Index(words, "usmtpkg")):] // behind a prompt, a time or a key of YAML
			if end := slices.IndexFunc(words, func(w string) bool { return w == "#" || w == ">" || w == "|" }); end > 0 {
				words = words[:end]
			}
			if words[0] != "usmtpkg" || len(words) < 2 || name == "CHANGELOG.md" {
				continue
			}
			cmd, rest, err := newRootCmd(&program{}).Find(words[1:])
			if err != nil || !cmd.HasParent() && words[1] != "help" {
				t.Errorf("%s: %q is not a command: %v", name, line, err)
				continue
			}
			if err := cmd.ParseFlags(rest); err != nil {
				t.Errorf("%s: %q: %v", name, line, err)
			}
			calls[name]++
		}
	}
	for what, least := range map[string]int{
		"README.md": 1, "docs/runbook.md": 12, "docs/ci.md": 4, "docs/runbook.md " + pkgdef.PublishScript: 2, "docs/runbook.md " + pkgdef.UndoScript: 2,
		"docs/runbook.md " + pkgdef.StateMigrationPointScript: 2,
	} {
		if calls[what] < least {
			t.Errorf("%s: %d calls, want at least %d: %v", what, calls[what], least, calls)
		}
	}
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "runbook.md"))
	if err != nil {
		t.Fatal(err)
	}
	for word := range strings.FieldsSeq(string(text)) {
		if name := strings.Trim(word, "`.,:;()*\\"); strings.HasSuffix(name, ".ps1") && !slices.Contains(scripts, name) {
			t.Errorf("the runbook names %s, which is not a script of a definition", name)
		}
	}
}

// The documents ask for the version of Go that go.mod asks for.
func TestDocGoVersion(t *testing.T) {
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join("..", "..", name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	m := regexp.MustCompile(`(?m)^go ([0-9.]+)\r?$`).FindStringSubmatch(read("go.mod"))
	if m == nil {
		t.Fatal("go.mod has no version")
	}
	for _, name := range []string{"README.md", "CONTRIBUTING.md"} {
		if !strings.Contains(read(name), "You need Go "+m[1]+" or newer") {
			t.Errorf("%s does not ask for Go %s", name, m[1])
		}
	}
}

// README.md names every command.
func TestDocNamesCommands(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, cmd := range newRootCmd(&program{}).Commands() {
		if !cmd.Hidden && !withoutDocument(cmd) && !strings.Contains(string(text), "`usmtpkg "+cmd.Name()) {
			t.Errorf("README.md does not name the command %s", cmd.Name())
		}
	}
}

// docs/formats.md has a row for the document of each command, and names its keys there, unless it says that they are
// those of another document.
func TestFormatsNameKeys(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "formats.md"))
	if err != nil {
		t.Fatal(err)
	}
	for command := range documents {
		var row string
		for line := range strings.Lines(string(text)) {
			if cells := strings.SplitN(line, " | ", 3); len(cells) == 3 && strings.Contains(cells[1], "`usmtpkg "+command+"`") {
				row = cells[2]
			}
		}
		if row == "" {
			t.Errorf("docs/formats.md has no row for %q", "usmtpkg "+command)
			continue
		}
		schema, err := os.ReadFile(filepath.Join("..", "..", "docs", "schemas", command+".schema.json"))
		if err != nil {
			t.Fatal(err)
		}
		var doc struct{ Properties map[string]any }
		if err := json.Unmarshal(schema, &doc); err != nil || len(doc.Properties) < 3 {
			t.Fatalf("%s: %d properties, %v", command, len(doc.Properties), err)
		}
		for key := range doc.Properties {
			named := strings.Contains(row, "`"+key+"`") || strings.Contains(row, "`"+key+"[]`")
			if key != "format" && key != "version" && !named && !strings.Contains(row, "the keys of") {
				t.Errorf("docs/formats.md does not name the key %s of %q", key, "usmtpkg "+command)
			}
		}
	}
}

// docs/troubleshooting.md has a row for each verdict on a file.
func TestTroubleshootingVerdicts(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "troubleshooting.md"))
	if err != nil {
		t.Fatal(err)
	}
	verdicts := []tree.Verdict{
		stage.Changed, stage.Missing, stage.Extra, stage.Case, stage.Type, report.NotProven,
		contentlib.ObjectMissing, contentlib.ObjectChanged, contentlib.Different, contentlib.Unfinished, contentlib.NotFound,
	}
	for _, v := range verdicts {
		if !strings.Contains(string(text), "\n| `"+string(v)+"` | ") {
			t.Errorf("docs/troubleshooting.md has no row for the verdict %s", v)
		}
	}
}

// docs/troubleshooting.md has a heading for the id of each rule, and no other of that level.
func TestTroubleshooting(t *testing.T) {
	rules := ruleIDs(t)
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "troubleshooting.md"))
	if err != nil {
		t.Fatal(err)
	}
	var headings []string
	for line := range strings.Lines(string(text)) {
		if heading, ok := strings.CutPrefix(strings.TrimRight(line, "\r\n"), "### "); ok {
			headings = append(headings, strings.Trim(heading, "`"))
		}
	}
	for _, id := range rules {
		if !slices.Contains(headings, id) {
			t.Errorf("docs/troubleshooting.md has no heading %s", id)
		}
	}
	for i, heading := range headings {
		if !slices.Contains(rules, heading) || slices.Contains(headings[:i], heading) {
			t.Errorf("docs/troubleshooting.md: %s is not the id of a rule, or is there twice", heading)
		}
	}
	if len(rules) < 50 {
		t.Errorf("%d rules found", len(rules))
	}
}

// ruleIDs are the ids of all rules in the source: values of the field id of a rule, and of the field Rule of a finding.
func ruleIDs(t *testing.T) []string {
	t.Helper()
	var ids []string
	for _, top := range []string{"locate", "stage", "pkgdef", "cmd"} {
		err := filepath.WalkDir(filepath.Join("..", "..", top), func(name string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
				return err
			}
			f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			ast.Inspect(f, func(n ast.Node) bool {
				if id, ok := ruleID(n); ok && !slices.Contains(ids, id) {
					ids = append(ids, id)
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return ids
}

func ruleID(n ast.Node) (string, bool) {
	lit, ok := n.(*ast.CompositeLit)
	if !ok {
		return "", false
	}
	of := "Error" // an element of a list of findings has no type of its own
	switch t := lit.Type.(type) {
	case *ast.Ident:
		of = t.Name
	case *ast.SelectorExpr:
		of = t.Sel.Name
	}
	key, ok := map[string]string{"rule": "id", "Error": "Rule"}[of]
	if !ok {
		return "", false // of another type
	}
	for _, e := range lit.Elts {
		kv, ok := e.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		name, _ := kv.Key.(*ast.Ident)
		value, _ := kv.Value.(*ast.BasicLit)
		if name != nil && name.Name == key && value != nil && value.Kind == token.STRING {
			id, err := strconv.Unquote(value.Value)
			return id, err == nil
		}
	}
	return "", false
}
