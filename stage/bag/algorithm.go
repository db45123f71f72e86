package bag

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"strings"
)

// Algorithm is a checksum algorithm, spelled as in the names of manifests.
type Algorithm string

// The algorithms that can be read. MD5 and SHA-1 find accidents, not attacks.
const (
	MD5    Algorithm = "md5"
	SHA1   Algorithm = "sha1"
	SHA224 Algorithm = "sha224"
	SHA256 Algorithm = "sha256"
	SHA384 Algorithm = "sha384"
	SHA512 Algorithm = "sha512"
)

const knownAlgorithms = "md5, sha1, sha224, sha256, sha384 or sha512"

// ParseAlgorithm returns the algorithm of that name: lower case, no dashes.
func ParseAlgorithm(name string) (Algorithm, error) {
	a := Algorithm(name)
	if a.HexLen() == 0 {
		return "", &NameError{Name: name, Fault: "an unknown checksum algorithm", Wanted: knownAlgorithms}
	}
	return a, nil
}

// New returns a new hash, or nil for an unknown algorithm.
func (a Algorithm) New() hash.Hash {
	switch a {
	case MD5:
		return md5.New()
	case SHA1:
		return sha1.New()
	case SHA224:
		return sha256.New224()
	case SHA256:
		return sha256.New()
	case SHA384:
		return sha512.New384()
	case SHA512:
		return sha512.New()
	}
	return nil
}

// maxHex is the longest checksum, in hex digits.
const maxHex = 2 * sha512.Size

// HexLen returns the number of hex digits of a checksum, 0 for an unknown
// algorithm.
func (a Algorithm) HexLen() int {
	switch a {
	case MD5:
		return 2 * md5.Size
	case SHA1:
		return 2 * sha1.Size
	case SHA224:
		return 2 * sha256.Size224
	case SHA256:
		return 2 * sha256.Size
	case SHA384:
		return 2 * sha512.Size384
	case SHA512:
		return 2 * sha512.Size
	}
	return 0
}

// Manifest says which manifest of a bag is meant.
type Manifest struct {
	Algorithm Algorithm
	Tag       bool // lists tag files, not the payload
}

// Parts of the name of a manifest.
const (
	payloadPrefix  = "manifest-"
	tagPrefix      = "tagmanifest-"
	manifestSuffix = ".txt"
)

// Name returns the name of the manifest in the base folder.
func (m Manifest) Name() string {
	if m.Tag {
		return tagPrefix + string(m.Algorithm) + manifestSuffix
	}
	return payloadPrefix + string(m.Algorithm) + manifestSuffix
}

// ParseManifestName is the reverse of [Manifest.Name]. A name that is not a
// manifest's, or has an unknown algorithm, is a [*SyntaxError].
func ParseManifestName(name string) (Manifest, error) {
	middle, tag := strings.CutPrefix(strings.TrimSuffix(name, manifestSuffix), tagPrefix)
	if !tag {
		middle = strings.TrimPrefix(middle, payloadPrefix)
	}
	m := Manifest{Algorithm: Algorithm(middle), Tag: tag}
	switch {
	case !isManifestName(name):
		return Manifest{}, &SyntaxError{File: name, Found: "the name " + quote(name), Wanted: "the name of a manifest"}
	case m.Algorithm.HexLen() == 0:
		return Manifest{}, &SyntaxError{
			File:  name,
			Found: "the checksum algorithm " + quote(middle), Wanted: knownAlgorithms,
		}
	}
	return m, nil
}

// isManifestName reports whether name has the form of a manifest's name, whatever
// the algorithm.
func isManifestName(name string) bool {
	return strings.HasSuffix(name, manifestSuffix) &&
		(strings.HasPrefix(name, payloadPrefix) || strings.HasPrefix(name, tagPrefix))
}
