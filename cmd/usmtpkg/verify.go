package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"usmtpkg/cmd/usmtpkg/report"
	"usmtpkg/locate"
	"usmtpkg/pkgdef/contentlib"
	"usmtpkg/stage"
)

type verifyOptions struct {
	library    libraryFlags
	source     sourceFlags
	overlay    overlayFlags
	provenance provenanceFlags
	attested   attestedFlags
	site       siteFlags
	workers    int
	uncached   bool
}

func newVerifyCmd(p *program) *cobra.Command {
	var o verifyOptions
	cmd := &cobra.Command{
		Use:   "verify [RELEASE|DIR]",
		Short: "Compare a release, any bag, or any copy with what it should be",
		Long: `verify reads every file of a release (RELEASE, or the active one) or of a folder (DIR) and gives a
verdict for each: same, changed, missing, extra, case, type. A release, like any other BagIt bag,
is compared with its own manifests; a plain folder only with the source that you name. Any
difference, and a signature that is not valid, is exit status 5.

The source (--source, --volume, --sample) is compared as it is now. The overlay that a release
records is not part of it: to compare that as well, give --overlay, or the key in usmtpkg.yaml.

--signatures proves every file of a release again, without the ADK and without anything that
usmtpkg recorded: by its own signature, by a signed catalog that the release keeps, or by an MSI
given with --msi. Files that none of these proves are counted as NOT proven.

--attestation compares a release with a statement that attest wrote. With --public-key that key must
have signed it (in FILE.minisig), and the release is authentic; without a key the statement shows
integrity only.

--distmgr-log and --content-library compare a release with what ConfigMgr made of its package: with
the newest content hash that distmgr.log has, and with the files that the content library records.
--deep reads every object of the library as well. Both are only read. The content hash is predicted:
reverse-engineered, not confirmed on a live site.`,
		Example: `  usmtpkg verify --library D:\Sources\OSD\USMT
  usmtpkg verify \\server\Sources\OSD\USMT\10.0.26100.1-3f9a1c2b7d04
  usmtpkg verify E:\Copy\USMT --source "C:\Program Files (x86)\Windows Kits\10"
  usmtpkg verify --library D:\Sources\OSD\USMT --signatures --require-proof
  usmtpkg verify E:\Copy\10.0.26100.1-3f9a1c2b7d04 --attestation E:\usmt.intoto.json --public-key usmt.pub
  usmtpkg verify --library D:\Sources\OSD\USMT --distmgr-log \\cm01\SMS_P01\Logs --package-id P0100012
  usmtpkg verify --library D:\Sources\OSD\USMT --content-library \\dp01\SCCMContentLib$ --package-id P0100012 --deep

  usmtpkg verify --library /srv/usmt --format junit > usmt.xml                          # sh
  cmd /c "usmtpkg verify --library D:\Sources\OSD\USMT --format junit > usmt.xml"       # PowerShell 5.1, whose > writes UTF-16`,
		Args: atMostOne,
	}
	f := cmd.Flags()
	o.library.add(f)
	o.source.add(f)
	o.overlay.add(f)
	o.provenance.add(f)
	o.attested.add(f)
	o.site.add(f)
	workersFlag(f, &o.workers, "read")
	f.BoolVar(&o.uncached, "uncached", false, "read past the page cache where the system can")
	heading(f, "Run")
	p.output.formatFlag(f, report.Formats)
	cmd.RunE = p.runs(func(ctx context.Context, args []string) (report.Document, error) {
		if err := o.provenance.check(f); err != nil {
			return nil, err
		}
		att, err := o.attested.read(f.Changed("public-key"))
		if err != nil {
			return nil, err
		}
		return p.verify(ctx, o, args, att)
	})
	return cmd
}

func (p *program) verify(ctx context.Context, o verifyOptions, args []string, att *attestation) (report.Document, error) {
	if err := errors.Join(o.source.check(), o.site.check()); err != nil {
		return nil, err
	}
	dir, ours, err := releaseTarget(o.library, args, "nothing to verify")
	if err != nil {
		return nil, err
	}
	isRelease := ours || stage.IsRelease(dir)
	isBag := isRelease || stage.IsBag(dir)
	if err := o.comparable(dir, isBag, isRelease, att); err != nil {
		return nil, err
	}
	bar := p.newProgress()
	defer bar.stop()
	doc := report.NewVerify(dir, isBag, o.uncached)
	vo := stage.VerifyOptions{Workers: o.workers, Uncached: o.uncached, Progress: bar, Sums: att != nil, Release: isRelease, Predict: predictHash}
	if isBag {
		if err := p.verifyBag(ctx, o, doc, vo, att); err != nil {
			return nil, err
		}
	}
	if o.source.given() {
		c, used, err := p.verifySource(ctx, o, dir, isBag, vo)
		if err != nil {
			return nil, err
		}
		doc.AddRead(c, used)
	}
	if o.site.given() {
		all, err := verifySite(ctx, dir, o.site, contentlib.Options{Deep: o.site.deep, Workers: o.workers, Progress: bar})
		if is[*unlistedError](err) && !doc.Equal { // the comparison with the manifests says why
			doc.Comparisons[0].Notes, err = append(doc.Comparisons[0].Notes, err.Error()), nil
		}
		if err != nil {
			return nil, err
		}
		doc.Add(all...)
	}
	if att != nil {
		doc.Attest(att.document())
	}
	bar.stop()
	if !doc.Equal {
		return doc, errDiffers
	}
	return doc, nil
}

