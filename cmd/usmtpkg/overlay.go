package main

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"usmtpkg/locate"
	"usmtpkg/stage"
	"usmtpkg/stage/overlay"
)

// overlayFlags say which files of the site are laid into every arch folder.
type overlayFlags struct {
	entries []overlayEntry
}

// An overlayEntry is one pattern, and where it was given.
type overlayEntry struct {
	from    string
	replace bool
	dir     string // the folder it is relative to; empty: the current one
}

// overlayNames name one setting: its files, and those of them that may replace USMT's.
var overlayNames = []string{"overlay", "overlay-replace"}

func (o *overlayFlags) add(f *pflag.FlagSet) {
	f.Var(&globFlag{list: &o.entries}, "overlay", "`GLOB` copy these files into every arch folder as well, such as custom/*.xml; repeat it for more")
	f.Var(&globFlag{list: &o.entries, replace: true}, "overlay-replace", "`GLOB` the same with files that may take the place of USMT's own")
	heading(f, "Overlay")
}

// patterns are the entries as package overlay takes them.
func (o *overlayFlags) patterns() []overlay.Pattern {
	list := make([]overlay.Pattern, len(o.entries))
	for i, e := range o.entries {
		list[i] = overlay.Pattern{From: e.from, Dir: e.dir, Replace: e.replace, Below: e.dir != ""}
	}
	return list
}

// names are the patterns as they were given.
func (o *overlayFlags) names() []string {
	var names []string
	for _, e := range o.entries {
		names = append(names, e.from)
	}
	return names
}

// A globFlag takes one pattern each time it is given.
type globFlag struct {
	list    *[]overlayEntry
	replace bool
}

var (
	_ pflag.Value      = (*globFlag)(nil)
	_ pflag.SliceValue = (*globFlag)(nil)
)

// Set adds a pattern.
func (f *globFlag) Set(glob string) error { return f.Append(glob) }

// Append adds a pattern.
func (f *globFlag) Append(glob string) error {
	*f.list = append(*f.list, overlayEntry{from: glob, replace: f.replace})
	return nil
}

// Replace sets the patterns, which came in one variable of the environment.
func (f *globFlag) Replace(globs []string) error {
	f.clear()
	for _, glob := range globs {
		if err := f.Append(glob); err != nil {
			return err
		}
	}
	return nil
}

func (f *globFlag) clear() {
	*f.list = slices.DeleteFunc(*f.list, func(e overlayEntry) bool { return e.replace == f.replace })
}

// read adds the entries of a configuration file, which are relative to its folder.
func (f *globFlag) read(entries []overlayEntry, file string) {
	for _, e := range entries {
		e.dir = filepath.Dir(file)
		*f.list = append(*f.list, e)
	}
}

// GetSlice returns the patterns.
func (f *globFlag) GetSlice() []string {
	globs := []string{}
	for _, e := range *f.list {
		if e.replace == f.replace {
			globs = append(globs, e.from)
		}
	}
	return globs
}

func (f *globFlag) String() string {
	if f.list == nil { // a zero value, of which pflag asks the default
		return ""
	}
	return strings.Join(f.GetSlice(), ",")
}

// Type names the value in the help.
func (*globFlag) Type() string { return "glob" }

// over lays the overlay over a source, into the arch folders that are not forbidden. Without one it is the source as it is.
func (o *overlayFlags) over(ctx context.Context, u usmt, forbid []string) (usmt, error) {
	if len(o.entries) == 0 {
		return u, nil
	}
	files, err := overlay.Open(ctx, o.patterns())
	if err != nil {
		return u, overlayFailure(err)
	}
	arches, err := locate.Arches(u.fsys)
	var dirs []string
	for _, a := range arches {
		if !slices.ContainsFunc(forbid, func(name string) bool { return strings.EqualFold(name, a.Arch) }) {
			dirs = append(dirs, a.Dir)
		}
	}
	var layer *overlay.Layer
	if err == nil {
		layer, err = files.Lay(ctx, u.fsys, dirs)
	}
	if err != nil {
		return u, errors.Join(overlayFailure(err), files.Close())
	}
	source := u.close
	u.fsys, u.overlay, u.overlayDirs = layer, layer.Files(), files.Folders()
	u.close = func() error { return errors.Join(files.Close(), source()) }
	return u, nil
}

// overlayFailure tells a pattern that is wrong from a file that cannot be read.
func overlayFailure(err error) error {
	if is[*overlay.PatternError](err) {
		return err
	}
	return &stage.SourceError{Err: err}
}

// declared is the overlay as the validator is told of it.
func (u usmt) declared() []locate.Declared {
	var list []locate.Declared
	for _, f := range u.overlay {
		d := locate.Declared{Path: f.Path, From: f.From, Size: f.Size, SHA256: f.SHA256, Replace: f.Replace}
		if f.Stock != nil {
			d.Stock = &locate.Stock{Path: f.Stock.Path, Size: f.Stock.Size, SHA256: f.Stock.SHA256}
		}
		list = append(list, d)
	}
	return list
}

// fileOf is the file at a path of the source, in whatever folder it really is.
func (u usmt) fileOf(path string) string {
	for _, f := range u.overlay {
		if f.Path == path {
			return f.Abs()
		}
	}
	return filepath.Join(u.dir, filepath.FromSlash(path))
}

// record is the overlay as a release records it.
func (u usmt) record() []stage.OverlayFile {
	list := []stage.OverlayFile{}
	for _, f := range u.overlay {
		list = append(list, stage.OverlayFile{Path: f.Path, Size: f.Size, SHA256: f.SHA256, From: f.From, Replaces: f.Stock != nil})
	}
	return list
}
