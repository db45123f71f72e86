package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"usmtpkg/pkgdef"
)

// The runbook calls commands, flags and scripts that exist.
func TestRunbook(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "runbook.md"))
	if err != nil {
		t.Fatal(err)
	}
	scripts := []string{pkgdef.PublishScript, pkgdef.UndoScript, pkgdef.TaskSequenceScript, pkgdef.StateMigrationPointScript}
	found := map[string]int{}
	for line := range strings.Lines(string(text)) {
		call, isCode := strings.CutPrefix(line, "    ")
		words := strings.Fields(call)
		if !isCode || len(words) == 0 {
			continue
		}
		for _, script := range scripts {
			if words[0] == `.\`+script {
				found[script]++
			}
		}
		if words[0] != "usmtpkg" {
			continue
		}
		cmd, rest, err := newRootCmd(&program{}).Find(words[1:])
		if err != nil || !cmd.HasParent() {
			t.Errorf("%q is no command: %v", call, err)
			continue
		}
		if err := cmd.ParseFlags(rest); err != nil {
			t.Errorf("%q: %v", call, err)
		}
		found["usmtpkg"]++
	}
	if found["usmtpkg"] < 5 || found[pkgdef.PublishScript] < 2 || found[pkgdef.UndoScript] < 2 || found[pkgdef.StateMigrationPointScript] < 2 {
		t.Errorf("the runbook calls %v, want the whole way", found)
	}
	for word := range strings.FieldsSeq(string(text)) {
		if name := strings.Trim(word, "`.,:;()*\\"); strings.HasSuffix(name, ".ps1") && !strings.Contains(strings.Join(scripts, " "), name) {
			t.Errorf("the runbook names %s, which is no script of a definition", name)
		}
	}
}
