package main

import (
	"os"
	"path/filepath"
	"regexp"

	"aead.dev/minisign"
	"github.com/rogpeppe/go-internal/testscript"
)

// cmdKeys makes minisign keys: those of the tests, which are the same every
// time, and a pair that nobody has seen before.
func cmdKeys(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 1, "keys DIR")
	dir := ts.MkAbs(args[0])
	for _, name := range []string{"minisign.key", "minisign.pub", "encrypted.key"} {
		content, err := os.ReadFile(filepath.Join("..", "..", "stage", "attest", "testdata", name))
		ts.Check(err)
		ts.Check(writeFile(filepath.Join(dir, name), content))
	}
	public, private, err := minisign.GenerateKey(nil)
	ts.Check(err)
	for name, k := range map[string]interface{ MarshalText() ([]byte, error) }{"other.pub": public, "other.key": private} {
		text, err := k.MarshalText()
		ts.Check(err)
		ts.Check(writeFile(filepath.Join(dir, name), text))
	}
}

// cmdEdit replaces what a regular expression finds in a file, which must be something.
func cmdEdit(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 3, "edit FILE REGEXP TEXT")
	re, err := regexp.Compile(args[1])
	ts.Check(err)
	name := ts.MkAbs(args[0])
	content, err := os.ReadFile(name)
	ts.Check(err)
	if !re.Match(content) {
		ts.Fatalf("edit: %s has no %s", args[0], args[1])
	}
	ts.Check(os.WriteFile(name, re.ReplaceAll(content, []byte(args[2])), 0o666))
}
