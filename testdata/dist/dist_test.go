package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"debug/buildinfo"
	"encoding/json"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"aead.dev/minisign"
	"github.com/tc-hib/winres"

	"usmtpkg/locate/pe"
	"usmtpkg/testdata/doccheck"
)

const (
	testVersion = "1.2.3"
	testURL     = "https://example.org/v" + testVersion
)

// repository is the folder of this repository.
func repository(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// sources copies the files of the repository, without the repository, to a folder.
func sources(t *testing.T, to string) string {
	t.Helper()
	root := repository(t)
	list := sh(t, root, "git", "ls-files", "-co", "--exclude-standard")
	for name := range strings.Lines(list) {
		name = strings.TrimSpace(name)
		data, err := os.ReadFile(filepath.Join(root, name))
		if os.IsNotExist(err) {
			continue // removed, and not committed yet
		}
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(to, name), data, info.Mode())
	}
	tool, err := os.ReadFile(filepath.Join(root, "build", "tools", "nfpm"))
	if err != nil {
		t.Fatalf("%v; make build/tools/nfpm", err)
	}
	write(t, filepath.Join(to, "build", "tools", "nfpm"), tool, 0o777)
	return to
}

func write(t *testing.T, name string, data []byte, mode fs.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, data, mode); err != nil {
		t.Fatal(err)
	}
}

// sh runs a program and returns what it prints.
func sh(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// makeDist makes a release of what is in a folder, and returns where.
func makeDist(t *testing.T, dir string, args ...string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "dist")
	args = append([]string{"run", "./testdata/dist", "-version", testVersion, "-o", out, "-url", testURL, "-only", "linux/" + runtime.GOARCH + ",windows/amd64"}, args...)
	sh(t, dir, "go", args...)
	return out
}

// TestDist makes a release twice, in two folders, and has judges look at it.
func TestDist(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("releases are made on Linux")
	}
	first := makeDist(t, sources(t, t.TempDir()))
	second := makeDist(t, sources(t, filepath.Join(t.TempDir(), "another folder")))
	one, two := read(t, filepath.Join(first, "SHA256SUMS")), read(t, filepath.Join(second, "SHA256SUMS"))
	if !bytes.Equal(one, two) {
		t.Errorf("two runs in two folders are different:\n%s\n%s", one, two)
	}
	if n := bytes.Count(one, []byte("\n")); n != 13 {
		t.Errorf("%d files, want an archive and 2 bills for each system, a .deb, .rpm, an image, and 4 manifests:\n%s", n, one)
	}
	sh(t, first, "sha256sum", "--strict", "--quiet", "-c", "SHA256SUMS")
	file := func(rest string) string { return filepath.Join(first, "usmtpkg_"+testVersion+rest) }
	t.Run("tar", func(t *testing.T) { judgeTar(t, file("_linux_"+runtime.GOARCH+".tar.gz")) })
	t.Run("zip", func(t *testing.T) { judgeZip(t, file("_windows_amd64.zip")) })
	t.Run("deb", func(t *testing.T) { judgeDeb(t, file("_linux_"+runtime.GOARCH+".deb")) })
	t.Run("rpm", func(t *testing.T) { judgeRPM(t, file("_linux_"+runtime.GOARCH+".rpm")) })
	t.Run("image", func(t *testing.T) { judgeImage(t, file("_image.tar")) })
	t.Run("manifests", func(t *testing.T) { judgeManifests(t, first, one) })
	t.Run("bills", func(t *testing.T) { judgeBills(t, file("_windows_amd64")) })
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// has checks that a folder has files, and what they begin with.
func has(t *testing.T, dir string, names ...string) {
	t.Helper()
	for _, name := range names {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v, want a file with something in it", name, err)
		}
	}
}

// works checks that a program is the one of this version, and does its main job.
func works(t *testing.T, program string) {
	t.Helper()
	if out := sh(t, "", program, "version"); !strings.HasPrefix(out, "usmtpkg      "+testVersion+"\n") {
		t.Errorf("%s version: %s", program, out)
	}
	lib := filepath.Join(t.TempDir(), "lib")
	sh(t, "", program, "refresh", "--sample", "--quiet", "--library", lib)
	sh(t, "", program, "verify", "--library", lib)
}

