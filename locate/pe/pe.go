// Package pe reads the facts usmtpkg needs of a Windows program or DLL: the
// machine it is built for, its file version, and whether it is as its maker
// signed it.
//
// Rules of Read:
//   - The input is not trusted. Every offset and count is checked against the
//     size of the file before it is used. However the file is laid out, it is
//     read at most 14 times, 4096 bytes each; memory does not grow with it.
//   - A file that is cut off is found as far as its headers can tell: the raw
//     data of every section and the certificate table must end in the file.
//   - A fault of the file is a [*FormatError]. Any other error is a failed read
//     and says nothing about the file.
//   - Without a version resource the version is zero. A version resource that
//     cannot be followed is a fault of the file.
//
// Rules of [Verifier], which checks Authenticode signatures:
//   - The content is hashed as it passes by, so that who reads a file anyway
//     reads it once. What passes by must be what the headers were read from.
//   - All signatures of a file are checked, nested ones too. The best counts,
//     but one that is tampered with spoils them all.
//   - Trusted are Microsoft's roots, which are built in and compared with their
//     SHA-256, and those that are handed in. See package cms for chains, time
//     stamps and algorithms. A digest with SHA-1 counts, as of 2017's kits.
//   - The certificate table is the end of the file, contains signatures and zeros,
//     and no section reaches into it: nothing hides where no digest looks. What
//     unsigned attributes contain, and certificates that no chain needs, is not
//     looked at, and Windows does not load it either.
//   - Page hashes are checked where a file has them.
//   - Installer checks the signatures of Windows Installer packages by the same
//     rules; package msi takes their digest.
//   - A table of more than 1 MiB, and 9 signatures or more, are unsupported; what
//     one file costs is within 64 MiB of memory.
//
// Revocation is not checked: it needs the network. A file that only a catalog
// signs is unsigned: a Check takes the digest by which package catalog finds it,
// and package wintrust asks Windows about the catalogs of this machine.
//
// The package does not look at code, imports or the checksum. Of an unsigned
// file it does not see that bytes behind the last section are missing.
//
// Sources: https://learn.microsoft.com/windows/win32/debug/pe-format, and
// Windows Authenticode Portable Executable Signature Format, version 1.0 (2008).
package pe

import (
	"fmt"
	"io"
)

// Machine is the processor family a file is built for, as its header says it.
type Machine uint16

// The machines USMT is made for.
const (
	I386  Machine = 0x014c
	AMD64 Machine = 0x8664
	ARM64 Machine = 0xaa64
)

// String returns the name of the USMT folder for files of this machine,
// or the number for a machine USMT has no folder for.
func (m Machine) String() string {
	switch m {
	case I386:
		return "x86"
	case AMD64:
		return "amd64"
	case ARM64:
		return "arm64"
	default:
		return fmt.Sprintf("machine %#04x", uint16(m))
	}
}

// Info is what Read finds out.
type Info struct {
	Machine     Machine
	FileVersion Version // zero when the file has no version resource
	// OriginalName is the name that the version resource has for the file; "" if it has none.
	OriginalName string
}

// Read reads the headers and the version resource of a file of size bytes.
// It needs one to three reads of a file as Microsoft's linker lays it out.
func Read(r io.ReaderAt, size int64) (Info, error) {
	w := &window{r: r, size: size}
	img, err := readImage(w)
	if err != nil {
		return Info{}, err
	}
	v, err := img.versionInfo(w)
	if err != nil {
		return Info{}, err
	}
	return Info{Machine: img.machine, FileVersion: v.file, OriginalName: v.name}, nil
}

// FormatError says that the file is not a PE file, or not a complete one.
type FormatError struct {
	Offset int64  // where in the file, in bytes
	Part   string // what is there: "DOS header", "number of sections"
	Found  string
	Want   string
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("not a valid PE file: %s at offset %#x: found %s, wanted %s", e.Part, e.Offset, e.Found, e.Want)
}
