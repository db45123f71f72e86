package main

import (
	"fmt"
	"strings"

	"usmtpkg/locate"
)

// contentNotChecked is the entry of not_checked for files whose content nothing vouches for.
const contentNotChecked = "file-content"

// proofCounts counts the files by what vouches for their content.
func proofCounts(rep *locate.Report) map[string]int {
	n := make(map[string]int)
	for proof, count := range rep.CountProofs() {
		n[string(proof)] = count
	}
	return n
}

// unproven lists the files that nothing vouches for; never nil.
func unproven(rep *locate.Report) []string { return append([]string{}, rep.Unproven()...) }

// proofWords are the proofs as text output names them.
var proofWords = map[locate.Proof]string{
	locate.ProofOverlay:   "by your overlay",
	locate.ProofSignature: "by their own signature",
	locate.ProofCatalog:   "by signed catalogs",
	locate.ProofMSI:       "by signed MSIs",
	locate.ProofSite:      "by your inventory",
	locate.ProofBuiltIn:   "by built-in lists",
}

// proofText says in one line what vouches for the content of the files.
func proofText(rep *locate.Report) string {
	counts := rep.CountProofs()
	var proven []string
	for _, p := range locate.Proofs {
		if n := counts[p]; n > 0 && p != locate.ProofNone {
			proven = append(proven, fmt.Sprintf("%d %s", n, proofWords[p]))
		}
	}
	var parts []string
	if len(proven) > 0 {
		parts = append(parts, "proven: "+strings.Join(proven, ", "))
	}
	if n := counts[locate.ProofNone]; n > 0 {
		parts = append(parts, "NOT proven: "+countOf(n, "file", "files"))
	}
	return strings.Join(parts, "; ")
}

// contentSkipped is the check of content that was not made in an arch folder.
func contentSkipped(unproven []string, dir string) []skippedCheck {
	n := 0
	for _, name := range unproven {
		if strings.HasPrefix(name, dir+"/") {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	return []skippedCheck{{contentNotChecked, fmt.Sprintf("was not checked for %s, which nothing vouches for", countOf(n, "file", "files"))}}
}
