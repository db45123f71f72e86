package wellformed

// class says where an ASCII byte has no special meaning.
type class uint16

const (
	inText    class = 1 << iota // between tags
	inCData                     // in a CDATA section
	inComment                   // in a comment
	inPI                        // in a processing instruction
	inDouble                    // in an attribute value between "
	inSingle                    // in an attribute value between '
	inName                      // in a name
	startsName
	isSpace
)

// inAny is every place of free text.
const inAny = inText | inCData | inComment | inPI | inDouble | inSingle

// classes is the class of each byte. Bytes over 0x7F have none: they are
// decoded, see (*input).runes.
var classes = classTable()

func classTable() (t [256]class) {
	for c := range 0x80 {
		if isChar(rune(c)) {
			t[c] = inAny
		}
	}
	for _, c := range "_:" {
		t[c] |= inName | startsName
	}
	for c := 'a'; c <= 'z'; c++ {
		t[c] |= inName | startsName
		t[c-'a'+'A'] |= inName | startsName
	}
	for _, c := range "-.0123456789" {
		t[c] |= inName
	}
	for _, c := range " \t\r\n" {
		t[c] |= isSpace
	}
	t['<'] &^= inText | inDouble | inSingle
	t['&'] &^= inText | inDouble | inSingle
	t['>'] &^= inText
	t['"'] &^= inDouble
	t['\''] &^= inSingle
	t[']'] &^= inCData
	t['-'] &^= inComment
	t['?'] &^= inPI
	return t
}

// isChar is production 2, Char: what is allowed in a text at all.
func isChar(r rune) bool {
	switch {
	case r < ' ':
		return r == '\t' || r == '\n' || r == '\r'
	case r <= 0xD7FF:
		return true
	case r < 0xE000:
		return false // surrogates
	}
	return r <= 0xFFFD || 0x10000 <= r && r <= 0x10FFFF
}

// isNameStart is production 4, NameStartChar.
func isNameStart(r rune) bool {
	if r < 0x80 {
		return r >= 0 && classes[r]&startsName != 0
	}
	return within(r, nameStarts[:])
}

// isNameChar is production 4a, NameChar.
func isNameChar(r rune) bool {
	if r < 0x80 {
		return r >= 0 && classes[r]&inName != 0
	}
	return within(r, nameStarts[:]) || within(r, nameOthers[:])
}

func within(r rune, ranges [][2]rune) bool {
	for _, p := range ranges {
		if p[0] <= r && r <= p[1] {
			return true
		}
	}
	return false
}

// The ranges over ASCII of productions 4 and 4a. Source:
// https://www.w3.org/TR/2008/REC-xml-20081126/#NT-NameStartChar
var (
	nameStarts = [...][2]rune{
		{0xC0, 0xD6}, {0xD8, 0xF6}, {0xF8, 0x2FF}, {0x370, 0x37D}, {0x37F, 0x1FFF},
		{0x200C, 0x200D}, {0x2070, 0x218F}, {0x2C00, 0x2FEF}, {0x3001, 0xD7FF},
		{0xF900, 0xFDCF}, {0xFDF0, 0xFFFD}, {0x10000, 0xEFFFF},
	}
	nameOthers = [...][2]rune{{0xB7, 0xB7}, {0x300, 0x36F}, {0x203F, 0x2040}}
)
