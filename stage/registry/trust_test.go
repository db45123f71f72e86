package registry_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"usmtpkg/stage/registry"
	"usmtpkg/stage/registry/regtest"
)

func TestLogin(t *testing.T) {
	g := regtest.New()
	g.Username, g.Password = "ci", "right"
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	r := start(t, g, "usmt:a", registry.Options{Username: "ci", Password: "right"})
	push(t, r, artifact(content(1, 10), content(2, 20)))
	ref := r.Reference.String()

	_, err := open(t, ref, registry.Options{Username: "ci", Password: "wrong"}).Resolve(t.Context())
	wantKind(t, err, registry.Refused, "does not accept the user name and password", "--password-file")
	_, err = open(t, ref, registry.Options{}).Resolve(t.Context())
	wantKind(t, err, registry.Refused, "there is none for it", "docker login")

	config := fmt.Sprintf(`{"auths":{%q:{"auth":%q}}}`, r.Reference.Host(), base64.StdEncoding.EncodeToString([]byte("ci:right")))
	write(t, filepath.Join(os.Getenv("DOCKER_CONFIG"), "config.json"), config)
	if _, err := open(t, ref, registry.Options{}).Resolve(t.Context()); err != nil {
		t.Errorf("with Docker's configuration: %v", err)
	}
}

// Most registries hand out a token for the password, to be used for one repository.
func TestTokenLogin(t *testing.T) {
	g := regtest.New()
	var scopes []string
	g.SetHook(func(w http.ResponseWriter, r *http.Request) bool {
		user, password, _ := r.BasicAuth()
		switch {
		case r.URL.Path == "/token" && user == "ci" && password == "right":
			scopes = append(scopes, r.URL.Query()["scope"]...)
			_, _ = io.WriteString(w, `{"token":"of a test"}`)
		case r.Header.Get("Authorization") == "Bearer of a test":
			return false
		default:
			w.Header().Set("Www-Authenticate", fmt.Sprintf(`Bearer realm="http://%s/token",service="test"`, r.Host))
			w.WriteHeader(http.StatusUnauthorized)
		}
		return true
	})
	r := start(t, g, "usmt:a", registry.Options{Username: "ci", Password: "right", Workers: 1})
	done := push(t, r, artifact(content(1, 10), content(2, 20)))
	if _, err := fetch(t, r, done.Layers[1].Layer); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(scopes, "repository:usmt:pull,push") {
		t.Errorf("tokens were asked for %q", scopes)
	}
	_, err := open(t, r.Reference.String(), registry.Options{Username: "ci", Password: "wrong"}).Resolve(t.Context())
	wantKind(t, err, registry.Refused, "does not accept the user name and password")
}

// A credential helper is a program, which is asked for the password.
func TestCredentialHelper(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the helper is a shell script")
	}
	g := regtest.New()
	g.Username, g.Password = "ci", "right"
	dir := t.TempDir()
	t.Setenv("DOCKER_CONFIG", dir)
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	r := start(t, g, "usmt:a", registry.Options{})
	write(t, filepath.Join(dir, "config.json"), fmt.Sprintf(`{"credHelpers":{%q:"test"}}`, r.Reference.Host()))
	helper := filepath.Join(dir, "docker-credential-test")
	write(t, helper, `#!/bin/sh
read server
[ "$1" = get ] && printf '{"ServerURL":"%s","Username":"ci","Secret":"right"}' "$server"
`)
	push(t, open(t, r.Reference.String(), registry.Options{}), artifact(content(1, 10), content(2, 20)))
	write(t, helper, "#!/bin/sh\necho it is locked >&2; exit 1\n")
	_, err := open(t, r.Reference.String(), registry.Options{}).Resolve(t.Context())
	wantKind(t, err, registry.Refused, "asking for the credentials", "--password-file")
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
}

// Where a registry sends blobs from another host, as those in clouds do, that host gets no credentials.
func TestRedirectGetsNoCredentials(t *testing.T) {
	var other http.Header
	var layer []byte
	away := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		other = r.Header
		_, _ = w.Write(layer)
	}))
	defer away.Close()
	g := regtest.New()
	g.Username, g.Password = "ci", "right"
	r := start(t, g, "usmt:a", registry.Options{Username: "ci", Password: "right"})
	done := push(t, r, artifact(content(1, 10), content(2, 1000)))
	layer = g.Blob("usmt", done.Layers[1].Digest)
	g.SetHook(func(w http.ResponseWriter, r *http.Request) bool {
		if _, _, known := r.BasicAuth(); known && r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/blobs/") {
			http.Redirect(w, r, away.URL+"/somewhere", http.StatusTemporaryRedirect)
			return true
		}
		return false
	})
	if _, err := fetch(t, r, done.Layers[1].Layer); err != nil {
		t.Fatal(err)
	}
	if other == nil || other.Get("Authorization") != "" {
		t.Errorf("the other host got %v", other)
	}
}

