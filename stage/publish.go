package stage

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"usmtpkg/locate/tree"
	"usmtpkg/stage/bag"
)

// publish copies the source into a staging folder and, once everything is
// checked and flushed, renames it to the release's name. On any error the
// staging folder is removed.
func (w *Writer) publish(ctx context.Context, r *run) (res Result, err error) {
	name, err := w.makeStaging(ctx)
	if err != nil {
		return res, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.discard(context.WithoutCancel(ctx), name))
		}
	}()
	w.step("staging")
	staging, err := tree.Sub(w.root, name)
	if err != nil {
		return res, destination("creating the staging folder", err)
	}
	err = w.fill(ctx, staging, r)
	if err = errors.Join(err, staging.Close()); err != nil {
		return res, err
	}
	if err := r.relist(ctx); err != nil {
		return res, err
	}
	if err := w.lock.check(); err != nil {
		return res, err
	}
	// With this name there could only be a release that is damaged.
	if _, err := w.root.Lstat(r.rec.Name); err == nil {
		if _, err := w.recheck(ctx, r); err != nil {
			return res, err
		}
		return res, &MismatchError{What: "release " + r.rec.Name + ", already in the library for this content",
			Files: []FileResult{{Path: releaseFile, Verdict: Changed}}}
	}
	if err := renameRetry(ctx, w.root, name, r.rec.Name); err != nil {
		return res, destination("publishing "+r.rec.Name, err)
	}
	w.step("published")
	return Result{Release: r.rec, Published: true, Changes: r.changes}, destination("publishing "+r.rec.Name, syncDir(w.disk, w.root, "."))
}

// makeStaging makes a staging folder and moves it once: where folders can be
// made but not renamed, nothing is copied in vain.
func (w *Writer) makeStaging(ctx context.Context) (string, error) {
	first, name := stagingPrefix+randomHex(8), stagingPrefix+randomHex(8)
	if err := w.root.Mkdir(first, 0o700); err != nil {
		return "", destination("creating the staging folder", err)
	}
	if err := renameRetry(ctx, w.root, first, name); err != nil {
		return "", destination("creating the staging folder", errors.Join(err, w.root.Remove(first)))
	}
	return name, nil
}

// discard removes the staging folder of a run that ended early. A run that was
// cancelled cleans up all the same.
func (w *Writer) discard(ctx context.Context, name string) error {
	if _, err := w.root.Lstat(name); err != nil {
		return nil //nolint:nilerr // it was renamed: the release is published
	}
	if err := w.removeStaging(ctx, name); err != nil {
		return fmt.Errorf("removing %s (a later run will do it): %w", name, err)
	}
	return nil
}

// fill makes the staging folder a complete, checked and flushed bag.
func (w *Writer) fill(ctx context.Context, staging *os.Root, r *run) error {
	if err := writeNew(w.disk, staging, ownerFile, proof(w.ID)); err != nil {
		return destination("creating the staging folder", err)
	}
	data, err := openData(staging)
	if err != nil {
		return err
	}
	files := tree.NewFolders(ctx, data, 1)
	// Handles of folders; the files are closed, and flushed, one by one.
	defer func() { _ = errors.Join(files.Close(), data.Close()) }()
	d, err := newDurable(staging, w.disk)
	if err != nil {
		return destination("creating the staging folder", err)
	}
	defer d.close() //nolint:errcheck // only flushed
	if err := w.copy(ctx, d, files, r); err != nil {
		return err
	}
	// The disk is at work while the copy is checked and described.
	flushed := d.start(ctx, r.o.Verify == VerifyUncached)
	err = w.complete(ctx, d, staging, files, r)
	if err := errors.Join(err, destination("flushing the copy", flushed())); err != nil {
		return err
	}
	if err := d.seal(ctx, r.tree.Dirs, r.workers); err != nil {
		return destination("flushing the staging folder", err)
	}
	w.step("sealed")
	return destination("finishing the staging folder", errors.Join(finishStaging(w.disk, staging), w.checkPlace(staging)))
}

// complete checks the copy, describes it in the tag files, and makes sure that
// nothing else lies in the staging folder.
func (w *Writer) complete(ctx context.Context, d *durable, staging *os.Root, files *tree.Folders, r *run) error {
	if err := w.check(ctx, files, r); err != nil {
		return err
	}
	var err error
	if r.changes, err = r.base.judge(r.kit(), r.o.AllowChanged); err != nil {
		return err
	}
	if err := r.describe(); err != nil {
		return err
	}
	r.rec.Library, r.rec.Created, r.rec.Durability = w.ID, w.now().UTC().Truncate(time.Second), d.result()
	if err := writeTags(d, staging, r); err != nil {
		return destination("writing the tag files", err)
	}
	w.step("tagged")
	return destination("checking the staging folder", r.checkShape(ctx, staging))
}

