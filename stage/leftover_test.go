package stage

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// crashExtraction extracts and kills the process at the step asked for.
func crashExtraction(target string, kill func(string)) int {
	_, err := Extract(context.Background(), packed(), target, ExtractOptions{Progress: &crashProgress{kill: kill}, step: kill})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// crashProgress kills the process in the middle of the copy.
type crashProgress struct {
	noProgress
	kill func(string)
}

func (c *crashProgress) Add(_ int, bytes int64) {
	if bytes > 0 {
		c.kill("mid-copy")
	}
}

// killedExtraction is what an extraction into work/USMT leaves that is killed at a step.
func killedExtraction(t *testing.T, work, step string) (leftover string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), crashVar+"="+step, crashDir+"="+filepath.Join(work, "USMT"), crashExtract+"=yes")
	if out, err := cmd.CombinedOutput(); err == nil || len(out) > 0 {
		t.Fatalf("the extraction was not killed: %v\n%s", err, out)
	}
	found, err := filepath.Glob(filepath.Join(work, ".USMT.*"+partialSuffix))
	if err != nil || len(found) != 1 {
		t.Fatalf("the killed extraction left %q, %v, want one folder", found, err)
	}
	return found[0]
}

// TestExtractKilled ends an extraction with a kill at each step: the target is whole or not there,
// and the next extraction to the same target leaves nothing but that.
func TestExtractKilled(t *testing.T) {
	for _, step := range []string{"made", "owned", "mid-copy", "filled", "extracted"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			work := t.TempDir()
			target := filepath.Join(work, "USMT")
			leftover := killedExtraction(t, work, step)
			if _, err := os.Lstat(target); os.IsNotExist(err) == (step == "extracted") {
				t.Errorf("the target after the kill: %v", err)
			}
			if _, err := Extract(t.Context(), packed(), target, ExtractOptions{DryRun: true}); (err == nil) == (step == "extracted") {
				t.Errorf("Extract, dry = %v", err)
			}
			if _, err := os.Lstat(leftover); err != nil {
				t.Errorf("a dry run removed what was left: %v", err)
			}
			got, err := Extract(t.Context(), packed(), target, ExtractOptions{})
			if (err == nil) == (step == "extracted") { // then it is there, and refused
				t.Fatalf("Extract after the kill = %v", err)
			}
			if want := []string{"cleared " + filepath.Base(leftover) + ", left by an interrupted run"}; !slices.Equal(got.Notes, want) {
				t.Errorf("Notes = %q, want %q", got.Notes, want)
			}
			if diff := cmp.Diff(packedFiles(), filesOnly(content(t, target))); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
			if entries, err := os.ReadDir(work); err != nil || len(entries) != 1 {
				t.Errorf("beside the target lie %v (%v), want nothing", entries, err)
			}
		})
	}
}

func filesOnly(all map[string]string) map[string]string {
	for name := range all {
		if strings.HasSuffix(name, "/") {
			delete(all, name)
		}
	}
	return all
}

