package bag

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// Checksums of the right form.
const (
	md5A    = "0123456789abcdef0123456789abcdef"
	md5B    = "fedcba9876543210fedcba9876543210"
	sha256A = md5A + md5A
	sha256B = md5B + md5B
)

var (
	payloadMD5 = Manifest{Algorithm: MD5}
	tagMD5     = Manifest{Algorithm: MD5, Tag: true}
)

func TestParseManifestGeneral(t *testing.T) {
	tests := []struct {
		name    string
		version string
		m       Manifest
		text    string
		want    []Entry
		warned  int
	}{
		{"empty", "", payloadMD5, "", nil, 0},
		{"one row", "", payloadMD5, md5A + "  data/a\n", []Entry{{"data/a", md5A}}, 0},
		{"no end of line", "", payloadMD5, md5A + "  data/a", []Entry{{"data/a", md5A}}, 0},
		{"CRLF", "", payloadMD5, md5A + " data/a\r\n" + md5B + " data/b\r\n", []Entry{{"data/a", md5A}, {"data/b", md5B}}, 0},
		{"CR", "", payloadMD5, md5A + " data/a\r" + md5B + " data/b\r", []Entry{{"data/a", md5A}, {"data/b", md5B}}, 0},
		{"mixed ends", "", payloadMD5, md5A + " data/a\r" + md5B + " data/b\n" + md5A + " data/c\r\n" + md5A + " data/d",
			[]Entry{{"data/a", md5A}, {"data/b", md5B}, {"data/c", md5A}, {"data/d", md5A}}, 0},
		{"upper case", "", payloadMD5, strings.ToUpper(md5A) + " data/A\n", []Entry{{"data/A", md5A}}, 0},
		{"one capital", "", payloadMD5, strings.Replace(md5A, "a", "A", 1) + " data/A\n", []Entry{{"data/A", md5A}}, 0},
		{"capitals alone", "", payloadMD5, strings.Repeat("A", 32) + " data/A\n", []Entry{{"data/A", strings.Repeat("a", 32)}}, 0},
		{"any blanks", "", payloadMD5, md5A + " \t \tdata/a b\n", []Entry{{"data/a b", md5A}}, 0},
		{"blank at the end", "", payloadMD5, md5A + " data/a \n", []Entry{{"data/a ", md5A}}, 0},
		{"sorted", "", payloadMD5, md5B + " data/b\n" + md5A + " data/B\n" + md5A + " data/a/c\n",
			[]Entry{{"data/B", md5A}, {"data/a/c", md5A}, {"data/b", md5B}}, 1},
		{"names of Linux", "", payloadMD5, md5A + " data/a?b*<c>|d\"\n" + md5A + " data/NUL\n" + md5A + " data/e.\n",
			[]Entry{{"data/NUL", md5A}, {"data/a?b*<c>|d\"", md5A}, {"data/e.", md5A}}, 0},
		{"escapes", "1.0", payloadMD5, md5A + " data/a%0ab%0D%25\n", []Entry{{"data/a\nb\r%", md5A}}, 0},
		{"no escapes in 0.97", "0.97", payloadMD5, md5A + " data/a%0ab%25%\n", []Entry{{"data/a%0ab%25%", md5A}}, 0},
		{"star in 0.97", "0.97", payloadMD5, md5A + " *data/a\n", []Entry{{"data/a", md5A}}, 1},
		{"dot slash in 0.97", "0.97", payloadMD5, md5A + " ./data/a\n", []Entry{{"data/a", md5A}}, 1},
		{"star and dot slash in 0.97", "0.97", payloadMD5, md5A + " *./data/a\n", []Entry{{"data/a", md5A}}, 2},
		{"repeated row in 0.97", "0.97", payloadMD5, md5A + " data/a\n" + md5B + " data/b\n" + md5A + " data/a\n",
			[]Entry{{"data/a", md5A}, {"data/b", md5B}}, 1},
		{"case twins", "", payloadMD5, md5A + " data/a\n" + md5A + " data/A\n", []Entry{{"data/A", md5A}, {"data/a", md5A}}, 1},
		{"form twins", "", payloadMD5, md5A + " data/e\u0301\n" + md5A + " data/\u00e9\n",
			[]Entry{{"data/e\u0301", md5A}, {"data/\u00e9", md5A}}, 1},
		{"tag files", "", tagMD5, md5A + " manifest-md5.txt\n" + md5B + " meta/x.xml\n",
			[]Entry{{"manifest-md5.txt", md5A}, {"meta/x.xml", md5B}}, 0},
		{"a star is a name in 1.0", "", tagMD5, md5A + " *bagit.txt\n", []Entry{{"*bagit.txt", md5A}}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			warned := 0
			rules := Rules{Version: tt.version, Warn: func(*SyntaxError) { warned++ }}
			// One byte at a time, so that no line end is seen whole.
			got, err := ParseManifest(iotest.OneByteReader(strings.NewReader(tt.text)), tt.m, rules)
			if err != nil {
				t.Fatalf("ParseManifest = %v, want nil", err)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("ParseManifest (-want +got):\n%s", d)
			}
			if warned != tt.warned {
				t.Errorf("ParseManifest warned %d times, want %d", warned, tt.warned)
			}
			rules.Warn = nil // nobody listens: the same answer
			again, err := ParseManifest(strings.NewReader(tt.text), tt.m, rules)
			if d := cmp.Diff(got, again); err != nil || d != "" {
				t.Errorf("ParseManifest without Warn: %v (-want +got):\n%s", err, d)
			}
		})
	}
}

