package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// Each command has an example and a group, each of its flags a heading, and each that takes a value a placeholder.
func TestHelpIsWhole(t *testing.T) {
	root := newRootCmd(&program{})
	titles := map[string]bool{}
	for _, g := range root.Groups() {
		titles[g.ID] = true
	}
	for _, cmd := range root.Commands() {
		if !titles[cmd.GroupID] {
			t.Errorf("%s is in the group %q, which has no title", cmd.Name(), cmd.GroupID)
		}
		if cmd.IsAdditionalHelpTopicCommand() {
			continue
		}
		if !strings.HasPrefix(cmd.Example, "  usmtpkg "+cmd.Name()) && cmd.Name() != "activate" || cmd.Long == "" {
			t.Errorf("%s has no example or description", cmd.Name())
		}
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			placeholder, usage := describe(f)
			if f.Annotations[headingKey] == nil || (placeholder == "") != (f.Value.Type() == "bool") || strings.Contains(usage, "`") {
				t.Errorf("%s --%s: heading %q, placeholder %q, usage %q", cmd.Name(), f.Name, f.Annotations[headingKey], placeholder, usage)
			}
		})
	}
}

// The help shows defaults that hold, lists flags below headings in the order of their declaration, and stays narrow.
func TestHelpText(t *testing.T) {
	var out bytes.Buffer
	root := newRootCmd(&program{})
	root.SetOut(&out)
	root.SetArgs([]string{"stage", "--help"})
	if err := root.Execute(); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	at := 0
	for _, want := range []string{
		"\nUsage:\n  usmtpkg stage [flags]\n", "\nExamples:\n", "\nLibrary:\n      --library DIR ", "\nSource:\n      --source DIR ", "\nRules:\n      --require-arch amd64,x86,arm64 ",
		"(default amd64)\n", "\nProof:\n", "\n      --catalogs DIR ", "\nOverlay:\n      --overlay GLOB ", "\nRun:\n      --verify reread|uncached|stream ", "reread)\n", "--workers N ", "(default 4, more where a", "  -n, --dry-run ", "\nOutput:\n",
	} {
		i := strings.Index(text[at:], want)
		if i < 0 {
			t.Fatalf("the help does not have %q where it should:\n%s", want, text)
		}
		at += i
	}
	for line := range strings.Lines(text) {
		if len([]rune(line)) > helpWidth+5 {
			t.Errorf("a line of %d characters: %s", len(line), line)
		}
	}
}

// The glossary of the help has the words of docs/glossary.md.
func TestGlossaryTopic(t *testing.T) {
	doc, err := os.ReadFile(filepath.Join("..", "..", "docs", "glossary.md"))
	if err != nil {
		t.Fatal(err)
	}
	terms := 0
	for line := range strings.Lines(glossaryHelp) {
		term, _, ok := strings.Cut(line, "  ")
		if !ok || term == "" {
			continue
		}
		terms++
		if !regexp.MustCompile(`(?m)^\| (?:[^|]*, )?` + regexp.QuoteMeta(term) + `(?:,[^|]*)? \|`).Match(doc) {
			t.Errorf("docs/glossary.md does not have %q", term)
		}
	}
	if terms < 15 {
		t.Errorf("the glossary has %d terms", terms)
	}
}
