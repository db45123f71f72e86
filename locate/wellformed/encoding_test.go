package wellformed

import (
	"encoding/binary"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

// utf16Bytes is text in UTF-16, with no byte order mark but the one in text.
func utf16Bytes(text string, order binary.AppendByteOrder) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(text)) {
		b = order.AppendUint16(b, u)
	}
	return string(b)
}

func le(text string) string { return utf16Bytes(text, binary.LittleEndian) }
func be(text string) string { return utf16Bytes(text, binary.BigEndian) }

// encodings are texts by their encoding; want is empty for the well-formed.
var encodings = []struct{ name, text, want string }{
	// UTF-16.
	{"little endian with mark", le("\uFEFF<a>é😀</a>"), ""},
	{"big endian with mark", be("\uFEFF<a>é😀</a>"), ""},
	{"little endian declared", le("\uFEFF<?xml version='1.0' encoding='UTF-16'?><a/>"), ""},
	{"big endian declared", be("\uFEFF<?xml version='1.0' encoding='utf-16'?><a/>"), ""},
	{"little endian without mark", le("<?xml version='1.0' encoding='UTF-16LE'?><a/>"), ""},
	{"big endian without mark", be("<?xml version='1.0' encoding='utf-16be'?><a/>"), ""},
	{"without mark and encoding", le("<?xml version='1.0'?><a>é</a>"), ""},
	{"wrong order declared", le("\uFEFF<?xml version='1.0' encoding='UTF-16BE'?><a/>"),
		`line 1, column 31: declared encoding "UTF-16BE": the text is UTF-16LE`},
	{"UTF-8 declared in UTF-16", be("\uFEFF<?xml version='1.0' encoding='UTF-8'?><a/>"),
		`line 1, column 31: declared encoding "UTF-8": the text is UTF-16BE`},
	{"windows-1252 declared in UTF-16", le("\uFEFF<?xml version='1.0' encoding='windows-1252'?><a/>"),
		`line 1, column 31: declared encoding "windows-1252": the text is UTF-16LE`},
	{"column after a pair", le("\uFEFF<a>\r\n😀é</b></a>"), "line 2, column 5: <a> is closed by </b>"},
	{"second mark", le("\uFEFF\uFEFF<a/>"), "line 1, column 1: the root element expected, found U+FEFF"},
	{"mark alone", le("\uFEFF"), "line 1, column 1: no root element"},
	{"high surrogate alone", le("\uFEFF<a>") + "\x00\xD8" + le("x</a>"), "line 1, column 4: unpaired surrogate in UTF-16 text"},
	{"high surrogate before another", be("\uFEFF<a>") + "\xD8\x00\xD8\x00\xDC\x00" + be("</a>"), "line 1, column 4: unpaired surrogate in UTF-16 text"},
	{"low surrogate alone", be("\uFEFF<a>") + "\xDC\x00" + be("</a>"), "line 1, column 4: unpaired surrogate in UTF-16 text"},
	{"low surrogate first", be("\uFEFF") + "\xDF\xFF" + be("<a/>"), "line 1, column 1: unpaired surrogate in UTF-16 text"},
	{"high surrogate at the end", le("\uFEFF<a/>") + "\x00\xD8", "line 1, column 5: UTF-16 text ends within a character"},
	{"odd length", le("\uFEFF<a/>\n") + " ", "line 2, column 1: UTF-16 text ends within a character"},
	{"U+FFFE", le("\uFEFF<a>\uFFFE</a>"), "line 1, column 4: character U+FFFE is not allowed in XML"},
	{"NUL", le("\uFEFF<a>\x00</a>"), "line 1, column 4: character U+0000 is not allowed in XML"},
	{"UTF-32", "\xFF\xFE\x00\x00<\x00\x00\x00", "line 1, column 1: the root element expected, found U+0000"},
	{"mark of UTF-16 before UTF-8", "\xFF\xFE<a/>", "line 1, column 1: the root element expected, found U+613C"},
	// UTF-8.
	{"UTF-8", "<?xml version='1.0' encoding='uTf-8'?><a>é😀</a>", ""},
	{"UTF-8 without declaration", "<a>é😀</a>", ""},
	{"UTF-16 declared in UTF-8", "<?xml version='1.0' encoding='UTF-16'?><a/>",
		`line 1, column 31: declared encoding "UTF-16": the text is neither UTF-8 nor in an encoding known to extend ASCII`},
	{"mark of UTF-8 before windows-1252", "\uFEFF<?xml version='1.0' encoding='windows-1252'?><a/>",
		`line 1, column 31: declared encoding "windows-1252": the text begins with the byte order mark of UTF-8`},
	{"second mark of UTF-8", "\uFEFF\uFEFF<a/>", "line 1, column 1: the root element expected, found U+FEFF"},
	{"half a mark of UTF-8", "\xEF\xBB<a/>", "line 1, column 1: byte 0xEF is not UTF-8"},
	// Encodings of which ASCII is read.
	{"US-ASCII", "<?xml version='1.0' encoding='us-ascii'?><a/>", ""},
	{"ISO-8859-1", "<?xml version='1.0' encoding='ISO-8859-1'?><a b='c'>&#233;<?d?></a>", ""},
	{"windows-1252", "<?xml version='1.0' encoding='Windows-1252'?><a/>", ""},
	{"Shift_JIS", "<?xml version='1.0' encoding='Shift_JIS'?><a/>", ""},
	{"windows-1252 in text", "<?xml version='1.0' encoding='windows-1252'?>\n<a>caf\xE9</a>",
		`line 2, column 7: byte 0xE9 is not ASCII, and encoding "windows-1252" is read as far as it is ASCII`},
	{"UTF-8 in US-ASCII", "<?xml version='1.0' encoding='US-ASCII'?><a>é</a>",
		`line 1, column 45: byte 0xC3 is not ASCII, and encoding "US-ASCII" is read as far as it is ASCII`},
	{"ISO-8859-1 in a comment", "<?xml version='1.0' encoding='ISO-8859-1'?><a><!-- \xE9 --></a>",
		`line 1, column 52: byte 0xE9 is not ASCII, and encoding "ISO-8859-1" is read as far as it is ASCII`},
	{"ISO-8859-1 in a name", "<?xml version='1.0' encoding='ISO-8859-1'?><a><b\xE9/></a>",
		`line 1, column 49: byte 0xE9 is not ASCII, and encoding "ISO-8859-1" is read as far as it is ASCII`},
	{"ISO-8859-1 after the root", "<?xml version='1.0' encoding='ISO-8859-1'?><a/>\xA0",
		`line 1, column 48: byte 0xA0 is not ASCII, and encoding "ISO-8859-1" is read as far as it is ASCII`},
	// Encodings that are not read.
	{"UTF-7", "<?xml version='1.0' encoding='UTF-7'?><a>+ADw-b+AD4-</a>",
		`line 1, column 31: declared encoding "UTF-7": the text is neither UTF-8 nor in an encoding known to extend ASCII`},
	{"unknown", "<?xml version='1.0' encoding='x-secret'?><a/>",
		`line 1, column 31: declared encoding "x-secret": the text is neither UTF-8 nor in an encoding known to extend ASCII`},
	{"empty name", "<?xml version='1.0' encoding=''?><a/>",
		`line 1, column 31: declared encoding "": the text is neither UTF-8 nor in an encoding known to extend ASCII`},
	{"reference in the name", "<?xml version='1.0' encoding='UTF-&#56;'?><a/>",
		`line 1, column 31: declared encoding "UTF-&#56;": the text is neither UTF-8 nor in an encoding known to extend ASCII`},
	{"long name", "<?xml version='1.0' encoding='" + strings.Repeat("x", 200) + "'?><a/>",
		`line 1, column 31: declared encoding "` + strings.Repeat("x", 60) + `...": the text is neither UTF-8 nor in an encoding known to extend ASCII`},
}

