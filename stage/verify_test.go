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
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"usmtpkg/locate/finding"
	"usmtpkg/locate/tree"
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
	about := map[string]bool{}
	for _, f := range rep.Differences() {
		about[f.File()] = true
	}
	if !about[releaseFile] || !about["."] || len(about) != 2 {
		t.Errorf("the differences are about %v, want the record and the folder", about)
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

// Damage to the tag files of a release hides nothing: what can be read of them,
// and of the files they list, is compared all the same.
func TestVerifyDamagedTagFiles(t *testing.T) {
	const hidden = "data/amd64/empty.dat missing\ndata/x86/big.dll changed\n"
	file := func(dir, name string) string { return filepath.Join(dir, name) }
	join := func(t *testing.T, dir string, names ...string) {
		t.Helper()
		for _, name := range names {
			remove(t, file(dir, name))
		}
	}
	appendTo := func(t *testing.T, name, text string) {
		t.Helper()
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		write(t, name, string(b)+text)
	}
	tests := []struct {
		name string
		harm func(t *testing.T, dir string)
		want string // beside what is hidden
	}{
		{"x behind bag-info.txt", func(t *testing.T, dir string) { t.Helper(); appendTo(t, file(dir, "bag-info.txt"), "x") }, "bag-info.txt changed"},
		{"no bag-info.txt", func(t *testing.T, dir string) { t.Helper(); join(t, dir, "bag-info.txt") }, "bag-info.txt missing"},
		{"x behind bagit.txt", func(t *testing.T, dir string) { t.Helper(); appendTo(t, file(dir, "bagit.txt"), "x") }, "bag-info.txt (Payload-Oxum) changed\nbagit.txt changed"},
		{"no bagit.txt", func(t *testing.T, dir string) { t.Helper(); join(t, dir, "bagit.txt") }, "bag-info.txt (Payload-Oxum) changed\nbagit.txt missing"},
		{"another version", func(t *testing.T, dir string) { t.Helper(); forge(t, file(dir, "bagit.txt"), "1.0", "9.0") }, "bag-info.txt (Payload-Oxum) changed\nbagit.txt changed"},
		{"x behind the manifest", func(t *testing.T, dir string) { t.Helper(); appendTo(t, file(dir, "manifest-sha256.txt"), "x") }, "bag-info.txt (Payload-Oxum) changed\nmanifest-sha256.txt changed"},
		{"a path that leads out", func(t *testing.T, dir string) {
			t.Helper()
			forge(t, file(dir, "manifest-sha256.txt"), "data/x86/big.dll", "data/../../big.dll")
		}, "bag-info.txt (Payload-Oxum) changed\nmanifest-sha256.txt changed"},
		{"line ends of Windows", func(t *testing.T, dir string) { t.Helper(); forge(t, file(dir, "manifest-sha256.txt"), "\n", "\r\n") }, "bag-info.txt (Payload-Oxum) changed\nmanifest-sha256.txt changed"},
		{"a manifest of zeros", func(t *testing.T, dir string) {
			t.Helper()
			write(t, file(dir, "manifest-sha256.txt"), strings.Repeat("\x00", 4096))
		}, "bag-info.txt (Payload-Oxum) changed\nmanifest-sha256.txt changed"},
		{"no manifest", func(t *testing.T, dir string) { t.Helper(); join(t, dir, "manifest-sha256.txt") }, "bag-info.txt (Payload-Oxum) changed\nmanifest-sha256.txt missing"},
		{"x behind the tag manifest", func(t *testing.T, dir string) { t.Helper(); appendTo(t, file(dir, "tagmanifest-sha256.txt"), "x") }, "bag-info.txt (Payload-Oxum) changed\ntagmanifest-sha256.txt changed"},
		{"no tag manifest", func(t *testing.T, dir string) { t.Helper(); join(t, dir, "tagmanifest-sha256.txt") }, "bag-info.txt (Payload-Oxum) changed\ntagmanifest-sha256.txt missing"},
		{"no tag manifest, and another manifest", func(t *testing.T, dir string) {
			t.Helper()
			join(t, dir, "tagmanifest-sha256.txt")
			appendTo(t, file(dir, "manifest-sha256.txt"), strings.Repeat("0", 64)+"  data/zzz\n")
		}, "bag-info.txt (Payload-Oxum) changed\ndata/zzz missing\nNAME (name of the release) changed\nrelease.json changed\nrelease.json (digest) changed\ntagmanifest-sha256.txt missing"},
		{"x behind release.json", func(t *testing.T, dir string) { t.Helper(); appendTo(t, file(dir, "release.json"), "x") }, "bag-info.txt (Payload-Oxum) changed\nrelease.json changed"},
		{"no release.json", func(t *testing.T, dir string) { t.Helper(); join(t, dir, "release.json") }, "bag-info.txt (Payload-Oxum) changed\nrelease.json missing"},
		{"no manifests, damaged record", func(t *testing.T, dir string) {
			t.Helper()
			join(t, dir, "manifest-sha256.txt", "tagmanifest-sha256.txt")
			appendTo(t, file(dir, "release.json"), "x")
		}, "-bag-info.txt (Payload-Oxum) changed\nmanifest-sha256.txt missing\nrelease.json changed\ntagmanifest-sha256.txt missing"},
		{"damaged manifest and record", func(t *testing.T, dir string) {
			t.Helper()
			appendTo(t, file(dir, "manifest-sha256.txt"), "x")
			write(t, file(dir, "release.json"), "{")
		}, "bag-info.txt (Payload-Oxum) changed\nmanifest-sha256.txt changed\nrelease.json changed"},
		{"all of them gone", func(t *testing.T, dir string) { t.Helper(); join(t, dir, ownTags()...) },
			"-bag-info.txt missing\nbagit.txt missing\nmanifest-sha256.txt missing\nrelease.json missing\ntagmanifest-sha256.txt missing"},
		{"a folder in place of one", func(t *testing.T, dir string) {
			t.Helper()
			join(t, dir, "bag-info.txt")
			if err := os.Mkdir(file(dir, "bag-info.txt"), 0o777); err != nil {
				t.Fatal(err)
			}
		}, "bag-info.txt type"},
		{"one more manifest", func(t *testing.T, dir string) { t.Helper(); write(t, file(dir, "manifest-md5.txt"), "") }, "bag-info.txt (Payload-Oxum) changed\nmanifest-md5.txt extra"},
		{"one more tag manifest", func(t *testing.T, dir string) { t.Helper(); write(t, file(dir, "tagmanifest-md5.txt"), "") }, "bag-info.txt (Payload-Oxum) changed\ntagmanifest-md5.txt extra"},
		{"bag-info.txt that a new tag manifest covers", func(t *testing.T, dir string) {
			t.Helper()
			appendTo(t, file(dir, "bag-info.txt"), "x\n")
			retag(t, dir)
		}, "bag-info.txt changed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := released(t)
			damage(t, filepath.Join(dir, "data/x86/big.dll"))
			remove(t, filepath.Join(dir, "data/amd64/empty.dat"))
			tt.harm(t, dir)
			rep, err := Verify(t.Context(), dir, VerifyOptions{Release: true})
			if err != nil {
				t.Fatal(err)
			}
			want, alone := strings.CutPrefix(tt.want, "-")
			if !alone {
				want += "\n" + hidden
			}
			if got := sorted(strings.ReplaceAll(verdicts(rep), filepath.Base(dir), "NAME")); got != sorted(want) {
				t.Errorf("Verify:\n%s\nwant\n%s\nnotes: %q", got, sorted(want), rep.Notes)
			}
		})
	}
}

