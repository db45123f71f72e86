package pkgdef

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// shippedXML are the XML files of a genuine USMT folder, in each of the arches.
func shippedXML(arches ...string) Contents {
	c := Contents{Arches: arches}
	for _, arch := range arches {
		for _, name := range []string{"MigApp", "MigDocs", "MigUser"} {
			c.XML = append(c.XML, XMLFile{arch, name + ".xml", "migration", "http://www.microsoft.com/migration/1.0/migxmlext/" + strings.ToLower(name)})
		}
	}
	return c
}

func TestLint(t *testing.T) {
	customize := func(files ...string) func(*Settings) {
		return func(s *Settings) {
			s.Capture.Mode, s.Capture.ConfigFiles = ModeCustomize, files
			s.Restore.LocalAccounts = true
		}
	}
	both := shippedXML("amd64", "x86")
	with := func(files ...XMLFile) Contents {
		return Contents{Arches: both.Arches, XML: append(slices.Clone(both.XML), files...)}
	}
	custom := "http://www.contoso.com/migration/1.0/migxmlext/custom"
	tests := []struct {
		name     string
		edit     func(*Settings)
		contents Contents
		want     []string // severity, rule and key
	}{
		{"defaults", func(*Settings) {}, both, []string{"warning local-accounts-not-restored restore.localAccounts"}},
		{"local accounts", func(s *Settings) { s.Restore.LocalAccounts = true }, both, nil},
		{"customized capture needs none", func(s *Settings) { customize("MigApp.xml")(s); s.Restore.LocalAccounts = false }, both, nil},
		{"shipped files", customize("migapp.XML", "MigDocs.xml"), both, nil},
		{"MigUser and MigDocs", customize("miguser.xml", "MIGDOCS.xml"), both, []string{"warning miguser-and-migdocs capture.configFiles"}},
		{"MigUser alone", customize("MigUser.xml", "MigApp.xml"), both, nil},
		{"in the restore", func(s *Settings) {
			s.Restore = RestoreSettings{Mode: ModeCustomize, ConfigFiles: []string{"MigUser.xml", "MigDocs.xml"}, LocalAccounts: true}
		}, both, []string{"warning miguser-and-migdocs restore.configFiles"}},
		{"Config.xml that is not there", customize("config.xml"), both, []string{"error config-as-migration-xml capture.configFiles"}},
		{"Config.xml by another name", customize("Apps.xml"), with(XMLFile{"amd64", "apps.xml", "Configuration", ""}, XMLFile{"x86", "apps.xml", "Configuration", ""}),
			[]string{"error config-as-migration-xml capture.configFiles"}},
		{"migration XML named Config.xml", customize("Config.xml"), with(XMLFile{"amd64", "Config.xml", "migration", custom}, XMLFile{"x86", "Config.xml", "migration", custom}), nil},
		{"missing everywhere", customize("Custom.xml"), both, []string{"error config-file-missing capture.configFiles"}},
		{"missing in one arch", customize("Custom.xml"), with(XMLFile{"amd64", "Custom.xml", "migration", custom}), []string{"error config-file-missing capture.configFiles"}},
		{"in every arch, in any case", customize("Custom.xml"), with(XMLFile{"amd64", "CUSTOM.xml", "migration", custom}, XMLFile{"x86", "custom.xml", "migration", custom}), nil},
		{"copy of MigApp.xml", customize("MigApp.xml", "Custom.xml"),
			with(XMLFile{"amd64", "Custom.xml", "migration", both.XML[0].URLID}, XMLFile{"x86", "Custom.xml", "migration", both.XML[0].URLID}),
			[]string{"error urlid-listed-twice capture.configFiles"}},
		{"copy that is not listed", customize("MigApp.xml"),
			with(XMLFile{"amd64", "Custom.xml", "migration", both.XML[0].URLID}, XMLFile{"x86", "Custom.xml", "migration", both.XML[0].URLID}), nil},
		{"one urlid in two arches", customize("A.xml"), with(XMLFile{"amd64", "A.xml", "migration", custom}, XMLFile{"x86", "A.xml", "migration", custom}), nil},
		{"no urlids", customize("A.xml", "B.xml"), Contents{Arches: []string{"x86"}, XML: []XMLFile{{"x86", "A.xml", "", ""}, {"x86", "B.xml", "", ""}}}, nil},
		{"one file in two spellings", customize("MigApp.xml", "MIGAPP.xml"), both, []string{"error listed-twice capture.configFiles[1]"}},
		{"a long s is no s", customize("MigUser.xml", "MigUſer.xml"), both, []string{"error config-file-missing capture.configFiles"}},
		{"one task sequence in two spellings", func(s *Settings) {
			customize("MigApp.xml")(s)
			s.Package.TaskSequences = []string{"Windows 11", "Other", "windows 11"}
		}, both, []string{"error listed-twice package.taskSequences[2]"}},
		{"one folder in two spellings", func(s *Settings) {
			customize("MigApp.xml")(s)
			s.StateMigrationPoint.Folders = []StorageFolder{{`D:\S`, 1, 1, UnitGigabyte}, {`d:\s\`, 1, 1, UnitGigabyte}}
		}, both, []string{"error listed-twice stateMigrationPoint.folders[1].path"}},
		{"hard links", func(s *Settings) { customize("MigApp.xml")(s); s.Capture.HardLinks = true }, both, []string{"error hard-links-with-migration-point capture.hardLinks"}},
		{"hard links to a folder", func(s *Settings) {
			customize("MigApp.xml")(s)
			s.Capture.HardLinks, s.StateStore.LocalPath = true, "%_SMSTSUserStatePath%"
		}, both, nil},
		{"hard links beside the role", func(s *Settings) {
			customize("MigApp.xml")(s)
			s.Capture.HardLinks, s.StateStore.LocalPath, s.StateMigrationPoint.Server = true, "%_SMSTSUserStatePath%", "smp01"
		}, both, []string{"warning hard-links-with-migration-point capture.hardLinks"}},
		{"most retries", func(s *Settings) {
			customize("MigApp.xml")(s)
			s.StateStore.SMPRetryCount, s.StateStore.SMPRetryTime = 30, 600
		}, both, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := DefaultSettings()
			tt.edit(&s)
			var got []string
			for _, f := range Lint(s, tt.contents) {
				got = append(got, fmt.Sprintf("%s %s %s", f.Severity, f.Rule, f.Path))
				if f.Found == "" || f.Wanted == "" || f.Hint == "" || f.Source == "" {
					t.Errorf("the finding %+v does not say everything", f)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("Lint = %q, want %q", got, tt.want)
			}
		})
	}
}
