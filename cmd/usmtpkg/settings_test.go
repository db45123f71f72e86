package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"
)

func TestParseConfig(t *testing.T) {
	tests := []struct {
		name string
		text string
		want []setting
		err  string
	}{
		{"nothing", "", nil, ""},
		{"comments", "# only\n", nil, ""},
		{"values", "library: D:\\Sources\nname: 'a: b'\n", []setting{{key: "library", values: []string{`D:\Sources`}, line: 1}, {key: "name", values: []string{"a: b"}, line: 2}}, ""},
		{"UNC path", `library: \\srv\share`, []setting{{key: "library", values: []string{`\\srv\share`}, line: 1}}, ""},
		{"switch", "strict: true", []setting{{key: "strict", values: []string{"true"}, line: 1}}, ""},
		{"number as text", "name: 010", nil, "line 1: name: 010 is not text in YAML; write '010' with quotation marks"},
		{"number in quotation marks", "name: '010'", []setting{{key: "name", values: []string{"010"}, line: 1}}, ""},
		{"date", "name: 2026-01-28", []setting{{key: "name", values: []string{"2026-01-28"}, line: 1}}, ""},
		{"number", "workers: 3", []setting{{key: "workers", values: []string{"3"}, line: 1}}, ""},
		{"whole number", "workers: 1e1", []setting{{key: "workers", values: []string{"10"}, line: 1}}, ""},
		{"number as a word", "workers: many", nil, `line 1: workers: "many" is not a number; give 1 to 256`},
		{"number in quotation marks for a number", "workers: '3'", nil, `line 1: workers: "3" is text; give a number without quotation marks`},
		{"number out of range", "workers: 257", nil, "line 1: workers: 257 is out of range; give 1 to 256"},
		{"fraction", "workers: 1.5", nil, `line 1: workers: "1.5" is not a number; give 1 to 256`},
		{"truth in quotation marks", "strict: 'true'", nil, `line 1: strict: "true" is not true or false, without quotation marks`},
		{"truth of YAML 1.1", "strict: yes", nil, `line 1: strict: "yes" is not true or false`},
		{"nothing for a text", "name:", nil, "line 1: name: has no value; give one, or leave the key out"},
		{"null for a text", "name: null", nil, "line 1: name: has no value"},
		{"null for a truth value", "strict: ~", nil, "line 1: strict: has no value"},
		{"null for a list", "require-arch: null", nil, "line 1: require-arch: has no value"},
		{"null in a list", "require-arch: [amd64, null]", nil, "line 1: require-arch: has no value"},
		{"null in a section", "capture: {mode: null}", nil, "line 1: capture.mode: has no value; give one, or leave the key out"},
		{"null for a folder", "stateMigrationPoint: {folders: null}", nil, "line 1: stateMigrationPoint.folders: has no value"},
		{"section of comments", "capture:\n  # mode: standard", nil, ""},
		{"empty text", "name: ''", nil, "line 1: name: is empty; give a value, or leave the key out"},
		{"empty part", "require-arch: 'amd64,'", nil, "line 1: require-arch: a part of it is empty"},
		{"word", "require-arch: [amd65]", nil, `line 1: require-arch: "amd65" is not amd64, arm64 or x86; did you mean "amd64"?`},
		{"text over its limit", "name: " + strings.Repeat("a", 51), nil, "line 1: name: found \"aaaa"},
		{"text over its limit, in a section", "package: {name: " + strings.Repeat("a", 51) + "}", nil, "line 1: package.name: found \"aaaa"},
		{"a path of nothing", "package-path: USMT", nil, "line 1: package-path: found \"USMT\", wanted \\\\server\\share\\folder or D:\\folder"},
		{"a path that leads out", "overlay: [/etc/shadow]", nil, `line 1: overlay: "/etc/shadow" can lead out of the folder of this file; give such a path with --overlay on the command line`},
		{"a path that leads up", "overlay: [{from: ../../x}]", nil, `line 1: overlay: "../../x" can lead out`},
		{"a path that leads up further on", "overlay-replace: a\\..\\..\\x", nil, `can lead out`},
		{"a path of another drive", "inventory: 'C:x'", nil, `line 1: inventory: "C:x" can lead out`},
		{"a share", `key: \\srv\share\usmt.key`, nil, "can lead out"},
		{"one of several", "trust-root: a.pem, ../b.pem", nil, "can lead out"},
		{"two dots in a name", "overlay: a..b/..c.xml", []setting{{key: "overlay", line: 1, overlay: []overlayEntry{{from: "a..b/..c.xml"}}}}, ""},
		{"a tag", "name: !secret a", nil, "line 1: name: the tag !secret means nothing here"},
		{"escape", "library: \"D:\\Sources\"", nil, `line 1: \S is not an escape. In double quotation marks write D:\\Sources, or use single ones`},
		{"lists", "require-arch: [amd64, x86]\n", []setting{{key: "require-arch", values: []string{"amd64", "x86"}, line: 1}}, ""},
		{"long list", "require-arch:\n- amd64\n- x86\n", []setting{{key: "require-arch", values: []string{"amd64", "x86"}, line: 1}}, ""},
		{"blanks in a list", "require-arch: amd64, x86", []setting{{key: "require-arch", values: []string{"amd64", "x86"}, line: 1}}, ""},
		{"empty list", "require-arch: []", []setting{{key: "require-arch", values: nil, line: 1}}, ""},
		{"byte order mark and CRLF", "\ufeffname: a\r\nlibrary: b\r\n", []setting{{key: "name", values: []string{"a"}, line: 1}, {key: "library", values: []string{"b"}, line: 2}}, ""},
		{"overlay", "overlay:\n- from: a, b.xml\n- c.xml\n- {from: d.xml, replace: True}\noverlay-replace: e.xml", []setting{
			{key: "overlay", line: 1, overlay: []overlayEntry{{from: "a, b.xml"}, {from: "c.xml"}, {from: "d.xml", replace: true}}},
			{key: "overlay-replace", line: 5, overlay: []overlayEntry{{from: "e.xml", replace: true}}},
		}, ""},
		{"overlay without entries", "overlay:\n# - from: a.xml", nil, "line 1: overlay: has no value"},
		{"overlay, a word for a truth value", "overlay: [{from: a.xml, replace: yes}]", nil, `line 1: overlay: replace: "yes" is not true or false`},
		{"overlay, alias", "overlay: [&a b.xml, *a]", nil, "line 1: overlay: give a pattern, or a map"},
		{"unknown key", "name: a\nlibraries: b", nil, `line 2: unknown key "libraries"; did you mean "library"?`},
		{"case of a key", "Name: a", nil, `line 1: unknown key "Name"; did you mean "name"?`},
		{"not for a file", "dry-run: true", nil, "line 1: dry-run is for the command line only: --dry-run"},
		{"twice", "name: a\n\nname: b", nil, `line 3: duplicate key "name"`},
		{"list at the top", "- name", nil, "line 1: this is not a key with a value"},
		{"text", "hello", nil, "line 1: this is not a key with a value"},
		{"mapping as value", "name:\n  a: b", nil, "line 1: name: give one value"},
		{"alias", "name: &a x\nlibrary: *a", nil, "line 2: library: give one value"},
		{"merge", "name: a\n<<: {library: b}", nil, `line 2: unknown key "<<"`},
		{"mapping in a list", "require-arch: [{a: b}]", nil, "line 1: require-arch: give a list of plain values"},
		{"not YAML", "name: [a", nil, "line 1: did not find expected"},
		{"second document", "name: a\n---\nname: b\n", nil, "more than one document"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseConfig([]byte(tt.text), allFlags())
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("parseConfig(%q) = %v, want %q", tt.text, err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatalf("parseConfig(%q) = %v", tt.text, err)
			}
			for i := range tt.want {
				tt.want[i].path = tt.want[i].key
			}
			if diff := cmp.Diff(tt.want, got.settings, cmp.AllowUnexported(setting{}, overlayEntry{})); diff != "" {
				t.Errorf("parseConfig(%q) (-want +got):\n%s", tt.text, diff)
			}
		})
	}
}

