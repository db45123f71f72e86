package model

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"usmtpkg/testdata/platform"
	"usmtpkg/testdata/platform/crash"
)

// TestMain sets how much is tried, unless the command line does.
func TestMain(m *testing.M) {
	for name, value := range map[string]string{"rapid.checks": "150", "rapid.nofailfile": "true"} {
		if err := flag.Set(name, value); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// A kit that can be taken in, and what the model knows of its release.
type source struct {
	dir     string
	version string
	release string // its name
}

// A machine is a library and the model of it.
type machine struct {
	t        *testing.T
	program  string
	dir      string
	kits     []source
	releases map[string]map[string]string // published ones, as they were
	damaged  map[string]damage
	current  string
	foreign  map[string]string // what others put into the library
	pinned   string            // a release that is never pruned; empty: none
}

type damage struct {
	file    string
	content []byte // as it was
}

func (m *machine) run(args ...string) platform.Result {
	return platform.Run(m.t, append([]string{m.program}, args...)...)
}

// failing is a test, whoever runs it.
type failing interface {
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// want fails unless a run ended with that status.
func want(t failing, r platform.Result, status int) {
	if r.Status != status {
		t.Fatalf("exit status %d, want %d\n%s%s", r.Status, status, r.Stdout, r.Stderr)
	}
}

// kits are three versions, one of them in two forms of the same size.
func kits(t *testing.T, program string) []source {
	t.Helper()
	dir := t.TempDir()
	var all []source
	for i, version := range []string{"10.0.65000.1", "10.0.65001.1", "10.0.65001.1", "10.0.65002.7"} {
		s := source{dir: platform.TinyKit(t, filepath.Join(dir, fmt.Sprint("kit", i)), version), version: version}
		platform.Write(t, filepath.Join(s.dir, "amd64", "form.dat"), []byte{byte('a' + i)})
		library := filepath.Join(dir, fmt.Sprint("lib", i))
		platform.Run(t, program, "refresh", "--source", s.dir, "--library", library).Want(t, 0)
		s.release = platform.Current(t, library)
		all = append(all, s)
	}
	return all
}

// expected is the status that taking in a kit comes to.
func (m *machine) expected(k source, downgrade, changed bool) int {
	active, _, _ := strings.Cut(m.current, "-")
	_, damaged := m.damaged[k.release]
	switch {
	case !downgrade && k.version < active: // of the same length, all of them
		return 4
	case damaged:
		return 5
	case !changed && m.differs(k, active):
		return 4
	}
	return 0
}

// differs tells a kit that equals no release of its version that it has to equal.
func (m *machine) differs(k source, active string) bool {
	if k.version == active {
		return k.release != m.current
	}
	for name := range m.releases {
		if strings.HasPrefix(name, k.version+"-") && m.releases[k.release] == nil {
			return true
		}
	}
	return false
}

// take runs refresh or stage.
func (m *machine) take(t *rapid.T, command string) {
	k, downgrade, changed := rapid.SampledFrom(m.kits).Draw(t, "kit"), rapid.Bool().Draw(t, "downgrade"), rapid.Bool().Draw(t, "changed")
	args := []string{command, "--source", k.dir, "--library", m.dir}
	if downgrade {
		args = append(args, "--allow-downgrade")
	}
	if changed {
		args = append(args, "--allow-changed")
	}
	status := m.expected(k, downgrade, changed)
	want(t, m.run(args...), status)
	if status != 0 {
		return
	}
	m.learn(k.release)
	if command == "refresh" {
		m.current = k.release
	}
}

// learn notes a release as it was published.
func (m *machine) learn(name string) {
	if m.releases[name] == nil {
		m.releases[name] = platform.Snapshot(m.t, filepath.Join(m.dir, name))
	}
}

func (m *machine) refresh(t *rapid.T) { m.take(t, "refresh") }
func (m *machine) stage(t *rapid.T)   { m.take(t, "stage") }

// plan is a dry run: it says what would be, and nothing is.
func (m *machine) plan(t *rapid.T) {
	k := rapid.SampledFrom(m.kits).Draw(t, "kit")
	want(t, m.run("refresh", "--source", k.dir, "--library", m.dir, "--dry-run", "--allow-downgrade"), m.expected(k, true, false))
}

// kill kills a refresh somewhere. What it published before is known by then.
func (m *machine) kill(t *rapid.T) {
	k, at := rapid.SampledFrom(m.kits).Draw(t, "kit"), rapid.IntRange(4, 190).Draw(t, "call")
	if _, damaged := m.damaged[k.release]; damaged {
		t.Skip("nothing would be written")
	}
	before := m.current
	r := crash.Trace(m.t, m.dir, at, m.program, "refresh", "--source", k.dir, "--library", m.dir, "--allow-downgrade", "--allow-changed", "-q")
	if !r.Killed && r.Status != 0 {
		t.Fatalf("exit status %d, want 0\n%s", r.Status, r.Stderr)
	}
	if _, err := os.Stat(filepath.Join(m.dir, k.release)); err == nil {
		m.learn(k.release)
	}
	m.current = m.active(t)
	if m.current != before && m.current != k.release || m.current != "" && m.releases[m.current] == nil {
		t.Fatalf("active release %q after the crash, want %q or %q", m.current, before, k.release)
	}
	if last := len(r.Calls) - 1; r.Killed && r.Calls[last] == "pwrite64 /.lock" {
		old := time.Now().Add(-time.Minute) // a torn lock is watched once it is old
		if err := os.Chtimes(filepath.Join(m.dir, ".lock"), old, old); err != nil {
			t.Fatal(err)
		}
	}
}

// active reads which release is active.
func (m *machine) active(t *rapid.T) string {
	b, err := os.ReadFile(filepath.Join(m.dir, "current"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(b))
}

// some draws a release, damaged or not.
func (m *machine) some(t *rapid.T, damaged bool) string {
	var names []string
	for name := range m.releases {
		if _, is := m.damaged[name]; is == damaged {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		t.Skip("there is none")
	}
	slices.Sort(names)
	return rapid.SampledFrom(names).Draw(t, "release")
}

// tamper changes one byte of a release.
func (m *machine) tamper(t *rapid.T) {
	name := m.some(t, false)
	data := filepath.Join(m.dir, name, "data", "amd64")
	file := filepath.Join(data, rapid.SampledFrom([]string{"scanstate.exe", "MigUser.xml", "DLManifests/Sample-Desktop-DL.man", "form.dat"}).Draw(t, "file"))
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	changed := slices.Clone(content)
	changed[rapid.IntRange(0, len(content)-1).Draw(t, "at")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
	if err := os.WriteFile(file, changed, 0o666); err != nil {
		t.Fatal(err)
	}
	m.damaged[name] = damage{file, content}
}

// mend undoes that.
func (m *machine) mend(t *rapid.T) {
	name := m.some(t, true)
	if err := os.WriteFile(m.damaged[name].file, m.damaged[name].content, 0o666); err != nil {
		t.Fatal(err)
	}
	delete(m.damaged, name)
}

// discard moves a release out of the library, as the program advises.
func (m *machine) discard(t *rapid.T) {
	name := m.some(t, true)
	if name == m.current {
		t.Skip("it is active")
	}
	if err := os.Rename(filepath.Join(m.dir, name), filepath.Join(m.t.TempDir(), name)); err != nil {
		t.Fatal(err)
	}
	delete(m.damaged, name)
	delete(m.releases, name)
}

// pin pins a release, and unpins the one before.
func (m *machine) pin(t *rapid.T) {
	next := m.some(t, false)
	if m.pinned != "" {
		want(t, m.run("unpin", m.pinned, "--library", m.dir), 0)
	}
	m.pinned = next
	want(t, m.run("pin", m.pinned, "--library", m.dir), 0)
}

// prune removes all but the active release and the pinned one, or is killed at that.
func (m *machine) prune(t *rapid.T) {
	if m.current == "" || m.releases[m.current] == nil {
		t.Skip("nothing is active")
	}
	keep := rapid.IntRange(1, 3).Draw(t, "keep")
	old := m.newest()[min(keep, len(m.releases)):]
	old = slices.DeleteFunc(old, func(name string) bool { return name == m.current || name == m.pinned })
	args := []string{"prune", "--keep", fmt.Sprint(keep), "--yes", "--library", m.dir}
	killed := false
	if at := rapid.IntRange(-60, 60).Draw(t, "call"); at < 0 {
		want(t, m.run(args...), 0)
	} else {
		r := crash.Trace(m.t, m.dir, at, append([]string{m.program}, args...)...)
		killed = r.Killed
		if killed && r.Calls[len(r.Calls)-1] == "pwrite64 /.lock" {
			past := time.Now().Add(-time.Minute)
			if err := os.Chtimes(filepath.Join(m.dir, ".lock"), past, past); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, name := range old {
		_, err := os.Stat(filepath.Join(m.dir, name))
		if err == nil && killed {
			continue
		}
		if err == nil {
			t.Fatalf("release %s was not pruned", name)
		}
		delete(m.releases, name)
		delete(m.damaged, name)
	}
}

// newest are the releases by age, as list has them.
func (m *machine) newest() (names []string) {
	var doc struct {
		Releases []struct{ Release string }
	}
	if err := json.Unmarshal([]byte(m.run("list", "--library", m.dir, "--json").Stdout), &doc); err != nil {
		m.t.Fatal(err)
	}
	for _, r := range doc.Releases {
		names = append(names, r.Release)
	}
	return names
}

// meddle puts something into the library that is not the program's.
func (m *machine) meddle(t *rapid.T) {
	name := rapid.SampledFrom([]string{"notes.txt", "10.0.65001.1-0123456789ab.old/x", ".staging-mine/x", ".staging-0123456789abcdef/diary.txt", "definitions/mine.partial"}).Draw(t, "name")
	platform.Write(m.t, filepath.Join(m.dir, name), []byte(name))
	m.foreign[name] = name
}

// verify verifies a release, or what is active.
func (m *machine) verify(t *rapid.T) {
	if m.current == "" {
		t.Skip("nothing is active")
	}
	_, damaged := m.damaged[m.current]
	want(t, m.run("verify", "--library", m.dir), map[bool]int{false: 0, true: 5}[damaged])
	for _, name := range slices.Sorted(maps.Keys(m.releases)) {
		_, damaged := m.damaged[name]
		want(t, m.run("verify", filepath.Join(m.dir, name)), map[bool]int{false: 0, true: 5}[damaged])
	}
}

// check holds the library against the model after every step.
func (m *machine) check(t *rapid.T) {
	if got := m.active(t); got != m.current {
		t.Fatalf("active release %q, want %q", got, m.current)
	}
	entries, err := os.ReadDir(m.dir)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	for _, e := range entries {
		name := e.Name()
		if strings.HasPrefix(name, "10.") && m.releases[name] == nil && !strings.HasSuffix(name, ".old") {
			t.Fatalf("%s is there and nobody published it", name)
		}
	}
	for name, was := range m.releases {
		is := platform.Snapshot(m.t, filepath.Join(m.dir, name))
		if d, damaged := m.damaged[name]; damaged {
			rel, err := filepath.Rel(filepath.Join(m.dir, name), d.file)
			if err != nil || is[filepath.ToSlash(rel)] == was[filepath.ToSlash(rel)] {
				t.Fatalf("%s in %s was mended by somebody (%v)", rel, name, err)
			}
			is[filepath.ToSlash(rel)] = was[filepath.ToSlash(rel)]
		}
		if !maps.Equal(is, was) {
			t.Fatalf("release %s changed", name)
		}
	}
	for name, content := range m.foreign {
		if b, err := os.ReadFile(filepath.Join(m.dir, name)); err != nil || string(b) != content {
			t.Fatalf("%s, which is not the program's: %q, %v", name, b, err)
		}
	}
}

// Whatever happens to a library, in any order, it is what the model says.
func TestLibrary(t *testing.T) {
	t.Parallel()
	program := platform.Program(t, "linux")
	all := kits(t, program)
	const lives = 20 // each takes seconds, unlike what else is tried here
	tried := 0
	rapid.Check(t, func(rt *rapid.T) {
		if tried++; tried > lives && !t.Failed() {
			return
		}
		m := &machine{
			t: t, program: program, dir: filepath.Join(t.TempDir(), "lib"), kits: all,
			releases: map[string]map[string]string{}, damaged: map[string]damage{}, foreign: map[string]string{},
		}
		want(rt, m.run("refresh", "--source", all[0].dir, "--library", m.dir), 0)
		m.learn(all[0].release)
		m.current = all[0].release
		rt.Repeat(map[string]func(*rapid.T){
			"refresh": m.refresh, "stage": m.stage, "plan": m.plan, "kill": m.kill, "tamper": m.tamper, "mend": m.mend,
			"discard": m.discard, "meddle": m.meddle, "prune": m.prune, "pin": m.pin, "verify": m.verify, "": m.check,
		})
		// In the end one run puts everything right, and leaves nothing of those before it.
		for name := range m.damaged {
			if err := os.WriteFile(m.damaged[name].file, m.damaged[name].content, 0o666); err != nil {
				rt.Fatal(err)
			}
		}
		want(rt, m.run("refresh", "--source", all[3].dir, "--library", m.dir), 0)
		for name := range platform.Snapshot(t, m.dir) {
			first, _, _ := strings.Cut(name, "/")
			mine := first == ".staging-mine" || first == ".staging-0123456789abcdef" || name == "definitions/mine.partial"
			if (strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".partial")) && !mine {
				rt.Errorf("%s is left in the library", name)
			}
		}
	})
}
