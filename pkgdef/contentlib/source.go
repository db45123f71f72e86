package contentlib

import (
	"context"
	"errors"
	"io/fs"
	"math"
	"path"

	"usmtpkg/locate/tree"
)

// A PackageSource is the package source that a content was made of, as the library still
// has it: a file system of its files. Only the files of Content can be opened.
type PackageSource struct {
	Content
	Sums []tree.FileSum // those of Content.Files that can be read, all if nothing is broken

	l       *Library
	objects map[string]object // by the path of the file
}

// Source finds the object of every file of a content, which has at least one. What is not whole
// is a verdict in the results, which are of no other files: a record that does not describe a
// file, an object that is not there or is damaged. Unless o.Deep is set, objects are read only
// where there are several for one file: of those a good one is taken.
func (l *Library) Source(ctx context.Context, id string, o Options) (*PackageSource, []tree.FileResult, error) {
	c, err := l.Content(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	if len(c.Files) == 0 {
		return nil, nil, &FormatError{File: path.Join(dataLib, c.ID), Found: "no file", Wanted: "at least one"}
	}
	s := &PackageSource{Content: c, l: l, objects: map[string]object{}}
	var broken []tree.FileResult
	for _, e := range c.Files {
		if e.Err != nil {
			broken = append(broken, tree.FileResult{Path: e.Path, Verdict: tree.Changed, Found: e.Err.Error()})
			continue
		}
		s.Sums = append(s.Sums, tree.FileSum{Path: e.Path, Size: e.Size, SHA256: e.SHA256})
	}
	o.best = true
	results, objects, err := l.objects(ctx, s.Sums, o)
	if err != nil {
		return nil, nil, err
	}
	for i, r := range results {
		if r.Verdict != tree.Same {
			broken = append(broken, r)
			continue
		}
		s.objects[r.Path] = objects[i]
	}
	return s, broken, nil
}

var errNotListed = errors.New("no file of this content")

// Stat returns size and time of the object of a file.
func (s *PackageSource) Stat(name string) (fs.FileInfo, error) {
	at, ok := s.objects[name]
	if !ok {
		return nil, &fs.PathError{Op: "stat", Path: name, Err: errNotListed}
	}
	return s.l.drives[at.drive].Lstat(at.path)
}

// Open opens the object of a file.
func (s *PackageSource) Open(name string) (fs.File, error) {
	at, ok := s.objects[name]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errNotListed}
	}
	f, err := tree.OpenIn(s.l.drives[at.drive], at.path, math.MaxInt64)
	if err != nil {
		return nil, err
	}
	return f, nil
}
