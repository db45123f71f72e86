package main

import (
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"usmtpkg/cmd/usmtpkg/report"
	"usmtpkg/stage"
	"usmtpkg/stage/attest"
)

func newListCmd(p *program) *cobra.Command {
	var library libraryFlags
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the releases of a library",
		Long: `list lists the releases of a library, the newest first, with USMT version, arches, files, size and
local time. The active one has a *. A release whose record cannot be read is listed with the reason,
and the exit status is 4. What else is in the library, and not usmtpkg's, is named below.

"signed" is a release whose attestation has a signature; verify --attestation checks it.`,
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
	doc := &report.List{Head: report.NewHead("list"), Library: lib.Dir()}
	if doc.Foreign, err = lib.Foreign(); err != nil {
		return nil, err
	}
	var bad error
	if doc.Releases, bad, err = releases(lib); err != nil {
		return nil, err
	}
	return doc, marked(bad)
}

// releases describes the releases of a library, the newest first, and an active one that is gone. bad is
// what is wrong with their records, which is in the documents too.
func releases(lib *stage.Library) (list []report.Release, bad, err error) {
	current, err := lib.Current()
	if err != nil {
		return nil, nil, err
	}
	names, err := lib.Releases()
	if err != nil {
		return nil, nil, err
	}
	pinned, err := lib.Pins()
	if err != nil {
		return nil, nil, err
	}
	gone := current != "" && !slices.Contains(names, current)
	if gone {
		names = append(names, current)
	}
	list = []report.Release{}
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
		d.Attestation, d.Pinned = attestationOf(lib, name), slices.Contains(pinned, name)
		list = append(list, d)
	}
	slices.SortFunc(list, func(a, b report.Release) int {
		return cmp.Or(b.Created.Compare(a.Created), strings.Compare(b.Release, a.Release))
	})
	return list, bad, nil
}

// attestationOf says whether a release has an attestation, and whether that has a signature. It is not checked.
func attestationOf(lib *stage.Library, release string) string {
	statement := filepath.Join(lib.AttestationDir(release), statementFile(release))
	if _, err := os.Stat(statement); err != nil {
		return report.NoAttestation
	}
	if _, err := os.Stat(statement + attest.SignatureSuffix); err != nil {
		return report.Unsigned
	}
	return report.Signed
}
