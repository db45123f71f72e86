package migration

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

const assembly = `<?xml version="1.0" encoding="utf-8"?>
<assembly xmlns="urn:schemas-microsoft-com:asm.v3" authors="somebody" displayName="$(resourceString.name)">
  <!-- a comment -->
  <assemblyIdentity name="Sample-Fax" version="1.2.3.4" language="*"/>
  <migration scope="USMT" settingsVersion="6">
    <migXml xmlns="">
      <rules context="User">
        <include>
          <objectSet>
            <pattern type="Registry">HKCU\Software\Fax\* [*]</pattern>
            <pattern type="File">
              %APPDATA%\Fax [*]
            </pattern>
          </objectSet>
        </include>
      </rules>
      <plugin file="Fax\fax.dll"/>
    </migXml>
    <migrationDisplayID>Communications\Fax</migrationDisplayID>
  </migration>
  <localization>
    <resources culture="de-DE"><stringTable><string id="name" value="Faxdienst"/></stringTable></resources>
    <resources culture="en-US"><stringTable><string id="name" value="Fax service"/></stringTable></resources>
  </localization>
</assembly>`

func utf16le(s string) []byte {
	out := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(s)) {
		out = binary.LittleEndian.AppendUint16(out, u)
	}
	return out
}

func TestReadManifest(t *testing.T) {
	want := []Component{{
		Kind: Manifest, Place: "DLManifests", ID: "Sample-Fax", Name: "Fax service", Group: `Communications\Fax`, Version: "1.2.3.4",
		Rules: []string{
			`assemblyIdentity language=* name=Sample-Fax version=1.2.3.4`,
			`rules context=User > include > pattern type=Registry: HKCU\Software\Fax\* [*]`,
			`rules context=User > include > pattern type=File: %APPDATA%\Fax [*]`,
			`plugin file=Fax\fax.dll`,
			`migrationDisplayID: Communications\Fax`,
			`migration scope=USMT settingsVersion=6`,
			`localization > resources culture=de-DE > stringTable > string id=name value=Faxdienst`,
			`localization > resources culture=en-US > stringTable > string id=name value=Fax service`,
		},
	}}
	wide := utf16le(strings.ReplaceAll(strings.Replace(assembly, "utf-8", "UTF-16", 1), "\n", "\r\n"))
	for name, text := range map[string][]byte{"UTF-8": []byte(assembly), "byte order mark": []byte("\ufeff" + assembly), "UTF-16": wide} {
		t.Run(name, func(t *testing.T) {
			got, err := Read("DLManifests/fax.man", text)
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("Read: %v (-want +got):\n%s", err, diff)
			}
		})
	}
}

// A text that the kit has in no language leaves the id as the name; the first language counts where
// there is no English.
func TestReadManifestName(t *testing.T) {
	for from, want := range map[string]string{
		`id="name" value="Faxdienst"`:                   "Fax service",
		`culture="en-US"`:                               "Faxdienst",
		`$(resourceString.name)`:                        "plain",
		`id="name"`:                                     "",
		`displayName="$(resourceString.name)"`:          "",
		`<string id="name" value="Fax service"/>`:       "Faxdienst",
		`displayName="$(resourceString.name)">`:         "",
		`xmlns="urn:schemas-microsoft-com:asm.v3" auth`: "Fax service",
	} {
		to := map[string]string{`culture="en-US"`: `culture="fr-FR"`, `$(resourceString.name)`: "plain", `id="name"`: `id="other"`,
			`displayName="$(resourceString.name)">`: ">", `xmlns="urn:schemas-microsoft-com:asm.v3" auth`: "auth"}[from]
		got, err := Read("DLManifests/fax.man", []byte(strings.ReplaceAll(assembly, from, to)))
		if err != nil || len(got) != 1 || got[0].Name != want {
			t.Errorf("without %s: %v, %v, want the name %q", from, got, err, want)
		}
	}
}

func TestReadMigrationXML(t *testing.T) {
	const text = `<migration urlid="http://www.microsoft.com/migration/1.0/migxmlext/migapp">
  <namedElements><environment name="Env"><variable name="V"><text>a</text></variable></environment></namedElements>
  <component type="Application" context="User">
    <displayName _locID="migapp.wlive">Windows Live</displayName>
    <role role="Container">
      <component context="User" type="Application">
        <displayName _locID="migapp.mail">Mail</displayName>
        <role role="Settings"><rules><include><objectSet><pattern type="Registry">HKCU\Mail [*]</pattern></objectSet></include></rules></role>
      </component>
    </role>
  </component>
  <component type="Documents"><displayName>Own documents</displayName></component>
</migration>`
	want := []Component{
		{Kind: Shared, Place: "MigApp.xml", ID: "MigApp.xml", Name: "what its components share", Rules: []string{`namedElements > environment name=Env > variable name=V > text: a`, `migration urlid=http://www.microsoft.com/migration/1.0/migxmlext/migapp`}},
		{Kind: Unit, Place: "MigApp.xml", ID: "migapp.wlive", Name: "Windows Live", Rules: []string{`displayName _locID=migapp.wlive: Windows Live`, `component context=User type=Application`}},
		{Kind: Unit, Place: "MigApp.xml", ID: "migapp.wlive/migapp.mail", Name: "Windows Live / Mail", Rules: []string{
			`displayName _locID=migapp.mail: Mail`, `role role=Settings > rules > include > pattern type=Registry: HKCU\Mail [*]`, `component context=User type=Application`,
		}},
		{Kind: Unit, Place: "MigApp.xml", ID: "Own documents", Name: "Own documents", Rules: []string{`displayName: Own documents`, `component type=Documents`}},
	}
	got, err := Read("MigApp.xml", []byte(text))
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("Read: %v (-want +got):\n%s", err, diff)
	}
}

