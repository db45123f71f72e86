package model

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"pgregory.net/rapid"

	"usmtpkg/testdata/platform"
)

// badNames are names that Windows, or whoever reads them, cannot bear.
func badNames() *rapid.Generator[string] {
	device := rapid.SampledFrom([]string{"CON", "nul", "Aux", "PRN", "COM1", "lpt9", "COM¹", "LPT³", "CONIN$", "conout$"})
	word := rapid.StringMatching(`[a-z]{1,8}`)
	control := rapid.Custom(func(t *rapid.T) string { return string(rune(rapid.IntRange(1, 31).Draw(t, "control"))) })
	odd := rapid.OneOf(control, rapid.SampledFrom([]string{"<", ">", ":", `"`, "|", "?", "*", `\`, "\x1b[31m", "\r\n", "\x7f", "\u0085"}))
	return rapid.OneOf(
		device,
		rapid.Custom(func(t *rapid.T) string { return device.Draw(t, "device") + "." + word.Draw(t, "extension") }),
		rapid.Custom(func(t *rapid.T) string {
			return device.Draw(t, "device") + rapid.SampledFrom([]string{" ", ".", " .txt"}).Draw(t, "end")
		}),
		rapid.Custom(func(t *rapid.T) string {
			return word.Draw(t, "word") + rapid.SampledFrom([]string{".", " ", ". .", "  "}).Draw(t, "end")
		}),
		rapid.Custom(func(t *rapid.T) string { return word.Draw(t, "word") + odd.Draw(t, "odd") + word.Draw(t, "word") }),
		rapid.Custom(func(t *rapid.T) string {
			return word.Draw(t, "word") + rapid.SampledFrom([]string{"\xff", "\xc3", "\xed\xa0\x80", "\xc0\xaf", "\xf5\x80\x80\x80"}).Draw(t, "bytes")
		}),
	)
}

// oddEntries put something into a folder that is no file of a package.
var oddEntries = map[string]func(name string) error{
	"link to a file":         func(name string) error { return os.Symlink("MigUser.xml", name) },
	"link to its own folder": func(name string) error { return os.Symlink(".", name) },
	"link to the root":       func(name string) error { return os.Symlink("/", name) },
	"link to nothing":        func(name string) error { return os.Symlink("nothing", name) },
	"link to itself":         func(name string) error { return os.Symlink(filepath.Base(name), name) },
	"link out of the tree":   func(name string) error { return os.Symlink("/etc/passwd", name) },
	"pipe":                   func(name string) error { return syscall.Mkfifo(name, 0o666) },
	"device":                 func(name string) error { return syscall.Mknod(name, syscall.S_IFCHR|0o666, 1<<8|5) }, // /dev/zero: it never ends
	"socket":                 func(name string) error { return syscall.Mknod(name, syscall.S_IFSOCK|0o666, 0) },
	"the same in other case": func(name string) error {
		return os.WriteFile(filepath.Join(filepath.Dir(name), "mIgUsEr.xml"), nil, 0o666)
	},
	"composed and decomposed": func(name string) error { return twins(filepath.Dir(name)) },
}

// twins are two names that look the same.
func twins(dir string) error {
	if err := os.WriteFile(filepath.Join(dir, "\u00e9.xml"), nil, 0o666); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "e\u0301.xml"), nil, 0o666)
}

// refuses makes sure that a kit is refused, legibly and with a JSON document
// that can be read, and that nothing is made of it.
func refuses(t *testing.T, rt failing, program, kit string) {
	t.Helper()
	dir := t.TempDir()
	library := filepath.Join(dir, "lib")
	for _, args := range [][]string{
		{"validate", kit},
		{"refresh", "--source", kit, "--library", library},
		{"stage", "--source", kit, "--library", library, "--json"},
		{"refresh", "--source", kit, "--library", library, "--dry-run", "--json"},
	} {
		r := platform.Run(t, append([]string{program}, args...)...)
		want(rt, r, 4)
		if what := Unprintable(r); what != "" {
			rt.Errorf("%v prints %s", args, what)
		}
		if args[len(args)-1] == "--json" && !json.Valid([]byte(r.Stdout)) {
			rt.Errorf("%v: no JSON document: %s", args, r.Stdout)
		}
	}
	if _, err := os.Lstat(library); !os.IsNotExist(err) {
		rt.Errorf("a library was made (%v)", err)
	}
}

// A tree with an entry that cannot become part of a package is refused before
// anything is copied, whatever the entry, wherever it is.
func TestHostileTrees(t *testing.T) {
	t.Parallel()
	program := platform.Program(t, "linux")
	kit := platform.TinyKit(t, filepath.Join(t.TempDir(), "kit"), "")
	where := rapid.SampledFrom([]string{"amd64", "amd64/DLManifests", "amd64/ReplacementManifests"})
	t.Run("names", func(t *testing.T) {
		rapid.Check(t, func(rt *rapid.T) {
			dir, name := filepath.Join(kit, where.Draw(rt, "where")), badNames().Draw(rt, "name")
			entry := filepath.Join(dir, name)
			if rapid.Bool().Draw(rt, "folder") {
				platform.Write(t, filepath.Join(entry, "file.xml"), nil)
			} else {
				platform.Write(t, entry, nil)
			}
			defer os.RemoveAll(entry)
			refuses(t, rt, program, kit)
		})
	})
	for kind, make := range oddEntries {
		t.Run(kind, func(t *testing.T) {
			kit := platform.TinyKit(t, filepath.Join(t.TempDir(), "kit"), "")
			if err := make(filepath.Join(kit, "amd64", "entry")); err != nil {
				if kind == "device" {
					platform.Missing(t, "devices cannot be made here: "+err.Error())
				}
				t.Fatal(err)
			}
			refuses(t, t, program, kit)
		})
	}
}

// Names that Windows bears and a terminal does not are taken, and never
// printed as they are.
func TestOddNames(t *testing.T) {
	t.Parallel()
	program, dir := platform.Program(t, "linux"), t.TempDir()
	kit, library := platform.TinyKit(t, filepath.Join(dir, "kit"), ""), filepath.Join(dir, "lib")
	for _, name := range []string{"\u202etad.txt", "\u2028", "\u00a0", "\ufeff", "'; rm -rf $HOME; '", "$(x)`x`", "-n", "\U0001f4a5", "%SystemRoot%", "e\u0301\u0323"} {
		platform.Write(t, filepath.Join(kit, "amd64", "x"+name), nil)
	}
	for _, args := range [][]string{
		{"validate", kit, "--verbose"}, {"refresh", "--source", kit, "--library", library, "--verbose"}, {"verify", "--library", library, "--verbose"},
		{"verify", "--library", library, "--source", kit, "--json"},
	} {
		r := platform.Run(t, append([]string{program}, args...)...).Want(t, 0)
		if what := Unprintable(r); what != "" {
			t.Errorf("%v prints %s", args, what)
		}
	}
}

// badPaths lead out of a bag, or mean another thing to Windows.
func badPaths() *rapid.Generator[string] {
	return rapid.SampledFrom([]string{
		"../victim", "data/../../victim", "/etc/passwd", "C:victim", `C:\victim`, `\\srv\share\victim`, `\\?\C:\victim`, `data\amd64\x`,
		"data/a:b", "data/%2e%2e/victim", "data/%2e%5cvictim", "data//x", "data/./x", "./data/x", "data/", "data", "", " data/x", "data/x\x00",
		"data/amd64/CON", "data/amd64/x.", "data/\xff", "data/amd64/" + strings.Repeat("n", 300), strings.Repeat("data/", 2000) + "x", "~/x", "data/amd64/\u202ex",
	})
}

// A manifest that somebody wrote anew, in whatever way, never verifies, and
// leads nowhere.
func TestHostileManifests(t *testing.T) {
	t.Parallel()
	program, dir := platform.Program(t, "linux"), t.TempDir()
	library := filepath.Join(dir, "lib")
	platform.Run(t, program, "refresh", "--source", platform.TinyKit(t, filepath.Join(dir, "kit"), ""), "--library", library).Want(t, 0)
	release := filepath.Join(library, platform.Current(t, library))
	manifest := filepath.Join(release, "manifest-sha256.txt")
	good, err := os.ReadFile(manifest)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(good), "\n"), "\n")
	rapid.Check(t, func(rt *rapid.T) {
		changed := append([]string(nil), lines...)
		at := rapid.IntRange(0, len(lines)-1).Draw(rt, "line")
		sum, path, _ := strings.Cut(lines[at], "  ")
		end := "\n"
		switch rapid.SampledFrom([]string{"path", "sum", "twice", "missing", "extra", "mark", "ends", "zeros", "garbage"}).Draw(rt, "change") {
		case "path":
			changed[at] = sum + "  " + badPaths().Draw(rt, "path")
		case "sum":
			changed[at] = sum[:rapid.IntRange(0, 63).Draw(rt, "digits")] + "  " + path
		case "twice":
			changed = append(changed, lines[at])
		case "missing":
			changed = append(changed[:at], changed[at+1:]...)
		case "extra":
			changed = append(changed, sum+"  data/zzz/not-there")
		case "mark":
			changed[0] = "\ufeff" + changed[0]
		case "ends":
			end = "\r\n"
		case "zeros":
			changed[at] = strings.Repeat("0", 64) + "  " + path
		case "garbage":
			changed[at] = rapid.String().Draw(rt, "line's text")
			if changed[at] == lines[at] {
				rt.Skip()
			}
		}
		platform.Write(t, manifest, []byte(strings.Join(changed, end)+end))
		defer platform.Write(t, manifest, good)
		for _, args := range [][]string{{"verify", release}, {"verify", "--library", library, "--json"}} {
			r := platform.Run(t, append([]string{program}, args...)...)
			if r.Status != 4 && r.Status != 5 {
				rt.Fatalf("%v: exit status %d, want 4 or 5\n%s%s", args, r.Status, r.Stdout, r.Stderr)
			}
			if what := Unprintable(r); what != "" {
				rt.Errorf("%v prints %s", args, what)
			}
		}
	})
}

// The small files of a library, whatever is in them, end a run with a status
// that fits and a message; nothing is removed that was there.
func TestHostileLibraryFiles(t *testing.T) {
	t.Parallel()
	program, dir := platform.Program(t, "linux"), t.TempDir()
	library := filepath.Join(dir, "lib")
	kit := platform.TinyKit(t, filepath.Join(dir, "kit"), "")
	platform.Run(t, program, "refresh", "--source", kit, "--library", library).Want(t, 0)
	release := platform.Current(t, library)
	contents := rapid.OneOf(
		rapid.SampledFrom([]string{"", "{}", "[]", "null", `{"format":1}`, `{"format":"usmtpkg library","version":99,"library":"x"}`, "../..", "10.0.1-../..\n",
			release + "\n" + release + "\n", strings.Repeat("[", 100_000), strings.Repeat("x", 200_000), "\xff\xfe{\x00", `{"format":"usmtpkg lock","version":2}`}),
		rapid.String(),
	)
	// A lock of garbage counts as that of a run that begins: 7, at once.
	statuses := map[string][]int{"usmtpkg.json": {6}, "current": {0}, ".lock": {6, 7}, release + "/release.json": {5}}
	rapid.Check(t, func(rt *rapid.T) {
		name := rapid.SampledFrom([]string{"usmtpkg.json", "current", ".lock", release + "/release.json"}).Draw(rt, "file")
		content := contents.Draw(rt, "content")
		file := filepath.Join(library, filepath.FromSlash(name))
		good, err := os.ReadFile(file)
		if err != nil && name != ".lock" {
			rt.Fatal(err)
		}
		platform.Write(t, file, []byte(content))
		r := platform.Run(t, program, "refresh", "--source", kit, "--library", library, "-q")
		fits := false
		for _, status := range statuses[name] {
			fits = fits || r.Status == status
		}
		if !fits {
			rt.Fatalf("%s holds %.200q: exit status %d, want one of %v\n%s", name, content, r.Status, statuses[name], r.Stderr)
		}
		if what := Unprintable(r); what != "" {
			rt.Errorf("refresh prints %s", what)
		}
		if l := platform.Run(t, program, "list", "--library", library); l.Status != 0 && l.Status != 4 && l.Status != 6 {
			rt.Errorf("list: exit status %d\n%s", l.Status, l.Stderr)
		}
		if name == ".lock" {
			err = os.Remove(file) // which has to be there still
		} else {
			err = os.WriteFile(file, good, 0o666)
		}
		if err != nil {
			rt.Fatal(err)
		}
		want(rt, platform.Run(t, program, "verify", "--library", library), 0)
	})
}

// Settings of whatever kind are used, or refused with 2 or 4, and leave no
// trace; a program that ends otherwise has a fault.
func TestHostileSettings(t *testing.T) {
	t.Parallel()
	program, dir := platform.Program(t, "linux"), t.TempDir()
	kit := platform.TinyKit(t, filepath.Join(dir, "kit"), "")
	values := rapid.OneOf(
		rapid.SampledFrom([]string{"USMT", "'it''s'", `"a\nb"`, "$(calc)", "`calc`", "[x]", "%TEMP%", `'\\srv\share'`, "*anchor", "!!python/object x", "&a [*a]", "{", "1e999", "~", "|", strings.Repeat("a", 5000)}),
		rapid.String(),
	)
	key := rapid.SampledFrom([]string{"name", "library", "source", "package-path", "comment", "package", "capture", "workers", "verify", "unknown", "name: &x", "<<"})
	rapid.Check(t, func(rt *rapid.T) {
		text := ""
		for range rapid.IntRange(1, 3).Draw(rt, "lines") {
			text += key.Draw(rt, "key") + ": " + values.Draw(rt, "value") + "\n"
		}
		file, library := filepath.Join(dir, "usmtpkg.yaml"), filepath.Join(t.TempDir(), "lib")
		platform.Write(t, file, []byte(text))
		r := platform.Run(t, program, "refresh", "--source", kit, "--library", library, "--config", file)
		switch r.Status {
		case 0:
			want(rt, platform.Run(t, program, "verify", "--library", library), 0)
		case 2, 4:
			if _, err := os.Lstat(library); !os.IsNotExist(err) {
				rt.Errorf("a library was made (%v)", err)
			}
		default:
			rt.Fatalf("%q: exit status %d\n%s", text, r.Status, r.Stderr)
		}
		if what := Unprintable(r); what != "" {
			rt.Errorf("%q: refresh prints %s", text, what)
		}
	})
}
