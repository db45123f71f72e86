package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"usmtpkg/stage/archive"
	"usmtpkg/stage/attest"
	"usmtpkg/stage/registry"
	"usmtpkg/stage/registry/regtest"
)

// A depot is a registry, and a library with a release that was pushed there as usmt:a.
type depot struct {
	*regtest.Registry
	host, lib, release string
}

func newDepot(t *testing.T) *depot {
	t.Helper()
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	d := &depot{Registry: regtest.New()}
	host, stop := d.Start()
	t.Cleanup(stop)
	d.host = host
	d.lib = libraryWith(t, kitDir(t, ""))
	d.release = filepath.Base(glob(t, d.lib, "10.*"))
	d.want(t, exitOK, "", "push", d.ref("a"), "--library", d.lib)
	return d
}

func (d *depot) ref(tag string) string { return d.host + "/usmt:" + tag }

// want runs the program, which does not wait for a registry that is away.
func (d *depot) want(t *testing.T, status int, says string, args ...string) {
	t.Helper()
	s := session{patience: time.Millisecond}
	if got := s.run(t, append(args, "--plain-http")...); got != status {
		t.Fatalf("%v: status %d, want %d\n%s%s", args, got, status, s.stdout.String(), s.stderr.String())
	}
	if !strings.Contains(s.stdout.String()+s.stderr.String(), says) {
		t.Errorf("%v: output lacks %q:\n%s%s", args, says, s.stdout.String(), s.stderr.String())
	}
}

// manifest reads the manifest of the release, and put puts a changed one under a tag.
func (d *depot) manifest(t *testing.T) (m ocispec.Manifest) {
	t.Helper()
	if err := json.Unmarshal(d.Manifest("usmt", "a"), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func (d *depot) put(t *testing.T, tag string, m ocispec.Manifest) {
	t.Helper()
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	d.Put("usmt", tag, ocispec.MediaTypeImageManifest, b)
}

// layer puts a blob into the registry, and returns what a manifest says of it.
func (d *depot) layer(like ocispec.Descriptor, b []byte) ocispec.Descriptor {
	like.Digest, like.Size = digest.FromBytes(b), int64(len(b))
	d.PutBlob("usmt", like.Digest.String(), b)
	return like
}

// pulls pulls a tag into a new library, and makes sure that nothing is left there if that fails.
func (d *depot) pulls(t *testing.T, status int, says, tag string, args ...string) string {
	t.Helper()
	lib := filepath.Join(t.TempDir(), "lib")
	d.want(t, status, says, append([]string{"pull", d.ref(tag), "--library", lib}, args...)...)
	entries, err := os.ReadDir(lib)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != "usmtpkg.json" && (status != exitOK || e.Name() != d.release && e.Name() != "attestations") {
			t.Errorf("%s is left in the library", e.Name())
		}
	}
	return lib
}

func TestRegistryThatFails(t *testing.T) {
	d := newDepot(t)
	m := d.manifest(t)
	abort := func(method, part string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != method || !strings.Contains(r.URL.Path, part) {
				return false
			}
			if method == http.MethodGet {
				b := d.Blob("usmt", path.Base(part))
				w.Header().Set("Content-Length", strconv.Itoa(len(b)))
				_, _ = w.Write(b[:len(b)/2])
				w.(http.Flusher).Flush()
			}
			panic(http.ErrAbortHandler)
		}
	}
	d.SetHook(abort(http.MethodGet, m.Layers[1].Digest.String()))
	d.pulls(t, exitIO, "nothing was published; run again", "a")
	d.SetHook(nil)
	d.pulls(t, exitOK, "", "a")

	d.SetHook(abort(http.MethodPut, "/v2/other/blobs/"))
	d.want(t, exitIO, "which goes on where this ended", "push", d.host+"/other:a", "--library", d.lib)
	if d.Manifest("other", "a") != nil {
		t.Error("the manifest is there, and not its layers")
	}
	d.SetHook(nil)
	d.want(t, exitOK, "pushed to", "push", d.host+"/other:a", "--library", d.lib)
}

