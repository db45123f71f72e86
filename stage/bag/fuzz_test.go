package bag

import (
	"bytes"
	"errors"
	"io/fs"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"usmtpkg/locate/winname"
)

// FuzzParseManifest holds: what is accepted leads nowhere outside the bag; it is
// written if and only if Windows can hold it; and what is written is read back
// the same, strictly.
func FuzzParseManifest(f *testing.F) {
	for _, text := range []string{
		"", md5A + "  data/a\n", md5A + " *./data/a\r\n" + md5A + "  data/a", md5A + "\tdata/A\r" + md5B + " data/a\r",
		md5A + "  data/%0a%25\n", md5A + "  data/%2e%2e/x\n", md5A + "  data/../x\n", md5A + "  data\\x\n", md5A + "  C:x\n",
		md5A + "  data/a\n" + md5A + "  data/a/b\n", md5A + "  data/NUL.txt\n", md5A + "  data/a.\n", "\ufeff" + md5A + "  data/a\n",
		md5A + "  data/e\u0301\n" + md5A + "  data/\u00e9\n", md5A + "  bagit.txt\n" + md5A + "  manifest-md5.txt\n",
		md5A + "  tagmanifest-md5.txt\n", md5A[1:] + "  data/a\n", md5A + "\n", md5A + "  data/\x00\n", md5A + "  data/\xff\n",
	} {
		f.Add([]byte(text), false, false, false)
		f.Add([]byte(text), true, false, true)
		f.Add([]byte(text), false, true, false)
	}
	f.Fuzz(func(t *testing.T, text []byte, old, tag, strict bool) {
		m := Manifest{Algorithm: MD5, Tag: tag}
		rules := Rules{Version: version10, Strict: strict}
		if old && !strict {
			rules.Version = version097
		}
		entries, err := ParseManifest(bytes.NewReader(text), m, rules)
		if err != nil {
			wantSyntax(t, err, m.Name())
			return
		}
		holdable := len(winname.Twins(pathsOf(entries))) == 0
		for _, e := range entries {
			checkAccepted(t, e, tag)
			holdable = holdable && windowsHolds(e.Path, tag)
		}
		var out bytes.Buffer
		err = WriteManifest(&out, m, entries)
		if (err == nil) != holdable {
			t.Fatalf("WriteManifest(%q) = %v, want it to accept: %v", entries, err, holdable)
		}
		if strict && out.String() != string(text) {
			t.Fatalf("WriteManifest = %q, want %q, which Strict accepts", out.String(), text)
		}
		if err != nil {
			return
		}
		again, err := ParseManifest(&out, m, Rules{Strict: true})
		if err != nil || !slices.Equal(again, entries) {
			t.Fatalf("ParseManifest of what was written = %q, %v, want %q", again, err, entries)
		}
	})
}

func pathsOf(entries []Entry) []string {
	var paths []string
	for _, e := range entries {
		paths = append(paths, e.Path)
	}
	return paths
}

// windowsHolds says by the exported rules alone whether a row may be written.
func windowsHolds(path string, tag bool) bool {
	if winname.PathFault(path) != "" {
		return false
	}
	lower := strings.ToLower(path)
	taken := lower == "data" || strings.HasPrefix(lower, "data/") ||
		strings.HasPrefix(lower, "tagmanifest-") && strings.HasSuffix(lower, ".txt")
	return !tag || !taken && path[0] != ' '
}

// checkAccepted wants a path that cannot leave the bag on any system.
func checkAccepted(t *testing.T, e Entry, tag bool) {
	t.Helper()
	if !fs.ValidPath(e.Path) || strings.ContainsAny(e.Path, "\\:\x00") {
		t.Errorf("accepted path %q", e.Path)
	}
	// On Windows IsLocal refuses device names too, which general reading lets be.
	if !filepath.IsLocal(filepath.FromSlash(e.Path)) && (runtime.GOOS != "windows" || windowsHolds(e.Path, tag)) {
		t.Errorf("accepted path %q, which is not local", e.Path)
	}
	if strings.HasPrefix(e.Path, "data/") == tag {
		t.Errorf("accepted path %q, tag %v", e.Path, tag)
	}
	if len(e.Sum) != MD5.HexLen() || strings.Trim(e.Sum, "0123456789abcdef") != "" {
		t.Errorf("accepted checksum %q", e.Sum)
	}
}

// FuzzRead holds: no tag file makes Read panic or fail otherwise than with a
// SyntaxError, and what is accepted keeps its promises.
func FuzzRead(f *testing.F) {
	f.Add(declaration, "A: b\nPayload-Oxum: 1.1\n", md5A+"  data/a\n", md5A+"  manifest-md5.txt\n", "http://x/a 1 data/a\n", false)
	f.Add(declaration, "Payload-Oxum: 1.1\n", sha256A+"  data/a\n", sha256A+"  bag-info.txt\n"+sha256A+"  bagit.txt\n"+sha256A+"  manifest-sha256.txt\n", "", true)
	f.Add("BagIt-Version : 0.97\r\nTag-File-Character-Encoding: ISO-8859-1", "A:b\n c\n\td\n", md5A+" *./data/\xe9\r", "", "http://x/ - data/\xe9", false)
	f.Add("BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-16\n", "\xff\xfeA\x00:\x00 \x00b\x00\n\x00", "", "", "", false)
	f.Add("\ufeff"+declaration, " A: b\n", "\xff\n", "\x00", "\n", false)
	f.Fuzz(func(t *testing.T, decl, info, payload, tags, fetch string, strict bool) {
		name := "md5"
		if strict {
			name = "sha256"
		}
		texts := map[string]string{DeclarationName: decl, InfoName: info, "manifest-" + name + ".txt": payload}
		if tags != "" {
			texts["tagmanifest-"+name+".txt"] = tags
		}
		if fetch != "" {
			texts[FetchName] = fetch
		}
		b, err := Read(files(texts), Rules{Strict: strict})
		if err != nil {
			var syntax *SyntaxError
			if !errors.As(err, &syntax) || b != nil {
				t.Fatalf("Read = %v, %v, want no bag and a SyntaxError", b, err)
			}
			checkSalvage(t, files(texts), nil)
			return
		}
		checkRead(t, b, texts, strict)
		if strict {
			checkSalvage(t, files(texts), b)
		}
	})
}

func checkRead(t *testing.T, b *Bag, texts map[string]string, strict bool) {
	t.Helper()
	if !knownVersion(b.Version) || len(b.Payload) == 0 {
		t.Errorf("Read = %+v, want a known version and a payload manifest", b)
	}
	for _, item := range b.Fetch {
		if pathFault(item.Path) != "" || !strings.HasPrefix(item.Path, "data/") || item.Length < -1 {
			t.Errorf("accepted %+v", item)
		}
	}
	for _, field := range b.Info {
		if field.Label == "" || strings.ContainsAny(field.Label, ":\r\n") || strings.ContainsRune(field.Value, '\r') {
			t.Errorf("accepted field %q", field)
		}
	}
	if !strict {
		return
	}
	var info bytes.Buffer
	if err := WriteInfo(&info, b.Info); err != nil || info.String() != texts[InfoName] {
		t.Errorf("WriteInfo = %q, %v, want %q, which Strict accepts", info.String(), err, texts[InfoName])
	}
	if texts[DeclarationName] != declaration || b.Oxum == nil {
		t.Errorf("Strict accepts %q with Oxum %v", texts[DeclarationName], b.Oxum)
	}
}
