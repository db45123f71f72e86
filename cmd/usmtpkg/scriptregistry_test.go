package main

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/rogpeppe/go-internal/testscript"

	"usmtpkg/stage/registry/regtest"
)

// registries are those of the scripts, by host and port.
var registries sync.Map

func cmdRegistry(ts *testscript.TestScript, neg bool, args []string) {
	g := regtest.New()
	g.Referrers = true
	if len(args) == 1 && args[0] == "-proxy" {
		behindProxy(ts, g)
		return
	}
	usage(ts, !neg && len(args) < 2, "registry [USER:PASSWORD | -proxy]")
	if len(args) == 1 {
		g.Username, g.Password, _ = strings.Cut(args[0], ":")
	}
	host, stop := g.Start()
	ts.Defer(stop)
	ts.Setenv("REGISTRY", host)
	ts.Setenv("NO_PROXY", "127.0.0.1")
	registries.Store(host, g)
	ts.Defer(func() { registries.Delete(host) })
}

// behindProxy starts a registry with TLS, which only a proxy can reach.
func behindProxy(ts *testscript.TestScript, g http.Handler) {
	s := httptest.NewTLSServer(g)
	ts.Defer(s.Close)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect || r.Host != "example.com:443" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		client, _, err1 := w.(http.Hijacker).Hijack()
		registry, err2 := net.Dial("tcp", s.Listener.Addr().String()) //nolint:noctx // it is on this machine
		if err1 != nil || err2 != nil {
			return
		}
		_, _ = io.WriteString(client, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { _, _ = io.Copy(registry, client); _ = registry.Close() }()
		_, _ = io.Copy(client, registry)
		_ = client.Close()
	}))
	ts.Defer(proxy.Close)
	ts.Setenv("REGISTRY", "example.com") // the name in the certificate of httptest
	ts.Setenv("HTTPS_PROXY", proxy.URL)
	ts.Check(os.WriteFile(ts.MkAbs("ca.pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o666))
}

func cmdSpoil(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 2, "spoil REPOSITORY:TAG PART")
	found, _ := registries.Load(ts.Getenv("REGISTRY"))
	g := found.(*regtest.Registry)
	repository, tag, _ := strings.Cut(args[0], ":")
	var m ocispec.Manifest
	ts.Check(json.Unmarshal(g.Manifest(repository, tag), &m))
	for _, l := range m.Layers {
		if l.Annotations["vnd.usmtpkg.part"] == args[1] {
			b := bytes.Clone(g.Blob(repository, l.Digest.String()))
			b[len(b)/2] ^= 1
			g.PutBlob(repository, l.Digest.String(), b)
			return
		}
	}
	ts.Fatalf("no layer %s in %s", args[1], args[0])
}
