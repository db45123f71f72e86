package main

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"usmtpkg/locate"
	"usmtpkg/locate/catalog"
	"usmtpkg/locate/finding"
	"usmtpkg/locate/tree"
	"usmtpkg/stage"
)

// againstSignatures is the comparison of a release with what its publisher signed.
const againstSignatures = "signatures"

// notProven is the verdict on a file that nothing vouches for, where that was demanded.
const notProven stage.Verdict = "unproven"

// provenanceFlags are those of verify.
func (o *policyOptions) provenanceFlags(f *pflag.FlagSet) {
	f.BoolVar(&o.signatures, "signatures", false, "prove the files by their signatures and by the catalogs kept in the release")
	f.BoolVar(&o.proof, "require-proof", false, "with --signatures: a file that nothing proves is a difference")
	o.proofFlags(f)
	o.trust.flags(f)
}

// checkProvenance refuses flags that would do nothing.
func (o *policyOptions) checkProvenance(f *pflag.FlagSet) error {
	for _, name := range []string{"require-proof", "catalogs", "msi", "trust-root"} {
		if f.Changed(name) && !o.signatures {
			return &usageError{msg: "--" + name + " needs --signatures", hint: "usmtpkg verify --signatures --" + name + " …"}
		}
	}
	return nil
}

// A provenance proves the files of a release by their signatures, by the catalogs that are kept with
// them and by the MSIs given, and by nothing that usmtpkg knows or recorded.
type provenance struct {
	*checker
	found   locate.Catalogs
	overlay map[string]bool // what the release records as the site's own files
	notes   []string
}

// newProvenance gets ready to prove the release in dir, while it is read.
func newProvenance(ctx context.Context, env environment, o *options, dir string) (*provenance, error) {
	rec, err := stage.RecordIn(dir)
	if err != nil && !is[*stage.FormatError](err) && !errors.Is(err, fs.ErrNotExist) { // of those the verification tells
		return nil, err
	}
	p := &provenance{overlay: make(map[string]bool)}
	lo := locate.Options{Workers: o.copy.workers}
	if lo.Signatures, err = o.policy.trust.verifier(env.now); err != nil {
		return nil, err
	}
	kept, err := keptIn(ctx, lo, dir)
	if err != nil {
		return nil, err
	}
	if err := o.withLists(ctx, &lo, &usmt{}); err != nil { // of no kit: those that are given
		return nil, err
	}
	kept = mergeCatalogs(kept, lo.Catalogs)
	p.found, lo.Catalogs = locate.Catalogs{Set: kept, Path: dir}, kept
	p.notes = msiNotes(rec, lo.MSIs)
	p.notes = append(p.notes, overlayNotes(rec.Overlay)...)
	for _, f := range rec.Overlay {
		p.overlay[f.Path] = true
		lo.Overlay = append(lo.Overlay, locate.Declared{Path: f.Path, From: f.From, Size: f.Size, SHA256: f.SHA256, Replace: true})
	}
	v, err := locate.NewValidator(lo)
	p.checker = &checker{v: v}
	return p, err
}

// overlayNotes names the files that only the record, which nobody signed, calls the site's own.
func overlayNotes(files []stage.OverlayFile) []string {
	if len(files) == 0 {
		return nil
	}
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = f.Path
	}
	return []string{"files that Microsoft did not sign: they are from your overlay, according to the record of the release; check that they are yours: " +
		finding.Printable(strings.Join(names, ", "))}
}

func notRelease(dir string) error {
	return &usageError{msg: "--signatures needs a release, and " + dir + " is not one", hint: "to check any other USMT folder: usmtpkg validate " + dir}
}

// keptIn reads the catalogs that a release keeps.
func keptIn(ctx context.Context, lo locate.Options, dir string) (*catalog.Set, error) {
	root, err := tree.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close() //nolint:errcheck // only read
	return catalog.ReadFS(ctx, lo.Signatures, tree.FS(root))
}

// signatureRules are the rules whose findings say that a file is not its publisher's.
var signatureRules = []string{"signature-tampered", "signature-untrusted", "signature-expired", "catalog-differs", "catalog-refused", "msi-differs", "pe-hidden",
	"program-misnamed"}

// missingRules are those that say that a file of USMT is not there.
var missingRules = []string{"core-missing", "manifests-missing", "msi-missing"}

// compared is the comparison of the files that were read with what was signed.
func (p *provenance) compared(require bool) jsonComparison {
	rep := p.v.Finish()
	var files []stage.FileResult
	bad := make(map[string]bool)
	for _, f := range rep.Findings() {
		verdict := stage.Changed
		if slices.Contains(missingRules, f.Rule) {
			verdict = stage.Missing
		} else if !slices.Contains(signatureRules, f.Rule) {
			continue
		}
		if !bad[f.File] {
			bad[f.File] = true
			files = append(files, stage.FileResult{Path: payloadPath(f.File), Verdict: verdict, Found: f.Rule + ": " + f.Found, Want: f.Wanted})
		}
	}
	c := jsonComparison{Against: againstSignatures, Proofs: proofCounts(rep), Unproven: unproven(rep), Notes: p.notes}
	for _, f := range rep.Proven {
		switch {
		case bad[f.Path] || f.Proof == locate.ProofOverlay:
		case f.Proof != locate.ProofNone:
			files = append(files, stage.FileResult{Path: payloadPath(f.Path), Verdict: stage.Same})
		case require:
			files = append(files, stage.FileResult{Path: payloadPath(f.Path), Verdict: notProven, Found: "no signature, catalog or MSI that proves it", Want: "one of them"})
		}
	}
	slices.SortStableFunc(files, func(a, b stage.FileResult) int { return strings.Compare(a.Path, b.Path) })
	if len(c.Unproven) > 0 && !require {
		c.NotChecked = []string{contentNotChecked}
	}
	rest := comparisonDocument(againstSignatures, nil, stage.Report{Files: files})
	c.Equal, c.Counts, c.Files = rest.Equal, rest.Counts, rest.Files
	c.provenText = proofText(rep)
	return c
}

// payloadPath is the path of a payload file in its release. A catalog lies beside the payload.
func payloadPath(name string) string {
	if !strings.Contains(name, "/") {
		return name
	}
	return path.Join("data", name)
}

// signedText is what the comparison with signatures says besides its files.
func (c jsonComparison) signedText() ourText {
	if c.Against != againstSignatures {
		return ""
	}
	return textf("content: %s\n", c.provenText)
}
