package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"usmtpkg/locate"
	"usmtpkg/locate/finding"
	"usmtpkg/stage"
)

func newVerifyCmd(env environment, o *options) *cobra.Command {
	var uncached bool
	cmd := &cobra.Command{
		Use:   "verify [RELEASE|DIR]",
		Short: "Compare a release, any bag, or any copy with what it should be",
		Long: `verify reads every file of a release (RELEASE, or the active one) or of a folder (DIR) and
gives a verdict for each: same, changed, missing, extra, case, type. A release or any
other BagIt bag is compared with its own manifests. With --source, --volume or --sample it
is compared with that source, as it is now, as well; a plain folder with that alone.
What a release records as its overlay is held against its manifest, and is no part of the
source; with --overlay, or that key in the configuration, it is compared with those files.

With --distmgr-log or --content-library a release is compared with what ConfigMgr made of
its package, too: its newest content hash in distmgr.log with the predicted one (same,
different, unfinished, not-found), or what its content library holds: the record of every file, and
that its object is there (also object-missing, object-changed); with --deep every object is
read. Both are only read. The content hash is predicted: reverse-engineered, not confirmed
on a live site. What is not found is a difference.

With --signatures every file of a release is proven again, without the ADK and without anything
that usmtpkg recorded: by its own signature, by one of the signed catalogs that the release
keeps, or by an MSI given with --msi. What none of these proves is counted as NOT proven; with
--require-proof it is a difference.

With --attestation a release is compared with what that statement says of it, too. With
--public-key the statement must be signed by that key (F.minisig), and the release is
authentic; without a key the statement shows integrity only. Any difference, and a
signature that does not hold, is exit status 5.`,
		Example: `  usmtpkg verify --library D:\Sources\OSD\USMT
  usmtpkg verify \\server\Sources\OSD\USMT\10.0.26100.1-3f9a1c2b7d04
  usmtpkg verify E:\Copy\10.0.26100.1-3f9a1c2b7d04 --attestation E:\usmt.intoto.json --public-key usmt.pub
  usmtpkg verify --library D:\Sources\OSD\USMT --signatures --require-proof
  usmtpkg verify E:\Copy\USMT --source "C:\Program Files (x86)\Windows Kits\10"
  usmtpkg verify --library D:\Sources\OSD\USMT --distmgr-log \\cm01\SMS_P01\Logs --package-id P0100012
  usmtpkg verify --library D:\Sources\OSD\USMT --content-library \\dp01\SCCMContentLib$ --package-id P0100012 --deep
  usmtpkg verify --library D:\Sources\OSD\USMT --format junit > usmt.xml`,
		Args: atMostOne,
		RunE: func(cmd *cobra.Command, a []string) error {
			if err := o.policy.checkProvenance(cmd.Flags()); err != nil {
				return err
			}
			att, err := readAttestation(o, cmd.Flags().Changed("public-key"))
			if err != nil {
				return err
			}
			return runVerify(cmd.Context(), env, o, a, uncached, att)
		},
	}
	o.libraryFlag(cmd.Flags())
	o.source.flags(cmd.Flags())
	o.overlay.flags(cmd.Flags())
	workersFlag(cmd.Flags(), &o.copy.workers, "read")
	cmd.Flags().BoolVar(&uncached, "uncached", false, "read past the page cache where the system can")
	o.policy.provenanceFlags(cmd.Flags())
	cmd.Flags().StringVar(&o.attest.file, "attestation", "", "compare with this statement, which usmtpkg attest wrote")
	cmd.Flags().StringVar(&o.attest.publicKey, "public-key", "", "the minisign public key that must have signed it: a file, or the key itself")
	o.proof.flags(cmd.Flags())
	o.formatFlag(cmd.Flags())
	return cmd
}