func judgeTar(t *testing.T, name string) {
	t.Helper()
	dir := t.TempDir()
	sh(t, dir, "tar", "-xzf", name)
	dir = filepath.Join(dir, "usmtpkg-"+testVersion)
	has(t, dir, "README.md", "LICENSE", "NOTICE", "CHANGELOG.md", licensesFile, "docs/runbook.md", "man/usmtpkg.1", "man/usmtpkg-refresh.1",
		"completions/usmtpkg.bash", "completions/_usmtpkg", "completions/usmtpkg.fish")
	works(t, filepath.Join(dir, "usmtpkg"))
	licenses, notice := read(t, filepath.Join(dir, licensesFile)), read(t, filepath.Join(dir, "NOTICE"))
	info, err := buildinfo.ReadFile(filepath.Join(dir, "usmtpkg"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range info.Deps {
		if !bytes.Contains(licenses, []byte("\n"+m.Path+" "+m.Version+": ")) {
			t.Errorf("%s does not have the licence of %s %s, which the program contains", licensesFile, m.Path, m.Version)
		}
		if !bytes.Contains(notice, []byte("  "+m.Path+" ")) {
			t.Errorf("NOTICE does not name %s, which the program contains", m.Path)
		}
	}
}

func judgeZip(t *testing.T, name string) {
	t.Helper()
	dir := t.TempDir()
	if doccheck.Has(t, "unzip", "install unzip", "") {
		sh(t, dir, "unzip", "-q", name)
	}
	has(t, dir, "README.md", "LICENSE", licensesFile, "docs/runbook.md", "completions/usmtpkg.ps1")
	program, err := os.Open(filepath.Join(dir, "usmtpkg.exe"))
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close() //nolint:errcheck // only read
	stat, err := program.Stat()
	if err != nil {
		t.Fatal(err)
	}
	info, err := pe.Read(program, stat.Size())
	if err != nil || info.FileVersion != (pe.Version{1, 2, 3}) {
		t.Errorf("usmtpkg.exe: version %v, %v", info.FileVersion, err)
	}
	rs, err := winres.LoadFromEXE(program)
	if err != nil {
		t.Fatal(err)
	}
	var ico bytes.Buffer
	if icon, err := rs.GetIcon(winres.ID(1)); err != nil || icon.SaveICO(&ico) != nil || ico.Len() < 6 || ico.Bytes()[4] != 6 {
		t.Errorf("usmtpkg.exe has no icon of 6 sizes: %v", err)
	}
	manifest := rs.Get(winres.RT_MANIFEST, winres.ID(1), winres.LCIDDefault)
	for _, want := range []string{"<longPathAware", `level="asInvoker"`, `<activeCodePage xmlns="http://schemas.microsoft.com/SMI/2019/WindowsSettings">UTF-8<`} {
		if !bytes.Contains(manifest, []byte(want)) {
			t.Errorf("usmtpkg.exe has no %s in its manifest:\n%s", want, manifest)
		}
	}
}

// judgeDeb installs, runs and removes the package in a root of its own.
func judgeDeb(t *testing.T, name string) {
	t.Helper()
	if !doccheck.Has(t, "dpkg", "install dpkg", "") {
		return
	}
	root := t.TempDir()
	for _, dir := range []string{"info", "updates", "triggers"} {
		write(t, filepath.Join(root, "var/lib/dpkg", dir, ".keep"), nil, 0o666)
	}
	write(t, filepath.Join(root, "var/lib/dpkg/status"), nil, 0o666)
	dpkg := func(args ...string) {
		t.Helper()
		sh(t, "", "dpkg", append([]string{"--root=" + root, "--force-not-root", "--force-script-chrootless", "--log=" + filepath.Join(root, "log")}, args...)...)
	}
	dpkg("--force-architecture", "-i", name)
	has(t, root, "usr/share/man/man1/usmtpkg-verify.1.gz", "usr/share/bash-completion/completions/usmtpkg", "usr/share/zsh/vendor-completions/_usmtpkg",
		"usr/share/fish/vendor_completions.d/usmtpkg.fish", "usr/share/doc/usmtpkg/copyright")
	works(t, filepath.Join(root, "usr/bin/usmtpkg"))
	dpkg("-r", "usmtpkg")
	if _, err := os.Stat(filepath.Join(root, "usr/bin/usmtpkg")); !os.IsNotExist(err) {
		t.Errorf("after removal the program is still there: %v", err)
	}
}

func judgeRPM(t *testing.T, name string) {
	t.Helper()
	if !doccheck.Has(t, "rpm", "install rpm", "") {
		return
	}
	list := strings.Fields(sh(t, "", "rpm", "-qpl", "--nosignature", name))
	for _, want := range []string{"/usr/bin/usmtpkg", "/usr/share/man/man1/usmtpkg.1.gz"} {
		if !slices.Contains(list, want) {
			t.Errorf("the package lacks %s; it has %v", want, list)
		}
	}
	if head := sh(t, "", "rpm", "-qp", "--nosignature", "--queryformat", "%{VERSION} %{LICENSE} %{OS}", name); head != testVersion+" Apache-2.0 linux" {
		t.Errorf("the package is %q", head)
	}
	sh(t, "", "rpm", "-K", "--nosignature", name)
	dir := t.TempDir()
	sh(t, dir, "sh", "-c", `rpm2cpio "$1" | cpio -idm --quiet --no-absolute-filenames`, "sh", name)
	works(t, filepath.Join(dir, "usr/bin/usmtpkg"))
}

// judgeImage has another program read the image, and runs what is in it.
func judgeImage(t *testing.T, name string) {
	t.Helper()
	if !doccheck.Has(t, "skopeo", "install skopeo", "") {
		return
	}
	var config struct {
		Architecture string `json:"architecture"`
		Config       struct{ User, WorkingDir string }
	}
	text := sh(t, "", "skopeo", "--override-arch", runtime.GOARCH, "inspect", "--config", "oci-archive:"+name+":"+testVersion)
	if err := json.Unmarshal([]byte(text), &config); err != nil {
		t.Fatal(err)
	}
	if config.Config.User != "65532:65532" || config.Architecture != runtime.GOARCH {
		t.Errorf("the image is %s", text)
	}
	// To a registry and back, by its digest; skopeo checks those of all parts.
	registry := startRegistry(t)
	sh(t, "", "skopeo", "--insecure-policy", "copy", "--all", "--dest-tls-verify=false", "oci-archive:"+name+":"+testVersion, "docker://"+registry+"/usmtpkg:"+testVersion)
	digest := strings.TrimSpace(sh(t, "", "skopeo", "inspect", "--tls-verify=false", "--format", "{{.Digest}}", "docker://"+registry+"/usmtpkg:"+testVersion))
	dir := filepath.Join(t.TempDir(), "image")
	sh(t, "", "skopeo", "--insecure-policy", "--override-arch", runtime.GOARCH, "copy", "--src-tls-verify=false", "docker://"+registry+"/usmtpkg@"+digest, "dir:"+dir)
	var manifest struct{ Layers []struct{ Digest string } }
	if err := json.Unmarshal(read(t, filepath.Join(dir, "manifest.json")), &manifest); err != nil {
		t.Fatal(err)
	}
	for _, l := range manifest.Layers {
		sh(t, dir, "tar", "-xzf", strings.TrimPrefix(l.Digest, "sha256:"))
	}
	works(t, filepath.Join(dir, "usmtpkg"))
}

// startRegistry starts a registry on loopback, and returns its address.
func startRegistry(t *testing.T) string {
	t.Helper()
	doccheck.Has(t, "docker-registry", "install docker-registry", "")
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	conf := filepath.Join(t.TempDir(), "registry.yml")
	write(t, conf, []byte("version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: "+t.TempDir()+"}}\nhttp: {addr: '"+address+"'}\n"), 0o666)
	ctx, stop := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, "docker-registry", "serve", conf)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		_ = cmd.Wait() // it was killed
	})
	for range 600 {
		if conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address); err == nil {
			_ = conn.Close()
			return address
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("docker-registry does not listen at %s", address)
	return ""
}

