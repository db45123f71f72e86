package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"

	"github.com/spf13/cobra"

	"usmtpkg/cmd/usmtpkg/report"
	"usmtpkg/stage"
	"usmtpkg/stage/archive"
	"usmtpkg/stage/attest"
	"usmtpkg/stage/registry"
)

type pullOptions struct {
	library  libraryFlags
	registry registryFlags
	arrivalFlags
}

func newPullCmd(p *program) *cobra.Command {
	var o pullOptions
	cmd := &cobra.Command{
		Use:   "pull REF",
		Short: "Pull a release from an OCI registry into the library",
		Long: `pull fetches the release that REF names, HOST/REPOSITORY@sha256:… or HOST/REPOSITORY:TAG, and publishes it
in the library. Nothing is trusted because it comes from the registry: what was fetched must be what the
digests say, and is written into a staging folder, flushed, read back, compared with the manifests of
the release and checked by all rules, as "usmtpkg unpack" does. Then it is published by one rename.

A digest names exactly one release. A tag can be moved: pull prints what it came to, and --lock writes
that into a file, for usmtpkg pull "$(cat FILE)" on other machines.

With --public-key, an attestation with a signature of that key must be attached to the release, or be
named with --attestation: without one, or if the release is not what it says, nothing is published,
and the exit status is 5. The attestation is kept in the library.

Arch folders that a release of the library has are not fetched again. Neither a definition is written nor
the release activated: that is for usmtpkg define and activate.`,
		Example: `  usmtpkg pull registry.contoso.com/osd/usmt:current --library D:\Sources\OSD\USMT --public-key usmt.pub --lock usmt.lock
  usmtpkg pull "$(cat usmt.lock)" --library /srv/usmt                          # sh
  usmtpkg pull (Get-Content usmt.lock) --library D:\Sources\OSD\USMT           # PowerShell`,
		Args: exactly(1, "pull needs a reference to a registry, such as: usmtpkg pull registry.contoso.com/osd/usmt:current"),
		RunE: p.runs(func(ctx context.Context, args []string) (report.Document, error) { return p.pull(ctx, o, args[0]) }),
	}
	f := cmd.Flags()
	o.registry.add(f)
	o.library.add(f)
	o.add(f)
	return cmd
}

func (p *program) pull(ctx context.Context, o pullOptions, text string) (report.Document, error) {
	ref, err := registry.ParseReference(text)
	if err != nil {
		return nil, err
	}
	if ref.Tag == "" && ref.Digest == "" {
		return nil, &usageError{msg: text + " names a repository, and no release in it", hint: "add :TAG or @sha256:…"}
	}
	a, err := p.newArrival(o.library, o.arrivalFlags, nil)
	if err != nil {
		return nil, err
	}
	repo, err := p.repository(ctx, o.registry, ref, o.workers, nil)
	if err != nil {
		return nil, err
	}
	m, err := repo.Resolve(ctx)
	if err != nil {
		return nil, &unpublishedError{err}
	}
	x := &pulling{repo: repo, manifest: m, library: stage.At(o.library.dir), name: ref.At(m.Digest)}
	if a.att, err = x.attestation(ctx, o.attested); err != nil {
		return nil, &unpublishedError{err}
	}
	doc := a.document("pull")
	deliver := func(put archive.Each) error { return x.deliver(ctx, put) }
	err = a.receive(ctx, doc, x.name, deliver)
	if damaged, ok := errors.AsType[*stage.ReuseError](err); ok {
		x.library, x.notes = nil, []string{damaged.Error() + "; the arch folders were fetched instead"}
		err = a.receive(ctx, doc, x.name, deliver)
	}
	if err != nil {
		return nil, err
	}
	if doc.Notes = append(doc.Notes, x.notes...); p.output.format == report.FormatText {
		p.console().Note(x.notes...)
	}
	doc.Registry = &report.Pulled{Reference: text, Pinned: x.name, Layers: report.LayersOf(x.layers)}
	if err := p.keepAttestation(ctx, o.library, doc, x.found); err != nil {
		return nil, err
	}
	if doc.Registry.Lock, err = o.registry.writeLock(x.name, false); err != nil {
		return nil, err
	}
	return doc, nil
}

