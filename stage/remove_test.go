package stage

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"usmtpkg/locate/tree"
)

var definitionOfTests = []string{"a.txt", "b.txt"}

// twoReleases makes a library with an old release and an active one, both with a definition.
func twoReleases(t *testing.T) (dir, old, active string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "lib")
	for _, text := range []string{"old ", "new "} {
		if err := cutRun(t, dir, text, nil); err != nil {
			t.Fatal(err)
		}
		old, active = active, current(t, dir)
	}
	return dir, old, active
}

// removeRelease removes a release of the library in dir.
func removeRelease(ctx context.Context, dir, release string, o WriterOptions) error {
	o.Definition = definitionOfTests
	w, err := OpenWriter(ctx, dir, o)
	if err != nil {
		return err
	}
	return errors.Join(w.Remove(ctx, release), w.Close())
}

// withoutRelease is what is in a library, without a release and its definition.
func withoutRelease(all map[string]string, release string) map[string]string {
	rest := map[string]string{}
	for name, text := range all {
		if top := strings.TrimPrefix(name, definitionsDir+"/"); !strings.HasPrefix(top+"/", release+"/") {
			rest[name] = text
		}
	}
	return rest
}

func TestRemove(t *testing.T) {
	dir, old, _ := twoReleases(t)
	want := withoutRelease(content(t, dir), old)
	if len(want) == len(content(t, dir)) {
		t.Fatal("there is nothing to remove")
	}
	if err := removeRelease(t.Context(), dir, old, WriterOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := content(t, dir); !maps.Equal(got, want) {
		t.Errorf("left is %v, want %v", got, want)
	}
}

// A release is not removed that is in use or wanted, that is not this library's, or in which something
// is that may be somebody else's. Nothing is touched then.
func TestRemoveRefuses(t *testing.T) {
	pin := func(t *testing.T, dir, release string) {
		t.Helper()
		w := writer(t, dir)
		_, err := w.Pin(t.Context(), release)
		if err := errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
	}
	put := func(name, text string) func(t *testing.T, dir, old string) {
		return func(t *testing.T, dir, old string) {
			t.Helper()
			write(t, filepath.Join(dir, strings.ReplaceAll(name, "OLD", old)), strings.ReplaceAll(text, "OLD", old))
		}
	}
	link := func(name, to string) func(t *testing.T, dir, old string) {
		return func(t *testing.T, dir, old string) {
			t.Helper()
			name := filepath.Join(dir, strings.ReplaceAll(name, "OLD", old))
			aside := filepath.Join(t.TempDir(), "aside")
			if err := os.Rename(name, aside); err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
			if to == "" {
				to = aside
			}
			makeLink(t, to, name)
		}
	}
	record := func(from, to string) func(t *testing.T, dir, old string) {
		return func(t *testing.T, dir, old string) {
			t.Helper()
			name := filepath.Join(dir, old, releaseFile)
			b, err := os.ReadFile(name)
			if err != nil || !strings.Contains(string(b), from) {
				t.Fatalf("no %q in the record: %v", from, err)
			}
			write(t, name, strings.Replace(string(b), from, to, 1))
		}
	}
	tests := []struct {
		name string
		make func(t *testing.T, dir, old string)
		want string // in the reason, or in the error if what could not be read is of the library
		file bool   // it is a *FormatError, of the library
	}{
		{"pinned", pin, "it is pinned", false},
		{"active", put(currentFile, "OLD\n"), "it is the active release", false},
		{"a record of another library", record(`"library": "`, `"library": "00`), "names another library", false},
		{"a record of another release", record(`"release": "`, `"release": "1`), "it is the record of release", false},
		{"a record of a newer usmtpkg", record(`"version": 4`, `"version": 5`), "use the usmtpkg that wrote it", false},
		{"no record", func(t *testing.T, dir, old string) {
			t.Helper()
			if err := os.Remove(filepath.Join(dir, old, releaseFile)); err != nil {
				t.Fatal(err)
			}
		}, "it is missing", false},
		{"somebody's file in data", put("OLD/data/amd64/notes.txt", "x"), "data/amd64/notes.txt in it is not part of the release", false},
		{"somebody's file beside data", put("OLD/notes.txt", "x"), "notes.txt in it is not part of the release", false},
		{"a link as data", link("OLD/data", ""), "data in it is a", false},
		{"a link in data", link("OLD/data/amd64/empty.dat", "/etc/passwd"), "in it is a", false},
		{"a link as release", link("OLD", ""), "it is a symbolic link, not a folder", false},
		{"an unreadable list of files", func(t *testing.T, dir, old string) {
			t.Helper()
			write(t, filepath.Join(dir, old, manifestName.Name()), "x")
			record(`"files": [`, `"files": [ x`)(t, dir, old)
		}, "its list of files cannot be read", false},
		{"somebody's file in the definition", put("definitions/OLD/rollback-P0100012-7.json", "{}"), "usmtpkg did not write definitions/", false},
		{"a folder in the definition", put("definitions/OLD/a/x", "{}"), "usmtpkg did not write definitions/", false},
		{"a link as definition", link("definitions/OLD", ""), "not a folder", true},
		{"a link as definitions", link("definitions", ""), "not a folder", true},
		{"pins cut off", put(pinsFile, `{"format": "usmtpkg pins", "version": 1, "releases": [`), "empty or cut off", true},
		{"no pins in the file", put(pinsFile, ""), "empty or cut off", true},
		{"pins that are names of something else", put(pinsFile, `{"format":"usmtpkg pins","version":1,"releases":["10.0.1.2-ABCDEF012345"]}`), "not the name of a release", true},
		{"pins without a list", put(pinsFile, `{"format":"usmtpkg pins","version":1}`), "no list of releases", true},
		{"pins of a newer usmtpkg", put(pinsFile, `{"format":"usmtpkg pins","version":2}`), "newer", true},
		{"an unreadable active release", put(currentFile, "OLD-\n"), "not the name of a release", true},
		{"an active release with another line end", put(currentFile, "OLD\r\n"), "not the name of a release", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir, old, _ := twoReleases(t)
			tt.make(t, dir, old)
			before := content(t, dir)
			err := removeRelease(t.Context(), dir, old, WriterOptions{})
			kept, broken := (*KeptError)(nil), (*FormatError)(nil)
			switch {
			case err == nil || !strings.Contains(err.Error(), tt.want):
				t.Errorf("Remove = %v, want an error with %q", err, tt.want)
			case tt.file && !errors.As(err, &broken), !tt.file && !errors.As(err, &kept):
				t.Errorf("Remove = %T %v", err, err)
			}
			if after := content(t, dir); !maps.Equal(before, after) {
				t.Errorf("the library changed: %v, was %v", after, before)
			}
		})
	}
	dir, _, _ := twoReleases(t)
	if err := removeRelease(t.Context(), dir, "10.0.9.9-0123456789ab", WriterOptions{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Remove of nothing = %v", err)
	}
}

// A release that is damaged, whose manifests are, or from which files are missing, may go.
func TestRemoveDamaged(t *testing.T) {
	dir, old, active := twoReleases(t)
	write(t, filepath.Join(dir, old, "data", "amd64", "scanstate.exe"), "altered")
	write(t, filepath.Join(dir, old, manifestName.Name()), "x")
	for _, name := range []string{"data/amd64/empty.dat", tagManifestName.Name(), "bagit.txt"} {
		if err := os.Remove(filepath.Join(dir, old, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := removeRelease(t.Context(), dir, old, WriterOptions{}); err != nil {
		t.Fatal(err)
	}
	checkIntact(t, At(dir), active)
}

// Of two runs that want to remove, one has the library.
func TestRemoveTwice(t *testing.T) {
	dir, old, active := twoReleases(t)
	var second error
	err := removeRelease(t.Context(), dir, old, WriterOptions{Now: time.Now, step: func(step string) {
		if step == "trashed" {
			second = removeRelease(t.Context(), dir, old, WriterOptions{Now: time.Now})
		}
	}})
	if err != nil || !errors.Is(second, tree.ErrBusy) {
		t.Errorf("Remove = %v; of another run %v, want that the library is busy", err, second)
	}
	checkIntact(t, At(dir), active)
}

// makeLink makes a link, or skips the test where there are none.
func makeLink(t *testing.T, to, name string) {
	t.Helper()
	if err := os.Symlink(to, name); err != nil {
		t.Skipf("this system makes no links here: %v", err)
	}
	if _, err := os.Lstat(name); err != nil {
		t.Skip("this system says that it made a link and did not (Wine)")
	}
}

// What gets into a release, or takes its place, between the look at it and its rename is kept, and so is the release.
func TestRemoveRace(t *testing.T) {
	for name, meddle := range map[string]func(t *testing.T, release, other string){
		"a file": func(t *testing.T, release, _ string) {
			t.Helper()
			write(t, filepath.Join(release, "data", "diary.txt"), "x")
		},
		"a link": func(t *testing.T, release, other string) {
			t.Helper()
			if err := os.Rename(release, filepath.Join(t.TempDir(), "aside")); err != nil {
				t.Fatal(err)
			}
			makeLink(t, other, release)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir, old, active := twoReleases(t)
			if name == "a link" {
				makeLink(t, active, filepath.Join(t.TempDir(), "try")) // where there are none, the test is skipped before it begins
			}
			before := map[string]string{}
			err := removeRelease(t.Context(), dir, old, WriterOptions{Now: time.Now, step: func(step string) {
				if step == "judged" {
					meddle(t, filepath.Join(dir, old), active)
					before = content(t, dir)
				}
			}})
			if kept := (*KeptError)(nil); !errors.As(err, &kept) || kept.Release != old {
				t.Errorf("Remove = %v", err)
			}
			delete(before, lockFile)
			if after := content(t, dir); !maps.Equal(before, after) {
				t.Errorf("the library changed: %v, was %v", after, before)
			}
			checkIntact(t, At(dir), active)
		})
	}
}

// crashRemoval removes a release and kills the process at the step asked for.
func crashRemoval(dir, release string, kill func(string)) int {
	if err := removeRelease(context.Background(), dir, release, WriterOptions{Now: time.Now, step: kill}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// TestRemoveKilled ends a removal with a kill at each step: the next run, whatever it does, ends it.
func TestRemoveKilled(t *testing.T) {
	for _, step := range []string{"locked", "trashed", "undefined"} {
		t.Run(step, func(t *testing.T) {
			dir, old, active := twoReleases(t)
			want := content(t, dir)
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = append(os.Environ(), crashVar+"="+step, crashDir+"="+dir, crashRemove+"="+old)
			if out, err := cmd.CombinedOutput(); err == nil || len(out) > 0 {
				t.Fatalf("the removal was not killed: %v\n%s", err, out)
			}
			if step != "locked" {
				want = withoutRelease(want, old)
			}
			w, err := OpenWriter(t.Context(), dir, WriterOptions{Now: time.Now, Definition: definitionOfTests})
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Error(err)
			}
			if got := content(t, dir); !maps.Equal(got, want) {
				t.Errorf("left is %v, want %v", got, want)
			}
			checkIntact(t, At(dir), active)
		})
	}
}

// What has the name of a removed release stays if nothing proves that it is this library's; and a
// release with the name in its record, or a definition to which somebody added something.
func TestTrashOfOthers(t *testing.T) {
	const trash = ".trash-0123456789abcdef"
	dir, old, active := twoReleases(t)
	id := At(dir)
	lib, err := Open(id.Dir())
	if err != nil {
		t.Fatal(err)
	}
	reopen := func() []string {
		t.Helper()
		w, err := OpenWriter(t.Context(), dir, WriterOptions{Now: time.Now, Definition: definitionOfTests})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		return w.Notes()
	}
	write(t, filepath.Join(dir, trash, "diary.txt"), "x")
	before := content(t, dir)
	if notes := reopen(); len(notes) != 1 || !strings.Contains(notes[0], "left "+trash+" alone") || !maps.Equal(before, content(t, dir)) {
		t.Errorf("notes %q", notes)
	}
	if err := os.RemoveAll(filepath.Join(dir, trash)); err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" {
		if err := os.Symlink(old, filepath.Join(dir, trash)); err != nil {
			t.Fatal(err)
		}
		if notes := reopen(); len(notes) != 0 {
			t.Errorf("a link: notes %q", notes)
		}
		checkIntact(t, lib, old)
		if err := os.Remove(filepath.Join(dir, trash)); err != nil {
			t.Fatal(err)
		}
	}
	// A record that names a release that is there, or no release at all: only the trash itself goes.
	for _, name := range []string{active, "../" + old, ".", ""} {
		rec, err := lib.Release(old)
		if err != nil {
			t.Fatal(err)
		}
		rec.Name = name
		var b strings.Builder
		if err := rec.write(&b, slices.Values([]InventoryFile{{Path: "gone.txt", SHA256: strings.Repeat("0", 64)}})); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, trash, releaseFile), b.String())
		if notes := reopen(); len(notes) != 1 || !strings.HasPrefix(notes[0], "cleared "+trash) {
			t.Errorf("%q: notes %q", name, notes)
		}
		checkDefinition(t, lib, active)
		checkDefinition(t, lib, old)
	}
	// Something was added to the definition after the kill.
	if err := os.Rename(filepath.Join(dir, old), filepath.Join(dir, trash)); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(lib.DefinitionDir(old), "notes.txt"), "x")
	if notes := reopen(); len(notes) != 1 || !strings.HasPrefix(notes[0], "cleared "+trash) {
		t.Errorf("notes %q", notes)
	}
	checkDefinition(t, lib, old)
}

