// Package inventory reads and writes lists of the files that releases of the
// User State Migration Tool (USMT) consist of, and carries the lists of the
// releases that were measured ([Known]).
//
// The format is a text, one statement a line:
//
//	usmtpkg inventory 2
//	# what the table is, and where it comes from
//
//	release 10.0.26100.1
//	# where the list of this release comes from
//	arch amd64 2
//	file MigApp.xml | lf-sha256=8cbb… confirmed=microsoft
//	file scanstate.exe | size=422912 machine=amd64 version=10.0.26100.1 signature=signed sha256=8cbb…
//
// Rules:
//   - The first line names the format and its version; another version is an error.
//   - A comment follows the first line or a line release, nowhere else: it is kept
//     with the table or the release.
//   - A release has at least one arch, an arch at least one file. The line arch
//     says how many files follow, so that a list that was cut off is noticed.
//     What is not listed as an arch was not measured, and says nothing about it.
//   - A release, an arch of it and a file of that are listed once; names of files
//     are compared without regard to case, as Windows does.
//   - After " | " come the facts of a file, each at most once and in the order of
//     the table below. A fact that is missing is not known. sha256 and md5 need
//     size; signature needs machine; lf-sha256 is not for programs; confirmed and
//     copies need a hash and exclude each other.
//   - Lines end with a line feed, the last one too. [Parse] also takes CRLF and
//     skips empty lines; [Write] writes LF, and an empty line before each release.
//     What Write wrote, Parse and Write give again byte for byte.
//   - The encoding is UTF-8. Parse also takes a byte order mark, and UTF-16 with
//     one, because > of Windows PowerShell 5.1 writes that.
//   - Bounds: 8 MiB a file, 1,024 bytes a line, in UTF-8.
//
// The facts:
//
//	size       bytes
//	machine    of a program or DLL: amd64, arm64 or x86
//	version    its file version, four numbers
//	signature  signed or unsigned: whether it has an Authenticode signature
//	sha256     of the file as it is, 64 lower-case hex digits
//	lf-sha256  of a text, after each CR LF became LF and nothing else changed: version
//	           control changes line ends, and a text is the same with either
//	md5        of the file as it is, 32 lower-case hex digits, where the source has nothing better
//	confirmed  microsoft: the hash agrees with a list that Microsoft signed
//	copies     how many independent copies of the file have this hash
//
// The package does not compare anything with a list, does not read other files, and does not say
// whether a list is right.
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
	Size      int64      // in bytes; -1 where it is not known
	Machine   string     // arch a program or DLL is built for; "" of others, and where it is not known
	Version   pe.Version // its file version; zero where it has none or none is known
	Signature Signature
	SHA256    string // of the file as it is, in lower-case hex; "" where it is not known
	LFSHA256  string // likewise, after each CR LF became LF; of texts only
	MD5       string // of the file as it is, in lower-case hex
	Confirmed bool   // a list that Microsoft signed has this file
	Copies    int    // independent copies that have this hash; 0 where nobody counted
}

// Doubtful reports whether the hash is based on a single copy, so that a file that differs may be
// the right one.
func (f File) Doubtful() bool { return f.Copies == 1 }

// Hashed reports whether the list has a hash of the file.
func (f File) Hashed() bool { return f.SHA256 != "" || f.LFSHA256 != "" || f.MD5 != "" }

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