// A pulling is one release on its way from a registry.
type pulling struct {
	repo     *registry.Repository
	manifest registry.Manifest
	library  *stage.Library // that may have arch folders of the release; nil: it is not asked
	name     string         // by its digest

	found  *registry.Attestation // that counts; nil: none of the registry was asked for
	layers []registry.Transfer
	notes  []string

	rows bytes.Buffer // the manifest of the bag
	sum  string       // of the record
}

// attestation finds the attestation that is demanded; nil if none is.
func (x *pulling) attestation(ctx context.Context, o attestedFlags) (*attestation, error) {
	if o.file != "" || o.publicKey == "" {
		return o.read(false)
	}
	k, err := readPublicKey(o.publicKey)
	if err != nil {
		return nil, err
	}
	list, err := x.repo.Attestations(ctx, x.manifest, attest.MaxStatement, attest.MaxSignature)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, &attestationError{"of " + x.name, "there is none: the release is not signed"}
	}
	for i := range list {
		att, err := parseAttestation("attached to "+x.name, list[i].Statement, list[i].Signature, &k)
		if err == nil {
			x.found = &list[i]
			return att, nil
		}
		if i == len(list)-1 {
			return nil, err
		}
	}
	return nil, nil //nolint:nilnil // the loop returns
}

// deliver puts the files of the release: first the tag files, which say what else there is; then the arch
// folders, from a release of the library that has the same, or from the registry.
func (x *pulling) deliver(ctx context.Context, put archive.Each) error {
	x.layers = nil
	x.rows.Reset()
	if err := x.fetch(ctx, x.manifest.Layers[:1], x.noting(put)); err != nil {
		return err
	}
	if x.sum != x.manifest.Config.Digest {
		return &stage.FormatError{File: x.name, Reason: "its config is not the " + recordFile + " among its tag files"}
	}
	var missing []registry.Layer
	for _, l := range x.manifest.Layers[1:] {
		found := false
		if x.library != nil {
			var err error
			if found, err = x.library.Reuse(ctx, x.rows.Bytes(), l.Part, put); err != nil {
				return err
			}
		}
		if found {
			x.layers = append(x.layers, registry.Transfer{Layer: l, How: registry.Local})
		} else {
			missing = append(missing, l)
		}
	}
	return x.fetch(ctx, missing, put)
}

func (x *pulling) fetch(ctx context.Context, layers []registry.Layer, put archive.Each) error {
	for _, l := range layers {
		x.layers = append(x.layers, registry.Transfer{Layer: l, How: registry.Fetched})
	}
	return x.repo.Deliver(ctx, layers, stage.Received, put)
}

// The list of the payload, and what of it is kept in memory, in bytes; that of 20,000 files has 2 MB.
const (
	manifestFile = "manifest-sha256.txt"
	maxRows      = 64 << 20
)

// noting notes what the tag files say that is needed to fetch the others.
func (x *pulling) noting(put archive.Each) archive.Each {
	return func(name string, size int64, r io.Reader) error {
		switch name {
		case manifestFile:
			if size <= maxRows {
				r = io.TeeReader(r, &x.rows)
			}
		case recordFile:
			sum := sha256.New()
			err := put(name, size, io.TeeReader(r, sum))
			x.sum = "sha256:" + hex.EncodeToString(sum.Sum(nil))
			return err
		}
		return put(name, size, r)
	}
}

// keepAttestation keeps the attestation of a release that was pulled.
func (p *program) keepAttestation(ctx context.Context, library libraryFlags, doc *report.Unpack, a *registry.Attestation) error {
	if a == nil {
		return nil
	}
	name := statementFile(doc.Release)
	files := map[string][]byte{name: a.Statement, name + attest.SignatureSuffix: a.Signature}
	return p.withWriter(ctx, library, p.writerOptions(), func(w *stage.Writer) error {
		_, err := w.Attest(ctx, doc.Release, files)
		return err
	})
}
