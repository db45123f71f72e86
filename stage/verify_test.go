package stage

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"

	"usmtpkg/stage/bag"
)

// released stages the kit and returns the folder of the release.
func released(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	return filepath.Join(dir, mustStage(t, dir, source(kit()), options()).Release.Name)
}

// verdicts are the differences as "path verdict" lines.
func verdicts(rep Report) string {
	var lines []string
	for _, f := range rep.Differences() {
		lines = append(lines, f.Path+" "+string(f.Verdict))
	}
	return strings.Join(lines, "\n")
}

func remove(t *testing.T, name string) {
	t.Helper()
	if err := os.RemoveAll(name); err != nil {
		t.Fatal(err)
	}
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

func TestVerifyVerdicts(t *testing.T) {
	tests := []struct {
		name string
		harm func(t *testing.T, dir string)
		want string
	}{
		{"nothing", func(*testing.T, string) {}, ""},
		{"changed", func(t *testing.T, dir string) { t.Helper(); damage(t, filepath.Join(dir, "data/x86/big.dll")) }, "data/x86/big.dll changed"},
		{"longer", func(t *testing.T, dir string) {
			t.Helper()
			write(t, filepath.Join(dir, "data/x86/empty.dat"), "x")
		}, "bag-info.txt (Payload-Oxum) changed\ndata/x86/empty.dat changed"},
		{"missing", func(t *testing.T, dir string) { t.Helper(); remove(t, filepath.Join(dir, "data/x86/empty.dat")) },
			"bag-info.txt (Payload-Oxum) changed\ndata/x86/empty.dat missing"},
		{"extra", func(t *testing.T, dir string) { t.Helper(); write(t, filepath.Join(dir, "data/x86/new.xml"), "") },
			"bag-info.txt (Payload-Oxum) changed\ndata/x86/new.xml extra"},
		{"extra beside data", func(t *testing.T, dir string) { t.Helper(); write(t, filepath.Join(dir, "readme.txt"), "") }, "readme.txt extra"},
		{"case", func(t *testing.T, dir string) {
			t.Helper()
			rename(t, filepath.Join(dir, "data/x86/big.dll"), filepath.Join(dir, "data/x86/tmp"))
			rename(t, filepath.Join(dir, "data/x86/tmp"), filepath.Join(dir, "data/x86/BIG.dll"))
		}, "data/x86/big.dll case"},
		{"case and changed", func(t *testing.T, dir string) {
			t.Helper()
			damage(t, filepath.Join(dir, "data/x86/big.dll"))
			rename(t, filepath.Join(dir, "data/x86/big.dll"), filepath.Join(dir, "data/x86/tmp"))
			rename(t, filepath.Join(dir, "data/x86/tmp"), filepath.Join(dir, "data/x86/BIG.dll"))
		}, "data/x86/big.dll changed"},
		{"type", func(t *testing.T, dir string) {
			t.Helper()
			remove(t, filepath.Join(dir, "data/x86/empty.dat"))
			if err := os.Mkdir(filepath.Join(dir, "data/x86/empty.dat"), 0o777); err != nil {
				t.Fatal(err)
			}
		}, "bag-info.txt (Payload-Oxum) changed\ndata/x86/empty.dat type"},
		{"tag file", func(t *testing.T, dir string) { t.Helper(); damage(t, filepath.Join(dir, "release.json")) }, "release.json changed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := released(t)
			tt.harm(t, dir)
			rep, err := Verify(t.Context(), dir, VerifyOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if got := verdicts(rep); tt.want != got && (tt.name != "tag file" || !strings.Contains(got, tt.want)) {
				t.Errorf("Verify:\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

func TestVerifyLinks(t *testing.T) {
	dir := released(t)
	name := filepath.Join(dir, "data", "x86", "scanstate.exe")
	target := filepath.Join(t.TempDir(), "elsewhere")
	rename(t, name, target)
	if err := os.Symlink(target, name); err != nil {
		t.Skipf("this system makes no links here: %v", err)
	}
	if _, err := os.Lstat(name); err != nil {
		t.Skip("this system says that it made a link and did not (Wine)")
	}
	rep, err := Verify(t.Context(), dir, VerifyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got := verdicts(rep); !strings.Contains(got, "data/x86/scanstate.exe type") {
		t.Errorf("Verify: %s, want a type verdict: a link is not the file, even if its content is", got)
	}
}

// TestVerifySelfConsistentForgery: a file, the manifest and the tag manifest
// are rewritten to agree. The name of the release still tells.
func TestVerifySelfConsistentForgery(t *testing.T) {
	dir := released(t)
	file := filepath.Join(dir, "data", "x86", "scanstate.exe")
	old := fmt.Sprintf("%x", sha256.Sum256([]byte("scan x86")))
	write(t, file, "evil x86")
	forge(t, filepath.Join(dir, "manifest-sha256.txt"), old, fmt.Sprintf("%x", sha256.Sum256([]byte("evil x86"))))
	retag(t, dir)
	rep, err := Verify(t.Context(), dir, VerifyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	got := verdicts(rep)
	if !strings.Contains(got, "release.json (digest) changed") || !strings.Contains(got, filepath.Base(dir)+" (name of the release) changed") {
		t.Errorf("Verify:\n%s\nwant the digest and the name to tell", got)
	}
}

func forge(t *testing.T, name, old, text string) {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil || !strings.Contains(string(b), old) {
		t.Fatal(name, err)
	}
	write(t, name, strings.ReplaceAll(string(b), old, text))
}

// retag writes the tag manifest anew.
func retag(t *testing.T, dir string) {
	t.Helper()
	var lines string
	for _, name := range []string{"bag-info.txt", "bagit.txt", "manifest-sha256.txt", "release.json"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		lines += fmt.Sprintf("%x  %s\n", sha256.Sum256(b), name)
	}
	write(t, filepath.Join(dir, "tagmanifest-sha256.txt"), lines)
}

func TestVerifyRefusesBadTagFiles(t *testing.T) {
	for name, harm := range map[string]func(t *testing.T, dir string){
		"traversal": func(t *testing.T, dir string) {
			t.Helper()
			forge(t, filepath.Join(dir, "manifest-sha256.txt"), "data/x86/big.dll", "data/../../big.dll")
		},
		"crlf": func(t *testing.T, dir string) {
			t.Helper()
			forge(t, filepath.Join(dir, "manifest-sha256.txt"), "\n", "\r\n")
		},
		"no tag manifest": func(t *testing.T, dir string) { t.Helper(); remove(t, filepath.Join(dir, "tagmanifest-sha256.txt")) },
		"no manifest":     func(t *testing.T, dir string) { t.Helper(); remove(t, filepath.Join(dir, "manifest-sha256.txt")) },
		"no info":         func(t *testing.T, dir string) { t.Helper(); remove(t, filepath.Join(dir, "bag-info.txt")) },
		"version":         func(t *testing.T, dir string) { t.Helper(); forge(t, filepath.Join(dir, "bagit.txt"), "1.0", "9.0") },
	} {
		t.Run(name, func(t *testing.T) {
			dir := released(t)
			harm(t, dir)
			var syntax *bag.SyntaxError
			if rep, err := Verify(t.Context(), dir, VerifyOptions{}); !errors.As(err, &syntax) {
				t.Errorf("Verify = %v, %v, want a *bag.SyntaxError", rep, err)
			}
		})
	}
}

func TestVerifyRenamedRelease(t *testing.T) {
	dir := released(t)
	other := filepath.Join(filepath.Dir(dir), "10.0.1.2-000000000000")
	rename(t, dir, other)
	rep, err := Verify(t.Context(), other, VerifyOptions{})
	if got := verdicts(rep); err != nil || got != "10.0.1.2-000000000000 (name of the release) changed" {
		t.Errorf("Verify = %q, %v, want the name to differ from the digest", got, err)
	}
}

// foreign writes a bag as another tool would.
func foreign(t *testing.T, version string, sums map[string]func([]byte) string) string {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "bagit.txt"), "BagIt-Version: "+version+"\nTag-File-Character-Encoding: UTF-8\n")
	write(t, filepath.Join(dir, "notes.txt"), "not in any manifest, which is allowed")
	for name, text := range map[string]string{"data/a.txt": "hello", "data/b/c.txt": "world"} {
		write(t, filepath.Join(dir, filepath.FromSlash(name)), text)
		for alg, sum := range sums {
			f := filepath.Join(dir, "manifest-"+alg+".txt")
			old, err := os.ReadFile(f)
			if err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Fatal(err)
			}
			write(t, f, string(old)+strings.ToUpper(sum([]byte(text)))+"  "+name+"\r\n")
		}
	}
	return dir
}

func TestVerifyForeignBags(t *testing.T) {
	all := map[string]func([]byte) string{
		"md5":    func(b []byte) string { return fmt.Sprintf("%x", md5.Sum(b)) },
		"sha1":   func(b []byte) string { return fmt.Sprintf("%x", sha1.Sum(b)) },
		"sha256": func(b []byte) string { return fmt.Sprintf("%x", sha256.Sum256(b)) },
		"sha512": func(b []byte) string { return fmt.Sprintf("%x", sha512.Sum512(b)) },
	}
	for _, version := range []string{"0.97", "1.0"} {
		for alg, sum := range all {
			t.Run(version+" "+alg, func(t *testing.T) {
				dir := foreign(t, version, map[string]func([]byte) string{alg: sum})
				rep, err := Verify(t.Context(), dir, VerifyOptions{})
				if err != nil || verdicts(rep) != "" || len(rep.Files) != 2 {
					t.Fatalf("Verify = %v, %v", rep.Files, err)
				}
				damage(t, filepath.Join(dir, "data", "b", "c.txt"))
				rep, err = Verify(t.Context(), dir, VerifyOptions{})
				if got := verdicts(rep); err != nil || got != "data/b/c.txt changed" {
					t.Errorf("Verify = %q, %v", got, err)
				}
			})
		}
	}
	t.Run("every manifest counts", func(t *testing.T) {
		wrong := map[string]func([]byte) string{"sha256": all["sha256"], "md5": func([]byte) string { return strings.Repeat("0", 32) }}
		rep, err := Verify(t.Context(), foreign(t, "1.0", wrong), VerifyOptions{})
		if got := verdicts(rep); err != nil || got != "data/a.txt changed\ndata/b/c.txt changed" {
			t.Errorf("Verify = %q, %v, want both changed: the md5 manifest is wrong", got, err)
		}
	})
}

func TestCompareSource(t *testing.T) {
	dir := released(t)
	rep, err := CompareSource(t.Context(), dir, source(kit()), VerifyOptions{})
	if err != nil || verdicts(rep) != "" || len(rep.Files) != len(kit()) {
		t.Fatalf("CompareSource = %v, %v", rep, err)
	}
	now := kit()
	now["x86/big.dll"] = &fstest.MapFile{Data: []byte("other")}
	now["x86/new.xml"] = &fstest.MapFile{}
	now["amd64/SCANSTATE.exe"] = now["amd64/scanstate.exe"]
	delete(now, "amd64/scanstate.exe")
	delete(now, "x86/empty.dat")
	rep, err = CompareSource(t.Context(), dir, source(now), VerifyOptions{})
	want := "amd64/scanstate.exe case\nx86/big.dll changed\nx86/empty.dat missing\nx86/new.xml extra"
	if got := verdicts(rep); err != nil || got != want {
		t.Errorf("CompareSource:\n%s, %v\nwant\n%s", got, err, want)
	}
}

func TestCompareCopy(t *testing.T) {
	dir := t.TempDir()
	for name, f := range kit() {
		write(t, filepath.Join(dir, filepath.FromSlash(name)), string(f.Data))
	}
	rep, err := CompareCopy(t.Context(), dir, source(kit()), VerifyOptions{})
	if err != nil || verdicts(rep) != "" || len(rep.Files) != len(kit()) {
		t.Fatalf("CompareCopy = %v, %v", rep, err)
	}
	damage(t, filepath.Join(dir, "x86", "big.dll"))
	remove(t, filepath.Join(dir, "amd64", "DLManifests"))
	write(t, filepath.Join(dir, "Thumbs.db"), "x")
	rep, err = CompareCopy(t.Context(), dir, source(kit()), VerifyOptions{Uncached: runtime.GOOS == "linux"})
	want := "Thumbs.db extra\namd64/DLManifests/a/two.man missing\namd64/DLManifests/one.man missing\nx86/big.dll changed"
	if got := verdicts(rep); err != nil || got != want {
		t.Errorf("CompareCopy:\n%s, %v\nwant\n%s", got, err, want)
	}
}
