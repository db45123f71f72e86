package stage

import (
	"fmt"
	"maps"
	"slices"

	"usmtpkg/locate/finding"
)

const (
	sampleOrigin       = "sample kit" // the source of a sample
	firstJudgedVersion = 4            // earlier records have no proofs
)

// badJudgement returns what in the head of a record no run can have written, or "".
// No time is one: clocks are wrong.
func (r Release) badJudgement() string {
	if r.Version < firstJudgedVersion {
		return ""
	}
	v := r.Validation
	switch {
	case r.Source.Path == sampleOrigin && !r.Sample:
		return "sample false, wanted true: its source is the sample kit"
	case v != nil && v.Rules == "":
		return "validation.rules is empty, wanted the version of the rules"
	case v != nil && v.Findings.Error != 0:
		return fmt.Sprintf("validation.findings.error %d, wanted 0: a release with errors is not published", v.Findings.Error)
	}
	return ""
}

// badCounts returns where the validation of a record contradicts its list of files, or "".
func (c *recordCheck) badCounts(rec Release) string {
	v := rec.Validation
	if rec.Version < firstJudgedVersion || v == nil {
		return ""
	}
	switch {
	case !maps.Equal(v.Signatures, c.signatures):
		return fmt.Sprintf("validation.signatures %v, wanted those of its list, %v", v.Signatures, c.signatures)
	case !maps.Equal(v.Proofs, c.proofs):
		return fmt.Sprintf("validation.proofs %v, wanted those of its list, %v", v.Proofs, c.proofs)
	case c.proofs[finding.NameOnly] > 0 && !slices.Contains(v.NotChecked, finding.ContentNotChecked):
		return fmt.Sprintf("validation.not_checked %q, wanted %q in it: %d files are %s", v.NotChecked, finding.ContentNotChecked, c.proofs[finding.NameOnly], finding.NameOnly)
	}
	return ""
}

// count counts the verdict and the proof of a file.
func (c *recordCheck) count(f InventoryFile) {
	if f.Signature != "" {
		c.signatures[f.Signature]++
	}
	if f.Proof != "" {
		c.proofs[f.Proof]++
	}
}
