package main

import (
	"context"
	"errors"
	"path/filepath"

	"usmtpkg/cmd/usmtpkg/report"
	"usmtpkg/stage"
)

// withWriter runs do with a library opened for writing. What opening it had to put right is told.
func (p *program) withWriter(ctx context.Context, library libraryFlags, o stage.WriterOptions, do func(*stage.Writer) error) (err error) {
	w, err := stage.OpenWriter(ctx, library.dir, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	said := p.say(w.Notes())
	defer func() { p.say(w.Notes()[said:]) }()
	return do(w)
}

// say prints notes, and returns how many there are.
func (p *program) say(notes []string) int {
	to := p.stderr
	if p.output.quiet {
		to = p.log
	}
	for _, n := range notes {
		report.Say(to, "usmtpkg: %s\n", n)
	}
	return len(notes)
}

// writerOptions are those of a writer that takes nothing from elsewhere.
func (p *program) writerOptions() stage.WriterOptions {
	return stage.WriterOptions{Protected: p.protectedFolders(), Definition: definitionNames(), Now: p.now}
}

// activate makes a release the active one.
func activate(ctx context.Context, w *stage.Writer, release string) (report.Active, error) {
	before, err := w.Current()
	if err != nil {
		before = "" // an unreadable name is replaced
	}
	changed, err := w.Activate(ctx, release)
	return report.Active{Release: release, Changed: changed, Before: before}, err
}

// absolute is the whole path of a folder, where that can be known.
func absolute(dir string) string {
	if abs, err := filepath.Abs(dir); err == nil {
		return abs
	}
	return dir
}
