package stage

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// What lies beside a release, in a folder of its own: its definition, its
// attestation. These files may be written again; the release may not.

// DefinitionDir is the folder of a release's package definition.
func (l *Library) DefinitionDir(name string) string {
	return filepath.Join(l.dir, definitionsDir, name)
}

// AttestationDir is the folder of a release's attestation.
func (l *Library) AttestationDir(name string) string {
	return filepath.Join(l.dir, attestationsDir, name)
}

// Undefined returns the names, sorted, of those files of a release's package
// definition that are not there or are different.
func (l *Library) Undefined(release string, files map[string][]byte) ([]string, error) {
	return l.differing(definitionsDir+"/"+release, files)
}

// Unattested returns the same for the files of a release's attestation.
func (l *Library) Unattested(release string, files map[string][]byte) ([]string, error) {
	return l.differing(attestationsDir+"/"+release, files)
}

func (l *Library) differing(dir string, files map[string][]byte) ([]string, error) {
	root, err := os.OpenRoot(l.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return sortedKeys(files), nil
	}
	if err != nil {
		return nil, destination("opening the library", err)
	}
	defer root.Close() //nolint:errcheck // only read
	names := []string{}
	for _, name := range sortedKeys(files) {
		if !holds(root, dir+"/"+name, files[name]) {
			names = append(names, name)
		}
	}
	return names, nil
}

// holds tells whether a file is there and has this content.
func holds(root *os.Root, name string, content []byte) bool {
	f, err := root.Open(name)
	if err != nil {
		return false
	}
	defer f.Close() //nolint:errcheck // only read
	old, err := io.ReadAll(io.LimitReader(f, int64(len(content))+1))
	return err == nil && bytes.Equal(old, content)
}

// Define writes the files of a release's package definition, and returns the
// names of those that were not there or were different.
func (w *Writer) Define(ctx context.Context, release string, files map[string][]byte) ([]string, error) {
	names, err := w.beside(ctx, release, definitionsDir, "writing the package definition of "+release, files)
	if len(names) > 0 && err == nil {
		w.step("defined")
	}
	return names, err
}

// Attest writes the files of a release's attestation, and returns the names
// of those that were not there or were different.
func (w *Writer) Attest(ctx context.Context, release string, files map[string][]byte) ([]string, error) {
	return w.beside(ctx, release, attestationsDir, "writing the attestation of "+release, files)
}

func (w *Writer) beside(ctx context.Context, release, dir, doing string, files map[string][]byte) ([]string, error) {
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
	if err := w.root.MkdirAll(dir, 0o777); err != nil {
		return nil, destination(doing, err)
	}
	for i, name := range names {
		if err := w.replace(ctx, dir+"/"+name, files[name]); err != nil {
			return names[:i], destination(doing, err)
		}
	}
	return names, nil
}
