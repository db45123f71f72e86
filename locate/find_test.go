package locate

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"usmtpkg/locate/pe"
	"usmtpkg/locate/samplekit"
)

const (
	kit10  = "Windows Kits/10/Assessment and Deployment Kit/User State Migration Tool/"
	kit81  = "Windows Kits/8.1/Assessment and Deployment Kit/User State Migration Tool/"
	new10  = "10.0.65000.2"
	old10  = "10.0.65000.1"
	old81  = "6.3.9600.16384"
	broken = "not a program"
)

// plant writes files below a new folder and returns it. A content that reads as
// a version becomes a program of that version, "none" one without a version.
func plant(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		data := []byte(content)
		if v, err := pe.ParseVersion(content); err == nil {
			data = samplekit.PE(pe.AMD64, v, 0)
		} else if content == "none" {
			data = samplekit.PE(pe.AMD64, pe.Version{}, 0)
		}
		file := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// candidates gives each candidate as "path version [arches]", its path relative
// to root and slash-separated, then its problem.
func candidates(t *testing.T, root string, r Result) []string {
	t.Helper()
	var all []string
	for _, c := range r.Candidates {
		s := relative(t, root, c.Path) + " " + c.Version.String() + " [" + strings.Join(c.Arches, " ") + "]"
		if c.Problem != "" {
			s += " " + c.Problem
		}
		all = append(all, s)
	}
	return all
}

// places gives each place as "path | how | outcome", its path relative to root.
func places(t *testing.T, root string, list []Place) []string {
	t.Helper()
	var all []string
	for _, p := range list {
		outcome := strings.ReplaceAll(p.Outcome, root+string(filepath.Separator), "")
		all = append(all, relative(t, root, p.Path)+" | "+p.How+" | "+filepath.ToSlash(outcome))
	}
	return all
}

func relative(t *testing.T, root, path string) string {
	t.Helper()
	if path == root {
		return "."
	}
	return filepath.ToSlash(strings.TrimPrefix(path, root+string(filepath.Separator)))
}

func TestFindSource(t *testing.T) {
	tests := []struct {
		name   string
		files  map[string]string
		source string
		want   []string
		reason string
	}{
		{
			name:   "the USMT folder",
			files:  map[string]string{kit10 + "amd64/scanstate.exe": new10, kit10 + "x86/scanstate.exe": new10},
			source: kit10,
			want:   []string{strings.TrimSuffix(kit10, "/") + " 10.0.65000.2 [amd64 x86]"},
			reason: "the only one found",
		},
		{
			name:   "an ADK root that names its folders in capitals",
			files:  map[string]string{"ADK/USER STATE MIGRATION TOOL/AMD64/ScanState.EXE": new10},
			source: "ADK",
			want:   []string{"ADK/USER STATE MIGRATION TOOL 10.0.65000.2 [amd64]"},
			reason: "the only one found",
		},
		{
			name:   "a kits root",
			files:  map[string]string{kit10 + "arm64/scanstate.exe": new10, "Windows Kits/10/bin/x86/rc.exe": broken},
			source: "Windows Kits/10",
			want:   []string{strings.TrimSuffix(kit10, "/") + " 10.0.65000.2 [arm64]"},
			reason: "the only one found",
		},
		{
			name: "two kits",
			files: map[string]string{
				kit10 + "amd64/scanstate.exe":  new10,
				kit81 + "amd64/scanstate.exe":  old81,
				"Windows Kits/NETFXSDK/readme": "",
			},
			source: "Windows Kits",
			want: []string{
				strings.TrimSuffix(kit10, "/") + " 10.0.65000.2 [amd64]",
				strings.TrimSuffix(kit81, "/") + " 6.3.9600.16384 [amd64]",
			},
			reason: "chosen from 2: highest version",
		},
		{
			name: "unpacked beside its installer",
			files: map[string]string{
				"out/Program Files/" + kit10 + "amd64/scanstate.exe": new10,
				"out/User State Migration Tool-x86_en-us.msi":        broken,
			},
			source: "out",
			want:   []string{"out/Program Files/" + strings.TrimSuffix(kit10, "/") + " 10.0.65000.2 [amd64]"},
			reason: "the only one found",
		},
		{
			name:   "a WAIK root",
			files:  map[string]string{"Windows AIK/Tools/USMT/x86/scanstate.exe": "6.1.7601.17514"},
			source: "Windows AIK",
			want:   []string{"Windows AIK/Tools/USMT 6.1.7601.17514 [x86]"},
			reason: "the only one found",
		},
		{
			name:   "the data folder of a release",
			files:  map[string]string{"rel/data/amd64/scanstate.exe": new10, "rel/bagit.txt": ""},
			source: "rel/data",
			want:   []string{"rel/data 10.0.65000.2 [amd64]"},
			reason: "the only one found",
		},
		{
			name:   "several copies of one version",
			files:  map[string]string{"b/amd64/scanstate.exe": new10, "a/amd64/scanstate.exe": new10, "c/amd64/scanstate.exe": old10},
			source: ".",
			want:   []string{"a 10.0.65000.2 [amd64]", "b 10.0.65000.2 [amd64]", "c 10.0.65000.1 [amd64]"},
			reason: "chosen from 3: highest version; 2 have it",
		},
		{
			name: "a kit upgraded in part does not beat a whole one",
			files: map[string]string{
				"a/amd64/scanstate.exe": new10, "a/x86/scanstate.exe": old81,
				"b/amd64/scanstate.exe": old10,
			},
			source: ".",
			want: []string{
				"b 10.0.65000.1 [amd64]",
				"a 6.3.9600.16384 [amd64 x86] the versions of its arches differ, the lowest counts: amd64 10.0.65000.2, x86 6.3.9600.16384",
			},
			reason: "chosen from 2: highest version",
		},
		{
			name: "a version that cannot be read comes last",
			files: map[string]string{
				"a/amd64/scanstate.exe": "none", "b/amd64/scanstate.exe": "none", "b/x86/scanstate.exe": old10,
			},
			source: ".",
			want: []string{
				"b 10.0.65000.1 [amd64 x86] amd64/scanstate.exe: it has no file version",
				"a 0.0.0.0 [amd64] amd64/scanstate.exe: it has no file version",
			},
			reason: "chosen from 2: highest version",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			root := plant(t, tt.files)
			r, err := Find(t.Context(), FindOptions{Source: filepath.Join(root, filepath.FromSlash(tt.source))})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, candidates(t, root, r)); diff != "" {
				t.Errorf("candidates (-want +got):\n%s", diff)
			}
			best, reason := r.Best()
			if best.Path != r.Candidates[0].Path || reason != tt.reason {
				t.Errorf("Best = %s, %q, want the first candidate, %q", best.Path, reason, tt.reason)
			}
		})
	}
}

