// Package inventory reads and writes lists of the files that releases of the
// User State Migration Tool (USMT) consist of, and carries the lists of the
// releases that were measured ([Known]).
//
// The format is a text, UTF-8, one statement a line:
//
//	usmtpkg inventory 1
//	# what the table is, and where it comes from
//
//	release 10.0.26100.1
//	# where the list of this release comes from
//	arch amd64 2
//	file MigApp.xml
//	file scanstate.exe | size=422912 machine=amd64 version=10.0.26100.1 signature=signed sha256=8cbb…
//
// Rules:
//   - The first line names the format and its version; another version is an error.
//   - A comment stands behind the first line or behind a line release, nowhere
//     else: it is kept with the table or the release.
//   - A release has at least one arch, an arch at least one file. The line arch
//     says how many files follow, so that a list that was cut off is noticed.
//     What is not listed as an arch was not measured, and says nothing about it.
//   - A release, an arch of it and a file of that stand there once; names of
//     files are told apart without regard to case, as Windows does.
//   - Behind " | " stand the facts of a file, each at most once and in this
//     order: size (bytes), machine (amd64, arm64, x86), version (of a program or
//     DLL, four numbers), signature (signed or unsigned), sha256 (64 lower-case
//     hex digits). size and sha256 come together; version and signature come
//     with machine. A fact that is not there is not known.
//   - Only binary files have size and sha256. Texts are listed by name alone:
//     line ends change on their way through version control, so that neither
//     their size nor their hash proves anything.
//   - Lines end with a line feed, the last one too. [Parse] also takes CRLF and
//     skips empty lines; [Write] writes LF, and an empty line before each release.
//     What Write wrote, Parse and Write give again byte for byte.
//   - Bounds: 8 MiB a file, 1,024 bytes a line.
//
// It does not compare anything with a list, does not look at files, and does not
// say whether a list is right: it is what somebody wrote down.
package inventory

import (
	"slices"

	"usmtpkg/locate/pe"
)

// A Table is a set of releases.
type Table struct {
	Name     string   // where it was read from: a file's name, or "built in"
	BuiltIn  bool     // it is part of this program
	Notes    []string // comments of the whole table
	Releases []*Release
}

// A Release is what is known of the files of one release.
type Release struct {
	Version pe.Version // file version of its scanstate.exe
	Notes   []string   // where the list comes from
	Arches  []string   // the arches that were measured, by folder name: amd64, arm64, x86
	Files   []File     // of those arches
}

// A Signature says whether a program or DLL carries an Authenticode signature.
type Signature string

// What is known of a signature; the zero value is that nothing is.
const (
	Signed   Signature = "signed"
	Unsigned Signature = "unsigned"
)

// A File is what is known of one file.
type File struct {
	Path      string     // slash-separated, with the arch folder in front
	Size      int64      // in bytes; -1 where it is not known, as of every text
	Machine   string     // arch a program or DLL is built for; "" of others, and where it is not known
	Version   pe.Version // its file version; zero where it has none or none is known
	Signature Signature
	SHA256    string // lower-case hex; "" where it is not known, as of every text
}

// Release returns the release of a version.
func (t *Table) Release(v pe.Version) (*Release, bool) {
	for _, r := range t.Releases {
		if r.Version == v {
			return r, true
		}
	}
	return nil, false
}

// Measured reports whether the files of an arch are known.
func (r *Release) Measured(arch string) bool { return slices.Contains(r.Arches, arch) }

// arches are the folder names of USMT.
var arches = []string{"amd64", "arm64", "x86"}
