package main

import (
	"context"
	"errors"
	"io"

	"github.com/spf13/cobra"

	"usmtpkg/cmd/usmtpkg/report"
	"usmtpkg/pkgdef"
)

// exampleHead is the start of the example: the keys that mirror flags.
const exampleHead = `# yaml-language-server: $schema=` + schemaName + `
# Settings of usmtpkg. A flag beats the environment (USMTPKG_LIBRARY for library, and so on),
# and that beats this file. An unknown key is an error.
#
# Here at the top are names of flags; usmtpkg refresh --help has them all.

# The library of releases, a folder for package sources.
# library: 'D:\Sources\OSD\USMT'
# Arches that the source must have: amd64, arm64, x86.
# require-arch: [amd64]
# Your files, such as migration XML, that are copied into every arch folder; relative to this file.
# One that has the name of a file of USMT needs replace: true.
# overlay: [{from: 'custom/*.xml'}, {from: 'custom/MigApp.xml', replace: true}]
# Warnings fail as errors do.
# strict: false

# Below is what the scripts of the package definition do at the site. These keys have no flag
# and no variable, except the first seven of package, which are other names of flags.
`

func newInitCmd(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "init [FILE]",
		Short: "Write an example of the configuration file, with every setting of the scripts",
		Long: `init writes an example of the configuration file to FILE (default ` + defaultConfig + `). It has every
key of the sections, with its default or as a comment, and with its possible values. A file that
exists is never overwritten (exit status 2).

Beside FILE it writes ` + schemaName + `, unless that exists. With it, an editor that knows
YAML schemas completes the keys and marks what usmtpkg would refuse.`,
		Example: `  usmtpkg init
  usmtpkg init contoso.yaml`,
		Args: atMostOne,
		RunE: p.runs(func(_ context.Context, args []string) (report.Document, error) {
			name := defaultConfig
			if len(args) == 1 {
				name = args[0]
			}
			if err := checkHere("FILE", name); err != nil {
				return nil, err
			}
			file, err := writeNew(name, "writing the example", writeExample)
			if err != nil {
				return nil, err
			}
			schema, err := addSchema(file)
			if err != nil {
				return nil, err
			}
			return &report.Init{Head: report.NewHead("init"), File: file, Schema: schema}, nil
		}),
	}
}

// writeExample writes the example, which sets nothing but defaults.
func writeExample(w io.Writer) error {
	_, err := io.WriteString(w, exampleHead)
	return errors.Join(err, pkgdef.WriteExample(w))
}
