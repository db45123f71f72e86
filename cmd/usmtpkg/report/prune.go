package report

import (
	"strings"
	"text/tabwriter"
	"time"
)

// Prune is the document of prune.
type Prune struct {
	Head
	DryRun  bool     `json:"dry_run"`
	Library string   `json:"library"`
	Removed []Pruned `json:"removed"`
	Kept    []Pruned `json:"kept"`
	Problem string   `json:"problem,omitempty"` // what ended the run before it had removed everything
}

// Pruned is a release that is removed or kept.
type Pruned struct {
	Release string    `json:"release"`
	Created time.Time `json:"created,omitzero"`
	Bytes   int64     `json:"bytes"`
	Reason  string    `json:"reason,omitempty"` // why it is kept
}

// PrunedBytes is the size of the files of releases.
func PrunedBytes(list []Pruned) (n int64) {
	for _, r := range list {
		n += r.Bytes
	}
	return n
}

func (d *Prune) text(t *printer) {
	t.dryRun(d.DryRun)
	verb := "removed"
	if d.DryRun {
		verb = "would be removed"
	}
	if !t.Quiet {
		var table strings.Builder
		tw := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
		for _, r := range d.Kept {
			Say(tw, "kept\t%s\t%s\t%s\n", r.Release, Size(r.Bytes), r.Reason)
		}
		for _, r := range d.Removed {
			Say(tw, "%s\t%s\t%s\t%s\n", verb, r.Release, Size(r.Bytes), localTime(r.Created))
		}
		_ = tw.Flush() // a strings.Builder takes everything
		t.printf("%s", Lines(table.String()))
	}
	if d.Problem != "" {
		defer Say(t.Err, "usmtpkg: %s\n", d.Problem)
	}
	if len(d.Removed) == 0 {
		t.printf("nothing to remove\n")
		return
	}
	t.printf("%s %s: %s\n", CountOf(len(d.Removed), "release", "releases"), verb, Size(PrunedBytes(d.Removed)))
}

// Pin is the document of pin and unpin.
type Pin struct {
	Head
	Library string   `json:"library"`
	Release string   `json:"release"`
	Changed bool     `json:"changed"`
	Pinned  []string `json:"pinned"` // all of the library
}

func (d *Pin) text(t *printer) {
	if t.name(d.Release) {
		return
	}
	state := "pinned: prune never removes it"
	if d.command == "unpin" {
		state = "not pinned"
	}
	if !d.Changed {
		state += ", as before"
	}
	t.printf("release      %s\n             %s\n", d.Release, state)
}
