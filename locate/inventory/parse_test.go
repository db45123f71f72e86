package inventory

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"usmtpkg/locate/pe"
)

const sum = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

const md5sum = "00112233445566778899aabbccddeeff"

// good is an inventory that has everything.
const good = `usmtpkg inventory 2
# A table.
#
#   Indented.

release 10.0.1.2
# A release.
arch amd64 3
file DLManifests/a b.man
file scanstate.exe | size=10 machine=amd64 version=10.0.1.2 signature=signed sha256=` + sum + `
file x.dll | machine=x86 signature=unsigned
arch x86 1
file SFLIST.DAT | size=0 sha256=` + sum + ` copies=999

release 10.0.1.3
arch arm64 3
file Mig.xml | size=7 sha256=` + sum + ` lf-sha256=` + sum + ` md5=` + md5sum + ` confirmed=microsoft
file wimgapi.dll | size=7 version=10.0.1.3
file ` + "\u00e9.txt\n"

func TestParse(t *testing.T) {
	got, err := Parse(strings.NewReader(good), "site.txt")
	if err != nil {
		t.Fatal(err)
	}
	want := &Table{Name: "site.txt", Notes: []string{"A table.", "", "  Indented."}, Releases: []*Release{
		{Version: pe.Version{10, 0, 1, 2}, Notes: []string{"A release."}, Arches: []string{"amd64", "x86"}, Files: []File{
			{Path: "amd64/DLManifests/a b.man", Size: -1},
			{Path: "amd64/scanstate.exe", Size: 10, Machine: "amd64", Version: pe.Version{10, 0, 1, 2}, Signature: Signed, SHA256: sum},
			{Path: "amd64/x.dll", Size: -1, Machine: "x86", Signature: Unsigned},
			{Path: "x86/SFLIST.DAT", SHA256: sum, Copies: 999},
		}},
		{Version: pe.Version{10, 0, 1, 3}, Arches: []string{"arm64"}, Files: []File{
			{Path: "arm64/Mig.xml", Size: 7, SHA256: sum, LFSHA256: sum, MD5: md5sum, Confirmed: true},
			{Path: "arm64/wimgapi.dll", Size: 7, Version: pe.Version{10, 0, 1, 3}},
			{Path: "arm64/\u00e9.txt", Size: -1},
		}},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Parse (-want +got):\n%s", diff)
	}
	windows := strings.ReplaceAll(good, "\n", "\r\n")
	for name, text := range map[string]string{
		"LF": good, "CRLF": windows, "empty lines": strings.ReplaceAll(good, "\n", "\n\n"), "byte order mark": "\ufeff" + windows,
		"UTF-16LE": wide(binary.LittleEndian, "\ufeff"+windows), "UTF-16BE": wide(binary.BigEndian, "\ufeff"+windows),
	} {
		table, err := Parse(iotest.HalfReader(strings.NewReader(text)), "")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var b bytes.Buffer
		if err := Write(&b, table); err != nil || b.String() != good {
			t.Errorf("%s: Write = %v:\n%s", name, err, cmp.Diff(good, b.String()))
		}
	}
}

func TestParseWrongLines(t *testing.T) {
	const head = "usmtpkg inventory 2\nrelease 10.0.1.2\narch amd64 1\n"
	file := func(facts string) string { return head + "file a.dll | " + facts + "\n" }
	tests := []struct {
		name string
		text string
		want string
	}{
		{"empty", "", `line 1: found an empty file, wanted "usmtpkg inventory 2"`},
		{"something else", "<xml/>\n", `line 1: found "<xml/>", wanted "usmtpkg inventory 2", the first line of an inventory`},
		{"older", "usmtpkg inventory 1\nfile a", `line 1: found version 1, of an older usmtpkg, wanted version 2: make the list again with usmtpkg inventory`},
		{"newer", "usmtpkg inventory 3\n", `line 1: found version "3", wanted version 2: use a newer usmtpkg`},
		{"header only", "usmtpkg inventory 2\n# x\n", `line 3: found no release, wanted at least one`},
		{"UTF-16 without a mark", wide(binary.LittleEndian, good), `line 1: found "u\x00s\x00`},
		{"UTF-16 cut within a character", wide(binary.LittleEndian, "\ufeffusmtpkg inventory 2\nrelease 1.2.3.4\n")[:73], `line 2: found no line end`},
		{"UTF-16 with half a pair", wide(binary.BigEndian, "\ufeff"+head) + "\x00f\x00i\x00l\x00e\x00 \xd8\x00\x00\n", `line 4: found the text "\ufffd"`},
		{"two byte order marks", "\ufeff\ufeffusmtpkg inventory 2\n", `line 1: found "\ufeffusmtpkg inventory 2"`},
		{"no end", head + "file a", `line 4: found no line end, wanted a line feed`},
		{"word", head + "files a\n", `line 4: found "files", wanted release, arch, file or #`},
		{"indented", head + " file a\n", `line 4: found "", wanted release, arch, file or #`},
		{"comment", head + "# a\n", `line 4: found a comment, wanted comments after the first line or a line release only`},
		{"odd comment", "usmtpkg inventory 2\n# a\x1b[0m\n", `line 2: found the text "a\x1b[0m", wanted printable text`},
		{"long line", head + "file " + strings.Repeat("a", maxLine) + "\n", `line 4: found a line of more than 1024 bytes`},
		{"line a little too long", head + "file " + strings.Repeat("a", maxLine-4) + "\n", `line 4: found a line of more than 1024 bytes`},

		{"version", "usmtpkg inventory 2\nrelease 10.0.1\n", `line 2: found release "10.0.1", wanted a version of four numbers`},
		{"no version", "usmtpkg inventory 2\nrelease\n", `line 2: found release "", wanted a version`},
		{"zero", "usmtpkg inventory 2\nrelease 0.0.0.0\n", `line 2: found release "0.0.0.0", wanted a version`},
		{"release twice", head + "file a\nrelease 10.0.1.2\n", `line 5: found release 10.0.1.2 again, first in line 2`},
		{"release without arch", "usmtpkg inventory 2\nrelease 10.0.1.2\nrelease 10.0.1.3\n", `line 3: found no arch of release 10.0.1.2, wanted at least one`},
		{"last release without arch", "usmtpkg inventory 2\nrelease 10.0.1.2\n", `line 3: found no arch of release 10.0.1.2`},

		{"arch first", "usmtpkg inventory 2\narch amd64 1\n", `line 2: found an arch, wanted a release before it`},
		{"arch", "usmtpkg inventory 2\nrelease 10.0.1.2\narch AMD64 1\n", `line 3: found arch "AMD64", wanted one of amd64, arm64, x86`},
		{"arch without count", "usmtpkg inventory 2\nrelease 10.0.1.2\narch x86\n", `line 3: found the count "", wanted the number of its files`},
		{"empty arch", "usmtpkg inventory 2\nrelease 10.0.1.2\narch x86 0\n", `line 3: found the count "0", wanted the number of its files, 1 or more`},
		{"odd count", "usmtpkg inventory 2\nrelease 10.0.1.2\narch x86 01\n", `line 3: found the count "01"`},
		{"arch twice", head + "file a\narch amd64 1\n", `line 5: found arch amd64 of release 10.0.1.2 again, first in line 3`},
		{"too few", head, `line 3: found 0 files of amd64, wanted 1, as the line says`},
		{"too few, arch follows", head + "arch x86 1\nfile a\n", `line 3: found 0 files of amd64, wanted 1`},
		{"too many, release follows", head + "file a\nfile b\nrelease 10.0.1.3\n", `line 3: found 2 files of amd64, wanted 1`},

		{"file first", "usmtpkg inventory 2\nfile a\n", `line 2: found a file, wanted an arch before it`},
		{"file behind the release", "usmtpkg inventory 2\nrelease 10.0.1.2\nfile a\n", `line 3: found a file, wanted an arch before it`},
		{"file of the release before", head + "file a\nrelease 10.0.1.3\nfile a\n", `line 6: found a file, wanted an arch before it`},
		{"file twice", head + "file a/Bc\nfile A/bC\n", `line 5: found file "A/BC" again, first in line 4, wanted it once (case is ignored)`},
		{"no name", head + "file \n", `line 4: found an empty name in the path "", wanted a path`},
		{"absolute", head + "file /a\n", `line 4: found an empty name in the path "/a"`},
		{"dots", head + "file a/../b\n", `line 4: found a folder reference in the path "a/../b"`},
		{"slash at the end", head + "file a/\n", `line 4: found an empty name in the path "a/"`},
		{"space at the end", head + "file a \n", `line 4: found a space at the end of a name in the path "a "`},
		{"two spaces", head + "file  a\n", `line 4: found a space at the start of a name in the path " a"`},
		{"backslash", head + `file a\b` + "\n", `line 4: found the character '\\' in the path`},
		{"drive", head + "file C:x\n", `line 4: found the character ':' in the path`},
		{"half a bar", head + "file a |size=1\n", `line 4: found the character '|' in the path`},
		{"tab", head + "file a\tb\n", `line 4: found the text "a\tb"`},
		{"not UTF-8", head + "file a\xff\n", `line 4: found the text "a\xff"`},
		{"carriage return inside", head + "file a\r\r\n", `line 4: found the text "a\r"`},

		{"no fact", file(""), `line 4: found the fact "", wanted size, machine`},
		{"unknown fact", file("sha1=1"), `line 4: found the fact "sha1=1"`},
		{"fact twice", file("machine=x86 machine=x86"), `line 4: found the fact "machine=x86"`},
		{"order", file("version=1.0.0.0 machine=x86"), `line 4: found the fact "machine=x86"`},
		{"two spaces between", file("machine=x86  version=1.0.0.0"), `line 4: found the fact ""`},
		{"size", file("size=1k sha256=" + sum), `line 4: found size "1k", wanted a number of bytes`},
		{"unknown size", file("size=? sha256=" + sum), `line 4: found size "?", wanted a number of bytes`},
		{"negative size", file("size=-1 sha256=" + sum), `line 4: found size "-1"`},
		{"size with zeros", file("size=01 sha256=" + sum), `line 4: found size "01"`},
		{"huge size", file("size=9223372036854775808 sha256=" + sum), `line 4: found size "9223372036854775808"`},
		{"machine", file("machine=x64"), `line 4: found machine "x64", wanted one of amd64, arm64, x86`},
		{"file version", file("machine=x86 version=1"), `line 4: found version "1", wanted a version of four numbers`},
		{"no file version", file("machine=x86 version=0.0.0.0"), `line 4: found version "0.0.0.0"`},
		{"signature", file("machine=x86 signature=valid"), `line 4: found signature "valid", wanted signed or unsigned`},
		{"short hash", file("size=1 sha256=" + sum[1:]), `line 4: found sha256 "` + sum[1:] + `", wanted 64 lower-case hex digits`},
		{"upper-case hash", file("size=1 sha256=" + strings.ToUpper(sum)), `line 4: found sha256`},
		{"hash alone", file("sha256=" + sum), `line 4: found a sha256 or md5 without size, wanted both`},
		{"MD5 alone", file("md5=" + md5sum), `line 4: found a sha256 or md5 without size`},
		{"long MD5", file("size=1 md5=" + sum), `line 4: found md5 "` + sum + `", wanted 32 lower-case hex digits`},
		{"text hash of a program", file("machine=x86 lf-sha256=" + sum), `line 4: found an lf-sha256 of a program, wanted it for texts only`},
		{"text hash of a file with a version", file("version=1.0.0.0 lf-sha256=" + sum), `line 4: found an lf-sha256 of a program`},
		{"confirmed by somebody", file("lf-sha256=" + sum + " confirmed=contoso"), `line 4: found confirmed "contoso", wanted microsoft`},
		{"confirmed and copies", file("lf-sha256=" + sum + " confirmed=microsoft copies=2"), `line 4: found both confirmed and copies, wanted one of them`},
		{"confirmed alone", file("size=1 confirmed=microsoft"), `line 4: found confirmed or copies without a hash`},
		{"copies alone", file("copies=2"), `line 4: found confirmed or copies without a hash`},
		{"no copy", file("lf-sha256=" + sum + " copies=0"), `line 4: found copies "0", wanted a number from 1 to 999`},
		{"too many copies", file("lf-sha256=" + sum + " copies=1000"), `line 4: found copies "1000"`},
		{"hash of a text before that of the file", file("size=1 lf-sha256=" + sum + " sha256=" + sum), `line 4: found the fact "sha256=`},
		{"signature alone", file("signature=signed"), `line 4: found a signature without machine`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			table, err := Parse(strings.NewReader(tt.text), "site.txt")
			if _, ok := errors.AsType[*SyntaxError](err); !ok || table != nil {
				t.Fatalf("Parse = %v, %v, want a *SyntaxError", table, err)
			}
			if want := "site.txt: " + tt.want; !strings.HasPrefix(err.Error(), want) {
				t.Errorf("Parse = %q, want %q", err, want)
			}
		})
	}
}

