package main

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"usmtpkg/cmd/usmtpkg/report"
	"usmtpkg/locate"
	"usmtpkg/locate/catalog"
	"usmtpkg/locate/finding"
	"usmtpkg/locate/tree"
	"usmtpkg/stage"
)

// provenanceFlags say that a release is proven, and by what.
type provenanceFlags struct {
	signatures bool
	require    bool
	lists      listFlags
	trust      trustFlags
}

func (o *provenanceFlags) add(f *pflag.FlagSet) {
	f.BoolVar(&o.signatures, "signatures", false, "prove the files by their signatures and by the catalogs kept in the release")
	f.BoolVar(&o.require, "require-proof", false, "with --signatures: a file that nothing proves is a difference")
	o.lists.add(f)
	o.trust.add(f)
}

// check refuses flags that would do nothing.
func (o *provenanceFlags) check(f *pflag.FlagSet) error {
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
	require bool
	notes   []string
}

// newProvenance gets ready to prove the release in dir, while it is read.
func (p *program) newProvenance(ctx context.Context, o provenanceFlags, dir string, workers int) (*provenance, error) {
	rec, err := stage.RecordIn(dir)
	if err != nil && !is[*stage.FormatError](err) && !errors.Is(err, fs.ErrNotExist) { // of those the verification tells
		return nil, err
	}
	lo := locate.Options{Workers: workers}
	if lo.Signatures, err = o.trust.verifier(p.now); err != nil {
		return nil, err
	}
	kept, err := keptIn(ctx, lo, dir)
	if err != nil {
		return nil, err
	}
	if _, err := o.lists.read(ctx, &lo, locate.Candidate{}); err != nil { // of no kit: those that are given
		return nil, err
	}
	lo.Catalogs = mergeCatalogs(kept, lo.Catalogs)
	lo.Overlay = recordedOverlay(rec, true)
	v, err := locate.NewValidator(lo)
	return &provenance{checker: &checker{v: v}, require: o.require, notes: append(msiNotes(rec, lo.MSIs), overlayNotes(rec.Overlay)...)}, err
}

// recordedOverlay is the overlay of a release as the validator is told of it. With replace, a file may replace
// one of USMT even if the record does not say so.
func recordedOverlay(rec stage.Release, replace bool) (list []locate.Declared) {
	for _, f := range rec.Overlay {
		list = append(list, locate.Declared{Path: f.Path, From: f.From, Size: f.Size, SHA256: f.SHA256, Replace: replace || f.Replaces})
	}
	return list
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
func (p *provenance) compared() report.Comparison {
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
			files = append(files, stage.FileResult{Path: payloadPath(f.File), Verdict: verdict, Found: f.Rule + ": " + f.Found, Wanted: f.Wanted})
		}
	}
	for _, f := range rep.Proven {
		switch {
		case bad[f.Path] || f.Proof == locate.ProofOverlay:
		case f.Proof != locate.ProofNone:
			files = append(files, stage.FileResult{Path: payloadPath(f.Path), Verdict: stage.Same})
		case p.require:
			files = append(files, stage.FileResult{Path: payloadPath(f.Path), Verdict: report.NotProven, Found: "no signature, catalog or MSI that proves it", Wanted: "one of them"})
		}
	}
	slices.SortStableFunc(files, func(a, b stage.FileResult) int { return strings.Compare(a.Path, b.Path) })
	c := report.NewComparison(report.AgainstSignatures, stage.Report{Files: files, Notes: p.notes})
	c.Proofs, c.Unproven = report.ProofsOf(rep), append([]string{}, rep.Unproven()...)
	if len(c.Unproven) > 0 && !p.require {
		c.NotChecked = []string{finding.ContentNotChecked}
	}
	return c
}

// payloadPath is the path of a payload file in its release. A catalog is beside the payload.
func payloadPath(name string) string {
	if !strings.Contains(name, "/") {
		return name
	}
	return path.Join("data", name)
}

// mergeCatalogs is the set of the catalogs of both.
func mergeCatalogs(a, b *catalog.Set) *catalog.Set {
	return catalog.NewSet(append(append([]*catalog.Catalog{}, a.Catalogs()...), b.Catalogs()...)...)
}

// msiNotes names the MSIs that vouched for files of a release, and are not given now: it does not keep them.
func msiNotes(rec stage.Release, given []*locate.MSI) []string {
	if rec.Validation == nil {
		return nil
	}
	var names []string
	for _, m := range rec.Validation.MSIs {
		if !slices.ContainsFunc(given, func(g *locate.MSI) bool { return g.SHA256 == m.SHA256 }) {
			names = append(names, m.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return []string{"MSIs vouched for files when this release was staged, and it does not keep them; to prove those files again, give them with --msi: " + finding.Printable(strings.Join(names, ", "))}
}
