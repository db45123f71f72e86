package main

import (
	"context"
	"errors"
	"slices"

	"github.com/spf13/cobra"

	"usmtpkg/cmd/usmtpkg/report"
	"usmtpkg/stage"
)

func newListCmd(p *program) *cobra.Command {
	var library libraryFlags
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the releases of a library",
		Long: `list lists the releases of a library, with USMT version, arches, files, size and time. The active one
has a *. A release whose record cannot be read is listed with the reason, and the exit status is 4.`,
		Example: `  usmtpkg list --library D:\Sources\OSD\USMT
  usmtpkg list --library /srv/usmt --json`,
		Args: noArgument,
		RunE: p.runs(func(context.Context, []string) (report.Document, error) { return list(library) }),
	}
	library.add(cmd.Flags())
	return cmd
}

func list(library libraryFlags) (report.Document, error) {
	if err := library.need(); err != nil {
		return nil, err
	}
	lib, err := stage.Open(library.dir)
	if err != nil {
		return nil, err
	}
	current, err := lib.Current()
	if err != nil {
		return nil, err
	}
	names, err := lib.Releases()
	if err != nil {
		return nil, err
	}
	gone := current != "" && !slices.Contains(names, current)
	if gone {
		names = append(names, current)
	}
	doc := &report.List{Head: report.NewHead("list"), Library: lib.Dir(), Releases: []report.Release{}}
	var bad error
	for _, name := range names {
		r, err := lib.Release(name)
		if gone && name == current {
			err = &stage.FormatError{File: "current", Reason: "release " + current + " is the active one, and its folder is not in the library; run usmtpkg refresh, or activate another release"}
		}
		d := report.ReleaseOf(r)
		if err != nil {
			bad = errors.Join(bad, err)
			d = report.Release{Release: name, Problem: err.Error()}
			d.Arches = []string{}
		}
		d.Active, d.PackageSource = name == current, lib.PackageSource(name)
		doc.Releases = append(doc.Releases, d)
	}
	return doc, marked(bad)
}
