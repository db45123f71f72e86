package bag

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// files makes a bag of tag files. An empty text removes the file.
func files(texts ...map[string]string) fstest.MapFS {
	fsys := fstest.MapFS{PayloadFolder: &fstest.MapFile{Mode: fs.ModeDir | 0o755}}
	for _, m := range texts {
		for name, text := range m {
			fsys[name] = &fstest.MapFile{Data: []byte(text), Mode: 0o644}
			if text == absent {
				delete(fsys, name)
			}
		}
	}
	return fsys
}

const absent = "\x00absent"

// smallBag is a valid bag of one payload file, with changes.
func smallBag(version string, changes map[string]string) fstest.MapFS {
	return files(map[string]string{
		DeclarationName:    "BagIt-Version: " + version + "\nTag-File-Character-Encoding: UTF-8\n",
		"manifest-md5.txt": md5A + "  data/a\n",
	}, changes)
}

// ownBag is a bag as this package writes it, with changes.
func ownBag(t *testing.T, changes map[string]string) fstest.MapFS {
	t.Helper()
	text := func(err error, b *bytes.Buffer) string {
		if err != nil {
			t.Fatal(err)
		}
		defer b.Reset()
		return b.String()
	}
	var b bytes.Buffer
	return files(map[string]string{
		DeclarationName: text(WriteDeclaration(&b), &b),
		InfoName:        text(WriteInfo(&b, []Field{{"Payload-Oxum", "42.2"}}), &b),
		"manifest-sha256.txt": text(WriteManifest(&b, Manifest{Algorithm: SHA256},
			[]Entry{{"data/b", sha256B}, {"data/a", sha256A}}), &b),
		"tagmanifest-sha256.txt": text(WriteManifest(&b, Manifest{Algorithm: SHA256, Tag: true},
			[]Entry{{DeclarationName, sha256A}, {InfoName, sha256A}, {"manifest-sha256.txt", sha256B}, {"release.json", sha256B}}), &b),
		"release.json": "{}",
	}, changes)
}

func TestReadOwnBag(t *testing.T) {
	want := &Bag{
		Version: "1.0", Encoding: "UTF-8",
		Info:    []Field{{"Payload-Oxum", "42.2"}},
		Oxum:    &Oxum{42, 2},
		Payload: map[Algorithm][]Entry{SHA256: {{"data/a", sha256A}, {"data/b", sha256B}}},
		Tags: map[Algorithm][]Entry{SHA256: {
			{InfoName, sha256A}, {DeclarationName, sha256A}, {"manifest-sha256.txt", sha256B}, {"release.json", sha256B},
		}},
	}
	for _, strict := range []bool{true, false} {
		got, err := Read(ownBag(t, nil), Rules{Strict: strict, Warn: func(e *SyntaxError) { t.Errorf("warned: %v", e) }})
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("strict %v: Read (-want +got):\n%s", strict, d)
		}
	}
}

