package registry

import (
	"net"
	"net/netip"
	"strings"

	"github.com/opencontainers/go-digest"
	"oras.land/oras-go/v2/registry"
)

// A Reference names something in a registry: HOST/REPOSITORY, and a tag or a digest.
type Reference struct {
	parsed registry.Reference
	Tag    string // empty if there is none
	Digest string // sha256:…; empty if there is none
}

// ParseReference reads HOST/REPOSITORY, with :TAG, @sha256:… or both behind it.
func ParseReference(s string) (Reference, error) {
	const form = "name it as HOST/REPOSITORY:TAG or HOST/REPOSITORY@sha256:…, such as registry.contoso.com/osd/usmt:current"
	ref, err := registry.ParseReference(s)
	if err != nil {
		reason := "is not a reference to a registry"
		if strings.Contains(s, "://") {
			reason = "a reference has no " + s[:strings.Index(s, "://")+3]
		}
		return Reference{}, &ReferenceError{s, reason, form}
	}
	r := Reference{parsed: ref}
	if d, err := digest.Parse(ref.Reference); err == nil {
		if d.Algorithm() != digest.SHA256 {
			return Reference{}, &ReferenceError{s, "a digest is SHA-256: sha256: and 64 hex digits", form}
		}
		r.Digest = ref.Reference
	} else {
		r.Tag = ref.Reference
	}
	return r, nil
}

// Host is the host, with a port if one is given.
func (r Reference) Host() string { return r.parsed.Registry }

// Name is the reference without tag and digest.
func (r Reference) Name() string { return r.parsed.Registry + "/" + r.parsed.Repository }

func (r Reference) String() string { return r.parsed.String() }

// WithTag is the reference with that tag.
func (r Reference) WithTag(tag string) Reference {
	r.Tag, r.Digest, r.parsed.Reference = tag, "", tag
	return r
}

// At is the name of what has that digest in the repository.
func (r Reference) At(digest string) string { return r.Name() + "@" + digest }

// onThisMachine reports whether the registry is on this machine, by its name.
func (r Reference) onThisMachine() bool {
	host := r.parsed.Registry
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && addr.IsLoopback() || strings.EqualFold(host, "localhost")
}