// An upload that is sent to another host is not followed.
func TestUploadStaysAtTheRegistry(t *testing.T) {
	g := regtest.New()
	g.SetHook(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPost {
			w.Header().Set("Location", "http://127.0.0.2:1/v2/")
			w.WriteHeader(http.StatusAccepted)
		}
		return r.Method == http.MethodPost
	})
	_, err := start(t, g, "usmt:a", impatient).Push(t.Context(), artifact(content(1, 10), content(2, 20)), false)
	wantKind(t, err, registry.Refused, "different host")
}

func TestManifestsOfOthers(t *testing.T) {
	blob := func(mediaType string, b []byte, part string) ocispec.Descriptor {
		d := ocispec.Descriptor{MediaType: mediaType, Digest: digest.FromBytes(b), Size: int64(len(b))}
		if part != "" {
			d.Annotations = map[string]string{"vnd.usmtpkg.part": part}
		}
		return d
	}
	const config, layer = "application/vnd.usmtpkg.release.config.v1+json", "application/vnd.usmtpkg.release.layer.v1.tar+zstd"
	good := func() ocispec.Manifest {
		m := ocispec.Manifest{
			MediaType: ocispec.MediaTypeImageManifest, ArtifactType: registry.ReleaseType, Config: blob(config, []byte("{}"), ""),
			Layers: []ocispec.Descriptor{blob(layer, []byte("a"), "tags"), blob(layer, []byte("b"), "amd64")},
		}
		m.SchemaVersion = 2
		return m
	}
	for name, spoil := range map[string]func(*ocispec.Manifest){
		"":                              func(*ocispec.Manifest) {},
		"artifact type":                 func(m *ocispec.Manifest) { m.ArtifactType = "application/vnd.example" },
		"config":                        func(m *ocispec.Manifest) { m.Config.MediaType = ocispec.MediaTypeImageConfig },
		"release.json of at most":       func(m *ocispec.Manifest) { m.Config.Size = 1 << 40 },
		"1 layers":                      func(m *ocispec.Manifest) { m.Layers = m.Layers[:1] },
		"17 layers":                     func(m *ocispec.Manifest) { m.Layers = append(m.Layers, make([]ocispec.Descriptor, 15)...) },
		"another layer has":             func(m *ocispec.Manifest) { m.Layers = append(m.Layers, blob(layer, []byte("c"), "AMD64")) },
		"is not a name":                 func(m *ocispec.Manifest) { m.Layers[1].Annotations["vnd.usmtpkg.part"] = "../amd64" },
		"only the first":                func(m *ocispec.Manifest) { m.Layers[0], m.Layers[1] = m.Layers[1], m.Layers[0] },
		"layer 1 is not":                func(m *ocispec.Manifest) { m.Layers[1].MediaType = ocispec.MediaTypeImageLayer },
		"with a SHA-256 digest":         func(m *ocispec.Manifest) { m.Layers[1].Digest = "sha512:00" },
		"tar+zstd with a SHA-256":       func(m *ocispec.Manifest) { m.Layers[1].Size = -1 },
		"vnd.oci.image.index.v1+json\"": func(m *ocispec.Manifest) { m.MediaType = ocispec.MediaTypeImageIndex },
	} {
		g := regtest.New()
		m := good()
		spoil(&m)
		b, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		g.Put("usmt", "a", m.MediaType, b)
		_, err = start(t, g, "usmt:a", impatient).Resolve(t.Context())
		if name == "" {
			if err != nil {
				t.Error(err)
			}
			continue
		}
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		wantKind(t, err, registry.Invalid, name)
	}
	g := regtest.New()
	g.Put("usmt", "a", ocispec.MediaTypeImageManifest, bytes.Repeat([]byte(" "), 5<<20))
	_, err := start(t, g, "usmt:a", impatient).Resolve(t.Context())
	wantKind(t, err, registry.Invalid, "limit")
	g.Put("usmt", "a", ocispec.MediaTypeImageManifest, []byte("{"))
	_, err = start(t, g, "usmt:a", impatient).Resolve(t.Context())
	wantKind(t, err, registry.Invalid, "not valid JSON")
	_, err = start(t, g, "usmt:b", impatient).Resolve(t.Context())
	wantKind(t, err, registry.Absent, "check the name")
}

// A registry that says another digest for what it sends is found out.
func TestManifestIsWhatItsDigestSays(t *testing.T) {
	g := regtest.New()
	r := start(t, g, "usmt:a", registry.Options{})
	first := push(t, r, artifact(content(1, 10), content(2, 20)))
	second := push(t, r, artifact(content(1, 10), content(3, 20)))
	lie := g.Manifest("usmt", second.Digest)
	g.SetHook(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodGet || !strings.HasSuffix(r.URL.Path, first.Digest) {
			return false
		}
		w.Header().Set("Content-Type", ocispec.MediaTypeImageManifest)
		w.Header().Set("Docker-Content-Digest", first.Digest)
		w.Header().Set("Content-Length", fmt.Sprint(len(lie)))
		_, _ = w.Write(lie)
		return true
	})
	_, err := open(t, r.Reference.At(first.Digest), impatient).Resolve(t.Context())
	wantKind(t, err, registry.Damaged)
}