// The manifests name the archive where it will be, by its sum.
func judgeManifests(t *testing.T, dir string, sums []byte) {
	t.Helper()
	judgeWinget(t, dir)
	sum := ""
	for line := range strings.Lines(string(sums)) {
		if digits, name, _ := strings.Cut(strings.TrimSpace(line), "  "); name == "usmtpkg_"+testVersion+"_windows_amd64.zip" {
			sum = digits
		}
	}
	url := testURL + "/usmtpkg_" + testVersion + "_windows_amd64.zip"
	for name, wants := range map[string][]string{
		identifier + ".yaml":                     {"ManifestType: version", "PackageVersion: " + testVersion, "DefaultLocale: en-US"},
		identifier + ".locale.en-US.yaml":        {"ManifestType: defaultLocale", "License: Apache-2.0", "ShortDescription: "},
		identifier + ".installer.yaml":           {"ManifestType: installer", "InstallerUrl: " + url, "InstallerSha256: " + strings.ToUpper(sum), "Architecture: x64"},
		"usmtpkg_" + testVersion + "_scoop.json": {`"url": "` + url + `"`, `"hash": "` + sum + `"`},
	} {
		text := read(t, filepath.Join(dir, name))
		for _, want := range wants {
			if !bytes.Contains(text, []byte(want)) {
				t.Errorf("%s lacks %q:\n%s", name, want, text)
			}
		}
	}
}

