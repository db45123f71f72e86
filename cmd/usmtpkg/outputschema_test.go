package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"usmtpkg/cmd/usmtpkg/report"
	"usmtpkg/stage"
	"usmtpkg/stage/attest"
	"usmtpkg/testdata/doccheck"
)

// documents are what the commands print with --json, by command.
var documents = map[string]any{
	"refresh": report.Stage{}, "stage": report.Stage{}, "locate": report.Locate{}, "validate": report.Validate{}, "verify": report.Verify{},
	"attest": report.Attest{}, "define": report.Define{}, "init": report.Init{}, "list": report.List{}, "activate": report.Activate{},
	"inventory": report.Inventory{}, "recover": report.Recover{}, "smp-log": report.SMPLog{}, "show": report.Show{}, "version": report.Version{}, "diff": report.Diff{}, "report": report.Page{}, "pack": report.Pack{}, "unpack": report.Unpack{}, "push": report.Push{}, "pull": report.Unpack{}, "status": report.Status{}, "doctor": report.Doctor{}, "prune": report.Prune{}, "pin": report.Pin{}, "unpin": report.Pin{}, "libraries": report.Libraries{}, "error": report.Error{},
}

// statement is the shape of an attestation, which stage/attest writes itself.
type statement struct {
	Type          string    `json:"_type"`
	Subject       []subject `json:"subject"` // the manifest, the record, then the files of the release
	PredicateType string    `json:"predicateType"`
	Predicate     predicate `json:"predicate"`
}

type subject struct {
	Name   string `json:"name"` // the path in the release
	Digest hashes `json:"digest"`
}

type hashes struct {
	SHA256 string `json:"sha256"`
}

// docs/schemas has the schema of every JSON document, as the types give it.
func TestOutputSchemas(t *testing.T) {
	root := filepath.Join("..", "..")
	for command, doc := range documents {
		what := "What usmtpkg " + command + " --json prints."
		switch command {
		case "error":
			what = "What a command prints with --json if it fails."
		case "libraries":
			what = "What usmtpkg stage and refresh --json print for several libraries."
		}
		doccheck.Schema{Name: command, Title: what, Of: doc, Consts: map[string]any{"format": "usmtpkg " + command, "version": 1}}.Golden(t, root, *update)
	}
	doccheck.Schema{
		Name: "release", Title: "The record of a release, release.json.", Of: stage.Release{}, Version: 4,
		Consts: map[string]any{"format": "usmtpkg release", "version": 4},
	}.Golden(t, root, *update)
	doccheck.Schema{
		Name: "attestation", Title: "The attestation of a release, an in-toto statement.", Of: statement{},
		Consts: map[string]any{"_type": attest.StatementType, "predicateType": attest.PredicateType},
	}.Golden(t, root, *update)
	doccheck.Schema{
		Name: "progress", Title: "A line of --progress json on standard error.", Of: moment{},
		Consts: map[string]any{"format": "usmtpkg progress", "version": 1},
	}.Golden(t, root, *update)
	files, err := filepath.Glob(filepath.Join(root, "docs", "schemas", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		name = strings.TrimSuffix(filepath.Base(name), ".schema.json")
		if documents[name] == nil && !slices.Contains([]string{"release", "attestation", "progress", "package"}, name) { // package: see pkgdef
			t.Errorf("docs/schemas has %s, which is the schema of no document", name)
		}
	}
}

// The golden files that are JSON documents fit their schemas.
func TestSchemaOfGoldenFiles(t *testing.T) {
	checked := 0
	for _, dir := range []string{"report", filepath.Join("..", "..", "pkgdef")} {
		files, err := filepath.Glob(filepath.Join(dir, "testdata", "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			text, err := os.ReadFile(name)
			if err != nil {
				continue // a folder
			}
			format, err := doccheck.CheckDocument(filepath.Join("..", ".."), string(text))
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if format != "" {
				checked++
			}
		}
	}
	if checked == 0 {
		t.Error("no golden file is a document")
	}
	t.Logf("%d golden files are documents", checked)
}

// Every command has a schema, and every document of package report.
func TestSchemaForEachDocument(t *testing.T) {
	withSchema := map[string]bool{}
	for command, doc := range documents {
		withSchema[reflect.TypeOf(doc).Name()] = true
		if _, _, err := newRootCmd(&program{}).Find([]string{command}); err != nil && command != "error" && command != "libraries" {
			t.Errorf("a schema for the command %s: %v", command, err)
		}
	}
	const wanted = "add it to documents in outputschema_test.go, then `go test ./cmd/usmtpkg -run Schema -update`"
	for _, cmd := range newRootCmd(&program{}).Commands() {
		if documents[cmd.Name()] == nil && !withoutDocument(cmd) {
			t.Errorf("the command %s has no schema: %s", cmd.Name(), wanted)
		}
	}
	files, err := filepath.Glob(filepath.Join("report", "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if ok && ast.IsExported(spec.Name.Name) && hasHead(spec.Type) && !withSchema[spec.Name.Name] {
				t.Errorf("the document report.%s has no schema: %s", spec.Name.Name, wanted)
			}
			return true
		})
	}
}

// withoutDocument reports whether a command prints no document of its own.
func withoutDocument(cmd *cobra.Command) bool {
	return cmd.IsAdditionalHelpTopicCommand() || cmd.HasSubCommands() || slices.Contains([]string{"completion", "help"}, cmd.Name()) || strings.HasPrefix(cmd.Name(), "__")
}

func hasHead(e ast.Expr) bool {
	s, ok := e.(*ast.StructType)
	return ok && slices.ContainsFunc(s.Fields.List, func(f *ast.Field) bool {
		name, ok := f.Type.(*ast.Ident)
		return ok && len(f.Names) == 0 && name.Name == "Head"
	})
}
