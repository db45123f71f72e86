package petest

import (
	"crypto"
	_ "crypto/md5" // the identifier of a list
	"slices"
	"testing"
	"time"
	"unicode/utf16"
)

// Object identifiers of catalogs.
const (
	OIDTrustList   = "1.3.6.1.4.1.311.10.1"
	OIDCatalogList = "1.3.6.1.4.1.311.12.1.1"
	OIDMembers     = "1.3.6.1.4.1.311.12.1.2" // tagged with SHA-1 in hexadecimal
	OIDMembers2    = "1.3.6.1.4.1.311.12.1.3" // tagged with SHA-256
	OIDNameValue   = "1.3.6.1.4.1.311.12.2.1"
	OIDFlat        = "1.3.6.1.4.1.311.2.1.25"
	OIDImage       = "1.3.6.1.4.1.311.2.1.15"
)

// A CatalogList is the content of a catalog to be made.
type CatalogList struct {
	Usage   string // "" means a catalog
	Kind    string // of the members; "" means OIDMembers
	Made    time.Time
	Next    [][]byte // further elements after the time
	Members [][]byte
	Rest    [][]byte // further elements at the end
}

// Encode makes the content, a whole element.
func (l CatalogList) Encode() []byte {
	if l.Usage == "" {
		l.Usage = OIDCatalogList
	}
	if l.Kind == "" {
		l.Kind = OIDMembers
	}
	osAttribute := tlv(0x30, oid(OIDNameValue), tlv(4, NamedValue("OSAttr", utf16Bytes("2:6.0\x00", false))))
	return tlv(0x30,
		tlv(0x30, oid(l.Usage)),
		tlv(4, Sum(crypto.MD5, []byte("test"))),
		tlv(0x17, []byte(l.Made.UTC().Format("060102150405Z"))),
		slices.Concat(l.Next...),
		Algorithm(l.Kind),
		tlv(0x30, l.Members...),
		tlv(0xa0, tlv(0x30, osAttribute)),
		slices.Concat(l.Rest...))
}

// Catalog makes a catalog that is signed in the usual way. Of the message only the signer is needed.
func Catalog(tb testing.TB, m Message, l CatalogList) []byte {
	tb.Helper()
	m.ContentType, m.Content = OIDTrustList, l.Encode()
	return m.Encode(tb)
}

// FlatMember returns a member that is a file as it is.
func FlatMember(h crypto.Hash, name string, file []byte) []byte {
	return CatalogMember(Sum(h, file), CatalogDigest(OIDFlat, Algorithm(HashOID(h)), Sum(h, file)), FileName(name))
}

// ImageMember returns a member that is a program.
func ImageMember(h crypto.Hash, name string, image []byte) []byte {
	digest := Digest(h, Padded(image))
	return CatalogMember(digest, Attribute(OIDIndirect, Indirect(h, 0, Padded(image))), FileName(name))
}

// CatalogMember returns a member with its attributes.
func CatalogMember(sum []byte, attributes ...[]byte) []byte {
	tag := sum // of SHA-256, and SHA-1 in hexadecimal
	if len(sum) == crypto.SHA1.Size() {
		const digits = "0123456789ABCDEF"
		var hexadecimal string
		for _, b := range sum {
			hexadecimal += string(digits[b>>4]) + string(digits[b&15])
		}
		tag = utf16Bytes(hexadecimal+"\x00", false)
	}
	return tlv(0x30, tlv(4, tag), tlv(0x31, attributes...))
}

// CatalogDigest returns the attribute of a member with its digest.
func CatalogDigest(kind string, algorithm, sum []byte) []byte {
	return Attribute(OIDIndirect, tlv(0x30, tlv(0x30, oid(kind), tlv(0xa2, []byte{0x80, 0})), tlv(0x30, algorithm, tlv(4, sum))))
}

// FileName returns the attribute of a member with its file name; nothing for no name.
func FileName(name string) []byte {
	if name == "" {
		return nil
	}
	return Attribute(OIDNameValue, NamedValue("File", utf16Bytes(name+"\x00", false)))
}

// NamedValue returns a name and a value that belong together.
func NamedValue(name string, value []byte) []byte {
	return tlv(0x30, tlv(0x1e, utf16Bytes(name, true)), []byte{2, 3, 1, 0, 1}, tlv(4, value))
}

func utf16Bytes(s string, bigEndian bool) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		if bigEndian {
			b = append(b, byte(u>>8), byte(u))
		} else {
			b = append(b, byte(u), byte(u>>8))
		}
	}
	return b
}