// The bills name what the program says it was built from, that of Windows too.
func judgeBills(t *testing.T, name string) {
	t.Helper()
	for ending, wants := range map[string][]string{
		".cdx.json":  {`"bomFormat": "CycloneDX"`, `"pkg:golang/github.com/spf13/cobra@v`, `"pkg:golang/github.com/inconshreveable/mousetrap@v`, `"pkg:golang/std@1.`},
		".spdx.json": {`"spdxVersion": "SPDX-2.3"`, `"pkg:golang/github.com/spf13/cobra@v`, `"DEPENDS_ON"`},
	} {
		text := read(t, name+ending)
		for _, want := range wants {
			if !bytes.Contains(text, []byte(want)) {
				t.Errorf("%s lacks %q", ending, want)
			}
		}
	}
	root := repository(t)
	judge := filepath.Join(root, "testdata", "schema", "bom.mjs")
	if doccheck.Has(t, "node", "`make schema` was not run", filepath.Join(root, "testdata", "schema", "node_modules", "@cyclonedx")) {
		sh(t, "", "node", judge, name+".cdx.json")
	}
	// SPDX's own tools read the other: what they cannot read they refuse.
	if tools := filepath.Join(root, "build", "tools", "8-jsontotv"); doccheck.Has(t, tools, "make build/tools/8-jsontotv", "") {
		text := filepath.Join(t.TempDir(), "spdx")
		sh(t, "", tools, name+".spdx.json", text)
		if got := string(read(t, text)); !strings.Contains(got, "PackageName: github.com/spf13/cobra\n") || !strings.Contains(got, "Relationship: SPDXRef-DOCUMENT DESCRIBES SPDXRef-usmtpkg") {
			t.Errorf("SPDX's tools read:\n%s", got)
		}
	}
}

// A release is signed if there are keys: its sums by minisign, its Windows programs by Authenticode.
func TestSigned(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("releases are made on Linux")
	}
	if !doccheck.Has(t, "osslsigncode", "install osslsigncode", "") || !doccheck.Has(t, "openssl", "install openssl", "") {
		return
	}
	dir := t.TempDir()
	sh(t, dir, "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-days", "30", "-subj", "/CN=Test Signer",
		"-addext", "extendedKeyUsage=codeSigning", "-addext", "basicConstraints=critical,CA:FALSE", "-addext", "keyUsage=critical,digitalSignature")
	public, private, err := minisign.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	text, err := minisign.EncryptKey("a password", private)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "minisign.key"), text, 0o600)
	write(t, filepath.Join(dir, "password"), []byte("a password\n"), 0o600)
	in := func(name string) string { return filepath.Join(dir, name) }
	out := makeDist(t, repository(t), "-only", "windows/amd64", "-certificate", in("cert.pem"), "-certificate-key", in("key.pem"), "-key", in("minisign.key"), "-password-file", in("password"))

	if !minisign.Verify(public, read(t, filepath.Join(out, "SHA256SUMS")), read(t, filepath.Join(out, "SHA256SUMS.minisig"))) {
		t.Error("SHA256SUMS.minisig is no signature of SHA256SUMS")
	}
	sh(t, dir, "unzip", "-q", filepath.Join(out, "usmtpkg_"+testVersion+"_windows_amd64.zip"), "usmtpkg.exe")
	sh(t, dir, "osslsigncode", "verify", "-CAfile", "cert.pem", "usmtpkg.exe")
	if got := signature(t, in("usmtpkg.exe"), read(t, in("cert.pem"))); got.Verdict != pe.Valid || got.Signer != "Test Signer" {
		t.Errorf("usmtpkg itself finds the signature %+v", got)
	}
}

// signature is what usmtpkg says of a signed program.
func signature(t *testing.T, name string, roots []byte) pe.Signature {
	t.Helper()
	trusted, err := pe.ParseRoots(roots)
	if err != nil {
		t.Fatal(err)
	}
	v, err := pe.NewVerifier(time.Now, trusted)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close() //nolint:errcheck // only read
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	check, err := v.Begin(file, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(check, file); err != nil {
		t.Fatal(err)
	}
	s, err := check.Signature()
	if err != nil {
		t.Fatal(err)
	}
	return s
}
