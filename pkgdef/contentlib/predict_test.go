package contentlib

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"usmtpkg/locate/tree"
)

// file is a file with a content.
func file(name, content string) tree.FileSum {
	sum := sha256.Sum256([]byte(content))
	return tree.FileSum{Path: name, Size: int64(len(content)), SHA256: hex.EncodeToString(sum[:])}
}

// The hashes wanted were computed by testdata/contenthash.py over folders of these files.
func TestPredict(t *testing.T) {
	tests := []struct {
		name   string
		files  []tree.FileSum
		dirs   []string
		want   string
		doubts []string
	}{
		{"nothing", nil, nil, "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855", nil},
		{"one file", []tree.FileSum{file("Hello.TXT", "hello\n")}, nil, "F9E478531F46CD0E94288B2BFE601A016A31BC6ED305BFDB31F6249C624E610C", nil},
		{"folders and odd order", []tree.FileSum{
			file("readme", ""), file("x86/scanstate.exe", "a"), file("amd64/scanstate.exe", "a"), file("amd64/Zlast.xml", "c"),
			file("amd64/_first.xml", "b"), file("amd64/DLManifests/x-DL.man", "d"), file("amd64_c/f", "f"), file("AMD64-b/f", "e"),
		}, nil, "74D8472763891C676C2F01BC34A1792091716601C62E7F4310E5C10E79BB08DD", nil},
		{"empty folders", []tree.FileSum{file("f", "hello\n")}, []string{"a/b"}, "ACBF4A8823E96E62B367C7B51FFE82C0655B534C1389B01589C32BC71006F5BD",
			[]string{`"a/b" is an empty folder`}},
		{"names outside ASCII", []tree.FileSum{file("Zo/É.xml", "x"), file("zOë/ü.xml", "y")}, nil,
			"9586DA6C0B03D2E84A4F719C453D917AB13F28711DF9A54F7C9E54E912B99E76", []string{`"Zo/É.xml" is not ASCII`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Predict(tt.files, tt.dirs)
			if err != nil || got.Hash != tt.want {
				t.Fatalf("Predict = %+v, %v, want %s", got, err, tt.want)
			}
			if len(got.Doubts) != len(tt.doubts) {
				t.Fatalf("Doubts = %q, want %q", got.Doubts, tt.doubts)
			}
			for i, d := range tt.doubts {
				if !strings.HasPrefix(got.Doubts[i], d) {
					t.Errorf("Doubts = %q, want %q", got.Doubts, tt.doubts)
				}
			}
		})
	}
}

func TestPredictRefuses(t *testing.T) {
	good := file("a/b", "x")
	tests := []struct {
		name  string
		files []tree.FileSum
		dirs  []string
		want  string
	}{
		{"path out of it", []tree.FileSum{file("../x", "")}, nil, `"../x": found a folder reference`},
		{"absolute path", []tree.FileSum{file("/x", "")}, nil, `"/x": found an empty name`},
		{"backslash", []tree.FileSum{file(`a\b`, "")}, nil, `"a\\b": found the character '\\'`},
		{"not UTF-8", []tree.FileSum{file("\xff", "")}, nil, `"\xff": found bytes that are not UTF-8`},
		{"folder out of it", []tree.FileSum{good}, []string{".."}, `"..": found a folder reference`},
		{"no sum", []tree.FileSum{{Path: "x", SHA256: "12"}}, nil, `found SHA-256 "12"`},
		{"negative size", []tree.FileSum{{Path: "x", Size: -1, SHA256: good.SHA256}}, nil, "found size -1"},
		{"twice", []tree.FileSum{good, good}, nil, `"a/b": found again as "a/b"`},
		{"twice but for case", []tree.FileSum{good, file("a/B", "")}, nil, `"a/b": found again as "a/B"`},
		{"file and folder", []tree.FileSum{good, file("a", "")}, nil, "a file and a folder of that name"},
		{"file and empty folder", []tree.FileSum{good}, []string{"a/b"}, "a file and a folder of that name"},
		{"file and folder but for case", []tree.FileSum{good, file("A", "")}, nil, `"a": found again as "A"`},
		{"folder twice but for case", []tree.FileSum{good, file("A/c", "")}, nil, `found again as`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := Predict(tt.files, tt.dirs); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Predict = %v, %v, want the error %q", got, err, tt.want)
			}
		})
	}
}

// A dotless i is no I for Windows. How ConfigMgr sorts it is a doubt, which stays short however long the name.
func TestPredictDoubts(t *testing.T) {
	got, err := Predict([]tree.FileSum{file("a/dır"+strings.Repeat("ü", 120), ""), file("a/DIR"+strings.Repeat("ü", 120), "")}, nil)
	if err != nil || len(got.Doubts) != 1 || !strings.Contains(got.Doubts[0], "is not ASCII") || len(got.Doubts[0]) > 500 {
		t.Errorf("Predict = %+v, %v, want one doubt", got, err)
	}
}

// Over any folder both implementations agree, where the second can run: over a genuine kit too, if
// USMTPKG_TEST_KIT names one. It is Microsoft's and no part of this project.
func TestPredictAgainstPython(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("python3 is not installed")
		}
		t.Skip("THE SECOND IMPLEMENTATION WAS NOT RUN: python3 is not installed")
	}
	root := t.TempDir()
	for i := range 300 { // names of all ASCII characters that a name may have, in several depths
		name := fmt.Sprintf("%c%d", "aZ_-~!$^`{}[]#()@9 .'+,;=&"[i%26], i)
		dir := filepath.Join(root, strings.Repeat("d"+name[:1]+string(rune('A'+i%26))+"/", i%4))
		if err := os.MkdirAll(filepath.Join(dir, "dir"+name[1:]), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for what, root := range map[string]string{"synthetic": root, "genuine": os.Getenv("USMTPKG_TEST_KIT")} {
		t.Run(what, func(t *testing.T) {
			if root == "" {
				t.Skip("NO CONTENT HASH OF A GENUINE KIT WAS PREDICTED: USMTPKG_TEST_KIT is not set")
			}
			out, err := exec.CommandContext(t.Context(), python, filepath.Join("testdata", "contenthash.py"), root).Output()
			if err != nil {
				t.Fatal(err)
			}
			files, dirs := folderOf(t, root)
			got, err := Predict(files, dirs)
			if want := strings.TrimSpace(string(out)); err != nil || got.Hash != want || len(files) < 100 {
				t.Errorf("Predict of %d files = %s, %v, want %s of at least 100", len(files), got.Hash, err, want)
			}
		})
	}
}

// folderOf lists a folder for Predict.
func folderOf(t *testing.T, root string) (files []tree.FileSum, dirs []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(root), ".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil || p == ".":
			return err
		case d.IsDir():
			dirs = append(dirs, p)
			return nil
		}
		b, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(p)))
		files = append(files, file(p, string(b)))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files, dirs
}
