package stage

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"usmtpkg/locate/kitdiff"
	"usmtpkg/locate/tree"
	"usmtpkg/stage/bag"
)

// A SameVersionError says that the kit differs from the releases of the same USMT version that
// are in the library.
type SameVersionError struct {
	Changes Changes // compared with one of them
	Known   string  // a release that has exactly this content; empty if there is none
}

func (e *SameVersionError) Error() string {
	c := e.Changes
	count, which := "1 file differs", "release"
	if n := len(c.Files); n != 1 {
		count = fmt.Sprintf("%d files differ", n)
	}
	if c.Active {
		which = "the active release"
	}
	return fmt.Sprintf("%s from %s %s, which has the same USMT version", count, which, c.Release)
}

// A baseline is the releases of a library that a kit is compared with.
type baseline struct {
	lib    *Library
	active string   // the active release; empty: there is none
	same   []string // releases of the kit's USMT version; the kit has to equal one of them
	kits   map[string]kitdiff.Files
}

// baseline chooses what a kit of that USMT version is compared with. If the active release has that
// version, the kit has to equal it; if not, any release that has the version. A release that is not
// active and whose record cannot be read does not matter.
func (l *Library) baseline(version string) (*baseline, error) {
	b := &baseline{lib: l, kits: make(map[string]kitdiff.Files)}
	current, err := l.Current()
	if broken := (*FormatError)(nil); err != nil && !errors.As(err, &broken) {
		return nil, err
	}
	names, err := l.Releases()
	if err != nil {
		return nil, err
	}
	if slices.Contains(names, current) {
		b.active = current
	}
	if b.active != "" && versionOf(b.active) == version {
		b.same = []string{b.active}
		return b, nil
	}
	var records []Release
	for _, name := range names {
		if versionOf(name) != version {
			continue
		}
		rec, err := l.Release(name)
		if tree.IsLocked(err) {
			return nil, fmt.Errorf("release %s: %w", name, err)
		}
		if err == nil {
			records = append(records, rec)
		}
	}
	slices.SortFunc(records, func(a, b Release) int { return cmp.Or(b.Created.Compare(a.Created), cmp.Compare(a.Name, b.Name)) })
	for _, rec := range records {
		b.same = append(b.same, rec.Name)
	}
	return b, nil
}

// versionOf returns the USMT version in the name of a release.
func versionOf(release string) string { return releaseName.FindStringSubmatch(release)[1] }

// reference returns the release whose differences are reported: the active one, else the newest of the
// kit's version. Empty if there is neither.
func (b *baseline) reference() string {
	if b.active == "" && len(b.same) > 0 {
		return b.same[0]
	}
	return b.active
}

// kit is what the kit of a release had, by its record, which has to fit the release's name.
func (b *baseline) kit(release string) (kitdiff.Files, error) {
	if k, ok := b.kits[release]; ok {
		return k, nil
	}
	root, err := tree.OpenRoot(b.lib.ReleaseDir(release))
	if err != nil {
		return nil, err
	}
	defer root.Close() //nolint:errcheck // only read
	k, err := recordedKit(root, release)
	if err == nil {
		b.kits[release] = k
	}
	return k, err
}

// recordedKit is what the kit of an opened release had, by its record, which has to fit the release's name.
func recordedKit(root *os.Root, release string) (kitdiff.Files, error) {
	rec, err := wholeRecord(root)
	if errors.Is(err, fs.ErrNotExist) {
		err = &FormatError{releaseFile, "it is missing, so the release is incomplete"}
	}
	if err != nil {
		return nil, err
	}
	h, entries, k := sha256.New(), make([]bag.Entry, len(rec.Files)), make(kitdiff.Files, len(rec.Files))
	for i, f := range rec.Files {
		entries[i] = bag.Entry{Path: dataDir + "/" + f.Path, Sum: f.SHA256}
		k[f.Path] = kitdiff.File{Path: f.Path, Size: f.Size, SHA256: f.SHA256, FileVersion: f.FileVersion}
	}
	err = bag.WriteManifest(h, manifestName, entries)
	if err != nil || NameOf(versionOf(release), hex.EncodeToString(h.Sum(nil))) != release {
		return nil, &FormatError{releaseFile, "its list of files does not match the name of the release"}
	}
	return layOut(k, rec.Overlay), nil
}

// changes compares a kit with a release.
func (b *baseline) changes(release string, after kitdiff.Files) (Changes, error) {
	before, err := b.kit(release)
	if err != nil {
		return Changes{}, err
	}
	c := b.against(release)
	c.compare(before, after)
	return c, nil
}

// against returns the report of a comparison with a release that found nothing.
func (b *baseline) against(release string) Changes {
	return Changes{
		Release: release, USMTVersion: versionOf(release), Active: release == b.active,
		Arches: []kitdiff.ArchChanges{}, Programs: []kitdiff.ProgramChange{},
	}
}

// check returns a *SameVersionError if the library has releases of the kit's version, and the kit
// equals none that it has to equal one of.
func (b *baseline) check(after kitdiff.Files) error {
	var differs error
	for _, name := range b.same {
		c, err := b.changes(name, after)
		switch {
		case err != nil && (name == b.active || tree.IsLocked(err)):
			return damagedAs("release "+name+", which the kit is compared with", err)
		case err != nil:
		case c.Same():
			return nil
		case differs == nil:
			differs = &SameVersionError{Changes: c}
		}
	}
	return differs
}

// report is how a kit differs from the reference; nil if there is none. That it cannot be compared
// does not matter, and is reported.
func (b *baseline) report(after kitdiff.Files) *Changes {
	name := b.reference()
	if name == "" {
		return nil
	}
	c, err := b.changes(name, after)
	if err != nil {
		c = b.against(name)
		c.Problem = err.Error()
	}
	if !slices.Contains(b.same, name) {
		c.Files = nil
	}
	return &c
}

// judge checks a kit, unless everything is allowed, and reports how it differs.
func (b *baseline) judge(after kitdiff.Files, allow bool) (*Changes, error) {
	if !allow {
		if err := b.check(after); err != nil {
			return nil, err
		}
	}
	return b.report(after), nil
}

// judgeRelease does the same for a kit whose content a release has already.
func (b *baseline) judgeRelease(release string, allow bool) (*Changes, error) {
	if release == b.reference() {
		c := b.against(release)
		return &c, nil
	}
	after, err := b.kit(release)
	if err != nil {
		return nil, damaged(release, err)
	}
	c, err := b.judge(after, allow)
	if differs := (*SameVersionError)(nil); errors.As(err, &differs) {
		differs.Known = release
	}
	return c, err
}

// refuse refuses a kit before it is copied if its names, its sizes, or sums that are known already
// show that it differs from what it has to equal. Only then is it read, so that the findings about
// it, or every difference, can be reported.
func (r *run) refuse(ctx context.Context) error {
	differs := (*SameVersionError)(nil)
	if r.o.AllowChanged {
		return nil
	}
	if err := r.base.check(r.kit()); !errors.As(err, &differs) {
		return err
	}
	if r.sums == nil {
		var err error
		if r.sums, err = hashSource(ctx, r.src.FS, r.tree, r.workers, r.o.Progress); err != nil {
			return err
		}
	}
	if err := r.base.check(r.kit()); err == nil {
		return nil // a size in the record was wrong
	}
	if err := r.inspectSource(ctx); err != nil {
		return err
	}
	return r.base.check(r.kit())
}
