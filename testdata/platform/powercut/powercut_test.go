package powercut

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usmtpkg/testdata/platform"
)

const (
	size    = 32 << 20 // of the disk, in bytes
	atATime = 16       // that are judged; those with a torn lock wait most of their time
)

// A trial is a run of a job on a disk whose power is cut.
type trial struct {
	job
	program string
	old     string // the first release
	kit     string // the source of another
	content string // a content library of that, on another disk
	active  string // the release that is active after the run
	define  []byte // a file of its definition then
}

// Wherever the power is cut, every release is whole or not there, the active
// one is there, what the program reported as done stays, and the next run succeeds.
func TestPowerCut(t *testing.T) {
	tests := []struct {
		name    string
		options string // of the mount
		program func(t *testing.T) string
	}{
		{"as it is", "data=ordered", func(t *testing.T) string { t.Helper(); return platform.Program(t, "linux") }},
		// Every file is flushed by itself, as on a share; and the file system helps with nothing.
		{"every file by itself", "data=writeback,noauto_da_alloc", func(t *testing.T) string {
			t.Helper()
			return altered(t, "return hasSyncFS(dir)", "return false")
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			program := tt.program(t)
			for name, j := range jobs {
				t.Run(name, func(t *testing.T) {
					bad, all := try(t, program, j, tt.options)
					for _, err := range bad {
						t.Error(err)
					}
					if all < j.least {
						t.Errorf("%d states, want at least %d", all, j.least)
					}
				})
			}
		})
	}
}

// The same program without its flushes: these tests would find out.
func TestPowerCutWithoutFlushes(t *testing.T) {
	program := altered(t, "return f.Sync()", "return nil", "return syncFS(dir)", "return nil")
	for name, j := range jobs {
		t.Run(name, func(t *testing.T) {
			bad, all := try(t, program, j, "data=ordered")
			t.Logf("without flushes %d of %d states are bad", len(bad), all)
			if len(bad) == 0 || len(bad) < all/20 {
				t.Errorf("%d of %d states are bad without flushes, want at least a twentieth: %v", len(bad), all, errors.Join(bad...))
			}
		})
	}
}

// altered builds the program with changes to the file in which it flushes.
func altered(t *testing.T, oldNew ...string) string {
	t.Helper()
	name := filepath.Join(platform.Root(t), "stage", "flush.go")
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(oldNew); i += 2 {
		if n := bytes.Count(text, []byte(oldNew[i])); n != 1 {
			t.Fatalf("%s contains %q %d times, want once", name, oldNew[i], n)
		}
		text = bytes.Replace(text, []byte(oldNew[i]), []byte(oldNew[i+1]), 1)
	}
	dir := t.TempDir()
	platform.Write(t, filepath.Join(dir, "flush.go"), text)
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {name: filepath.Join(dir, "flush.go")}})
	if err != nil {
		t.Fatal(err)
	}
	platform.Write(t, filepath.Join(dir, "overlay.json"), overlay)
	return platform.Build(t, "linux", "-overlay", filepath.Join(dir, "overlay.json"))
}

// try runs a job, cuts the power, and returns what is wrong with the states that can be after it, and how
// many there are.
func try(t *testing.T, program string, j job, options string) (bad []error, all int) {
	t.Helper()
	dir := t.TempDir()
	tr := &trial{job: j, program: program, kit: platform.TinyKit(t, filepath.Join(dir, "next"), "10.0.65001.1"), content: filepath.Join(dir, "SCCMContentLib")}
	image := format(t, size)
	disk, detach := mountImage(t, image, options)
	platform.Run(t, program, "refresh", "--source", platform.TinyKit(t, filepath.Join(dir, "kit"), ""), "--library", library(disk), "-q").Want(t, 0)
	tr.old = platform.Current(t, library(disk))
	if j.prepare != nil {
		j.prepare(t, tr, disk)
	}
	before := platform.Snapshot(t, disk)
	detach()
	base, err := os.ReadFile(image)
	if err != nil {
		t.Fatal(err)
	}

	d := &Disk{image: bytes.Clone(base)}
	disk, detach = d.Attach(t, options)
	platform.Run(t, append([]string{program}, j.args(tr, disk)...)...).Want(t, 0)
	d.End()
	tr.active = platform.Current(t, library(disk))
	tr.define = tr.definition(disk, tr.active)
	if maps.Equal(before, platform.Snapshot(t, disk)) || tr.define == nil {
		t.Fatalf("the run changed nothing, or there is no definition of %s", tr.active)
	}
	detach()

	states := States(base, d.log, j.least, rand.New(rand.NewPCG(1, 2)))
	t.Logf("%s: %d states", counts(d.log), len(states))
	return tr.judgeAll(t, base, states, options), len(states)
}