// TestExtractLeavesWhatIsNotItsOwn makes sure that nothing goes that is not proved to be a dead
// extraction's to this very target.
func TestExtractLeavesWhatIsNotItsOwn(t *testing.T) {
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	const token = "0123456789abcdef"
	folder := ".USMT." + token + partialSuffix
	owner := func(target, token, host string, pid int) string {
		return fmt.Sprintf(`{"format":"usmtpkg extraction","version":1,"target":%q,"token":%q,"host":%q,"machine":%q,"pid":%d}`, target, token, host, machineID(), pid)
	}
	dead := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	if err := dead.Run(); err != nil {
		t.Fatal(err)
	}
	pid := dead.Process.Pid
	tests := []struct {
		name   string
		folder string
		files  map[string]string
		gone   bool
	}{
		{"its own", folder, map[string]string{extractionFile: owner("USMT", token, host, pid), "data/a": "x"}, true},
		{"empty", folder, nil, true},
		{"torn proof", folder, map[string]string{extractionFile: owner("USMT", token, host, pid)[:40]}, true},
		{"torn proof of zeros", folder, map[string]string{extractionFile: strings.Repeat("\x00", 200)}, true},
		{"torn proof, and a copy", folder, map[string]string{extractionFile: owner("USMT", token, host, pid)[:40], "data/a": "x"}, false},
		{"torn, but of another", folder, map[string]string{extractionFile: owner("Other", token, host, pid)[:70]}, false},
		{"something beside the copy", folder, map[string]string{extractionFile: owner("USMT", token, host, pid), "data/a": "x", "diary.txt": "x"}, false},
		{"no proof", folder, map[string]string{"data/a": "x"}, false},
		{"of another target", folder, map[string]string{extractionFile: owner("Other", token, host, pid), "data/a": "x"}, false},
		{"renamed", folder, map[string]string{extractionFile: owner("USMT", "fedcba9876543210", host, pid), "data/a": "x"}, false},
		{"of a newer format", folder, map[string]string{extractionFile: strings.Replace(owner("USMT", token, host, pid), `"version":1`, `"version":2`, 1), "data/a": "x"}, false},
		{"of another machine", folder, map[string]string{extractionFile: owner("USMT", token, "FILER", pid), "data/a": "x"}, false},
		{"of a process that runs", folder, map[string]string{extractionFile: owner("USMT", token, host, os.Getpid()), "data/a": "x"}, false},
		{"proof in another form", folder, map[string]string{extractionFile: "[]", "data/a": "x"}, false},
		{"another name", ".USMT." + token + "0" + partialSuffix, map[string]string{extractionFile: owner("USMT", token, host, pid)}, false},
		{"a target that begins so", ".USMT.x." + token + partialSuffix, map[string]string{extractionFile: owner("USMT", token, host, pid)}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			work := t.TempDir()
			dir := filepath.Join(work, tt.folder)
			if err := os.MkdirAll(dir, 0o777); err != nil {
				t.Fatal(err)
			}
			for name, text := range tt.files {
				write(t, filepath.Join(dir, name), text)
			}
			got, err := Extract(t.Context(), packed(), filepath.Join(work, "USMT"), ExtractOptions{})
			if err != nil {
				t.Fatal(err)
			}
			_, err = os.Lstat(dir)
			if gone := os.IsNotExist(err); gone != tt.gone {
				t.Errorf("gone: %t, want %t; notes %q", gone, tt.gone, got.Notes)
			}
			if said := len(got.Notes) == 1 && strings.Contains(got.Notes[0], tt.folder); said != (tt.folder == folder) {
				t.Errorf("Notes = %q, want one about it if it has the name of an extraction's", got.Notes)
			}
			for name, text := range tt.files {
				if b, err := os.ReadFile(filepath.Join(dir, name)); !tt.gone && (err != nil || string(b) != text) {
					t.Errorf("%s holds %q, %v, want it untouched", name, b, err)
				}
			}
		})
	}
}

// TestExtractLeavesWhatBegins makes sure that an extraction that makes its folder just then, on
// another host, keeps what it writes into it.
func TestExtractLeavesWhatBegins(t *testing.T) {
	for _, torn := range []bool{false, true} {
		work := t.TempDir()
		dir := filepath.Join(work, ".USMT.0123456789abcdef"+partialSuffix)
		if err := os.Mkdir(dir, 0o777); err != nil {
			t.Fatal(err)
		}
		if torn {
			write(t, filepath.Join(dir, extractionFile), "")
		}
		begin := func(step string) {
			if step == "judged" {
				write(t, filepath.Join(dir, extractionFile), `{"format":"usmtpkg extraction"}`)
				write(t, filepath.Join(dir, extractedDir, "a"), "x")
			}
		}
		got, err := Extract(t.Context(), packed(), filepath.Join(work, "USMT"), ExtractOptions{step: begin})
		if err != nil {
			t.Fatalf("torn %t: Extract = %v", torn, err)
		}
		if b, err := os.ReadFile(filepath.Join(dir, extractedDir, "a")); err != nil || string(b) != "x" {
			t.Errorf("torn %t: the other's copy holds %q, %v, want it untouched", torn, b, err)
		}
		if len(got.Notes) != 1 || !strings.HasPrefix(got.Notes[0], "left "+filepath.Base(dir)+" alone: ") {
			t.Errorf("torn %t: Notes = %q, want that it was left alone", torn, got.Notes)
		}
	}
}

// TestScratch: a folder for temporary files is private and empty, goes when it is not needed any more, and
// if the run was killed, with the next run.
func TestScratch(t *testing.T) {
	work := t.TempDir()
	leftover := killedExtraction(t, work, "mid-copy")
	s, err := NewScratch(t.Context(), work, "USMT")
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"cleared " + filepath.Base(leftover) + ", left by an interrupted run"}; !slices.Equal(s.Notes, want) {
		t.Errorf("Notes = %q, want %q", s.Notes, want)
	}
	if info, err := os.Stat(filepath.Dir(s.Dir)); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o700 {
		t.Errorf("it is not private: %v, %v", info, err)
	}
	other, err := NewScratch(t.Context(), work, "USMT")
	if err != nil || len(other.Notes) != 1 || !strings.Contains(other.Notes[0], "is running") {
		t.Errorf("beside one in use: %q, %v", other.Notes, err)
	}
	write(t, filepath.Join(s.Dir, "a/b"), "x")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := errors.Join(s.Remove(ctx), other.Remove(ctx)); err != nil {
		t.Error(err)
	}
	wantNothing(t, work)
	if _, err := NewScratch(t.Context(), filepath.Join(work, "nowhere"), "USMT"); !errors.As(err, new(*DestinationError)) {
		t.Errorf("nowhere: %v", err)
	}
}
