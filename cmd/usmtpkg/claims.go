package main

import (
	"fmt"

	"usmtpkg/cmd/usmtpkg/report"
	"usmtpkg/locate"
	"usmtpkg/locate/finding"
	"usmtpkg/locate/pe"
	"usmtpkg/stage"
)

// lies are the claims in the record of a release that contradict what was found in its files: more valid
// signatures, or more files that a signature or a catalog proves. Both are in the release, so whoever checks it
// has to find them again.
func lies(rec stage.Release, found report.Checks) []stage.FileResult {
	v := rec.Validation
	if v == nil {
		return nil
	}
	var bad []stage.FileResult
	differs := func(what, wanted, found string) {
		bad = append(bad, stage.FileResult{Path: "release.json (" + what + ")", Verdict: stage.Changed, Wanted: wanted, Found: found})
	}
	if said, valid := v.Signatures[string(pe.Valid)], found.Signed[string(pe.Valid)]; said > valid {
		differs("validation.signatures", fmt.Sprint(said, " valid"), fmt.Sprint(valid, " valid"))
	}
	if provenBy(v.Proofs, locate.ProofSignature) > provenBy(found.Proofs, locate.ProofSignature) || provenBy(v.Proofs, locate.ProofCatalog) > provenBy(found.Proofs, locate.ProofCatalog) {
		differs("validation.proofs", report.ProvenText(v.Proofs), report.ProvenText(found.Proofs))
	}
	return bad
}

// unconfirmed names the proofs in the record of a release that its files do not show: an MSI or a list, which
// it does not keep.
func unconfirmed(rec stage.Release, found report.Checks) []string {
	if rec.Validation == nil {
		return nil
	}
	n := provenBy(rec.Validation.Proofs, locate.ProofBuiltIn) - provenBy(found.Proofs, locate.ProofBuiltIn)
	if n <= 0 {
		return nil
	}
	return []string{"not confirmed here: by its record, " + report.CountOf(n, "more file was", "more files were") +
		" proven when it was staged, by MSIs or lists that it does not keep; give them with --msi or --inventory"}
}

// provenBy counts the files with this proof or a better one.
func provenBy(counts map[string]int, worst locate.Proof) int {
	n := 0
	for _, p := range locate.Proofs {
		n += counts[string(p)]
		if p == worst {
			break
		}
	}
	return n
}

// elsewhere says that the record of a release was not made in the library that it is in.
func elsewhere(lib *stage.Library, rec stage.Release) []string {
	if rec.Library == lib.ID {
		return nil
	}
	return []string{"staged in another library (" + finding.Printable(rec.Library) + "): source, time, checks and proof are what its record says"}
}
