package locate

import (
	"fmt"
	"path"
	"strings"

	"usmtpkg/locate/finding"
	"usmtpkg/locate/wellformed"
)

// urlidBase is what the urlids of USMT's own migration XML files begin with.
const urlidBase = "http://www.microsoft.com/migration/1.0/migxmlext/"

// migrationXML checks the root element of an XML file directly in an arch folder.
// MigApp, MigDocs and MigUser have the root and the urlid of their name; other Mig*.xml files
// have the root migration, unless they are Config.xml files by their root; any other file is
// free, but with the root migration it has a urlid.
// Names are compared without regard to case, since the comment in MigXML.xsd says that the engine does.
func migrationXML(name string, root wellformed.Root) (urlid string, fault *finding.Error) {
	own := shipped(name)
	if !strings.EqualFold(root.Name, "migration") {
		custom := strings.HasPrefix(fold(path.Base(name)), "MIG") && !strings.EqualFold(root.Name, "Configuration")
		if own != "" || custom {
			return "", migXMLRoot.at(name, fmt.Sprintf("root element %q", root.Name), `"migration"`)
		}
		return "", nil
	}
	for _, a := range root.Attr {
		if strings.EqualFold(a.Name, "urlid") {
			urlid = strings.TrimSpace(a.Value)
		}
	}
	switch {
	case urlid == "":
		fault = migXMLURLID.at(name, "no urlid", "one that begins with "+urlidBase)
	case own != "" && !strings.HasSuffix(fold(urlid), "/"+fold(own)):
		fault = migXMLURLID.at(name, fmt.Sprintf("urlid %q", urlid), fmt.Sprintf("%q", urlidBase+own))
	}
	return urlid, fault
}

// shipped returns the last part of the urlid of a migration XML file of USMT's own, or "".
func shipped(name string) string {
	stem, _ := strings.CutSuffix(strings.ToLower(path.Base(name)), ".xml")
	switch stem {
	case "migapp", "migdocs", "miguser":
		return stem
	}
	return ""
}

// urlids checks that no two files of an arch have the same urlid, compared byte by byte. USMT's
// own file counts as the first of them, whatever the order of names.
func (s *survey) urlids(t *archFolder) {
	firsts := make(map[string]string) // urlid to path
	for _, own := range []bool{true, false} {
		for _, e := range t.entries {
			if e.urlid == "" || (shipped(e.path) != "") != own {
				continue
			}
			if first, ok := firsts[e.urlid]; ok {
				s.add(urlidDuplicate.at(e.path, fmt.Sprintf("urlid %q, as in %s", e.urlid, finding.Printable(first)), "a different urlid"))
				continue
			}
			firsts[e.urlid] = e.path
		}
	}
}