// A table may be large, but not without end, and a failure to read is no fault of a line.
func TestParseBounds(t *testing.T) {
	longest := "usmtpkg inventory 2\nrelease 10.0.1.2\narch amd64 1\nfile " + strings.Repeat("a", maxLine-5-4*200) + strings.Repeat("/"+strings.Repeat("a", 199), 4) + "\r\n"
	if _, err := Parse(strings.NewReader(longest), ""); err != nil {
		t.Errorf("Parse of a line of %d bytes: %v", maxLine, err)
	}
	endless := io.MultiReader(strings.NewReader("usmtpkg inventory 2\n"), &repeated{line: "# " + strings.Repeat("x", 1000) + "\n"})
	if _, err := Parse(endless, "e"); err == nil || !strings.Contains(err.Error(), "more than 8388608 bytes") {
		t.Errorf("Parse of an endless file = %v, want a refusal", err)
	}
	bad := errors.New("bad sector")
	_, err := Parse(io.MultiReader(strings.NewReader(good[:40]), iotest.ErrReader(bad)), "e")
	if !errors.Is(err, bad) {
		t.Errorf("Parse = %v, want %v", err, bad)
	}
}

// repeated is one line without end.
type repeated struct {
	line string
	rest string
}

func (r *repeated) Read(p []byte) (int, error) {
	if r.rest == "" {
		r.rest = r.line
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// wide is a text in UTF-16.
func wide(order binary.AppendByteOrder, text string) string {
	var b []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		b = order.AppendUint16(b, unit)
	}
	return string(b)
}

// What Parse takes, Write writes and Parse reads again as the same.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{good, knownText[:2000], "usmtpkg inventory 2\n", strings.ReplaceAll(good, "\n", "\r\n"), wide(binary.LittleEndian, "\ufeff"+good), "usmtpkg inventory 1\n#\n# \n#x \nrelease 1.2.3.4\narch x86 1\nfile a\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		first, err := Parse(bytes.NewReader(data), "")
		if err != nil {
			if !strings.Contains(err.Error(), "line ") {
				t.Fatalf("Parse = %q, want the line in it", err)
			}
			return
		}
		var b bytes.Buffer
		if err := Write(&b, first); err != nil {
			t.Fatal(err)
		}
		second, err := Parse(bytes.NewReader(b.Bytes()), "")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(first, second); diff != "" {
			t.Fatalf("read again (-first +second):\n%s", diff)
		}
		var again bytes.Buffer
		if err := Write(&again, second); err != nil || !bytes.Equal(b.Bytes(), again.Bytes()) {
			t.Fatalf("written again: %v, %d bytes, want %d", err, again.Len(), b.Len())
		}
	})
}

func BenchmarkParseKnown(b *testing.B) {
	for b.Loop() {
		if _, err := Parse(strings.NewReader(knownText), ""); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(knownText)), "bytes/table")
}

func ExampleWrite() {
	r := &Release{
		Version: pe.Version{10, 0, 26100, 1}, Notes: []string{"our own kit"}, Arches: []string{"amd64"},
		Files: []File{{Path: "amd64/MigApp.xml", Size: -1}},
	}
	var b bytes.Buffer
	if err := Write(&b, &Table{Releases: []*Release{r}}); err != nil {
		b.WriteString(err.Error())
	}
	fmt.Println(b.String())
	// Output:
	// usmtpkg inventory 2
	//
	// release 10.0.26100.1
	// # our own kit
	// arch amd64 1
	// file MigApp.xml
}