// finishStaging gives the folder the rights its data folder was born with and
// takes the mark of an unfinished one away. It is flushed once more: after a
// power cut the mark would be a file too many in a release.
func finishStaging(disk flusher, staging *os.Root) error {
	info, err := staging.Stat(dataDir)
	if err != nil {
		return err
	}
	own, err := staging.Stat(".")
	if err != nil {
		return err
	}
	// Where all folders have the same rights, as on FAT, they cannot be set either.
	if own.Mode().Perm() != info.Mode().Perm() {
		if err := staging.Chmod(".", info.Mode().Perm()); err != nil && !tree.IsUnsupported(err) {
			return err
		}
	}
	if err := staging.Remove(ownerFile); err != nil {
		return err
	}
	return syncDir(disk, staging, ".")
}

func (w *Writer) copy(ctx context.Context, d *durable, files *tree.Folders, r *run) (err error) {
	c := &copier{src: r.src.FS, dst: files.Root(), files: files, disk: d.single(), progress: r.o.Progress}
	if r.o.Verify != VerifyStream {
		c.first = r.o.FirstLook
	} else {
		r.facts = make(factList, len(r.tree.Files))
		c.written = func(i int, f *os.File, sum string, buf []byte) error {
			facts, err := inspect(ctx, r.o.Checker, r.tree.Files[i], f, sum, buf)
			r.facts.set(i, facts)
			return err
		}
	}
	if c.last = w.earlier(ctx, r, d.dir); c.last != nil {
		defer c.last.close()
		c.served = make([]bool, len(r.tree.Files))
	}
	r.sums, err = c.copyTree(ctx, r.tree, r.workers)
	d.unsupported, r.served = c.unflush, c.served
	if err != nil {
		return err
	}
	w.step("copied")
	switch {
	case r.o.Verify == VerifyStream: // nothing more will be known of it
		return r.finish()
	case c.first != nil:
		return c.first.Finish()
	}
	return nil
}

// check re-reads what was written, as far as the mode asks for it, compares it
// with what was copied and lets the checker decide.
func (w *Writer) check(ctx context.Context, files *tree.Folders, r *run) error {
	if r.o.Verify == VerifyStream {
		return nil
	}
	rr := &rereader{files: files, checker: r.o.Checker, uncached: r.o.Verify == VerifyUncached, progress: r.o.Progress, want: r.sums}
	sums, facts, err := rr.reread(ctx, r.tree, r.workers)
	if err != nil {
		return err
	}
	if rr.fellBack.Load() {
		r.used = VerifyReread
	}
	if r.served != nil {
		if err := w.sendDamaged(ctx, rr, r, sums, facts); err != nil {
			return err
		}
	}
	r.facts = facts
	if bad := r.compare(sums); len(bad) > 0 {
		return &MismatchError{What: "the copy, when it was read back, differs from what was copied", Files: bad}
	}
	w.step("reread")
	return r.finish()
}

// writeTags writes the bag's tag files and the inventory, and flushes each if
// that is not done for all files at once.
func writeTags(d *durable, staging *os.Root, r *run) error {
	type tagFile struct {
		name  string
		write func(w io.Writer) error
	}
	files := []tagFile{
		{bag.InfoName, func(w io.Writer) error { return bag.WriteInfo(w, r.info()) }},
		{bag.DeclarationName, bag.WriteDeclaration},
		{manifestName.Name(), r.manifest},
		{releaseFile, func(w io.Writer) error { return r.rec.write(w, r.inventory()) }},
	}
	for _, c := range r.catalogs {
		files = append(files, tagFile{c.File, func(w io.Writer) error { _, err := w.Write(c.Content); return err }})
	}
	var entries []bag.Entry
	for _, f := range files {
		h := bag.SHA256.New()
		err := createNew(d.single(), staging, f.name, func(w io.Writer) error { return f.write(io.MultiWriter(w, h)) })
		if err != nil {
			return err
		}
		entries = append(entries, bag.Entry{Path: f.name, Sum: hex.EncodeToString(h.Sum(nil))})
	}
	return createNew(d.single(), staging, tagManifestName.Name(), func(w io.Writer) error {
		return bag.WriteManifest(w, tagManifestName, entries)
	})
}

// The payload manifest of a release, and that of its tag files.
var (
	manifestName    = bag.Manifest{Algorithm: bag.SHA256}
	tagManifestName = bag.Manifest{Algorithm: bag.SHA256, Tag: true}
)

// info is what bag-info.txt says of the release.
func (r *run) info() []bag.Field {
	return []bag.Field{
		{Label: "Bag-Software-Agent", Value: r.rec.Tool},
		{Label: "Bagging-Date", Value: r.rec.Created.Format(time.DateOnly)},
		{Label: "External-Identifier", Value: r.rec.Name},
		{Label: "Payload-Oxum", Value: fmt.Sprintf("%d.%d", r.rec.Bytes, r.rec.FileCount)},
	}
}
