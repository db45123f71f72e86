// Package regtest is an OCI registry in memory, for tests. It can do what usmtpkg asks of a
// registry, and fail at it: a [Hook] sees every request first.
//
// It does not list tags or repositories, takes no upload in pieces, and deletes nothing.
package regtest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// A Registry is an OCI registry.
type Registry struct {
	Username, Password string // empty: everybody may do everything
	Referrers          bool   // it has the referrers API
	NoMount            bool   // it cannot mount
	NoRanges           bool   // it sends blobs only as a whole

	mu       sync.Mutex
	hook     Hook
	blobs    map[string]map[string][]byte // by repository and digest
	images   map[string]map[string]image  // by repository, and digest or tag
	uploads  int
	requests []string
	received int64
	sent     int64
}

type image struct {
	mediaType string
	content   []byte
}

// A Hook sees a request first, and may answer it.
type Hook func(w http.ResponseWriter, r *http.Request) (answered bool)

// SetHook sets the hook; nil: there is none.
func (g *Registry) SetHook(h Hook) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.hook = h
}

// New returns an empty registry.
func New() *Registry {
	return &Registry{blobs: map[string]map[string][]byte{}, images: map[string]map[string]image{}}
}

// Start serves it on this machine without TLS, and returns its host and port.
func (g *Registry) Start() (host string, stop func()) {
	s := httptest.NewServer(g)
	return s.Listener.Addr().String(), s.Close
}

// Requests returns the requests since the last call, such as "HEAD /v2/usmt/blobs/sha256:…".
func (g *Registry) Requests() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	list := g.requests
	g.requests = nil
	return list
}

// Traffic returns how many bytes of blobs were received and sent since the last call.
func (g *Registry) Traffic() (received, sent int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	received, sent = g.received, g.sent
	g.received, g.sent = 0, 0
	return received, sent
}

// Manifest returns a manifest by its digest or tag.
func (g *Registry) Manifest(repository, reference string) []byte {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.images[repository][reference].content
}

// Put puts a manifest into a repository, and returns its digest.
func (g *Registry) Put(repository, reference, mediaType string, content []byte) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.put(repository, reference, mediaType, content)
}

// PutBlob puts a blob into a repository, under whatever digest.
func (g *Registry) PutBlob(repository, digest string, content []byte) {
	g.mu.Lock()
	defer g.mu.Unlock()
	set(g.blobs, repository, digest, content)
}

// Blob returns a blob.
func (g *Registry) Blob(repository, digest string) []byte {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.blobs[repository][digest]
}

func set[T any](m map[string]map[string]T, a, b string, v T) {
	if m[a] == nil {
		m[a] = map[string]T{}
	}
	m[a][b] = v
}

func (g *Registry) put(repository, reference, mediaType string, content []byte) string {
	d := digest.FromBytes(content).String()
	set(g.images, repository, d, image{mediaType, content})
	set(g.images, repository, reference, image{mediaType, content})
	return d
}

// ServeHTTP answers one request.
func (g *Registry) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	g.requests = append(g.requests, r.Method+" "+r.URL.Path)
	hook := g.hook
	g.mu.Unlock()
	if hook != nil && hook(w, r) {
		return
	}
	if user, password, _ := r.BasicAuth(); g.Username != "" && (user != g.Username || password != g.Password) {
		w.Header().Set("Www-Authenticate", `Basic realm="test"`)
		fail(w, http.StatusUnauthorized, "UNAUTHORIZED")
		return
	}
	path, ok := strings.CutPrefix(r.URL.Path, "/v2/")
	if !ok {
		fail(w, http.StatusNotFound, "UNSUPPORTED")
		return
	}
	for _, kind := range []struct {
		name  string
		serve func(w http.ResponseWriter, r *http.Request, repository, id string)
	}{{"/blobs/uploads/", g.upload}, {"/blobs/", g.blob}, {"/manifests/", g.manifest}, {"/referrers/", g.referrers}} {
		if repository, id, found := strings.Cut(path, kind.name); found {
			kind.serve(w, r, repository, id)
			return
		}
	}
	fail(w, http.StatusNotFound, "UNSUPPORTED")
}

func fail(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `{"errors":[{"code":%q,"message":"of a test"}]}`, code)
}

