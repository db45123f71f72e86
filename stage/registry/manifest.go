package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"
)

// Media types.
const (
	ReleaseType = "application/vnd.usmtpkg.release.v1"
	configType  = "application/vnd.usmtpkg.release.config.v1+json"
	layerType   = "application/vnd.usmtpkg.release.layer.v1.tar+zstd"
)

// partKey is the annotation of a layer with the name of its part.
const partKey = "vnd.usmtpkg.part"

// Tags is the name of the part with the tag files. The others have the names of arch folders.
const Tags = "tags"

// Bounds of what a registry sends.
const (
	maxManifest = 4 << 20  // bytes, as registries have it
	maxConfig   = 64 << 20 // bytes; release.json of 20,000 files has 5 MiB
	maxLayers   = 16
	maxPages    = 16 // of a list of referrers
)

var partName = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z_.-]{0,63}$`)

// A Manifest is the manifest of a release.
type Manifest struct {
	Digest string
	Config Blob // release.json
	Layers []Layer

	descriptor ocispec.Descriptor
}

// A Blob is content by its digest.
type Blob struct {
	Digest string
	Size   int64
}

// A Layer is a part of a release as it is stored.
type Layer struct {
	Part string
	Blob
}

func (b Blob) descriptor(mediaType string) ocispec.Descriptor {
	return ocispec.Descriptor{MediaType: mediaType, Digest: digest.Digest(b.Digest), Size: b.Size}
}

// encode writes an image manifest. The same manifest always gives the same bytes.
func encode(m ocispec.Manifest) (ocispec.Descriptor, []byte, error) {
	m.Versioned, m.MediaType = specs.Versioned{SchemaVersion: 2}, ocispec.MediaTypeImageManifest
	b, err := json.Marshal(m)
	if err != nil {
		return ocispec.Descriptor{}, nil, err
	}
	d := content.NewDescriptorFromBytes(m.MediaType, b)
	d.ArtifactType = m.ArtifactType
	return d, b, nil
}

// releaseManifest is the manifest of a release with these layers.
func releaseManifest(config Blob, layers []Layer, annotations map[string]string) (ocispec.Descriptor, []byte, error) {
	m := ocispec.Manifest{ArtifactType: ReleaseType, Config: config.descriptor(configType), Annotations: annotations}
	for _, l := range layers {
		d := l.descriptor(layerType)
		d.Annotations = map[string]string{ocispec.AnnotationTitle: l.Part + ".tar.zst", partKey: l.Part}
		m.Layers = append(m.Layers, d)
	}
	return encode(m)
}

// Resolve reads the manifest of the release that the repository's reference names. A tag is
// asked for once.
func (r *Repository) Resolve(ctx context.Context) (Manifest, error) {
	doing := "reading " + r.Reference.String()
	ctx, _, stop := watched(ctx, r.o.Patience+stall)
	defer stop()
	d, in, err := r.remote.FetchReference(ctx, r.Reference.parsed.Reference)
	if err != nil {
		return Manifest{}, damage(doing, err)
	}
	defer in.Close() //nolint:errcheck // only read
	b, err := readManifest(in, d)
	if err != nil {
		return Manifest{}, damage(doing, err)
	}
	return parseManifest(doing, d, b)
}

// readManifest reads a manifest, which is what its digest says.
func readManifest(in io.Reader, d ocispec.Descriptor) ([]byte, error) {
	if d.Size > maxManifest {
		return nil, &Error{Kind: Invalid, Doing: "reading " + d.Digest.String(), Err: fmt.Errorf("a manifest of %d bytes; the limit is %d", d.Size, maxManifest)}
	}
	return content.ReadAll(in, d)
}

// parseManifest reads the manifest of a release strictly as far as it is used; other keys are for others.
func parseManifest(doing string, d ocispec.Descriptor, b []byte) (Manifest, error) {
	var m ocispec.Manifest
	bad := func(format string, args ...any) (Manifest, error) {
		return Manifest{}, invalid(doing, fmt.Sprintf(format, args...))
	}
	if d.MediaType != ocispec.MediaTypeImageManifest {
		return bad("it is %.100q, not the manifest of a release", d.MediaType)
	}
	if err := json.NewDecoder(bytes.NewReader(b)).Decode(&m); err != nil {
		return bad("its manifest is not valid JSON: %v", err)
	}
	switch {
	case m.ArtifactType != ReleaseType:
		return bad("it is not a release of usmtpkg: its artifact type is %.100q, and that of a release is %s", m.ArtifactType, ReleaseType)
	case m.Config.MediaType != configType || badBlob(m.Config, maxConfig):
		return bad("its config is not a release.json of at most %d bytes with a SHA-256 digest", maxConfig)
	case len(m.Layers) < 2 || len(m.Layers) > maxLayers:
		return bad("it has %d layers; a release has 2 to %d", len(m.Layers), maxLayers)
	}
	result := Manifest{Digest: d.Digest.String(), Config: Blob{m.Config.Digest.String(), m.Config.Size}, descriptor: d}
	seen := map[string]bool{}
	for i, l := range m.Layers {
		part := l.Annotations[partKey]
		switch {
		case l.MediaType != layerType || badBlob(l, 1<<62):
			return bad("layer %d is not %s with a SHA-256 digest", i, layerType)
		case !partName.MatchString(part) || seen[strings.ToLower(part)]:
			return bad("layer %d: part %.80q is not a name, or a name that another layer has", i, part)
		case (part == Tags) != (i == 0):
			return bad("layer %d is the part %q; the tag files are the first, and only the first", i, part)
		}
		seen[strings.ToLower(part)] = true
		result.Layers = append(result.Layers, Layer{part, Blob{l.Digest.String(), l.Size}})
	}
	return result, nil
}

// badBlob reports whether a descriptor is not one of a blob that can be fetched.
func badBlob(d ocispec.Descriptor, limit int64) bool {
	return d.Digest.Validate() != nil || d.Digest.Algorithm() != digest.SHA256 || d.Size <= 0 || d.Size > limit
}
