package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/go-multierror"
	"github.com/spf13/pflag"

	"usmtpkg/cmd/usmtpkg/report"
	"usmtpkg/locate/tree"
	"usmtpkg/stage"
)

// Folders are a flag that takes a folder each time it is given. A setting, which is one text, is one folder.
type folders struct{ list *[]string }

var _ pflag.Value = (*folders)(nil)

// Set adds a folder.
func (f *folders) Set(dir string) error {
	*f.list = append(*f.list, dir)
	return nil
}

// String is empty also if one of the folders is: that is a wrong call.
func (f *folders) String() string {
	if f.list == nil || slices.Contains(*f.list, "") {
		return ""
	}
	return strings.Join(*f.list, ", ")
}

// Type names the value in the help.
func (*folders) Type() string { return "string" }

// into are the options of staging into one library.
func (o stageOptions) into(dir string) stageOptions {
	o.library.dir = dir
	return o
}

// check makes sure that libraries are named, each once, and that what is given is true of all of them.
func (o stageOptions) check(packagePath string) error {
	if len(o.libraries) == 0 {
		return o.library.need()
	}
	for i, dir := range o.libraries {
		if err := (&libraryFlags{dir}).need(); err != nil {
			return err
		}
		if slices.ContainsFunc(o.libraries[:i], func(other string) bool { return absolute(other) == absolute(dir) }) {
			return &usageError{msg: fmt.Sprintf("--library %s is given twice", dir), hint: "give each library once"}
		}
	}
	if len(o.libraries) > 1 && packagePath != "" {
		return &usageError{
			msg:  "--package-path is the path of one library, and several are given",
			hint: `give each library as \\server\share\folder, which then is its package path, or run refresh for each`,
		}
	}
	return nil
}

// An origin is where a library's files come from: the source, or a release that was just staged from it.
type origin struct {
	usmt
	copied bool
	digest string          // that the release must have; empty: any
	told   map[string]bool // the findings that are printed
}

// A librariesError is the outcome of a run for several libraries some of which failed; their errors are printed.
type librariesError struct{ status int }

func (e *librariesError) Error() string { return fmt.Sprintf("exit status %d", e.status) }

// A staging does with a job what a command does.
type staging func(ctx context.Context, j *job) (*report.Stage, error)

// toEach stages into each library that was given. The first one is written from the source; its release,
// verified by then, is what the others are copied from, so that the source is read once.
func (p *program) toEach(ctx context.Context, o stageOptions, command, packagePath string, do staging) (_ report.Document, err error) {
	if err := o.check(packagePath); err != nil {
		return nil, err
	}
	if len(o.libraries) == 1 {
		doc, err := p.stageInto(ctx, o.into(o.libraries[0]), packagePath, nil, do)
		if err != nil {
			return nil, err
		}
		return doc, nil
	}
	src, err := p.openSource(ctx, o)
	defer func() { err = errors.Join(err, src.close()) }()
	if err != nil {
		return nil, &unpublishedError{err}
	}
	s := severalLibraries{program: p, o: o, do: do, source: origin{usmt: src, told: map[string]bool{}}}
	defer func() { err = errors.Join(err, s.close()) }()
	all := &report.Libraries{Head: report.NewHead("libraries"), Command: command}
	for _, dir := range o.libraries {
		one := report.OneLibrary{Library: absolute(dir)}
		doc, err := s.stage(ctx, dir)
		if err = deniedAt(dir, true, err); err != nil {
			one.Error, one.Exit = errorDocument(command, err), exitStatus(err)
		} else {
			one.Result = doc
		}
		all.Exit = worse(all.Exit, one.Exit)
		all.Libraries = append(all.Libraries, one)
	}
	if all.Exit != exitOK {
		return all, &librariesError{all.Exit}
	}
	return all, nil
}

// worse is the one of two statuses that docs/exit-codes.md has first for several faults at once.
func worse(a, b int) int {
	for _, s := range []int{exitCanceled, exitUsage, exitNotFound, exitMismatch, exitChanged, exitBusy, exitInvalid, exitIO, exitDestination, exitOther} {
		if a == s || b == s {
			return s
		}
	}
	return max(a, b)
}

// stageInto stages into one library, from an origin or, if that is nil, from what the options name.
func (p *program) stageInto(ctx context.Context, o stageOptions, packagePath string, from *origin, do staging) (doc *report.Stage, err error) {
	j, err := p.prepare(ctx, o, packagePath, from)
	if err != nil {
		return nil, err
	}
	defer func() { err = j.end(err) }()
	return do(ctx, j)
}

// severalLibraries is a run for several libraries.
type severalLibraries struct {
	*program
	o      stageOptions
	do     staging
	source origin
	copy   *origin // the release of the first library that was done; nil: none is yet
}

// stage stages into one of them. If the copy in another library cannot be read, or is not what was
// read from the source, the source is read again.
func (s *severalLibraries) stage(ctx context.Context, dir string) (doc *report.Stage, err error) {
	if s.copy != nil {
		doc, err = s.stageInto(ctx, s.o.into(dir), "", s.copy, s.do)
		if err == nil || !isOfSource(err) {
			return doc, err
		}
	}
	doc, err = s.stageInto(ctx, s.o.into(dir), "", &s.source, s.do)
	if err == nil && s.copy == nil {
		s.source.digest = doc.Digest
		s.copy = s.source.copiedTo(ctx, doc)
	}
	return doc, err
}

// isOfSource reports whether an error is about what is copied, and not about the library.
func isOfSource(err error) bool {
	return is[*stage.SourceError](err) || errors.Is(err, tree.ErrChanged) || is[*multierror.Error](err)
}

// copiedTo is the origin that a release of this one is; nil if there is none, as after a dry run.
func (o origin) copiedTo(ctx context.Context, doc *report.Stage) *origin {
	if doc.DryRun {
		return nil
	}
	root, err := tree.OpenRoot(doc.PackageSource)
	if err != nil {
		return nil // the source is still there
	}
	files := tree.NewFolders(ctx, root, 2) // who checks the names, and who copies the files
	o.fsys, o.copied, o.digest = files, true, doc.Digest
	o.close = func() error { return errors.Join(files.Close(), root.Close()) }
	return &o
}

func (s *severalLibraries) close() error {
	if s.copy == nil {
		return nil
	}
	return s.copy.close()
}
