package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"usmtpkg/cmd/usmtpkg/report"
	"usmtpkg/pkgdef"
	"usmtpkg/stage"
)

type pruneOptions struct {
	library libraryFlags
	keep    int
	within  age
	pin     []string
	inUse   []string
	yes     bool
	dryRun  bool
}

func newPruneCmd(p *program) *cobra.Command {
	var o pruneOptions
	cmd := &cobra.Command{
		Use:   "prune",
		Short: "Remove old releases",
		Long: `prune removes the releases that are neither among the newest (--keep) nor younger than a time
(--keep-within), with their package definitions. It lists them and asks first; where there is no
terminal, it needs --yes. Attestations stay.

It never removes: the active release; a pinned one (usmtpkg pin); one that a rollback record in the
library names, as Publish-UsmtPackage.ps1 writes them; one that --in-use or --pin names; one whose record
cannot be read, or names another library, as that of an unpacked release does; one in whose folder or
definition there are files of others. If the pins, the active release or a rollback record cannot be
read, nothing is removed.

usmtpkg does not ask the site. If you gave a package its source by hand, name that with --in-use.`,
		Example: `  usmtpkg prune --keep 3 --keep-within 365d --library D:\Sources\OSD\USMT --dry-run
  usmtpkg prune --keep 3 --library D:\Sources\OSD\USMT --in-use \\cm01\Sources\OSD\USMT\10.0.26100.1-3f9a1c2b7d04\data
  usmtpkg prune --keep-within 52w --library /srv/usmt --yes`,
		Args: noArgument,
		RunE: p.runs(func(ctx context.Context, _ []string) (report.Document, error) { return p.prune(ctx, o) }),
	}
	f := cmd.Flags()
	o.library.add(f)
	f.Var(&number{value: &o.keep, min: 1, max: 10000}, "keep", "`N` keep the newest N releases")
	f.Var(&o.within, "keep-within", "`AGE` keep the releases that are younger: 365d (days), 52w (weeks)")
	f.StringArrayVar(&o.pin, "pin", nil, "`RELEASE` keep this one as well, in this run")
	f.StringArrayVar(&o.inUse, "in-use", nil, "`PATH|RELEASE` keep the release that is the source of a package: its package source path")
	heading(f, "What is kept")
	f.BoolVar(&o.yes, "yes", false, "do not ask")
	dryRunFlag(f, &o.dryRun)
	return cmd
}

func (p *program) prune(ctx context.Context, o pruneOptions) (report.Document, error) {
	if o.keep == 0 && o.within.days == 0 {
		return nil, &usageError{msg: "prune needs --keep or --keep-within", hint: "to keep the newest three, and all of the last year: --keep 3 --keep-within 365d"}
	}
	if err := o.library.need(); err != nil {
		return nil, err
	}
	lib, err := stage.Open(o.library.dir)
	if err != nil {
		return nil, err
	}
	plan, err := p.pruning(ctx, lib, o)
	if err != nil {
		return nil, err
	}
	doc := &report.Prune{Head: report.NewHead("prune"), DryRun: o.dryRun, Library: lib.Dir(), Kept: plan.Kept, Removed: plan.Removed}
	if o.dryRun {
		if err := stage.CheckWritable("opening the library", lib.Dir()); err != nil {
			return nil, err
		}
		return doc, nil
	}
	if len(plan.Removed) == 0 && !lib.Removing() {
		return doc, nil
	}
	if err := p.confirmPruning(ctx, o, plan.Removed); err != nil {
		return nil, err
	}
	return p.removeAll(ctx, o, doc)
}

// removeAll removes the releases that doc lists, and takes down which were.
func (p *program) removeAll(ctx context.Context, o pruneOptions, doc *report.Prune) (report.Document, error) {
	planned := doc.Removed
	doc.Removed = []report.Pruned{}
	err := p.withWriter(ctx, o.library, p.writerOptions(), func(w *stage.Writer) error {
		// What was asked about may be in use by now, and nothing else is removed.
		now, err := p.pruning(ctx, w.Library, o)
		if err != nil {
			return err
		}
		doc.Kept = now.Kept
		for _, r := range planned {
			if !slices.ContainsFunc(now.Removed, func(n report.Pruned) bool { return n.Release == r.Release }) {
				continue
			}
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err := w.Remove(ctx, r.Release); err != nil {
				return err
			}
			doc.Removed = append(doc.Removed, r)
		}
		return nil
	})
	if err != nil && len(doc.Removed) == 0 {
		return nil, err
	}
	if err != nil {
		doc.Problem = err.Error()
	}
	return doc, marked(err)
}

