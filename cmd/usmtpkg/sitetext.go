package main

import (
	"cmp"
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"usmtpkg/pkgdef/contentlib"
	"usmtpkg/stage"
)

// Verdicts on the objects of a content library.
const (
	objectMissing = stage.Verdict(contentlib.ObjectMissing)
	objectChanged = stage.Verdict(contentlib.ObjectChanged)
)

// siteText is what is to be said of a comparison with what ConfigMgr made of a package, beyond
// its outcome; empty for others. Every line begins with blanks.
func (c jsonComparison) siteText() ourText {
	var all []string
	if l := c.Logged; l != nil {
		all = append(all, "predicted   "+l.Predicted)
		if e := l.Newest; e != nil {
			all = append(all, "logged      "+e.Hash+", "+e.text())
		}
		if e := l.Attempt; e != nil {
			all = append(all, "unfinished  "+e.text())
		}
	}
	if t := c.Content; t != nil {
		if t.Content != "" {
			all = append(all, "content     "+t.Content+" of "+strings.Join(t.Contents, ", "))
		}
		switch {
		case len(c.NotChecked) > 0:
			all = append(all, "not checked: the content of the objects was not hashed; --deep does that")
		case t.Deep:
			all = append(all, "objects     read and hashed")
		}
	}
	var text ourText
	for _, l := range all {
		text += textf("  %s\n", l)
	}
	return text
}

// siteBase is the folder that the results of a comparison with what ConfigMgr made of a package
// are relative to; of others it has no id.
func (c jsonComparison) siteBase() uriBase {
	switch {
	case c.Logged != nil:
		log := c.Logged.log()
		return uriBase{"LOGS", filepath.Dir(log), "the folder of distmgr.log"}
	case c.Content != nil:
		return uriBase{"CONTENTLIBRARY", c.Content.Libraries[0], "ConfigMgr's content library"}
	}
	return uriBase{}
}

// log is the file that the verdict rests on.
func (l *jsonLogged) log() string {
	if l.Attempt != nil {
		return l.Attempt.Log
	}
	if l.Newest != nil {
		return l.Newest.Log
	}
	return l.Logs[len(l.Logs)-1]
}

// siteResult gives a result of such a comparison its place and its advice; others stay as
// they are.
func (c jsonComparison) siteResult(r result) result {
	switch {
	case c.Logged != nil:
		r.file = filepath.Base(c.Logged.log())
		r.source = predictedNote
		r.hint = "update the distribution points of the package, wait until they are done, and look again"
	case c.Content != nil:
		switch {
		case stage.Verdict(r.rule) == objectMissing:
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

// mark takes over the files whose attributes are worth a look.
func (d *jsonContent) mark(all []contentlib.Marked) {
	for _, m := range all {
		j := jsonMarked{Path: m.Path, Attributes: m.Concealed}
		if m.Err != nil {
			j.Problem = m.Err.Error()
		}
		d.Marked = append(d.Marked, j)
	}
}

// maxNamed is how many files a note names; the JSON document has all.
const maxNamed = 5

// markedNotes tell of those files. That they are hidden changes no content.
func (d *jsonContent) markedNotes() []string {
	var concealed, unread []string
	for _, m := range d.Marked {
		if m.Problem != "" {
			unread = append(unread, m.Problem)
		} else {
			concealed = append(concealed, m.Path+" ("+m.Attributes+")")
		}
	}
	var notes []string
	if len(concealed) > 0 {
		notes = append(notes, countOf(len(concealed), "file is", "files are")+" recorded as hidden or system: "+firstOf(concealed)+
			"; that changes no content, but hidden files in a package source are a reported cause of hash mismatches on old site versions:"+
			" clear the attributes in the source (attrib -S -H /S), and update the distribution points")
	}
	if len(unread) > 0 {
		notes = append(notes, "the attributes of "+countOf(len(unread), "file", "files")+" cannot be read, so whether they are hidden was not checked: "+firstOf(unread))
	}
	return notes
}

// firstOf lists some of the names.
func firstOf(names []string) string {
	if len(names) <= maxNamed {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:maxNamed], ", ") + fmt.Sprintf(", and %d more", len(names)-maxNamed)
}
