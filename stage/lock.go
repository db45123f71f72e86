package stage

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"usmtpkg/locate/tree"
)

// The lock is a file that exists. Its holder renews it; nobody's clock decides
// whether a holder is gone: a run that finds an old lock watches it, and takes it
// over only after it has not been renewed for lockWatch, or when its holder
// ran on this machine and has ended.
const (
	lockBeat  = 3 * time.Second  // how often the holder renews
	lockFresh = 15 * time.Second // a lock renewed this recently is not watched: the library is busy
	lockWatch = 12 * time.Second // how long a lock must stay unrenewed to be stale

	lockFormat = "usmtpkg lock"
	idBytes    = 16
)

// holder is the content of the lock file.
type holder struct {
	Format  string    `json:"format"`
	Version int       `json:"version"`
	Token   string    `json:"token"`
	Host    string    `json:"host"`
	Machine string    `json:"machine"`
	PID     int       `json:"pid"`
	Started time.Time `json:"started"`
	Beat    int       `json:"beat"`
}

func (h holder) String() string {
	return fmt.Sprintf("process %d on %s, since %s", h.PID, h.Host, h.Started.UTC().Format(time.RFC3339))
}

// sameMachine reports whether h ran where this process runs.
func (h holder) sameMachine(host string) bool {
	return h.Host == host && h.Machine == machineID()
}

// A lock is held until released.
type lock struct {
	root *os.Root
	file *os.File
	me   holder
	stop chan struct{}
	done sync.WaitGroup
}

// takeLock takes the library's lock. If another run holds it the error is
// tree.ErrBusy; a stale lock is taken over and the reason returned.
func takeLock(ctx context.Context, root *os.Root, now func() time.Time) (*lock, string, error) {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	me := holder{
		Format: lockFormat, Version: formatVersion, Token: randomHex(idBytes),
		Host: host, Machine: machineID(), PID: os.Getpid(), Started: now().UTC(),
	}
	takenOver := ""
	for range 3 {
		l, err := createLock(root, me)
		if err == nil {
			return l, takenOver, nil
		}
		if !errors.Is(err, fs.ErrExist) {
			return nil, "", destination("taking the lock", err)
		}
		if takenOver, err = removeStale(ctx, root, host, now); err != nil {
			return nil, "", err
		}
	}
	return nil, "", fmt.Errorf("taking the lock: %w: other runs take it as soon as it is free", tree.ErrBusy)
}

func createLock(root *os.Root, me holder) (*lock, error) {
	f, err := root.OpenFile(lockFile, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, err
	}
	l := &lock{root: root, file: f, me: me, stop: make(chan struct{})}
	if err := l.renew(); err != nil {
		return nil, errors.Join(err, f.Close(), root.Remove(lockFile))
	}
	l.done.Go(l.beat)
	return l, nil
}

// renew writes the lock's content, one beat further. A line of ever the same
// length is replaced in one write: a reader sees the old or the new.
func (l *lock) renew() error {
	l.me.Beat++
	b, err := json.Marshal(l.me)
	if err != nil {
		return err
	}
	_, err = l.file.WriteAt(fmt.Appendf(nil, "%-510s\n", b), 0)
	return err
}

// beat renews the lock until it is released or lost. A renewal that does not
// succeed is not fatal: the next may, and check decides before anything is
// published.
func (l *lock) beat() {
	ticker := time.NewTicker(lockBeat)
	defer ticker.Stop()
	for {
		select {
		case <-l.stop:
			return
		case <-ticker.C:
			if l.check() == nil {
				_ = l.renew()
			}
		}
	}
}

// check reports whether the lock is still ours.
func (l *lock) check() error {
	h, err := readLock(l.root)
	if tree.IsIOFault(err) {
		return destination("looking at the lock", err) // it may well be ours still
	}
	if err != nil {
		return fmt.Errorf("the library's lock was lost: %w", errors.Join(tree.ErrBusy, err))
	}
	if h.Token != l.me.Token {
		return fmt.Errorf("the library's lock was lost: %w: %s took it", tree.ErrBusy, h)
	}
	return nil
}

