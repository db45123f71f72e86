package main

import (
	"fmt"
	"io"

	"usmtpkg/cmd/usmtpkg/report"
	"usmtpkg/locate"
	"usmtpkg/locate/finding"
	"usmtpkg/locate/pe"
	"usmtpkg/locate/tree"
	"usmtpkg/stage"
)

// A checker joins the validator of locate to the checker of stage.
type checker struct {
	v      *locate.Validator
	strict bool
	want   pe.Version     // that the source had when it was prechecked
	report *locate.Report // after Finish
}

// firstLook returns a checker for what is copied, which finds all that one reading shows. Signatures, and
// what catalogs and MSIs say, are left to c.
func firstLook(c *checker, lo locate.Options) (*checker, error) {
	lo.Signatures, lo.Catalogs, lo.CatalogsUnread, lo.MSIs, lo.Cabinets, lo.Policy.RequireProof = nil, nil, nil, nil, nil, false
	v, err := locate.NewValidator(lo)
	return &checker{v: v, strict: c.strict, want: c.want}, err
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
	return fmt.Errorf("checking the copy: %w: USMT %s, and %s when it was found", tree.ErrChanged, report.VersionText(c.report.Version), report.VersionText(c.want))
}

// validation is what was found, as a release records it.
func (c *checker) validation() stage.Validation {
	checks := report.ChecksOf(c.report, locate.Catalogs{})
	v := stage.Validation{
		Rules: locate.RulesVersion, Strict: c.strict, NotChecked: checks.NotChecked, Inventory: checks.Inventories(), Proofs: checks.Proofs, MSIs: []stage.MSI{},
		Findings: stage.FindingCounts{
			Error: c.report.Count(finding.SeverityError), Warning: c.report.Count(finding.SeverityWarning), Info: c.report.Count(finding.SeverityInfo),
		},
	}
	for _, m := range c.report.MSIs {
		if m.Files > 0 {
			v.MSIs = append(v.MSIs, stage.MSI{Name: m.Name, SHA256: m.SHA256, Signer: m.Signature.Signer, SignedAt: m.Signature.Time.UTC(), Files: m.Files})
		}
	}
	return v
}

// catalogs are the catalogs that vouch for files, as a release keeps them.
func (c *checker) catalogs() []stage.Catalog {
	var list []stage.Catalog
	for _, u := range c.report.Catalogs {
		list = append(list, stage.Catalog{Name: u.File, Signer: u.Signature.Signer, SignedAt: u.Signature.Time.UTC(), Files: u.Files, Content: u.Raw})
	}
	return list
}

// proof is what vouches for a file, as a release records it.
func (c *checker) proof(path string) (proof, voucher string) {
	v := c.report.ProofOf(path)
	return string(v.Proof), v.By
}

// evidence is what tells the version of the source. What could not be read is left out; locate reports it.
func evidence(c locate.Candidate) []stage.Evidence {
	list := []stage.Evidence{}
	for _, e := range c.Evidence {
		if e.Value != "" {
			list = append(list, stage.Evidence{Kind: e.Kind, Value: e.Value, Where: e.Where})
		}
	}
	return list
}
