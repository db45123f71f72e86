// Package stage copies a folder into a library of immutable, verified
// releases, and verifies such copies at any later time.
//
// A library is a folder of package sources:
//
//	usmtpkg.json          marker: format, version, library id
//	current               one line: the name of the active release
//	<release>/            a BagIt bag (RFC 8493); data/ is the package source
//	definitions/<release>/
//	attestations/<release>/
//	.lock                 which run is writing
//	.staging-<random>/    a run in progress
//
// Rules:
//   - A release is published by one rename of a finished staging folder and is
//     never written again.
//   - Its name is <version>-<first 12 hex digits of the release digest>; the
//     digest is the SHA-256 of manifest-sha256.txt. The same content has the
//     same name, so staging it twice writes nothing.
//   - Whatever goes wrong, the library is as it was before plus, at most,
//     a staging folder that a later run reclaims.
//   - Nothing is deleted that does not carry the library's id.
//   - All writes go through *os.Root: no link planted in the library leads a
//     write out of it.
//
// The package does not know what USMT is: a Checker, handed in, checks the
// content. It does not keep owners, access control lists, hard links or
// alternate data streams, and it records no empty folders. It never writes to
// ConfigMgr's own content library (SCCMContentLib).
package stage
