package main

import (
	"context"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"usmtpkg/cmd/usmtpkg/report"
	"usmtpkg/cmd/usmtpkg/sbom"
	"usmtpkg/locate"
	"usmtpkg/locate/inventory"
	"usmtpkg/locate/pe"
)

// buildVersion is set by the Makefile; a plain go build leaves it empty.
var buildVersion string

// version names this build.
func version() string {
	if buildVersion != "" {
		return buildVersion
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}

func newVersionCmd(p *program) *cobra.Command {
	var form sbom.Form
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version, and what this build knows",
		Long: `version prints the version of usmtpkg, the commit and the Go release it was built from, the rules it
validates by, the USMT releases it has an inventory of, and the Microsoft roots it trusts.

--sbom prints a bill of materials instead: the modules in this program, with their versions and
checksums, as the program itself records them.`,
		Example: `  usmtpkg version
  usmtpkg version --json
  usmtpkg version --sbom cyclonedx > usmtpkg.cdx.json`,
		Args: noArgument,
		RunE: func(cmd *cobra.Command, args []string) error {
			if form != "" {
				return p.printSBOM(form)
			}
			return p.runs(func(context.Context, []string) (report.Document, error) { return versionDocument() })(cmd, args)
		},
	}
	cmd.Flags().Var(&word[sbom.Form]{value: &form, words: sbom.Forms, noun: "form"}, "sbom", "`cyclonedx|spdx` print a bill of materials in this form")
	heading(cmd.Flags(), "Contents")
	return cmd
}

func (p *program) printSBOM(form sbom.Form) error {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return &usageError{msg: "this program does not record what it was built from", hint: "build it with Go modules"}
	}
	return report.WriteJSON(p.stdout, sbom.Of(form, info, version()))
}

func versionDocument() (report.Document, error) {
	doc := &report.Version{
		Head: report.NewHead("version"), Usmtpkg: version(), Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, Rules: locate.RulesVersion,
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				doc.Commit = s.Value
			case "vcs.time":
				doc.CommitTime = s.Value
			case "vcs.modified":
				doc.Modified = s.Value == "true"
			}
		}
	}
	for _, r := range inventory.Known().Releases {
		known := report.KnownRelease{USMT: r.Version.String(), Arches: r.Arches, Files: len(r.Files)}
		for _, f := range r.Files {
			switch {
			case f.SHA256 != "" || f.MD5 != "":
				known.ByHash++
			case f.LFSHA256 != "":
				known.ByTextHash++
			}
		}
		doc.Inventories = append(doc.Inventories, known)
	}
	roots, err := pe.MicrosoftRoots()
	if err != nil {
		return nil, err
	}
	for _, c := range roots {
		doc.Roots = append(doc.Roots, report.NewRoot(c))
	}
	return doc, nil
}
