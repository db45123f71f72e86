package report

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"usmtpkg/locate/finding"
	"usmtpkg/stage"
)

// Stage is the document of stage and of refresh.
type Stage struct {
	Head
	DryRun  bool   `json:"dry_run"`
	Outcome string `json:"outcome"` // "published" or "unchanged"
	Release string `json:"release"`
	Digest  string `json:"digest"`
	Contents
	Library       string             `json:"library"`
	PackageSource string             `json:"package_source"` // on this machine
	Source        Origin             `json:"source"`
	Verify        stage.VerifyRecord `json:"verify"`
	Durability    stage.Durability   `json:"durability"` // empty in a dry run
	Checks
	Findings   []Finding   `json:"findings"`
	Notes      []string    `json:"notes,omitempty"`
	Definition *Definition `json:"definition,omitempty"`
	Active     *Active     `json:"active,omitempty"`

	Changes *stage.Changes `json:"changes,omitempty"`

	ContentHash *stage.ContentHash  `json:"content_hash"` // predicted
	Overlay     []stage.OverlayFile `json:"overlay,omitempty"`

	Reason string `json:"-"` // why this source was taken
}

// SetResult fills in what staging came to.
func (d *Stage) SetResult(res stage.Result) {
	r := res.Release
	d.Outcome = "unchanged"
	if res.Published {
		d.Outcome = "published"
	}
	d.Release, d.Digest, d.ContentHash = r.Name, r.Digest, r.ContentHash
	d.Contents = ContentsOf(r)
	d.Verify, d.Durability, d.Overlay, d.Changes = r.Verify, r.Durability, r.Overlay, res.Changes
}

// ContentsOf sums a release up.
func ContentsOf(r stage.Release) Contents {
	return Contents{USMT: r.USMTVersion, Arches: r.Arches, Files: r.FileCount, Bytes: r.Bytes}
}

func (d *Stage) text(t *printer) {
	if t.name(d.Release) {
		return
	}
	t.dryRun(d.DryRun)
	t.printf("source       %s\n             USMT %s (%s), found: %s; %s\n", d.Source.Path, d.USMT, d.arches(), d.Source.How, d.Reason)
	t.printf("checked      %s: %s; %s; %s\n", d.files(), d.verdict(d.Findings), d.inventoryText(), d.signatureText())
	t.printf("proof        %s\n", d.proofText())
	if len(d.Overlay) > 0 {
		t.printf("overlay      %s\n", OverlayText(d.Overlay))
	}
	if text := changesText(d.Changes, d.DryRun); text != "" {
		t.printf("changes      %s\n", text)
	}
	t.printf("release      %s\n             %s\n", d.Release, d.outcomeText())
	if !d.DryRun {
		t.printf("verified     %s\n", verifiedText(d.Verify))
	}
	if d.Definition != nil {
		t.definition(*d.Definition, d.DryRun)
	} else {
		t.printf("package path %s\n", d.PackageSource)
	}
	if d.Active != nil {
		t.printf("active       %s\n", d.Active.text())
	}
}

// name prints all that is said of a release with Quiet, and reports whether that was it.
func (t *printer) name(release string) bool {
	if t.Quiet {
		t.printf("%s\n", release)
	}
	return t.Quiet
}

func (d *Stage) outcomeText() string {
	switch {
	case d.Outcome == "unchanged":
		return "unchanged: a release with exactly this content is there, nothing was written for it"
	case d.DryRun:
		return "would be published in " + d.Library
	}
	return fmt.Sprintf("published in %s, %s", d.Library, durabilityText(d.Durability))
}

// durabilityText says whether what was written is on disk.
func durabilityText(d stage.Durability) string {
	if d == stage.DurableSyncFS || d == stage.DurableFsync {
		return "flushed to disk"
	}
	return "not confirmed to be on disk: the file system does not support flushing"
}

// verifiedText says what was compared, and how when it is not what was asked for.
func verifiedText(v stage.VerifyRecord) string {
	var s string
	switch v.Used {
	case stage.VerifyStream:
		s = "stream: the sums are of the bytes written; nothing was read back"
	case stage.VerifyUncached:
		s = "uncached: every file was read back past the cache and is what was read from the source"
	case stage.VerifyReread:
		s = "reread: every file was read back and is what was read from the source"
	}
	if v.Requested == stage.VerifyUncached && v.Used != stage.VerifyUncached {
		s += "; reading past the cache was asked for and is not possible here"
	}
	return s
}

// Active says which release is the active one, and which was.
type Active struct {
	Release string `json:"release"`
	Changed bool   `json:"changed"`
	Before  string `json:"before,omitempty"`
}

func (a Active) text() string {
	switch {
	case !a.Changed:
		return a.Release + ", as before"
	case a.Before != "":
		return a.Release + ", before: " + a.Before
	}
	return a.Release + ", the first"
}

// shownNames is how many files of an overlay are named in a line.
const shownNames = 3

// OverlayText sums an overlay up, which has the same files in several arch folders.
func OverlayText(list []stage.OverlayFile) string {
	var names []string
	folders := map[string]bool{}
	replaced := 0
	for _, f := range list {
		folders[path.Dir(f.Path)] = true
		if f.Replaces {
			replaced++
		}
		if name := finding.Printable(f.From); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	text := strings.Join(names, ", ")
	if len(names) > shownNames {
		text = fmt.Sprintf("%s and %d more", strings.Join(names[:shownNames], ", "), len(names)-shownNames)
	}
	text = fmt.Sprintf("%s (%s) in %s", CountOf(len(names), "file", "files"), text, CountOf(len(folders), "arch folder", "arch folders"))
	if replaced > 0 {
		text += fmt.Sprintf("; %s of USMT replaced", CountOf(replaced, "file", "files"))
	}
	return text
}
