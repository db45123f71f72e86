package pkgdef

import (
	"fmt"
	"slices"
	"strings"

	"usmtpkg/locate/finding"
	"usmtpkg/locate/winname"
)

// Contents is what of a release matters to the settings.
type Contents struct {
	Arches []string
	XML    []XMLFile // those directly in an arch folder
}

// An XMLFile is one XML file of an arch folder.
type XMLFile struct {
	Arch  string
	Name  string
	Root  string // name of its root element; empty if it is not well-formed
	URLID string // of the root element
}

// The sources of the rules.
const (
	practicesPage = "https://learn.microsoft.com/windows/deployment/usmt/usmt-best-practices"
	returnPage    = "https://learn.microsoft.com/windows/deployment/usmt/usmt-return-codes"
	xmlPage       = "https://learn.microsoft.com/windows/deployment/usmt/usmt-xml-file-requirements"
	statePage     = "https://learn.microsoft.com/mem/configmgr/osd/get-started/manage-user-state"
	folderSource  = "inferred: the client passes /i:<package>\\<arch>\\<file>, as published command lines show; not documented"
)

// Lint checks settings against a release and against one another. It does not repeat
// what Validate says. The Path of a finding is the key of a setting, such as
// "capture.configFiles". Settings and contents are not changed.
func Lint(s Settings, c Contents) []*finding.Error {
	var all []*finding.Error
	for _, step := range []struct {
		section, mode string
		files         []string
	}{{"capture", s.Capture.Mode, s.Capture.ConfigFiles}, {"restore", s.Restore.Mode, s.Restore.ConfigFiles}} {
		if step.mode == ModeCustomize {
			all = append(all, c.lintFiles(step.section+".configFiles", step.files)...)
		}
	}
	all = append(all, lintTwins(s)...)
	all = append(all, lintAccounts(s)...)
	return append(all, lintStore(s)...)
}

// lintFiles looks at the list of migration XML files of one step.
func (c Contents) lintFiles(key string, files []string) []*finding.Error {
	var all []*finding.Error
	has := func(name string) bool {
		return slices.ContainsFunc(files, func(f string) bool { return winname.Same(f, name) })
	}
	if has("MigUser.xml") && has("MigDocs.xml") {
		all = append(all, &finding.Error{
			Rule: "miguser-and-migdocs", Severity: finding.SeverityWarning, Path: key, Found: "MigUser.xml and MigDocs.xml", Wanted: "one of the two",
			Hint: "leave out MigUser.xml: both files find the same documents, which slows the scan", Source: practicesPage,
		})
	}
	for _, file := range files {
		if c.isConfig(file) {
			all = append(all, &finding.Error{
				Rule: "config-as-migration-xml", Severity: finding.SeverityError, Path: key, Found: fmt.Sprintf("%q, a Config.xml file", file), Wanted: "migration XML files only",
				Hint:   "pass it with /config: in the variable OSDMigrateAdditionalCaptureOptions; a file listed here is passed with /i:, and ScanState ends with 26 or 28",
				Source: returnPage,
			})
			continue
		}
		if missing := c.without(file); len(missing) > 0 {
			all = append(all, &finding.Error{
				Rule: "config-file-missing", Severity: finding.SeverityError, Path: key, Found: fmt.Sprintf("no %q in %s", file, strings.Join(missing, ", ")), Wanted: "the file in every arch folder",
				Hint: "add the file to every arch folder with --overlay, and stage again", Source: folderSource,
			})
		}
	}
	return append(all, c.lintURLIDs(key, files)...)
}

// isConfig reports whether a file is a Config.xml file: by its root element, else by its name.
func (c Contents) isConfig(file string) bool {
	known := false
	for _, x := range c.XML {
		if winname.Same(x.Name, file) && x.Root != "" {
			if strings.EqualFold(x.Root, "Configuration") {
				return true
			}
			known = true
		}
	}
	return !known && winname.Same(file, "Config.xml")
}

