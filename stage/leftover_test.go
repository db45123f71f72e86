package stage

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"usmtpkg/pkgdef/contentlib"
)

// crashRecovery recovers and kills the process at the step asked for.
func crashRecovery(dirs []string, target string, kill func(string)) int {
	lib, err := contentlib.Open(dirs...)
	if err == nil {
		_, err = Recover(context.Background(), lib, "P0100012.3", target, RecoverOptions{Progress: &crashProgress{kill: kill}, step: kill})
	}
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

// killedRecovery is what a recovery into work/USMT leaves that is killed at a step.
func killedRecovery(t *testing.T, l *lost, step string) (leftover string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), crashVar+"="+step, crashDir+"="+filepath.Join(l.work, "USMT"),
		crashLibrary+"="+strings.Join(l.dirs, string(filepath.ListSeparator)))
	if out, err := cmd.CombinedOutput(); err == nil || len(out) > 0 {
		t.Fatalf("the recovery was not killed: %v\n%s", err, out)
	}
	found, err := filepath.Glob(filepath.Join(l.work, ".USMT.*"+partialSuffix))
	if err != nil || len(found) != 1 {
		t.Fatalf("the killed recovery left %q, %v, want one folder", found, err)
	}
	return found[0]
}

// TestRecoverKilled ends a recovery with a kill at each step: the target is whole or not there,
// and the next recovery of the same target leaves nothing but that.
func TestRecoverKilled(t *testing.T) {
	for _, step := range []string{"made", "owned", "mid-copy", "filled", "recovered"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			l := newLost(t, distributed())
			target := filepath.Join(l.work, "USMT")
			leftover := killedRecovery(t, l, step)
			if _, err := os.Lstat(target); os.IsNotExist(err) == (step == "recovered") {
				t.Errorf("the target after the kill: %v", err)
			}
			if _, err := l.recover(target, RecoverOptions{DryRun: true}); (err == nil) == (step == "recovered") {
				t.Errorf("Recover, dry = %v", err)
			}
			if _, err := os.Lstat(leftover); err != nil {
				t.Errorf("a dry run removed what was left: %v", err)
			}
			got, err := l.recover(target, RecoverOptions{})
			if (err == nil) == (step == "recovered") { // then it is there, and refused
				t.Fatalf("Recover after the kill = %v", err)
			}
			if want := []string{"cleared " + filepath.Base(leftover) + ", left by an interrupted recovery"}; !slices.Equal(got.Notes, want) {
				t.Errorf("Notes = %q, want %q", got.Notes, want)
			}
			if diff := cmp.Diff(distributed().Files, filesOnly(content(t, target))); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
			if entries, err := os.ReadDir(l.work); err != nil || len(entries) != 1 {
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

// TestRecoverLeavesWhatIsNotItsOwn makes sure that nothing goes that is not proved to be a dead
// recovery's of this very target.
func TestRecoverLeavesWhatIsNotItsOwn(t *testing.T) {
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	const token = "0123456789abcdef"
	folder := ".USMT." + token + partialSuffix
	owner := func(target, token, host string, pid int) string {
		return fmt.Sprintf(`{"format":"usmtpkg recovery","version":1,"target":%q,"token":%q,"host":%q,"machine":%q,"pid":%d}`, target, token, host, machineID(), pid)
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
		{"its own", folder, map[string]string{recoveryFile: owner("USMT", token, host, pid), "data/a": "x"}, true},
		{"empty", folder, nil, true},
		{"torn proof", folder, map[string]string{recoveryFile: owner("USMT", token, host, pid)[:40]}, true},
		{"torn proof of zeros", folder, map[string]string{recoveryFile: strings.Repeat("\x00", 200)}, true},
		{"torn proof, and a copy", folder, map[string]string{recoveryFile: owner("USMT", token, host, pid)[:40], "data/a": "x"}, false},
		{"torn, but of another", folder, map[string]string{recoveryFile: owner("Other", token, host, pid)[:70]}, false},
		{"something beside the copy", folder, map[string]string{recoveryFile: owner("USMT", token, host, pid), "data/a": "x", "diary.txt": "x"}, false},
		{"no proof", folder, map[string]string{"data/a": "x"}, false},
		{"of another target", folder, map[string]string{recoveryFile: owner("Other", token, host, pid), "data/a": "x"}, false},
		{"renamed", folder, map[string]string{recoveryFile: owner("USMT", "fedcba9876543210", host, pid), "data/a": "x"}, false},
		{"of a newer format", folder, map[string]string{recoveryFile: strings.Replace(owner("USMT", token, host, pid), `"version":1`, `"version":2`, 1), "data/a": "x"}, false},
		{"of another machine", folder, map[string]string{recoveryFile: owner("USMT", token, "FILER", pid), "data/a": "x"}, false},
		{"of a process that runs", folder, map[string]string{recoveryFile: owner("USMT", token, host, os.Getpid()), "data/a": "x"}, false},
		{"proof in another form", folder, map[string]string{recoveryFile: "[]", "data/a": "x"}, false},
		{"another name", ".USMT." + token + "0" + partialSuffix, map[string]string{recoveryFile: owner("USMT", token, host, pid)}, false},
		{"a target that begins so", ".USMT.x." + token + partialSuffix, map[string]string{recoveryFile: owner("USMT", token, host, pid)}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := newLost(t, distributed())
			dir := filepath.Join(l.work, tt.folder)
			if err := os.MkdirAll(dir, 0o777); err != nil {
				t.Fatal(err)
			}
			for name, text := range tt.files {
				write(t, filepath.Join(dir, name), text)
			}
			got, err := l.recover(filepath.Join(l.work, "USMT"), RecoverOptions{})
			if err != nil {
				t.Fatal(err)
			}
			_, err = os.Lstat(dir)
			if gone := os.IsNotExist(err); gone != tt.gone {
				t.Errorf("gone: %t, want %t; notes %q", gone, tt.gone, got.Notes)
			}
			if said := len(got.Notes) == 1 && strings.Contains(got.Notes[0], tt.folder); said != (tt.folder == folder) {
				t.Errorf("Notes = %q, want one about it if it has the name of a recovery's", got.Notes)
			}
			for name, text := range tt.files {
				if b, err := os.ReadFile(filepath.Join(dir, name)); !tt.gone && (err != nil || string(b) != text) {
					t.Errorf("%s holds %q, %v, want it untouched", name, b, err)
				}
			}
		})
	}
}

// TestRecoverLeavesWhatBegins makes sure that a recovery that makes its folder just then, on
// another host, keeps what it writes into it.
func TestRecoverLeavesWhatBegins(t *testing.T) {
	for _, torn := range []bool{false, true} {
		l := newLost(t, distributed())
		dir := filepath.Join(l.work, ".USMT.0123456789abcdef"+partialSuffix)
		if err := os.Mkdir(dir, 0o777); err != nil {
			t.Fatal(err)
		}
		if torn {
			write(t, filepath.Join(dir, recoveryFile), "")
		}
		begin := func(step string) {
			if step == "judged" {
				write(t, filepath.Join(dir, recoveryFile), `{"format":"usmtpkg recovery"}`)
				write(t, filepath.Join(dir, recoveredDir, "a"), "x")
			}
		}
		got, err := l.recover(filepath.Join(l.work, "USMT"), RecoverOptions{step: begin})
		if err != nil {
			t.Fatalf("torn %t: Recover = %v", torn, err)
		}
		if b, err := os.ReadFile(filepath.Join(dir, recoveredDir, "a")); err != nil || string(b) != "x" {
			t.Errorf("torn %t: the other's copy holds %q, %v, want it untouched", torn, b, err)
		}
		if len(got.Notes) != 1 || !strings.HasPrefix(got.Notes[0], "left "+filepath.Base(dir)+" alone: ") {
			t.Errorf("torn %t: Notes = %q, want that it was left alone", torn, got.Notes)
		}
	}
}