func TestCheckEncoding(t *testing.T) {
	for _, tt := range encodings {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Check(strings.NewReader(tt.text))
			if got := message(err); got != tt.want {
				t.Errorf("Check(%q) = %q, want %q", tt.text, got, tt.want)
			}
		})
	}
}

// A surrogate is told from half a pair where the bytes read so far end.
func TestCheckSurrogateAtReadEnd(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"low surrogate", "\xFF\xFE" + strings.Repeat(" \x00", bufSize/2-2) + "\x00\xDC", "line 1, column 32767: unpaired surrogate in UTF-16 text"},
		{"pair", "\xFF\xFE" + le("<a>"+strings.Repeat("x", bufSize/2-5)+"😀</a>"), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := Check(strings.NewReader(tt.text)); message(err) != tt.want {
				t.Errorf("Check = %q, want %q", message(err), tt.want)
			}
		})
	}
}

// message is the text of an error, empty without one.
func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// What is well-formed in UTF-8 is so in UTF-16, with the same root, and what is
// refused is refused at the same place for the same reason.
func TestCheckSameInUTF16(t *testing.T) {
	texts := map[string]string{}
	for _, tt := range acceptances {
		texts[tt.name] = tt.text
	}
	for _, tt := range refusals {
		texts[tt.name] = tt.text
	}
	for name, text := range texts {
		if strings.Contains(text, "encoding") || strings.ToValidUTF8(text, "") != text {
			continue
		}
		t.Run(name, func(t *testing.T) {
			text = strings.TrimPrefix(text, "\uFEFF")
			root, err := Check(strings.NewReader(text))
			for _, in := range []string{le("\uFEFF" + text), be("\uFEFF" + text)} {
				root16, err16 := Check(strings.NewReader(in))
				if message(err16) != message(err) {
					t.Errorf("Check(%q) = %q, want %q", in, message(err16), message(err))
				}
				if diff := cmp.Diff(root, root16); diff != "" {
					t.Errorf("Check(%q), root (-UTF-8 +UTF-16):\n%s", in, diff)
				}
			}
		})
	}
}
