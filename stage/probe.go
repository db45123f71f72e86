package stage

import (
	"errors"
	"math"
	"os"
	"time"

	"usmtpkg/locate/tree"
)

// FreeSpace returns how many bytes are free where dir is, or is to be; ok is false if the system does not say.
func FreeSpace(dir string) (free uint64, ok bool) {
	f, err := os.Open(existing(dir))
	if err != nil {
		return 0, false
	}
	defer f.Close() //nolint:errcheck // only asked
	free, err = freeSpace(f)
	return free, err == nil && free != math.MaxUint64
}

// A Probed is what a file showed that was written into the folder of a library.
type Probed struct {
	Durability Durability    // how a release there is flushed
	Ahead      time.Duration // by how much the clock of the file system is ahead of this machine's
}

// Probe writes a small file into the folder of a library, flushes it, reads its time, and removes it. If
// the process is killed in between, the next run clears the file away.
func Probe(dir string, now func() time.Time) (Probed, error) { return probe(dir, now, osFlusher{}) }

// probe tries twice: a run that begins meanwhile clears the file away, and does so once.
func probe(dir string, now func() time.Time, disk flusher) (Probed, error) {
	p, err := probeOnce(dir, now, disk)
	if errors.Is(err, errCleared) {
		p, err = probeOnce(dir, now, disk)
	}
	return p, err
}

var errCleared = errors.New("another run cleared the file away")

func probeOnce(dir string, now func() time.Time, disk flusher) (p Probed, err error) {
	const doing = "trying to write to the library"
	root, err := tree.OpenRoot(dir)
	if err != nil {
		return p, destination(doing, err)
	}
	defer root.Close() //nolint:errcheck // what was written is removed
	name := ".probe." + randomHex(8) + partialSuffix
	before := now()
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return p, destination(doing, err)
	}
	_, err = f.WriteString("usmtpkg doctor\n")
	p.Durability = DurableFsync
	if err == nil {
		if err = disk.flush(f); tree.IsUnsupported(err) {
			p.Durability, err = DurableNotConfirmed, nil
		}
	}
	if err = errors.Join(err, f.Close()); err == nil {
		p.Ahead, err = ahead(root, name, before, now())
	}
	if gone := root.Remove(name); !errors.Is(gone, os.ErrNotExist) { // a run that began meanwhile cleared it away
		err = errors.Join(err, gone)
	}
	if at, failed := root.Open("."); failed == nil {
		if disk.canFlushSystem(at) {
			p.Durability = DurableSyncFS
		}
		_ = at.Close()
	}
	return p, destination(doing, err)
}

// ahead compares the time of a file with when it was written, on this machine's clock.
func ahead(root *os.Root, name string, before, after time.Time) (time.Duration, error) {
	info, err := root.Stat(name)
	if errors.Is(err, os.ErrNotExist) {
		return 0, errCleared
	}
	if err != nil {
		return 0, err
	}
	switch at := info.ModTime(); {
	case at.Before(before):
		return at.Sub(before), nil
	case at.After(after):
		return at.Sub(after), nil
	}
	return 0, nil
}
