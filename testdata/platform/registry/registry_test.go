package registry

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"usmtpkg/locate/samplekit"
	"usmtpkg/testdata/platform"
)

// noise is the size of a file in each arch that cannot be compressed, in bytes.
const noise = 4 << 20

// each runs a test against every registry.
func each(t *testing.T, test func(t *testing.T, s *site)) {
	t.Helper()
	t.Run("distribution 3", func(t *testing.T) {
		t.Parallel()
		program := filepath.Join(t.TempDir(), "distribution")
		if out, err := exec.Command("go", "build", "-o", program, "./distribution").CombinedOutput(); err != nil { //nolint:noctx // the test ends it
			t.Fatalf("%v\n%s", err, out)
		}
		test(t, newSite(t, program))
	})
	t.Run("docker-registry", func(t *testing.T) {
		t.Parallel()
		platform.Need(t, "docker-registry")
		test(t, newSite(t, "docker-registry", "serve"))
	})
}

// A site has a registry, and a library with a release.
type site struct {
	*server
	program, kit, lib string
}

func newSite(t *testing.T, program ...string) *site {
	t.Helper()
	s := &site{server: start(t, program...), program: platform.Program(t, ""), kit: t.TempDir(), lib: filepath.Join(t.TempDir(), "lib")}
	platform.Kit(t, s.kit, samplekit.Options{Arches: []string{"amd64", "x86"}})
	s.refresh(t, 1)
	return s
}

// refresh makes a release whose x86 differs for another seed.
func (s *site) refresh(t *testing.T, seed byte) {
	t.Helper()
	for arch, seed := range map[string]byte{"amd64": 0, "x86": seed} {
		b := make([]byte, noise)
		_, _ = rand.NewChaCha8([32]byte{seed}).Read(b)
		platform.Write(t, filepath.Join(s.kit, arch, "noise.dat"), b)
	}
	platform.Run(t, s.program, "refresh", "--source", s.kit, "--library", s.lib, "--allow-changed").Want(t, 0)
}

func (s *site) ref(tag string) string { return s.Host + "/osd/usmt:" + tag }

// run runs usmtpkg with what it needs to get into the registry.
func (s *site) run(t *testing.T, args ...string) platform.Result {
	t.Helper()
	return platform.Run(t, append([]string{s.program}, append(args, "--ca-file", s.CA, "--username", user, "--password-file", filepath.Join(s.dir, "password"))...)...)
}

// active is the name of the active release.
func (s *site) active(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(s.lib, "current"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(b))
}

// whole makes sure that a library has the active release, or does not have it and nothing of it either.
func (s *site) whole(t *testing.T, lib string, published bool) {
	t.Helper()
	release := s.active(t)
	if published {
		platform.Run(t, s.program, "verify", release, "--library", lib).Want(t, 0, "equal to its manifests")
		return
	}
	entries, err := os.ReadDir(lib)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != "usmtpkg.json" {
			t.Errorf("%s is left in the library", e.Name())
		}
	}
}

func TestPushAndPull(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *site) {
		key := filepath.Join(platform.Root(t), "stage", "attest", "testdata", "minisign")
		platform.Run(t, s.program, "attest", "--library", s.lib, "--key", key+".key").Want(t, 0)
		s.Passed()
		s.run(t, "push", s.ref("a"), "--library", s.lib).Want(t, 0, "sent: tags, amd64, x86", "signed with key")
		if toward, _ := s.Passed(); toward < 2*noise {
			t.Errorf("%d bytes were sent for two arches of %d", toward, noise)
		}
		lib := filepath.Join(t.TempDir(), "lib")
		s.run(t, "pull", s.ref("a"), "--library", lib, "--public-key", key+".pub").Want(t, 0, "authentic", "fetched: tags, amd64, x86")
		s.whole(t, lib, true)

		// One arch is another: only that goes to the registry and comes from it.
		s.refresh(t, 2)
		s.Passed()
		s.run(t, "push", s.ref("a"), "--library", s.lib).Want(t, 0, "there already: amd64", "the tag was at")
		const rest = 256 << 10 // manifests, tag files and TLS
		if toward, _ := s.Passed(); toward > noise+rest {
			t.Errorf("%d bytes were sent for a changed arch of %d", toward, noise)
		}
		s.run(t, "pull", s.ref("a"), "--library", lib, "--allow-changed").Want(t, 0, "taken from the library: amd64")
		if _, back := s.Passed(); back > noise+rest {
			t.Errorf("%d bytes were fetched for a changed arch of %d", back, noise)
		}
		s.whole(t, lib, true)
		s.run(t, "push", s.Host+"/test/usmt:a", "--library", s.lib, "--mount-from", "osd/usmt").Want(t, 0, "taken from the other repository: tags, amd64, x86")
	})
}