// pruning says what would be removed now, and why the rest would not.
func (p *program) pruning(ctx context.Context, lib *stage.Library, o pruneOptions) (*report.Prune, error) {
	list, _, err := releases(lib)
	if err != nil {
		return nil, err
	}
	active := slices.IndexFunc(list, func(r report.Release) bool { return r.Active })
	switch {
	case active < 0:
		return nil, &usageError{msg: "the library has no active release, so it is not known which one is in use", hint: "make one active: usmtpkg activate RELEASE"}
	case list[active].Problem != "":
		return nil, &stage.FormatError{File: list[active].Release, Reason: list[active].Problem}
	}
	named, err := namedReleases(lib, list, o)
	if err != nil {
		return nil, err
	}
	plan, newer := &report.Prune{Kept: []report.Pruned{}, Removed: []report.Pruned{}}, 0
	for _, r := range list {
		reason := named[r.Release]
		switch {
		case r.Problem != "":
			reason = "its record cannot be read"
		case r.Active:
			reason = "it is the active release"
		case reason != "":
		case newer < o.keep:
			reason = "it is one of the newest " + fmt.Sprint(o.keep)
		case o.within.days > 0 && r.Created.After(p.now().AddDate(0, 0, -o.within.days)):
			reason = "it is younger than " + o.within.String()
		default:
			reason, err = lib.Protected(ctx, r.Release, definitionNames())
		}
		if err != nil {
			return nil, unread(lib.ReleaseDir(r.Release), err)
		}
		newer++ // those whose record cannot be read come last
		entry := report.Pruned{Release: r.Release, Created: r.Created, Bytes: r.Bytes, Reason: reason}
		if reason == "" {
			plan.Removed = append(plan.Removed, entry)
		} else {
			plan.Kept = append(plan.Kept, entry)
		}
	}
	return plan, nil
}

// definitionNames are the files that define and refresh can write.
func definitionNames() []string {
	return []string{smsFile, jsonFile, pkgdef.TaskSequenceScript, pkgdef.PublishScript, pkgdef.UndoScript, pkgdef.StateMigrationPointScript}
}

// namedReleases are the releases that something names, with what that is.
func namedReleases(lib *stage.Library, list []report.Release, o pruneOptions) (map[string]string, error) {
	named := map[string]string{}
	name := func(what string, is func(release string) bool) {
		for _, r := range list {
			if named[r.Release] == "" && is(r.Release) {
				named[r.Release] = what
			}
		}
	}
	for flag, values := range map[string][]string{"--pin": o.pin, "--in-use": o.inUse} {
		for _, v := range values {
			if flag == "--in-use" && strings.ContainsAny(v, `/\`) {
				if !slices.ContainsFunc(list, func(r report.Release) bool { return pkgdef.PathNames(v, r.Release) }) {
					return nil, &usageError{msg: "--in-use: no release of the library is in " + v, hint: "give the package source path of a release, or the release's name"}
				}
				name("--in-use names it", func(release string) bool { return pkgdef.PathNames(v, release) })
				continue
			}
			meant, err := resolveRelease(lib, v)
			if err != nil {
				return nil, err
			}
			name(flag+" names it", func(release string) bool { return release == meant })
		}
	}
	return named, eachRollback(lib, func(file string, folder string, r pkgdef.Rollback) {
		name("the rollback record "+file+" names it", func(release string) bool {
			return strings.EqualFold(release, folder) || strings.EqualFold(release, r.Release) || pkgdef.PathNames(r.Path, release)
		})
	})
}

// eachRollback reads the rollback records in the library.
func eachRollback(lib *stage.Library, do func(file, folder string, r pkgdef.Rollback)) error {
	folders, err := lib.Definitions()
	if err != nil {
		return err
	}
	for _, folder := range folders {
		files, err := lib.DefinitionFiles(folder)
		if err != nil {
			return err
		}
		for _, name := range files {
			if lower := strings.ToLower(name); !strings.HasPrefix(lower, "rollback-") || !strings.HasSuffix(lower, ".json") {
				continue
			}
			file := "definitions/" + folder + "/" + name
			b, err := lib.ReadDefinition(folder, name, pkgdef.MaxRollback)
			if err != nil {
				return err
			}
			r, err := pkgdef.ParseRollback(b)
			if err != nil {
				return &advisedError{
					err:  &stage.FormatError{File: file, Reason: "it is not a rollback record that can be read, so it is not known which release is in use: " + err.Error()},
					hint: "restore the file from a backup, or move it out of the library",
				}
			}
			do(file, folder, r)
		}
	}
	return nil
}

// confirmPruning asks whether releases may go.
func (p *program) confirmPruning(ctx context.Context, o pruneOptions, list []report.Pruned) error {
	if o.yes || len(list) == 0 {
		return nil
	}
	what := report.CountOf(len(list), "release", "releases") + ", " + report.Size(report.PrunedBytes(list))
	if p.confirm == nil {
		return &usageError{msg: "prune would remove " + what + ", and there is no terminal to ask on", hint: "see what with --dry-run; to remove it, add --yes"}
	}
	for _, r := range list {
		report.Say(p.stderr, "usmtpkg: to be removed: %s, %s\n", r.Release, report.Size(r.Bytes))
	}
	ok, err := p.confirm(ctx, "usmtpkg: remove "+what+"? [y/N] ")
	if err == nil && !ok {
		err = context.Canceled
	}
	return err
}

// An age is a number of days.
type age struct {
	days int
	text string
}

// Set reads the value of the flag.
func (a *age) Set(s string) error {
	units := map[byte]int{'d': 1, 'w': 7}
	var n int
	if last := len(s) - 1; last > 0 && units[s[last]] > 0 {
		if err := (&number{value: &n, min: 1, max: 99999}).Set(s[:last]); err == nil && s[0] != '+' && s[0] != '0' {
			a.days, a.text = n*units[s[last]], s
			return nil
		}
	}
	return fmt.Errorf("%q is not an age; give days or weeks, such as 365d or 52w", s)
}

func (a *age) String() string { return a.text }

// Type names the value in the help.
func (*age) Type() string { return "age" }

// schema is what may be the value in usmtpkg.yaml.
func (*age) schema() map[string]any {
	return map[string]any{"type": "string", "pattern": "^[1-9][0-9]{0,4}[dw]$"}
}
