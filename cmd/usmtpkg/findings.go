package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"

	"github.com/spf13/pflag"

	"usmtpkg/locate"
	"usmtpkg/locate/finding"
	"usmtpkg/locate/inventory"
	"usmtpkg/locate/pe"
	"usmtpkg/locate/tree"
	"usmtpkg/locate/winname"
	"usmtpkg/stage"
)

type policyOptions struct {
	require []string
	allow   []string
	forbid  []string
	strict  bool
	proof   bool

	signatures bool // of verify

	catalogs  string
	msis      []string
	inventory string
	read      []*inventory.Table // see tables
	trust     trustOptions
}

func (o *policyOptions) flags(f *pflag.FlagSet) {
	arches := []string{locate.AMD64, locate.ARM64, locate.X86}
	f.Var(&words{value: &o.require, words: arches}, "require-arch", "arches that must be there: amd64, arm64, x86 (default amd64)")
	f.Var(&words{value: &o.allow, words: arches}, "allow-arch", "arches that may be there (default arm64 and x86)")
	f.Var(&words{value: &o.forbid, words: arches}, "forbid-arch", "arches that must not be there")
	f.BoolVar(&o.strict, "strict", false, "warnings fail as errors do")
	f.BoolVar(&o.proof, "require-proof", false, "fail if the content of any file was not proven: by its signature, a signed catalog or MSI, or a list with its hash")
	o.proofFlags(f)
	f.StringVar(&o.inventory, "inventory", "", "a list of your own of a release's files, asked before those built in (see usmtpkg inventory)")
	o.trust.flags(f)
}

func (o *policyOptions) proofFlags(f *pflag.FlagSet) {
	f.StringVar(&o.catalogs, "catalogs", "", "the folder with the kit's signed catalogs, *.cat (default: the folder Catalogs of the kits root)")
	f.StringSliceVar(&o.msis, "msi", nil, "a signed MSI of the kit, which lists its files; repeat it for each (default: those that Windows Installer keeps of an installed kit)")
}

// validation turns the flags into the options of locate. prefix is the path
// that will stand before the arch folders for ConfigMgr; empty: not known.
func (o *options) validation(env environment, prefix string) (locate.Options, error) {
	lo := locate.Options{
		Policy:  locate.Policy{Require: o.policy.require, Allow: o.policy.allow, Forbid: o.policy.forbid, RequireProof: o.policy.proof},
		Workers: o.copy.workers,
		Prefix:  winname.Units(prefix),
	}
	if err := lo.Policy.Check(); err != nil {
		return lo, &usageError{msg: err.Error(), hint: "see --require-arch, --allow-arch and --forbid-arch"}
	}
	var err error
	if lo.Inventory, err = o.policy.tables(); err != nil {
		return lo, err
	}
	lo.Signatures, err = o.signatures(env)
	return lo, err
}

// precheck looks at the source before anything is copied. If that finds an
// error, the whole check is made, so that the user sees all findings at once.
func precheck(ctx context.Context, env environment, o *options, fsys fs.FS, lo locate.Options) (*locate.Report, error) {
	rep, err := locate.Precheck(ctx, fsys, lo)
	if err != nil {
		return nil, &stage.SourceError{Err: err}
	}
	if rep.Err(o.policy.strict) == nil {
		return rep, nil
	}
	if rep, err = locate.Validate(ctx, fsys, lo); err != nil {
		return nil, &stage.SourceError{Err: err}
	}
	if !o.json {
		printFindings(env.stderr, o, rep.Findings(), finding.SeverityWarning)
	}
	return rep, rep.Err(o.policy.strict)
}

// A checker joins the validator of locate to the checker of stage.
type checker struct {
	v      *locate.Validator
	strict bool
	want   pe.Version     // that the source had when it was prechecked
	report *locate.Report // after Finish
}

func (c *checker) Inspect(path string, r io.ReaderAt, size int64) (stage.Inspection, error) {
	i, err := c.v.Inspect(path, r, size)
	return inspection{i}, err
}

// An inspection joins that of locate to that of stage.
type inspection struct{ *locate.Inspection }