// without returns the arches that do not have the file.
func (c Contents) without(file string) []string {
	var arches []string
	for _, arch := range c.Arches {
		if !slices.ContainsFunc(c.XML, func(x XMLFile) bool { return x.Arch == arch && winname.Same(x.Name, file) }) {
			arches = append(arches, arch)
		}
	}
	return arches
}

// lintURLIDs finds listed files of one urlid. Each pair is reported once, whatever the arches.
func (c Contents) lintURLIDs(key string, files []string) []*finding.Error {
	var all []*finding.Error
	told := map[string]bool{}
	for i, x := range c.XML {
		for _, other := range c.XML[i+1:] {
			pair := winname.Fold(x.Name + "/" + other.Name)
			listed := func(name string) bool {
				return slices.ContainsFunc(files, func(f string) bool { return winname.Same(f, name) })
			}
			if x.Arch != other.Arch || x.URLID == "" || x.URLID != other.URLID || told[pair] || !listed(x.Name) || !listed(other.Name) {
				continue
			}
			told[pair] = true
			all = append(all, &finding.Error{
				Rule: "urlid-listed-twice", Severity: finding.SeverityError, Path: key, Found: fmt.Sprintf("%q and %q with urlid %q", x.Name, other.Name, x.URLID), Wanted: "a urlid for each file",
				Hint: "give each file its own urlid: of two files with the same urlid ScanState silently ignores the second", Source: xmlPage,
			})
		}
	}
	return all
}

// lintTwins finds names in a list that differ in case alone, which no schema can say, and folders
// that do.
func lintTwins(s Settings) []*finding.Error {
	var all []*finding.Error
	twins := func(path string, names []string, same func(a, b string) bool) {
		for i, name := range names {
			for _, other := range names[:i] {
				if same(name, other) {
					all = append(all, &finding.Error{
						Rule: "listed-twice", Severity: finding.SeverityError, Path: fmt.Sprintf(path, i), Found: fmt.Sprintf("%q, and %q before it", name, other), Wanted: "each once",
						Hint: "remove one of them", Source: "inferred: Windows ignores case in names; whether ConfigMgr does is not documented",
					})
				}
			}
		}
	}
	for _, k := range Keys() {
		if k.field == nil {
			continue
		}
		if list, ok := k.field(&s).(*[]string); ok {
			twins(k.Path()+"[%d]", *list, winname.Same)
		}
	}
	var paths []string
	for _, f := range s.StateMigrationPoint.Folders {
		paths = append(paths, f.Path)
	}
	twins("stateMigrationPoint.folders[%d].path", paths, samePath)
	return all
}

// lintAccounts compares what is captured with what is restored.
func lintAccounts(s Settings) []*finding.Error {
	if s.Capture.Mode != ModeStandard || s.Restore.LocalAccounts {
		return nil
	}
	return []*finding.Error{{
		Rule: "local-accounts-not-restored", Severity: finding.SeverityWarning, Path: "restore.localAccounts", Found: "false, while capture.mode standard captures all profiles",
		Wanted: "true, unless the computers have no local accounts",
		Hint:   "the task sequence fails at the restore of a computer that has local accounts", Source: stepsPage + "#BKMK_CaptureUserState",
	}}
}

// lintStore finds hard links that would go to, or beside, a state migration point.
func lintStore(s Settings) []*finding.Error {
	if !s.Capture.HardLinks {
		return nil
	}
	f := &finding.Error{Rule: "hard-links-with-migration-point", Path: "capture.hardLinks", Source: statePage}
	switch {
	case s.StateStore.LocalPath == "":
		f.Severity = finding.SeverityError
		f.Found, f.Wanted = "true, while stateStore.localPath is empty and a state migration point is asked for", "one of the two"
		f.Hint = "set stateStore.localPath, such as %_SMSTSUserStatePath%, or capture.hardLinks to false"
	case s.StateMigrationPoint.Server != "":
		f.Severity = finding.SeverityWarning
		f.Found, f.Wanted = "true, while stateMigrationPoint.server is set", "one of the two"
		f.Hint = "the task sequence of these settings does not use the state migration point that they install"
	default:
		return nil
	}
	return []*finding.Error{f}
}
