package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"usmtpkg/cmd/usmtpkg/report"
	"usmtpkg/locate/tree"
	"usmtpkg/stage"
	"usmtpkg/stage/archive"
	"usmtpkg/stage/attest"
	"usmtpkg/stage/registry"
)

type pushOptions struct {
	reopenOptions
	registry  registryFlags
	mountFrom string
}

func newPushCmd(p *program) *cobra.Command {
	var o pushOptions
	cmd := &cobra.Command{
		Use:   "push [RELEASE] REF",
		Short: "Push a release to an OCI registry",
		Long: `push verifies RELEASE, or the active release, and sends it to an OCI registry, such as Harbor,
Artifactory, ACR or ECR, as the artifact that REF names: HOST/REPOSITORY:TAG. Without a tag, the tag is
the name of the release. It prints the digest, by which usmtpkg pull gets exactly this release on any
machine; a tag can be moved.

Each arch folder is one layer. Layers that the repository has are not sent again, so a release with one
changed arch sends that arch alone. --mount-from names another repository of the same registry that may
have them. A signed attestation of the release is attached.

The login is that of docker login or oras login; --username replaces it. Proxies are those of the
environment (HTTPS_PROXY, NO_PROXY). A registry that is away or overloaded is tried again for 30 seconds;
then the exit status is 9, and the next push goes on where this one ended.`,
		Example: `  usmtpkg push --library D:\Sources\OSD\USMT registry.contoso.com/osd/usmt:current --lock usmt.lock
  usmtpkg push 10.0.26100.1-3f9a1c2b7d04 registry.contoso.com/osd/usmt --library /srv/usmt --username ci --password-file /run/secrets/registry`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 || len(args) == 2 {
				return nil
			}
			return badCall(cmd, "push needs a reference to a registry, and before it the name of a release unless that is the active one")
		},
		RunE: p.runs(func(ctx context.Context, args []string) (report.Document, error) { return p.push(ctx, o, args) }),
	}
	f := cmd.Flags()
	o.registry.add(f)
	f.StringVar(&o.mountFrom, "mount-from", "", "`REPOSITORY` take layers from this repository of the registry if it has them")
	heading(f, "Registry")
	o.add(f)
	return cmd
}

func (p *program) push(ctx context.Context, o pushOptions, args []string) (report.Document, error) {
	if err := o.library.need(); err != nil {
		return nil, err
	}
	release, ref, err := pushArguments(args)
	if err != nil {
		return nil, err
	}
	lib, err := stage.Open(o.library.dir)
	if err != nil {
		return nil, err
	}
	rel, err := p.soundRelease(ctx, lib, release, o.workers, notPushed)
	if err != nil {
		return nil, err
	}
	if ref.Tag == "" {
		ref = ref.WithTag(rel.Name)
	}
	att, err := signedAttestation(lib, rel)
	if err != nil {
		return nil, err
	}
	raiseMemory()
	bar := p.newProgress()
	defer bar.stop()
	repo, err := p.repository(ctx, o.registry, ref, o.workers, bar)
	if err != nil {
		return nil, err
	}
	before, err := repo.Tagged(ctx)
	if err != nil {
		return nil, err
	}
	doc := &report.Push{Head: report.NewHead("push"), DryRun: o.dryRun, Release: rel.Name, Digest: rel.Digest, Contents: report.ContentsOf(rel), Reference: ref.String()}
	_, err = stage.Pack(ctx, lib.ReleaseDir(rel.Name), stage.PackOptions{Predict: predictHash, Progress: bar}, func(files []archive.File) error {
		a := artifact(rel, files)
		a.Before, a.MountFrom = before, o.mountFrom
		done, err := repo.Push(ctx, a, o.dryRun)
		if doc.Pinned, doc.Unchanged = ref.At(done.Digest), done.Existing; before != "" && !done.Existing {
			doc.Before = ref.At(before)
		}
		doc.Layers, doc.Sent = report.LayersOf(done.Layers), done.Sent
		if err == nil && att != nil {
			err = attach(ctx, repo, done.Digest, att, doc)
		}
		return err
	})
	if err != nil {
		return nil, explainPush(err)
	}
	bar.stop()
	if doc.Lock, err = o.registry.writeLock(doc.Pinned, o.dryRun); err != nil {
		return nil, err
	}
	return doc, nil
}

