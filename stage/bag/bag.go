// Package bag reads and writes the tag files of BagIt bags: RFC 8493 (BagIt
// 1.0) both ways, and BagIt 0.97 for reading. A release of the library is such
// a bag, so any BagIt tool, and sha256sum -c, can check it without this one.
//
// What is read:
//
//	bagit.txt               version and encoding of the other tag files
//	bag-info.txt            ordered label/value pairs, Payload-Oxum among them
//	manifest-ALG.txt        checksum and path of every payload file
//	tagmanifest-ALG.txt     the same for tag files
//	fetch.txt               url, length and path of payload files not delivered
//
// Two sets of rules:
//
//   - General: every valid bag is read, with LF, CR or CRLF line ends, hex in
//     either case, any order, and tag files in UTF-8, UTF-16 or ISO-8859-1.
//     What the RFC allows but advises against goes to [Rules.Warn].
//   - [Rules.Strict]: the one form that is written here. UTF-8, LF, sorted by
//     the bytes of the path, lower-case hex, two spaces, names that Windows can
//     store, and one manifest of each kind, in SHA-256. A release is read so.
//
// A manifest may come from anybody. Refused in both, always with file and line:
//
//   - paths that leave the bag or mean something else on another system: "."
//     and ".." segments, empty segments, a leading slash, backslashes, colons
//     (drive letters, alternate data streams), control characters
//   - %2e, %2f and %5c, and in 1.0 every percent escape but %0A, %0D and %25
//   - byte order marks, invalid UTF-8, blank lines
//   - checksums that are not hex of the algorithm's length, unknown algorithms
//   - the same path twice (0.97: with two checksums), a path that is both file
//     and folder
//   - a line over 32 KiB, a file over 64 MiB, more than 1,000,000 lines. The RFC
//     has no such bounds; they keep memory bounded whatever is read.
//
// Names with a backslash, a colon or a control character other than CR and LF
// are the only valid ones that general reading refuses; on Windows the first
// two would open another file.
//
// What this package does not do: it hashes no file and looks at none below the
// base folder. That the listed files exist, match, and are all there is, that
// Payload-Oxum is right, and what fetch.txt wants fetched, is the
// caller's to check.
//
// Source: https://www.rfc-editor.org/rfc/rfc8493 for 1.0, and
// https://datatracker.ietf.org/doc/html/draft-kunze-bagit-10 for 0.97.
package bag

import (
	"fmt"
	"io"
	"io/fs"
)

// Names of the tag files with a fixed name, and of the payload folder.
const (
	DeclarationName = "bagit.txt"
	InfoName        = "bag-info.txt"
	FetchName       = "fetch.txt"
	PayloadFolder   = "data"
)

// Versions of BagIt that are read. Written is the last.
const (
	version097 = "0.97"
	version10  = "1.0"
)

// Rules says how tag files are read. The zero value reads any BagIt 1.0 tag
// file, and with [Read] any bag.
type Rules struct {
	// Version is "0.97" or "1.0". Empty means 1.0 for ParseManifest; for Read
	// it means what bagit.txt says, which must agree with a version given here.
	Version string

	// Strict accepts only the form written by this package, always 1.0.
	Strict bool

	// Warn, if set, receives what is accepted though the RFC advises against
	// it: paths differing only in case or normalization, and in 0.97 the "*"
	// and "./" before a path and rows given twice. Called in order of line,
	// at most a few times a row, from the calling goroutine.
	Warn func(*SyntaxError)

	encoding encoding // of every tag file but bagit.txt
}

// warn hands e to Warn, if anybody listens.
func (r Rules) warn(e *SyntaxError) {
	if r.Warn != nil {
		r.Warn(e)
	}
}

// forManifest returns r with the version filled in, or why it cannot be used.
func (r Rules) forManifest() (Rules, error) {
	if r.Version == "" {
		r.Version = version10
	}
	if r.Strict && r.Version != version10 {
		return r, fmt.Errorf("strict rules: found BagIt version %q, wanted %q", r.Version, version10)
	}
	if !knownVersion(r.Version) {
		return r, fmt.Errorf("rules: found BagIt version %q, wanted %q or %q", r.Version, version097, version10)
	}
	return r, nil
}

func knownVersion(v string) bool { return v == version097 || v == version10 }

// Bag is the content of the tag files of one bag.
type Bag struct {
	Version  string  // "0.97" or "1.0"
	Encoding string  // of the tag files, as bagit.txt spells it
	Info     []Field // bag-info.txt in its order; nil without one
	Oxum     *Oxum   // from bag-info.txt; nil if it has none

	// Payload and Tags have every manifest, sorted by path. In 1.0 all payload
	// manifests list the same paths. Every file listed must exist, the tag
	// files too.
	Payload map[Algorithm][]Entry
	Tags    map[Algorithm][]Entry

	Fetch []FetchItem // fetch.txt in its order; each path is in a payload manifest
}

// Read reads the tag files in the base folder of fsys and checks all that can
// be checked without the payload. A fault of the bag is a [*SyntaxError];
// anything else means that the bag could not be looked at. Links are not
// followed: a tag file must be a regular file.
func Read(fsys fs.FS, rules Rules) (*Bag, error) {
	found, err := list(fsys)
	if err != nil {
		return nil, err
	}
	b := &Bag{Payload: map[Algorithm][]Entry{}, Tags: map[Algorithm][]Entry{}}
	if err := b.readDeclaration(fsys, &rules); err != nil {
		return nil, err
	}
	if found.info {
		if err := b.readInfo(fsys, rules); err != nil {
			return nil, err
		}
	}
	for _, m := range found.manifests {
		err := withFile(fsys, m.Name(), func(r io.Reader) error {
			entries, err := ParseManifest(r, m, rules)
			b.manifests(m.Tag)[m.Algorithm] = entries
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	if found.fetch {
		if err := b.readFetch(fsys, rules); err != nil {
			return nil, err
		}
	}
	if err := b.check(); err != nil {
		return nil, err
	}
	if rules.Strict {
		if err := b.checkOwn(found); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// manifests returns the map for a kind of manifest.
func (b *Bag) manifests(tag bool) map[Algorithm][]Entry {
	if tag {
		return b.Tags
	}
	return b.Payload
}
