package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"usmtpkg/stage"
	"usmtpkg/stage/attest"
)

type attestOptions struct {
	key          string
	passwordFile string
	file         string // of verify
	publicKey    string // of verify
}

func newAttestCmd(env environment, o *options) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "attest [RELEASE]",
		Short: "State what a release holds and how it was judged, and sign that",
		Long: `attest verifies RELEASE, or the active release, and then writes an in-toto statement about
it into the library: the digest of the release, the SHA-256 of each file, and the result
of the validation it was published with. With --key it signs the statement with a minisign
secret key (minisign -G makes one), so that verify --attestation --public-key can tell
later, on any machine, that the release is what the key's holder vouched for.

Without a key the statement shows integrity only: nobody vouches for it. The password of
an encrypted key comes from --password-file or the terminal.`,
		Example: `  usmtpkg attest --library D:\Sources\OSD\USMT --key D:\Keys\usmt.key
  usmtpkg attest 10.0.26100.1-3f9a1c2b7d04 --library /srv/usmt --key usmt.key --password-file /run/secrets/usmt`,
		Args: atMostOne,
		RunE: func(cmd *cobra.Command, a []string) error { return runAttest(cmd.Context(), env, o, a) },
	}
	f := cmd.Flags()
	o.libraryFlag(f)
	o.dryRunFlag(f)
	workersFlag(f, &o.copy.workers, "read")
	f.StringVar(&o.attest.key, "key", "", "sign with this minisign secret key, a file")
	f.StringVar(&o.attest.passwordFile, "password-file", "", "the password of the key is the one line of this file (default: ask)")
	return cmd
}

// What an attestation is worth.
const (
	authentic     = "authentic"
	integrityOnly = "integrity only"
	noAssurance   = "none"
)

type jsonAttest struct {
	Format    string   `json:"format"`
	Version   int      `json:"version"`
	DryRun    bool     `json:"dry_run"`
	Release   string   `json:"release"`
	Digest    string   `json:"digest"`
	Dir       string   `json:"dir"`
	Files     []string `json:"files"`
	Written   []string `json:"written"`
	Assurance string   `json:"assurance"` // "authentic" or "integrity only"
	Key       string   `json:"key,omitempty"`

	compared jsonComparison
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

func runAttest(ctx context.Context, env environment, o *options, a []string) error {
	if err := o.needLibrary(); err != nil {
		return err
	}
	if o.attest.key == "" && o.attest.passwordFile != "" {
		return &usageError{msg: "--password-file needs --key"}
	}
	lib, err := stage.Open(o.library)
	if err != nil {
		return err
	}
	rel, err := soundRelease(ctx, env, o, lib, a, notAttested)
	if err != nil {
		return err
	}
	doc := jsonAttest{
		Format: "usmtpkg attest", Version: 1, DryRun: o.dryRun, Release: rel.Name, Digest: rel.Digest,
		Dir: lib.AttestationDir(rel.Name), Assurance: integrityOnly,
	}
	var key *attest.Key // nobody waits for a verification to learn that the password was wrong
	if o.attest.key != "" {
		k, err := readSigningKey(ctx, env, o)
		if err != nil {
			return err
		}
		key, doc.Key, doc.Assurance = &k, k.ID().String(), authentic
	}
	// Nothing is attested that is not known to be so now.
	rep, err := verifyWhole(ctx, env, o, lib, rel, notAttested, stage.VerifyOptions{Sums: true})
	if err != nil {
		return err
	}
	doc.compared = comparisonDocument("manifest", nil, rep)
	files, err := attestationFiles(rel, rep.Sums, key)
	if err != nil {
		return err
	}
	for name := range files {
		doc.Files = append(doc.Files, name)
	}
	slices.Sort(doc.Files)
	if doc.Written, err = putAttestation(ctx, env, o, lib, rel.Name, files); err != nil {
		return err
	}
	if o.json {
		return printJSON(env.stdout, doc)
	}
	return printAttest(env, o, doc)
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

// putAttestation writes the files that are not there, or tells which they are.
func putAttestation(ctx context.Context, env environment, o *options, lib *stage.Library, release string, files map[string][]byte) (written []string, err error) {
	written, err = lib.StaleAttestation(release, files)
	if err != nil || len(written) == 0 {
		return written, err
	}
	sig := filepath.Join(lib.AttestationDir(release), statementFile(release)+attest.SignatureSuffix)
	if _, err := os.Lstat(sig); len(files) == 1 && !errors.Is(err, fs.ErrNotExist) {
		return nil, &usageError{
			msg:  "the attestation of " + release + " that is there is signed, and says something else",
			hint: "give --key to sign it anew, or move " + sig + " away",
		}
	}
	if o.dryRun {
		return written, errors.Join(stage.CheckWritable("opening the library", lib.Dir()),
			stage.CheckWritable("writing the attestation of "+release, lib.AttestationDir(release)))
	}
	w, err := stage.OpenWriter(ctx, o.library, stage.WriterOptions{Protected: protectedFolders(env), Now: env.now})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	printNotes(env, o, w)
	return w.Attest(ctx, release, files)
}

func printAttest(env environment, o *options, d jsonAttest) error {
	if o.quiet {
		return printName(env, d.Release)
	}
	what := "unchanged: exactly this attestation is there, nothing was written"
	if len(d.Written) > 0 {
		what = "written: " + strings.Join(d.Written, ", ")
		if o.dryRun {
			what = "would be " + what
		}
	}
	worth := integrityOnly + ": not signed here, so nobody vouches for it"
	if d.Key != "" {
		worth = authentic + ": signed by key " + d.Key
	}
	_, err := printf(env.stdout, "%srelease      %s\n             equal to its manifests: %s\nattestation  %s\n             %s\nassurance    %s\n",
		dryRunMark(o), d.Release, counts(d.compared), d.Dir, what, worth)
	return err
}
