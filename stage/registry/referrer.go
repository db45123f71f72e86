package registry

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Media types of an attestation.
const (
	attestationType = "application/vnd.in-toto+json"
	signatureType   = "application/vnd.usmtpkg.minisign.v1"
)

// maxReferrers bounds the attestations of a release that are looked at.
const maxReferrers = 64

// An Attestation is a statement about a release, and its minisign signature.
type Attestation struct {
	Name      string // of the file with the statement; the signature's has .minisig behind it
	Statement []byte
	Signature []byte
}

// Attach puts an attestation beside the manifest with that digest, which Push has put there, and returns the
// digest of its own manifest. Doing so again changes nothing.
func (r *Repository) Attach(ctx context.Context, to string, a Attestation) (string, error) {
	doing := "attaching " + a.Name + " to " + r.Reference.At(to)
	subject, err := r.remote.Resolve(ctx, to)
	if err != nil {
		return "", fault(doing, err)
	}
	blob := func(mediaType, title string, b []byte) ocispec.Descriptor {
		d := Blob{digest.FromBytes(b).String(), int64(len(b))}.descriptor(mediaType)
		d.Annotations = map[string]string{ocispec.AnnotationTitle: title}
		return d
	}
	m := ocispec.Manifest{
		ArtifactType: attestationType, Config: ocispec.DescriptorEmptyJSON,
		Layers:  []ocispec.Descriptor{blob(attestationType, a.Name, a.Statement), blob(signatureType, a.Name+".minisig", a.Signature)},
		Subject: &ocispec.Descriptor{MediaType: subject.MediaType, Digest: subject.Digest, Size: subject.Size},
	}
	m.Config.Data = nil // not every registry knows it
	for i, b := range [][]byte{a.Statement, a.Signature} {
		if _, err := r.sendBytes(ctx, m.Layers[i], b); err != nil {
			return "", fault(doing, err)
		}
	}
	if _, err := r.sendBytes(ctx, m.Config, ocispec.DescriptorEmptyJSON.Data); err != nil {
		return "", fault(doing, err)
	}
	d, b, err := encode(m)
	if err != nil {
		return "", err
	}
	return d.Digest.String(), fault(doing, r.sendManifest(ctx, d, b, d.Digest.String()))
}

// Attestations fetches the attestations of a release. Their signatures are the caller's to check.
func (r *Repository) Attestations(ctx context.Context, m Manifest, maxStatement, maxSignature int64) ([]Attestation, error) {
	doing := "looking for attestations of " + r.Reference.At(m.Digest)
	var found []ocispec.Descriptor
	err := r.again(ctx, func(bool) error {
		ctx, _, stop := watched(ctx, r.o.Patience+stall)
		defer stop()
		found = nil
		return r.remote.Referrers(ctx, m.descriptor, attestationType, func(page []ocispec.Descriptor) error {
			found = append(found, page...)
			return nil
		})
	})
	if err != nil {
		return nil, damage(doing, err)
	}
	if len(found) > maxReferrers {
		return nil, invalid(doing, fmt.Sprintf("found %d; the limit is %d", len(found), maxReferrers))
	}
	var list []Attestation
	for _, d := range found {
		a, err := r.attestation(ctx, doing, m, d, maxStatement, maxSignature)
		if err != nil {
			return nil, err
		}
		if a != nil {
			list = append(list, *a)
		}
	}
	return list, nil
}

// attestation fetches one attestation; nil if it is one that usmtpkg did not attach.
func (r *Repository) attestation(ctx context.Context, doing string, of Manifest, d ocispec.Descriptor, maxStatement, maxSignature int64) (*Attestation, error) {
	if d.MediaType != ocispec.MediaTypeImageManifest || badBlob(d, maxManifest) {
		return nil, nil //nolint:nilnil // it is somebody else's
	}
	b, err := r.readReferrer(ctx, d)
	if err != nil {
		return nil, damage(doing, err)
	}
	var m ocispec.Manifest
	if err := json.Unmarshal(b, &m); err != nil {
		return nil, invalid(doing, "the manifest "+d.Digest.String()+" is not valid JSON: "+err.Error())
	}
	if m.Subject == nil || m.Subject.Digest.String() != of.Digest || len(m.Layers) != 2 || m.Layers[0].MediaType != attestationType || m.Layers[1].MediaType != signatureType ||
		badBlob(m.Layers[0], maxStatement) || badBlob(m.Layers[1], maxSignature) {
		return nil, nil //nolint:nilnil // likewise
	}
	var a Attestation
	if a.Statement, err = r.readBlob(ctx, m.Layers[0]); err == nil {
		a.Signature, err = r.readBlob(ctx, m.Layers[1])
	}
	return &a, err
}

func (r *Repository) readReferrer(ctx context.Context, d ocispec.Descriptor) (b []byte, err error) {
	err = r.again(ctx, func(bool) error {
		ctx, _, stop := watched(ctx, r.o.Patience+stall)
		defer stop()
		in, err := r.remote.Manifests().Fetch(ctx, d)
		if err != nil {
			return err
		}
		defer in.Close() //nolint:errcheck // only read
		b, err = readManifest(in, d)
		return err
	})
	return b, err
}