func (g *Registry) upload(w http.ResponseWriter, r *http.Request, repository, _ string) {
	q := r.URL.Query()
	switch r.Method {
	case http.MethodPost:
		g.mu.Lock()
		defer g.mu.Unlock()
		if b, found := g.blobs[q.Get("from")][q.Get("mount")]; found && !g.NoMount {
			set(g.blobs, repository, q.Get("mount"), b)
			w.WriteHeader(http.StatusCreated)
			return
		}
		g.uploads++
		w.Header().Set("Location", fmt.Sprintf("/v2/%s/blobs/uploads/%d", repository, g.uploads))
		w.WriteHeader(http.StatusAccepted)
	case http.MethodPut:
		b, err := io.ReadAll(r.Body)
		g.mu.Lock()
		defer g.mu.Unlock()
		g.received += int64(len(b))
		if err != nil || digest.FromBytes(b).String() != q.Get("digest") {
			fail(w, http.StatusBadRequest, "DIGEST_INVALID")
			return
		}
		set(g.blobs, repository, q.Get("digest"), b)
		w.WriteHeader(http.StatusCreated)
	}
}

func (g *Registry) blob(w http.ResponseWriter, r *http.Request, repository, id string) {
	b := g.Blob(repository, id)
	if b == nil {
		fail(w, http.StatusNotFound, "BLOB_UNKNOWN")
		return
	}
	from := 0
	if !g.NoRanges {
		w.Header().Set("Accept-Ranges", "bytes")
		_, _ = fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from)
	}
	w.Header().Set("Content-Length", fmt.Sprint(len(b)-from))
	w.Header().Set("Content-Type", "application/octet-stream")
	if from > 0 {
		w.WriteHeader(http.StatusPartialContent)
	}
	if r.Method == http.MethodGet {
		n, _ := w.Write(b[from:])
		g.mu.Lock()
		g.sent += int64(n)
		g.mu.Unlock()
	}
}

func (g *Registry) manifest(w http.ResponseWriter, r *http.Request, repository, id string) {
	if r.Method == http.MethodPut {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			fail(w, http.StatusBadRequest, "MANIFEST_INVALID")
			return
		}
		d := g.Put(repository, id, r.Header.Get("Content-Type"), b)
		if subject := subjectOf(b); subject != "" && g.Referrers {
			w.Header().Set("OCI-Subject", subject)
		}
		w.Header().Set("Docker-Content-Digest", d)
		w.WriteHeader(http.StatusCreated)
		return
	}
	g.mu.Lock()
	m, found := g.images[repository][id]
	g.mu.Unlock()
	if !found {
		fail(w, http.StatusNotFound, "MANIFEST_UNKNOWN")
		return
	}
	w.Header().Set("Content-Type", m.mediaType)
	w.Header().Set("Content-Length", fmt.Sprint(len(m.content)))
	w.Header().Set("Docker-Content-Digest", digest.FromBytes(m.content).String())
	if r.Method == http.MethodGet {
		_, _ = w.Write(m.content)
	}
}

func subjectOf(manifest []byte) string {
	var m ocispec.Manifest
	if json.Unmarshal(manifest, &m) != nil || m.Subject == nil {
		return ""
	}
	return m.Subject.Digest.String()
}

func (g *Registry) referrers(w http.ResponseWriter, _ *http.Request, repository, id string) {
	if !g.Referrers {
		fail(w, http.StatusNotFound, "UNSUPPORTED")
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	index := ocispec.Index{MediaType: ocispec.MediaTypeImageIndex, Manifests: []ocispec.Descriptor{}}
	index.SchemaVersion = 2
	for key, m := range g.images[repository] {
		var head ocispec.Manifest
		if !strings.HasPrefix(key, "sha256:") || subjectOf(m.content) != id || json.Unmarshal(m.content, &head) != nil {
			continue
		}
		index.Manifests = append(index.Manifests, ocispec.Descriptor{MediaType: m.mediaType, Digest: digest.Digest(key), Size: int64(len(m.content)), ArtifactType: head.ArtifactType})
	}
	w.Header().Set("Content-Type", ocispec.MediaTypeImageIndex)
	_ = json.NewEncoder(w).Encode(index)
}