// What Strict refuses in a release must still be a bag for everybody.
func TestReadStrictRefuses(t *testing.T) {
	tests := []struct {
		name    string
		changes map[string]string
		want    string
	}{
		{"0.97", map[string]string{DeclarationName: "BagIt-Version: 0.97\nTag-File-Character-Encoding: UTF-8\n"}, `bagit.txt:1: found BagIt version "0.97", wanted 1.0`},
		{"other case of the label", map[string]string{DeclarationName: strings.Replace(declaration, "Version", "version", 1)}, `bagit.txt: found "BagIt-version`},
		{"other case of UTF-8", map[string]string{DeclarationName: strings.Replace(declaration, "UTF", "utf", 1)}, "bagit.txt: found"},
		{"CRLF in bagit.txt", map[string]string{DeclarationName: strings.ReplaceAll(declaration, "\n", "\r\n")}, "bagit.txt:1: found a carriage return"},
		{"bagit.txt cut off", map[string]string{DeclarationName: declaration[:len(declaration)-1]}, "bagit.txt:2: found the end of the file"},
		{"no bag-info.txt", map[string]string{InfoName: absent}, "bag-info.txt: found no Payload-Oxum"},
		{"no oxum", map[string]string{InfoName: "A: b\n"}, "bag-info.txt: found no Payload-Oxum"},
		{"folded field", map[string]string{InfoName: "A: b\n c\nPayload-Oxum: 42.2\n"}, "bag-info.txt:1: found \"A: b\\nc\""},
		{"two blanks", map[string]string{InfoName: "A:  b\nPayload-Oxum: 42.2\n"}, "blanks at its ends"},
		{"control character", map[string]string{InfoName: "A: b\x1b[2J\nPayload-Oxum: 42.2\n"}, "a control character"},
		{"no tag manifest", map[string]string{"tagmanifest-sha256.txt": absent}, "tagmanifest-sha256.txt: found no such file"},
		{"more manifests", map[string]string{"manifest-md5.txt": md5A + "  data/a\n" + md5B + "  data/b\n",
			"tagmanifest-sha256.txt": sha256A + "  bag-info.txt\n" + sha256A + "  bagit.txt\n" + sha256A + "  manifest-md5.txt\n" + sha256A + "  manifest-sha256.txt\n"},
			"manifest-md5.txt: found a manifest, wanted only manifest-sha256.txt and tagmanifest-sha256.txt"},
		{"fetch.txt", map[string]string{FetchName: "http://x/y - data/a\n"}, "fetch.txt: found a list of files to fetch"},
		{"bagit.txt not listed", map[string]string{"tagmanifest-sha256.txt": sha256A + "  bag-info.txt\n" + sha256A + "  manifest-sha256.txt\n"}, `tagmanifest-sha256.txt: found no "bagit.txt", wanted a row for it`},
		{"bag-info.txt not listed", map[string]string{"tagmanifest-sha256.txt": sha256A + "  bagit.txt\n" + sha256A + "  manifest-sha256.txt\n"}, `found no "bag-info.txt"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fsys := ownBag(t, tt.changes)
			_, err := Read(fsys, Rules{Strict: true})
			wantSyntax(t, err, tt.want)
			if _, err := Read(fsys, Rules{}); err != nil {
				t.Errorf("general Read = %v, want nil", err)
			}
		})
	}
}

func TestReadGeneral(t *testing.T) {
	tests := []struct {
		name, version string
		changes       map[string]string
	}{
		{"minimal", "1.0", nil},
		{"no payload", "1.0", map[string]string{"manifest-md5.txt": ""}},
		{"CR, no end", "1.0", map[string]string{DeclarationName: "BagIt-Version: 1.0\rTag-File-Character-Encoding: UTF-8"}},
		{"as the RFC's example spells it", "1.0", map[string]string{DeclarationName: "BagIt-version: 1.0\nTag-File-Character-Encoding: utf-8\n"}},
		{"blanks in 0.97", "0.97", map[string]string{DeclarationName: "BagIt-Version :  0.97 \nTag-File-Character-Encoding:UTF-8\n"}},
		{"all algorithms", "1.0", map[string]string{
			"manifest-sha1.txt":   md5A + md5A[:8] + " data/a\n",
			"manifest-sha224.txt": md5A + md5A[:24] + " data/a\n",
			"manifest-sha256.txt": sha256A + " data/a\n",
			"manifest-sha384.txt": sha256A + md5A + " data/a\n",
			"manifest-sha512.txt": sha256A + sha256B + " data/a\n",
		}},
		{"files in one manifest only in 0.97", "0.97", map[string]string{"manifest-sha256.txt": sha256A + " data/b\n"}},
		{"tag manifest without the manifest in 0.97", "0.97", map[string]string{"tagmanifest-md5.txt": md5A + " bagit.txt\n"}},
		{"tag manifest of another algorithm", "1.0", map[string]string{"tagmanifest-sha256.txt": sha256A + " manifest-md5.txt\n"}},
		{"other files", "1.0", map[string]string{"Manifest-MD5.txt": "x", "manifest-md5.json": "x", "MANIFEST-MD5.TXT": "x", "notes": "x"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b, err := Read(smallBag(tt.version, tt.changes), Rules{})
			if err != nil {
				t.Fatalf("Read = %v, want nil", err)
			}
			if b.Version != tt.version {
				t.Errorf("Version = %q, want %q", b.Version, tt.version)
			}
		})
	}
}

func TestReadEncodings(t *testing.T) {
	for _, name := range []string{"ISO-8859-1", "iso-8859-1"} {
		b, err := Read(smallBag("0.97", map[string]string{
			DeclarationName:    "BagIt-Version: 0.97\nTag-File-Character-Encoding: " + name + "\n",
			"manifest-md5.txt": md5A + "  data/\xe9\n",
			InfoName:           "\xc4: \xd6\n",
		}), Rules{})
		if err != nil {
			t.Fatal(err)
		}
		if b.Payload[MD5][0].Path != "data/é" || b.Info[0] != (Field{"Ä", "Ö"}) || b.Encoding != name {
			t.Errorf("Read = %+v, want data/é, Ä: Ö and %s", b, name)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	decl := func(text string) map[string]string { return map[string]string{DeclarationName: text} }
	const enc = "Tag-File-Character-Encoding: UTF-8\n"
	tests := []struct {
		name    string
		changes map[string]string
		want    string
	}{
		{"no bagit.txt", decl(absent), "bagit.txt: found no such file, wanted the bag declaration"},
		{"bagit.txt in other case", map[string]string{DeclarationName: absent, "BagIt.txt": declaration}, "bagit.txt: found no such file"},
		{"empty bagit.txt", decl(""), "bagit.txt: found a file that ends after line 0, wanted two lines"},
		{"one line", decl("BagIt-Version: 1.0\n"), "bagit.txt: found a file that ends after line 1"},
		{"three lines", decl(declaration + "A: b\n"), "bagit.txt:3: found a third line"},
		{"an empty third line", decl(declaration + "\n"), "bagit.txt:3: found a third line"},
		{"other order", decl(enc + "BagIt-Version: 1.0\n"), "bagit.txt:1: found"},
		{"BOM", decl("\ufeff" + declaration), "bagit.txt:1: found a byte order mark"},
		{"blank before the colon", decl("BagIt-Version : 1.0\n" + enc), `bagit.txt:1: found "BagIt-Version : 1.0", wanted one space`},
		{"blank at the end", decl("BagIt-Version: 1.0 \n" + enc), "wanted one space"},
		{"two blanks", decl("BagIt-Version: 1.0\nTag-File-Character-Encoding:  UTF-8\n"), "bagit.txt:2: found"},
		{"no version", decl("BagIt-Version: \n" + enc), "bagit.txt:1: found"},
		{"version without major", decl("BagIt-Version: .97\n" + enc), `found BagIt version ".97", wanted 0.97 or 1.0`},
		{"newer version", decl("BagIt-Version: 1.1\n" + enc), `bagit.txt:1: found BagIt version "1.1", wanted 0.97 or 1.0`},
		{"older version", decl("BagIt-Version: 0.96\n" + enc), `found BagIt version "0.96"`},
		{"unknown encoding", decl("BagIt-Version: 1.0\nTag-File-Character-Encoding: KOI8-R\n"), `bagit.txt:2: found the encoding "KOI8-R", wanted UTF-8, UTF-16`},
		{"no manifest", map[string]string{"manifest-md5.txt": absent}, "found no such file, wanted at least one payload manifest"},
		{"only a tag manifest", map[string]string{"manifest-md5.txt": absent, "tagmanifest-md5.txt": ""}, "wanted at least one payload manifest"},
		{"unknown algorithm", map[string]string{"manifest-blake3.txt": ""}, `manifest-blake3.txt: found the checksum algorithm "blake3", wanted md5, sha1`},
		{"only an unknown algorithm", map[string]string{"manifest-md5.txt": absent, "manifest-crc32.txt": ""}, `found the checksum algorithm "crc32"`},
		{"unknown algorithm of tags", map[string]string{"tagmanifest-crc32.txt": ""}, `tagmanifest-crc32.txt: found the checksum algorithm "crc32"`},
		{"algorithm with a dash", map[string]string{"manifest-sha-256.txt": ""}, `found the checksum algorithm "sha-256"`},
		{"algorithm in upper case", map[string]string{"manifest-MD5.txt": ""}, `found the checksum algorithm "MD5"`},
		{"no algorithm", map[string]string{"manifest-.txt": ""}, `found the checksum algorithm ""`},
		{"other files in another manifest", map[string]string{"manifest-sha256.txt": sha256A + "  data/a\n" + sha256A + "  data/b\n"},
			`manifest-md5.txt: found no "data/b", which manifest-sha256.txt lists, wanted the same files`},
		{"fewer files in another manifest", map[string]string{"manifest-sha256.txt": ""}, `manifest-sha256.txt: found no "data/a", which manifest-md5.txt lists`},
		{"other names in another manifest", map[string]string{"manifest-sha256.txt": sha256A + "  data/A\n"}, `manifest-md5.txt: found no "data/A"`},
		{"tag manifest without the manifest", map[string]string{"tagmanifest-md5.txt": md5A + "  bagit.txt\n"}, `tagmanifest-md5.txt: found no "manifest-md5.txt", wanted a row for it`},
		{"fault in a manifest", map[string]string{"manifest-md5.txt": md5A + "  data/../x\n"}, "manifest-md5.txt:1: found path"},
		{"fault in a tag manifest", map[string]string{"tagmanifest-md5.txt": md5A + "  ../x\n"}, "tagmanifest-md5.txt:1: found path"},
		{"declared encoding", map[string]string{"manifest-md5.txt": md5A + "  data/\xe9\n"}, "manifest-md5.txt:1: found bytes that are not UTF-8"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b, err := Read(smallBag("1.0", tt.changes), Rules{})
			wantSyntax(t, err, tt.want)
			if b != nil {
				t.Errorf("Read = %+v with its error, want nil", b)
			}
		})
	}
}

func TestReadWantedVersion(t *testing.T) {
	fsys := smallBag("0.97", nil)
	if _, err := Read(fsys, Rules{Version: "0.97"}); err != nil {
		t.Errorf("Read = %v, want nil", err)
	}
	_, err := Read(fsys, Rules{Version: "1.0"})
	wantSyntax(t, err, `bagit.txt:1: found BagIt version "0.97", wanted 1.0`)
}

func TestReadFileTypes(t *testing.T) {
	tests := []struct {
		name string
		file string
		mode fs.FileMode
		want string
	}{
		{"linked bagit.txt", DeclarationName, fs.ModeSymlink, "bagit.txt: found a symbolic link, wanted a regular file"},
		{"linked manifest", "manifest-md5.txt", fs.ModeSymlink, "manifest-md5.txt: found a symbolic link"},
		{"pipe", InfoName, fs.ModeNamedPipe, "bag-info.txt: found a named pipe"},
		{"folder", FetchName, fs.ModeDir, "fetch.txt: found a folder"},
		{"linked payload", PayloadFolder, fs.ModeSymlink, "data: found a symbolic link, wanted a folder"},
		{"payload file", PayloadFolder, 0, "data: found a file, wanted a folder"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fsys := smallBag("1.0", nil)
			fsys[tt.file] = &fstest.MapFile{Mode: tt.mode | 0o755, Data: []byte("elsewhere")}
			_, err := Read(fsys, Rules{})
			wantSyntax(t, err, tt.want)
		})
	}
	fsys := smallBag("1.0", nil)
	delete(fsys, PayloadFolder)
	_, err := Read(fsys, Rules{})
	wantSyntax(t, err, "data: found no such folder, wanted the payload folder")
}

// brokenFS fails to open or to read one file; "." stands for the listing.
type brokenFS struct {
	fstest.MapFS
	name string
	open bool
}

func (f brokenFS) Open(name string) (fs.File, error) {
	if name == f.name && f.open {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	file, err := f.MapFS.Open(name)
	if name == f.name && err == nil {
		return brokenFile{file}, nil
	}
	return file, err
}

func (f brokenFS) ReadDir(name string) ([]fs.DirEntry, error) {
	if f.name == name {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return f.MapFS.ReadDir(name)
}

type brokenFile struct{ fs.File }

func (brokenFile) Read([]byte) (int, error) { return 0, fs.ErrPermission }

// What cannot be read is not the bag's fault.
func TestReadFailures(t *testing.T) {
	fsys := smallBag("1.0", map[string]string{InfoName: "A: b\n", FetchName: "http://x/a - data/a\n"})
	for _, name := range []string{".", DeclarationName, InfoName, "manifest-md5.txt", FetchName} {
		for _, open := range []bool{true, false} {
			b, err := Read(brokenFS{fsys, name, open}, Rules{})
			var syntax *SyntaxError
			if !errors.Is(err, fs.ErrPermission) || errors.As(err, &syntax) || b != nil {
				t.Errorf("%s, at open %v: Read = %v, %v, want %v", name, open, b, err, fs.ErrPermission)
			}
		}
	}
}

func TestReadWarns(t *testing.T) {
	fsys := smallBag("0.97", map[string]string{
		"manifest-md5.txt":    md5A + " *data/a\n" + md5A + "  data/a\n",
		"tagmanifest-md5.txt": md5A + "  A\n" + md5A + "  a\n",
	})
	var got []string
	if _, err := Read(fsys, Rules{Warn: func(e *SyntaxError) { got = append(got, e.Error()) }}); err != nil {
		t.Fatal(err)
	}
	want := []string{
		`manifest-md5.txt:1: found "*" before "data/a", wanted the path alone; later versions do not allow it`,
		`manifest-md5.txt:2: found path "data/a" again, first on line 1, wanted every path once`,
		`tagmanifest-md5.txt:2: found "a" and "A" (line 1), which differ only in case, wanted names that Windows and macOS can tell apart`,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("warnings (-want +got):\n%s", d)
	}
}

func TestReadFetch(t *testing.T) {
	fsys := smallBag("1.0", map[string]string{
		"manifest-md5.txt": md5A + "  data/a b\n" + md5A + "  data/c%25\n",
		FetchName:          "https://example.org/a%20b\t12  data/a b\r\nfile:///c - data/c%25",
	})
	b, err := Read(fsys, Rules{})
	if err != nil {
		t.Fatal(err)
	}
	want := []FetchItem{{"https://example.org/a%20b", 12, "data/a b"}, {"file:///c", -1, "data/c%"}}
	if d := cmp.Diff(want, b.Fetch); d != "" {
		t.Errorf("Fetch (-want +got):\n%s", d)
	}
}

func TestReadFetchRefuses(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"not listed", "http://x/a - data/a\nhttp://x/b 1 data/b\n", `fetch.txt:2: found path "data/b", which no payload manifest lists`},
		{"tag file", "http://x/a - bagit.txt\n", "no data/ before it"},
		{"traversal", "http://x/a - data/../../a\n", `fetch.txt:1: found path "data/../../a" with a ".." segment`},
		{"absolute", "http://x/a - /tmp/a\n", "a leading slash"},
		{"home", "http://x/a - ~/a\n", "no data/ before it"},
		{"drive", "http://x/a - C:\\a\n", "a colon"},
		{"escape", "http://x/a - data/%2e%2e/a\n", `the escape "%2e"`},
		{"no path", "http://x/a -\n", "wanted url, length and path"},
		{"no length", "http://x/a data/a\n", "wanted url, length and path"},
		{"length", "http://x/a x data/a\n", `found the length "x", wanted a number of bytes or "-"`},
		{"negative length", "http://x/a -1 data/a\n", `found the length "-1"`},
		{"length too large", "http://x/a 99999999999999999999 data/a\n", "found the length"},
		{"relative url", "a.txt - data/a\n", `found the url "a.txt", wanted an absolute URL`},
		{"no url", " - data/a\n", "wanted"},
		{"broken url", "http://[x - data/a\n", "wanted an absolute URL"},
		{"empty line", "\n", "wanted url, length and path"},
		{"BOM", "\ufeffhttp://x/a - data/a\n", "a byte order mark"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Read(smallBag("1.0", map[string]string{FetchName: tt.text}), Rules{})
			wantSyntax(t, err, tt.want)
		})
	}
}

func TestManifestNames(t *testing.T) {
	for _, m := range []Manifest{{SHA256, false}, {SHA256, true}, {MD5, false}, {SHA512, true}} {
		got, err := ParseManifestName(m.Name())
		if err != nil || got != m {
			t.Errorf("ParseManifestName(%q) = %v, %v, want %v", m.Name(), got, err, m)
		}
	}
	for _, name := range []string{"", "bagit.txt", "manifest-md5", "md5.txt", "manifest-tagmanifest-md5.txt", "tagmanifest-manifest-md5.txt", "xmanifest-md5.txt"} {
		if m, err := ParseManifestName(name); err == nil {
			t.Errorf("ParseManifestName(%q) = %v, want an error", name, m)
		}
	}
}

func TestAlgorithms(t *testing.T) {
	// Checksums of nothing. Source: RFC 1321, A.5; FIPS 180-4 examples.
	want := map[Algorithm]string{
		MD5: "d41d8cd9", SHA1: "da39a3ee", SHA224: "d14a028c", SHA256: "e3b0c442", SHA384: "38b060a7", SHA512: "cf83e135",
	}
	for _, a := range slices.Sorted(maps.Keys(want)) {
		got, err := ParseAlgorithm(string(a))
		if err != nil || got != a || a.HexLen() != 2*a.New().Size() {
			t.Errorf("ParseAlgorithm(%q) = %q, %v with %d digits, want it with %d", a, got, err, a.HexLen(), 2*a.New().Size())
		}
		if sum := a.New().Sum(nil)[:4]; hex.EncodeToString(sum) != want[a] {
			t.Errorf("%s of nothing = %s, want %s", a, hex.EncodeToString(sum), want[a])
		}
	}
	for _, name := range []string{"", "MD5", "sha-256", "sha3256"} {
		if a, err := ParseAlgorithm(name); err == nil || Algorithm(name).New() != nil {
			t.Errorf("ParseAlgorithm(%q) = %q, want an error", name, a)
		}
	}
}
