package main

import (
	"fmt"
	"strings"

	"usmtpkg/cmd/usmtpkg/report"
	"usmtpkg/pkgdef/contentlib"
)

// maxNamed is how many files a note names; the JSON document has all.
const maxNamed = 5

// markedNotes are about files whose attributes are worth a look. That they are hidden changes no content.
func markedNotes(list []contentlib.Marked) []string {
	var concealed, unread []string
	for _, m := range list {
		if m.Problem != "" {
			unread = append(unread, m.Problem)
		} else {
			concealed = append(concealed, m.Path+" ("+m.Attributes+")")
		}
	}
	var notes []string
	if len(concealed) > 0 {
		notes = append(notes, report.CountOf(len(concealed), "file is", "files are")+" recorded as hidden or system: "+firstOf(concealed)+
			"; that changes no content, but hidden files in a package source are a reported cause of hash mismatches on old site versions:"+
			" clear the attributes in the source (attrib -S -H /S), and update the distribution points")
	}
	if len(unread) > 0 {
		notes = append(notes, "the attributes of "+report.CountOf(len(unread), "file", "files")+" cannot be read, so whether they are hidden was not checked: "+firstOf(unread))
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
