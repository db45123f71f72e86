package stage

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"usmtpkg/locate/tree"
	"usmtpkg/stage/bag"
)

// CompareSource compares a source, as it is now, with the payload of a bag:
// Missing is a file of the bag that the source no longer has, Extra one that
// came since. What a release records as its overlay is left out, unless the
// source has an overlay too: then both are compared whole.
func CompareSource(ctx context.Context, dir string, src Source, o VerifyOptions) (Report, error) {
	root, err := tree.OpenRoot(dir)
	if err != nil {
		return Report{}, err
	}
	defer root.Close() //nolint:errcheck // only read
	b, err := readBag(root, o)
	if err != nil {
		return Report{}, err
	}
	var want []wanted
	for _, w := range wantedFiles(b.Bag) {
		if p, payload := strings.CutPrefix(w.path, dataDir+"/"); payload {
			want = append(want, wanted{path: p, sums: w.sums})
		}
	}
	steady, err := listedOnce(ctx, src)
	if err != nil {
		return Report{}, err
	}
	tree := steady.tree
	tree.Files = slices.Clone(tree.Files) // some may be left out
	var notes []string
	if rec, err := readRelease(root); err == nil && !src.Overlay && len(rec.Overlay) > 0 {
		want, tree = withoutOverlay(rec.Overlay, want, tree)
		notes = []string{leftOut(rec.Overlay)}
	}
	c := &comparison{fsys: src.FS, o: o, wanted: want, tree: tree, ignore: func(string) bool { return b.partial }}
	rep, err := c.run(ctx, "comparing with the source")
	if err == nil {
		err = steady.relist(ctx)
	}
	rep.Notes = notes
	return rep, steady.explain(ctx, err)
}

// CompareCopy compares a plain folder, which need not be a bag, with a source.
func CompareCopy(ctx context.Context, dir string, src Source, o VerifyOptions) (Report, error) {
	root, err := tree.OpenRoot(dir)
	if err != nil {
		return Report{}, err
	}
	defer root.Close() //nolint:errcheck // only read
	steady, err := listedOnce(ctx, src)
	if err != nil {
		return Report{}, err
	}
	source := steady.tree
	sums, err := hashSource(ctx, src.FS, source, o.Workers, progressOr(o.Progress))
	if err == nil {
		err = steady.relist(ctx)
	}
	if err != nil {
		return Report{}, steady.explain(ctx, err)
	}
	want := make([]wanted, len(source.Files))
	for i, f := range source.Files {
		want[i] = wanted{path: f.Path, sums: []algorithmSum{{bag.SHA256, sums[i]}}}
	}
	files := tree.NewFolders(ctx, root, 1)
	defer files.Close() //nolint:errcheck // only read
	there, odd, err := listAll(ctx, files, want)
	if err != nil {
		return Report{}, fmt.Errorf("listing the copy: %w", err)
	}
	folders := map[string]bool{}
	for _, d := range steady.dirs {
		folders[strings.ToLower(d)] = true
	}
	empty := emptyFolders(there, odd, folders)
	c := &comparison{fsys: files, files: files, o: o, wanted: want, tree: there, odd: odd, ignore: func(string) bool { return false }}
	rep, err := c.run(ctx, "verifying")
	rep.add(empty)
	return rep, err
}