func TestReadConfig(t *testing.T) {
	const text = `<Configuration><Applications/><WindowsComponents defaultMigrate="no">
		<component displayname="Fax" migrate="yes" ID="http://fax/settings"/></WindowsComponents></Configuration>`
	want := []Component{
		{Kind: Shared, Place: "Config.xml", ID: "Config.xml", Name: "settings for all components", Rules: []string{"Applications"}},
		{Kind: Config, Place: "Config.xml", ID: "http://fax/settings", Name: "Fax", Migrate: "yes", Rules: []string{"component ID=http://fax/settings displayname=Fax migrate=yes"}},
	}
	got, err := Read("Config.xml", []byte(text))
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("Read: %v (-want +got):\n%s", err, diff)
	}
}

func TestReadLists(t *testing.T) {
	for name, tt := range map[string]struct {
		text []byte
		want []string
	}{
		"SFLISTW8.DAT": {utf16le("1.0\r\n10\\adam|adam.dll\r\n;not a comment\r\n"), []string{"1.0", `10\adam|adam.dll`, ";not a comment"}},
		"SFPATW7.INF":  {[]byte("[System.File]\r\n; a comment\r\n\"%windir%\\* [*]\"\r\n\r\n[Other]\r\nx\r\n"), []string{`[System.File] "%windir%\* [*]"`, "[Other] x"}},
		"sfcn.dat":     {[]byte("\xe9\n"), []string{"é"}},
	} {
		got, err := Read(name, tt.text)
		if err != nil || len(got) != 1 || !slices.Equal(got[0].Rules, tt.want) || got[0].ID != name {
			t.Errorf("Read(%s) = %v, %v, want the rules %q", name, got, err, tt.want)
		}
	}
}

// What is not for USMT has no components, and says so by having none.
func TestReadOthers(t *testing.T) {
	for _, name := range []string{"MigXML.xsd", "scanstate.exe", "notes.xml", "setup.inf", "data.dat"} {
		if got, err := Read(name, []byte(`<schema/>`)); err != nil || got != nil || Wants(name) != strings.HasSuffix(name, ".xml") {
			t.Errorf("Read(%s) = %v, %v, want nothing", name, got, err)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	for _, tt := range []struct{ name, file, text, want string }{
		{"entities", "a.man", `<!DOCTYPE assembly [<!ENTITY a "b">]><assembly/>`, "DOCTYPE"},
		{"cut off", "a.man", assembly[:200], "line"},
		{"other root", "a.man", `<migration/>`, "wanted assembly"},
		{"too deep", "a.xml", "<migration>" + strings.Repeat("<a>", 300) + strings.Repeat("</a>", 300) + "</migration>", "256"},
		{"too large", "a.xml", strings.Repeat(" ", maxXML+1), "at most 4194304"},
		{"too large a list", "SFPAT.INF", strings.Repeat(" ", MaxText+1), "at most 16777216"},
		{"too many rules", "a.xml", `<migration><a x="` + strings.Repeat("y", 30000) + `">` + strings.Repeat("<b/>", 100000) + "</a></migration>", "32 MiB"},
		{"too long names", "a.xml", "<migration><component><displayName>" + strings.Repeat("n", 1<<20) + "</displayName>" + strings.Repeat("<component/>", 100000) + "</component></migration>", "32 MiB"},
		{"too many lines", "SFLISTW7.DAT", strings.Repeat("a\n", 4<<20), "32 MiB"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := Read(tt.file, []byte(tt.text)); err == nil || !strings.Contains(err.Error(), tt.want) || got != nil {
				t.Errorf("Read = %d components, %v, want an error about %q", len(got), err, tt.want)
			}
		})
	}
}

// A rule that is too long still differs from another that is: its end is its hash.
func TestLongRule(t *testing.T) {
	rule := func(end string) string {
		c, err := Read("a.xml", []byte("<migration><a>"+strings.Repeat("é", maxRule)+end+"</a></migration>"))
		if err != nil || len(c) != 1 || len(c[0].Rules) != 1 || len(c[0].Rules[0]) > maxRule+10 {
			t.Fatalf("Read = %v, %v", c, err)
		}
		return c[0].Rules[0]
	}
	if rule("one") == rule("two") {
		t.Error("two long rules are the same")
	}
}

func FuzzRead(f *testing.F) {
	f.Add("a.man", []byte(assembly))
	f.Add("a.man", utf16le(assembly))
	f.Add("a.xml", []byte(`<migration><component><displayName>a</displayName><component/></component></migration>`))
	f.Add("a.xml", []byte(`<Configuration><x><component displayname="d" ID="i"/></x></Configuration>`))
	f.Add("SFPAT.INF", []byte("[a]\nb\n"))
	f.Fuzz(func(t *testing.T, name string, text []byte) {
		list, err := Read(name, text)
		if err != nil && list != nil {
			t.Error("components and an error")
		}
		for _, c := range list {
			if c.Kind == "" || c.Place == "" {
				t.Errorf("%+v has no kind or place", c)
			}
			if n := len(strings.Join(c.Rules, "")); n > maxRules {
				t.Errorf("rules of %d bytes", n)
			}
		}
	})
}
