// Package attest writes, signs, reads and checks attestations of releases:
// bytes in, bytes out.
//
// An attestation is an in-toto Statement v1 in a file, and, if
// somebody vouches for it, a minisign signature in a second file beside it:
//
//	<name>.intoto.json          the statement
//	<name>.intoto.json.minisig  the signature of exactly these bytes
//
// The statement, as it is written: UTF-8, LF, two spaces of indentation, one
// subject a line, in the order given. The same statement gives the same bytes;
// there is no time in it except what the predicate records.
//
//	{
//	  "_type": "https://in-toto.io/Statement/v1",
//	  "subject": [
//	    {"name":"manifest-sha256.txt","digest":{"sha256":"<64 hex>"}},
//	    …
//	  ],
//	  "predicateType": "https://usmtpkg.example/predicate/validation/v1",
//	  "predicate": {…}
//	}
//
// Rules of reading:
//   - Keys that are not known are ignored, as in-toto demands; so are digests
//     other than sha256. Names of keys are compared exactly.
//   - A duplicate key in one object, or a subject of a name that was
//     there before, is refused: two readers would see two statements.
//   - A subject has a name, a relative slash-separated path without control
//     characters, and a sha256 of 64 lower-case hex digits.
//   - _type and predicateType must be those above, predicate an object.
//   - At most 64 MiB, 64 levels, 10,000 keys an object and 1,000,000 items a
//     list; UTF-8; nothing but white space after it.
//
// A statement without a signature shows integrity only: anyone who changes a
// release can write a new statement. Check the signature before anything in a
// statement is believed; no function here does both.
//
// What this package does not do: it reads no file of a release and decides
// nothing about one; it makes no keys (minisign -G does); it knows no time, so
// that a signature does not expire; and it does not know what is in a
// predicate.
//
// Sources: https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md
// and https://jedisct1.github.io/minisign/.
package attest