// release gives the lock back, unless it is no longer ours.
func (l *lock) release() error {
	close(l.stop)
	l.done.Wait()
	mine := l.check()
	if err := l.file.Close(); err != nil {
		return destination("releasing the lock", err)
	}
	if mine != nil {
		return mine
	}
	return destination("releasing the lock", l.root.Remove(lockFile))
}

func readLock(root *os.Root) (holder, error) { return readHolder(root, lockFile) }

func readHolder(root *os.Root, name string) (holder, error) {
	var h holder
	b, err := readSmall(root, name)
	if err != nil {
		return h, err
	}
	if !json.Valid(b) {
		return h, errTornLock
	}
	err = decode(name, b, lockFormat, formatVersion, &h)
	return h, err
}

// errTornLock is a lock that is empty, or that does not end.
var errTornLock = errors.New("the lock is torn")

// removeStale removes a lock whose holder is gone and says why it was
// allowed to. If the holder lives, the error is tree.ErrBusy. A lock that cannot be
// understood is an error, unless it is torn, as a crash leaves it.
func removeStale(ctx context.Context, root *os.Root, host string, now func() time.Time) (string, error) {
	h, err := readLock(root)
	info, serr := root.Stat(lockFile)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(serr, fs.ErrNotExist) {
		return "", nil // released in this moment
	}
	torn := errors.Is(err, errTornLock)
	if err := errors.Join(err, serr); err != nil && !torn {
		return "", destination("looking at the lock", err)
	}
	who := h.String()
	if torn {
		who = "a run that crashed while it took the lock"
	}
	switch age := now().Sub(info.ModTime()); {
	case !torn && h.sameMachine(host) && !isRunning(h.PID):
		return fmt.Sprintf("took over the lock of %s: that process has ended", who), stealLock(root, h)
	case age >= 0 && age < lockFresh:
		return "", fmt.Errorf("the library is %w: %s", tree.ErrBusy, who)
	}
	if err := watchLock(ctx, root, h, info); err != nil {
		return "", err
	}
	return fmt.Sprintf("took over the lock of %s: it was not renewed for %s", who, lockWatch), stealLock(root, h)
}

// watchLock returns nil when the lock has not been touched for lockWatch.
func watchLock(ctx context.Context, root *os.Root, seen holder, before fs.FileInfo) error {
	timer := time.NewTimer(lockWatch)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
	}
	h, err := readLock(root)
	info, serr := root.Stat(lockFile)
	switch {
	case errors.Is(err, fs.ErrNotExist) || errors.Is(serr, fs.ErrNotExist):
		return nil
	case serr != nil || err != nil && !errors.Is(err, errTornLock):
		return destination("looking at the lock", errors.Join(err, serr))
	case h.Token == seen.Token && h.Beat == seen.Beat && info.Size() == before.Size() && info.ModTime().Equal(before.ModTime()):
		return nil
	}
	return fmt.Errorf("the library is %w: %s", tree.ErrBusy, h)
}

// stealLock moves the lock aside, which only one contender can, and makes sure
// that what it moved is what was found stale. If it is not, it is put back,
// unless somebody has a new one by then: whoever held the moved one finds out
// before it publishes.
func stealLock(root *os.Root, stale holder) error {
	aside := "." + lockFile[1:] + "." + randomHex(8) + partialSuffix
	err := root.Rename(lockFile, aside)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return destination("taking over the lock", err)
	}
	h, err := readHolder(root, aside)
	if h.Token == stale.Token && (err == nil) == (stale.Token != "") {
		return destination("taking over the lock", root.Remove(aside))
	}
	_ = root.Link(aside, lockFile)
	return errors.Join(fmt.Errorf("the library is %w: other runs are taking it over too", tree.ErrBusy), root.Remove(aside))
}

// randomHex is n random bytes in hexadecimal.
func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: crypto/rand ends the process instead
	return hex.EncodeToString(b)
}
