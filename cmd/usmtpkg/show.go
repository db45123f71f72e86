package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"usmtpkg/cmd/usmtpkg/report"
	"usmtpkg/stage"
)

func newShowCmd(p *program) *cobra.Command {
	var library libraryFlags
	cmd := &cobra.Command{
		Use:   "show [RELEASE]",
		Short: "Show everything that is recorded about a release",
		Long: `show prints what usmtpkg recorded about RELEASE, or the active release, when it staged it: source and
evidence, validation and proof of the files, overlay, catalogs, digest and content hash; and where its
definition and attestation are.

Nothing is checked: verify compares the files with the record.`,
		Example: `  usmtpkg show --library D:\Sources\OSD\USMT
  usmtpkg show 26100.2454 --library /srv/usmt --json`,
		Args: atMostOne,
		RunE: p.runs(func(_ context.Context, args []string) (report.Document, error) { return show(library, args) }),
	}
	library.add(cmd.Flags())
	return cmd
}

func show(library libraryFlags, args []string) (report.Document, error) {
	if err := library.need(); err != nil {
		return nil, err
	}
	lib, err := stage.Open(library.dir)
	if err != nil {
		return nil, err
	}
	rel, err := namedRelease(lib, args)
	if err != nil {
		return nil, err
	}
	current, err := lib.Current()
	if err != nil {
		return nil, err
	}
	pinned, err := lib.Pins()
	if err != nil {
		return nil, err
	}
	doc := report.NewShow(lib.Dir(), rel)
	doc.Elsewhere = elsewhere(lib, rel)
	doc.Pinned = slices.Contains(pinned, rel.Name)
	doc.Active, doc.PackageSource, doc.Attestation = current == rel.Name, lib.PackageSource(rel.Name), attestationOf(lib, rel.Name)
	if doc.Definition.Files, err = fileNames(lib.DefinitionDir(rel.Name)); err != nil {
		return nil, err
	}
	doc.Definition.Dir = lib.DefinitionDir(rel.Name)
	if def, ok := defined(lib, rel); ok {
		doc.Definition.PackageSource = def.PackagePath
	}
	if doc.AttestedIn.Files, err = fileNames(lib.AttestationDir(rel.Name)); err != nil {
		return nil, err
	}
	doc.AttestedIn.Dir = lib.AttestationDir(rel.Name)
	return doc, nil
}

// fileNames lists a folder, which need not be there.
func fileNames(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	names := []string{}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, nil
}
