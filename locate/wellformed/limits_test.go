package wellformed

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
)

// endless gives head, then fill again and again until size bytes are given, then
// tail. It counts what was asked of it.
type endless struct {
	head, fill, tail string
	size             int64
	at               int   // where in fill
	given            int64 // bytes
}

func (e *endless) Read(p []byte) (int, error) {
	var n int
	switch {
	case len(p) == 0:
		panic("asked for no bytes") // the buffer is full: nothing would ever come
	case e.head != "":
		n = copy(p, e.head)
		e.head = e.head[n:]
	case e.size > 0:
		for n < len(p) && e.size > 0 {
			m := copy(p[n:], e.fill[e.at:][:min(int64(len(e.fill)-e.at), e.size)])
			n, e.size, e.at = n+m, e.size-int64(m), (e.at+m)%len(e.fill)
		}
	case e.tail != "":
		n = copy(p, e.tail)
		e.tail = e.tail[n:]
	default:
		return 0, io.EOF
	}
	e.given += int64(n)
	return n, nil
}

func nested(depth int) string {
	return strings.Repeat("<a>", depth) + strings.Repeat("</a>", depth)
}

func attributes(n int, format string) string {
	var b strings.Builder
	b.WriteString("<a")
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String() + "/>"
}

func TestCheckLimits(t *testing.T) {
	name := strings.Repeat("n", maxName)
	value := strings.Repeat("v", maxValue)
	half := strings.Repeat("v", maxAttrBytes/2-1)
	tests := []struct{ name, text, want string }{
		{"depth", nested(maxDepth), ""},
		{"depth of empty elements", strings.Repeat("<a>", maxDepth-1) + "<b/><c/>" + strings.Repeat("</a>", maxDepth-1), ""},
		{"too deep", nested(maxDepth + 1), "line 1, column 770: more than 256 elements are open"},
		{"far too deep", nested(100_000), "line 1, column 770: more than 256 elements are open"},
		{"many in a row", "<a>" + strings.Repeat("<b/><c></c>", 100_000) + "</a>", ""},
		{"element name", "<" + name + "></" + name + ">", ""},
		{"element name too long", "<" + name + "n/>", "line 1, column 2: name is longer than 1024 bytes"},
		{"element name far too long", "<" + strings.Repeat("n", 1<<20), "line 1, column 2: name is longer than 1024 bytes"},
		{"element name too long outside ASCII", "<" + strings.Repeat("é", maxName/2) + "n/>", "line 1, column 2: name is longer than 1024 bytes"},
		{"names in messages", "<" + name + "></n>", "line 1, column 1029: <" + name[:60] + "...> is closed by </n>"},
		{"end tag too long", "<a></" + name + "n>", "line 1, column 6: name is longer than 1024 bytes"},
		{"attribute name", "<a " + name + "='1'/>", ""},
		{"attribute name too long", "<a " + name + "n='1'/>", "line 1, column 4: name is longer than 1024 bytes"},
		{"target too long", "<?" + name + "n?><a/>", "line 1, column 3: name is longer than 1024 bytes"},
		{"attributes", attributes(maxAttrs, " b%d='1'"), ""},
		{"too many attributes", attributes(maxAttrs+1, " b%03d='1'"), "line 1, column 2308: element <a> has more than 256 attributes"},
		{"attribute value", "<a b='" + value + "'/>", ""},
		{"attribute value too long", "<a b='" + value + "v'/>", "line 1, column 7: attribute value is longer than 32768 bytes"},
		{"attribute value too long by references", "<a\nb='" + strings.Repeat("&#000065;", maxValue/9+1) + "'/>", "line 2, column 4: attribute value is longer than 32768 bytes"},
		{"attribute value too long by one reference", "<a b='&#" + strings.Repeat("0", maxValue) + "65;'/>", "line 1, column 7: attribute value is longer than 32768 bytes"},
		{"fault after too long a value", "<a b='" + value + "v\xff'/>", "line 1, column 7: attribute value is longer than 32768 bytes"},
		{"fault in a reference after too long a value", "<a b='" + value[1:] + "&#6x;'/>", "line 1, column 7: attribute value is longer than 32768 bytes"},
		{"fault before too long a value", "<a b='" + value[3:] + "\x01" + value + "'/>", "line 1, column 32772: character U+0001 is not allowed in XML"},
		{"attributes together", "<a b='" + half + "' c='" + half + "'/>", ""},
		{"attributes together too long", "<a b='" + half + "' c='" + half + "' d=''/>", "line 1, column 65552: attributes of element <a> are longer than 65536 bytes"},
		{"attributes of two elements", "<a b='" + half + "'><c d='" + half + "'/><c d='" + half + "'/></a>", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Check(strings.NewReader(tt.text))
			if got := message(err); got != tt.want {
				t.Errorf("Check = %q, want %q", got, tt.want)
			}
		})
	}
}