func TestAttestations(t *testing.T) {
	for _, api := range []bool{true, false} {
		g := regtest.New()
		g.Referrers = api
		r := start(t, g, "usmt:a", registry.Options{})
		done := push(t, r, artifact(content(1, 10), content(2, 20)))
		m, err := r.Resolve(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if list, err := r.Attestations(t.Context(), m, 1000, 1000); err != nil || len(list) != 0 {
			t.Errorf("referrers API %v: %d attestations, %v", api, len(list), err)
		}
		for _, statement := range []string{"one", "two", "one", "far too long"} {
			if _, err := r.Attach(t.Context(), done.Digest, registry.Attestation{Name: "r.json", Statement: []byte(statement), Signature: []byte("of " + statement)}); err != nil {
				t.Fatal(err)
			}
		}
		list, err := r.Attestations(t.Context(), m, 10, 1000)
		if err != nil || len(list) != 2 {
			t.Fatalf("referrers API %v: %d attestations, %v", api, len(list), err)
		}
		for _, a := range list {
			if string(a.Signature) != "of "+string(a.Statement) {
				t.Errorf("attestation %q signed %q", a.Statement, a.Signature)
			}
		}
	}
}

// A list of referrers is a tag that anyone may write: what another manifest is the subject of is not in it.
func TestAttestationsOfAnotherSubject(t *testing.T) {
	g := regtest.New()
	r := start(t, g, "usmt:a", registry.Options{})
	first := push(t, r, artifact(content(1, 10), content(2, 20)))
	second := push(t, r, artifact(content(1, 10), content(3, 20)))
	if _, err := r.Attach(t.Context(), first.Digest, registry.Attestation{Name: "r.json", Statement: []byte("a"), Signature: []byte("b")}); err != nil {
		t.Fatal(err)
	}
	list := func(digest string) string { return strings.Replace(digest, ":", "-", 1) }
	g.Put("usmt", list(second.Digest), ocispec.MediaTypeImageIndex, g.Manifest("usmt", list(first.Digest)))
	for digest, want := range map[string]int{first.Digest: 1, second.Digest: 0} {
		r := open(t, r.Reference.At(digest), registry.Options{})
		m, err := r.Resolve(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if list, err := r.Attestations(t.Context(), m, 10, 10); err != nil || len(list) != want {
			t.Errorf("%d attestations, want %d; %v", len(list), want, err)
		}
	}
}

func TestReferences(t *testing.T) {
	for text, want := range map[string]string{
		"usmt": "is not a reference", "https://registry/usmt:a": "has no https://", "registry/USMT:a": "is not a reference",
		"registry/usmt@sha512:" + strings.Repeat("0", 128): "a digest is SHA-256", "registry/usmt:a@sha256:0": "is not a reference",
	} {
		_, err := registry.ParseReference(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	d := "sha256:" + strings.Repeat("0", 64)
	r, err := registry.ParseReference("registry:5000/osd/usmt:a@" + d)
	if err != nil || r.Digest != d || r.Tag != "" || r.Name() != "registry:5000/osd/usmt" {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestPlainHTTPOnlyHere(t *testing.T) {
	for name, here := range map[string]bool{
		"localhost/usmt": true, "localhost:5000/usmt": true, "127.0.0.1:5000/usmt": true, "[::1]:5000/usmt": true,
		"registry/usmt": false, "10.0.0.1:5000/usmt": false, "localhost.contoso.com/usmt": false,
	} {
		ref, err := registry.ParseReference(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err = registry.Open(ref, registry.Options{PlainHTTP: true}); (err == nil) != here {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPrivateCA(t *testing.T) {
	g := regtest.New()
	s := httptest.NewTLSServer(g)
	defer s.Close()
	s.Config.ErrorLog = nil
	ref, err := registry.ParseReference(s.Listener.Addr().String() + "/usmt:a")
	if err != nil {
		t.Fatal(err)
	}
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	r, err := registry.Open(ref, registry.Options{CA: ca})
	if err != nil {
		t.Fatal(err)
	}
	push(t, r, artifact(content(1, 10), content(2, 20)))
	if r, err = registry.Open(ref, impatient); err != nil {
		t.Fatal(err)
	}
	_, err = r.Resolve(t.Context())
	wantKind(t, err, registry.Refused, "--ca-file")
	if _, err = registry.Open(ref, registry.Options{CA: []byte("no")}); !errors.Is(err, registry.ErrCA) {
		t.Error(err)
	}
	plain := start(t, g, "usmt:a", registry.Options{}).Reference
	if r, err = registry.Open(plain, impatient); err != nil {
		t.Fatal(err)
	}
	_, err = r.Resolve(t.Context())
	wantKind(t, err, registry.Refused, "--plain-http")
}
