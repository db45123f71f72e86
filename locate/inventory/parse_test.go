package inventory

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"usmtpkg/locate/pe"
)

const sum = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

// good is an inventory that has everything.
const good = `usmtpkg inventory 1
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
file SFLIST.DAT | size=0 sha256=` + sum + `

release 10.0.1.3
arch arm64 1
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
			{Path: "x86/SFLIST.DAT", SHA256: sum},
		}},
		{Version: pe.Version{10, 0, 1, 3}, Arches: []string{"arm64"}, Files: []File{{Path: "arm64/\u00e9.txt", Size: -1}}},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Parse (-want +got):\n%s", diff)
	}
	for name, text := range map[string]string{"LF": good, "CRLF": strings.ReplaceAll(good, "\n", "\r\n"), "empty lines": strings.ReplaceAll(good, "\n", "\n\n")} {
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
	const head = "usmtpkg inventory 1\nrelease 10.0.1.2\narch amd64 1\n"
	file := func(facts string) string { return head + "file a.dll | " + facts + "\n" }
	tests := []struct {
		name string
		text string
		want string
	}{
		{"empty", "", `line 1: found an empty file, wanted "usmtpkg inventory 1"`},
		{"something else", "<xml/>\n", `line 1: found "<xml/>", wanted "usmtpkg inventory 1": this is no inventory`},
		{"newer", "usmtpkg inventory 2\n", `line 1: found version "2", wanted version 1: use a newer usmtpkg`},
		{"header only", "usmtpkg inventory 1\n# x\n", `line 3: found no release, wanted at least one`},
		{"UTF-16", "\xff\xfeu\x00", `line 1: found UTF-16, as the > of Windows PowerShell writes it, wanted UTF-8`},
		{"UTF-16, other way", "\xfe\xff\x00u", `line 1: found UTF-16`},
		{"byte order mark", "\ufeffusmtpkg inventory 1\n", `line 1: found a byte order mark, wanted UTF-8 without`},
		{"no end", head + "file a", `line 4: found no line end, wanted a line feed`},
		{"word", head + "files a\n", `line 4: found "files", wanted release, arch, file or #`},
		{"indented", head + " file a\n", `line 4: found "", wanted release, arch, file or #`},
		{"comment", head + "# a\n", `line 4: found a comment, wanted comments behind the first line or a line release only`},
		{"odd comment", "usmtpkg inventory 1\n# a\x1b[0m\n", `line 2: found the text "a\x1b[0m", wanted printable text`},
		{"long line", head + "file " + strings.Repeat("a", maxLine) + "\n", `line 4: found a line of more than 1024 bytes`},
		{"line a little too long", head + "file " + strings.Repeat("a", maxLine-4) + "\n", `line 4: found a line of more than 1024 bytes`},

		{"version", "usmtpkg inventory 1\nrelease 10.0.1\n", `line 2: found release "10.0.1", wanted a version of four numbers`},
		{"no version", "usmtpkg inventory 1\nrelease\n", `line 2: found release "", wanted a version`},
		{"zero", "usmtpkg inventory 1\nrelease 0.0.0.0\n", `line 2: found release "0.0.0.0", wanted a version`},
		{"release twice", head + "file a\nrelease 10.0.1.2\n", `line 5: found release 10.0.1.2 again, first in line 2`},
		{"release without arch", "usmtpkg inventory 1\nrelease 10.0.1.2\nrelease 10.0.1.3\n", `line 3: found no arch of release 10.0.1.2, wanted at least one`},
		{"last release without arch", "usmtpkg inventory 1\nrelease 10.0.1.2\n", `line 3: found no arch of release 10.0.1.2`},

		{"arch first", "usmtpkg inventory 1\narch amd64 1\n", `line 2: found an arch, wanted a release before it`},
		{"arch", "usmtpkg inventory 1\nrelease 10.0.1.2\narch AMD64 1\n", `line 3: found arch "AMD64", wanted one of amd64, arm64, x86`},
		{"arch without count", "usmtpkg inventory 1\nrelease 10.0.1.2\narch x86\n", `line 3: found the count "", wanted the number of its files`},
		{"empty arch", "usmtpkg inventory 1\nrelease 10.0.1.2\narch x86 0\n", `line 3: found the count "0", wanted the number of its files, 1 or more`},
		{"odd count", "usmtpkg inventory 1\nrelease 10.0.1.2\narch x86 01\n", `line 3: found the count "01"`},
		{"arch twice", head + "file a\narch amd64 1\n", `line 5: found arch amd64 of release 10.0.1.2 again, first in line 3`},
		{"too few", head, `line 3: found 0 files of amd64, wanted 1, as the line says`},
		{"too few, arch follows", head + "arch x86 1\nfile a\n", `line 3: found 0 files of amd64, wanted 1`},
		{"too many, release follows", head + "file a\nfile b\nrelease 10.0.1.3\n", `line 3: found 2 files of amd64, wanted 1`},

		{"file first", "usmtpkg inventory 1\nfile a\n", `line 2: found a file, wanted an arch before it`},
		{"file behind the release", "usmtpkg inventory 1\nrelease 10.0.1.2\nfile a\n", `line 3: found a file, wanted an arch before it`},
		{"file of the release before", head + "file a\nrelease 10.0.1.3\nfile a\n", `line 6: found a file, wanted an arch before it`},
		{"file twice", head + "file a/Bc\nfile A/bC\n", `line 5: found file "A/BC" again, first in line 4, wanted it once, whatever its case`},
		{"no name", head + "file \n", `line 4: found the path "", wanted a path`},
		{"absolute", head + "file /a\n", `line 4: found the path "/a"`},
		{"dots", head + "file a/../b\n", `line 4: found the path "a/../b"`},
		{"slash at the end", head + "file a/\n", `line 4: found the path "a/"`},
		{"space at the end", head + "file a \n", `line 4: found the path "a "`},
		{"two spaces", head + "file  a\n", `line 4: found the path " a"`},
		{"backslash", head + `file a\b` + "\n", `line 4: found the character "\\" in the path`},
		{"drive", head + "file C:x\n", `line 4: found the character ":" in the path`},
		{"half a bar", head + "file a |size=1\n", `line 4: found the character "|" in the path`},
		{"tab", head + "file a\tb\n", `line 4: found the text "a\tb"`},
		{"not UTF-8", head + "file a\xff\n", `line 4: found the text "a\xff"`},
		{"carriage return inside", head + "file a\r\r\n", `line 4: found the text "a\r"`},

		{"no fact", file(""), `line 4: found the fact "", wanted size, machine`},
		{"unknown fact", file("md5=1"), `line 4: found the fact "md5=1"`},
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
		{"size alone", file("size=1"), `line 4: found only one of size and sha256, wanted both or neither`},
		{"hash alone", file("sha256=" + sum), `line 4: found only one of size and sha256`},
		{"version alone", file("version=1.0.0.0"), `line 4: found a version without machine`},
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
	longest := "usmtpkg inventory 1\nrelease 10.0.1.2\narch amd64 1\nfile " + strings.Repeat("a", maxLine-5) + "\r\n"
	if _, err := Parse(strings.NewReader(longest), ""); err != nil {
		t.Errorf("Parse of a line of %d bytes: %v", maxLine, err)
	}
	endless := io.MultiReader(strings.NewReader("usmtpkg inventory 1\n"), &repeated{line: "# x\n"})
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

// What Parse takes, Write writes and Parse reads again as the same.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{good, knownText[:2000], "usmtpkg inventory 1\n", strings.ReplaceAll(good, "\n", "\r\n"), "usmtpkg inventory 1\n#\n# \n#x \nrelease 1.2.3.4\narch x86 1\nfile a\n"} {
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
	// usmtpkg inventory 1
	//
	// release 10.0.26100.1
	// # our own kit
	// arch amd64 1
	// file MigApp.xml
}
