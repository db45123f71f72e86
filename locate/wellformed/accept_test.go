package wellformed

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// acceptances are well-formed texts. Their root is <a> without attributes.
var acceptances = []struct{ name, text string }{
	// Root element.
	{"empty element", "<a/>"},
	{"start and end tag", "<a></a>"},
	{"space in tags", "<a \t\r\n></a \n>"},
	{"space in an empty element", "<a />"},
	{"space around", " \t\r\n<a/> \t\r\n"},
	{"comments around", "<!-- x --><a/><!-- y -->"},
	{"instructions around", "<?x?><a/><?y z?>"},
	{"byte order mark", "\uFEFF<a/>"},
	// Content.
	{"children", "<a><b/><c>d</c><a><a/></a></a>"},
	{"text", "<a>text, 'quotes\" and >= signs\x7f</a>"},
	{"brackets", "<a>[*] ]] ]]]] > ]] ></a>"},
	{"brackets apart from >", "<a>]]<b/>>]<!-- -->]<!-- -->></a>"},
	{"written CDATA end", "<a>]]&gt; ]&#93;></a>"},
	{"greater after CDATA", "<a><![CDATA[x]]>></a>"},
	{"names", "<a><_/><:/><b.c-d_e:f1/><é/><日本/><a\u00b7\u0300\u203f/><\U00010000/><\U000EFFFF/></a>"},
	{"names of the fifth edition", "<a><\u0131\u0132/><\u02ff/><\u2c00/></a>"},
	{"characters", "<a>\t\r\n \u0085\u00e9\u2028\ud7ff\ue000\ufdd0\ufffd\U00010000\U0010ffff\ufeff</a>"},
	{"carriage returns", "<a>\r<b\rc='\r'/>\r</a>\r"},
	// References.
	{"entities", "<a>&lt;&gt;&amp;&quot;&apos;</a>"},
	{"character references", "<a>&#9;&#10;&#13;&#32;&#xD7FF;&#xE000;&#xFFFD;&#x10000;&#x10ffff;</a>"},
	{"leading zeros", "<a>&#x" + strings.Repeat("0", 100) + "41;&#0065;</a>"},
	// Attributes.
	{"attributes", `<a><b c="1" d='2' e = "3" f= '4' g ="5"/></a>`},
	{"quotes in values", `<a><b c="'" d='"'/></a>`},
	{"greater-than and brackets in values", `<a><b c=">]]>/>" d='-->'/></a>`},
	{"references in values", `<a><b c="&lt;&#x41;&amp;&quot;"/></a>`},
	{"same attribute in two elements", `<a><b c="1"/><b c="1"><d c="1"/></b></a>`},
	{"same local name", `<a><b c="1" x:c="1" y:c="1"/></a>`},
	{"line ends in values", "<a><b c='\r\n\t1'/></a>"},
	{"characters in values", "<a><b c='é\U0001F600'/></a>"},
	// Comments, CDATA sections, processing instructions.
	{"comments", "<a><!----><!-- - - --><!-- <&>\" ]]> é --><!-->--><!--->--></a>"},
	{"CDATA", "<a><![CDATA[]]><![CDATA[<b>&c;]]]]><![CDATA[>]]><![CDATA[]]]]]></a>"},
	{"instructions", "<a><?b?><?b ?><?b c='?' > ??><?xml-x?><?xmlx?><?x é?></a>"},
	// XML declaration.
	{"declaration", "<?xml version='1.0'?><a/>"},
	{"declaration in full", "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\r\n<a/>"},
	{"declaration with space", "<?xml\n version = '1.0'\tencoding= 'utf-8' standalone ='no' ?><a/>"},
	{"standalone alone", "<?xml version='1.0' standalone='no'?><a/>"},
	{"byte order mark and declaration", "\uFEFF<?xml version='1.0' encoding='utf-8'?><a/>"},
	{"version 1.1", "<?xml version='1.1'?><a/>"},
	{"version 1.23", "<?xml version='1.23'?><a/>"},
	{"stylesheet", "<?xml-stylesheet href='b'?><a/>"},
	{"target begins as xml does", "<?xmlé?><a/>"},
}