// A tag that is moved while the release is pulled makes no difference: what it was at first is pulled.
func TestPullWhileTagMoves(t *testing.T) {
	d := newDepot(t)
	m := d.manifest(t)
	moved := false
	d.SetHook(func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.Contains(r.URL.Path, "/blobs/") && !moved {
			moved = true
			m := m
			m.Layers = m.Layers[:2]
			d.put(t, "a", m)
		}
		return false
	})
	lib := d.pulls(t, exitOK, "published in", "a")
	if !moved {
		t.Fatal("the tag was not moved")
	}
	d.SetHook(nil)
	var s session
	if status := s.run(t, "verify", d.release, "--library", lib); status != exitOK {
		t.Errorf("status %d\n%s", status, s.stdout.String())
	}
}

// What is not the release that its manifests say is not published, whatever its digests are.
func TestPullHostile(t *testing.T) {
	d := newDepot(t)
	tar := func(files ...archive.File) []byte {
		var b bytes.Buffer
		if err := archive.WriteTar(&b, files); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	file := func(name string, size int64) archive.File {
		return archive.File{Name: name, Size: size, Copy: func(w io.Writer) error {
			_, err := w.Write(make([]byte, size))
			return err
		}}
	}
	for name, tt := range map[string]struct {
		spoil  func(m *ocispec.Manifest)
		status int
		says   string
	}{
		"config":  {func(m *ocispec.Manifest) { m.Config = d.layer(m.Config, []byte("{}")) }, exitInvalid, "its config is not the release.json"},
		"no arch": {func(m *ocispec.Manifest) { m.Layers = m.Layers[:2] }, exitMismatch, "differ"},
		"twice":   {func(m *ocispec.Manifest) { m.Layers[2].Digest, m.Layers[2].Size = m.Layers[1].Digest, m.Layers[1].Size }, exitInvalid, "twice"},
		"no tags": {func(m *ocispec.Manifest) { m.Layers[0] = d.layer(m.Layers[0], tar(file("bagit.txt", 1))) }, exitInvalid, "release.json"},
		"huge": {func(m *ocispec.Manifest) {
			m.Layers[1] = d.layer(m.Layers[1], tar(file("data/amd64/scanstate.exe", 64<<20)))
		}, exitInvalid, "more than the"},
		"elsewhere": {func(m *ocispec.Manifest) { m.Layers[1] = d.layer(m.Layers[1], tar(file("current", 10))) }, exitInvalid, "is not part of a release"},
		"altered": {func(m *ocispec.Manifest) {
			m.Layers[1] = d.layer(m.Layers[1], tar(file("data/amd64/scanstate.exe", 100)))
		}, exitMismatch, "differ"},
		"no layer": {func(m *ocispec.Manifest) { m.Layers[1] = d.layer(m.Layers[1], []byte("no archive")) }, exitInvalid, "neither"},
		"gone":     {func(m *ocispec.Manifest) { m.Layers[1].Digest = digest.FromString("?") }, exitNotFound, "the registry does not have it"},
		"size":     {func(m *ocispec.Manifest) { m.Layers[1].Size = 1 << 50 }, exitMismatch, "mismatch"},
	} {
		t.Run(name, func(t *testing.T) {
			m := d.manifest(t)
			tt.spoil(&m)
			d.put(t, "spoiled", m)
			d.pulls(t, tt.status, tt.says, "spoiled")
		})
	}
}

// A signed attestation of another release does not vouch for this one.
func TestPullAttestationOfAnother(t *testing.T) {
	d := newDepot(t)
	d.Referrers = true
	keys := filepath.Join("..", "..", "stage", "attest", "testdata")
	other := libraryWith(t, kitDir(t, "10.0.65000.2"))
	var s session
	if status := s.run(t, "attest", "--library", other, "--key", filepath.Join(keys, "minisign.key")); status != exitOK {
		t.Fatal(s.stderr.String())
	}
	name := glob(t, other, "attestations", "*", "*.json")
	statement, err1 := os.ReadFile(name)
	signature, err2 := os.ReadFile(name + attest.SignatureSuffix)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	ref, err := registry.ParseReference(d.ref("a"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := registry.Open(ref, registry.Options{PlainHTTP: true})
	if err != nil {
		t.Fatal(err)
	}
	a := registry.Attestation{Name: "a.json", Statement: statement, Signature: signature}
	if _, err := r.Attach(t.Context(), digest.FromBytes(d.Manifest("usmt", "a")).String(), a); err != nil {
		t.Fatal(err)
	}
	d.pulls(t, exitMismatch, "it is of another release", "a", "--public-key", filepath.Join(keys, "minisign.pub"))
}
