package wellformed

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
)

// begin looks at the first bytes: the byte order mark, and without one whether
// the text begins as UTF-16 does. Source: https://www.w3.org/TR/xml/#sec-guessing
func (in *input) begin() error {
	w, err := in.window(4)
	if err != nil {
		return err
	}
	switch {
	case bytes.HasPrefix(w, []byte("\xEF\xBB\xBF")):
		in.bom = true
		in.pos, in.column = 3, 0 // the mark brings the column to 1
	case bytes.HasPrefix(w, []byte("\xFF\xFE")):
		in.transcode(2, "UTF-16LE")
	case bytes.HasPrefix(w, []byte("\xFE\xFF")):
		in.transcode(2, "UTF-16BE")
	case string(w) == "<\x00?\x00":
		in.transcode(0, "UTF-16LE")
	case string(w) == "\x00<\x00?":
		in.transcode(0, "UTF-16BE")
	}
	return nil
}

// transcode puts the UTF-16 decoder between the reader and the buffer, and what
// was read so far, without its first skip bytes, into the decoder.
func (in *input) transcode(skip int, encoding string) {
	in.r = newUTF16Reader(in.r, in.buf[skip:in.end], in.err, encoding == "UTF-16BE")
	in.utf16, in.err, in.end = encoding, nil, 0
}

// parts are those of an XML declaration, in their order.
var parts = [...]string{"version", "encoding", "standalone"}

// declaration scans the XML declaration, if there is one. A target such as
// "xml-stylesheet" is another matter.
func (s *scanner) declaration() error {
	const open = "<?xml"
	w, err := s.window(len(open) + 1)
	if err != nil {
		return err
	}
	if len(w) <= len(open) || !bytes.HasPrefix(w, []byte(open)) || classes[w[len(open)]]&isSpace == 0 {
		return nil
	}
	s.pos += len(open)
	for next := 0; ; {
		c, spaced, err := s.space()
		switch {
		case err != nil:
			return err
		case next == 0 && c == '?':
			return s.fail("XML declaration without version")
		case c == '?':
			s.pos++
			return s.expect('>', "after '?'")
		case !spaced:
			return s.unexpected("white space or \"?>\"")
		}
		if next, err = s.declare(next); err != nil {
			return err
		}
	}
}

// declare scans one part of the declaration, which may be parts[next] or a
// later one, and gives the one that may follow. The version must be there.
func (s *scanner) declare(next int) (int, error) {
	name, err := s.name()
	if err != nil {
		return 0, err
	}
	i := slices.Index(parts[:], string(name))
	if i < next || next == 0 && i != 0 {
		return 0, s.failAt(s.pos-len(name), "%q is not expected in the XML declaration here", clip(name))
	}
	v, err := s.assigned()
	if err != nil {
		return 0, err
	}
	if msg := s.refused(parts[i], string(v)); msg != "" {
		return 0, s.failAt(s.pos-1-len(v), "%s", msg)
	}
	return i + 1, nil
}

// refused says what is wrong with a part of the declaration.
func (in *input) refused(name, value string) string {
	switch {
	case name == "version" && !isVersion(value):
		return "version " + quoted(value) + " is not 1.0"
	case name == "encoding" && !in.encoded(value):
		return "declared encoding " + quoted(value) + ": " + in.wanted()
	case name == "standalone" && value != "yes" && value != "no":
		return "standalone " + quoted(value) + ` is neither "yes" nor "no"`
	}
	return ""
}

// isVersion is production 26, VersionNum.
func isVersion(v string) bool {
	digits, found := strings.CutPrefix(v, "1.")
	return found && digits != "" && strings.Trim(digits, "0123456789") == ""
}

// encoded reports whether a declared encoding is the one that is read. It notes the
// ones of which only ASCII is.
func (in *input) encoded(name string) bool {
	up := strings.ToUpper(name)
	switch {
	case in.utf16 != "":
		return up == "UTF-16" || up == in.utf16
	case up == "UTF-8":
		return true
	case !in.bom && extendsASCII(up):
		in.ascii = name
		return true
	}
	return false
}

func (in *input) wanted() string {
	switch {
	case in.utf16 != "":
		return "the text is " + in.utf16
	case in.bom:
		return "the text begins with the byte order mark of UTF-8"
	}
	return "the text is neither UTF-8 nor in an encoding known to extend ASCII"
}

// extendsASCII reports whether an encoding, its name in capitals, is known to read
// bytes up to 0x7F as ASCII. Others, such as UTF-7, can hide a '<' in them. Names:
// https://www.iana.org/assignments/character-sets
func extendsASCII(name string) bool {
	switch name {
	case "US-ASCII", "ASCII", "LATIN1", "MACINTOSH", "BIG5", "EUC-JP", "EUC-KR",
		"GB2312", "GBK", "GB18030", "KOI8-R", "KOI8-U", "SHIFT_JIS", "WINDOWS-874":
		return true
	}
	return strings.HasPrefix(name, "ISO-8859-") || strings.HasPrefix(name, "WINDOWS-125")
}

// quoted returns a value for a message.
func quoted(v string) string {
	return strconv.Quote(clip([]byte(v)))
}
