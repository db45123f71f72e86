package report

import (
	"fmt"
	"strings"

	"usmtpkg/stage/registry"
)

// Push is the document of push.
type Push struct {
	Head
	DryRun  bool   `json:"dry_run"`
	Release string `json:"release"`
	Digest  string `json:"digest"`
	Contents
	Reference   string    `json:"reference"` // with the tag
	Pinned      string    `json:"pinned"`    // with the digest of the manifest
	Unchanged   bool      `json:"unchanged"` // all of it was there
	Before      string    `json:"tag_before,omitempty"`
	Layers      []Layer   `json:"layers"`
	Sent        int64     `json:"sent"` // bytes
	Attestation *Attached `json:"attestation,omitempty"`
	Lock        string    `json:"lock,omitempty"` // the file
}

// Pulled says where a release was pulled from.
type Pulled struct {
	Reference string  `json:"reference"` // as it was named
	Pinned    string  `json:"pinned"`    // with the digest of the manifest
	Layers    []Layer `json:"layers"`
	Lock      string  `json:"lock,omitempty"` // the file
}

func (t *printer) pulled(d *Pulled) {
	t.printf("pulled from  %s\n", d.Reference)
	if d.Reference != d.Pinned {
		t.printf("             which is %s\n", d.Pinned)
	}
	t.printf("layers       %s\n", layersText(d.Layers))
	if d.Lock != "" {
		t.printf("written      %s\n", d.Lock)
	}
}

// A Layer is one part of a release in a registry.
type Layer struct {
	Part   string       `json:"part"`
	Digest string       `json:"digest"`
	Bytes  int64        `json:"bytes"`
	How    registry.How `json:"how"`
}

// Attached says which attestation is beside a release in a registry.
type Attached struct {
	Pinned string `json:"pinned"` // empty in a dry run
	Key    string `json:"key"`    // that claims to have signed it
}

// LayersOf lists layers.
func LayersOf(list []registry.Transfer) []Layer {
	layers := make([]Layer, len(list))
	for i, t := range list {
		layers[i] = Layer{t.Part, t.Digest, t.Size, t.How}
	}
	return layers
}

func (d *Push) text(t *printer) {
	if t.Quiet {
		t.printf("%s\n", d.Pinned)
		return
	}
	t.dryRun(d.DryRun)
	t.printf("release      %s\n             USMT %s (%s), %s\n", d.Release, d.USMT, d.arches(), d.files())
	t.printf("pushed to    %s\n", d.Reference)
	if d.Before != "" {
		t.printf("             the tag was at %s\n", d.Before)
	}
	t.printf("digest       %s\n", d.Pinned)
	t.printf("layers       %s\n", layersText(d.Layers))
	if d.Unchanged {
		t.printf("sent         nothing: all of it was there\n")
	} else if !d.DryRun {
		t.printf("sent         %s\n", Size(d.Sent))
	}
	if a := d.Attestation; a != nil {
		t.printf("attestation  signed with key %s, attached\n", a.Key)
	} else {
		t.printf("attestation  none: usmtpkg attest --key signs one, then push again\n")
	}
	if d.Lock != "" {
		t.printf("written      %s\n", d.Lock)
	}
}

// layersText says what became of the layers.
func layersText(layers []Layer) string {
	var list []string
	for _, w := range []struct {
		how   registry.How
		words string
	}{
		{registry.Sent, "sent"}, {registry.Fetched, "fetched"}, {registry.Mounted, "taken from the other repository"}, {registry.There, "there already"},
		{registry.Local, "taken from the library"}, {registry.Missing, "to be sent"},
	} {
		var parts []string
		var size int64
		for _, l := range layers {
			if l.How == w.how {
				parts, size = append(parts, l.Part), size+l.Bytes
			}
		}
		if len(parts) > 0 {
			list = append(list, fmt.Sprintf("%s: %s (%s)", w.words, strings.Join(parts, ", "), Size(size)))
		}
	}
	return strings.Join(list, "; ")
}
