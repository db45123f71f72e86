package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"usmtpkg/locate"
	"usmtpkg/locate/catalog"
	"usmtpkg/locate/finding"
	"usmtpkg/stage"
)

// withLists adds the signed catalogs and MSIs of a kit to the options of its validation. Where signatures
// are not checked, there are none.
func (o *options) withLists(ctx context.Context, lo *locate.Options, u *usmt) error {
	if lo.Signatures == nil {
		if o.policy.catalogs != "" || len(o.policy.msis) > 0 {
			return &usageError{msg: "nobody signed the sample kit, so --catalogs and --msi prove nothing about it", hint: "leave them out, or give a kit with --source"}
		}
		return nil
	}
	found, err := locate.ReadCatalogs(ctx, lo.Signatures, u.Candidate, o.policy.catalogs)
	failed, unreadable := errors.AsType[*locate.CatalogsError](err)
	switch {
	case unreadable && o.policy.catalogs != "":
		return &usageError{msg: err.Error(), hint: "--catalogs takes the folder with the kit's *.cat files, such as Windows Kits\\10\\Catalogs"}
	case unreadable: // nobody asked for them: a warning, which --strict makes an error
		lo.CatalogsUnread = failed
		found.Looked = append(found.Looked, locate.Place{Path: failed.Path, How: "catalogs of the kit", Outcome: failed.Reason})
	case err != nil:
		return err
	}
	u.catalogs, lo.Catalogs = found, found.Set
	lo.MSIs, err = o.readMSIs(ctx, lo.Signatures, u.Candidate)
	return err
}

// keptCatalogs are the catalogs that vouch for files, as a release keeps them.
func (c *checker) keptCatalogs() []stage.Catalog {
	var list []stage.Catalog
	for _, u := range c.report.Catalogs {
		list = append(list, stage.Catalog{Name: u.File, Signer: u.Signature.Signer, SignedAt: u.Signature.Time.UTC(), Files: u.Files, Content: u.Raw})
	}
	return list
}

// jsonCatalogs says which catalogs were read and what they vouch for.
type jsonCatalogs struct {
	Path    string           `json:"path"` // the folder; empty: there is none
	Read    int              `json:"read"`
	Used    []jsonCatalog    `json:"used"`
	Refused []jsonRefusedCat `json:"refused"`
}

type jsonCatalog struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
	Signer string `json:"signer"`
	Files  int    `json:"files"`
}

type jsonRefusedCat struct {
	Name    string `json:"name"`
	Verdict string `json:"verdict"`
	Reason  string `json:"reason"`
}

func catalogDocument(found locate.Catalogs, rep *locate.Report) jsonCatalogs {
	d := jsonCatalogs{Path: found.Path, Read: len(found.Catalogs()), Used: []jsonCatalog{}, Refused: []jsonRefusedCat{}}
	for _, u := range rep.Catalogs {
		d.Used = append(d.Used, jsonCatalog{u.File, u.SHA256, u.Signature.Signer, u.Files})
	}
	for _, c := range found.Refused() {
		d.Refused = append(d.Refused, jsonRefusedCat{c.File, string(c.Signature.Verdict), c.Signature.Reason})
	}
	return d
}

// catalogText says in a few words why catalogs prove no more than they do; empty where all is proven.
func catalogText(found locate.Catalogs, rep *locate.Report) string {
	switch {
	case len(rep.Unproven()) == 0:
		return ""
	case found.Path == "" && len(found.Looked) > 0:
		var dirs []string
		for _, p := range found.Looked {
			dirs = append(dirs, p.Path+": "+p.Outcome)
		}
		return fmt.Sprintf("; no signed catalogs found (%s); --catalogs DIR names them", strings.Join(dirs, ", "))
	case found.Path != "":
		return fmt.Sprintf("; %s read from %s", countOf(len(found.Catalogs()), "catalog was", "catalogs were"), finding.Printable(found.Path))
	}
	return ""
}

// mergeCatalogs is the set of the catalogs of both.
func mergeCatalogs(a, b *catalog.Set) *catalog.Set {
	return catalog.NewSet(append(append([]*catalog.Catalog{}, a.Catalogs()...), b.Catalogs()...)...)
}