func sorted(lines string) string {
	list := strings.Split(strings.TrimSpace(lines), "\n")
	slices.Sort(list)
	return strings.Join(list, "\n")
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
	now := kit()
	now["x86/k.xml"] = now["x86/big.dll"]
	write(t, filepath.Join(dir, "x86", "\u212a.xml"), "x") // the Kelvin sign is no k to Windows
	rep, err = CompareCopy(t.Context(), dir, source(now), VerifyOptions{Uncached: runtime.GOOS == "linux"})
	want := "Thumbs.db extra\namd64/DLManifests/a/two.man missing\namd64/DLManifests/one.man missing\nx86/big.dll changed\nx86/k.xml missing\nx86/\u212a.xml extra"
	if got := verdicts(rep); err != nil || got != want {
		t.Errorf("CompareCopy:\n%s, %v\nwant\n%s", got, err, want)
	}
}

// A record with nonsense in it is a difference, also if a new tag manifest covers it.
func TestVerifyForgedRecord(t *testing.T) {
	sum := fmt.Sprintf("%x", sha256.Sum256([]byte("scan x86")))
	tests := []struct {
		name, old, text string
		says            string // empty: nothing is wrong
	}{
		{"nothing", "", "", ""},
		{"the library", `"library": "`, `"library": "x`, "library"},
		{"the version", `"usmt_version": "10.0.1.2"`, `"usmt_version": "10.0.1.2 "`, "usmt_version"},
		{"another version", `"usmt_version": "10.0.1.2"`, `"usmt_version": "10.0.1.3"`, `wanted "10.0.1.3-`},
		{"the name", `"release": "10.0.1.2-`, `"release": "10.0.1.3-`, `release "10.0.1.3-`},
		{"arches", `    "amd64",`, `    "arm64",`, "arches"},
		{"an arch that a terminal obeys", `    "amd64",`, `    "\u001b[2J",`, `arches ["\x1b[2J"`},
		{"the mode", `"requested": "reread"`, `"requested": "blindly"`, "verify mode"},
		{"the flush", `"durability": "`, `"durability": "x`, "durability"},
		{"the number of files", `"file_count": 10`, `"file_count": 11`, "file_count 11"},
		{"bytes", `"bytes": `, `"bytes": 1`, "bytes 1"},
		{"the content hash", `"content_hash": null`, `"content_hash": {"x": 1}`, "unknown field"},
		{"an unknown key", `"tool": `, `"colour": 1, "tool": `, "colour"},
		{"an unknown key of a file", `{"path":"x86/big.dll",`, `{"path":"x86/big.dll","colour":1,`, "files[7]"},
		{"a sum", `"sha256":"` + sum, `"sha256":"` + strings.Repeat("0", 64), "files[9]"},
		{"a size", `"size":8,`, `"size":9,`, "wanted the 10 and"},
		{"a size below zero", `"size":8,`, `"size":-8,`, "size -8"},
		{"a path", `"path":"x86/big.dll"`, `"path":"x86/bigger.dll"`, `"x86/bigger.dll"`},
		{"a path that leads out", `"path":"x86/big.dll"`, `"path":"../big.dll"`, `"../big.dll"`},
		{"a file twice", `    {"path":"x86/scanstate.exe"`, `    {"path":"x86/empty.dat","size":0,"sha256":"` + sum + `"},` + "\n" + `    {"path":"x86/scanstate.exe"`, "sorted"},
		{"a file is missing", `"path":"x86/scanstate.exe"`, ``, "files[9]"},
		{"a broken list", `{"path":"x86/big.dll"`, `garbage`, "files[7]"},
		{"something behind it", "\n  ]\n}\n", "\n  ]\n}\nx", "after the list"},
		{"a key behind it", "\n  ]\n}\n", "\n  ],\n  \"tool\": 1\n}\n", "wanted the end of the list"},
		{"the list is cut off", "\n  ]\n}\n", "", "files[10]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := released(t)
			if tt.old != "" {
				forge(t, filepath.Join(dir, releaseFile), tt.old, tt.text)
			}
			retag(t, dir)
			rep, err := Verify(t.Context(), dir, VerifyOptions{})
			if err != nil {
				t.Fatal(err)
			}
			bad := rep.Differences()
			if tt.says == "" {
				if len(bad) > 0 {
					t.Errorf("Verify = %v, want no difference", bad)
				}
				return
			}
			i := slices.IndexFunc(bad, func(f FileResult) bool { return f.Path == releaseFile && f.Verdict == Changed })
			if i < 0 || !strings.Contains(bad[i].Found, tt.says) {
				t.Errorf("Verify = %v, want %s changed with %q", bad, releaseFile, tt.says)
			}
		})
	}
}

