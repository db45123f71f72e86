package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"sync"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/rogpeppe/go-internal/testscript"

	"usmtpkg/stage/registry/regtest"
)

// registries are those of the scripts, by host and port.
var registries sync.Map

func cmdRegistry(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) < 2, "registry [USER:PASSWORD]")
	g := regtest.New()
	g.Referrers = true
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
