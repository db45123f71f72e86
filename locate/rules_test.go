package locate

import (
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"usmtpkg/locate/finding"
	"usmtpkg/locate/pe"
	"usmtpkg/locate/samplekit"
)

// A ruleTest changes a clean kit and says which findings that gives.
type ruleTest struct {
	name   string
	named  bool // the programs of the kit have their names in their version resources
	change func(k fstest.MapFS)
	o      Options // without a policy: allowAll
	want   []string
	text   string // in the first finding, if given
}

// runRules runs the tests against Validate, and against Precheck what it can see.
func runRules(t *testing.T, tests []ruleTest) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fsys := kit(samplekit.Options{Named: tt.named})
			tt.change(fsys)
			if tt.o.Policy.Require == nil && tt.o.Policy.Allow == nil && tt.o.Policy.Forbid == nil {
				tt.o.Policy = allowAll
			}
			r := validate(t, fsys, tt.o)
			if diff := cmp.Diff(tt.want, ofOneArch(r), cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("findings (-want +got):\n%s", diff)
			}
			findings := slices.DeleteFunc(r.Findings(), func(f *finding.Error) bool { return f.Rule == siblingMissing.id })
			if tt.text != "" && !strings.Contains(findings[0].Error(), tt.text) {
				t.Errorf("finding = %q, want %q in it", findings[0], tt.text)
			}
			for _, f := range r.Findings() {
				if f.Found == "" || f.Wanted == "" || f.Hint == "" || f.Severity == finding.SeverityWarning && f.Source == "" {
					t.Errorf("finding %q lacks one of found %q, wanted %q, hint %q, source %q", f.Rule, f.Found, f.Wanted, f.Hint, f.Source)
				}
			}
			first, err := Precheck(t.Context(), fsys, tt.o)
			if err != nil {
				t.Fatalf("Precheck: %v", err)
			}
			seen := slices.DeleteFunc(slices.Clone(tt.want), func(s string) bool { return needsReading(s, fsys, tt.o.Overlay) })
			if diff := cmp.Diff(seen, ofOneArch(first), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("Precheck (-want +got):\n%s", diff)
			}
		})
	}
}

// ofOneArch is the summary of a report without what one arch folder lacks of another: the tests
// change one of them. TestSiblingRules has that.
func ofOneArch(r *Report) []string {
	return slices.DeleteFunc(summary(r), func(s string) bool { return strings.Contains(s, " "+siblingMissing.id+" ") })
}

// needsReading tells the findings that Precheck does not give: those of texts, and of the content
// of files that are neither core ones nor of an overlay.
func needsReading(line string, fsys fstest.MapFS, overlay []Declared) bool {
	f := strings.Fields(line)
	if f[1] != "urlid-duplicate" && slices.ContainsFunc(overlay, func(d Declared) bool { return d.Path == f[2] }) {
		return false
	}
	switch f[1] {
	case "manifest-root", "inf-binary", "migxml-root", "migxml-urlid", "urlid-duplicate", "pe-hidden":
		return true
	case "xml-malformed":
		return len(fsys[f[2]].Data) > 0 || !isCorePath(f[2])
	case "pe-invalid", "pe-machine", "pe-version-mixed", "file-empty", "program-misnamed", "program-unfamiliar":
		return !isCorePath(f[2])
	}
	return false
}

func put(name, text string) func(fstest.MapFS) {
	return func(k fstest.MapFS) { k[name] = &fstest.MapFile{Data: []byte(text)} }
}

func putMode(name string, mode fs.FileMode) func(fstest.MapFS) {
	return func(k fstest.MapFS) { k[name] = &fstest.MapFile{Mode: mode} }
}

func putPE(name string, m pe.Machine, v pe.Version) func(fstest.MapFS) {
	return put(name, string(samplekit.PE(m, v, 64)))
}

// remove takes away a file, or a folder with all that is in it.
func remove(names ...string) func(fstest.MapFS) {
	return func(k fstest.MapFS) {
		for _, name := range names {
			maps.DeleteFunc(k, func(p string, _ *fstest.MapFile) bool { return p == name || strings.HasPrefix(p, name+"/") })
		}
	}
}

func rename(from, to string) func(fstest.MapFS) {
	return func(k fstest.MapFS) {
		for p, f := range maps.Clone(k) {
			if rest, ok := strings.CutPrefix(p, from); ok {
				delete(k, p)
				k[to+rest] = f
			}
		}
	}
}

func both(changes ...func(fstest.MapFS)) func(fstest.MapFS) {
	return func(k fstest.MapFS) {
		for _, c := range changes {
			c(k)
		}
	}
}

func nothing(fstest.MapFS) {}
