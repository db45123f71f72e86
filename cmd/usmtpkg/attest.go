package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"usmtpkg/cmd/usmtpkg/report"
	"usmtpkg/stage"
	"usmtpkg/stage/attest"
)

type attestOptions struct {
	reopenOptions
	key          string
	passwordFile string
}

func newAttestCmd(p *program) *cobra.Command {
	var o attestOptions
	cmd := &cobra.Command{
		Use:   "attest [RELEASE]",
		Short: "Write a statement about what a release is and how it was checked, and sign it",
		Long: `attest verifies RELEASE, or the active release, and writes an in-toto statement about it into the
library: the digest of the release, the SHA-256 of each file, and the result of the validation it was
published with. With --key it signs the statement with a minisign secret key (minisign -G makes one).
Then verify --attestation --public-key can check later, on any machine, that the release is what the
holder of the key vouched for.

Without a key the statement shows integrity only: nobody vouches for it. The password of an
encrypted key comes from --password-file or the terminal.`,
		Example: `  usmtpkg attest --library D:\Sources\OSD\USMT --key D:\Keys\usmt.key
  usmtpkg attest 10.0.26100.1-3f9a1c2b7d04 --library /srv/usmt --key usmt.key --password-file /run/secrets/usmt`,
		Args: atMostOne,
		RunE: p.runs(func(ctx context.Context, args []string) (report.Document, error) { return p.attest(ctx, o, args) }),
	}
	f := cmd.Flags()
	f.StringVar(&o.key, "key", "", "`FILE` sign with this minisign secret key")
	f.StringVar(&o.passwordFile, "password-file", "", "`FILE` the password of the key is the one line of this file (default: ask)")
	heading(f, "Signature")
	o.add(f)
	return cmd
}

// predicate is what an attestation says of a release; docs/formats.md describes it.
type predicate struct {
	Release    string             `json:"release"`
	USMT       string             `json:"usmt_version"`
	Arches     []string           `json:"arches"`
	Source     stage.Origin       `json:"source"`
	Evidence   []stage.Evidence   `json:"evidence"`
	Tool       string             `json:"tool"`
	Created    time.Time          `json:"created"`
	Verify     stage.VerifyRecord `json:"verify"`
	FileCount  int                `json:"file_count"`
	Bytes      int64              `json:"bytes"`
	Validation *stage.Validation  `json:"validation"`
}

func (p *program) attest(ctx context.Context, o attestOptions, args []string) (report.Document, error) {
	if err := o.library.need(); err != nil {
		return nil, err
	}
	if o.key == "" && o.passwordFile != "" {
		return nil, &usageError{msg: "--password-file needs --key"}
	}
	lib, err := stage.Open(o.library.dir)
	if err != nil {
		return nil, err
	}
	rel, err := p.soundRelease(ctx, lib, args, o.workers, notAttested)
	if err != nil {
		return nil, err
	}
	doc := &report.Attest{
		Head: report.NewHead("attest"), DryRun: o.dryRun, Release: rel.Name, Digest: rel.Digest,
		Dir: lib.AttestationDir(rel.Name), Assurance: report.IntegrityOnly,
		Elsewhere: elsewhere(lib, rel),
	}
	var key *attest.Key // nobody waits for a verification to learn that the password was wrong
	if o.key != "" {
		k, err := p.readSigningKey(ctx, o)
		if err != nil {
			return nil, err
		}
		key, doc.Key, doc.Assurance = &k, k.ID().String(), report.Authentic
	}
	// Nothing is attested that is not known to be so now.
	rep, err := p.verifyWhole(ctx, lib, rel.Name, notAttested, stage.VerifyOptions{Workers: o.workers, Sums: true})
	if err != nil {
		return nil, err
	}
	doc.Compared = report.NewComparison(report.AgainstManifest, rep)
	files, err := attestationFiles(rel, rep.Sums, key)
	if err != nil {
		return nil, err
	}
	doc.Files = slices.Sorted(maps.Keys(files))
	if doc.Written, err = p.putAttestation(ctx, o, lib, rel.Name, files); err != nil {
		return nil, err
	}
	return doc, nil
}

// statementFile names the statement about a release.
func statementFile(release string) string { return release + ".intoto.json" }

// attestationFiles makes the statement about a release, and its signature if there is a key.
func attestationFiles(rel stage.Release, sums stage.Sums, key *attest.Key) (map[string][]byte, error) {
	about, err := json.Marshal(predicate{
		Release: rel.Name, USMT: rel.USMTVersion, Arches: rel.Arches, Source: rel.Source, Evidence: rel.Evidence,
		Tool: rel.Tool, Created: rel.Created, Verify: rel.Verify, FileCount: rel.FileCount, Bytes: rel.Bytes, Validation: rel.Validation,
	})
	if err != nil {
		return nil, err
	}
	st := attest.Statement{Predicate: about}
	for _, s := range sums.Subjects() {
		st.Subjects = append(st.Subjects, attest.Subject{Name: s.Path, SHA256: s.SHA256})
	}
	var b bytes.Buffer
	if err := attest.Write(&b, st); err != nil {
		return nil, fmt.Errorf("writing the statement about %s: %w", rel.Name, err)
	}
	files := map[string][]byte{statementFile(rel.Name): b.Bytes()}
	if key != nil {
		sig, err := key.Sign(b.Bytes(), "usmtpkg attestation of "+rel.Name)
		if err != nil {
			return nil, err
		}
		files[statementFile(rel.Name)+attest.SignatureSuffix] = sig
	}
	return files, nil
}

// putAttestation writes the files that are not there, or lists them.
func (p *program) putAttestation(ctx context.Context, o attestOptions, lib *stage.Library, release string, files map[string][]byte) ([]string, error) {
	written, err := lib.StaleAttestation(release, files)
	if err != nil || len(written) == 0 {
		return written, err
	}
	sig := filepath.Join(lib.AttestationDir(release), statementFile(release)+attest.SignatureSuffix)
	if _, err := os.Lstat(sig); len(files) == 1 && !errors.Is(err, fs.ErrNotExist) {
		return nil, &usageError{
			msg:  "the attestation of " + release + " that is there is signed, and says something else",
			hint: "give --key to sign it again, or move " + sig + " away",
		}
	}
	if o.dryRun {
		return written, errors.Join(stage.CheckWritable("opening the library", lib.Dir()),
			stage.CheckWritable("writing the attestation of "+release, lib.AttestationDir(release)))
	}
	err = p.withWriter(ctx, o.library, p.writerOptions(), func(w *stage.Writer) (err error) {
		written, err = w.Attest(ctx, release, files)
		return err
	})
	return written, err
}
