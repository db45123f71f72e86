package registry_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"

	"usmtpkg/stage/archive"
	"usmtpkg/stage/registry"
	"usmtpkg/stage/registry/regtest"
)

// cut makes the registry end a connection in the middle of a body, so many times.
func cut(g *regtest.Registry, times int32, method, part string) func(http.ResponseWriter, *http.Request) bool {
	var left atomic.Int32
	left.Store(times)
	return func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != method || !strings.Contains(r.URL.Path, part) || left.Add(-1) < 0 {
			return false
		}
		if method == http.MethodPut {
			_, _ = io.CopyN(io.Discard, r.Body, 10_000)
		} else {
			blob := g.Blob("usmt", path.Base(r.URL.Path))
			w.Header().Set("Accept-Ranges", "bytes")
			w.Header().Set("Content-Length", fmt.Sprint(len(blob)))
			_, _ = w.Write(blob[:100_000])
			w.(http.Flusher).Flush()
		}
		panic(http.ErrAbortHandler)
	}
}

func TestPushGoesOnAfterACut(t *testing.T) {
	g := regtest.New()
	g.SetHook(cut(g, 1, http.MethodPut, "/blobs/uploads/"))
	r := start(t, g, "usmt:a", registry.Options{Workers: 1})
	done := push(t, r, artifact(content(1, 300_000), content(2, 300_000)))
	if done.Sent != sizes(done.Layers)+configSize {
		t.Errorf("sent %d, of %+v", done.Sent, done.Layers)
	}
}

func TestPushEndsWhenTheRegistryIsGone(t *testing.T) {
	g := regtest.New()
	g.SetHook(cut(g, 1000, http.MethodPut, "/blobs/uploads/"))
	r := start(t, g, "usmt:a", impatient)
	_, err := r.Push(t.Context(), artifact(content(1, 300_000), content(2, 300_000)), false)
	wantKind(t, err, registry.Away)
	if g.Manifest("usmt", "a") != nil {
		t.Error("the manifest is there without its layers")
	}
	g.SetHook(nil)
	push(t, r, artifact(content(1, 300_000), content(2, 300_000)))
}

func TestFetchGoesOnAfterACut(t *testing.T) {
	for _, ranges := range []bool{true, false} {
		g := regtest.New()
		r := start(t, g, "usmt:a", registry.Options{})
		done := push(t, r, artifact(content(1, 10), content(2, 300_000)))
		g.Traffic()
		g.NoRanges = !ranges
		g.SetHook(cut(g, 1, http.MethodGet, done.Layers[1].Digest))
		if b, err := fetch(t, r, done.Layers[1].Layer); err != nil || !bytes.Equal(b, content(2, 300_000)) {
			t.Errorf("ranges %v: %d bytes, %v", ranges, len(b), err)
		}
		g.SetHook(cut(g, 1000, http.MethodGet, done.Layers[1].Digest))
		_, err := fetch(t, open(t, r.Reference.String(), impatient), done.Layers[1].Layer)
		wantKind(t, err, registry.Away, "amd64")

		// After the first cut it is gone: that must not look like the end of the layer.
		first := cut(g, 1, http.MethodGet, done.Layers[1].Digest)
		g.SetHook(func(w http.ResponseWriter, r *http.Request) bool {
			first(w, r)
			panic(http.ErrAbortHandler)
		})
		_, err = fetch(t, open(t, r.Reference.String(), registry.Options{Patience: 400 * time.Millisecond}), done.Layers[1].Layer)
		wantKind(t, err, registry.Away, "amd64")
		if errors.Is(err, io.EOF) {
			t.Errorf("%v is an end", err)
		}
	}
}