// counts says what was recorded.
func counts(log []event) string {
	var n [3]int
	after := 0
	for _, e := range log {
		n[e.kind]++
		if e.kind == written && n[over] > 0 {
			after++
		}
	}
	return fmt.Sprintf("%d writes, %d of them after the program had ended, %d flushes", n[written], after, n[flushed])
}

// judgeAll looks at every state and returns what is wrong with them.
func (tr *trial) judgeAll(t *testing.T, base []byte, states []State, options string) (bad []error) {
	t.Helper()
	var group sync.WaitGroup
	var mu sync.Mutex
	var next atomic.Int64
	for range atATime {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(states); i = int(next.Add(1)) - 1 {
				if err := tr.judge(t, base, states[i], options); err != nil {
					mu.Lock()
					bad = append(bad, err)
					mu.Unlock()
				}
			}
		})
	}
	group.Wait()
	return bad
}

var releaseName = regexp.MustCompile(`^[0-9A-Za-z.]+-[0-9a-f]{12}$`)

// judge mounts a state and looks at it as one would after the power is back.
func (tr *trial) judge(t *testing.T, base []byte, s State, options string) error {
	t.Helper()
	dir, detach := s.Disk(base).Attach(t, options)
	defer detach()
	err := errors.Join(tr.checkReleases(t, library(dir)), tr.checkDone(t, dir, s.Done), tr.checkNextRun(t, dir))
	if err != nil {
		return fmt.Errorf("%v: %w", s, err)
	}
	return nil
}

// checkReleases makes sure that every release is whole, and the active one there.
func (tr *trial) checkReleases(t *testing.T, lib string) error {
	t.Helper()
	entries, err := os.ReadDir(lib)
	if err != nil {
		return err
	}
	there := map[string]bool{}
	for _, e := range entries {
		if !releaseName.MatchString(e.Name()) {
			continue
		}
		there[e.Name()] = true
		if r := platform.Run(t, tr.program, "verify", filepath.Join(lib, e.Name())); r.Status != 0 {
			return fmt.Errorf("release %s: status %d: %s%s", e.Name(), r.Status, r.Stdout, r.Stderr)
		}
	}
	if !there[tr.old] {
		return fmt.Errorf("release %s is lost", tr.old)
	}
	if r := platform.Run(t, tr.program, "list", "--library", lib); r.Status != 0 {
		return fmt.Errorf("list: status %d: %s%s", r.Status, r.Stdout, r.Stderr)
	}
	current, err := os.ReadFile(filepath.Join(lib, "current"))
	if active := strings.TrimSuffix(string(current), "\n"); err != nil || !there[active] {
		return fmt.Errorf("active release %q: %w", active, err)
	}
	return nil
}

// checkDone makes sure that nothing is lost of what the program has done.
func (tr *trial) checkDone(t *testing.T, disk string, done bool) error {
	t.Helper()
	if !done {
		return nil
	}
	current, err := os.ReadFile(filepath.Join(library(disk), "current"))
	if err != nil || string(current) != tr.active+"\n" {
		return fmt.Errorf("active release %q, %v: lost is %s, which was active", current, err, tr.active)
	}
	if define := tr.definition(disk, tr.active); !bytes.Equal(define, tr.define) {
		return fmt.Errorf("the definition of %s is lost: %q", tr.active, define)
	}
	if tr.check != nil {
		return tr.check(t, tr, disk)
	}
	return nil
}

// checkNextRun runs again, which must make the disk what it should be.
func (tr *trial) checkNextRun(t *testing.T, disk string) error {
	t.Helper()
	// The machine was off for a minute. A lock that is torn is watched for 12 seconds.
	old := time.Now().Add(-time.Minute)
	if err := os.Chtimes(filepath.Join(library(disk), ".lock"), old, old); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	want := 0
	if tr.status != nil {
		want = tr.status(disk)
	}
	if r := platform.Run(t, append([]string{tr.program}, tr.args(tr, disk)...)...); r.Status != want {
		return fmt.Errorf("the next run: status %d, want %d: %s%s", r.Status, want, r.Stdout, r.Stderr)
	}
	if err := tr.checkDone(t, disk, true); err != nil {
		return fmt.Errorf("after the next run: %w", err)
	}
	for _, dir := range []string{library(disk), filepath.Join(disk, "out")} {
		entries, err := os.ReadDir(dir)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), ".") || strings.HasSuffix(e.Name(), ".partial") {
				return fmt.Errorf("%s is left after the next run", e.Name())
			}
		}
	}
	return nil
}
