package main

import (
	"fmt"

	"usmtpkg/locate"
	"usmtpkg/stage"
)

// jsonResult is what refresh and stage print; docs/formats.md describes it.
type jsonResult struct {
	Format        string             `json:"format"`
	Version       int                `json:"version"`
	DryRun        bool               `json:"dry_run"`
	Outcome       string             `json:"outcome"` // "published" or "unchanged"
	Release       string             `json:"release"`
	Digest        string             `json:"digest"`
	USMT          string             `json:"usmt_version"`
	Arches        []string           `json:"arches"`
	Files         int                `json:"files"`
	Bytes         int64              `json:"bytes"`
	Library       string             `json:"library"`
	PackageSource string             `json:"package_source"` // on this machine
	Source        jsonOrigin         `json:"source"`
	Verify        stage.VerifyRecord `json:"verify"`
	Durability    stage.Durability   `json:"durability"` // empty in a dry run
	NotChecked    []string           `json:"not_checked"`
	Compared      []jsonCompared     `json:"compared"`
	Signed        map[string]int     `json:"signatures"`
	Proofs        map[string]int     `json:"proofs"`
	Unproven      []string           `json:"unproven"`
	Catalogs      jsonCatalogs       `json:"catalogs"`
	MSIs          []jsonMSI          `json:"msis"`
	Findings      []jsonFinding      `json:"findings"`
	Notes         []string           `json:"notes,omitempty"`
	Definition    *jsonDefinition    `json:"definition,omitempty"`
	Active        *jsonActive        `json:"active,omitempty"`

	Changes *stage.Changes `json:"changes,omitempty"`

	ContentHash *stage.ContentHash  `json:"content_hash"` // predicted
	Overlay     []stage.OverlayFile `json:"overlay,omitempty"`

	report *locate.Report
	found  locate.Catalogs
	reason string
}

type jsonActive struct {
	Release string `json:"release"`
	Changed bool   `json:"changed"`
	Before  string `json:"before,omitempty"`
}

func (a *jsonActive) text() string {
	switch {
	case !a.Changed:
		return a.Release + ", as before"
	case a.Before != "":
		return a.Release + ", before: " + a.Before
	}
	return a.Release + ", the first"
}

func resultDocument(format string, o *options, out outcome) jsonResult {
	r := out.Release
	d := jsonResult{
		Format: format, Version: 1, DryRun: o.dryRun, Outcome: "unchanged",
		Release: r.Name, Digest: r.Digest, ContentHash: r.ContentHash, USMT: r.USMTVersion, Arches: r.Arches, Files: r.FileCount, Bytes: r.Bytes,
		Library: out.dir, PackageSource: localPackagePath(out.dir, r.Name),
		Source: jsonOrigin{out.usmt.Path, out.usmt.How}, Verify: r.Verify, Durability: r.Durability,
		NotChecked: notChecked(out.report), Compared: comparedDocuments(out.report), Signed: signatureCounts(out.report), Proofs: proofCounts(out.report), Unproven: unproven(out.report), Catalogs: catalogDocument(out.usmt.catalogs, out.report), MSIs: msiDocuments(out.report), Findings: findingDocuments(out.report.Findings()), Notes: out.notes,
		Overlay: r.Overlay, Changes: out.Changes,
		report: out.report, found: out.usmt.catalogs, reason: out.usmt.reason,
	}
	if out.Published {
		d.Outcome = "published"
	}
	return d
}

func (d jsonResult) outcomeText(dryRun bool) string {
	switch {
	case d.Outcome == "unchanged":
		return "unchanged: a release with exactly this content is there, nothing was written for it"
	case dryRun:
		return "would be published in " + d.Library
	}
	return fmt.Sprintf("published in %s, %s", d.Library, durabilityText(d.Durability))
}

func durabilityText(d stage.Durability) string {
	switch d {
	case stage.DurableSyncFS, stage.DurableFsync:
		return "flushed to disk"
	case stage.DurableNotConfirmed:
	}
	return "not confirmed to be on disk: the file system does not support flushing"
}

// verifiedText says what was compared, and how when it is not what was asked for.
func (d jsonResult) verifiedText() string {
	var s string
	switch d.Verify.Used {
	case stage.VerifyStream:
		s = "stream: the sums are of the bytes written; nothing was read back"
	case stage.VerifyUncached:
		s = "uncached: every file was read back past the cache and is what was read from the source"
	case stage.VerifyReread:
		s = "reread: every file was read back and is what was read from the source"
	}
	if d.Verify.Requested == stage.VerifyUncached && d.Verify.Used != stage.VerifyUncached {
		s += "; reading past the cache was asked for and is not possible here"
	}
	return s
}