func TestLogin(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *site) {
		wrong := filepath.Join(t.TempDir(), "wrong")
		platform.Write(t, wrong, []byte("wrong\n"))
		platform.Run(t, s.program, "push", s.ref("a"), "--library", s.lib, "--ca-file", s.CA, "--username", user, "--password-file", wrong).Want(t, 6, "does not accept the user name and password")
		platform.Run(t, s.program, "push", s.ref("a"), "--library", s.lib, "--ca-file", s.CA).Want(t, 6, "there is none for it")
		platform.Run(t, s.program, "push", s.ref("a"), "--library", s.lib).Want(t, 6, "--ca-file")
	})
}

// A registry that is killed in the middle: nothing is half there, and the next run ends it.
func TestKilled(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *site) {
		s.KillAfter(noise)
		s.run(t, "push", s.ref("a"), "--library", s.lib).Want(t, 9, "run again, which goes on where this ended")
		s.Run(t)
		s.run(t, "push", s.ref("a"), "--library", s.lib).Want(t, 0)
		lib := filepath.Join(t.TempDir(), "lib")
		s.KillAfter(noise)
		s.run(t, "pull", s.ref("a"), "--library", lib).Want(t, 9, "nothing was published")
		s.whole(t, lib, false)
		s.Run(t)
		s.run(t, "pull", s.ref("a"), "--library", lib).Want(t, 0)
		s.whole(t, lib, true)
	})
}

// A registry that is killed, and back within the time that usmtpkg waits.
func TestRestarted(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *site) {
		s.OnKill(func() { s.Run(t) })
		s.KillAfter(noise)
		s.run(t, "push", s.ref("a"), "--library", s.lib).Want(t, 0)
		lib := filepath.Join(t.TempDir(), "lib")
		s.KillAfter(noise)
		s.run(t, "pull", s.ref("a"), "--library", lib).Want(t, 0)
		s.whole(t, lib, true)
	})
}

// A layer that was damaged in the storage of the registry.
func TestDamaged(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *site) {
		s.run(t, "push", s.ref("a"), "--library", s.lib).Want(t, 0)
		var largest string
		var size int64
		err := filepath.WalkDir(s.Storage, func(name string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			info, err := e.Info()
			if err == nil && info.Size() > size {
				largest, size = name, info.Size()
			}
			return err
		})
		if err != nil || size < noise {
			t.Fatalf("%s with %d bytes, %v", largest, size, err)
		}
		b, err := os.ReadFile(largest)
		if err != nil {
			t.Fatal(err)
		}
		b[len(b)/2] ^= 1
		platform.Write(t, largest, b)
		lib := filepath.Join(t.TempDir(), "lib")
		s.run(t, "pull", s.ref("a"), "--library", lib).Want(t, 5, "fetching the layer", "nothing was published")
		s.whole(t, lib, false)
	})
}

// Other tools read what is pushed.
func TestOtherTools(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *site) {
		platform.Need(t, "skopeo", "tar", "zstd", "sha256sum")
		digest := strings.TrimSpace(s.run(t, "push", s.ref("a"), "--library", s.lib, "--quiet").Want(t, 0).Stdout)
		certs := t.TempDir()
		ca, err := os.ReadFile(s.CA)
		if err != nil {
			t.Fatal(err)
		}
		platform.Write(t, filepath.Join(certs, "ca.crt"), ca)
		raw := platform.Run(t, "skopeo", "inspect", "--raw", "--cert-dir", certs, "--creds", user+":"+password, "docker://"+s.ref("a")).Want(t, 0).Stdout
		if want := fmt.Sprintf("%s/osd/usmt@sha256:%x", s.Host, sha256.Sum256([]byte(raw))); digest != want {
			t.Errorf("push printed %s, skopeo reads %s", digest, want)
		}
		var m struct{ ArtifactType string }
		if err := json.Unmarshal([]byte(raw), &m); err != nil || m.ArtifactType != "application/vnd.usmtpkg.release.v1" {
			t.Errorf("artifact type %q, %v", m.ArtifactType, err)
		}

		dir := t.TempDir()
		platform.Run(t, oras(t), "pull", "--ca-file", s.CA, "-u", user, "-p", password, "-o", dir, s.ref("a")).Want(t, 0)
		for _, layer := range []string{"tags", "amd64", "x86"} {
			platform.Run(t, "tar", "-C", dir, "--zstd", "-xf", filepath.Join(dir, layer+".tar.zst")).Want(t, 0)
		}
		check := exec.Command("sha256sum", "--quiet", "-c", "manifest-sha256.txt") //nolint:noctx // it ends by itself
		check.Dir = dir
		if out, err := check.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	})
}

var installed = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "usmtpkg-platform-")
	if err != nil {
		return "", err
	}
	cmd := exec.Command("go", "install", "oras.land/oras/cmd/oras@v1.3.6") //nolint:noctx // it ends by itself
	cmd.Env = append(os.Environ(), "GOBIN="+dir, "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", errors.New(string(out))
	}
	return filepath.Join(dir, "oras"), nil
})

// oras is the program of that name.
func oras(t *testing.T) string {
	t.Helper()
	if name, err := exec.LookPath("oras"); err == nil {
		return name
	}
	name, err := installed()
	if err != nil {
		platform.Missing(t, "oras cannot be installed: "+err.Error())
	}
	return name
}
