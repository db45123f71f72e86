package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"usmtpkg/cmd/usmtpkg/report"
	"usmtpkg/locate"
	"usmtpkg/locate/pe/wintrust"
	"usmtpkg/stage"
)

type validateOptions struct {
	source  sourceFlags
	policy  policyFlags
	overlay overlayFlags
	workers int
}

func newValidateCmd(p *program) *cobra.Command {
	var o validateOptions
	cmd := &cobra.Command{
		Use:   "validate [DIR]",
		Short: "Check a USMT folder against all rules, and print every finding",
		Long: `validate checks a USMT folder, DIR or the one that --source, --volume or the search of this machine
finds, and prints every finding. Errors keep it from becoming a package; warnings do so only with
--strict. Where the files of its release are known, from --inventory or built in, it finds
those that are lost or altered.

The Authenticode signature of every program is verified offline, under Microsoft's roots and those of
--trust-root; usmtpkg does not ask whether a certificate was revoked. On Windows it also prints
where Windows disagrees. Files without a signature are proven by the kit's signed catalogs
(--catalogs) or MSIs (--msi). Files that nothing proves are counted, and fail with --require-proof.`,
		Example: `  usmtpkg validate "C:\Program Files (x86)\Windows Kits\10"
  usmtpkg validate --source /srv/adk --require-arch amd64,x86 --strict
  usmtpkg validate --source /srv/adk --msi core.msi --msi desktop.msi --require-proof

  usmtpkg validate --source /srv/adk --format sarif > usmt.sarif            # sh
  cmd /c "usmtpkg validate D:\Kits --format sarif > usmt.sarif"             # PowerShell 5.1, whose > writes UTF-16`,
		Args: atMostOne,
		RunE: p.runs(func(ctx context.Context, args []string) (report.Document, error) {
			if len(args) == 1 {
				if o.source.given() {
					return nil, &usageError{msg: "a folder and a source flag are given", hint: "give one of them"}
				}
				o.source.path = args[0]
			}
			return p.validate(ctx, o)
		}),
	}
	f := cmd.Flags()
	o.source.add(f)
	o.policy.add(f)
	o.overlay.add(f)
	workersFlag(f, &o.workers, "read")
	p.output.formatFlag(f, report.Formats)
	return cmd
}

func (p *program) validate(ctx context.Context, o validateOptions) (_ report.Document, err error) {
	lo, err := p.validation(o.policy, o.source.sample, o.workers)
	if err != nil {
		return nil, err
	}
	u, err := p.findUSMT(ctx, o.source)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, u.close()) }()
	if u, err = o.overlay.over(ctx, u, o.policy.forbid); err != nil {
		return nil, err
	}
	lo.Overlay = u.declared()
	catalogs, err := o.policy.lists.read(ctx, &lo, u.Candidate)
	if err != nil {
		return nil, err
	}
	rep, err := locate.Validate(ctx, u.fsys, lo)
	if err != nil {
		return nil, &stage.SourceError{Err: err}
	}
	doc := report.NewValidate(u.Candidate, rep, catalogs, o.policy.strict)
	doc.Overlay = u.record()
	if lo.Signatures != nil && u.dir != "" {
		secondOpinions(u, doc.Programs)
	}
	return doc, marked(rep.Err(o.policy.strict))
}

// secondOpinions asks Windows about the programs of a source, where it is there to be
// asked. Its answer is beside ours and changes nothing.
func secondOpinions(u usmt, programs []report.Program) {
	for i := range programs {
		p := &programs[i]
		v, err := wintrust.Judge(u.fileOf(p.Path))
		switch {
		case errors.Is(err, errors.ErrUnsupported):
			return
		case err != nil:
			p.Windows = "not known: " + err.Error()
		default:
			p.Windows, p.Trusted = v.String(), v.Trusted
		}
	}
}
