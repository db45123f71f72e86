// Package catalog reads Microsoft's signed catalogs (*.cat): lists of files by their digest, which
// the installer of the Windows ADK puts beside the kit. A file whose digest is in one is as Microsoft
// published it, whatever its release, also if it is a text or a program without a signature.
//
// Rules:
//   - A catalog counts only if its signature is valid by the rules of package pe: the same roots, time
//     stamps and signers as for programs. Its certificate must be for signing code; that it is for
//     Windows system components as well does no harm. Only then is its content read.
//   - Nothing is dropped silently. A catalog that does not count stays in the [Set] with the reason,
//     and members of kinds that are not read here are counted.
//   - The input is not trusted. Catalogs have limits of size, members and number.
//
// A catalog vouches for the content of a file and, where it says so, for its base name. It does not say
// which folder the file belongs to, nor that nothing is missing.
//
// Members with SHA-1 count. To pass off another file as one of them takes a second preimage of SHA-1,
// for which no attack is known; the list itself is signed with SHA-256.
//
// Sources: the certificate trust list is that of CTL_INFO in wincrypt.h,
// https://learn.microsoft.com/windows/win32/api/wincrypt/ns-wincrypt-ctl_info. How catalogs use it is
// not documented; it was measured on the 182 catalogs of ADK 10.1.26100.2454.
package catalog

import (
	"crypto"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"usmtpkg/locate/pe"
)

// Limits of catalogs. Those of ADK 10.1.26100.2454 have 10 to 48 KB and up to 110 members.
const (
	MaxSize    = 4 << 20 // bytes of one catalog
	maxMembers = 20_000  // of one catalog
)

// A Kind says what a digest is taken of.
type Kind string

// The kinds of digests that are read.
const (
	Flat  Kind = "flat"  // the file as it is
	Image Kind = "image" // a program without what signing it changes (Authenticode); see pe.Check.AlsoDigest
)

// A Member is a file that a catalog lists.
type Member struct {
	Name    string // base name of the file; "" if the catalog does not say
	Kind    Kind
	Hash    crypto.Hash
	Sum     []byte
	Catalog *Catalog // that lists it
}

// A Catalog is a catalog file and the result of reading it.
type Catalog struct {
	File   string // base name of the catalog file
	SHA256 string // of the catalog file, in lower-case hexadecimal; "" if it was not read
	Raw    []byte // the catalog file, to be kept with what it proves; nil if it does not count
	// Signature is the verdict on the catalog. Unless it is Valid, the Reason says why the catalog
	// does not count, and it has no members.
	Signature pe.Signature
	Listed    time.Time // when the list was made, as its signer says
	Members   []Member
	Unread    int // further members, of kinds that are not read here
}

// Read verifies a catalog and reads its members. It keeps data, of which the members are parts.
func Read(v *pe.Verifier, file string, data []byte) *Catalog {
	if len(data) > MaxSize {
		return refused(file, fmt.Sprintf("it has more than %d MiB", MaxSize>>20))
	}
	sum := sha256.Sum256(data)
	c := &Catalog{File: file, SHA256: hex.EncodeToString(sum[:])}
	message, sig := v.Message(data)
	c.Signature = sig
	if sig.Verdict != pe.Valid {
		return c
	}
	list, err := readList(message)
	if err != nil {
		c.Signature.Verdict, c.Signature.Reason = pe.Unsupported, err.Error()
		return c
	}
	c.Raw, c.Listed, c.Members, c.Unread = data, list.made, list.members, list.unread
	for i := range c.Members {
		c.Members[i].Catalog = c
	}
	return c
}

// refused returns a catalog that cannot be read.
func refused(file, reason string) *Catalog {
	return &Catalog{File: file, Signature: pe.Signature{Verdict: pe.Unsupported, Reason: reason}}
}
