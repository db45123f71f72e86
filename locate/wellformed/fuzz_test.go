package wellformed

import (
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

// FuzzCheck holds Check against package encoding/xml: what Check accepts, that
// accepts too, with the same root.
func FuzzCheck(f *testing.F) {
	for _, text := range corpus() {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		root, err := Check(bytes.NewReader(text))
		slow, slowErr := Check(iotest.OneByteReader(bytes.NewReader(text)))
		if message(err) != message(slowErr) {
			t.Fatalf("Check = %q, byte by byte %q", message(err), message(slowErr))
		}
		if diff := cmp.Diff(root, slow); diff != "" {
			t.Fatalf("root (-at once +byte by byte):\n%s", diff)
		}
		if err != nil {
			if e := (*SyntaxError)(nil); !errors.As(err, &e) || e.Line < 1 || e.Column < 1 {
				t.Fatalf("Check = %v (%T), want *SyntaxError with a position", err, err)
			}
			return
		}
		want, err := byEncodingXML(inUTF8(text))
		if err != nil && !named(string(inUTF8(text))) {
			t.Fatalf("Check accepts what encoding/xml refuses: %v", err)
		}
		if err == nil {
			if diff := cmp.Diff(plain(want), plain(root)); diff != "" {
				t.Fatalf("root (-encoding/xml +Check):\n%s", diff)
			}
		}
	})
}

// differences are the texts that encoding/xml refuses, although they are
// well-formed: it knows version 1.0 alone, the fourth edition's names, and one
// colon in a name, not at its ends.
var differences = []*regexp.Regexp{
	regexp.MustCompile(`^(\x{FEFF})?<\?xml\s+version\s*=\s*["']1\.(0\d|[1-9])`),
	regexp.MustCompile(`[^\x00-\x7F]`),
	regexp.MustCompile(`[<\s/]:|:[^<>\s"'=/]*:|:[\s=/>]`),
}

func named(text string) bool {
	for _, re := range differences {
		if re.MatchString(text) {
			return true
		}
	}
	return false
}

// byEncodingXML walks all tokens, strictly, and gives the root.
func byEncodingXML(text []byte) (Root, error) {
	decoder := func() *xml.Decoder {
		d := xml.NewDecoder(bytes.NewReader(text))
		d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
		return d
	}
	for d := decoder(); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return Root{}, err
		}
	}
	for d := decoder(); ; {
		token, err := d.RawToken()
		if err != nil {
			return Root{}, err
		}
		if start, ok := token.(xml.StartElement); ok {
			root := Root{Name: written(start.Name)}
			for _, a := range start.Attr {
				root.Attr = append(root.Attr, Attr{Name: written(a.Name), Value: a.Value})
			}
			return root, nil
		}
	}
}

func written(n xml.Name) string {
	if n.Space == "" {
		return n.Local
	}
	return n.Space + ":" + n.Local
}

// plain is r with all white space in values as spaces: encoding/xml keeps tabs
// and line ends.
func plain(r Root) Root {
	for i := range r.Attr {
		r.Attr[i].Value = strings.NewReplacer("\r\n", " ", "\t", " ", "\r", " ", "\n", " ").Replace(r.Attr[i].Value)
	}
	return r
}

// inUTF8 is text in UTF-8, if it is in UTF-16.
func inUTF8(text []byte) []byte {
	order := binary.ByteOrder(binary.LittleEndian)
	switch {
	case len(text) < 4:
		return text
	case text[0] == 0xFE || text[0] == 0:
		order = binary.BigEndian
	case text[0] != 0xFF && text[1] != 0:
		return text
	}
	var units []uint16
	for ; len(text) > 1; text = text[2:] {
		units = append(units, order.Uint16(text))
	}
	return []byte(strings.TrimPrefix(string(utf16.Decode(units)), "\uFEFF"))
}