// What a record says of its judgement has to fit its list of files, and what a run can have written.
func TestVerifyForgedJudgement(t *testing.T) {
	tests := []struct {
		name, old, text string
		says            string // empty: nothing is wrong
	}{
		{"nothing", "", "", ""},
		{"the sample kit as a real one", `"sample": true`, `"sample": false`, "sample false"},
		{"no rules", `"rules": "r1"`, `"rules": ""`, "validation.rules"},
		{"errors", `"error": 0`, `"error": 1`, "validation.findings.error 1"},
		{"proofs", `"signature": 2`, `"signature": 10`, "validation.proofs"},
		{"no proofs", `"proofs": {`, `"proofs": null, "x": {`, "unknown field"},
		{"signatures", `"valid": 2`, `"valid": 3`, "validation.signatures"},
		{"not checked", `"file-content"`, `"other"`, "validation.not_checked"},
		{"the proof of a file", `"proof":"name-only"`, `"proof":"signature"`, "validation.proofs"},
		{"the verdict of a file", `"signature":"valid"`, `"signature":"unsigned"`, "validation.signatures"},
		{"made by a clock that is slow", `"created": "2`, `"created": "1`, ""},
		{"made by a clock that is fast", `"created": "2`, `"created": "3`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			lib, o := t.TempDir(), options()
			o.Sample = true
			o.Checker = signedKit(Facts{Machine: "x64", Signature: "valid"})
			o.Proof = func(name string) (string, string) {
				if strings.HasSuffix(name, ".exe") {
					return "signature", "Publisher"
				}
				return finding.NameOnly, ""
			}
			o.Validation = func() Validation {
				return Validation{Rules: "r1", NotChecked: []string{finding.ContentNotChecked}, Proofs: map[string]int{"signature": 2, finding.NameOnly: 8}}
			}
			src := source(kit())
			src.Origin.Path = sampleOrigin
			dir := filepath.Join(lib, mustStage(t, lib, src, o).Release.Name)
			if tt.old != "" {
				forge(t, filepath.Join(dir, releaseFile), tt.old, tt.text)
			}
			retag(t, dir)
			rep, err := Verify(t.Context(), dir, VerifyOptions{})
			bad := rep.Differences()
			if err != nil || tt.says == "" && len(bad) > 0 || tt.says != "" && (len(bad) != 1 || !strings.Contains(bad[0].Found, tt.says)) {
				t.Errorf("Verify = %v, %v, want %q", bad, err, tt.says)
			}
		})
	}
}

