package samplekit

// Texts are written with LF here and get CRLF line ends in the kit. In a real
// kit MigApp.xml and MigUser.xml open with a byte order mark, MigDocs.xml does
// not; so do ours.
const (
	bom     = "\ufeff"
	xmlHead = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"
	urlID   = "http://www.microsoft.com/migration/1.0/migxmlext/"
	notice  = "<!-- Part of the usmtpkg sample kit. It migrates nothing. -->\n"
)

// rootTexts returns the texts of an arch folder's root by name.
func rootTexts() map[string]string {
	texts := map[string]string{
		"Config_AppsAndSettings.xml": xmlHead + configuration("yes", "yes"),
		"Config_AppsOnly.xml":        xmlHead + configuration("yes", "no"),
		"Config_SettingsOnly.xml":    xmlHead + configuration("no", "yes"),
		"MigApp.xml":                 bom + xmlHead + migration("migapp", sampleApp),
		"MigDocs.xml":                xmlHead + migration("migdocs", sampleDocs),
		"MigUser.xml":                bom + xmlHead + migration("miguser", sampleUser),
		"MigXML.xsd":                 xmlHead + sampleSchema,
		"SFCN.DAT":                   "xx\nxx-yy\nxx-zz\n",
		"SFLCID.DAT":                 "f000\nf001\nf002\n",
		"SFPAT.INF":                  patterns("every release"),
	}
	for suffix, release := range map[string]string{
		"W7": "7", "W8": "8", "WB": "8.1", "WT": "10", "RS1": "10 version 1607",
	} {
		texts["SFLIST"+suffix+".DAT"] = `%systemdrive%\usmtpkg-sample\` + suffix + "\\first.sys\n" +
			`%systemdrive%\usmtpkg-sample\` + suffix + "\\second.sys\n"
		texts["SFPAT"+suffix+".INF"] = patterns("Windows " + release)
	}
	return texts
}

// manifests returns the manifests every arch has, by path.
func manifests() map[string]string {
	return map[string]string{
		"DLManifests/Sample-Desktop-DL.man":              manifest("Sample-Desktop-DL", "Desktop", ""),
		"DLManifests/Sample-Keyboard-DL.man":             manifest("Sample-Keyboard-DL", "Keyboard", ""),
		"ReplacementManifests/Sample-Desktop-repl.man":   manifest("Sample-Desktop", "Desktop", ""),
		"ReplacementManifests/Sample-Keyboard-repl.man":  manifest("Sample-Keyboard", "Keyboard", ""),
		"ReplacementManifests/Sample-Network-repl.man":   manifest("Sample-Network", "Network", ""),
		"ReplacementManifests/Sample-Settings-repl.man":  manifest("Sample-Settings", "Settings", samplePlugin),
		"ReplacementManifests/Sample-TimeZones-repl.man": manifest("Sample-TimeZones", "TimeZones", ""),
	}
}

// downlevelManifests returns the manifests for captures from Windows 7 and 8.
func downlevelManifests() map[string]string {
	return map[string]string{
		"ReplacementManifests7/Sample-Desktop-repl.man":  manifest("Sample-Desktop-7", "Desktop", ""),
		"ReplacementManifests7/Sample-Settings-repl.man": manifest("Sample-Settings-7", "Settings", samplePlugin),
		"ReplacementManifests8/Sample-Desktop-repl.man":  manifest("Sample-Desktop-8", "Desktop", ""),
		"ReplacementManifests8/Sample-Settings-repl.man": manifest("Sample-Settings-8", "Settings", samplePlugin),
	}
}

// pluginName is the plug-in of a manifest folder: a DLL in a separate folder.
const pluginName = "Sample-Settings/samplemig.dll"

const samplePlugin = `    <plugin classId="{00000000-0000-4000-8000-000000000001}" file="Sample-Settings\samplemig.dll"/>
`

func manifest(name, key, plugin string) string {
	return bom + xmlHead + notice +
		`<assembly xmlns="urn:schemas-microsoft-com:asm.v3" manifestVersion="1.0">
  <assemblyIdentity name="` + name + `" version="0.0.0.0" processorArchitecture="*" language="*"/>
  <migration scope="Upgrade,USMT">
` + plugin + `    <migXml xmlns="">
      <rules context="User">
        <include>
          <objectSet>
            <pattern type="Registry">HKCU\Software\usmtpkg-sample\` + key + ` [*]</pattern>
          </objectSet>
        </include>
      </rules>
    </migXml>
  </migration>
</assembly>
`
}

func migration(name, component string) string {
	return notice + `<migration urlid="` + urlID + name + `">
` + component + `</migration>
`
}

const sampleApp = `  <component type="Application" context="UserAndSystem">
    <displayName>Sample notepad</displayName>
    <role role="Settings">
      <rules context="User">
        <include>
          <objectSet>
            <pattern type="Registry">HKCU\Software\usmtpkg-sample\Notepad\* [*]</pattern>
          </objectSet>
        </include>
      </rules>
    </role>
  </component>
`

const sampleDocs = `  <component type="Documents" context="System">
    <displayName>Sample shared documents</displayName>
    <role role="Data">
      <rules context="System">
        <include>
          <objectSet>
            <pattern type="File">%systemdrive%\usmtpkg-sample\documents\* [*.sample]</pattern>
          </objectSet>
        </include>
      </rules>
    </role>
  </component>
`

const sampleUser = `  <component type="Documents" context="User">
    <displayName>Sample drawings – Ünïcödé</displayName>
    <role role="Data">
      <rules context="User">
        <include>
          <objectSet>
            <pattern type="File">%profile%\usmtpkg-sample\drawings\* [*.sample]</pattern>
          </objectSet>
        </include>
      </rules>
    </role>
  </component>
`

func configuration(applications, settings string) string {
	return notice + `<Configuration>
  <Applications>
    <component displayname="Sample notepad" migrate="` + applications + `" ID="sample/notepad/settings"/>
  </Applications>
  <WindowsComponents>
    <component displayname="Sample desktop" migrate="` + settings + `" ID="sample/desktop/settings"/>
  </WindowsComponents>
  <Policies>
    <HardLinkStoreControl/>
  </Policies>
</Configuration>
`
}

func patterns(release string) string {
	return "; Part of the usmtpkg sample kit: files of " + release + " that stay behind.\n" +
		"[System.File]\n\"%SystemDrive%\\usmtpkg-sample\\* [*.sys]\"\n"
}

const sampleSchema = notice + `<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" elementFormDefault="unqualified">
  <xs:element name="migration">
    <xs:complexType>
      <xs:sequence>
        <xs:element name="component" type="component" maxOccurs="unbounded"/>
      </xs:sequence>
      <xs:attribute name="urlid" type="xs:anyURI" use="required"/>
    </xs:complexType>
  </xs:element>
  <xs:complexType name="component">
    <xs:sequence>
      <xs:element name="displayName" type="xs:string"/>
      <xs:element name="role" type="role"/>
    </xs:sequence>
    <xs:attribute name="type" type="xs:string" use="required"/>
    <xs:attribute name="context" type="xs:string" use="required"/>
  </xs:complexType>
  <xs:complexType name="role">
    <xs:sequence>
      <xs:element name="rules" type="rules" maxOccurs="unbounded"/>
    </xs:sequence>
    <xs:attribute name="role" type="xs:string" use="required"/>
  </xs:complexType>
  <xs:complexType name="rules">
    <xs:sequence>
      <xs:element name="include" type="include"/>
    </xs:sequence>
    <xs:attribute name="context" type="xs:string" use="required"/>
  </xs:complexType>
  <xs:complexType name="include">
    <xs:sequence>
      <xs:element name="objectSet" type="objectSet"/>
    </xs:sequence>
  </xs:complexType>
  <xs:complexType name="objectSet">
    <xs:sequence>
      <xs:element name="pattern" type="pattern" maxOccurs="unbounded"/>
    </xs:sequence>
  </xs:complexType>
  <xs:complexType name="pattern">
    <xs:simpleContent>
      <xs:extension base="xs:string">
        <xs:attribute name="type" type="xs:string" use="required"/>
      </xs:extension>
    </xs:simpleContent>
  </xs:complexType>
</xs:schema>
`
