package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/gzip"
)

// Media types of https://github.com/opencontainers/image-spec, version 1.1.
const (
	mediaIndex    = "application/vnd.oci.image.index.v1+json"
	mediaManifest = "application/vnd.oci.image.manifest.v1+json"
	mediaConfig   = "application/vnd.oci.image.config.v1+json"
	mediaLayer    = "application/vnd.oci.image.layer.v1.tar+gzip"
)

// A descriptor names a blob.
type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int               `json:"size"`
	Platform    map[string]string `json:"platform,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// An ociLayout is an image layout that is being made: https://github.com/opencontainers/image-spec/blob/v1.1.0/image-layout.md.
type ociLayout struct {
	dir   string
	files []packed
}

// image makes a container image for the Linux targets, as one archive that podman, skopeo and others load.
// It has the program and nothing else, and runs as nobody.
func (d *dist) image(context.Context) error {
	im := &ociLayout{dir: filepath.Join(d.tmp, "image")}
	if err := os.MkdirAll(im.dir, 0o777); err != nil {
		return err
	}
	var manifests []descriptor
	for _, t := range d.wanted() {
		if t.os != "linux" {
			continue
		}
		m, err := d.imageFor(im, t)
		if err != nil {
			return err
		}
		manifests = append(manifests, m)
	}
	if manifests == nil {
		return nil
	}
	index, err := im.addJSON(mediaIndex, map[string]any{"schemaVersion": 2, "mediaType": mediaIndex, "manifests": manifests})
	if err != nil {
		return err
	}
	index.Annotations = map[string]string{"org.opencontainers.image.ref.name": d.version}
	top := map[string]any{"schemaVersion": 2, "mediaType": mediaIndex, "manifests": []descriptor{index}}
	for name, content := range map[string]any{"index.json": top, "oci-layout": map[string]string{"imageLayoutVersion": "1.0.0"}} {
		if err := im.write(name, name, mustJSON(content)); err != nil {
			return err
		}
	}
	out, err := os.Create(d.file("_image.tar"))
	if err != nil {
		return err
	}
	sortByName(im.files)
	if err := d.tarOf(out, im.files); err != nil {
		return err
	}
	return out.Close()
}

// imageFor adds the image of one target.
func (d *dist) imageFor(im *ociLayout, t target) (descriptor, error) {
	var layer, packedLayer bytes.Buffer
	if err := d.tarOf(&layer, []packed{{"usmtpkg", d.programs[t], 0o755}}); err != nil {
		return descriptor{}, err
	}
	gz, err := gzip.NewWriterLevel(&packedLayer, gzip.BestCompression)
	if err != nil {
		return descriptor{}, err
	}
	if _, err := gz.Write(layer.Bytes()); err != nil {
		return descriptor{}, err
	}
	if err := gz.Close(); err != nil {
		return descriptor{}, err
	}
	blob, err := im.add(mediaLayer, packedLayer.Bytes())
	if err != nil {
		return descriptor{}, err
	}
	config, err := im.addJSON(mediaConfig, map[string]any{
		"created": d.time, "architecture": t.arch, "os": t.os,
		"config": map[string]any{
			"User": "65532:65532", "Entrypoint": []string{"/usmtpkg"}, "WorkingDir": "/",
			"Labels": map[string]string{"org.opencontainers.image.title": "usmtpkg", "org.opencontainers.image.version": d.version, "org.opencontainers.image.licenses": "Apache-2.0"},
		},
		"rootfs":  map[string]any{"type": "layers", "diff_ids": []string{digestOf(layer.Bytes())}},
		"history": []any{map[string]any{"created": d.time, "created_by": "usmtpkg, testdata/dist"}},
	})
	if err != nil {
		return descriptor{}, err
	}
	m, err := im.addJSON(mediaManifest, map[string]any{"schemaVersion": 2, "mediaType": mediaManifest, "config": config, "layers": []descriptor{blob}})
	m.Platform = map[string]string{"os": t.os, "architecture": t.arch}
	return m, err
}

func (im *ociLayout) addJSON(media string, content any) (descriptor, error) {
	return im.add(media, mustJSON(content))
}

// add adds a blob.
func (im *ociLayout) add(media string, data []byte) (descriptor, error) {
	digest := digestOf(data)
	sum := strings.TrimPrefix(digest, "sha256:")
	return descriptor{MediaType: media, Digest: digest, Size: len(data)}, im.write("blobs/sha256/"+sum, sum, data)
}

// write adds a file to the layout.
func (im *ociLayout) write(name, as string, data []byte) error {
	from := filepath.Join(im.dir, as)
	im.files = append(im.files, packed{name, from, 0o644})
	return os.WriteFile(from, data, 0o666)
}

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// mustJSON writes what is made here, which JSON has a form for.
func mustJSON(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return data
}
