package stage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"usmtpkg/locate/tree"
	"usmtpkg/stage/bag"
)

// checkShape makes sure that a staging folder contains what this run made in it
// and nothing else. The re-read opens the files it knows and goes through
// folders that it keeps open: a link put in a folder's place, or a file beside
// the others, it does not see.
func (r *run) checkShape(ctx context.Context, staging *os.Root) error {
	files := []string{ownerFile, bag.InfoName, bag.DeclarationName, manifestName.Name(), releaseFile, tagManifestName.Name()}
	for _, c := range r.catalogs {
		files = append(files, c.File)
	}
	found, err := checkFolder(staging, ".", func(name string) bool { return slices.Contains(files, name) }, []string{dataDir})
	if err != nil {
		return err
	}
	if found != len(files) {
		return incomplete(".", found, len(files))
	}
	known := func(name string) bool {
		_, ok := slices.BinarySearchFunc(r.tree.Files, strings.TrimPrefix(name, dataDir+"/"), func(f File, p string) int { return strings.Compare(f.Path, p) })
		return ok
	}
	dirs := []string{dataDir}
	for _, d := range r.tree.Dirs {
		dirs = append(dirs, dataDir+"/"+d)
	}
	slices.Sort(dirs)
	var payload atomic.Int64
	err = tree.Each(ctx, len(dirs), r.workers, func(_ context.Context, i int, _ []byte) error {
		n, err := checkFolder(staging, dirs[i], known, dirs)
		payload.Add(int64(n))
		return err
	})
	if err != nil {
		return err
	}
	if found := int(payload.Load()); found != len(r.tree.Files) {
		return incomplete(dataDir, found, len(r.tree.Files))
	}
	return nil
}

// checkFolder looks at the entries of one folder and returns how many files it
// holds. It does not ask for their sizes: that would take as long as the flush.
func checkFolder(staging *os.Root, dir string, known func(name string) bool, dirs []string) (files int, err error) {
	f, err := staging.Open(dir)
	if err != nil {
		return 0, err
	}
	entries, err := f.ReadDir(-1)
	if err := errors.Join(err, f.Close()); err != nil {
		return 0, err
	}
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		_, isDir := slices.BinarySearch(dirs, name)
		switch {
		case e.IsDir() && isDir:
		case e.Type().IsRegular() && known(name):
			files++
		default:
			return 0, notOurs(name, "a "+entryKind(e.Type()))
		}
	}
	return files, nil
}

// checkPlace makes sure that the folder with the staging folder's name, which
// is about to be renamed, is that folder.
func (w *Writer) checkPlace(staging *os.Root) error {
	name := filepath.Base(staging.Name())
	there, err := w.root.Lstat(name)
	if err != nil {
		return err
	}
	filled, err := staging.Stat(".")
	if err == nil && !os.SameFile(there, filled) {
		return notOurs(name, "a "+entryKind(there.Mode().Type()))
	}
	return err
}

// notOurs returns the error for what somebody else put into a staging folder. A
// file system that changes names, composed letters into decomposed ones, gives
// it too: such a release could not be verified later.
func notOurs(name, found string) error {
	return &fs.PathError{Op: "checking", Path: name, Err: fmt.Errorf("%w: %s", errNotMade, found)}
}

var errNotMade = errors.New("this run did not create it, or created it under another name")

// incomplete returns the error for what somebody else took out of it.
func incomplete(dir string, found, want int) error {
	return &fs.PathError{Op: "checking", Path: dir, Err: fmt.Errorf("found %d files, wanted %d", found, want)}
}
