package pe

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Version is a file version: major, minor, build, revision.
type Version [4]uint16

// String returns the version in its usual form, such as "10.0.26100.1".
func (v Version) String() string {
	b := make([]byte, 0, len("65535.65535.65535.65535"))
	for i, part := range v {
		if i > 0 {
			b = append(b, '.')
		}
		b = strconv.AppendUint(b, uint64(part), 10)
	}
	return string(b)
}

// Compare returns -1, 0 or +1 as v is older than, equal to or newer than u.
func (v Version) Compare(u Version) int {
	return slices.Compare(v[:], u[:])
}

// IsZero reports whether v is 0.0.0.0, which means "no version".
func (v Version) IsZero() bool {
	return v == Version{}
}

// ParseVersion reads what [Version.String] writes and nothing else: four
// numbers of 0 to 65535, without leading zeros, joined by dots.
func ParseVersion(s string) (Version, error) {
	parts := strings.Split(s, ".")
	if len(parts) != len(Version{}) {
		return Version{}, fmt.Errorf("parsing version %q: found %d numbers, wanted 4", s, len(parts))
	}
	var v Version
	for i, part := range parts {
		n, err := strconv.ParseUint(part, 10, 16)
		if err != nil || part != strconv.FormatUint(n, 10) {
			return Version{}, fmt.Errorf("parsing version %q: found %q, wanted a number of 0 to 65535 without leading zeros", s, part)
		}
		v[i] = uint16(n)
	}
	return v, nil
}