// Whatever a configuration file holds, it is read or refused.
func FuzzParseConfig(f *testing.F) {
	for _, s := range []string{"", "name: a", "name: [a, b]", "name: &a [*a]", "a: b\na: c", "\ufeff{name: x}", "name: !!binary x", "? name\n: b",
		"package: {name: a, wait: true}", "overlay: [{from: a, replace: true}, b]", "overlay-replace: a", "name: a\npackage: {name: b}", "capture:\n  configFiles: [a.xml]\n  mode: customize",
		"stateMigrationPoint: {server: a, folders: [{path: 'D:\\S', maxClients: 1, minFreeSpace: 1, minFreeSpaceUnit: percent}]}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		conf, err := parseConfig(b, allFlags())
		if err != nil {
			return
		}
		flags := map[string]bool{}
		for _, s := range conf.settings {
			if flags[s.key] {
				t.Errorf("parseConfig(%q) sets %s twice", b, s.key)
			}
			flags[s.key] = true
		}
		if err := conf.site.Validate(); err != nil {
			t.Errorf("parseConfig(%q) = %+v, which is not valid: %v", b, conf.site, err)
		}
	})
}

// Each flag of each command is a key of the file and has a variable, but for
// those that are for the command line alone.
func TestSettingsFromEverywhere(t *testing.T) {
	t.Chdir(t.TempDir())
	values := map[string]string{
		"bool": "true", "int": "3", "string": "x", "stringSlice": "a,b", "form": "sarif", "glob": "a,b", "strings": "x86", "word": "none", "mode": "stream", "age": "10d",
	}
	root := newRootCmd(&program{})
	for _, cmd := range root.Commands() {
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if notSettings[f.Name] {
				return
			}
			t.Run(cmd.Name()+" "+f.Name, func(t *testing.T) {
				value, ok := values[f.Value.Type()]
				if f.Name == "package-path" {
					value = `D:\S`
				}
				if !ok {
					t.Fatalf("flag of type %s: the test knows no value", f.Value.Type())
				}
				variable := "USMTPKG_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
				fromEnv := flagAfter(t, cmd.Name(), f.Name, map[string]string{variable: value}, "")
				fromFile := flagAfter(t, cmd.Name(), f.Name, nil, f.Name+": "+value)
				if slices.Contains(pathSettings, f.Name) { // relative to the folder of the file
					fromFile = regexp.MustCompile(`[^\[,]*[/\\]`).ReplaceAllString(fromFile, "")
				}
				_, notHere := f.Annotations[commandLineOnly]
				if notHere || cmd.Name() == "verify" && slices.Contains(sourceNames, f.Name) {
					if fromEnv != f.DefValue || fromFile != f.DefValue {
						t.Errorf("%s: from the environment %q, from the file %q, want it from the command line alone", f.Name, fromEnv, fromFile)
					}
					return
				}
				if fromEnv == f.DefValue || fromFile != fromEnv {
					t.Errorf("%s: from the environment %q, from the file %q, by default %q", f.Name, fromEnv, fromFile, f.DefValue)
				}
			})
		})
	}
}

