package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
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
	if !p.output.quiet {
		for _, n := range w.Notes() {
			report.Say(p.stderr, "usmtpkg: %s\n", n)
		}
	}
	return do(w)
}

// writerOptions are those of a writer that takes nothing from elsewhere.
func (p *program) writerOptions() stage.WriterOptions {
	return stage.WriterOptions{Protected: p.protectedFolders(), Now: p.now}
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

// namedRelease is the release named on the command line, else the active one.
func namedRelease(lib *stage.Library, args []string) (stage.Release, error) {
	name, err := releaseName(lib, args)
	if err != nil {
		return stage.Release{}, err
	}
	rel, err := lib.Release(name)
	if errors.Is(err, fs.ErrNotExist) {
		err = noRelease(lib, name)
	}
	return rel, err
}

func noRelease(lib *stage.Library, name string) error {
	return &usageError{msg: fmt.Sprintf("no release %q in %s", name, lib.Dir()), hint: "usmtpkg list shows the releases"}
}

func releaseName(lib *stage.Library, args []string) (string, error) {
	if len(args) == 1 {
		return args[0], nil
	}
	name, err := lib.Current()
	if err == nil && name == "" {
		err = &usageError{msg: "the library has no active release", hint: "name a release; usmtpkg list shows them"}
	}
	return name, err
}

// absolute is the whole path of a folder, where that can be known.
func absolute(dir string) string {
	if abs, err := filepath.Abs(dir); err == nil {
		return abs
	}
	return dir
}
