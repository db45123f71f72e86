package platform

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"usmtpkg/locate/samplekit"
)

// optional are files of the sample kit that a release need not have.
var optional = regexp.MustCompile(`amd64/(Config_|SFLIST(RS1|W10|WB|WT)|SFPAT(RS1|W10|WB|WT)|appextagent|wimgapi|ReplacementManifests[78]/|(DL|Replacement)Manifests/Sample-(K|N|T|S))`)

// TinyKit writes a kit below dir that is as small as the validator takes it,
// and returns dir.
func TinyKit(tb testing.TB, dir, version string) string {
	tb.Helper()
	for name, content := range samplekit.Files(samplekit.Options{Arches: []string{"amd64"}, Version: version}) {
		if !optional.MatchString(name) {
			Write(tb, filepath.Join(dir, filepath.FromSlash(name)), content)
		}
	}
	return dir
}

// A Site is a library with one release, which is active, and a newer kit that
// is not in it. Whatever goes wrong with the newer one, the library has to
// stay as it is.
type Site struct {
	Program string
	Library string // the folder, on a file system that can be relied on
	Next    string // the newer kit
	Old     string // the name of the release
	before  map[string]string
}

// BigFile is a file of the newer kit that takes several reads and writes.
const (
	BigFile = "amd64/large.dat"
	bigSize = 400_000 // in bytes
)

// NewSite makes a site below dir: the folders lib, kit and next.
func NewSite(tb testing.TB, dir string) *Site {
	tb.Helper()
	s := &Site{Program: Program(tb, "linux"), Library: filepath.Join(dir, "lib"), Next: filepath.Join(dir, "next")}
	kit := Kit(tb, filepath.Join(dir, "kit"), samplekit.Options{Arches: []string{"amd64"}})
	Run(tb, s.Program, "refresh", "--source", kit, "--library", s.Library).Want(tb, 0)
	Kit(tb, s.Next, samplekit.Options{Arches: []string{"amd64"}, Version: "10.0.65001.1"})
	Write(tb, filepath.Join(s.Next, filepath.FromSlash(BigFile)), []byte(strings.Repeat("0123456789abcdef", bigSize/16)))
	s.Old = Current(tb, s.Library)
	s.before = Snapshot(tb, s.Library)
	return s
}

// Refresh takes the newer kit into the library, or into the library and from
// the source that args name.
func (s *Site) Refresh(tb testing.TB, args ...string) Result {
	tb.Helper()
	call := []string{s.Program, "refresh", "--source", s.Next}
	if !slices.Contains(args, "--library") { // a second one would be written as well
		call = append(call, "--library", s.Library)
	}
	return Run(tb, append(call, args...)...)
}

// Untouched fails the test unless the library is as it was, to the last byte.
func (s *Site) Untouched(tb testing.TB) {
	tb.Helper()
	Same(tb, s.before, Snapshot(tb, s.Library))
}

// Intact fails the test unless the release that was there first is as it was.
func (s *Site) Intact(tb testing.TB) {
	tb.Helper()
	was := maps.Clone(s.before)
	is := Snapshot(tb, s.Library)
	for _, m := range []map[string]string{was, is} {
		maps.DeleteFunc(m, func(name, _ string) bool { return !strings.HasPrefix(name, s.Old) })
	}
	Same(tb, was, is)
}

// Recovers fails the test unless a run without faults makes the library what
// it should be: both releases, the newer one active, and nothing else.
func (s *Site) Recovers(tb testing.TB, args ...string) {
	tb.Helper()
	s.Refresh(tb, args...).Want(tb, 0)
	s.Complete(tb)
}

// Complete fails the test unless the library holds both releases, whole, the
// newer one active, and nothing else.
func (s *Site) Complete(tb testing.TB) {
	tb.Helper()
	s.Intact(tb)
	now := Current(tb, s.Library)
	if now == s.Old {
		tb.Errorf("%s is still the active release", now)
	}
	Run(tb, s.Program, "verify", "--library", s.Library, "--source", s.Next).Want(tb, 0)
	top := []string{"usmtpkg.json", "current", "definitions", s.Old, now}
	for name := range Snapshot(tb, s.Library) {
		if first, _, _ := strings.Cut(name, "/"); !slices.Contains(top, first) || strings.HasSuffix(name, ".partial") {
			tb.Errorf("%s is left in the library", name)
		}
	}
}

// Current is the name of a library's active release.
func Current(tb testing.TB, library string) string {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join(library, "current"))
	if err != nil {
		tb.Fatal(err)
	}
	return strings.TrimSpace(string(b))
}

// Snapshot is what lies in a folder: kind, rights and content, but no times.
func Snapshot(tb testing.TB, dir string) map[string]string {
	tb.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || p == dir {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		var what []byte
		switch {
		case d.Type().IsRegular():
			what, err = os.ReadFile(p)
		case d.Type()&fs.ModeSymlink != 0:
			var target string
			target, err = os.Readlink(p)
			what = []byte(target)
		}
		name, _ := filepath.Rel(dir, p)
		found[filepath.ToSlash(name)] = fmt.Sprintf("%v, SHA-256 %x", info.Mode(), sha256.Sum256(what))
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return found
}

// Same fails the test unless two snapshots are equal.
func Same(tb testing.TB, was, is map[string]string) {
	tb.Helper()
	for name, what := range was {
		if is[name] != what {
			tb.Errorf("%s: %q, want %q as before", name, is[name], what)
		}
	}
	for name := range is {
		if _, ok := was[name]; !ok {
			tb.Errorf("%s was not there before", name)
		}
	}
}
