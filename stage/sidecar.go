package stage

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"

	"usmtpkg/locate/tree"
)

// What is beside a release, in a separate folder: its definition, its
// attestation. These files may be written again; the release may not.

// DefinitionDir returns the folder of a release's package definition.
func (l *Library) DefinitionDir(name string) string {
	return filepath.Join(l.dir, definitionsDir, name)
}

// AttestationDir returns the folder of a release's attestation.
func (l *Library) AttestationDir(name string) string {
	return filepath.Join(l.dir, attestationsDir, name)
}

// StaleDefinition returns the names, sorted, of those files of a release's package
// definition that are not there or are different.
func (l *Library) StaleDefinition(release string, files map[string][]byte) ([]string, error) {
	return l.differing(definitionsDir+"/"+release, files)
}

// StaleAttestation returns the same for the files of a release's attestation.
func (l *Library) StaleAttestation(release string, files map[string][]byte) ([]string, error) {
	return l.differing(attestationsDir+"/"+release, files)
}

func (l *Library) differing(dir string, files map[string][]byte) ([]string, error) {
	root, err := tree.OpenRoot(l.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return sortedKeys(files), nil
	}
	if err != nil {
		return nil, destination("opening the library", err)
	}
	defer root.Close() //nolint:errcheck // only read
	if err := ownFolder(root, dir); err != nil {
		return nil, err
	}
	names := []string{}
	for _, name := range sortedKeys(files) {
		if !holds(root, dir+"/"+name, files[name]) {
			names = append(names, name)
		}
	}
	return names, nil
}

// ownFolder refuses a folder beside the releases that is not one, or that is in one that is
// not: a link in its place could lead into a release, which is never written again. One that
// is not there is no fault.
func ownFolder(root *os.Root, dir string) error {
	for p := range parentsAnd(dir) {
		info, err := root.Lstat(p)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return destination("opening "+p, err)
		}
		if !info.IsDir() {
			return destination("opening "+p, &FormatError{p, "it is a " + entryKind(info.Mode().Type()) + ", not a folder; move it out of the library"})
		}
	}
	return nil
}

// parentsAnd yields the folders above a slash-separated path, the topmost first, and the path.
func parentsAnd(p string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i, r := range p {
			if r == '/' && !yield(p[:i]) {
				return
			}
		}
		yield(p)
	}
}

// holds reports whether a file exists and has this content.
func holds(root *os.Root, name string, content []byte) bool {
	if info, err := root.Lstat(name); err != nil || !info.Mode().IsRegular() {
		return false
	}
	old, err := tree.ReadFileIn(root, name, int64(len(content)))
	return err == nil && bytes.Equal(old, content)
}

// ReadDefinition reads one file of a release's package definition, of at most limit bytes.
func (l *Library) ReadDefinition(release, name string, limit int64) ([]byte, error) {
	root, err := tree.OpenRoot(l.dir)
	if err != nil {
		return nil, destination("opening the library", err)
	}
	defer root.Close() //nolint:errcheck // only read
	dir := definitionsDir + "/" + release
	if err := ownFolder(root, dir); err != nil {
		return nil, err
	}
	return tree.ReadFileIn(root, dir+"/"+name, limit)
}

// Define writes the files of a release's package definition, and returns the
// names of those that were not there or were different.
func (w *Writer) Define(ctx context.Context, release string, files map[string][]byte) ([]string, error) {
	names, err := w.writeSidecar(ctx, release, definitionsDir, "writing the package definition of "+release, files)
	if len(names) > 0 && err == nil {
		w.step("defined")
	}
	return names, err
}

// Attest writes the files of a release's attestation, and returns the names
// of those that were not there or were different.
func (w *Writer) Attest(ctx context.Context, release string, files map[string][]byte) ([]string, error) {
	return w.writeSidecar(ctx, release, attestationsDir, "writing the attestation of "+release, files)
}

func (w *Writer) writeSidecar(ctx context.Context, release, dir, doing string, files map[string][]byte) ([]string, error) {
	if _, err := w.Release(release); err != nil {
		return nil, err
	}
	dir += "/" + release
	names, err := w.differing(dir, files)
	if err != nil || len(names) == 0 {
		return names, err
	}
	if err := w.lock.check(); err != nil {
		return nil, err
	}
	err = w.root.MkdirAll(dir, 0o777)
	if err := errors.Join(err, syncDir(w.disk, w.root, path.Dir(dir)), syncDir(w.disk, w.root, ".")); err != nil {
		return nil, destination(doing, err)
	}
	if err := ownFolder(w.root, dir); err != nil {
		return nil, err
	}
	for i, name := range names {
		if err := w.replace(ctx, dir+"/"+name, files[name]); err != nil {
			return names[:i], destination(doing, err)
		}
	}
	return names, nil
}

// Definitions lists the folders of package definitions, those of releases that are gone too, and links in
// their place.
func (l *Library) Definitions() ([]string, error) {
	return l.beside(definitionsDir, func(e fs.DirEntry) bool { return !e.Type().IsRegular() })
}

// DefinitionFiles lists what is in the folder of a release's package definition.
func (l *Library) DefinitionFiles(release string) ([]string, error) {
	return l.beside(definitionsDir+"/"+release, func(fs.DirEntry) bool { return true })
}

// beside lists a folder beside the releases, which need not be there.
func (l *Library) beside(dir string, keep func(fs.DirEntry) bool) ([]string, error) {
	root, err := tree.OpenRoot(l.dir)
	if err != nil {
		return nil, destination("opening the library", err)
	}
	defer root.Close() //nolint:errcheck // only read
	if err := ownFolder(root, dir); err != nil {
		return nil, err
	}
	entries, err := fs.ReadDir(root.FS(), dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, destination("opening "+dir, err)
	}
	names := []string{}
	for _, e := range entries {
		if keep(e) {
			names = append(names, e.Name())
		}
	}
	return names, nil
}
