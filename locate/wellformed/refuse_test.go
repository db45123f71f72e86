package wellformed

import (
	"errors"
	"strings"
	"testing"
)

// refusals are texts that are not well-formed, or not taken, and why. In a
// message the position is that of the character it speaks of.
var refusals = []struct{ name, text, want string }{
	// Root element.
	{"empty", "", "line 1, column 1: no root element"},
	{"only space", " \r\n\t", "line 2, column 2: no root element"},
	{"only a comment", "<!-- a -->", "line 1, column 11: no root element"},
	{"only text", "hello", "line 1, column 1: the root element expected, found 'h'"},
	{"binary", "MZ\x90\x00", "line 1, column 1: the root element expected, found 'M'"},
	{"text before root", "x<a/>", "line 1, column 1: the root element expected, found 'x'"},
	{"text after root", "<a/>\n x", "line 2, column 2: comments or white space after the root element expected, found 'x'"},
	{"second root", "<a/><b/>", "line 1, column 5: second root element"},
	{"second root after an end tag", "<a></a>\n<a></a>", "line 2, column 1: second root element"},
	{"reference after root", "<a/>&#32;", "line 1, column 5: comments or white space after the root element expected, found '&'"},
	{"CDATA after root", "<a/><![CDATA[]]>", "line 1, column 5: CDATA section outside the root element"},
	{"CDATA before root", "<![CDATA[x]]><a/>", "line 1, column 1: CDATA section outside the root element"},
	{"end tag alone", "</a>", "line 1, column 1: end tag outside the root element"},
	{"end tag too many", "<a></a></a>", "line 1, column 8: end tag outside the root element"},
	{"NUL after root", "<a/>\x00", "line 1, column 5: comments or white space after the root element expected, found U+0000"},
	// DOCTYPE.
	{"doctype", "<!DOCTYPE a><a/>", "line 1, column 1: DOCTYPE is not allowed: it could define entities or name files to read"},
	{"doctype with entities", "<?xml version=\"1.0\"?>\n<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", "line 2, column 1: DOCTYPE is not allowed: it could define entities or name files to read"},
	{"external entity", "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>", "line 1, column 1: DOCTYPE is not allowed: it could define entities or name files to read"},
	{"doctype within root", "<a><!DOCTYPE a></a>", "line 1, column 4: DOCTYPE is not allowed: it could define entities or name files to read"},
	{"doctype after root", "<a/><!DOCTYPE a>", "line 1, column 5: DOCTYPE is not allowed: it could define entities or name files to read"},
	{"small doctype", "<!doctype a><a/>", `line 1, column 1: neither a comment nor a CDATA section: "<!doctype"`},
	{"doctype cut", "<!DOCTYP", `line 1, column 1: neither a comment nor a CDATA section: "<!DOCTYP"`},
	{"entity declaration", "<!ENTITY a \"b\"><a/>", `line 1, column 1: neither a comment nor a CDATA section: "<!ENTITY "`},
	// Tags.
	{"tags crossed", "<a><b></a></b>", "line 1, column 9: <b> is closed by </a>"},
	{"end tag in another case", "<a></A>", "line 1, column 6: <a> is closed by </A>"},
	{"end tag longer", "<a></ab>", "line 1, column 6: <a> is closed by </ab>"},
	{"end tag shorter", "<ab></a>", "line 1, column 7: <ab> is closed by </a>"},
	{"end tag of another prefix", "<x:a></y:a>", "line 1, column 8: <x:a> is closed by </y:a>"},
	{"line and column", "<a>\n  <b>\r\n\té<c></b></a>", "line 3, column 8: <c> is closed by </b>"},
	{"not closed", "<a><b></b>", "line 1, column 11: text ends within element <a>"},
	{"not closed in text", "<a>text", "line 1, column 8: text ends within element <a>"},
	{"cut after less-than", "<a><", "line 1, column 5: text ends within a tag"},
	{"cut in name", "<a><bcd", "line 1, column 8: text ends within a start tag"},
	{"cut in start tag", "<a b='c' ", "line 1, column 10: text ends within a start tag"},
	{"cut in value", "<a b='c", "line 1, column 8: text ends within a start tag"},
	{"cut in end tag", "<a></a", "line 1, column 7: text ends within an end tag"},
	{"cut after its slash", "<a></", "line 1, column 6: text ends within an end tag"},
	{"cut after slash", "<a/", "line 1, column 4: text ends within a start tag"},
	{"space in a start tag", "<a>< b/></a>", "line 1, column 5: a name expected, found ' '"},
	{"space in an end tag", "<a></ a>", "line 1, column 6: a name expected, found ' '"},
	{"digit begins name", "<1/>", "line 1, column 2: a name expected, found '1'"},
	{"dash begins name", "<-a/>", "line 1, column 2: a name expected, found '-'"},
	{"bad name character", "<a$/>", `line 1, column 3: white space, "/>" or ">" expected, found '$'`},
	{"combining begins name", "<\u0300/>", "line 1, column 2: a name expected, found U+0300"},
	{"bad name character outside ASCII", "<a\u00d7/>", `line 1, column 3: white space, "/>" or ">" expected, found U+00D7`},
	{"bad name begin outside ASCII", "<\u00b7/>", "line 1, column 2: a name expected, found U+00B7"},
	{"name ends in bad UTF-8", "<a\xff/>", "line 1, column 3: byte 0xFF is not UTF-8"},
	{"empty name", "<></>", "line 1, column 2: a name expected, found '>'"},
	{"attribute in end tag", "<a></a b='c'>", "line 1, column 8: '>' after the name of an end tag expected, found 'b'"},
	{"slash within tag", "<a / >", "line 1, column 5: '>' after '/' expected, found ' '"},
	{"slash before attribute", "<a /b='c'>", "line 1, column 5: '>' after '/' expected, found 'b'"},
	// Attributes.
	{"attribute twice", "<a b='1' c='2' b='3'/>", "line 1, column 16: attribute b is given twice"},
	{"attribute twice after many", "<a b1='' b2='' b3='' b4='' b5='' b6='' b7='' b8='' b9='' b4=''/>", "line 1, column 58: attribute b4 is given twice"},
	{"attribute without value", "<a b/>", "line 1, column 5: '=' after the name expected, found '/'"},
	{"attribute without value at the end", "<a b>", "line 1, column 5: '=' after the name expected, found '>'"},
	{"no equals sign", "<a b 'c'/>", "line 1, column 6: '=' after the name expected, found '\\''"},
	{"not quoted", "<a b=c/>", "line 1, column 6: a quoted value expected, found 'c'"},
	{"other quote ends", "<a b='c\"/></a>", `line 1, column 11: "<" in an attribute value must be written "&lt;"`},
	{"no space between", "<a b='c'd='e'/>", `line 1, column 9: white space, "/>" or ">" expected, found 'd'`},
	{"less-than in value", "<a b='x<y'/>", `line 1, column 8: "<" in an attribute value must be written "&lt;"`},
	{"ampersand in value", "<a b='x&y'/>", `line 1, column 8: "&" that begins no reference must be written "&amp;"`},
	{"entity in value", "<a b='&nbsp;'/>", `line 1, column 7: entity "&nbsp;" is not one of the five that XML predefines`},
	{"control in value", "<a b='\x02'/>", "line 1, column 7: character U+0002 is not allowed in XML"},
	{"bad UTF-8 in value", "<a b='\xc3('/>", "line 1, column 7: byte 0xC3 is not UTF-8"},
	// References.
	{"entity of HTML", "<a>&nbsp;</a>", `line 1, column 4: entity "&nbsp;" is not one of the five that XML predefines`},
	{"entity in capitals", "<a>&LT;</a>", `line 1, column 4: entity "&LT;" is not one of the five that XML predefines`},
	{"lone ampersand", "<a>this & that</a>", `line 1, column 9: "&" that begins no reference must be written "&amp;"`},
	{"lone ampersand before a reference", "<a>a & b&amp;c</a>", `line 1, column 6: "&" that begins no reference must be written "&amp;"`},
	{"no semicolon", "<a>&lt </a>", `line 1, column 4: "&" that begins no reference must be written "&amp;"`},
	{"nothing but ampersand and semicolon", "<a>&;</a>", `line 1, column 4: "&" that begins no reference must be written "&amp;"`},
	{"ampersand at end", "<a>&", `line 1, column 4: "&" that begins no reference must be written "&amp;"`},
	{"number missing", "<a>&#;</a>", `line 1, column 6: a number after "&#" expected, found ';'`},
	{"hexadecimal number missing", "<a>&#x;</a>", `line 1, column 7: a number after "&#" expected, found ';'`},
	{"capital X", "<a>&#X41;</a>", `line 1, column 6: a number after "&#" expected, found 'X'`},
	{"hexadecimal without x", "<a>&#4A;</a>", "line 1, column 7: ';' after a character reference expected, found 'A'"},
	{"number without semicolon", "<a>&#65 </a>", "line 1, column 8: ';' after a character reference expected, found ' '"},
	{"number cut", "<a>&#6", "line 1, column 7: text ends within a reference"},
	{"reference to NUL", "<a>&#0;</a>", "line 1, column 7: character reference to a character that is not allowed in XML"},
	{"reference to a control", "<a>&#x1F;</a>", "line 1, column 9: character reference to a character that is not allowed in XML"},
	{"reference to a surrogate", "<a>&#xD800;</a>", "line 1, column 11: character reference to a character that is not allowed in XML"},
	{"reference to no character", "<a>&#xFFFE;</a>", "line 1, column 11: character reference to a character that is not allowed in XML"},
	{"reference over Unicode", "<a>&#x110000;</a>", "line 1, column 13: character reference to a character that is not allowed in XML"},
	{"wraps around 32 bits", "<a>&#x100000041;</a>", "line 1, column 16: character reference to a character that is not allowed in XML"},
	{"wraps around 64 bits", "<a>&#18446744073709551681;</a>", "line 1, column 26: character reference to a character that is not allowed in XML"},
	// Text.
	{"CDATA end in text", "<a>x]]>y</a>", `line 1, column 7: "]]>" in text must be written "]]&gt;"`},
	{"CDATA end after brackets", "<a>]]]]></a>", `line 1, column 8: "]]>" in text must be written "]]&gt;"`},
	{"CDATA end after reference", "<a>&lt;]]></a>", `line 1, column 10: "]]>" in text must be written "]]&gt;"`},
	{"NUL in text", "<a>\x00</a>", "line 1, column 4: character U+0000 is not allowed in XML"},
	{"form feed", "<a>\f</a>", "line 1, column 4: character U+000C is not allowed in XML"},
	{"U+FFFE", "<a>\ufffe</a>", "line 1, column 4: character U+FFFE is not allowed in XML"},
	{"U+FFFF", "<a>é\uffff</a>", "line 1, column 5: character U+FFFF is not allowed in XML"},
	{"lone continuation byte", "<a>\x80</a>", "line 1, column 4: byte 0x80 is not UTF-8"},
	{"overlong", "<a>\xc0\xbc</a>", "line 1, column 4: byte 0xC0 is not UTF-8"},
	{"surrogate in UTF-8", "<a>\xed\xa0\x80</a>", "line 1, column 4: byte 0xED is not UTF-8"},
	{"over U+10FFFF", "<a>\xf4\x90\x80\x80</a>", "line 1, column 4: byte 0xF4 is not UTF-8"},
	{"rune cut by a tag", "<a>\xe2\x82</a>", "line 1, column 4: byte 0xE2 is not UTF-8"},
	{"rune cut by the end", "<a>\xe2\x82", "line 1, column 4: byte 0xE2 is not UTF-8"},
	// Comments, CDATA sections, processing instructions.
	{"two dashes in comment", "<a><!-- a -- b --></a>", `line 1, column 11: "--" within a comment`},
	{"three dashes end comment", "<a><!-- a ---></a>", `line 1, column 11: "--" within a comment`},
	{"comment cut", "<a><!-- a -", "line 1, column 12: text ends within a comment"},
	{"comment cut after dashes", "<a><!-- a --", "line 1, column 13: text ends within a comment"},
	{"comment of one dash", "<a><!- a --></a>", `line 1, column 4: neither a comment nor a CDATA section: "<!- a -->"`},
	{"control in comment", "<a><!-- \x1b --></a>", "line 1, column 9: character U+001B is not allowed in XML"},
	{"bad UTF-8 in comment", "<a><!-- \xff --></a>", "line 1, column 9: byte 0xFF is not UTF-8"},
	{"CDATA cut", "<a><![CDATA[ ]]", "line 1, column 16: text ends within a CDATA section"},
	{"CDATA in small letters", "<a><![cdata[]]></a>", `line 1, column 4: neither a comment nor a CDATA section: "<![cdata["`},
	{"CDATA with space", "<a><![CDATA []]></a>", `line 1, column 4: neither a comment nor a CDATA section: "<![CDATA "`},
	{"control in CDATA", "<a><![CDATA[\x08]]></a>", "line 1, column 13: character U+0008 is not allowed in XML"},
	{"conditional section", "<a><![IGNORE[]]></a>", `line 1, column 4: neither a comment nor a CDATA section: "<![IGNORE"`},
	{"unknown declaration", "<a><!b></a>", `line 1, column 4: neither a comment nor a CDATA section: "<!b></a>"`},
	{"PI without target", "<a><? b?></a>", "line 1, column 6: a name expected, found ' '"},
	{"PI without space", "<a><?b+c?></a>", "line 1, column 7: '?' or white space after the target expected, found '+'"},
	{"PI ends in greater-than", "<a><?b></a>", "line 1, column 7: '?' or white space after the target expected, found '>'"},
	{"PI cut", "<a><?b c", "line 1, column 9: text ends within a processing instruction"},
	{"PI cut after question mark", "<a><?b ?", "line 1, column 9: text ends within a processing instruction"},
	{"PI named xml", "<a><?xml b?></a>", "line 1, column 6: XML declaration is malformed, or not at the very start"},
	{"PI named XmL", "<?XmL b?><a/>", "line 1, column 3: XML declaration is malformed, or not at the very start"},
	{"control in PI", "<a><?b \x01?></a>", "line 1, column 8: character U+0001 is not allowed in XML"},
	// XML declaration.
	{"declaration after space", " <?xml version='1.0'?><a/>", "line 1, column 4: XML declaration is malformed, or not at the very start"},
	{"declaration after a comment", "<!-- --><?xml version='1.0'?><a/>", "line 1, column 11: XML declaration is malformed, or not at the very start"},
	{"declaration twice", "<?xml version='1.0'?><?xml version='1.0'?><a/>", "line 1, column 24: XML declaration is malformed, or not at the very start"},
	{"declaration empty", "<?xml ?><a/>", "line 1, column 7: XML declaration without version"},
	{"nothing in it", "<?xml?><a/>", "line 1, column 3: XML declaration is malformed, or not at the very start"},
	{"version 2.0", "<?xml version='2.0'?><a/>", `line 1, column 16: version "2.0" is not 1.0`},
	{"version 1.", "<?xml version='1.'?><a/>", `line 1, column 16: version "1." is not 1.0`},
	{"version 1.0a", "<?xml version='1.0a'?><a/>", `line 1, column 16: version "1.0a" is not 1.0`},
	{"version by reference", "<?xml version='1.&#48;'?><a/>", `line 1, column 16: version "1.&#48;" is not 1.0`},
	{"version not quoted", "<?xml version=1.0?><a/>", "line 1, column 15: a quoted value expected, found '1'"},
	{"no version", "<?xml encoding='UTF-8'?><a/>", `line 1, column 7: "encoding" is not expected in the XML declaration here`},
	{"encoding first", "<?xml encoding='UTF-8' version='1.0'?><a/>", `line 1, column 7: "encoding" is not expected in the XML declaration here`},
	{"standalone before encoding", "<?xml version='1.0' standalone='yes' encoding='UTF-8'?><a/>", `line 1, column 38: "encoding" is not expected in the XML declaration here`},
	{"version declaration twice", "<?xml version='1.0' version='1.0'?><a/>", `line 1, column 21: "version" is not expected in the XML declaration here`},
	{"unknown part", "<?xml version='1.0' lang='en'?><a/>", `line 1, column 21: "lang" is not expected in the XML declaration here`},
	{"name in capitals", "<?xml Version='1.0'?><a/>", `line 1, column 7: "Version" is not expected in the XML declaration here`},
	{"no space in declaration", "<?xml version='1.0'encoding='UTF-8'?><a/>", `line 1, column 20: white space or "?>" expected, found 'e'`},
	{"standalone maybe", "<?xml version='1.0' standalone='maybe'?><a/>", `line 1, column 33: standalone "maybe" is neither "yes" nor "no"`},
	{"declaration ends in greater-than", "<?xml version='1.0'><a/>", `line 1, column 20: white space or "?>" expected, found '>'`},
	{"declaration ends in split end", "<?xml version='1.0'? ><a/>", "line 1, column 21: '>' after '?' expected, found ' '"},
	{"declaration cut", "<?xml version='1.0' ", "line 1, column 21: text ends within the XML declaration"},
	{"declaration cut in value", "<?xml version='1.0", "line 1, column 19: text ends within the XML declaration"},
}

func TestCheckRefuses(t *testing.T) {
	for _, tt := range refusals {
		t.Run(tt.name, func(t *testing.T) {
			root, err := Check(strings.NewReader(tt.text))
			if err == nil || err.Error() != tt.want {
				t.Errorf("Check(%q) = %v, want %q", tt.text, err, tt.want)
			}
			if !errors.As(err, new(*SyntaxError)) {
				t.Errorf("Check(%q) = %T, want *SyntaxError", tt.text, err)
			}
			if root.Name != "" || root.Attr != nil {
				t.Errorf("Check(%q) gives root %+v with its error", tt.text, root)
			}
		})
	}
}
