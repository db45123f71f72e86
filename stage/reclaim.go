package stage

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"

	"usmtpkg/locate/tree"
)

// ownerFile is in a staging folder from its first moment and proves that it
// is this library's. It goes last: until then release.json proves the same.
const ownerFile = ".staging.json"

// stagingPrefix begins the name of a staging folder; in that of a folder that
// only tries whether it may be renamed, a name like the wanted one precedes it.
const stagingPrefix = ".staging-"

// stagingName is the form of a staging folder's name.
var stagingName = regexp.MustCompile(`^[0-9A-Za-z.-]*\.staging-[0-9a-f]{16}$`)

// owner is the content of the ownerFile.
type owner struct {
	Library string `json:"library"`
}

// reclaim removes what interrupted runs of this library left behind. What
// does not carry the library's id stays and is reported.
func (w *Writer) reclaim(ctx context.Context) error {
	entries, err := fs.ReadDir(w.root.FS(), ".")
	if err != nil {
		return destination("listing the library", err)
	}
	for _, e := range entries {
		name := e.Name()
		trash := trashName.MatchString(name)
		if !e.IsDir() || !trash && !stagingName.MatchString(name) {
			continue
		}
		if !w.owns(name) {
			w.note(fmt.Sprintf("left %s alone: nothing in it proves that it belongs to this library", name))
			continue
		}
		if err := w.lock.check(); err != nil {
			return err
		}
		remove := w.removeStaging
		if trash {
			remove = w.clearTrash
		}
		err := remove(ctx, name)
		switch {
		case err != nil && trash && ctx.Err() == nil:
			w.note(fmt.Sprintf("%s, what is left of a release that was removed, is still there: %v", name, err))
		case err != nil:
			return destination("clearing an interrupted run", err)
		default:
			w.note(fmt.Sprintf("cleared %s, left by an interrupted run", name))
		}
	}
	return destination("clearing an interrupted run", w.removePartials())
}

// removePartials removes small files whose writing was interrupted.
func (w *Writer) removePartials() error {
	var names []string
	for _, dir := range []string{"", definitionsDir + "/*/", attestationsDir + "/*/"} {
		found, err := fs.Glob(tree.FS(w.root), dir+"*"+partialSuffix)
		if err != nil {
			return err
		}
		names = append(names, found...)
	}
	for _, name := range names {
		info, err := w.root.Lstat(name)
		if err != nil || !info.Mode().IsRegular() || !partialName.MatchString(path.Base(name)) {
			continue
		}
		if err := errors.Join(w.lock.check(), w.root.Remove(name)); err != nil {
			return err
		}
	}
	return nil
}

// proof returns the content of the ownerFile of a library.
func proof(library string) []byte {
	b, _ := json.Marshal(owner{Library: library}) // a string is always encoded
	return append(b, '\n')
}

// owns reports whether a staging folder is this library's: it carries the id, or
// it is empty or has only a part of the ownerFile, as a run leaves it that
// ended right after making it.
func (w *Writer) owns(dir string) bool {
	var o owner
	b, err := readSmall(w.root, dir+"/"+ownerFile)
	if err == nil && json.Unmarshal(b, &o) == nil && o.Library == w.ID {
		return true
	}
	torn := err == nil && bytes.HasPrefix(proof(w.ID), bytes.TrimRight(b, "\x00"))
	if sub, err := tree.Sub(w.root, dir); err == nil {
		rec, err := readRelease(sub)
		if err = errors.Join(err, sub.Close()); err == nil && rec.Library == w.ID {
			return true
		}
	}
	entries, err := fs.ReadDir(w.root.FS(), dir)
	return err == nil && (len(entries) == 0 || torn && len(entries) == 1)
}

// removeStaging removes a staging folder, or a release that is being removed, that
// is ours: its proofs last, so that an interrupted removal can be resumed.
func (w *Writer) removeStaging(ctx context.Context, dir string) error {
	sub, err := tree.Sub(w.root, dir)
	if err != nil {
		return err
	}
	err = removeContent(ctx, sub)
	if err := errors.Join(err, sub.Close()); err != nil {
		return err
	}
	return tree.RetryLocked(ctx, func() error { return w.root.Remove(dir) })
}

func removeContent(ctx context.Context, sub *os.Root) error {
	entries, err := fs.ReadDir(sub.FS(), ".")
	if err != nil {
		return err
	}
	last := []string{releaseFile, ownerFile}
	for _, e := range entries {
		if slices.Contains(last, e.Name()) {
			continue
		}
		if err := tree.RetryLocked(ctx, func() error { return sub.RemoveAll(e.Name()) }); err != nil {
			return err
		}
	}
	for _, name := range last {
		if err := sub.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func sortedKeys(m map[string][]byte) []string { return slices.Sorted(maps.Keys(m)) }