// Whenever the power goes, a release is whole or gone, and the next run leaves nothing of it.
func TestRemovePowerCut(t *testing.T) {
	posixOnly(t)
	for _, mode := range cutModes {
		t.Run(mode.name, func(t *testing.T) {
			dir, old, older := twoReleases(t)
			if err := cutRun(t, dir, "newest ", nil); err != nil {
				t.Fatal(err)
			}
			all, active := content(t, dir), current(t, dir)
			d := newCutDisk(t, filepath.Dir(dir), mode.system)
			w, err := OpenWriter(t.Context(), dir, WriterOptions{step: d.step, disk: d, Definition: definitionOfTests})
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(w.Remove(t.Context(), old), w.Remove(t.Context(), older), w.Close()); err != nil {
				t.Fatal(err)
			}
			d.promise(everything)
			d.judge(t, 4, func(t *testing.T, dir string, _ cut) {
				t.Helper()
				dir = filepath.Join(dir, "lib")
				checkIntact(t, At(dir), active)
				want := all
				for _, name := range []string{old, older} {
					if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
						checkIntact(t, At(dir), name)
					} else {
						want = withoutRelease(want, name)
					}
				}
				w, err := OpenWriter(t.Context(), dir, WriterOptions{disk: quickDisk{}, Definition: definitionOfTests})
				if err == nil {
					err = w.Close()
				}
				if err != nil {
					t.Errorf("the run after the cut: %v", err)
				}
				if got := content(t, dir); !maps.Equal(got, want) {
					t.Errorf("left is %v, want %v", got, want)
				}
			})
		})
	}
}
