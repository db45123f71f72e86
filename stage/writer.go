package stage

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"usmtpkg/locate/tree"
)

// partialSuffix ends the name of a small file that is being written.
const partialSuffix = ".partial"

// partialName is the form of such a name.
var partialName = regexp.MustCompile(`^\.[A-Za-z0-9.-]+\.[0-9a-f]{16}\.partial$`)

// WriterOptions tunes OpenWriter. The zero value is ready to use.
type WriterOptions struct {
	Protected   []string         // folders that must not become libraries: home, Windows
	Source      string           // the source's folder, which must not overlap the library; empty if it is not a folder
	OverlayDirs []string         // folders of an overlay, which must not be in the library
	Definition  []string         // the names of the files that usmtpkg writes into the folder of a definition
	Now         func() time.Time // the clock for what is recorded; nil records the zero time

	step func(name string) // called between the steps of a run; tests end the process there
	disk flusher           // nil is the operating system's
}

// A Writer holds a library's lock and writes to it. Close it.
type Writer struct {
	*Library
	root  *os.Root
	lock  *lock
	now   func() time.Time
	notes []string
	step  func(name string)
	disk  flusher

	definition []string // see WriterOptions
}

// CheckTarget returns an error if dir cannot be opened as a library for writing. It does not touch
// dir.
func CheckTarget(dir string, o WriterOptions) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return destination("opening the library", err)
	}
	if err := errors.Join(refuseTarget(dir, o.Protected), refuseOverlap(dir, o.Source), refuseWithin(dir, o.OverlayDirs)); err != nil {
		return err
	}
	root, err := tree.OpenRoot(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return destination("opening the library", err)
	}
	defer root.Close() //nolint:errcheck // only read
	_, err = readMarker(root)
	if errors.Is(err, fs.ErrNotExist) {
		err = checkOwn(root)
	}
	return destination("opening the library", err)
}

// OpenWriter opens dir as a library, making it one if it is absent or empty,
// takes its lock, and reclaims what an interrupted run left behind.
func OpenWriter(ctx context.Context, dir string, o WriterOptions) (*Writer, error) {
	if o.Now == nil {
		o.Now = func() time.Time { return time.Time{} }
	}
	if o.step == nil {
		o.step = func(string) {}
	}
	if err := CheckTarget(dir, o); err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, destination("opening the library", err)
	}
	if err := makeDirs(flusherOr(o.disk), dir); err != nil {
		return nil, destination("creating the library", err)
	}
	root, err := tree.OpenRoot(dir)
	if err != nil {
		return nil, destination("opening the library", err)
	}
	w := &Writer{Library: &Library{dir: dir}, root: root, now: o.Now, step: o.step, disk: flusherOr(o.disk), definition: o.Definition}
	if err := w.open(ctx); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

func (w *Writer) open(ctx context.Context) error {
	m, err := readMarker(w.root)
	if errors.Is(err, fs.ErrNotExist) {
		m, err = w.create(ctx)
	}
	if err != nil {
		return destination("opening the library", err)
	}
	w.step("marked")
	var note string
	if w.lock, note, err = takeLock(ctx, w.root, w.now); err != nil {
		return err
	}
	w.note(note)
	w.step("locked")
	// Of two runs that made the library at once, one wrote its marker over the other's.
	if m, err = readMarker(w.root); err != nil {
		return destination("opening the library", err)
	}
	w.ID = m.Library
	return w.reclaim(ctx)
}

// create writes the marker. If two runs do so at once, the later one wins.
func (w *Writer) create(ctx context.Context) (marker, error) {
	m := marker{Format: markerFormat, Version: formatVersion, Library: randomHex(idBytes)}
	b, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return m, err
	}
	err = w.replace(ctx, markerFile, append(b, '\n'))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return m, err
	}
	// A run that has the library by now takes what others are writing for what interrupted runs left,
	// and clears it: then there is a marker, that one's.
	made, missing := readMarker(w.root)
	if missing != nil {
		return m, errors.Join(err, missing)
	}
	return made, nil
}

// Close releases the lock.
func (w *Writer) Close() error {
	var err error
	if w.lock != nil {
		err = w.lock.release()
	}
	return errors.Join(err, w.root.Close())
}

// Notes returns what opening the library had to repair: a stale lock taken
// over, an interrupted run cleared away.
func (w *Writer) Notes() []string { return w.notes }

func (w *Writer) note(s string) {
	if s != "" {
		w.notes = append(w.notes, s)
	}
}

// replace writes a small file of the library in one step: readers see the old
// content or the new, also after a crash.
func (w *Writer) replace(ctx context.Context, name string, content []byte) error {
	dir, base := filepath.ToSlash(filepath.Dir(name)), filepath.Base(name)
	partial := "." + base + "." + randomHex(8) + partialSuffix
	if dir != "." {
		partial = dir + "/" + partial
	}
	if err := writeNew(w.disk, w.root, partial, content); err != nil {
		return err
	}
	if err := renameRetry(ctx, w.root, partial, name); err != nil {
		return errors.Join(err, w.root.Remove(partial))
	}
	return syncDir(w.disk, w.root, dir)
}

// writeNew writes and flushes a file that must not exist yet.
func writeNew(disk flusher, root *os.Root, name string, content []byte) error {
	return createNew(disk, root, name, func(w io.Writer) error { _, err := w.Write(content); return err })
}

// createNew does the same with content that is made while it is written. If
// disk is nil, others flush it.
func createNew(disk flusher, root *os.Root, name string, write func(w io.Writer) error) error {
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	if err = write(f); err == nil && disk != nil {
		if err = disk.flush(f); tree.IsUnsupported(err) {
			err = nil
		}
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, root.Remove(name))
	}
	return nil
}

// Activate makes a published release the active one and reports whether it was not.
func (w *Writer) Activate(ctx context.Context, release string) (changed bool, err error) {
	if _, err := w.Release(release); err != nil {
		return false, err
	}
	current, err := w.Current()
	if err == nil && current == release {
		return false, nil
	}
	if ferr := (*FormatError)(nil); err != nil && !errors.As(err, &ferr) {
		return false, err
	}
	if err := w.lock.check(); err != nil {
		return false, err
	}
	if err := w.replace(ctx, currentFile, []byte(release+"\n")); err != nil {
		return false, destination("activating "+release, err)
	}
	w.step("activated")
	return true, nil
}
