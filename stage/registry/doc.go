// Package registry keeps releases in an OCI registry: it pushes the parts of
// one, and fetches them again.
//
// A release is an OCI 1.1 image manifest of the artifact type
// application/vnd.usmtpkg.release.v1. Its config is release.json; its layers
// are tar+zstd: one with the tag files, and one for each arch folder, so that
// an arch that did not change is stored and sent once. A signed attestation is
// a second manifest whose subject is the first.
//
// Rules:
//   - A tag is resolved once; everything else is asked for by digest, and
//     compared with it. Nothing is trusted because of the registry it is in.
//   - What a registry sends is bounded: manifests by their size, layers by the
//     size in the manifest.
//   - Only what can be repeated is: requests that read, those that the registry
//     answered with 429 or 503 because it did not carry them out, and the upload
//     of something named by its digest, from its beginning. A layer that was cut
//     off is fetched on from there. All of it ends after Options.Patience.
//   - Credentials go to the registry that they are for, over TLS; without TLS
//     only to this machine.
//
// The package does not know what a release is: it takes and delivers files. It
// deletes nothing in a registry.
//
// Sources: https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md and
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md.
package registry
