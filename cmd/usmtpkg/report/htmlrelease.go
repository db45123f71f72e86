package report

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"usmtpkg/locate"
	"usmtpkg/locate/finding"
	"usmtpkg/stage"
)

// A releaseView is a release on the time line.
type releaseView struct {
	Date, Name, Mark string
	X                int  // of 1000
	This             bool // the page is about it
}

// A sizesView is a table of sizes by folder and arch.
type sizesView struct {
	Arches []string
	Rows   []barRow
}

// A fileView is a row of the table of files.
type fileView struct{ Path, Size, Version, Proof, Change, Sum string }

// maxSums is up to how many files a page has their hashes: they take most of its size.
const maxSums = 5000

// maxPart is how many files a part of a longer table has.
const maxPart = 500

// page is the page about a release.
func (d *Page) page() *pageView {
	a := &d.About
	r := a.Record
	v := &pageView{
		Title: "USMT release " + r.Release.Release, Over: "USMT release, for the change ticket", Heading: "USMT " + r.USMT, Sub: r.Release.Release,
		Alerts: a.alerts(), Checks: a.checks(), Steps: a.steps(), Origin: a.origin(), Sizes: sizesOf(a.Files), Releases: a.timeline(),
		Compared: a.Diff != nil, Sums: len(a.Files) <= maxSums,
		Foot: fmt.Sprintf("Written %s by usmtpkg %s. This page has no links to other files and asks for nothing.", localTime(a.Now), d.tool),
	}
	v.Facts = []item{
		{Head: "Arches", Text: r.arches()}, {Head: "Files", Text: fmt.Sprint(r.Files)}, {Head: "Size", Text: Size(r.Bytes)},
		{Head: "Errors", Text: fmt.Sprint(d.Errors)}, {Head: "Warnings", Text: fmt.Sprint(d.Warnings)},
		{Head: "Proven", Text: fmt.Sprintf("%d of %d", len(a.Files)-d.Unproven, len(a.Files))},
	}
	v.FilesNote = "All files of the release. The SHA-256 of each is in manifest-sha256.txt of the release; sha256sum -c checks it."
	if a.Diff != nil {
		v.Diff = a.Diff.view("Changes from release " + a.Diff.Before.Release)
		v.Diff.FilesTitle = "Files no longer there"
		v.Diff.Note = a.Chosen + " " + v.Diff.Note
		for _, f := range a.Diff.Files {
			if f.After == nil {
				v.Diff.Files = append(v.Diff.Files, item{Head: finding.Printable(f.Path), Kind: string(f.Change)})
			}
		}
	}
	for i, f := range a.Files {
		if i%maxPart == 0 && (i == 0 || len(a.Files) > maxSums) {
			v.Files = append(v.Files, nil)
		}
		part := &v.Files[len(v.Files)-1]
		*part = append(*part, fileView{
			Path: finding.Printable(f.Path), Size: grouped(f.Size), Version: f.FileVersion, Proof: finding.PlainText(f.proofText()), Change: f.Change, Sum: f.SHA256,
		})
	}
	return v
}

// proofText says what proves a file.
func (f PageFile) proofText() string {
	switch f.Proof {
	case "":
		return "not checked"
	case string(locate.ProofNone):
		return "NOT proven"
	}
	return strings.TrimPrefix(proofWords[locate.Proof(f.Proof)], "by ")
}

// alerts are what nobody may miss.
func (a *PageAbout) alerts() []item {
	var list []item
	if a.Record.Sample {
		list = append(list, item{Head: "This is the sample kit, not USMT.", Text: "It migrates nothing. Do not bring it to a site."})
	}
	if !a.Read.Equal {
		list = append(list, item{Head: "The files are not what was staged.", Text: "Do not use this release: usmtpkg verify names what differs."})
	}
	if n := len(a.Checks.Unproven); n > 0 {
		list = append(list, item{Head: CountOf(n, "file is", "files are") + " not proven.", Text: "Nothing that Microsoft or you signed or listed has their content."})
	}
	return list
}

