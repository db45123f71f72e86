package stage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"

	"usmtpkg/locate/tree"
)

// trashPrefix begins the name of a release that is being removed. It got that name by one rename, so
// a release is there as a whole or not at all; its record goes last, and proves until then that it is
// this library's.
const trashPrefix = ".trash-"

// trashName is the form of such a name.
var trashName = regexp.MustCompile(`^\.trash-[0-9a-f]{16}$`)

// A KeptError says why a release is not removed.
type KeptError struct{ Release, Reason string }

func (e *KeptError) Error() string { return "release " + e.Release + " is not removed: " + e.Reason }

// Protected says why a release must not be removed; empty: it may be. definition are the names of the
// files that usmtpkg writes into the folder of a definition. Nothing is removed that does not carry the
// library's id, and nothing together with what somebody else put there. What the files contain is not
// compared: a damaged release may be removed.
func (l *Library) Protected(ctx context.Context, release string, definition []string) (reason string, err error) {
	current, err := l.Current()
	if err != nil {
		return "", err
	}
	pinned, err := l.Pins()
	if err != nil {
		return "", err
	}
	switch {
	case strings.EqualFold(release, current):
		return "it is the active release", nil
	case slices.ContainsFunc(pinned, func(name string) bool { return strings.EqualFold(name, release) }):
		return "it is pinned", nil
	}
	root, err := tree.OpenRoot(l.dir)
	if err != nil {
		return "", destination("opening the library", err)
	}
	defer root.Close() //nolint:errcheck // only read
	if reason, err = l.foreignRelease(root, release); reason != "" || err != nil {
		return reason, err
	}
	if reason, err = strangersIn(ctx, root, release); reason != "" || err != nil {
		return reason, err
	}
	_, reason, err = ownDefinition(root, release, definition)
	return reason, err
}

// foreignRelease says why a release is not one of this library; empty: it is.
func (l *Library) foreignRelease(root *os.Root, release string) (string, error) {
	info, err := root.Lstat(release)
	if err != nil {
		return "", destination("looking at "+release, err)
	}
	if !info.IsDir() {
		return "it is a " + entryKind(info.Mode().Type()) + ", not a folder", nil
	}
	rec, err := l.Release(release)
	if broken := (*FormatError)(nil); errors.As(err, &broken) {
		return "its record cannot be read: " + broken.Reason, nil
	}
	if err == nil && rec.Library != l.ID {
		return "its record names another library, " + rec.Library, nil
	}
	return "", err
}

// strangersIn says what is in a release and does not belong to it; empty: nothing.
func strangersIn(ctx context.Context, library *os.Root, release string) (string, error) {
	root, err := tree.Sub(library, release)
	if err != nil {
		return "", destination("opening "+release, err)
	}
	defer root.Close() //nolint:errcheck // only read
	b, err := readBag(root, VerifyOptions{Release: true})
	if err != nil {
		return "", err
	}
	if b.partial {
		return "its list of files cannot be read, so what is in it may be somebody else's", nil
	}
	want := wantedFiles(b.Bag)
	files := tree.NewFolders(ctx, root, 1)
	defer files.Close() //nolint:errcheck // only read
	found, odd, err := listAll(ctx, files, want)
	if err != nil {
		return "", err
	}
	for p, kind := range odd {
		return fmt.Sprintf("%s in it is a %s", p, kind), nil
	}
	for _, f := range found.Files {
		_, wanted := slices.BinarySearchFunc(want, f.Path, func(w wanted, p string) int { return strings.Compare(w.path, p) })
		if !wanted && !b.ignored(f.Path) && !slices.Contains(ownTags(), f.Path) {
			return f.Path + " in it is not part of the release", nil
		}
	}
	return "", nil
}

