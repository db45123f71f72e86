package report

import (
	"cmp"
	"path"
	"path/filepath"
	"strings"

	"usmtpkg/locate/finding"
	"usmtpkg/locate/tree"
	"usmtpkg/pkgdef/contentlib"
	"usmtpkg/pkgdef/smplog"
)

// PredictedNote goes with everything that is based on the prediction.
const PredictedNote = "the content hash is predicted: reverse-engineered, not confirmed on a live site"

// ObjectsNotChecked names what a look without --deep leaves out.
const ObjectsNotChecked = "content-library-objects"

// Logged is what distmgr.log says of a package.
type Logged struct {
	PackageID    string               `json:"package_id"`
	Logs         []string             `json:"logs"`
	Predicted    string               `json:"predicted"`
	Verdict      tree.Verdict         `json:"verdict"` // same, different, unfinished, not-found
	Newest       *contentlib.LogEntry `json:"newest,omitempty"`
	Attempt      *contentlib.LogEntry `json:"attempt,omitempty"` // after the newest, without a whole hash
	Earlier      *contentlib.LogEntry `json:"earlier,omitempty"` // that had the predicted hash
	Unattributed int                  `json:"unattributed"`
	Skipped      int                  `json:"skipped"`
}

// log is the file that the verdict is based on.
func (l *Logged) log() string {
	switch {
	case l.Attempt != nil:
		return l.Attempt.Log
	case l.Newest != nil:
		return l.Newest.Log
	}
	return l.Logs[len(l.Logs)-1]
}

// Content is what a content library has of a package.
type Content struct {
	PackageID string   `json:"package_id"`
	Libraries []string `json:"content_libraries"`
	Content   string   `json:"content,omitempty"`  // the content id
	Contents  []string `json:"contents,omitempty"` // all of the package
	Recorded  string   `json:"recorded,omitempty"` // the content hash that the library has
	Predicted string   `json:"predicted"`
	Deep      bool     `json:"deep"`

	Marked []contentlib.Marked `json:"marked,omitempty"`
}

// siteText prints what is to be said of a comparison with what ConfigMgr made of a package, beyond
// its outcome; nothing for others.
func (t *printer) siteText(c Comparison) {
	if l := c.Logged; l != nil {
		t.printf("  predicted   %s\n", l.Predicted)
		if e := l.Newest; e != nil {
			t.printf("  logged      %s, %s\n", e.Hash, e)
		}
		if e := l.Attempt; e != nil {
			t.printf("  unfinished  %s\n", e)
		}
	}
	if k := c.Content; k != nil {
		if k.Content != "" {
			t.printf("  content     %s of %s\n", k.Content, strings.Join(k.Contents, ", "))
		}
		switch {
		case len(c.NotChecked) > 0:
			t.printf("  not checked: the content of the objects was not hashed; --deep does that\n")
		case k.Deep:
			t.printf("  objects     read and hashed\n")
		}
	}
}

// siteBase is the folder that the results of a comparison with what ConfigMgr made of a package
// are relative to; of others it has no id.
func (c Comparison) siteBase() uriBase {
	switch {
	case c.Logged != nil:
		return uriBase{"LOGS", filepath.Dir(c.Logged.log()), "the folder of distmgr.log"}
	case c.Content != nil:
		return uriBase{"CONTENTLIBRARY", c.Content.Libraries[0], "ConfigMgr's content library"}
	}
	return uriBase{}
}

// siteResult gives a result of such a comparison its place and its advice; others stay as
// they are.
func (c Comparison) siteResult(r result) result {
	switch {
	case c.Logged != nil:
		r.file = filepath.Base(c.Logged.log())
		r.source = PredictedNote
		r.hint = "update the distribution points of the package, wait until they are done, and look again"
	case c.Content != nil:
		switch {
		case tree.Verdict(r.rule) == contentlib.ObjectMissing:
			r.file, r.found = cmp.Or(r.wanted, r.file), cmp.Or(r.found, "no such object")
		case r.file == c.Content.PackageID: // there is none of it
			r.file = path.Join("PkgLib", r.file+".INI")
		default:
			r.file = path.Join("DataLib", c.Content.Content, r.file+".INI")
		}
		r.hint = "redistribute the package to this distribution point, and look again"
	}
	return r
}

// Recover is the document of recover.
type Recover struct {
	Head
	DryRun     bool     `json:"dry_run"`
	PackageID  string   `json:"package_id"`
	Content    string   `json:"content"`
	Contents   []string `json:"contents"`
	Libraries  []string `json:"content_libraries"`
	Dir        string   `json:"dir"`
	Files      int      `json:"files"`
	Bytes      int64    `json:"bytes"`
	Recorded   string   `json:"recorded,omitempty"`  // the content hash that the library has
	Predicted  string   `json:"predicted,omitempty"` // the one predicted from the files and folders
	NotChecked []string `json:"not_checked"`
	Notes      []string `json:"notes,omitempty"`
}

func (d *Recover) text(t *printer) {
	t.notes(d.Notes)
	checked := "every file was hashed while it was written, and is what the content library recorded; nothing was read back"
	if d.DryRun {
		checked = "every object is there, and of the right size; not checked: their content"
	}
	recorded := d.Recorded
	switch recorded {
	case "":
		recorded = "none is recorded"
	case d.Predicted:
		recorded += ", the predicted one"
	default:
		recorded += ", NOT the predicted one"
	}
	t.dryRun(d.DryRun)
	t.printf("content      %s of %s\nrecovered    %s\n             %s\nchecked      %s\ncontent hash %s\n",
		d.Content, strings.Join(d.Contents, ", "), d.Dir, filesText(d.Files, d.Bytes), checked, recorded)
}

// Note prints notes to c.Err, unless it is to be quiet.
func (c Console) Note(notes ...string) { (&printer{Console: c}).notes(notes) }

// SMPLog is the document of smp-log.
type SMPLog struct {
	Head
	Verdict  smplog.Verdict   `json:"verdict"`
	Findings []smplog.Finding `json:"findings"`
	Messages int              `json:"messages"`
	Skipped  int              `json:"skipped"`
}

func (d *SMPLog) text(t *printer) {
	for _, f := range d.Findings {
		t.printf("%-9s %-7s %s (%s)\n          %s:%d: %s\n", f.Verdict, f.Subject, f.Meaning, f.Basis, finding.Printable(f.Log), f.Line, f.Text)
	}
	if d.Skipped > 0 {
		t.notes([]string{CountOf(d.Skipped, "message is", "messages are") + " too long and not looked at"})
	}
	t.printf("state migration point: %s\n", map[smplog.Verdict]string{
		smplog.Installed: "installed", smplog.Waiting: "NOT ready: waiting", smplog.LowSpace: "NOT ready: low on space",
		smplog.Failed: "NOT ready: failed", smplog.Unknown: "no verdict found in " + CountOf(d.Messages, "message", "messages"),
	}[d.Verdict])
}
