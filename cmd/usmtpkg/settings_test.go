package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"
)

func TestParseConfig(t *testing.T) {
	known := map[string]bool{"name": true, "library": true, "require-arch": true, "strict": true, "dry-run": false, "overlay": true, "overlay-replace": true}
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
		{"number stays text", "name: 010", []setting{{key: "name", values: []string{"010"}, line: 1}}, ""},
		{"lists", "require-arch: [amd64, x86]\n", []setting{{key: "require-arch", values: []string{"amd64", "x86"}, line: 1}}, ""},
		{"long list", "require-arch:\n- amd64\n- x86\n", []setting{{key: "require-arch", values: []string{"amd64", "x86"}, line: 1}}, ""},
		{"blanks in a list", "require-arch: amd64, x86", []setting{{key: "require-arch", values: []string{"amd64, x86"}, line: 1}}, ""},
		{"empty list", "require-arch: []", []setting{{key: "require-arch", values: nil, line: 1}}, ""},
		{"byte order mark and CRLF", "\ufeffname: a\r\nlibrary: b\r\n", []setting{{key: "name", values: []string{"a"}, line: 1}, {key: "library", values: []string{"b"}, line: 2}}, ""},
		{"overlay", "overlay:\n- from: a, b.xml\n- c.xml\n- {from: d.xml, replace: True}\noverlay-replace: e.xml", []setting{
			{key: "overlay", line: 1, overlay: []overlayEntry{{from: "a, b.xml"}, {from: "c.xml"}, {from: "d.xml", replace: true}}},
			{key: "overlay-replace", line: 5, overlay: []overlayEntry{{from: "e.xml", replace: true}}},
		}, ""},
		{"overlay without entries", "overlay:\n# - from: a.xml", []setting{{key: "overlay", line: 1}}, ""},
		{"overlay, a word for a truth value", "overlay: [{from: a.xml, replace: yes}]", nil, `line 1: overlay: replace: "yes", want true or false`},
		{"overlay, alias", "overlay: [&a b.xml, *a]", nil, "line 1: overlay: want a pattern, or a map"},
		{"unknown key", "name: a\nlibraries: b", nil, `line 2: unknown key "libraries"`},
		{"case of a key", "Name: a", nil, `line 1: unknown key "Name"`},
		{"not for a file", "dry-run: true", nil, `line 1: unknown key "dry-run"`},
		{"twice", "name: a\n\nname: b", nil, `line 3: key "name" stands there twice`},
		{"list at the top", "- name", nil, "line 1: want keys with values"},
		{"text", "hello", nil, "line 1: want keys with values"},
		{"mapping as value", "name:\n  a: b", nil, "line 2: name: want a value or a list of values"},
		{"alias", "name: &a x\nlibrary: *a", nil, "line 2: library: want a value or a list of values"},
		{"merge", "name: a\n<<: {library: b}", nil, `line 2: unknown key "<<"`},
		{"mapping in a list", "require-arch: [{a: b}]", nil, "line 1: require-arch: want a list of plain values"},
		{"not YAML", "name: [a", nil, "yaml: "},
		{"second document", "name: a\n---\nname: b\n", nil, "more than one document"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseConfig([]byte(tt.text), known)
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
	known := map[string]bool{"name": true, "overlay": true, "overlay-replace": true}
	f.Fuzz(func(t *testing.T, b []byte) {
		conf, err := parseConfig(b, known)
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
	values := map[string]string{"bool": "true", "int": "3", "string": "x", "stringSlice": "a,b", "form": "sarif", "glob": "a,b"}
	root := newRootCmd(environment{}, &options{})
	for _, cmd := range root.Commands() {
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if notSettings[f.Name] {
				return
			}
			t.Run(cmd.Name()+" "+f.Name, func(t *testing.T) {
				value, ok := values[f.Value.Type()]
				if !ok {
					t.Fatalf("flag of type %s: the test knows no value", f.Value.Type())
				}
				variable := "USMTPKG_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
				fromEnv := flagAfter(t, cmd.Name(), f.Name, map[string]string{variable: value}, "")
				fromFile := flagAfter(t, cmd.Name(), f.Name, nil, f.Name+": "+value)
				if cmd.Name() == "verify" && slices.Contains(sourceFlags, f.Name) {
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
	o := &options{}
	root := newRootCmd(env, o)
	o.config = filepath.Join(t.TempDir(), "settings.yaml")
	if err := os.WriteFile(o.config, []byte(file), 0o666); err != nil {
		t.Fatal(err)
	}
	cmd, _, err := root.Find([]string{command})
	if err != nil {
		t.Fatal(err)
	}
	if err := configure(env, o, cmd); err != nil {
		t.Fatal(err)
	}
	return cmd.Flags().Lookup(flag).Value.String()
}

// What is for the command line alone is not taken from anywhere else.
func TestNotSettings(t *testing.T) {
	t.Chdir(t.TempDir())
	lib := filepath.Join(t.TempDir(), "lib")
	var s session
	env := environment{stdout: &s.stdout, stderr: &s.stderr, now: zeroTime, getenv: func(name string) string {
		return map[string]string{"USMTPKG_DRY_RUN": "true", "USMTPKG_HELP": "true", "USMTPKG_VERSION": "true"}[name]
	}}
	if got := run(t.Context(), env, []string{"refresh", "--sample", "--library", lib}); got != exitOK {
		t.Fatalf("refresh = %d, want 0\n%s", got, &s.stderr)
	}
	if _, err := os.Stat(filepath.Join(lib, "current")); err != nil {
		t.Errorf("USMTPKG_DRY_RUN kept the run from writing: %v", err)
	}
}

// The same mistake has the same message, run after run.
func TestFieldErrorText(t *testing.T) {
	lib := libraryWith(t, kitDir(t, ""))
	texts := map[string]bool{}
	for range 20 {
		var s session
		if got := s.run(t, "define", "--library", lib, "--name", "Zürich", "--json"); got != exitInvalid {
			t.Fatalf("define = %d, want %d", got, exitInvalid)
		}
		texts[s.errorOf(t).Error] = true
	}
	if len(texts) != 1 {
		t.Errorf("20 runs gave %d messages: %v", len(texts), texts)
	}
}