func TestFindBrokenPrograms(t *testing.T) {
	root := plant(t, map[string]string{"a/amd64/scanstate.exe": broken, "b/amd64/scanstate.exe": ""})
	r, err := Find(t.Context(), FindOptions{Source: root})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range r.Candidates {
		if !c.Version.IsZero() || !strings.HasPrefix(c.Problem, "amd64/scanstate.exe: not a valid PE file") {
			t.Errorf("candidate = %+v, want version zero and the fault of its PE file", c)
		}
	}
	if _, reason := r.Best(); reason != "chosen from 2: the first, as none has a readable version" {
		t.Errorf("Best: reason = %q", reason)
	}
	want := []string{
		". | given as source | folder that contains USMT further down",
		"a | given as source | USMT of unknown version (amd64)",
		"b | given as source | USMT of unknown version (amd64)",
	}
	if diff := cmp.Diff(want, places(t, root, r.Places)); diff != "" {
		t.Errorf("places (-want +got):\n%s", diff)
	}
}

func TestFindNothing(t *testing.T) {
	tests := []struct {
		name  string
		files map[string]string
		want  []string
	}{
		{"an SDK", map[string]string{"bin/x86/rc.exe": broken, "Include/a.h": ""},
			[]string{". | given as source | folder without USMT"}},
		{"an ADK without USMT", map[string]string{"Assessment and Deployment Kit/Deployment Tools/amd64/oscdimg.exe": broken},
			[]string{". | given as source | ADK without USMT, its feature OptionId.UserStateMigrationTool is not installed"}},
		{"arch folders without the program", map[string]string{"amd64/loadstate.exe": broken, "x86/scanstate.exe/file": ""},
			[]string{". | given as source | arch folders without scanstate.exe"}},
		{"a USMT folder without the program", map[string]string{"User State Migration Tool/amd64/loadstate.exe": broken},
			[]string{". | given as source | User State Migration Tool: arch folders without scanstate.exe"}},
		{"an arch that is a file", map[string]string{"AMD64": ""},
			[]string{". | given as source | AMD64 in it is a file or a link, not a folder"}},
		{"an ADK without USMT further down", map[string]string{
			"a/Assessment and Deployment Kit/readme": "", "b/readme": "", "c/x86/readme": ""},
			[]string{
				". | given as source | folder without USMT",
				"a | given as source | ADK without USMT, its feature OptionId.UserStateMigrationTool is not installed",
			}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			root := plant(t, tt.files)
			_, err := Find(t.Context(), FindOptions{Source: root})
			notFound, ok := errors.AsType[*NotFoundError](err)
			if !ok {
				t.Fatalf("Find: %v, want a *NotFoundError", err)
			}
			if diff := cmp.Diff(tt.want, places(t, root, notFound.Places)); diff != "" {
				t.Errorf("places (-want +got):\n%s", diff)
			}
			if text := err.Error(); strings.Contains(text, "\n") || !strings.HasPrefix(text, "finding USMT: ") {
				t.Errorf("Error = %q, want one line", text)
			}
			if !strings.Contains(notFound.Hint(), Feature) {
				t.Errorf("Hint = %q, want the feature to install", notFound.Hint())
			}
		})
	}
}