type jsonComparison struct {
	Against string                `json:"against"` // "manifest", "overlay", "attestation", "source", "distmgr-log" or "content-library"
	Source  *jsonOrigin           `json:"source,omitempty"`
	Overlay []string              `json:"overlay,omitempty"` // the patterns that were laid over the source
	Equal   bool                  `json:"equal"`
	Bytes   int64                 `json:"bytes"`
	Notes   []string              `json:"notes,omitempty"`
	Counts  map[stage.Verdict]int `json:"counts"`
	Files   []stage.FileResult    `json:"files"`

	NotChecked []string       `json:"not_checked,omitempty"`
	Proofs     map[string]int `json:"proofs,omitempty"`   // of signatures: files by proof
	Unproven   []string       `json:"unproven,omitempty"` // likewise: files that nothing vouches for
	Logged     *jsonLogged    `json:"logged,omitempty"`   // of distmgr-log
	Content    *jsonContent   `json:"content,omitempty"`  // of content-library

	provenText string // of signatures
}

type jsonVerify struct {
	Format      string           `json:"format"`
	Version     int              `json:"version"`
	Dir         string           `json:"dir"`
	Uncached    bool             `json:"uncached"`
	Equal       bool             `json:"equal"`
	Comparisons []jsonComparison `json:"comparisons"`
	Attestation *jsonAttestation `json:"attestation,omitempty"`

	attested *attestation
	bag      bool // dir is a bag, and so what is wanted
}

func runVerify(ctx context.Context, env environment, o *options, a []string, uncached bool, att *attestation) error {
	if err := errors.Join(o.source.check(), o.proof.check()); err != nil {
		return err
	}
	dir, ours, err := verifyTarget(o, a)
	if err != nil {
		return err
	}
	bar := newProgress(env, o)
	defer bar.stop()
	isRelease := ours || stage.IsRelease(dir)
	isBag := isRelease || stage.IsBag(dir)
	vo := stage.VerifyOptions{Workers: o.copy.workers, Uncached: uncached, Progress: bar, Sums: att != nil, Release: isRelease, Predict: predictHash}
	doc := jsonVerify{Format: "usmtpkg verify", Version: 1, Dir: dir, Equal: true, Uncached: uncached, bag: isBag}
	if err := verifiable(o, dir, isBag, isRelease, att); err != nil {
		return err
	}
	if o.policy.signatures && !isRelease {
		return notRelease(dir)
	}
	if isBag {
		if err := doc.compareBag(ctx, env, o, vo, att); err != nil {
			return err
		}
	}
	if o.source.given() {
		origin, rep, err := verifySource(ctx, env, o, dir, isBag, vo)
		if err != nil {
			return err
		}
		doc.add("source", &origin, rep)
		doc.Comparisons[len(doc.Comparisons)-1].Overlay = o.overlay.names()
	}
	if o.proof.given() {
		all, err := verifySite(ctx, o, dir, bar)
		if !doc.Equal && is[*unlistedError](err) { // the comparison with the manifests says why
			doc.note(err.Error())
			err = nil
		}
		if err != nil {
			return err
		}
		doc.append(all...)
	}
	bar.stop()
	if att != nil {
		doc.attested, doc.Attestation = att, att.document(doc.Equal)
	}
	return errors.Join(printVerify(env, o, doc, uncached), differs(doc.Equal))
}

// compareBag compares a bag with its manifests, and with what else in or about it says what it should be.
func (d *jsonVerify) compareBag(ctx context.Context, env environment, o *options, vo stage.VerifyOptions, att *attestation) error {
	var proven *provenance
	if o.policy.signatures {
		var err error
		if proven, err = newProvenance(ctx, env, o, d.Dir); err != nil {
			return err
		}
		vo.Checker = proven
	}
	rep, err := stage.Verify(ctx, d.Dir, vo)
	if err != nil {
		return err
	}
	d.add("manifest", nil, rep)
	if proven != nil {
		d.append(proven.compared(o.policy.proof))
	}
	if rep, ok, err := stage.CompareOverlay(d.Dir); err != nil {
		return err
	} else if ok {
		d.add("overlay", nil, rep)
	}
	if att != nil {
		d.add("attestation", nil, att.compare(rep))
	}
	return nil
}