func TestFetchFindsDamage(t *testing.T) {
	for name, spoil := range map[string]func([]byte) []byte{
		"other bytes":       func(b []byte) []byte { b[len(b)/2] ^= 1; return b },
		"other bytes first": func(b []byte) []byte { b[0] ^= 1; return b },
		"too short":         func(b []byte) []byte { return b[:len(b)-1] },
		"too long":          func(b []byte) []byte { return append(b, 0) },
	} {
		g := regtest.New()
		r := start(t, g, "usmt:a", impatient)
		done := push(t, r, artifact(content(1, 10), content(2, 1000)))
		l := done.Layers[1].Layer
		g.PutBlob("usmt", l.Digest, spoil(bytes.Clone(g.Blob("usmt", l.Digest))))
		_, err := fetch(t, r, l)
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		wantKind(t, err, registry.Damaged, "amd64")
	}
}

// A layer that is what its digest says, and not an archive or more than one, is not a release.
func TestLayersOfOthers(t *testing.T) {
	packed := func(files ...archive.File) []byte {
		var b bytes.Buffer
		if err := archive.WriteTar(&b, files); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	file := func(name string, size int64) archive.File {
		return archive.File{Name: name, Size: size, Copy: func(w io.Writer) error {
			_, err := io.CopyN(w, zeros{}, size)
			return err
		}}
	}
	for name, layer := range map[string][]byte{
		"neither":                        []byte("not an archive"),
		"end":                            append(packed(file("a", 1)), "and more"...),
		"more than 1048576 bytes":        packed(file("a", 1<<20+1)),
		"more than 10 files and folders": packed(file("a", 1), file("b", 1), file("c", 1), file("d", 1), file("e", 1), file("f", 1), file("g", 1), file("h", 1), file("i", 1), file("j", 1), file("k", 1)),
	} {
		g := regtest.New()
		r := start(t, g, "usmt:a", impatient)
		d := digest.FromBytes(layer).String()
		g.PutBlob("usmt", d, layer)
		_, err := fetch(t, r, registry.Layer{Part: "amd64", Blob: registry.Blob{Digest: d, Size: int64(len(layer))}})
		wantKind(t, err, registry.Invalid, name)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestWaitsAsTheRegistryAsks(t *testing.T) {
	for name, asks := range map[string]func(http.Header){
		"seconds": func(h http.Header) { h.Set("Retry-After", "0") },
		"time":    func(h http.Header) { h.Set("Retry-After", "Sun, 06 Nov 1994 08:49:37 GMT") },
		"nothing": func(http.Header) {},
	} {
		for _, status := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} {
			t.Run(fmt.Sprintf("%s %d", name, status), func(t *testing.T) {
				t.Parallel()
				g := regtest.New()
				left := map[string]int{"HEAD": 1, "GET": 2, "POST": 1, "PUT": 1}
				g.SetHook(func(w http.ResponseWriter, r *http.Request) bool {
					if left[r.Method]--; left[r.Method] < 0 {
						return false
					}
					asks(w.Header())
					w.WriteHeader(status)
					return true
				})
				r := start(t, g, "usmt:a", registry.Options{Workers: 1})
				done, err := r.Push(t.Context(), artifact(content(1, 10), content(2, 1000)), false)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := fetch(t, r, done.Layers[1].Layer); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

func TestDoesNotWaitForEver(t *testing.T) {
	for name, after := range map[string]string{"always": "", "longer than we wait": "3600", "tomorrow": time.Now().Add(24 * time.Hour).UTC().Format(http.TimeFormat)} {
		g := regtest.New()
		g.SetHook(func(w http.ResponseWriter, _ *http.Request) bool {
			if after != "" {
				w.Header().Set("Retry-After", after)
			}
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		})
		o := impatient
		if after != "" {
			o = registry.Options{}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second) // far from an hour, and less than it waits
		defer cancel()
		_, err := start(t, g, "usmt:a", o).Resolve(ctx)
		if err == nil {
			t.Fatal(name)
		}
		wantKind(t, err, registry.Away)
		if after != "" {
			if n := len(g.Requests()); n != 1 {
				t.Errorf("%s: %d requests", name, n)
			}
		}
	}
}