// recordFile is the record of a release.
const recordFile = "release.json"

const notPushed = "which is therefore not pushed"

// explainPush gives advice for a release that is damaged.
func explainPush(err error) error {
	if !is[*stage.MismatchError](err) {
		return err
	}
	return &advisedError{err: fmt.Errorf("%w, %s", err, notPushed), hint: "do not use this release: move its folder out of the library, and stage it again from its source"}
}

// pushArguments are RELEASE, if it is given, and REF.
func pushArguments(args []string) (release []string, ref registry.Reference, err error) {
	ref, err = registry.ParseReference(args[len(args)-1])
	if err == nil && ref.Digest != "" {
		err = &usageError{msg: args[len(args)-1] + " has a digest, and push comes to one", hint: "name it as HOST/REPOSITORY:TAG"}
	}
	return args[:len(args)-1], ref, err
}

// artifact is a release as a registry keeps it: one layer with the tag files, and one for each arch folder.
func artifact(rel stage.Release, files []archive.File) registry.Artifact {
	a := registry.Artifact{Config: recordFile, Annotations: map[string]string{
		"org.opencontainers.image.title":   rel.Name,
		"org.opencontainers.image.version": rel.USMTVersion,
		"org.opencontainers.image.created": rel.Created.UTC().Format(time.RFC3339),
		"vnd.usmtpkg.arches":               strings.Join(rel.Arches, ","),
		"vnd.usmtpkg.digest":               rel.Digest,
	}}
	if rel.ContentHash != nil {
		a.Annotations["vnd.usmtpkg.content-hash"] = rel.ContentHash.Value
	}
	parts := map[string]int{}
	for _, f := range files {
		name := partOf(f.Name)
		i, known := parts[name]
		if !known {
			i = len(a.Parts)
			parts[name] = i
			a.Parts = append(a.Parts, registry.Part{Name: name})
		}
		a.Parts[i].Files = append(a.Parts[i].Files, f)
	}
	return a
}

// partOf is the part of a release that a file is in: that of its arch folder, or of the tag files.
func partOf(name string) string {
	payload, below := strings.CutPrefix(name, "data/")
	if !below {
		return registry.Tags
	}
	arch, _, _ := strings.Cut(payload, "/")
	return strings.ToLower(arch)
}

// signedAttestation is the attestation of a release in the library, if there is a signed one.
func signedAttestation(lib *stage.Library, rel stage.Release) (*attestation, error) {
	file := filepath.Join(lib.AttestationDir(rel.Name), statementFile(rel.Name))
	if _, err := os.Lstat(file + attest.SignatureSuffix); errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // there is none, which is not an error
	}
	att, err := attestedFlags{file: file}.read(false)
	if err != nil {
		return nil, err
	}
	if !att.signed {
		return nil, &attestationError{file, "its signature cannot be read"}
	}
	return att, att.isOf(lib.ReleaseDir(rel.Name))
}

// attach puts an attestation beside the release in the registry.
func attach(ctx context.Context, repo *registry.Repository, digest string, att *attestation, doc *report.Push) error {
	doc.Attestation = &report.Attached{Key: att.key.String()}
	if doc.DryRun {
		return nil
	}
	statement, err := tree.ReadFile(att.file, attest.MaxStatement)
	if err != nil {
		return err
	}
	signature, err := tree.ReadFile(att.file+attest.SignatureSuffix, attest.MaxSignature)
	if err != nil {
		return err
	}
	at, err := repo.Attach(ctx, digest, registry.Attestation{Name: filepath.Base(att.file), Statement: statement, Signature: signature})
	doc.Attestation.Pinned = repo.Reference.At(at)
	return err
}