func TestCheckAccepts(t *testing.T) {
	for _, tt := range acceptances {
		t.Run(tt.name, func(t *testing.T) {
			root, err := Check(strings.NewReader(tt.text))
			if err != nil {
				t.Fatalf("Check(%q) = %v, want nil", tt.text, err)
			}
			if diff := cmp.Diff(Root{Name: "a"}, root); diff != "" {
				t.Errorf("Check(%q), root (-want +got):\n%s", tt.text, diff)
			}
		})
	}
}

func TestCheckRoot(t *testing.T) {
	tests := []struct {
		name, text string
		want       Root
	}{
		{"migration XML",
			"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<migration urlid=\"http://www.microsoft.com/migration/1.0/migxmlext/migapp\">\n  <library prefix=\"p\"/>\n</migration>",
			Root{"migration", []Attr{{"urlid", "http://www.microsoft.com/migration/1.0/migxmlext/migapp"}}}},
		{"manifest",
			"<!-- x -->\r\n<assembly\r\n    xmlns='urn:a'\r\n    xmlns:x='urn:b'\r\n    manifestVersion='1.0'\r\n    />",
			Root{"assembly", []Attr{{"xmlns", "urn:a"}, {"xmlns:x", "urn:b"}, {"manifestVersion", "1.0"}}}},
		{"prefix", "<x:a x:b='c'/>", Root{"x:a", []Attr{{"x:b", "c"}}}},
		{"empty value", "<a b='' c=\"\"/>", Root{"a", []Attr{{"b", ""}, {"c", ""}}}},
		{"entities", "<a b='&lt;&gt;&amp;&quot;&apos;&amp;lt;'/>", Root{"a", []Attr{{"b", "<>&\"'&lt;"}}}},
		{"character references", "<a b='&#65;&#x0041;&#xe9;&#x1F600;&#x10FFFF;'/>", Root{"a", []Attr{{"b", "AAé😀\U0010FFFF"}}}},
		{"white space becomes spaces", "<a b=' 1\t2\n3\r4\r\n5\n\r6 '/>", Root{"a", []Attr{{"b", " 1 2 3 4 5  6 "}}}},
		{"white space by reference stays", "<a b='&#9;&#xA;&#13;&#10;'/>", Root{"a", []Attr{{"b", "\t\n\r\n"}}}},
		{"names outside ASCII", "<日本 é='ü'/>", Root{"日本", []Attr{{"é", "ü"}}}},
		{"children do not count", "<a b='1'><c d='2'/><e f='3'></e></a>", Root{"a", []Attr{{"b", "1"}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			root, err := Check(strings.NewReader(tt.text))
			if err != nil {
				t.Fatalf("Check(%q) = %v, want nil", tt.text, err)
			}
			if diff := cmp.Diff(tt.want, root); diff != "" {
				t.Errorf("Check(%q), root (-want +got):\n%s", tt.text, diff)
			}
		})
	}
}

// The first and last character of every range of productions 4 and 4a, and those
// next to it.
func TestCheckNameCharacters(t *testing.T) {
	const (
		starts = ":_AZaz\u00C0\u00D6\u00D8\u00F6\u00F8\u02FF\u0370\u037D\u037F\u1FFF\u200C\u200D\u2070\u218F\u2C00\u2FEF" +
			"\u3001\uD7FF\uF900\uFDCF\uFDF0\uFFFD\U00010000\U000EFFFF"
		others  = "-.09\u00B7\u0300\u036F\u203F\u2040"
		neither = "@[^`{,;\u00B6\u00B8\u00BF\u00D7\u00F7\u037E\u2000\u200B\u200E\u203E\u2041\u206F\u2190\u2BFF\u2FF0\u3000" +
			"\uE000\uF8FF\uFDD0\uFDEF\U000F0000\U0010FFFF"
	)
	for _, tt := range []struct {
		chars       string
		first, next bool // may begin a name; may follow in one
	}{{starts, true, true}, {others, false, true}, {neither, false, false}} {
		for _, r := range tt.chars {
			if _, err := Check(strings.NewReader("<" + string(r) + "/>")); (err == nil) != tt.first {
				t.Errorf("name that begins with %U: Check = %v, want accepted %v", r, err, tt.first)
			}
			if _, err := Check(strings.NewReader("<a" + string(r) + "/>")); (err == nil) != tt.next {
				t.Errorf("name that ends with %U: Check = %v, want accepted %v", r, err, tt.next)
			}
		}
	}
}