func TestParseManifestRefuses(t *testing.T) {
	good := md5A + "  data/a\n"
	tests := []struct {
		name    string
		version string
		m       Manifest
		text    string
		want    string
	}{
		{"dots", "", payloadMD5, good + md5A + "  data/../x\n", `manifest-md5.txt:2: found path "data/../x" with a ".." segment, wanted a plain relative path below the bag`},
		{"leading dots", "", payloadMD5, md5A + "  ../x\n", `a ".." segment`},
		{"dot in 1.0", "", payloadMD5, md5A + "  ./data/x\n", `a "." segment`},
		{"inner dot in 0.97", "0.97", payloadMD5, md5A + "  data/./x\n", `a "." segment`},
		{"dot slash twice in 0.97", "0.97", payloadMD5, md5A + "  ././data/x\n", `a "." segment`},
		{"empty segment", "", payloadMD5, md5A + "  data//x\n", "an empty segment"},
		{"absolute", "", payloadMD5, md5A + "  /data/x\n", "a leading slash"},
		{"absolute in 0.97", "0.97", payloadMD5, md5A + "  /data/x\n", "a leading slash"},
		{"drive", "", payloadMD5, md5A + "  C:x\n", "a colon"},
		{"drive with backslash", "", payloadMD5, md5A + "  C:\\x\n", "a colon"},
		{"UNC", "", payloadMD5, md5A + "  \\\\srv\\x\n", "a backslash"},
		{"device path", "", payloadMD5, md5A + "  \\\\?\\C:\\x\n", "a backslash"},
		{"mixed slashes", "", payloadMD5, md5A + "  data/..\\x\n", "a backslash"},
		{"stream", "", payloadMD5, md5A + "  data/a:b\n", "a colon"},
		{"%2e", "", payloadMD5, md5A + "  data/%2e%2e/x\n", `the escape "%2e", wanted %25`},
		{"%2E%5C in 0.97", "0.97", payloadMD5, md5A + "  data/%2E%2E%5Cx\n", `the escape "%2E"`},
		{"other escape", "", payloadMD5, md5A + "  data/%41\n", `the escape "%41"`},
		{"NUL", "", payloadMD5, md5A + "  data/a\x00b\n", "the control character U+0000"},
		{"escape character", "", payloadMD5, md5A + "  data/\x1b[2J\n", `path "data/\x1b[2J" with the control character U+001B`},
		{"tab in a name", "", payloadMD5, md5A + "  data/a\tb\n", "the control character U+0009"},
		{"directory", "", payloadMD5, md5A + "  data/a/\n", "an empty segment"},
		{"outside the payload", "", payloadMD5, md5A + "  bagit.txt\n", "no data/ before it"},
		{"payload in a tag manifest", "", tagMD5, md5A + "  data/a\n", `tagmanifest-md5.txt:1: found path "data/a" with the payload folder in it`},
		{"tag manifest in a tag manifest", "", tagMD5, md5A + "  tagmanifest-sha256.txt\n", "the name of a tag manifest"},
		{"twice", "", payloadMD5, good + md5B + " data/b\n" + good, `manifest-md5.txt:3: found path "data/a" again, first on line 1, wanted every path once`},
		{"twice with two sums in 0.97", "0.97", payloadMD5, good + md5B + "  data/a\n", `manifest-md5.txt:2: found path "data/a" again, first on line 1`},
		{"file and folder", "", payloadMD5, good + md5B + "  data/a/b\n", `manifest-md5.txt:2: found paths "data/a/b" and "data/a" (line 1), wanted files`},
		{"short sum", "", payloadMD5, md5A[1:] + "  data/a\n", "manifest-md5.txt:1: found a checksum of 31 digits, wanted 32 hex digits of md5"},
		{"long sum", "", payloadMD5, sha256A + "  data/a\n", "a checksum of 64 digits"},
		{"no hex", "", payloadMD5, "g" + md5A[1:] + "  data/a\n", `found "g123`},
		{"no hex at the end", "", payloadMD5, md5A[1:] + "g  data/a\n", `found "1234`},
		{"sum of wide digits", "", payloadMD5, strings.Repeat("１", 32) + "  data/a\n", "found"},
		{"no path", "", payloadMD5, md5A + "\n", "a checksum without a path"},
		{"blanks for a path", "", payloadMD5, md5A + "  \n", "a checksum without a path"},
		{"no blank", "", payloadMD5, md5A + "data/a\n", "found"},
		{"no-break space", "", payloadMD5, md5A + "\u00a0data/a\n", "found"},
		{"path first", "", payloadMD5, "data/a " + md5A + "\n", `found "data/a`},
		{"backslash of md5sum", "", payloadMD5, "\\" + md5A + "  data/a\\\\b\n", "found"},
		{"empty line", "", payloadMD5, good + "\n" + good, "manifest-md5.txt:2: found an empty line"},
		{"blank line", "", payloadMD5, "  \n", "manifest-md5.txt:1: found a checksum of 0 digits"},
		{"comment", "", payloadMD5, "# " + good, `found "# `},
		{"BOM", "", payloadMD5, "\ufeff" + good, "manifest-md5.txt:1: found a byte order mark"},
		{"UTF-16", "", payloadMD5, "\xff\xfe0\x00", "bytes that are not UTF-8"},
		{"invalid UTF-8", "", payloadMD5, md5A + "  data/\xe9\n", `manifest-md5.txt:1: found bytes that are not UTF-8 in "0123`},
		{"star in 1.0", "", payloadMD5, md5A + " *data/a\n", "no data/ before it"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ParseManifest(strings.NewReader(tt.text), tt.m, Rules{Version: tt.version})
			wantSyntax(t, err, tt.want)
		})
	}
}