// add appends the comparison that a report is about.
func (d *jsonVerify) add(against string, origin *jsonOrigin, rep stage.Report) {
	d.append(comparisonDocument(against, origin, rep))
	d.Uncached = d.Uncached && (rep.Used == stage.VerifyUncached || against == "overlay" || against == "source" && d.bag)
}

func (d *jsonVerify) append(all ...jsonComparison) {
	for _, c := range all {
		d.Comparisons, d.Equal = append(d.Comparisons, c), d.Equal && c.Equal
	}
}

// note adds a note to the first comparison, which is with the manifests.
func (d *jsonVerify) note(text string) {
	if len(d.Comparisons) > 0 {
		d.Comparisons[0].Notes = append(d.Comparisons[0].Notes, text)
	}
}

// verifiable reports whether there is something to compare dir with.
func verifiable(o *options, dir string, isBag, isRelease bool, att *attestation) error {
	switch {
	case !isBag && att != nil:
		return &usageError{msg: dir + " is not a release, and an attestation is about one", hint: "name the folder that holds manifest-sha256.txt"}
	case o.proof.given() && !isRelease:
		return &usageError{msg: dir + " is not a release, and only a release has a predicted content hash", hint: "name a release of a library"}
	case !isBag && !o.source.given():
		return &usageError{msg: dir + " is not a BagIt bag, so there is nothing to compare it with; give --source"}
	case att != nil:
		return att.isOf(dir)
	}
	return nil
}

func differs(equal bool) error {
	if equal {
		return nil
	}
	return errDiffers
}