// verifyBag compares a bag with its manifests, and with what else in or about it says what it should be.
func (p *program) verifyBag(ctx context.Context, o verifyOptions, doc *report.Verify, vo stage.VerifyOptions, att *attestation) (err error) {
	var proven *provenance
	if o.provenance.signatures {
		if proven, err = p.newProvenance(ctx, o.provenance, doc.Dir, o.workers); err != nil {
			return err
		}
		vo.Checker = proven
	}
	rep, err := stage.Verify(ctx, doc.Dir, vo)
	if err != nil {
		return unread(doc.Dir, err)
	}
	doc.AddRead(report.NewComparison(report.AgainstManifest, rep), rep.Used)
	if proven != nil {
		doc.Add(proven.compared())
	}
	overlay, ok, err := stage.CompareOverlay(doc.Dir)
	if err != nil {
		return err
	}
	if ok {
		doc.Add(report.NewComparison(report.AgainstOverlay, overlay))
	}
	if att != nil {
		doc.AddRead(report.NewComparison(report.AgainstAttestation, att.compare(rep)), rep.Used)
	}
	return nil
}

// comparable reports whether there is something to compare dir with.
func (o *verifyOptions) comparable(dir string, isBag, isRelease bool, att *attestation) error {
	switch {
	case !isBag && att != nil:
		return &usageError{msg: dir + " is not a release, and an attestation is about one", hint: "name the folder that holds manifest-sha256.txt"}
	case o.site.given() && !isRelease:
		return &usageError{msg: dir + " is not a release, and only a release has a predicted content hash", hint: "name a release of a library"}
	case !isBag && !o.source.given():
		return &usageError{msg: dir + " is not a BagIt bag, so there is nothing to compare it with; give --source"}
	case att != nil:
		if err := att.isOf(dir); err != nil {
			return err
		}
	}
	if o.provenance.signatures && !isRelease {
		return &usageError{msg: "--signatures needs a release, and " + dir + " is not one", hint: "to check any other USMT folder: usmtpkg validate " + dir}
	}
	return nil
}

// releaseTarget is the folder to work on, and whether it is a release that was
// named as one of the library. nothing says what is not done without one.
func releaseTarget(library libraryFlags, args []string, nothing string) (dir string, ours bool, err error) {
	if len(args) == 1 {
		info, err := os.Stat(args[0])
		if err == nil && info.IsDir() {
			return absolute(args[0]), false, nil
		}
		if library.dir == "" {
			return "", false, cmp.Or(checkHere("DIR", args[0]), noFolder(nothing, args[0], err))
		}
	} else if library.dir == "" {
		return "", false, &usageError{msg: nothing, hint: "name a folder or a release, or give --library for its active release"}
	}
	if err := library.need(); err != nil {
		return "", false, err
	}
	lib, err := stage.Open(library.dir)
	if err != nil {
		return "", false, err
	}
	if len(args) == 1 && strings.ContainsAny(args[0], `/\`) {
		return "", false, noFolder(nothing, args[0], fs.ErrNotExist)
	}
	name, err := releaseName(lib, args)
	if err != nil {
		return "", false, err
	}
	dir = lib.ReleaseDir(name)
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return "", false, noRelease(lib, name)
	}
	return dir, true, nil
}

// noFolder says why an argument is not a folder to work on; err is that of a look at it.
func noFolder(nothing, name string, err error) error {
	reason := "is a file, not a folder"
	if errors.Is(err, fs.ErrNotExist) {
		reason = "does not exist"
	} else if path, ok := errors.AsType[*fs.PathError](err); ok {
		reason = "cannot be opened: " + path.Err.Error()
	}
	return &usageError{msg: nothing + ": " + name + " " + reason, hint: "name a folder, or a release together with --library"}
}

// verifySource compares dir with a source as it is now, and reports how dir was read.
func (p *program) verifySource(ctx context.Context, o verifyOptions, dir string, isBag bool, vo stage.VerifyOptions) (c report.Comparison, used stage.VerifyMode, err error) {
	u, err := p.findUSMT(ctx, o.source)
	if err != nil {
		return c, "", err
	}
	defer func() { err = errors.Join(err, u.close()) }()
	if sameFolder(u.Path, dir) || sameFolder(u.Path, filepath.Join(dir, "data")) {
		return c, "", &usageError{msg: fmt.Sprintf("%s and the source %s are the same folder: it would be compared with itself", dir, u.Path), hint: "name the USMT folder of an ADK with --source"}
	}
	if u, err = o.overlay.over(ctx, u, nil); err != nil {
		return c, "", err
	}
	src := stage.Source{FS: u.fsys, Include: locate.Scope, Origin: stage.Origin{Path: u.Path, How: u.How}, Overlay: len(o.overlay.entries) > 0}
	compare := stage.CompareCopy
	if isBag {
		compare = stage.CompareSource
	}
	rep, err := compare(ctx, dir, src, vo)
	c = report.NewComparison(report.AgainstSource, rep)
	c.Source, c.Overlay = &report.Origin{Path: u.Path, How: u.How}, o.overlay.names()
	return c, rep.Used, err
}

// sameFolder compares two folders by identity, whatever leads there.
func sameFolder(a, b string) bool {
	x, err1 := os.Stat(a)
	y, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(x, y)
}
