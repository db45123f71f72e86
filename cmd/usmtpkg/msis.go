package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"usmtpkg/locate"
	"usmtpkg/locate/finding"
	"usmtpkg/locate/pe"
	"usmtpkg/locate/tree"
	"usmtpkg/stage"
)

// readMSIs reads the MSIs of a kit: those given, which must count, or else those that Windows Installer
// keeps of an installed kit, as far as they count.
func (o *options) readMSIs(ctx context.Context, v *pe.Verifier, c locate.Candidate) ([]*locate.MSI, error) {
	if len(o.policy.msis) == 0 {
		return locate.ReadCachedMSIs(ctx, v, c)
	}
	var list []*locate.MSI
	for _, name := range o.policy.msis {
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

// jsonMSI is an MSI that was read, and what it vouches for.
type jsonMSI struct {
	Path     string     `json:"path"`
	Product  string     `json:"product"`
	Version  string     `json:"version"`
	SHA256   string     `json:"sha256"` // empty: it was not read
	Verdict  string     `json:"verdict"`
	Signer   string     `json:"signer,omitempty"`
	SignedAt *time.Time `json:"signed_at,omitempty"`
	Reason   string     `json:"reason,omitempty"`
	Cached   bool       `json:"cached"` // by Windows Installer; else given
	Files    int        `json:"files"`
}

func msiDocuments(rep *locate.Report) []jsonMSI {
	docs := []jsonMSI{}
	for _, m := range rep.MSIs {
		d := jsonMSI{
			Path: m.Path, Product: m.Product, Version: m.Version, SHA256: m.SHA256, Verdict: string(m.Signature.Verdict),
			Signer: m.Signature.Signer, Reason: m.Signature.Reason, Cached: m.Cached, Files: m.Files,
		}
		if at := m.Signature.Time; !at.IsZero() {
			at = at.UTC()
			d.SignedAt = &at
		}
		docs = append(docs, d)
	}
	return docs
}

// msiRecords are the MSIs that vouch for files, as a release records them.
func msiRecords(rep *locate.Report) []stage.MSI {
	list := []stage.MSI{}
	for _, m := range rep.MSIs {
		if m.Files > 0 {
			list = append(list, stage.MSI{Name: m.Name, SHA256: m.SHA256, Signer: m.Signature.Signer, SignedAt: m.Signature.Time.UTC(), Files: m.Files})
		}
	}
	return list
}

// msiText says how many MSIs count, where not all is proven.
func msiText(rep *locate.Report) string {
	n := 0
	for _, m := range rep.MSIs {
		if m.Counts() {
			n++
		}
	}
	if n == 0 || len(rep.Unproven()) == 0 {
		return ""
	}
	return "; " + countOf(n, "MSI was read", "MSIs were read")
}

// msiNotes tells which MSIs vouched for files of a release, and are not given now: it does not keep them.
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
