package main

import "github.com/spf13/cobra"

// addTopics adds the pages of the help that are of no command.
func addTopics(root *cobra.Command) {
	addGroup(root, groupHelp, "Help",
		&cobra.Command{Use: "environment", Short: "Settings: variables and usmtpkg.yaml", Long: environmentHelp},
		&cobra.Command{Use: "exit-codes", Short: "What each exit status means", Long: exitHelp},
		&cobra.Command{Use: "formats", Short: "What usmtpkg prints and writes", Long: formatsHelp},
		&cobra.Command{Use: "glossary", Short: "What each term means", Long: glossaryHelp},
	)
}

const environmentHelp = `Every flag that is a setting can also be given by a variable or in usmtpkg.yaml. A flag overrides
the variable, which overrides the file.

  flag           --package-path \\cm01\Sources\OSD\USMT
  variable       USMTPKG_PACKAGE_PATH=\\cm01\Sources\OSD\USMT
  usmtpkg.yaml   package-path: \\cm01\Sources\OSD\USMT

The variable is the name of the flag in upper case, with USMTPKG_ before it and _ for each -. Lists have
commas: USMTPKG_REQUIRE_ARCH=amd64,x86. An empty variable counts as one that is not set; one that
usmtpkg does not know is an error, as is an unknown key of the file.

usmtpkg.yaml is read from the current folder; --config or USMTPKG_CONFIG names another file. Files that it
names must be below its folder. "usmtpkg init" writes an example with every key, and a schema for
your editor. Flags about a single run, such as --dry-run, --sample and --allow-changed, are for the
command line only.

Other variables:

  TMPDIR, TMP     where temporary files go
  GOMEMLIMIT      how much memory usmtpkg tries to keep within (default 40MiB)
  GOMAXPROCS      how many cores it uses`

const formatsHelp = `Text, for people, goes to standard output; messages, progress and warnings go to standard error.

  --json             one JSON document on standard output, even if the run fails
  --format sarif     findings and differences as SARIF 2.1.0, which GitHub and Azure DevOps display
  --format junit     the same as JUnit XML, which most build servers display

In a library:

  <release>\         a BagIt bag: "sha256sum -c manifest-sha256.txt" checks it
  release.json       the record of a release: sources, checks, proofs
  definitions\       package definitions: scripts, USMT.sms and package.json
  attestations\      signed statements, in in-toto format with a minisign signature

Every JSON document has "format" and "version". Within a version keys may be added: ignore those you do not
know. docs/formats.md describes each of them, and docs/schemas has their JSON schemas.`

const glossaryHelp = `kit                one version of USMT as Microsoft delivers it, with its arch folders
source             the kit that a run reads
arch               amd64, arm64 or x86: a processor, and the folder of the kit for it
library            the folder that contains all releases
release            one immutable, verified copy of a kit and its overlay
active release     the release that commands use if you do not name one
overlay            your own files, which usmtpkg adds to every arch folder
finding            what a rule says about a kit: an error, a warning or information
difference         what verify says about one file of a copy: changed, missing, extra, …
proof              what shows that the content of a file is genuine: a signature, a catalog, an MSI,
                   an inventory
catalog            a list of file hashes that Microsoft signed; the ADK installs it
inventory          a list of the files of one kit with their hashes
digest             the SHA-256 of a release's manifest; its name ends with the first 12 digits
definition         the files for ConfigMgr about one release: scripts, USMT.sms, package.json
package path       the library as the site server sees it
package source     the folder from which ConfigMgr reads the package: data, in a release
content hash       the hash that ConfigMgr computes of a package source
content library    ConfigMgr's store of distributed files, which usmtpkg only reads
attestation        a signed statement of what a release contains`
