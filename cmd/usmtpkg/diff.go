package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"usmtpkg/cmd/usmtpkg/report"
	"usmtpkg/locate"
	"usmtpkg/locate/kitdiff"
	"usmtpkg/stage"
)

type diffOptions struct {
	library  libraryFlags
	trust    trustFlags
	workers  int
	exitCode bool
}

func newDiffCmd(p *program) *cobra.Command {
	var o diffOptions
	cmd := &cobra.Command{
		Use:   "diff A B",
		Short: "Compare two kits: files, programs, and what they migrate",
		Long: `diff compares two USMT folders, A before and B after, and says what the difference means for a
migration: which components of manifests and migration XML were added, removed or changed, and how
the lists of system files and patterns differ. Then it compares the files of each folder: programs by
version, signer and machine, texts with -v by their lines.

A and B are releases of --library, or folders: a release, a USMT folder, one arch folder, or whatever
--source of refresh takes. Components are compared in the arch folders that both have. Comments,
order and white space in a manifest or migration XML do not count there; the list of files has every
file that differs in any way.

diff compares and does not judge: to check a kit, use validate, and to check a copy, use verify. The
exit status is 0, also if the two differ; with --exit-code it is 5 then.`,
		Example: `  usmtpkg diff 10.0.26100.1-3f9a1c2b7d04 10.0.26100.2454-0c1d2e3f4a5b --library D:\Sources\OSD\USMT
  usmtpkg diff E:\Old\USMT "C:\Program Files (x86)\Windows Kits\10" --format markdown
  usmtpkg diff /srv/usmt/current-copy /mnt/adk --exit-code -v`,
		Args: func(cmd *cobra.Command, a []string) error {
			if len(a) != 2 {
				return badCall(cmd, fmt.Sprintf("diff takes two arguments, what was and what is, and %d are given", len(a)))
			}
			return nil
		},
		RunE: p.runs(func(ctx context.Context, args []string) (report.Document, error) { return p.diff(ctx, o, args) }),
	}
	f := cmd.Flags()
	o.library.add(f)
	o.trust.add(f)
	workersFlag(f, &o.workers, "read")
	f.BoolVar(&o.exitCode, "exit-code", false, "end with exit status 5 if the two differ")
	heading(f, "Run")
	p.output.formatFlag(f, report.DiffFormats)
	_ = f.SetAnnotation("format", commandLineOnly, nil) // as a setting it is the form of what validate and verify check
	return cmd
}

func (p *program) diff(ctx context.Context, o diffOptions, args []string) (_ report.Document, err error) {
	lo := locate.Options{Policy: anyArch(), Workers: o.workers}
	if lo.Signatures, err = o.trust.verifier(p.now); err != nil {
		return nil, err
	}
	var sides [2]side
	for i, name := range args {
		if sides[i], err = p.openSide(ctx, o.library, name); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, sides[i].close()) }()
	}
	if err := onlyCommon(&sides[0], &sides[1]); err != nil {
		return nil, err
	}
	for i := range sides {
		if err := sides[i].list(ctx, lo); err != nil {
			return nil, err
		}
	}
	doc, err := compareSides(ctx, &sides[0], &sides[1], p.output.verbose)
	if err != nil {
		return nil, err
	}
	if o.exitCode && !doc.Equal {
		return doc, errDiffers
	}
	return doc, nil
}

// onlyCommon leaves the other arches out if a side is one arch folder only.
func onlyCommon(a, b *side) error {
	for _, pair := range [][2]*side{{a, b}, {b, a}} {
		one, other := pair[0], pair[1]
		if len(one.view.Dirs) != 1 || one.view.Dirs[one.view.Arches()[0]] != "." {
			continue
		}
		arch := one.view.Arches()[0]
		if other.view.Dirs[arch] == "" {
			return &usageError{msg: fmt.Sprintf("%s is an arch folder for %s, and %s has none", one.doc.Path, arch, other.doc.Path), hint: "name two arch folders of one arch, or two USMT folders"}
		}
		other.view = other.view.Only([]string{arch})
	}
	return nil
}

// compareSides compares two kits that are listed, with lines also the lines of their texts.
func compareSides(ctx context.Context, a, b *side, lines bool) (_ *report.Diff, err error) {
	files, _ := kitdiff.CompareFiles(a.files, b.files)
	doc := report.NewDiff(a.doc, b.doc, files)
	if doc.Migration, err = kitdiff.CompareComponents(ctx, a.view, b.view, differing(files)); err != nil {
		return nil, &stage.SourceError{Err: err}
	}
	if !lines {
		return doc, nil
	}
	for _, f := range files {
		if f.Change != kitdiff.Changed || !kitdiff.IsText(f.Path) {
			continue
		}
		t, err := kitdiff.DiffText(a.view, b.view, f)
		if err != nil {
			return nil, &stage.SourceError{Err: err}
		}
		doc.Texts = append(doc.Texts, t)
	}
	return doc, nil
}

// differing reports whether a file is one of those that differ.
func differing(files []kitdiff.FileChange) func(path string) bool {
	paths := map[string]bool{}
	for _, f := range files {
		for _, side := range []*kitdiff.File{f.Before, f.After} {
			if side != nil {
				paths[side.Path] = true
			}
		}
	}
	return func(path string) bool { return paths[path] }
}
