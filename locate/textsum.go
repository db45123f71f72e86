package locate

import (
	"bytes"
	"crypto/fips140"
	"crypto/md5" //nolint:gosec // Microsoft's lists have no other hash of some files
	"crypto/sha256"
	"encoding/hex"
	"hash"
)

// textSums are further hashes of a file's content, in lower-case hexadecimal; "" where it was not hashed.
type textSums struct {
	lf   string // SHA-256 of a text after each CR LF became LF
	md5  string
	text bool // by its first bytes, version control would call it a text
}

// asPublished runs f where only algorithms approved by FIPS 140 are allowed, too (GODEBUG=fips140=only).
// By which algorithm a file is listed or signed was the publisher's choice, and often that of SHA-1 or MD5.
func asPublished(f func()) { fips140.WithoutEnforcement(f) }

// A textSum takes the hashes of a file that its reader does not take. A nil one takes none.
type textSum struct {
	lf     hash.Hash
	md5    hash.Hash // nil: not wanted
	wide   bool      // UTF-16 with a byte order mark: its bytes count as they are
	cr     bool      // the last byte was a CR, and is not hashed yet
	binary bool      // a zero byte was among the first
	size   int64     // bytes so far
}

var crByte = []byte{'\r'}

// newTextSum begins the hashes of a file that begins with magic.
func newTextSum(magic []byte, withMD5 bool) *textSum {
	s := &textSum{lf: sha256.New(), wide: bytes.Equal(magic, []byte{0xff, 0xfe}) || bytes.Equal(magic, []byte{0xfe, 0xff})}
	if withMD5 {
		s.md5 = md5.New() //nolint:gosec // as above
	}
	return s
}

// write takes the next part of the content.
func (s *textSum) write(p []byte) {
	if s == nil || len(p) == 0 {
		return
	}
	if s.md5 != nil {
		s.md5.Write(p)
	}
	if s.size < sniffed && bytes.IndexByte(p[:min(int64(len(p)), sniffed-s.size)], 0) >= 0 {
		s.binary = true
	}
	s.size += int64(len(p))
	if s.wide {
		s.lf.Write(p)
		return
	}
	s.fold(p)
}

// fold hashes a part of a text without the CR of each CR LF, which two parts may share.
func (s *textSum) fold(p []byte) {
	if s.cr && p[0] != '\n' {
		s.lf.Write(crByte)
	}
	s.cr = false
	for {
		i := bytes.IndexByte(p, '\r')
		switch {
		case i < 0:
			s.lf.Write(p)
			return
		case i == len(p)-1:
			s.lf.Write(p[:i])
			s.cr = true
			return
		case p[i+1] == '\n':
			s.lf.Write(p[:i])
		default:
			s.lf.Write(p[:i+1])
		}
		p = p[i+1:]
	}
}

// sums ends the hashes.
func (s *textSum) sums() textSums {
	if s == nil {
		return textSums{}
	}
	if s.cr {
		s.lf.Write(crByte)
		s.cr = false
	}
	all := textSums{lf: hex.EncodeToString(s.lf.Sum(nil)), text: !s.wide && !s.binary}
	if s.md5 != nil {
		all.md5 = hex.EncodeToString(s.md5.Sum(nil))
	}
	return all
}

// sniffed is how much of a file shows whether it is a text, in bytes: a text has no zero byte there.
// Version control systems decide by the same, which is what changes line ends.
// Source: https://git-scm.com/docs/gitattributes (text, set to auto); the number is git's own.
const sniffed = 8000
