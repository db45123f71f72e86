package report

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"strings"
	"text/tabwriter"
	"time"
)

// Version is the document of version.
type Version struct {
	Head
	Usmtpkg     string         `json:"usmtpkg_version"`
	Commit      string         `json:"commit,omitempty"`
	CommitTime  string         `json:"commit_time,omitempty"`
	Modified    bool           `json:"modified,omitempty"` // the files were not those of the commit
	Go          string         `json:"go"`
	Platform    string         `json:"platform"`
	Rules       string         `json:"rules_version"`
	Inventories []KnownRelease `json:"inventories"`
	Roots       []Root         `json:"roots"`
}

// A KnownRelease is a USMT release whose files are listed in the program.
type KnownRelease struct {
	USMT       string   `json:"usmt_version"`
	Arches     []string `json:"arches"`
	Files      int      `json:"files"`
	ByHash     int      `json:"by_hash"`      // files listed with their hash
	ByTextHash int      `json:"by_text_hash"` // texts listed with the hash they have when line ends do not count
}

// A Root is a certificate that signatures are trusted by.
type Root struct {
	Name     string    `json:"name"`
	NotAfter time.Time `json:"not_after"`
	SHA256   string    `json:"sha256"`
}

// NewRoot describes a root.
func NewRoot(c *x509.Certificate) Root {
	sum := sha256.Sum256(c.Raw)
	return Root{Name: c.Subject.CommonName, NotAfter: c.NotAfter.UTC(), SHA256: hex.EncodeToString(sum[:])}
}

func (d *Version) text(t *printer) {
	tw := tabwriter.NewWriter(t.Out, 0, 0, 2, ' ', 0)
	Say(tw, "usmtpkg\t%s\n", d.Usmtpkg)
	switch {
	case d.Commit == "":
		Say(tw, "commit\tnot recorded\n")
	case d.Modified:
		Say(tw, "commit\t%s of %s, and changes to it\n", d.Commit, d.CommitTime)
	default:
		Say(tw, "commit\t%s of %s\n", d.Commit, d.CommitTime)
	}
	Say(tw, "built with\t%s for %s\n", d.Go, d.Platform)
	Say(tw, "rules\t%s\n", d.Rules)
	for i, r := range d.Inventories {
		Say(tw, "%s\tUSMT %s (%s): %s, %d by hash, %d as text\n", first(i, "inventories"), r.USMT, strings.Join(r.Arches, ", "), CountOf(r.Files, "file", "files"), r.ByHash, r.ByTextHash)
	}
	for i, r := range d.Roots {
		name := r.Name
		if name == "" {
			name = "Microsoft Root Certificate Authority"
		}
		Say(tw, "%s\t%s, valid until %s\n", first(i, "roots"), name, r.NotAfter.Format(time.DateOnly))
	}
	t.err = tw.Flush()
}

// first is the heading of the first line of several.
func first(i int, heading string) string {
	if i > 0 {
		return ""
	}
	return heading
}
