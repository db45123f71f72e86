package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"usmtpkg/locate"
	"usmtpkg/locate/finding"
	"usmtpkg/stage"
)

func newValidateCmd(env environment, o *options) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "validate [DIR]",
		Short: "Check a USMT folder against all rules, and print every finding",
		Long: `validate checks a USMT folder, DIR or the one that --source, --volume or the search of this
machine gives, and prints every finding: errors keep it from becoming a package, warnings
fail only with --strict. Of releases whose files are known, from --inventory or
built in, it finds what is lost or altered. The Authenticode signature of every program is
verified offline, under Microsoft's roots and those of --trust-root; whether a certificate
was revoked is not asked. Files without a signature are proven by the kit's signed catalogs
(--catalogs) or MSIs (--msi); those that nothing proves are counted, and fail with
--require-proof. On Windows, what Windows says of a signature stands beside that.`,
		Example: `  usmtpkg validate "C:\Program Files (x86)\Windows Kits\10"
  usmtpkg validate --source /srv/adk --require-arch amd64,x86 --strict
  usmtpkg validate --source /srv/adk --msi core.msi --msi desktop.msi --require-proof
  usmtpkg validate --source /srv/adk --format sarif > usmt.sarif`,
		Args: atMostOne,
		RunE: func(cmd *cobra.Command, a []string) error {
			if len(a) == 1 {
				if o.source.given() {
					return &usageError{msg: "a folder and a source flag are given", hint: "give one of them"}
				}
				o.source.path = a[0]
			}
			return runValidate(cmd.Context(), env, o)
		},
	}
	o.source.flags(cmd.Flags())
	o.policy.flags(cmd.Flags())
	o.overlay.flags(cmd.Flags())
	workersFlag(cmd.Flags(), &o.copy.workers, "read")
	o.formatFlag(cmd.Flags())
	return cmd
}

type jsonValidate struct {
	Format   string         `json:"format"`
	Version  int            `json:"version"`
	Source   jsonOrigin     `json:"source"`
	USMT     string         `json:"usmt_version"`
	Arches   []string       `json:"arches"`
	Files    int            `json:"files"`
	Bytes    int64          `json:"bytes"`
	Valid    bool           `json:"valid"`
	Strict   bool           `json:"strict"`
	Unlooked []string       `json:"not_checked"`
	Compared []jsonCompared `json:"compared"`
	Signed   map[string]int `json:"signatures"`
	Proofs   map[string]int `json:"proofs"`
	Unproven []string       `json:"unproven"`
	Catalogs jsonCatalogs   `json:"catalogs"`
	MSIs     []jsonMSI      `json:"msis"`
	Programs []jsonProgram  `json:"programs"`
	Findings []jsonFinding  `json:"findings"`

	Overlay []stage.OverlayFile `json:"overlay,omitempty"`
}

type jsonOrigin struct {
	Path string `json:"path"`
	How  string `json:"how"`
}

func runValidate(ctx context.Context, env environment, o *options) (err error) {
	lo, err := o.validation(env, "")
	if err != nil {
		return err
	}
	u, err := findUSMT(ctx, env, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, u.close()) }()
	if u, err = overlaid(ctx, o, u); err != nil {
		return err
	}
	lo.Overlay = u.declared()
	if err := o.withLists(ctx, &lo, &u); err != nil {
		return err
	}
	rep, err := locate.Validate(ctx, u.fsys, lo)
	if err != nil {
		return &stage.SourceError{Err: err}
	}
	bad := rep.Err(o.policy.strict)
	programs := programDocuments(rep)
	if lo.Signatures != nil && u.dir != "" {
		secondOpinions(u, programs)
	}
	if o.format != formatText {
		d := jsonValidate{
			Format: "usmtpkg validate", Version: 1, Source: jsonOrigin{u.Path, u.How}, USMT: u.Version.String(), Arches: u.Arches,
			Files: rep.Files, Bytes: rep.Bytes, Valid: bad == nil, Strict: o.policy.strict, Unlooked: notChecked(rep), Compared: comparedDocuments(rep), Signed: signatureCounts(rep), Proofs: proofCounts(rep), Unproven: unproven(rep), Catalogs: catalogDocument(u.catalogs, rep), MSIs: msiDocuments(rep), Programs: programs, Findings: findingDocuments(rep.Findings()),
			Overlay: u.record(),
		}
		j := func() judgement { return validateJudgement(d, rep, exitStatus(marked(bad))) }
		return errors.Join(printDocument(env, o, d, j), marked(bad))
	}
	printFindings(env.stdout, o, rep.Findings(), finding.SeverityInfo)
	for _, line := range disagreements(programs) {
		say(env.stdout, "%s\n", line)
	}
	if len(u.overlay) > 0 {
		if _, err := printf(env.stdout, "overlay: %s\n", overlayText(u.record())); err != nil {
			return err
		}
	}
	if o.verbose {
		for _, name := range unproven(rep) {
			if _, err := printf(env.stdout, "by name only: %s\n", finding.Printable(name)); err != nil {
				return err
			}
		}
	}
	_, err = printf(env.stdout, "%s: USMT %s (%s), %s, %s: %s; %s; %s\ncontent: %s\n",
		u.Path, versionText(rep.Version), archText(u.Arches), countOf(rep.Files, "file", "files"), size(rep.Bytes), verdict(rep), inventoryText(rep), signatureText(rep), proofText(rep)+catalogText(u.catalogs, rep)+msiText(rep))
	return errors.Join(err, marked(bad))
}

// marked marks the error of findings that are printed already.
func marked(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", errFindings, err)
}
