package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"usmtpkg/cmd/usmtpkg/report"
	"usmtpkg/locate"
	"usmtpkg/locate/inventory"
	"usmtpkg/stage"
)

type inventoryOptions struct {
	library libraryFlags
	source  sourceFlags
	trust   trustFlags
	workers int
	output  string
}

func newInventoryCmd(p *program) *cobra.Command {
	var o inventoryOptions
	cmd := &cobra.Command{
		Use:   "inventory [DIR|RELEASE]",
		Short: "List the files of a USMT folder, to compare others with",
		Long: `inventory lists what a USMT folder consists of: every file of its arch folders with size and SHA-256.
For texts it adds the SHA-256 with LF line ends, because version control changes line ends. The
folder is DIR, a RELEASE of --library or its active one, or the one that --source, --volume or the
search of this machine finds. It must have no errors. If its release is a known one, it must match;
with --trust-root, for a kit that was signed again, it need not.

Keep the list of a kit that you trust in a file (--output), and give it to validate, stage and refresh
with --inventory: they find a file that is lost or altered in a kit of that release.`,
		Example: `  usmtpkg inventory "C:\Program Files (x86)\Windows Kits\10" --output usmt-inventory.txt
  usmtpkg validate D:\Copy\USMT --inventory usmt-inventory.txt`,
		Args: atMostOne,
		RunE: p.runs(func(ctx context.Context, args []string) (report.Document, error) {
			if err := o.target(args); err != nil {
				return nil, err
			}
			return p.inventory(ctx, o)
		}),
	}
	f := cmd.Flags()
	o.library.add(f)
	o.source.add(f)
	o.trust.add(f)
	workersFlag(f, &o.workers, "read")
	f.StringVar(&o.output, "output", "", "`FILE` write the list to this new file instead of printing it")
	heading(f, "Run")
	return cmd
}

// target makes the argument a source: a folder, else a release of the library.
func (o *inventoryOptions) target(a []string) error {
	if len(a) == 0 && (o.library.dir == "" || o.source.given()) {
		return nil
	}
	if o.source.given() {
		return &usageError{msg: "a folder or release and a source flag are given", hint: "give one of them"}
	}
	if len(a) == 1 {
		o.source.path = a[0]
		if _, err := os.Stat(a[0]); err == nil || o.library.dir == "" {
			return nil
		}
	}
	if err := o.library.need(); err != nil {
		return err
	}
	lib, err := stage.Open(o.library.dir)
	if err != nil {
		return err
	}
	rel, err := namedRelease(lib, a)
	if err != nil {
		return err
	}
	o.source.path = lib.PackageSource(rel.Name)
	if len(rel.Overlay) > 0 {
		return &usageError{
			msg:  fmt.Sprintf("release %s has an overlay: %s", rel.Name, report.OverlayText(rel.Overlay)),
			hint: "its files are not part of USMT: name the kit that the release was staged from",
		}
	}
	return nil
}

func (p *program) inventory(ctx context.Context, o inventoryOptions) (_ report.Document, err error) {
	if err := checkHere("--output", o.output); err != nil {
		return nil, err
	}
	u, err := p.findUSMT(ctx, o.source)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, u.close()) }()
	lo := locate.Options{Policy: locate.Policy{Allow: []string{locate.AMD64, locate.ARM64, locate.X86}}, Workers: o.workers}
	if !o.source.sample {
		if lo.Signatures, err = o.trust.verifier(p.now); err != nil {
			return nil, err
		}
	}
	if len(o.trust.roots) == 0 {
		lo.Inventory = []*inventory.Table{inventory.Known()}
	}
	rel, rep, err := locate.TakeInventory(ctx, u.fsys, lo)
	if err != nil {
		return nil, &stage.SourceError{Err: err}
	}
	p.warn(rep.Findings()) // a list makes what it has the rule
	if bad := rep.Err(false); bad != nil {
		return nil, bad
	}
	from := strings.Trim(strconv.Quote(u.Path), `"`) // a note is one line
	rel.Notes = []string{"taken by usmtpkg from " + strings.ReplaceAll(from, `\\`, `\`)}
	table := &inventory.Table{Name: u.Path, Releases: []*inventory.Release{rel}}
	if o.output != "" {
		if o.output, err = writeNew(o.output, "writing the inventory", func(w io.Writer) error { return inventory.Write(w, table) }); err != nil {
			return nil, err
		}
	}
	return report.NewInventory(report.Origin{Path: u.Path, How: u.How}, table, o.output), nil
}