// A list of files that is shorter than the manifest, with numbers that fit it.
func TestVerifyForgedRecordLacksFile(t *testing.T) {
	dir := released(t)
	rec, err := RecordIn(dir)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, releaseFile)
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	list, end := strings.LastIndex(string(b), ",\n    {"), strings.LastIndex(string(b), "\n  ]")
	write(t, name, string(b[:list])+string(b[end:]))
	forge(t, name, `"file_count": 10`, `"file_count": 9`)
	forge(t, name, fmt.Sprintf(`"bytes": %d`, rec.Bytes), fmt.Sprintf(`"bytes": %d`, rec.Bytes-int64(len("scan x86"))))
	retag(t, dir)
	rep, err := Verify(t.Context(), dir, VerifyOptions{})
	if bad := rep.Differences(); err != nil || len(bad) != 1 || bad[0].Found != "1 files of the manifest are not in its list" {
		t.Errorf("Verify = %v, %v, want a file that is not in the list", bad, err)
	}
}

// The predicted content hash goes into the publish script: it must be that of the files. Where it
// cannot be predicted, it is not taken for right.
func TestVerifyForgedContentHash(t *testing.T) {
	for _, forged := range []bool{false, true} {
		dir, o := t.TempDir(), options()
		o.Predict = namesHash
		rec := mustStage(t, dir, source(kit()), o).Release
		dir = filepath.Join(dir, rec.Name)
		if forged {
			forge(t, filepath.Join(dir, releaseFile), rec.ContentHash.Value, strings.Repeat("0", 64))
			retag(t, dir)
		}
		for i, predict := range []Predictor{namesHash, func([]tree.FileSum) (string, []string) { return "", nil }, nil} {
			rep, err := Verify(t.Context(), dir, VerifyOptions{Predict: predict})
			bad := rep.Differences()
			if i == 0 && !forged {
				if err != nil || len(bad) > 0 {
					t.Errorf("Verify = %v, %v, want no difference", bad, err)
				}
				continue
			}
			if err != nil || len(bad) != 1 || bad[0].Path != releaseFile || !strings.Contains(bad[0].Found, "content_hash ") {
				t.Errorf("forged %t: Verify = %v, %v, want the content hash told", forged, bad, err)
			}
		}
	}
}