// verifyTarget is the folder to verify, and whether it is a release that was
// named as one of the library.
func verifyTarget(o *options, a []string) (dir string, ours bool, err error) {
	if len(a) == 1 {
		info, err := os.Stat(a[0])
		if err == nil && info.IsDir() {
			dir, err := filepath.Abs(a[0])
			return dir, false, err
		}
		if o.library == "" {
			if err == nil {
				err = fmt.Errorf("%s is a file", a[0])
			}
			if bad := checkHere("DIR", a[0]); bad != nil {
				return "", false, bad
			}
			return "", false, &usageError{msg: "nothing to verify: " + err.Error(), hint: "name a folder, or a release together with --library"}
		}
	} else if o.library == "" {
		return "", false, &usageError{msg: "nothing to verify", hint: "name a folder or a release, or give --library for its active release"}
	}
	if err := checkHere("--library", o.library); err != nil {
		return "", false, err
	}
	lib, err := stage.Open(o.library)
	if err != nil {
		return "", false, err
	}
	name, err := releaseName(lib, a)
	if err != nil {
		return "", false, err
	}
	if strings.ContainsAny(name, `/\`) {
		return "", false, &usageError{msg: "nothing to verify: no folder " + name, hint: "name a folder, or a release of the library"}
	}
	dir = lib.ReleaseDir(name)
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return "", false, &usageError{msg: fmt.Sprintf("no release %q in %s", name, lib.Dir()), hint: "usmtpkg list shows the releases"}
	}
	return dir, true, nil
}

// verifySource compares dir with a source as it is now.
func verifySource(ctx context.Context, env environment, o *options, dir string, isBag bool, vo stage.VerifyOptions) (origin jsonOrigin, rep stage.Report, err error) {
	u, err := findUSMT(ctx, env, o)
	if err != nil {
		return origin, rep, err
	}
	defer func() { err = errors.Join(err, u.close()) }()
	if sameFolder(u.Path, dir) || sameFolder(u.Path, filepath.Join(dir, "data")) {
		return origin, rep, &usageError{msg: fmt.Sprintf("%s and the source %s are the same folder: it would be compared with itself", dir, u.Path), hint: "name the USMT folder of an ADK with --source"}
	}
	if u, err = overlaid(ctx, o, u); err != nil {
		return origin, rep, err
	}
	origin = jsonOrigin{u.Path, u.How}
	src := stage.Source{FS: u.fsys, Include: locate.Scope, Origin: stage.Origin{Path: u.Path, How: u.How}, Overlay: len(o.overlay.entries) > 0}
	if isBag {
		rep, err = stage.CompareSource(ctx, dir, src, vo)
	} else {
		rep, err = stage.CompareCopy(ctx, dir, src, vo)
	}
	return origin, rep, err
}

// sameFolder compares two folders by identity, whatever leads there.
func sameFolder(a, b string) bool {
	x, err1 := os.Stat(a)
	y, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(x, y)
}

func comparisonDocument(against string, origin *jsonOrigin, rep stage.Report) jsonComparison {
	c := jsonComparison{Against: against, Source: origin, Bytes: rep.Bytes, Notes: rep.Notes, Counts: map[stage.Verdict]int{}, Files: rep.Files}
	for _, f := range rep.Files {
		c.Counts[f.Verdict]++
	}
	c.Equal = len(rep.Files) > 0 && c.Counts[stage.Same] == len(rep.Files)
	return c
}

func printVerify(env environment, o *options, d jsonVerify, uncached bool) error {
	if o.format != formatText {
		j := func() judgement { return verifyJudgement(d, uncached && !d.Uncached, exitStatus(differs(d.Equal))) }
		return printDocument(env, o, d, j)
	}
	for _, c := range d.Comparisons {
		for _, n := range c.Notes {
			if !o.quiet {
				say(env.stderr, "usmtpkg: note: %s\n", finding.PlainText(n))
			}
		}
		for _, f := range c.Files {
			if f.Verdict != stage.Same || o.verbose {
				if _, err := printf(env.stdout, "%-8s %s\n", f.Verdict, finding.PlainText(detail(f))); err != nil {
					return err
				}
			}
		}
		result := "equal to "
		if !c.Equal {
			result = "NOT equal to "
		}
		if _, err := printf(env.stdout, "%s: %s%s: %s\n%s", d.Dir, result, c.against(), counts(c), c.siteText()+c.signedText()); err != nil {
			return err
		}
	}
	if d.attested != nil {
		if err := d.attested.print(env.stdout, d.Equal); err != nil {
			return err
		}
	}
	if uncached && !d.Uncached {
		say(env.stderr, "%s\n", "usmtpkg: reading past the cache is not possible here: the files may have come from it")
	}
	return nil
}

// against names what a copy was compared with.
func (c jsonComparison) against() string {
	switch c.Against {
	case againstSignatures:
		return "what its publisher signed"
	case "attestation":
		return "the attestation"
	case "overlay":
		return "the overlay that it records"
	case "source":
		if len(c.Overlay) > 0 {
			return "the source " + c.Source.Path + " with the overlay " + finding.Printable(strings.Join(c.Overlay, ", ")) + ", as they are now"
		}
		return "the source " + c.Source.Path + ", as it is now"
	case againstLog:
		return "the newest content hash of package " + c.Logged.PackageID + " in distmgr.log"
	case againstLibrary:
		return "what the content library holds of package " + c.Content.PackageID
	}
	return "its manifests"
}

func detail(f stage.FileResult) string {
	switch {
	case f.Want == "" && f.Found == "":
		return f.Path
	case f.Want == "":
		return fmt.Sprintf("%s (found %s)", f.Path, f.Found)
	}
	return fmt.Sprintf("%s (found %s, want %s)", f.Path, f.Found, f.Want)
}

// counts lists how many files got which verdict, and how much was read for that.
func counts(c jsonComparison) string {
	s := fmt.Sprintf("%d same", c.Counts[stage.Same])
	verdicts := []stage.Verdict{stage.Changed, stage.Missing, stage.Extra, stage.Case, stage.Type, notProven, objectMissing, objectChanged, hashDifferent, hashUnfinished, hashNotFound}
	for _, v := range verdicts {
		if n := c.Counts[v]; n > 0 {
			s += fmt.Sprintf(", %d %s", n, v)
		}
	}
	if c.Bytes > 0 {
		s += ", " + size(c.Bytes)
	}
	return s
}