// flagAfter is the value of a command's flag after the settings were read.
func flagAfter(t *testing.T, command, flag string, variables map[string]string, file string) string {
	t.Helper()
	env := environment{getenv: func(name string) string { return variables[name] }}
	p := &program{environment: env}
	root := newRootCmd(p)
	p.output.config = filepath.Join(t.TempDir(), "settings.yaml")
	if err := os.WriteFile(p.output.config, []byte(file), 0o666); err != nil {
		t.Fatal(err)
	}
	cmd, _, err := root.Find([]string{command})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.configure(cmd); err != nil {
		t.Fatal(err)
	}
	return cmd.Flags().Lookup(flag).Value.String()
}

// What is for the command line alone is refused elsewhere, not passed over: who sets
// USMTPKG_DRY_RUN means it. So is a variable that is none of ours.
func TestNotSettings(t *testing.T) {
	t.Chdir(t.TempDir())
	for name := range notSettings {
		if name == "config" {
			continue
		}
		lib := filepath.Join(t.TempDir(), "lib")
		var s session
		env := environment{stdout: &s.stdout, stderr: &s.stderr, now: zeroTime, getenv: func(string) string { return "" }, environ: []string{variable(name) + "=true"}}
		got := run(t.Context(), env, []string{"refresh", "--sample", "--library", lib})
		if want := "usmtpkg: " + variable(name) + " is set, but --" + name + " is for the command line only"; name != "help" && name != "version" &&
			(got != exitUsage || !strings.HasPrefix(s.stderr.String(), want)) {
			t.Errorf("refresh with %s = %d, want %d and %q\n%s", variable(name), got, exitUsage, want, &s.stderr)
		}
		if got != exitUsage {
			t.Errorf("refresh with %s = %d, want %d\n%s", variable(name), got, exitUsage, &s.stderr)
		}
		if _, err := os.Stat(lib); err == nil {
			t.Errorf("refresh with %s went on", variable(name))
		}
	}
}

// The same mistake has the same message, run after run.
func TestFieldErrorText(t *testing.T) {
	lib := libraryWith(t, kitDir(t, ""))
	texts := map[string]bool{}
	for range 20 {
		var s session
		if got := s.run(t, "define", "--library", lib, "--name", "Zürich", "--json"); got != exitUsage {
			t.Fatalf("define = %d, want %d", got, exitUsage)
		}
		texts[s.errorOf(t).Error] = true
	}
	if len(texts) != 1 {
		t.Errorf("20 runs gave %d messages: %v", len(texts), texts)
	}
}
