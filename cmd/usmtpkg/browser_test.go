package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"usmtpkg/cmd/usmtpkg/report"
	"usmtpkg/locate/samplekit"
	"usmtpkg/stage"
	"usmtpkg/testdata/doccheck"
)

// inBrowser opens a page in a real browser, which looks at it and uses it. With USMTPKG_PICTURES
// pictures of it go to that folder.
func inBrowser(t *testing.T, page string, rows int) {
	t.Helper()
	dir := filepath.Join("..", "..", "testdata", "browser")
	if !doccheck.Has(t, "node", "`make browser` was not run", filepath.Join(dir, "node_modules", "playwright-core")) ||
		!doccheck.Has(t, "chromium", "Debian's package chromium is not installed", "") {
		return
	}
	args := []string{"check.mjs", page, strconv.Itoa(rows)}
	if pictures := os.Getenv("USMTPKG_PICTURES"); pictures != "" {
		pictures = filepath.Join(pictures, strings.ReplaceAll(t.Name(), "/", "-"))
		if err := os.MkdirAll(pictures, 0o777); err != nil {
			t.Fatal(err)
		}
		args = append(args, pictures)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute) // a browser that hangs is a fault
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.HasSuffix(string(out), "ok\n") {
		t.Errorf("%s in the browser: %v\n%s", page, err, out)
	}
	t.Logf("%s", out)
}

// hostileNames are file names that a page could trip over, and that a kit can have.
func hostileNames() []string {
	names := []string{"<img src=x onerror=alert(1)>.xml", "a&lt;b&amp;.man", "\u202etxt.man", "שלום.man", strings.Repeat("ä", 120) + ".man", "'\"`.man", "--><script>alert(1)<!--.man"}
	if runtime.GOOS == "windows" {
		return names[2:5]
	}
	return append(names, "</style><script>alert(1)</script>.man"[:24]+".man")
}

// twoReleases makes a library with two releases, the second with other components.
func twoReleases(t *testing.T) (lib, older, newer string) {
	t.Helper()
	first, second := kitDir(t, "10.0.65000.1"), kitDir(t, "10.0.65001.1")
	for _, arch := range []string{"amd64", "x86"} {
		if err := os.Remove(filepath.Join(second, arch, "ReplacementManifests", "Sample-Network-repl.man")); err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(second, arch, "ReplacementManifests", "Sample-TimeZones-repl.man")
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(strings.ReplaceAll(string(b), "[*]", "[Zone]")), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	lib = libraryWith(t, first)
	var s session
	if got := s.run(t, "refresh", "--source", second, "--library", lib); got != exitOK {
		t.Fatalf("status %d\n%s", got, &s.stderr)
	}
	l, err := stage.Open(lib)
	if err != nil {
		t.Fatal(err)
	}
	names, err := l.Releases()
	if err != nil || len(names) != 2 {
		t.Fatalf("releases %v, %v", names, err)
	}
	return lib, names[0], names[1]
}

// The page about a release, and the one about two kits, in a browser.
func TestPagesInBrowser(t *testing.T) {
	lib, older, newer := twoReleases(t)
	dir := t.TempDir()
	var s session
	if got := s.run(t, "report", "--library", lib, "--output", filepath.Join(dir, "release.html")); got != exitOK {
		t.Fatalf("status %d\n%s", got, &s.stderr)
	}
	files := len(samplekit.Files(samplekit.Options{Arches: []string{"amd64", "x86"}})) - 2
	t.Run("release", func(t *testing.T) { inBrowser(t, filepath.Join(dir, "release.html"), files) })
	var d session
	if got := d.run(t, "diff", older, newer, "--library", lib, "--format", "html"); got != exitOK {
		t.Fatalf("status %d\n%s", got, &d.stderr)
	}
	page := filepath.Join(dir, "diff.html")
	if err := os.WriteFile(page, d.stdout.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	t.Run("diff", func(t *testing.T) { inBrowser(t, page, -1) })
}

// Names that look like markup, turn the direction of writing, or do not fit, stay text.
func TestHostilePageInBrowser(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.html")
	names := hostileNames()
	doc := pageOf(names)
	writePage(t, page, doc)
	inBrowser(t, page, len(names))
	b, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if strings.ContainsRune(string(b), '\u202e') || strings.Count(string(b), "<script") != 1 || strings.Contains(string(b), "<img") {
		t.Error("a name is more than text")
	}
}

// A page with 100,000 files stays a page that opens: its table is in parts. With USMTPKG_LARGE the browser
// opens that one too, and says how long it took.
func TestLargePageInBrowser(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.html")
	names := make([]string, 100_000)
	const some = 5200
	for i := range names {
		names[i] = "ReplacementManifests/Microsoft-Windows-Component-" + strconv.Itoa(i) + "-Replacement.man"
	}
	part := filepath.Join(t.TempDir(), "part.html")
	writePage(t, part, pageOf(names[:some]))
	inBrowser(t, part, some)
	writePage(t, page, pageOf(names))
	info, err := os.Stat(page)
	if err != nil || info.Size() >= 15<<20 {
		t.Fatalf("%d bytes, %v, want less than 15 MiB", info.Size(), err)
	}
	if os.Getenv("USMTPKG_LARGE") != "" {
		inBrowser(t, page, len(names))
	}
	t.Logf("%d bytes", info.Size())
}

// pageOf is a page about a release with these files.
func pageOf(names []string) *report.Page {
	rec := stage.Release{Name: "10.0.65000.1-0123456789ab", USMTVersion: "10.0.65000.1", Arches: []string{"amd64"}, Created: time.Date(2026, 11, 29, 8, 0, 0, 0, time.UTC), FileCount: len(names)}
	about := report.PageAbout{Now: rec.Created, Record: report.NewShow("lib", rec)}
	about.Record.Source = report.Origin{Path: names[0], How: names[len(names)-1]}
	for i, name := range names {
		f := report.PageFile{Change: "changed"}
		f.Path, f.Size, f.Proof, f.SHA256, f.FileVersion = "amd64/"+name, int64(i*i), "catalog", strings.Repeat("0123456789abcdef", 4), "10.0.65000.1"
		about.Files = append(about.Files, f)
	}
	doc := &report.Page{Head: report.NewHead("report")}
	doc.Fill(about)
	return doc
}

func writePage(t *testing.T, name string, doc *report.Page) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := report.WriteHTML(f, doc); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