// Hostile text must not flood the terminal it is reported on.
func TestMessagesAreShort(t *testing.T) {
	long := strings.Repeat("x", 20_000)
	for _, text := range []string{long, md5A + "  data/../" + long, md5A + "  data/" + long + "\xff", md5A + "  data/%41" + long} {
		_, err := ParseManifest(strings.NewReader(text), payloadMD5, Rules{})
		if err == nil || len(err.Error()) > 400 {
			t.Errorf("ParseManifest = %v, want a message of at most 400 bytes", err)
		}
	}
}

// wantSyntax wants a SyntaxError whose text holds want.
func wantSyntax(t *testing.T, err error, want string) {
	t.Helper()
	var syntax *SyntaxError
	if !errors.As(err, &syntax) || !strings.Contains(err.Error(), want) {
		t.Errorf("error = %v, want a SyntaxError with %q", err, want)
	}
}

func TestParseManifestStrict(t *testing.T) {
	row := func(path string) string { return sha256A + "  " + path + "\n" }
	tests := []struct {
		name, text string
		want       string // empty if it is accepted
	}{
		{"own form", row("data/A") + row("data/B c") + row("data/a%25") + row("data/b/c"), ""},
		{"empty", "", ""},
		{"CRLF", sha256A + "  data/a\r\n", "manifest-sha256.txt:1: found a carriage return, wanted lines ending in LF alone"},
		{"CR", row("data/a") + sha256A + "  data/b\r", "manifest-sha256.txt:2: found a carriage return"},
		{"no end of line", sha256A + "  data/a", "found the end of the file, wanted a line feed after the last line"},
		{"unsorted", row("data/b") + row("data/a"), `manifest-sha256.txt:2: found path "data/a" after "data/b", wanted rows sorted`},
		{"twice", row("data/a") + row("data/a"), `manifest-sha256.txt:2: found path "data/a" again`},
		{"upper case", strings.ToUpper(sha256A) + "  data/a\n", "lower-case hex"},
		{"one capital", sha256A[:63] + "F  data/a\n", "lower-case hex"},
		{"one space", sha256A + " data/a\n", `found blanks " ", wanted two spaces`},
		{"three spaces", sha256A + "   data/a\n", "two spaces"},
		{"tabs", sha256A + "\t\tdata/a\n", "two spaces"},
		{"device", row("data/NUL.txt"), `path "data/NUL.txt" with the device name NUL, wanted a name that Windows accepts`},
		{"device for a folder", row("data/com1/x"), "the device name COM1"},
		{"dot at the end", row("data/a."), "a dot at the end of a name"},
		{"dot at the end of a folder", row("data/a./b"), "a dot at the end of a name"},
		{"question mark", row("data/a?b"), "the character '?'"},
		{"line feed", row("data/a%0Ab"), "the control character U+000A"},
		{"case twins", row("data/A") + row("data/a"), `manifest-sha256.txt:2: found "data/a" and "data/A" (line 1), which differ only in case, wanted names`},
		{"folder twins", row("data/D/x") + row("data/d/y"), `found "data/d" and "data/D" (line 1), which differ only in case`},
		{"form twins", row("data/e\u0301") + row("data/\u00e9"), "which differ only in Unicode normalization"},
		{"star", sha256A + " *data/a\n", "two spaces"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			entries, err := ParseManifest(strings.NewReader(tt.text), Manifest{Algorithm: SHA256}, Rules{Strict: true})
			if tt.want != "" {
				wantSyntax(t, err, tt.want)
				return
			}
			if err != nil {
				t.Fatalf("ParseManifest = %v, want nil", err)
			}
			var out bytes.Buffer
			if err := WriteManifest(&out, Manifest{Algorithm: SHA256}, entries); err != nil || out.String() != tt.text {
				t.Errorf("WriteManifest = %q, %v, want %q", out.String(), err, tt.text)
			}
		})
	}
}

