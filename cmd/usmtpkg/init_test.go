package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"usmtpkg/pkgdef"
)

func parseExample(t *testing.T, text string) configuration {
	t.Helper()
	conf, err := parseConfig([]byte(text), allFlags())
	if err != nil {
		t.Fatalf("the example is not valid: %v\n%s", err, text)
	}
	return conf
}

// The example says nothing but the defaults; with its comments taken away from
// before the keys, it sets every one of them.
func TestExample(t *testing.T) {
	var b strings.Builder
	if err := writeExample(&b); err != nil {
		t.Fatal(err)
	}
	conf := parseExample(t, b.String())
	if len(conf.settings) > 0 {
		t.Errorf("the example sets the flags %v", conf.settings)
	}
	if diff := cmp.Diff(pkgdef.DefaultSettings(), conf.site); diff != "" {
		t.Errorf("the example differs from the defaults (-want +got):\n%s", diff)
	}
	names := map[string]bool{}
	for _, k := range pkgdef.Keys() {
		names[k.Name] = true
		for _, item := range k.Items {
			names[item.Name] = true
		}
	}
	for name := range knownKeys() {
		names[name] = true
	}
	comment := regexp.MustCompile(`(?m)^( *)# ( *(?:- )?)([A-Za-z-]+):(.*)$`)
	full := comment.ReplaceAllStringFunc(b.String(), func(line string) string {
		m := comment.FindStringSubmatch(line)
		if !names[m[3]] {
			return line // a sentence
		}
		return m[1] + m[2] + m[3] + ":" + m[4]
	})
	full = strings.ReplaceAll(full, "mode: standard", "mode: customize")
	conf = parseExample(t, full)
	if len(conf.settings) < 9 {
		t.Errorf("the full example sets the flags %v, want at least those of the head and of package", conf.settings)
	}
	for _, k := range pkgdef.Keys() {
		if !regexp.MustCompile(`(?m)^  ` + k.Name + `:`).MatchString(full) {
			t.Errorf("the example does not have %s:\n%s", k.Path(), full)
		}
	}
	if len(conf.site.StateMigrationPoint.Folders) != 1 || len(conf.site.Capture.ConfigFiles) != 3 {
		t.Errorf("the full example reads as %+v", conf.site)
	}
}

// docs/usmtpkg.schema.json is what the flags and the keys of the sections give.
func TestSchema(t *testing.T) {
	var b bytes.Buffer
	if err := writeSchema(&b); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("..", "..", "docs", "usmtpkg.schema.json")
	if *update {
		if err := os.WriteFile(file, b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.ReplaceAll(string(want), "\r\n", "\n"), b.String()); diff != "" {
		t.Errorf("%s is not what the settings give; rewrite it with -update (-file +settings):\n%s", file, diff)
	}
}
