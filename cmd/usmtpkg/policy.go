package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/spf13/pflag"

	"usmtpkg/locate"
	"usmtpkg/locate/inventory"
	"usmtpkg/locate/pe"
	"usmtpkg/locate/tree"
)

// policyFlags say what a USMT folder must, may and must not have.
type policyFlags struct {
	require []string
	allow   []string
	forbid  []string
	strict  bool
	proof   bool

	inventory string
	lists     listFlags
	trust     trustFlags
}

func (o *policyFlags) add(f *pflag.FlagSet) {
	arches := []string{locate.AMD64, locate.ARM64, locate.X86}
	f.Var(&words{value: &o.require, words: arches}, "require-arch", "`amd64,x86,arm64` arches that must be there (default amd64)")
	f.Var(&words{value: &o.allow, words: arches}, "allow-arch", "`amd64,x86,arm64` arches that may be there (default arm64 and x86)")
	f.Var(&words{value: &o.forbid, words: arches}, "forbid-arch", "`amd64,x86,arm64` arches that must not be there")
	f.BoolVar(&o.strict, "strict", false, "warnings fail as errors do")
	heading(f, "Rules")
	f.BoolVar(&o.proof, "require-proof", false, "fail if the content of any file was not proven: by its signature, a signed catalog or MSI, or a list with its hash")
	o.lists.add(f)
	f.StringVar(&o.inventory, "inventory", "", "`FILE` your list of a release's files, asked before those built in (see usmtpkg inventory)")
	o.trust.add(f)
}

// options turns the flags into the options of locate.
func (p *program) validation(o policyFlags, sample bool, workers int) (locate.Options, error) {
	lo := locate.Options{
		Policy:  locate.Policy{Require: o.require, Allow: o.allow, Forbid: o.forbid, RequireProof: o.proof},
		Workers: workers,
	}
	if err := lo.Policy.Check(); err != nil {
		return lo, &usageError{msg: err.Error(), hint: "see --require-arch, --allow-arch and --forbid-arch"}
	}
	var err error
	if lo.Inventory, err = tables(o.inventory); err != nil {
		return lo, err
	}
	if !sample { // nobody signed its programs
		lo.Signatures, err = o.trust.verifier(p.now)
	}
	return lo, err
}

// tables are the lists to compare with: the site's own first, then those that are built in.
func tables(file string) ([]*inventory.Table, error) {
	if file == "" {
		return []*inventory.Table{inventory.Known()}, nil
	}
	f, err := tree.Open(file, math.MaxInt64) // Parse has the limit
	if err != nil {
		return nil, &usageError{msg: fmt.Sprintf("reading the inventory: %v", err)}
	}
	defer f.Close() //nolint:errcheck // only read
	t, err := inventory.Parse(f, file)
	if err != nil && !is[*inventory.SyntaxError](err) { // a wrong line is a fault of the file, all else one of the call
		return nil, &usageError{msg: err.Error()}
	}
	return []*inventory.Table{t, inventory.Known()}, err
}

// trustFlags say whose signatures count.
type trustFlags struct {
	roots []string
}

func (o *trustFlags) add(f *pflag.FlagSet) {
	f.StringSliceVar(&o.roots, "trust-root", nil, "`FILE` a certificate, PEM or DER, that signatures may be based on besides Microsoft's roots, for kits signed again; repeat it for more")
	heading(f, "Proof")
}

// maxRoots bounds a file of certificates, in bytes; a certificate has 1 to 3 KiB.
const maxRoots = 1 << 20

// verifier checks signatures under Microsoft's roots and those given.
func (o *trustFlags) verifier(now func() time.Time) (*pe.Verifier, error) {
	var extra []*x509.Certificate
	for _, name := range o.roots {
		b, err := tree.ReadFile(name, maxRoots)
		if err != nil {
			return nil, &usageError{msg: fmt.Sprintf("reading the trusted roots: %v", err)}
		}
		certs, err := pe.ParseRoots(b)
		if err != nil {
			return nil, &usageError{msg: fmt.Sprintf("%s: %v", name, err), hint: "--trust-root takes a file of certificates, PEM or DER"}
		}
		extra = append(extra, certs...)
	}
	return pe.NewVerifier(now, extra)
}

// listFlags name what is signed and lists files of a kit.
type listFlags struct {
	catalogs string
	msis     []string
}

func (o *listFlags) add(f *pflag.FlagSet) {
	f.StringVar(&o.catalogs, "catalogs", "", "`DIR` the folder with the kit's signed catalogs, *.cat (default: the folder Catalogs of the kits root)")
	f.StringSliceVar(&o.msis, "msi", nil, "`FILE` a signed MSI of the kit, which lists its files; repeat it for each (default: those of the layout, or that Windows Installer keeps of an installed kit)")
	heading(f, "Proof")
}

// read adds the signed catalogs and MSIs of a kit to the options of its validation. Where signatures
// are not checked, there are none.
func (o *listFlags) read(ctx context.Context, lo *locate.Options, c locate.Candidate) (found locate.Catalogs, err error) {
	if lo.Signatures == nil {
		if o.catalogs != "" || len(o.msis) > 0 {
			err = &usageError{msg: "the sample kit is not signed, so --catalogs and --msi prove nothing about it", hint: "leave them out, or give a kit with --source"}
		}
		return found, err
	}
	found, err = locate.ReadCatalogs(ctx, lo.Signatures, c, o.catalogs)
	failed, unreadable := errors.AsType[*locate.CatalogsError](err)
	switch {
	case unreadable && o.catalogs != "":
		return found, &usageError{msg: err.Error(), hint: "--catalogs takes the folder with the kit's *.cat files, such as Windows Kits\\10\\Catalogs"}
	case unreadable: // nobody asked for them: a warning, which --strict makes an error
		lo.CatalogsUnread = failed
		found.Looked = append(found.Looked, locate.Place{Path: failed.Path, How: "catalogs of the kit", Outcome: failed.Reason})
	case err != nil:
		return found, err
	}
	lo.Catalogs = found.Set
	if lo.MSIs, err = o.readMSIs(ctx, lo.Signatures, c); err == nil {
		lo.Cabinets, err = locate.CheckCabinets(ctx, lo.Signatures, c)
	}
	return found, err
}

// readMSIs reads the MSIs of a kit: those given, which must count, or else those of the layout, or those
// that Windows Installer keeps of an installed kit, as far as they count.
func (o *listFlags) readMSIs(ctx context.Context, v *pe.Verifier, c locate.Candidate) ([]*locate.MSI, error) {
	if len(o.msis) == 0 {
		return locate.ReadKitMSIs(ctx, v, c)
	}
	var list []*locate.MSI
	for _, name := range o.msis {
		data, err := tree.ReadFile(name, locate.MaxMSI)
		if err != nil {
			return nil, &usageError{msg: fmt.Sprintf("reading the MSI: %v", err), hint: "--msi takes the path of a .msi file"}
		}
		m := locate.ReadMSI(v, name, data)
		if err := m.Err(); err != nil {
			return nil, err
		}
		list = append(list, m)
	}
	return list, nil
}
