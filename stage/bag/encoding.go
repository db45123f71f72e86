package bag

import (
	"bytes"
	"io"
	"strings"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// encoding is the character encoding of the tag files, as bagit.txt gives it.
// The RFC allows any registered one and warns that only UTF-8 will stay.
type encoding uint8

const (
	encodingUTF8 encoding = iota
	encodingUTF16
	encodingUTF16BE
	encodingUTF16LE
	encodingLatin1
)

const knownEncodings = "UTF-8, UTF-16, UTF-16BE, UTF-16LE or ISO-8859-1"

// parseEncoding knows an encoding by its registered name, in any case.
// Source: https://www.iana.org/assignments/character-sets
func parseEncoding(name string) (encoding, bool) {
	for e := encodingUTF8; e <= encodingLatin1; e++ {
		if strings.EqualFold(name, e.String()) {
			return e, true
		}
	}
	return encodingUTF8, false
}

func (e encoding) String() string {
	switch e {
	case encodingUTF16:
		return "UTF-16"
	case encodingUTF16BE:
		return "UTF-16BE"
	case encodingUTF16LE:
		return "UTF-16LE"
	case encodingLatin1:
		return "ISO-8859-1"
	default:
		return "UTF-8"
	}
}

// decode returns a reader of r as UTF-8.
func (e encoding) decode(r io.Reader) io.Reader {
	switch e {
	case encodingUTF16: // big-endian unless a byte order mark says otherwise: RFC 2781, 4.3
		return transform.NewReader(r, unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewDecoder())
	case encodingUTF16BE:
		return transform.NewReader(r, unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewDecoder())
	case encodingUTF16LE:
		return transform.NewReader(r, unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewDecoder())
	case encodingLatin1:
		return transform.NewReader(r, charmap.ISO8859_1.NewDecoder())
	default:
		return r
	}
}

// clean reports whether a decoded line is what was stored. The decoders put U+FFFD
// for half a surrogate pair or half a unit: a name with one may be any name.
func (e encoding) clean(line []byte) bool {
	return e == encodingUTF8 || !bytes.Contains(line, []byte("\uFFFD"))
}
