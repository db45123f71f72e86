package pe

import (
	"cmp"
	"fmt"

	"usmtpkg/locate/pe/cms"
	"usmtpkg/locate/pe/cms/der"
)

// Object identifiers. Source: Windows Authenticode Portable Executable
// Signature Format; the page hashes are described nowhere, their form is as
// signtool and osslsigncode write it.
const (
	oidIndirectData   = "1.3.6.1.4.1.311.2.1.4"
	oidImageData      = "1.3.6.1.4.1.311.2.1.15"
	oidPageHashSHA1   = "1.3.6.1.4.1.311.2.3.1"
	oidPageHashSHA256 = "1.3.6.1.4.1.311.2.3.2"
)

// A format is a kind of file that can be signed.
type format struct {
	name string // "a program"
	kind string // object identifier of the data about such a file
	tag  byte   // of that data; 0 means that of a sequence
	// data reads that data. Faults of the encoding are left in r.
	data func(s *signature, r *der.Reader) error
}

// program returns the format of a program with these headers.
func program(img *image) format {
	return format{"a program", oidImageData, 0, func(s *signature, r *der.Reader) error {
		s.pages = readPages(r, img)
		return nil
	}}
}

// readContent reads what a signature says about the file: SpcIndirectDataContent.
func (s *signature) readContent(f format) error {
	if s.data.ContentType != oidIndirectData {
		return unsupported("a signature of %s, not of %s", s.data.ContentType, f.name)
	}
	if s.data.Content.Tag != der.Sequence {
		return &cms.SignatureError{
			Fault: cms.Malformed, Text: fmt.Sprintf("signed content: found tag %#02x, wanted %#02x", s.data.Content.Tag, der.Sequence),
		}
	}
	r := der.NewReader(s.data.Content.Content)
	about := r.Inside(der.Sequence, "kind of the signed file")
	kind := about.OID("kind of the signed file")
	if r.Err() == nil && kind != f.kind {
		return unsupported("a signature of a file of kind %s, not of %s", kind, f.name)
	}
	data := about.Inside(cmp.Or(f.tag, der.Sequence), "data about the signed file")
	about.End("kind of the signed file")
	info := r.Inside(der.Sequence, "digest of the file")
	algorithm := cms.Algorithm(info, "digest algorithm of the file")
	s.want = info.Read(der.OctetString, "digest of the file").Content
	info.End("digest of the file")
	r.End("signed content")
	if r.Err() == nil {
		if s.hash = cms.HashOf(algorithm); s.hash == 0 {
			return unsupported("digest algorithm %s", algorithm)
		}
		// Windows Authenticode format, "DigestInfo": both must be the same.
		if s.hash != s.data.Digest() {
			return unsupported("a %v digest of the file, signed with %v", s.hash, s.data.Digest())
		}
		if err := f.data(s, data); err != nil {
			return err
		}
	}
	if err := r.Err(); err != nil {
		return &cms.SignatureError{Fault: cms.Malformed, Text: err.Error()}
	}
	return nil
}

func unsupported(format string, args ...any) error {
	return &cms.SignatureError{Fault: cms.Unsupported, Text: fmt.Sprintf(format, args...)}
}