// origin says where the release comes from, and when.
func (a *PageAbout) origin() []item {
	r := a.Record
	list := []item{
		{Head: "Source", Text: finding.PlainText(r.Source.Path) + "\n" + finding.PlainText(r.Source.How), Mono: true},
		{Head: "Staged", Text: localTime(r.Created) + " by " + finding.PlainText(r.Tool) + "\n" + verifiedText(r.Verify) + "; " + durabilityText(r.Durability)},
		{Head: "Package source", Text: finding.PlainText(r.PackageSource), Mono: true},
	}
	if r.Definition.PackageSource != "" {
		list = append(list, item{Head: "For ConfigMgr", Text: finding.PlainText(r.Definition.PackageSource), Mono: true})
	}
	list = append(list, item{Head: "Digest", Text: r.Digest, Mono: true})
	if h := r.ContentHash; h != nil {
		list = append(list, item{Head: "Content hash, predicted", Text: h.Value, Mono: true})
	}
	for _, e := range r.Evidence {
		list = append(list, item{Head: "Version evidence", Text: finding.PlainText(e.Value + " (" + e.Kind + ": " + e.Where + ")")})
	}
	for _, c := range r.Catalogs {
		text := fmt.Sprintf("%s, signed by %s", c.Name, c.Signer)
		if !c.SignedAt.IsZero() {
			text += " on " + c.SignedAt.UTC().Format("2006-01-02")
		}
		list = append(list, item{Head: "Signed catalog", Text: finding.PlainText(text) + ": proves " + CountOf(c.Files, "file", "files")})
	}
	if len(r.Overlay) > 0 {
		list = append(list, item{Head: "Overlay", Text: OverlayText(r.Overlay)})
	}
	return list
}

// timeline are the releases of the library, the oldest first, and where they are on a line.
func (a *PageAbout) timeline() []releaseView {
	var list []releaseView
	sorted := slices.DeleteFunc(slices.Clone(a.Releases), func(r Release) bool { return r.Problem != "" })
	slices.SortFunc(sorted, func(x, y Release) int { return x.Created.Compare(y.Created) })
	for _, r := range sorted {
		v := releaseView{Date: localTime(r.Created), Name: r.Release, This: r.Release == a.Record.Release.Release, X: 500}
		if span := sorted[len(sorted)-1].Created.Sub(sorted[0].Created); span > 0 {
			v.X = 4 + int(992*float64(r.Created.Sub(sorted[0].Created))/float64(span))
		}
		var marks []string
		if v.This {
			marks = append(marks, "this release")
		}
		if r.Active {
			marks = append(marks, "active")
		}
		if a.Diff != nil && r.Release == a.Diff.Before.Release {
			marks = append(marks, "compared with")
		}
		v.Mark = strings.Join(marks, ", ")
		list = append(list, v)
	}
	return list
}

// sizesOf sums the files up by folder and arch.
func sizesOf(files []PageFile) *sizesView {
	sums, arches, folders := map[[2]string]int64{}, map[string]bool{}, map[string]bool{}
	for _, f := range files {
		arch, rest, _ := strings.Cut(f.Path, "/")
		folder, _, below := strings.Cut(rest, "/")
		if !below {
			folder = "."
		}
		sums[[2]string{folder, arch}] += f.Size
		arches[arch], folders[folder] = true, true
	}
	if len(sums) == 0 {
		return nil
	}
	largest := slices.Max(slices.Collect(maps.Values(sums)))
	v := &sizesView{Arches: plainTexts(slices.Sorted(maps.Keys(arches)))}
	for _, folder := range slices.Sorted(maps.Keys(folders)) {
		row := barRow{Head: finding.Printable(path.Clean(folder))}
		if folder == "." {
			row.Head = "the arch folder itself"
		}
		for _, arch := range slices.Sorted(maps.Keys(arches)) {
			n := sums[[2]string{folder, arch}]
			row.Cells = append(row.Cells, barOf(Size(n), n, largest))
		}
		v.Rows = append(v.Rows, row)
	}
	return v
}

// grouped is a number with its digits in groups of three.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// notCheckedTexts explain what a validation did not look at.
var notCheckedTexts = map[string]item{
	"authenticode":             {Head: "Some signatures.", Text: "Programs whose signature was not checked, or is of a kind that cannot be checked."},
	"release-inventory":        {Head: "Completeness.", Text: "There is no inventory for this version in some arches: a file that is missing everywhere is not noticed."},
	"release-inventory-hashes": {Head: "Some content, by inventory.", Text: "The inventory lists some files by name only."},
	finding.ContentNotChecked:  {Head: "Some content.", Text: "Nothing proves the content of some files; the table of files names them."},
	stage.NotChecked:           {Head: "Signatures.", Text: "No signature was checked."},
}
