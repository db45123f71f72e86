package stage

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// A probing flusher answers as a file system would.
type probing struct {
	osFlusher
	err     error
	system  bool
	cleared int      // how often another run clears the file away
	seen    []string // what was in the folder when a file was flushed
}

func (p *probing) flush(f *os.File) error {
	names, _ := filepath.Glob(filepath.Join(filepath.Dir(f.Name()), ".*"))
	p.seen = append(p.seen, names...)
	if len(p.seen) <= p.cleared {
		return os.Remove(f.Name())
	}
	return p.err
}

func (p *probing) canFlushSystem(*os.File) bool { return p.system }

func TestProbe(t *testing.T) {
	broken, unsupported := errors.New("disk on fire"), syscall.ENOTSUP
	if runtime.GOOS == "windows" {
		unsupported = 50 // ERROR_NOT_SUPPORTED
	}
	for _, tt := range []struct {
		name string
		disk probing
		late time.Duration // of this machine's clock
		want Probed
		err  error
	}{
		{name: "each file", want: Probed{Durability: DurableFsync}},
		{name: "file system", disk: probing{system: true}, want: Probed{Durability: DurableSyncFS}},
		{name: "not supported", disk: probing{err: unsupported}, want: Probed{Durability: DurableNotConfirmed}},
		{name: "broken", disk: probing{err: broken}, err: broken},
		{name: "cleared away once", disk: probing{cleared: 1}, want: Probed{Durability: DurableFsync}},
		{name: "cleared away twice", disk: probing{cleared: 2}, err: errCleared},
		{name: "clock ahead", late: time.Hour, want: Probed{Durability: DurableFsync, Ahead: time.Hour}},
		{name: "clock behind", late: -time.Hour, want: Probed{Durability: DurableFsync, Ahead: -time.Hour}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.disk.cleared > 0 && runtime.GOOS == "windows" {
				t.Skip("Windows does not remove a file that is open")
			}
			dir := t.TempDir()
			got, err := probe(dir, func() time.Time { return time.Now().Add(-tt.late) }, &tt.disk)
			if !errors.Is(err, tt.err) {
				t.Fatalf("probe: %v, want %v", err, tt.err)
			}
			if bad := (*DestinationError)(nil); err != nil && !errors.As(err, &bad) {
				t.Errorf("probe: %T, want a *DestinationError", err)
			}
			if off := (got.Ahead - tt.want.Ahead).Abs(); err == nil && (got.Durability != tt.want.Durability || off > time.Minute) {
				t.Errorf("probe = %+v, want %+v", got, tt.want)
			}
			if len(tt.disk.seen) != max(1, min(2, tt.disk.cleared+1)) || !partialName.MatchString(filepath.Base(tt.disk.seen[0])) {
				t.Errorf("flushed with %v in the folder, want one file that a run clears away", tt.disk.seen)
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
	if _, err := Probe(filepath.Join(t.TempDir(), "nowhere"), time.Now); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Probe of no folder: %v", err)
	}
}

func TestFreeSpace(t *testing.T) {
	here, ok := FreeSpace(t.TempDir())
	there, same := FreeSpace(filepath.Join(t.TempDir(), "not", "yet"))
	if ok != same || ok && (here == 0 || there == 0 || here == math.MaxUint64) {
		t.Errorf("FreeSpace = %d, %v, and %d, %v where the folder is not there yet", here, ok, there, same)
	}
}
