package kitdiff

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"usmtpkg/locate/migration"
)

// manifest is one of an assembly, with some patterns.
func manifest(assembly, version string, patterns ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<assembly><assemblyIdentity name="%s" version="%s"/><migration scope="USMT"><migXml><rules><include><objectSet>`, assembly, version)
	for _, p := range patterns {
		fmt.Fprintf(&b, `<pattern type="File">%s</pattern>`, p)
	}
	b.WriteString(`</objectSet></include></rules></migXml></migration></assembly>`)
	return b.String()
}

// kit is a kit of some texts; its arch folders are those of its paths.
func kit(files map[string]string) View {
	m, v := fstest.MapFS{}, View{Dirs: map[string]string{}}
	for name, text := range files {
		m[name] = &fstest.MapFile{Data: []byte(text)}
		arch, _, _ := strings.Cut(name, "/")
		v.Dirs[strings.ToLower(arch)] = arch
	}
	v.FS = m
	return v
}

func everything(string) bool { return true }

// inShort are changes, each on a line.
func inShort(c *Components) []string {
	var list []string
	for _, x := range c.Changes {
		list = append(list, fmt.Sprintf("%s %s %s in %s (%s) +%d -%d", x.Change, x.Kind, x.Label(), x.Place, strings.Join(x.Arches, ","), x.AddedRules, x.RemovedRules))
	}
	return list
}

func compared(t *testing.T, before, after View, differs func(string) bool) *Components {
	t.Helper()
	c, err := CompareComponents(t.Context(), before, after, differs)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCompareComponents(t *testing.T) {
	before := kit(map[string]string{
		"amd64/R/a.man": manifest("Fax", "1", "fax", "same"), "x86/R/a.man": manifest("Fax", "1", "fax", "same"),
		"amd64/R/gone.man": manifest("Gone", "1", "x"), "x86/R/gone.man": manifest("Gone", "1", "x"),
		"amd64/R/same.man": manifest("Same", "1", "a", "b"), "amd64/SFCN.DAT": "one\ntwo\n",
		"amd64/R/version.man": manifest("Version", "1"), "amd64/L/same.man": manifest("Moved", "1", "m"),
	})
	after := kit(map[string]string{
		"AMD64/R/a.man": manifest("Fax", "1", "same", "mail"), "x86/R/a.man": manifest("Fax", "1", "same", "mail"),
		"AMD64/R/new.man": manifest("New", "1", "n"), "arm64/R/new.man": manifest("New", "1", "n"),
		"AMD64/R/same2.man": strings.ReplaceAll(manifest("Same", "1", "b", "a"), "<rules>", "<rules><!-- a comment -->\n"), "AMD64/SFCN.DAT": "two\r\nthree\r\n",
		"AMD64/R/version.man": manifest("Version", "2"), "AMD64/K/same.man": manifest("Moved", "1", "m"),
	})
	c := compared(t, before, after, everything)
	want := []string{
		"removed manifest Gone in R (amd64,x86) +0 -3",
		"removed manifest Moved in L (amd64) +0 -3",
		"added manifest Moved in K (amd64) +3 -0",
		"added manifest New in R (amd64) +3 -0",
		"changed manifest Fax in R (amd64,x86) +1 -1",
		"changed manifest Version in R (amd64) +1 -1",
		"changed list SFCN.DAT in SFCN.DAT (amd64) +1 -1",
	}
	if got := inShort(c); !slices.Equal(got, want) {
		t.Errorf("changes:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if !slices.Equal(c.Arches, []string{"amd64", "x86"}) {
		t.Errorf("arches %v, want those of both", c.Arches)
	}
	if got := c.Changes[1].Elsewhere; !slices.Equal(got, []string{"K"}) || c.Changes[0].Elsewhere != nil {
		t.Errorf("elsewhere %v and %v, want K and none", got, c.Changes[0].Elsewhere)
	}
	if got := c.Changes[4].Rules; !slices.Equal(got, []string{"- rules > include > pattern type=File: fax", "+ rules > include > pattern type=File: mail"}) {
		t.Errorf("rules %q", got)
	}
	if v := c.Changes[5]; v.Before != "1" || v.After != "2" {
		t.Errorf("version %s, was %s, want 2, was 1", v.After, v.Before)
	}
	if n := c.Count()[migration.Manifest]; n != (Counts{Added: 2, Removed: 2, Changed: 2}) {
		t.Errorf("count %+v", n)
	}
}

// Several manifests of a folder may be of one assembly: one that goes is not the end of it.
func TestAssemblyInTwoFiles(t *testing.T) {
	one, two := manifest("Ras", "1", "one"), manifest("Ras", "1", "two")
	c := compared(t, kit(map[string]string{"amd64/R/1.man": one, "amd64/R/2.man": two}), kit(map[string]string{"amd64/R/1.man": one}), everything)
	if got := inShort(c); len(got) != 1 || !strings.HasPrefix(got[0], "changed manifest Ras in R (amd64) +0 -") {
		t.Errorf("changes %q, want one that changed", got)
	}
}

// What cannot be read is neither removed nor the same.
func TestUnread(t *testing.T) {
	good, bad := kit(map[string]string{"amd64/R/1.man": manifest("Ras", "1", "one")}), kit(map[string]string{"amd64/R/1.man": "<assembly"})
	for _, c := range []*Components{compared(t, good, bad, everything), compared(t, bad, good, everything)} {
		if len(c.Changes) != 0 || len(c.Unread) != 1 || c.Unread[0].Path != "amd64/R/1.man" {
			t.Errorf("changes %q, unread %v, want the manifest unread", inShort(c), c.Unread)
		}
	}
}

// closed is a file system in which nothing can be opened.
type closed struct{ fstest.MapFS }

func (c closed) Open(name string) (fs.File, error) {
	if f, err := c.MapFS.Open(name); err != nil || !strings.Contains(name, ".") || name == "." {
		return f, err
	}
	return nil, fs.ErrPermission
}

// Files that are known to be the same are not read; a group with one that is not is read.
func TestOnlyWhatDiffers(t *testing.T) {
	v := kit(map[string]string{"amd64/R/1.man": manifest("Ras", "1", "one"), "amd64/L/2.man": "x"})
	v.FS = closed{v.FS.(fstest.MapFS)}
	if c := compared(t, v, v, func(string) bool { return false }); len(c.Changes)+len(c.Unread) != 0 {
		t.Errorf("changes %q, want none", inShort(c))
	}
	if _, err := CompareComponents(t.Context(), v, v, func(p string) bool { return p == "amd64/R/1.man" }); err == nil {
		t.Error("a file that differs was not read")
	}
}

func TestCompareFiles(t *testing.T) {
	file := func(path, sum string, size int64) File { return File{Path: path, SHA256: sum, Size: size} }
	of := func(list ...File) Files {
		m := Files{}
		for _, f := range list {
			m[f.Path] = f
		}
		return m
	}
	before := of(file("amd64/a", "1", 1), file("amd64/gone", "1", 1), file("amd64/Case", "1", 1), file("amd64/size", "", 1), File{Path: "amd64/over", Unknown: true})
	after := of(file("amd64/a", "2", 1), file("amd64/d/new", "1", 1), file("amd64/CASE", "1", 1), file("amd64/size", "", 2), file("amd64/over", "1", 1))
	changes, unknown := CompareFiles(before, after)
	var got []string
	for _, c := range changes {
		got = append(got, string(c.Change)+" "+c.Path)
	}
	if want := []string{"renamed amd64/CASE", "changed amd64/a", "added amd64/d/new", "removed amd64/gone", "changed amd64/size"}; !slices.Equal(got, want) || unknown != 1 {
		t.Errorf("%q, %d unknown, want %q, 1 unknown", got, unknown, want)
	}
	folders := ByFolder(changes)
	if want := []FolderChanges{{"amd64", Counts{0, 1, 3}}, {"amd64/d", Counts{1, 0, 0}}}; !slices.Equal(folders, want) {
		t.Errorf("folders %v, want %v", folders, want)
	}
}

func TestDiffText(t *testing.T) {
	for name, tt := range map[string]struct {
		before, after string
		size          int64
		want          []string
		note          string
	}{
		"lines":    {"a\nb\n", "a\r\nc\r\n", 4, []string{"--- amd64/x.xml", "+++ amd64/x.xml", "@@ -1,2 +1,2 @@", " a", "-b", "+c"}, ""},
		"UTF-16":   {"a\n", "\xff\xfeb\x00\n\x00", 4, []string{"--- amd64/x.xml", "+++ amd64/x.xml", "@@ -1,1 +1,1 @@", "-a", "+b"}, ""},
		"ends":     {"a\n", "a\r\n", 4, nil, "the same lines in another encoding or with other line ends"},
		"encoding": {"a\n", "\ufeffa\n", 4, nil, "the same lines in another encoding or with other line ends"},
		"large":    {"a", "b", maxDiffText + 1, nil, "too large to compare line by line"},
		"zeros":    {"a", "b\x00", 4, nil, "not a text"},
	} {
		t.Run(name, func(t *testing.T) {
			before, after := File{Path: "amd64/x.xml", Size: tt.size}, File{Path: "amd64/x.xml", Size: 1}
			d, err := DiffText(kit(map[string]string{"amd64/x.xml": tt.before}), kit(map[string]string{"amd64/x.xml": tt.after}), FileChange{Path: "amd64/x.xml", Before: &before, After: &after})
			if err != nil || !slices.Equal(d.Lines, tt.want) || d.Note != tt.note {
				t.Errorf("%+v, %v, want %q, %q", d, err, tt.want, tt.note)
			}
		})
	}
}

// A diff has an end, and says what it leaves out.
func TestLongDiff(t *testing.T) {
	f := File{Path: "amd64/x.xml"}
	d, err := DiffText(kit(map[string]string{"amd64/x.xml": strings.Repeat("a\n", 3000)}), kit(map[string]string{"amd64/x.xml": "b\n"}), FileChange{Before: &f, After: &f})
	if err != nil || len(d.Lines) != maxDiffLines || d.More != 3+3001-maxDiffLines {
		t.Errorf("%d lines and %d more, %v", len(d.Lines), d.More, err)
	}
}

// A view shows the arch folders and nothing else, also one that is the root itself.
func TestView(t *testing.T) {
	m := fstest.MapFS{"AMD64/a": {}, "docs/b": {}, "c": {}}
	for _, tt := range []struct {
		v    View
		want string
	}{
		{View{m, map[string]string{"amd64": "AMD64"}}, ". amd64 amd64/a"},
		{View{m, map[string]string{"x86": "."}}, ". x86 x86/AMD64 x86/AMD64/a x86/c x86/docs x86/docs/b"},
	} {
		var got []string
		if err := fs.WalkDir(tt.v, ".", func(p string, _ fs.DirEntry, err error) error { got = append(got, p); return err }); err != nil {
			t.Error(err)
		}
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("%s, want %s", s, tt.want)
		}
	}
	if _, err := fs.ReadFile(View{m, map[string]string{"amd64": "AMD64"}}, "docs/b"); err == nil {
		t.Error("a file beside the arch folders was opened")
	}
}