// ownDefinition lists the files of a release's package definition, nil if there is none, and says why the
// definition must stay; empty: usmtpkg wrote all of it.
func ownDefinition(root *os.Root, release string, definition []string) (files []string, reason string, err error) {
	dir := definitionsDir + "/" + release
	if err := ownFolder(root, dir); err != nil {
		return nil, "", err
	}
	entries, err := fs.ReadDir(root.FS(), dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", destination("opening "+dir, err)
	}
	files = []string{}
	for _, e := range entries {
		if !e.Type().IsRegular() || !slices.Contains(definition, e.Name()) {
			return nil, fmt.Sprintf("usmtpkg did not write %s/%s", dir, e.Name()), nil
		}
		files = append(files, e.Name())
	}
	return files, "", nil
}

// Remove removes a release, and its package definition. One that is protected is a *KeptError. Once the
// release has been renamed it is gone, whatever happens; what is left of it then, the next run removes.
func (w *Writer) Remove(ctx context.Context, release string) error {
	reason, err := w.Protected(ctx, release, w.definition)
	if err != nil {
		return err
	}
	if reason != "" {
		return &KeptError{release, reason}
	}
	if err := w.lock.check(); err != nil {
		return err
	}
	w.step("judged")
	trash := trashPrefix + randomHex(8)
	if err := renameRetry(ctx, w.root, release, trash); err != nil {
		return destination("removing "+release, err)
	}
	w.step("trashed")
	ctx = context.WithoutCancel(ctx)
	// A power cut must not bring the release back, with half of its files.
	err = syncDir(w.disk, w.root, ".")
	if err == nil {
		err = w.clearTrash(ctx, trash)
	}
	if kept := (*KeptError)(nil); errors.As(err, &kept) {
		err = errors.Join(renameRetry(ctx, w.root, trash, release), syncDir(w.disk, w.root, "."))
		return cmp.Or(destination("putting "+trash+" back as "+release, err), error(&KeptError{release, kept.Reason}))
	}
	if err != nil {
		return destination("removing "+release+" (the next run goes on with "+trash+")", err)
	}
	return nil
}

// clearTrash removes what is left of a release that is being removed: its definition, and then itself. It is
// a *KeptError if something got in, or took its place, while it still had its old name.
func (w *Writer) clearTrash(ctx context.Context, trash string) error {
	if info, err := w.root.Lstat(trash); err != nil || !info.IsDir() {
		return cmp.Or(err, error(&KeptError{trash, "it is not a folder any more"}))
	}
	sub, err := tree.Sub(w.root, trash)
	if err != nil {
		return err
	}
	rec, err := readRelease(sub)
	if err := errors.Join(err, sub.Close()); err == nil && rec.Library == w.ID && releaseName.MatchString(rec.Name) {
		if reason, err := strangersIn(ctx, w.root, trash); reason != "" || err != nil {
			return cmp.Or(err, error(&KeptError{trash, reason}))
		}
		if err := w.removeDefinition(ctx, rec.Name); err != nil {
			return err
		}
	} // without its record it is almost gone, and the definition went before
	w.step("undefined")
	return w.removeStaging(ctx, trash)
}

// Removing reports whether a removal was interrupted, so that a release still takes up space.
func (l *Library) Removing() bool {
	entries, err := os.ReadDir(l.dir)
	return err == nil && slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.IsDir() && trashName.MatchString(e.Name()) })
}

// removeDefinition removes the definition of a release that is gone. One that has files of others stays.
func (w *Writer) removeDefinition(ctx context.Context, release string) error {
	if _, err := w.root.Lstat(release); !errors.Is(err, fs.ErrNotExist) {
		return err // it is there again
	}
	files, reason, err := ownDefinition(w.root, release, w.definition)
	if err != nil || reason != "" || files == nil {
		return err
	}
	dir := definitionsDir + "/" + release
	for _, name := range files {
		if err := tree.RetryLocked(ctx, func() error { return w.root.Remove(path.Join(dir, name)) }); err != nil {
			return err
		}
	}
	if err := tree.RetryLocked(ctx, func() error { return w.root.Remove(dir) }); err != nil {
		return err
	}
	return syncDir(w.disk, w.root, definitionsDir)
}
