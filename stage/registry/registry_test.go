package registry_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"usmtpkg/stage/archive"
	"usmtpkg/stage/registry"
	"usmtpkg/stage/registry/regtest"
)

// start serves a registry and opens the repository usmt in it.
func start(t *testing.T, g *regtest.Registry, name string, o registry.Options) *registry.Repository {
	t.Helper()
	host, stop := g.Start()
	t.Cleanup(stop)
	return open(t, host+"/"+name, o)
}

func open(t *testing.T, name string, o registry.Options) *registry.Repository {
	t.Helper()
	ref, err := registry.ParseReference(name)
	if err != nil {
		t.Fatal(err)
	}
	o.PlainHTTP = true
	r, err := registry.Open(ref, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// impatient does not wait for a registry that is away.
var impatient = registry.Options{Patience: time.Millisecond}

func content(seed uint64, size int) []byte {
	b := make([]byte, size)
	r := rand.NewChaCha8([32]byte{byte(seed)})
	_, _ = r.Read(b)
	return b
}

// artifact has these parts, named tags, amd64, x86 and so on, of one file each.
func artifact(parts ...[]byte) registry.Artifact {
	config := `{"release":"r"}`
	a := registry.Artifact{Config: "config", Annotations: map[string]string{"a": "b"}}
	for i, b := range parts {
		name := []string{registry.Tags, "amd64", "x86", "arm64"}[i]
		a.Parts = append(a.Parts, registry.Part{Name: name, Files: []archive.File{{Name: name + "/file", Size: int64(len(b)), Copy: func(w io.Writer) error {
			_, err := w.Write(b)
			return err
		}}}})
	}
	if len(parts) > 0 {
		a.Parts[0].Files = append(a.Parts[0].Files, archive.File{Name: "config", Size: int64(len(config)), Copy: func(w io.Writer) error {
			_, err := io.WriteString(w, config)
			return err
		}})
	}
	return a
}

func push(t *testing.T, r *registry.Repository, a registry.Artifact) registry.Pushed {
	t.Helper()
	var err error
	if a.Before, err = r.Tagged(t.Context()); err != nil {
		t.Fatal(err)
	}
	done, err := r.Push(t.Context(), a, false)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// fetch returns the file of a layer.
func fetch(t *testing.T, r *registry.Repository, l registry.Layer) (b []byte, err error) {
	t.Helper()
	err = r.Deliver(t.Context(), []registry.Layer{l}, archive.Limits{Files: 10, Bytes: 1 << 20}, func(name string, _ int64, in io.Reader) (err error) {
		if name != "config" {
			b, err = io.ReadAll(in)
		}
		return err
	})
	return b, err
}

// wantKind fails the test unless err is of that kind and says all of these.
func wantKind(t *testing.T, err error, kind registry.Kind, says ...string) {
	t.Helper()
	var e *registry.Error
	if !errors.As(err, &e) || e.Kind != kind {
		t.Fatalf("error %v (%T), want kind %d", err, err, kind)
	}
	for _, s := range says {
		if !strings.Contains(e.Error()+" "+e.Hint(), s) {
			t.Errorf("error %q with hint %q lacks %q", e, e.Hint(), s)
		}
	}
}

// sizes is how many bytes layers have that were sent.
func sizes(layers []registry.Transfer) (n int64) {
	for _, l := range layers {
		if l.How == registry.Sent {
			n += l.Size
		}
	}
	return n
}

// configSize is that of the config of an artifact.
const configSize = 15

func TestPushAndFetch(t *testing.T) {
	g := regtest.New()
	r := start(t, g, "osd/usmt:current", registry.Options{})
	parts := [][]byte{content(1, 1000), content(2, 300_000), content(3, 70_000)}
	first := push(t, r, artifact(parts...))
	if received, _ := g.Traffic(); received != sizes(first.Layers)+configSize || received < 371_000 || first.Sent != received {
		t.Errorf("received %d bytes, %d reported", received, first.Sent)
	}
	m, err := r.Resolve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if m.Digest != first.Digest || len(m.Layers) != 3 {
		t.Errorf("resolved to %+v, pushed %+v", m, first)
	}
	for i, l := range m.Layers {
		if b, err := fetch(t, r, l); err != nil || !bytes.Equal(b, parts[i]) {
			t.Errorf("layer %s: %d bytes, %v", l.Part, len(b), err)
		}
	}
	if b, err := r.ReadConfig(t.Context(), m); err != nil || string(b) != `{"release":"r"}` {
		t.Errorf("config %q, %v", b, err)
	}

	// Again: nothing is sent.
	if again := push(t, r, artifact(parts...)); !again.Existing || again.Digest != first.Digest || again.Sent != 0 {
		t.Errorf("pushed again: %+v", again)
	}
	g.Traffic()
	// One arch is another: only that is sent.
	parts[2] = content(4, 80_000)
	second := push(t, r, artifact(parts...))
	if received, _ := g.Traffic(); received != second.Layers[2].Size || second.Sent != received {
		t.Errorf("%d bytes received for a changed arch of %d, %d reported", received, second.Layers[2].Size, second.Sent)
	}
	if second.Existing || second.Digest == first.Digest {
		t.Errorf("pushed %+v after %+v", second, first)
	}
	// What the tag was at is still there by its digest.
	byDigest := open(t, r.Reference.At(first.Digest), registry.Options{})
	if m, err := byDigest.Resolve(t.Context()); err != nil || m.Digest != first.Digest {
		t.Errorf("resolved %s to %s, %v", byDigest.Reference, m.Digest, err)
	}
}

func TestPushMounts(t *testing.T) {
	for _, able := range []bool{true, false} {
		g := regtest.New()
		g.NoMount = !able
		r := start(t, g, "first:a", registry.Options{})
		a := artifact(content(1, 100), content(2, 1000))
		push(t, r, a)
		g.Traffic()
		a.MountFrom = "first"
		done := push(t, open(t, r.Reference.Host()+"/second:a", registry.Options{}), a)
		how := registry.Mounted
		if !able {
			how = registry.Sent
		}
		if done.Layers[0].How != how || done.Layers[1].How != how {
			t.Errorf("able %v: layers %+v, want them %s", able, done.Layers, how)
		}
		if received, _ := g.Traffic(); received != sizes(done.Layers)+configSize || done.Sent != received {
			t.Errorf("able %v: received %d bytes, %d reported", able, received, done.Sent)
		}
	}
}

func TestPushDryRun(t *testing.T) {
	g := regtest.New()
	r := start(t, g, "usmt:a", registry.Options{})
	a := artifact(content(1, 100), content(2, 1000))
	dry, err := r.Push(t.Context(), a, true)
	if err != nil || dry.Layers[0].How != registry.Missing {
		t.Fatalf("%+v, %v", dry, err)
	}
	for _, q := range g.Requests() {
		if !strings.HasPrefix(q, "HEAD ") {
			t.Errorf("a dry run asked for %s", q)
		}
	}
	if done := push(t, r, a); done.Digest != dry.Digest {
		t.Errorf("pushed %s, dry run said %s", done.Digest, dry.Digest)
	}
}
