package main

import (
	"context"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"usmtpkg/locate"
	"usmtpkg/locate/finding"
	"usmtpkg/stage"
	"usmtpkg/stage/overlay"
)

// overlayOptions say which files of one's own are laid into every arch folder.
type overlayOptions struct {
	entries []overlayEntry
}

// An overlayEntry is one pattern, and where it was given.
type overlayEntry struct {
	from    string
	replace bool
	dir     string // the folder it is relative to; empty: the current one
}

// overlayFlags name one setting: its files, and those of them that may replace USMT's.
var overlayFlags = []string{"overlay", "overlay-replace"}

func (o *overlayOptions) flags(f *pflag.FlagSet) {
	f.Var(&globFlag{list: &o.entries}, "overlay", "lay these files of your own into every arch folder, such as custom/*.xml (may be repeated)")
	f.Var(&globFlag{list: &o.entries, replace: true}, "overlay-replace", "the same with files that may take the place of USMT's own")
}

// read adds the entries of a configuration file, which are relative to its folder.
func (o *overlayOptions) read(entries []overlayEntry, file string) {
	for _, e := range entries {
		e.dir = filepath.Dir(file)
		o.entries = append(o.entries, e)
	}
}

// patterns are the entries as package overlay takes them.
func (o *overlayOptions) patterns() []overlay.Pattern {
	list := make([]overlay.Pattern, len(o.entries))
	for i, e := range o.entries {
		list[i] = overlay.Pattern{From: e.from, Dir: e.dir, Replace: e.replace, Below: e.dir != ""}
	}
	return list
}

// names are the patterns as they were given.
func (o *overlayOptions) names() []string {
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

// overlaid lays the overlay over a source. Without one it is the source as it is.
func overlaid(ctx context.Context, o *options, u usmt) (usmt, error) {
	if len(o.overlay.entries) == 0 {
		return u, nil
	}
	files, err := overlay.Open(ctx, o.overlay.patterns())
	if err != nil {
		return u, overlayFailure(err)
	}
	arches, err := locate.Arches(u.fsys)
	var dirs []string
	for _, a := range arches {
		if !slices.ContainsFunc(o.policy.forbid, func(name string) bool { return strings.EqualFold(name, a.Arch) }) {
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

// fileOf is the file that lies at a path of the source, in whatever folder it really is.
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

// shownNames is how many files of an overlay are named in a line.
const shownNames = 3

// overlayText sums an overlay up, which has the same files in several arch folders.
func overlayText(list []stage.OverlayFile) string {
	var names []string
	folders := map[string]bool{}
	replaced := 0
	for _, f := range list {
		folders[path.Dir(f.Path)] = true
		if f.Replaces {
			replaced++
		}
		if name := finding.Printable(f.From); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	text := strings.Join(names, ", ")
	if len(names) > shownNames {
		text = fmt.Sprintf("%s and %d more", strings.Join(names[:shownNames], ", "), len(names)-shownNames)
	}
	text = fmt.Sprintf("%s (%s) in %s", countOf(len(names), "file", "files"), text, countOf(len(folders), "arch folder", "arch folders"))
	if replaced > 0 {
		text += fmt.Sprintf("; %s of USMT replaced", countOf(replaced, "file", "files"))
	}
	return text
}

// otherRecord says that a release with this content was staged from something else, such as a source
// that held these files itself. Its record stays as it is.
func otherRecord(res stage.Result, now []stage.OverlayFile) []string {
	same := func(a, b stage.OverlayFile) bool { return a.Path == b.Path && a.Replaces == b.Replaces }
	if res.Published || res.Release.Name == "" || slices.EqualFunc(res.Release.Overlay, now, same) {
		return nil
	}
	return []string{fmt.Sprintf("release %s has this content, and was recorded with another overlay (%s); its record stays", res.Release.Name,
		countOf(len(res.Release.Overlay), "file", "files"))}
}