// Of a record that a newer usmtpkg wrote nothing can be said.
func TestVerifyNewerRecord(t *testing.T) {
	dir := released(t)
	forge(t, filepath.Join(dir, releaseFile), fmt.Sprintf(`"version": %d`, releaseVersion), `"version": 99`)
	retag(t, dir)
	rep, err := Verify(t.Context(), dir, VerifyOptions{})
	if broken := (*FormatError)(nil); !errors.As(err, &broken) || !strings.Contains(err.Error(), "version 99") {
		t.Errorf("Verify = %v, %v, want the version told", rep, err)
	}
}

func TestVerifyEmptyFolders(t *testing.T) {
	mkdir := func(t *testing.T, names ...string) {
		t.Helper()
		for _, name := range names {
			if err := os.MkdirAll(name, 0o777); err != nil {
				t.Fatal(err)
			}
		}
	}
	dir := released(t)
	mkdir(t, filepath.Join(dir, "data/amd64/new/deep"), filepath.Join(dir, "data/new"), filepath.Join(dir, "beside"))
	write(t, filepath.Join(dir, "data/amd64/full/x.xml"), "")
	remove(t, filepath.Join(dir, "data/x86/DLManifests/a/two.man")) // its folder belongs there
	rep, err := Verify(t.Context(), dir, VerifyOptions{})
	want := "bag-info.txt (Payload-Oxum) changed\nbeside extra\ndata/amd64/full/x.xml extra\ndata/amd64/new extra\ndata/new extra\ndata/x86/DLManifests/a/two.man missing"
	if got := verdicts(rep); err != nil || got != want {
		t.Errorf("Verify:\n%s, %v\nwant\n%s", got, err, want)
	}

	dir = t.TempDir()
	if err := os.CopyFS(dir, kit()); err != nil {
		t.Fatal(err)
	}
	mkdir(t, filepath.Join(dir, "amd64", "new"))
	rep, err = CompareCopy(t.Context(), dir, source(kit()), VerifyOptions{})
	if got := verdicts(rep); err != nil || got != "amd64/new extra" {
		t.Errorf("CompareCopy = %q, %v", got, err)
	}

	dir, src := sourceDir(t) // has a folder amd64/empty
	rep, err = CompareCopy(t.Context(), dir, src, VerifyOptions{})
	if got := verdicts(rep); err != nil || got != "" {
		t.Errorf("CompareCopy with itself = %q, %v", got, err)
	}
}