func (i inspection) Facts(sum string) (stage.Facts, error) {
	f, err := i.Inspection.Facts(sum)
	facts := stage.Facts{Machine: f.Machine, FileVersion: f.Version}
	if sig := f.Signature; sig != nil {
		facts.Signature, facts.Signer, facts.SignedAt = string(sig.Verdict), sig.Signer, sig.Time
	}
	return facts, err
}

func (c *checker) Finish() error {
	c.report = c.v.Finish()
	c.v = nil // it knows of every file of the source, and is done
	if err := c.report.Err(c.strict); err != nil || c.report.Version == c.want {
		return err
	}
	return fmt.Errorf("judging the copy: %w: USMT %s, and %s when it was found", tree.ErrChanged, versionText(c.report.Version), versionText(c.want))
}

// validation is the judgement as a release records it.
func (c *checker) validation() stage.Validation {
	return stage.Validation{
		Rules: locate.RulesVersion, Strict: c.strict, NotChecked: notChecked(c.report), Inventory: compared(c.report),
		Findings: stage.FindingCounts{
			Error: c.report.Count(finding.SeverityError), Warning: c.report.Count(finding.SeverityWarning), Info: c.report.Count(finding.SeverityInfo),
		},
		Proofs: proofCounts(c.report), MSIs: msiRecords(c.report),
	}
}

// proof is what vouches for a file, as a release records it.
func (c *checker) proof(path string) (proof, voucher string) {
	v := c.report.ProofOf(path)
	return string(v.Proof), v.By
}

// evidence is what tells the version of the source. What could not be read is
// none; locate reports it.
func evidence(c locate.Candidate) []stage.Evidence {
	list := []stage.Evidence{}
	for _, e := range c.Evidence {
		if e.Value != "" {
			list = append(list, stage.Evidence{Kind: e.Kind, Value: e.Value, Where: e.Where})
		}
	}
	return list
}

// printFindings prints findings of at least the severity given, each with its
// hint, and with its source if verbose; in a full report also where it is a claim of ours.
func printFindings(w io.Writer, o *options, findings []*finding.Error, least finding.Severity) {
	for _, f := range findings {
		if f.Severity < least && !o.verbose {
			continue
		}
		say(w, "%-7s %s\n", f.Severity, f.Error())
		if f.Overlay != "" {
			say(w, "        overlay: %s\n", finding.Printable(f.Overlay))
		}
		if f.Hint != "" {
			say(w, "        hint: %s\n", f.Hint)
		}
		if f.Source != "" && (f.Severity != finding.SeverityError && least == finding.SeverityInfo || o.verbose) {
			say(w, "        source: %s\n", f.Source)
		}
	}
}

type jsonFinding struct {
	Rule     string `json:"rule"`
	Severity string `json:"severity"`
	Path     string `json:"path"`
	Found    string `json:"found"`
	Wanted   string `json:"wanted"`
	Hint     string `json:"hint,omitempty"`
	Source   string `json:"source,omitempty"`
	Detail   string `json:"detail,omitempty"`
	Overlay  string `json:"overlay,omitempty"` // the file of the overlay that it is about
}

func findingDocument(f *finding.Error) jsonFinding {
	d := jsonFinding{
		Rule: f.Rule, Severity: f.Severity.String(), Path: f.Path,
		Found: f.Found, Wanted: f.Wanted, Hint: f.Hint, Source: f.Source, Overlay: f.Overlay,
	}
	if f.Err != nil {
		d.Detail = f.Err.Error()
	}
	return d
}

func findingDocuments(findings []*finding.Error) []jsonFinding {
	docs := make([]jsonFinding, len(findings))
	for i, f := range findings {
		docs[i] = findingDocument(f)
	}
	return docs
}

// verdict sums a report up in words. Extra files are counted there too: a person who reads that there
// are no errors should not miss them.
func verdict(rep *locate.Report) string {
	return countOf(rep.Count(finding.SeverityError), "error", "errors") + ", " + countOf(rep.Count(finding.SeverityWarning), "warning", "warnings") + extraText(rep)
}