// A hostile text is refused after little more than a buffer of it was read.
func TestCheckRefusesEarly(t *testing.T) {
	const (
		gigabyte = 1 << 30
		most     = 4 * bufSize
	)
	tests := []struct {
		name string
		r    *endless
		want string
	}{
		{"nesting", &endless{fill: "<a>", size: gigabyte}, "more than 256 elements are open"},
		{"element name", &endless{head: "<", fill: "n", size: gigabyte}, "name is longer than 1024 bytes"},
		{"attribute name", &endless{head: "<a ", fill: "é", size: gigabyte}, "name is longer than 1024 bytes"},
		{"attribute value", &endless{head: "<a b='", fill: "v", size: gigabyte}, "attribute value is longer than 32768 bytes"},
		{"attribute value of references", &endless{head: "<a b='", fill: "&amp;", size: gigabyte}, "attribute value is longer than 32768 bytes"},
		{"attribute value of one reference", &endless{head: "<a b='&#", fill: "0", size: gigabyte}, "attribute value is longer than 32768 bytes"},
		{"attributes", &endless{head: "<a", fill: " b='1'", size: gigabyte}, "attribute b is given twice"},
		{"encoding name", &endless{head: "<?xml version='1.0' encoding='", fill: "x", size: gigabyte}, "attribute value is longer than 32768 bytes"},
		{"zeros", &endless{fill: "\x00", size: gigabyte}, "the root element expected, found U+0000"},
		{"doctype", &endless{head: "<!DOCTYPE a [", fill: "<!ENTITY b 'c'>", size: gigabyte}, "DOCTYPE is not allowed: it could define entities or name files to read"},
		{"UTF-16", &endless{head: le("\uFEFF<"), fill: le("n"), size: gigabyte}, "name is longer than 1024 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Check(tt.r)
			if got := message(err); !strings.HasSuffix(got, ": "+tt.want) {
				t.Errorf("Check = %q, want %q", got, tt.want)
			}
			if tt.r.given > most {
				t.Errorf("Check read %d bytes, want at most %d", tt.r.given, most)
			}
		})
	}
}

// What is not limited is streamed: it takes no memory.
func TestCheckMemory(t *testing.T) {
	const (
		size = 4 << 20 // bytes
		most = 1 << 20 // bytes allocated, all told
	)
	tests := []struct{ name, head, fill, tail string }{
		{"text", "<a>", "text &amp; é\n", "</a>"},
		{"white space", "", " ", "<a/>"},
		{"white space in a tag", "<a ", "\n", "/>"},
		{"comment", "<!--", "x-", " --><a/>"},
		{"CDATA", "<a><![CDATA[", "]", "]]></a>"},
		{"instruction", "<?b ", "?", "?><a/>"},
		{"reference", "<a>&#x", "0", "41;</a>"},
		{"elements", "<a>", "<b c='d' e='f'>g</b>", "</a>"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fill := strings.Repeat(tt.fill, 4096/len(tt.fill))
			r := &endless{head: tt.head, fill: fill, tail: tt.tail, size: int64(size / len(fill) * len(fill))}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := Check(r)
			runtime.ReadMemStats(&after)
			if err != nil {
				t.Errorf("Check = %q, want nil", err)
			}
			if got := after.TotalAlloc - before.TotalAlloc; got > most {
				t.Errorf("Check allocated %d bytes for a text of %d, want at most %d", got, size, most)
			}
		})
	}
}
