package stage

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"usmtpkg/locate/tree"
)

func TestSecondWriterIsRefused(t *testing.T) {
	dir := t.TempDir()
	w := writer(t, dir)
	if _, err := OpenWriter(t.Context(), dir, WriterOptions{Now: time.Now}); !errors.Is(err, tree.ErrBusy) {
		t.Errorf("second OpenWriter = %v, want ErrBusy", err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := writer(t, dir).Close(); err != nil {
		t.Errorf("after Close: %v", err)
	}
}

// leaveLock puts a lock into a library as another run would have left it.
func leaveLock(t *testing.T, dir string, change func(*holder)) {
	t.Helper()
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	h := holder{
		Format: lockFormat, Version: formatVersion, Token: "there", Host: host, Machine: machineID(),
		PID: os.Getpid(), Started: testTime, Beat: 3,
	}
	change(&h)
	b, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, lockFile), b, 0o666); err != nil {
		t.Fatal(err)
	}
}

func TestLockOfADeadProcessIsTakenOver(t *testing.T) {
	dir := t.TempDir()
	if err := writer(t, dir).Close(); err != nil {
		t.Fatal(err)
	}
	leaveLock(t, dir, func(h *holder) { h.PID = 1 << 30 })
	w := writer(t, dir)
	if notes := strings.Join(w.Notes(), "\n"); !strings.Contains(notes, "took over the lock") || !strings.Contains(notes, "has ended") {
		t.Errorf("Notes = %q, want the reason of the takeover", notes)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	wantEmpty(t, dir)
}

func TestFreshLockOfAnotherHostIsBusy(t *testing.T) {
	dir := t.TempDir()
	if err := writer(t, dir).Close(); err != nil {
		t.Fatal(err)
	}
	leaveLock(t, dir, func(h *holder) { h.Host = "elsewhere" })
	_, err := OpenWriter(t.Context(), dir, WriterOptions{Now: time.Now})
	if !errors.Is(err, tree.ErrBusy) || !strings.Contains(err.Error(), "elsewhere") {
		t.Errorf("OpenWriter = %v, want ErrBusy naming the host", err)
	}
}

// In a bubble the clock stands in the year 2000, so every lock looks old or
// from the future, and only renewal can tell.
func TestLockIsJudgedByRenewal(t *testing.T) {
	tests := []struct {
		name   string
		renew  bool
		torn   bool
		want   error
		notice string
	}{
		{name: "renewed", renew: true, want: tree.ErrBusy},
		{name: "not renewed", notice: "was not renewed"},
		{name: "torn", torn: true, notice: "was not renewed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := writer(t, dir).Close(); err != nil {
				t.Fatal(err)
			}
			leave := func(beat int) {
				leaveLock(t, dir, func(h *holder) { h.Host, h.Beat = "elsewhere", beat })
			}
			leave(1)
			if tt.torn {
				if err := os.WriteFile(filepath.Join(dir, lockFile), []byte(`{"form`), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			synctest.Test(t, func(t *testing.T) {
				if tt.renew {
					time.AfterFunc(lockBeat, func() { leave(2) })
				}
				w, err := OpenWriter(t.Context(), dir, WriterOptions{Now: time.Now})
				if !errors.Is(err, tt.want) {
					t.Fatalf("OpenWriter = %v, want %v", err, tt.want)
				}
				if err != nil {
					return
				}
				if notes := strings.Join(w.Notes(), "\n"); !strings.Contains(notes, tt.notice) {
					t.Errorf("Notes = %q, want %q", notes, tt.notice)
				}
				if err := w.Close(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestWatchingALockCanBeCancelled(t *testing.T) {
	dir := t.TempDir()
	if err := writer(t, dir).Close(); err != nil {
		t.Fatal(err)
	}
	leaveLock(t, dir, func(h *holder) { h.Host = "elsewhere" })
	if err := os.Chtimes(filepath.Join(dir, lockFile), testTime, testTime); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := OpenWriter(ctx, dir, WriterOptions{Now: time.Now}); !errors.Is(err, context.Canceled) {
		t.Errorf("OpenWriter = %v, want context.Canceled", err)
	}
}

func TestLockIsRenewed(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w, err := OpenWriter(t.Context(), dir, WriterOptions{Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(3*lockBeat + lockBeat/2)
		synctest.Wait()
		h, err := readLock(w.root)
		if err != nil || h.Beat != 4 {
			t.Errorf("beat %d, %v, want 4", h.Beat, err)
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
}

// A run that was suspended for so long that another took its lock publishes
// nothing, and leaves the other's lock alone.
func TestLostLockPublishesNothing(t *testing.T) {
	dir := t.TempDir()
	w, err := OpenWriter(t.Context(), dir, WriterOptions{Now: time.Now, step: func(name string) {
		if name == "copied" {
			leaveLock(t, dir, func(*holder) {})
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Stage(t.Context(), source(kit()), options()); !errors.Is(err, tree.ErrBusy) {
		t.Errorf("Stage = %v, want ErrBusy", err)
	}
	if err := w.Close(); !errors.Is(err, tree.ErrBusy) {
		t.Errorf("Close = %v, want ErrBusy", err)
	}
	got := content(t, dir)
	if len(got) != 1 || !strings.Contains(got[lockFile], "there") {
		t.Errorf("the library holds %v, want the other's lock alone", got)
	}
}

// A run that lost its lock writes nothing: not the active release, not what
// belongs to one.
func TestLostLockWritesNothing(t *testing.T) {
	files := map[string][]byte{"a": []byte("a")}
	tests := map[string]func(w *Writer, release string) error{
		"Activate": func(w *Writer, release string) error { _, err := w.Activate(t.Context(), release); return err },
		"Define":   func(w *Writer, release string) error { _, err := w.Define(t.Context(), release, files); return err },
		"Attest":   func(w *Writer, release string) error { _, err := w.Attest(t.Context(), release, files); return err },
	}
	for name, do := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			w := writer(t, dir)
			res, err := w.Stage(t.Context(), source(kit()), options())
			if err != nil {
				t.Fatal(err)
			}
			leaveLock(t, dir, func(*holder) {})
			before := content(t, dir)
			if err := do(w, res.Release.Name); !errors.Is(err, tree.ErrBusy) {
				t.Errorf("%s = %v, want ErrBusy", name, err)
			}
			if !mapsEqual(before, content(t, dir)) {
				t.Error("the library was changed")
			}
			if err := w.Close(); !errors.Is(err, tree.ErrBusy) {
				t.Errorf("Close = %v, want ErrBusy", err)
			}
		})
	}
}

// Somebody took the lock between the look at it and the move: what was moved
// is put back.
func TestStealingALiveLockPutsItBack(t *testing.T) {
	for name, empty := range map[string]bool{"of another run": false, "just made, still empty": true} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := writer(t, dir).Close(); err != nil {
				t.Fatal(err)
			}
			leaveLock(t, dir, func(*holder) {})
			if empty {
				write(t, filepath.Join(dir, lockFile), "")
			}
			before, err := os.ReadFile(filepath.Join(dir, lockFile))
			if err != nil {
				t.Fatal(err)
			}
			root, err := os.OpenRoot(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := root.Close(); err != nil {
					t.Error(err)
				}
			}()
			if err := stealLock(root, holder{Token: "gone"}); !errors.Is(err, tree.ErrBusy) {
				t.Errorf("stealLock = %v, want ErrBusy", err)
			}
			after, err := os.ReadFile(filepath.Join(dir, lockFile))
			if err != nil || string(after) != string(before) {
				t.Errorf("the lock is %q, %v, want it as before", after, err)
			}
			if got := content(t, dir); len(got) != 1 {
				t.Errorf("the library holds %v, want the lock alone", got)
			}
		})
	}
}

func TestLockOfANewerVersionIsNotTaken(t *testing.T) {
	dir := t.TempDir()
	if err := writer(t, dir).Close(); err != nil {
		t.Fatal(err)
	}
	leaveLock(t, dir, func(h *holder) { h.Version, h.Host = 2, "elsewhere" })
	if err := os.Chtimes(filepath.Join(dir, lockFile), testTime, testTime); err != nil {
		t.Fatal(err)
	}
	var format *FormatError
	if _, err := OpenWriter(t.Context(), dir, WriterOptions{Now: time.Now}); !errors.As(err, &format) {
		t.Errorf("OpenWriter = %v, want a FormatError", err)
	}
	if _, err := os.Stat(filepath.Join(dir, lockFile)); err != nil {
		t.Error(err)
	}
}

// A run that lost its lock while it was suspended clears nothing away.
func TestReclaimWithoutTheLock(t *testing.T) {
	dir := t.TempDir()
	w := writer(t, dir)
	id := w.ID
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	staging := filepath.Join(dir, ".staging-0000000000000001")
	_, err := OpenWriter(t.Context(), dir, WriterOptions{Now: time.Now, step: func(name string) {
		if name == "locked" {
			leaveLock(t, dir, func(*holder) {})
			write(t, filepath.Join(staging, ownerFile), `{"library":"`+id+`"}`)
		}
	}})
	if !errors.Is(err, tree.ErrBusy) {
		t.Errorf("OpenWriter = %v, want ErrBusy", err)
	}
	if _, err := os.Stat(filepath.Join(staging, ownerFile)); err != nil {
		t.Errorf("the other run's staging folder is gone: %v", err)
	}
}

// Two runs make the library at once: both go by the marker that stands.
func TestMarkerWrittenTwice(t *testing.T) {
	const id = "0123456789abcdef0123456789abcdef"
	dir := t.TempDir()
	w, err := OpenWriter(t.Context(), dir, WriterOptions{Now: time.Now, step: func(name string) {
		if name == "marked" {
			write(t, filepath.Join(dir, markerFile), `{"format":"usmtpkg library","version":1,"library":"`+id+`"}`)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if w.ID != id {
		t.Errorf("ID = %s, want %s", w.ID, id)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
}