func TestParseManifestRules(t *testing.T) {
	tests := []struct {
		name  string
		m     Manifest
		rules Rules
	}{
		{"strict 0.97", payloadMD5, Rules{Version: "0.97", Strict: true}},
		{"unknown version", payloadMD5, Rules{Version: "1.1"}},
		{"unknown algorithm", Manifest{Algorithm: "crc32"}, Rules{}},
		{"no algorithm", Manifest{}, Rules{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := ParseManifest(strings.NewReader(""), tt.m, tt.rules); err == nil {
				t.Error("ParseManifest = nil, want an error")
			}
		})
	}
}

// A read that fails must not be taken for a fault of the manifest, wherever in
// a line it happens.
func TestParseManifestReadFailure(t *testing.T) {
	text := md5A + "  data/a\n" + md5B + "  data/b\n"
	for n := range len(text) + 1 {
		r := io.MultiReader(strings.NewReader(text[:n]), iotest.ErrReader(io.ErrClosedPipe))
		_, err := ParseManifest(r, payloadMD5, Rules{})
		var syntax *SyntaxError
		if !errors.Is(err, io.ErrClosedPipe) || errors.As(err, &syntax) {
			t.Fatalf("after %d bytes: ParseManifest = %v, want %v", n, err, io.ErrClosedPipe)
		}
	}
}

func TestEncodings(t *testing.T) {
	// "é" and an end of line, after a checksum.
	wide := func(s string, high, low int) string {
		var b strings.Builder
		for _, r := range s {
			unit := [2]byte{}
			unit[high], unit[low] = byte(r>>8), byte(r)
			b.Write(unit[:])
		}
		return b.String()
	}
	row := md5A + "  data/é\n"
	tests := []struct {
		name, text string
		encoding   encoding
		want       string // the fault; empty if it is accepted
	}{
		{"ISO-8859-1", md5A + "  data/\xe9\n", encodingLatin1, ""},
		{"UTF-16 without mark", wide(row, 0, 1), encodingUTF16, ""},
		{"UTF-16 little-endian", "\xff\xfe" + wide(row, 1, 0), encodingUTF16, ""},
		{"UTF-16 big-endian", "\xfe\xff" + wide(row, 0, 1), encodingUTF16, ""},
		{"UTF-16BE", wide(row, 0, 1), encodingUTF16BE, ""},
		{"UTF-16LE", wide(row, 1, 0), encodingUTF16LE, ""},
		{"UTF-16LE with a mark", "\xff\xfe" + wide(row, 1, 0), encodingUTF16LE, "a byte order mark"},
		{"half a pair", wide(md5A+"  data/", 0, 1) + "\xd8\x00\x00\n", encodingUTF16, "characters that cannot be decoded, wanted text in UTF-16"},
		{"half a unit", wide(md5A+"  data/x", 0, 1) + "\x00", encodingUTF16BE, "characters that cannot be decoded"},
		{"control character", md5A + "  data/\x85\n", encodingLatin1, "the control character U+0085"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseManifest(strings.NewReader(tt.text), payloadMD5, Rules{encoding: tt.encoding})
			if tt.want != "" {
				wantSyntax(t, err, tt.want)
				return
			}
			if d := cmp.Diff([]Entry{{"data/é", md5A}}, got); err != nil || d != "" {
				t.Errorf("ParseManifest: %v (-want +got):\n%s", err, d)
			}
		})
	}
}