// TestResultOrder has enough candidates for the sorting to matter.
func TestResultOrder(t *testing.T) {
	var s search
	var newer, older []string
	for i := range 50 {
		c := Candidate{Path: strconv.Itoa(i), Version: pe.Version{10, 0, uint16(i % 2), 0}}
		s.found = append(s.found, found{Candidate: c})
		if i%2 == 1 {
			newer = append(newer, c.Path)
		} else {
			older = append(older, c.Path)
		}
	}
	var got []string
	for _, c := range s.result().Candidates {
		got = append(got, c.Path)
	}
	if diff := cmp.Diff(slices.Concat(newer, older), got); diff != "" {
		t.Errorf("candidates of two versions (-want +got):\n%s", diff)
	}
}

func TestFindOptionsExclude(t *testing.T) {
	_, err := Find(t.Context(), FindOptions{Source: "a", Volume: "b"})
	if err == nil || !strings.Contains(err.Error(), "wanted one of them") {
		t.Errorf("Find with source and volume: %v", err)
	}
}

func TestFindCancelled(t *testing.T) {
	root := plant(t, map[string]string{"a/b/c": "", "Windows/x": ""})
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("stop")
	cancel(stop)
	for _, o := range []FindOptions{
		{Source: root},
		{Volume: root},
		{Registry: func() []KitsRoot { return nil }, ProgramFiles: []string{root}},
		{Registry: func() []KitsRoot { return []KitsRoot{{Name: "KitsRoot10", Value: root}} }},
	} {
		if _, err := Find(ctx, o); !errors.Is(err, stop) {
			t.Errorf("Find(%+v) cancelled: %v, want %v", o, err, stop)
		}
	}
}

func TestFindTwiceSpelt(t *testing.T) {
	v, err := pe.ParseVersion(new10)
	if err != nil {
		t.Fatal(err)
	}
	program := &fstest.MapFile{Data: samplekit.PE(pe.AMD64, v, 0)}
	fsys := fstest.MapFS{"amd64/scanstate.exe": program, "AMD64/SCANSTATE.EXE": program, "X86/a": program}
	got, err := Arches(fsys)
	if err != nil {
		t.Fatal(err)
	}
	want := []ArchDir{{AMD64, "AMD64"}, {AMD64, "amd64"}, {X86, "X86"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Arches (-want +got):\n%s", diff)
	}
	programs, lack, err := scanStates(fsys, ".")
	if len(programs) != 2 || lack != "" || err != nil {
		t.Errorf("scanStates = %v, %q, %v, want both", programs, lack, err)
	}
}

// deniedFS refuses to list one folder.
type deniedFS struct {
	fstest.MapFS
	dir string
}

func (d deniedFS) ReadDir(name string) ([]fs.DirEntry, error) {
	if name == d.dir {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return d.MapFS.ReadDir(name)
}

// Sub keeps refusing it.
func (d deniedFS) Sub(dir string) (fs.FS, error) {
	return fs.Sub(struct{ fs.ReadDirFS }{d}, dir)
}

func TestUnreadableFolders(t *testing.T) {
	tree := fstest.MapFS{
		"Assessment and Deployment Kit/User State Migration Tool/amd64/scanstate.exe": {},
		"x86/readme": {},
	}
	tests := []struct{ dir, want, closed string }{
		{".", "not readable: permission denied", ""},
		{"x86", "not readable: permission denied", "x86"},
		{adkDir + "/" + usmtDir, "Assessment and Deployment Kit/User State Migration Tool: not readable: permission denied", adkDir + "/" + usmtDir},
		{"Assessment and Deployment Kit", "Assessment and Deployment Kit/User State Migration Tool: not readable: permission denied", ""},
	}
	for _, tt := range tests {
		dirs, why, closed := usmtDirs(deniedFS{tree, tt.dir})
		got := ""
		if closed != nil {
			got = closed.dir
		}
		if got != tt.closed {
			t.Errorf("usmtDirs without %s: the closed folder is %q, want %q", tt.dir, got, tt.closed)
		}
		if len(dirs) > 0 || why != tt.want {
			t.Errorf("usmtDirs without %s = %q, %q, want none, %q", tt.dir, dirs, why, tt.want)
		}
	}
}

// slashed makes the separators of Windows paths those of the tests.
func slashed(list []string) []string {
	for i := range list {
		list[i] = strings.ReplaceAll(list[i], `\`, "/")
	}
	return list
}
