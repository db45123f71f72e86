package main

import (
	"context"

	"usmtpkg/cmd/usmtpkg/report"
	"usmtpkg/locate/kitdiff"
	"usmtpkg/stage"
)

// migration is how what the source migrates differs from the release that it was compared with; nil if it is
// that release. If the release cannot be read, that does not end the run: the result says so.
func (j *job) migration(ctx context.Context, doc *report.Stage) *kitdiff.Components {
	c := doc.Changes
	if c.Problem != "" || c.Release == doc.Release {
		return nil
	}
	m, err := j.compareMigration(ctx, doc)
	if err != nil {
		return &kitdiff.Components{Unread: []kitdiff.Unread{{Path: "release " + c.Release, Side: "before", Reason: err.Error()}}}
	}
	for i := range m.Changes {
		m.Changes[i].Rules = nil // diff has them
	}
	return m
}

// compareMigration compares the files that differ, and those of both overlays.
func (j *job) compareMigration(ctx context.Context, doc *report.Stage) (*kitdiff.Components, error) {
	lib := stage.At(doc.Library)
	rec, err := lib.Release(doc.Changes.Release)
	if err != nil {
		return nil, err
	}
	before, err := j.openRelease(ctx, j.o.library, rec.Name)
	if err != nil {
		return nil, err
	}
	defer before.close() //nolint:errcheck // only read
	after, err := viewOf(j.usmt.fsys)
	if err != nil {
		return nil, err
	}
	differs, overlaid := differing(doc.Changes.All), map[string]bool{}
	for _, list := range [][]stage.OverlayFile{rec.Overlay, doc.Overlay} {
		for _, f := range list {
			overlaid[f.Path] = true
		}
	}
	return kitdiff.CompareComponents(ctx, before.view, after, func(path string) bool { return differs(path) || overlaid[path] })
}
