package locate

import (
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"usmtpkg/locate/pe"
	"usmtpkg/locate/samplekit"
)

// programNames are the programs and DLLs of the sample kit.
const programNames = "appextagent.dll, cmi2migxml.dll, csiagent.dll, loadstate.exe, migcore.dll, mighost.exe, migres.dll, migstore.dll, " +
	"migsys.dll, mxeagent.dll, scanstate.exe, unbcl.dll, usmtutils.exe, wdscore.dll, wimgapi.dll"

func TestArchRules(t *testing.T) {
	runRules(t, []ruleTest{
		{name: "amd64 is required", change: remove("amd64"), want: []string{"error arch-missing amd64"}},
		{name: "amd64 is allowed only", change: remove("amd64"), o: Options{Policy: Policy{Allow: []string{"AMD64", "arm64"}}}},
		{name: "all is missing", change: remove("amd64", "x86", "arm64"), want: []string{"error arch-missing amd64"}},
		{name: "all is missing and none required", change: remove("amd64", "x86", "arm64"),
			o: Options{Policy: Policy{Allow: []string{"amd64", "x86"}}}, want: []string{"error arch-missing ."}},
		{name: "x86 is missing", change: remove("x86"), o: Options{Policy: Policy{Allow: []string{"arm64"}}},
			want: []string{"warning arch-x86-missing x86"}},
		{name: "x86 is missing and required", change: remove("x86"),
			o: Options{Policy: Policy{Require: []string{"x86"}, Allow: []string{"arm64"}}}, want: []string{"error arch-missing x86"}},
		{name: "x86 is missing on purpose", change: remove("x86")},
		{name: "x86 is missing and forbidden", change: remove("x86"),
			o: Options{Policy: Policy{Forbid: []string{"x86"}, Allow: []string{"arm64"}}}},
		{name: "x86 is there and forbidden", change: put("x86/scanstate.exe", "junk"),
			o:    Options{Policy: Policy{Forbid: []string{"X86"}, Allow: []string{"arm64"}}},
			want: []string{"error arch-forbidden x86"}},
		{name: "a file for a forbidden arch folder", change: both(remove("x86"), put("x86", "file")),
			o:    Options{Policy: Policy{Forbid: []string{"x86"}, Allow: []string{"arm64"}}},
			want: []string{"error arch-forbidden x86"}, text: "found a file for the arch"},
		{name: "arm64 is there", change: nothing, o: Options{Policy: Policy{Allow: []string{"x86"}}},
			want: []string{"warning arch-arm64-unverified arm64"}},
		{name: "arm64 is required", change: nothing, o: Options{Policy: Policy{Require: []string{"arm64"}}}},
		{name: "arm64 is missing", change: remove("arm64"), o: Options{Policy: Policy{Allow: []string{"x86"}}}},
		{name: "empty arch", change: both(remove("x86"), putMode("x86/DLManifests", fs.ModeDir)), want: []string{"error arch-empty x86"}},
		{name: "empty arm64", change: both(remove("arm64"), putMode("arm64", fs.ModeDir)), o: Options{Policy: Policy{Allow: []string{"x86"}}},
			want: []string{"error arch-empty arm64"}},
		{name: "an arch by another case", change: rename("amd64", "AMD64")},
		{name: "an arch folder twice", change: put("AMD64/my.txt", "mine"), want: []string{"error name-collision amd64"}},
		{name: "a file for an arch folder", change: both(remove("x86"), put("x86", "file")), want: []string{"error entry-type x86"}},
		{name: "a link for an arch folder", change: both(remove("amd64"), putMode("amd64", fs.ModeSymlink)),
			want: []string{"error entry-type amd64"}},
		{name: "something else beside", change: both(put("readme.txt", ""), put("docs/NUL", ""), putMode("link", fs.ModeSymlink)),
			want: []string{"info left-out docs", "info left-out link", "info left-out readme.txt"}},
		{name: "arches of two versions", change: func(k fstest.MapFS) {
			remove("x86")(k)
			maps.Copy(k, kit(samplekit.Options{Version: "10.0.65000.2", Arches: []string{"x86"}}))
		}, want: []string{"error arch-version-mixed x86"},
			text: "found 10.0.65000.2 of " + programNames + ", wanted 10.0.65000.1, as in another arch folder"},
		{name: "one arch of three is older", change: func(k fstest.MapFS) {
			maps.Copy(k, kit(samplekit.Options{Version: "10.0.64999.1", Arches: []string{"x86"}}))
		}, want: []string{"error arch-version-mixed x86"}, text: "found 10.0.64999.1 of " + programNames},
		{name: "a forbidden arch of another version", change: func(k fstest.MapFS) {
			maps.Copy(k, kit(samplekit.Options{Version: "10.0.64999.1", Arches: []string{"x86"}}))
		}, o: Options{Policy: Policy{Forbid: []string{"x86"}, Allow: []string{"arm64"}}}, want: []string{"error arch-forbidden x86"}},
		{name: "a kit that ConfigMgr does not support", change: func(k fstest.MapFS) {
			maps.Copy(k, kit(samplekit.Options{Version: "10.0.25398.1"}))
		}, want: []string{"warning kit-unsupported amd64"}},
		{name: "the kit after that", change: func(k fstest.MapFS) {
			maps.Copy(k, kit(samplekit.Options{Version: "10.0.25399.1"}))
		}},
	})
}

func TestCoreRules(t *testing.T) {
	tests := []ruleTest{
		{name: "core file of another case", change: rename("amd64/migcore.dll", "amd64/MigCore.DLL")},
		{name: "core file in a sub-folder", change: rename("amd64/migcore.dll", "amd64/bin/migcore.dll"),
			want: []string{"error core-missing amd64/migcore.dll"}},
		{name: "folder for a core file", change: both(remove("amd64/migcore.dll"), put("amd64/migcore.dll/x.txt", "x")),
			want: []string{"error core-missing amd64/migcore.dll"}, text: "found a folder"},
		{name: "empty core text", change: put("x86/SFCN.DAT", ""), want: []string{"error core-empty x86/SFCN.DAT"}},
		{name: "empty core program", change: put("x86/migcore.dll", ""), want: []string{"error core-empty x86/migcore.dll"}},
		{name: "empty program", change: put("x86/wimgapi.dll", ""), want: []string{"error pe-invalid x86/wimgapi.dll"}},
		{name: "empty manifest", change: put("x86/DLManifests/a.man", ""), want: []string{"error xml-malformed x86/DLManifests/a.man"}},
		{name: "empty file of mine", change: put("x86/notes.txt", ""), want: []string{"warning file-empty x86/notes.txt"}},
		{name: "core name in a sub-folder, empty", change: put("x86/my/SFCN.DAT", ""), want: []string{"warning file-empty x86/my/SFCN.DAT"}},
		{name: "extra file", change: put("x86/notes.txt", "mine")},
		{name: "no manifest folder", change: remove("amd64/DLManifests", "x86/ReplacementManifests"),
			want: []string{"error manifests-missing amd64/DLManifests", "error manifests-missing x86/ReplacementManifests"}},
		{name: "manifest folder without manifests", change: both(remove("amd64/DLManifests"), put("amd64/DLManifests/x.txt", "x")),
			want: []string{"error manifests-empty amd64/DLManifests"}},
		{name: "file for a manifest folder", change: both(remove("amd64/DLManifests"), put("amd64/DLManifests", "x")),
			want: []string{"error manifests-missing amd64/DLManifests"}, text: "found a file"},
		{name: "link for a manifest folder", change: both(remove("amd64/DLManifests"), putMode("amd64/DLManifests", fs.ModeIrregular)),
			want: []string{"error entry-type amd64/DLManifests"}},
		{name: "manifest folder by another case", change: rename("amd64/DLManifests", "amd64/dlmanifests")},
		{name: "no downlevel manifests", change: remove("amd64/ReplacementManifests7", "amd64/ReplacementManifests8")},
		{name: "patterns without list", change: both(remove("x86", "amd64/SFLISTWT.DAT"), put("amd64/sfpatwt.inf", "x"), remove("amd64/SFPATWT.INF", "arm64")),
			want: []string{"warning list-pair amd64/SFLISTWT.DAT"}, text: "beside sfpatwt.inf"},
		{name: "list without patterns", change: both(put("amd64/SFLISTXP.DAT", "x"), remove("amd64/SFPATXP.INF")),
			want: []string{"warning list-pair amd64/SFPATXP.INF"}},
		{name: "neither list nor patterns", change: remove("amd64/SFLISTWT.DAT", "amd64/SFPATWT.INF")},
		{name: "core list", change: remove("amd64/SFLISTW7.DAT"), want: []string{"error core-missing amd64/SFLISTW7.DAT"}},
		{name: "lists without a partner", change: both(put("amd64/SFPATPG.INF", "x"), put("amd64/SFLISTWB.WOA.DAT", "x"))},
	}
	for _, name := range coreFiles {
		tests = append(tests, ruleTest{name: "without " + name, change: remove("x86/" + name),
			want: []string{"error core-missing x86/" + name}})
	}
	runRules(t, tests)
}

func TestProgramRules(t *testing.T) {
	v := pe.Version{10, 0, 65000, 1}
	old := pe.Version{10, 0, 64999, 1}
	tests := []ruleTest{
		{name: "garbage", change: put("amd64/wimgapi.dll", "MZ and no more"), want: []string{"error pe-invalid amd64/wimgapi.dll"}},
		{name: "cut off", change: func(k fstest.MapFS) {
			f := k["amd64/migcore.dll"]
			f.Data = f.Data[:len(f.Data)-1]
		}, want: []string{"error pe-invalid amd64/migcore.dll"}},
		{name: "wrong machine", change: putPE("amd64/mighost.exe", pe.I386, v), want: []string{"error pe-machine amd64/mighost.exe"},
			text: "found a program or DLL for x86, wanted one for amd64"},
		{name: "wrong machine of a plug-in", change: putPE("arm64/DLManifests/p/plug.dll", pe.AMD64, old),
			want: []string{"error pe-machine arm64/DLManifests/p/plug.dll"}},
		{name: "mixed versions", change: putPE("amd64/mighost.exe", pe.AMD64, old), want: []string{"error pe-version-mixed amd64/mighost.exe"},
			text: "found 10.0.64999.1, wanted 10.0.65000.1, as scanstate.exe has"},
		{name: "scanstate is the odd one", change: putPE("amd64/scanstate.exe", pe.AMD64, old), want: []string{"error pe-version-mixed amd64/scanstate.exe"},
			text: "found 10.0.64999.1, wanted 10.0.65000.1, as most files have"},
		{name: "no version", change: putPE("amd64/mighost.exe", pe.AMD64, pe.Version{}),
			want: []string{"error pe-version-mixed amd64/mighost.exe"}, text: "found no file version"},
		{name: "scanstate without a version", change: putPE("amd64/scanstate.exe", pe.AMD64, pe.Version{}),
			want: []string{"error pe-version-mixed amd64/scanstate.exe"}, text: "wanted 10.0.65000.1, as most files have"},
		{name: "scanstate without a version, another too new", change: both(putPE("amd64/scanstate.exe", pe.AMD64, pe.Version{}),
			putPE("amd64/mighost.exe", pe.AMD64, pe.Version{11, 0, 0, 0})),
			want: []string{"error pe-version-mixed amd64/mighost.exe", "error pe-version-mixed amd64/scanstate.exe"},
			text: "wanted 10.0.65000.1, as most files have"},
		{name: "no scanstate, mixed versions", change: both(remove("amd64/scanstate.exe"), putPE("amd64/mighost.exe", pe.AMD64, old)),
			want: []string{"error pe-version-mixed amd64/mighost.exe", "error core-missing amd64/scanstate.exe"}},
		{name: "plug-in of another version", change: putPE("amd64/ReplacementManifests/p/plug.dll", pe.AMD64, old)},
		{name: "plug-in without a version", change: putPE("amd64/ReplacementManifests/p/plug.dll", pe.AMD64, pe.Version{})},
		{name: "bytes in a text", change: put("amd64/notes.txt", "MZ"), want: []string{"error pe-hidden amd64/notes.txt"}},
		{name: "a program called a manifest", change: put("amd64/DLManifests/x.man", "MZ"), want: []string{"error pe-hidden amd64/DLManifests/x.man"}},
		{name: "a text that begins with M", change: put("amd64/notes.txt", "M")},
	}
	for _, ext := range []string{"exe", "DLL", "sys", "mui", "ocx", "cpl"} {
		name := "amd64/sub/x." + ext
		tests = append(tests, ruleTest{name: ext + " is a program", change: put(name, "MZ"), want: []string{"error pe-invalid " + name}})
	}
	runRules(t, tests)
}

func TestNoProgramHasAVersion(t *testing.T) {
	fsys := kit(samplekit.Options{Arches: []string{"amd64"}})
	for name := range fsys {
		if kindOf(name) == image {
			putPE(name, pe.AMD64, pe.Version{})(fsys)
		}
	}
	want := []string{"error pe-version-mixed amd64/scanstate.exe"}
	r := validate(t, fsys, Options{Policy: allowAll})
	if got := summary(r); !slices.Equal(got, want) || !r.Version.IsZero() {
		t.Errorf("findings = %q, version %s, want %q, none", got, r.Version, want)
	}
}

func migration(urlid string) string { return `<migration urlid="` + urlid + `"/>` }

func TestXMLRules(t *testing.T) {
	const own = "http://www.microsoft.com/migration/1.0/migxmlext/"
	runRules(t, []ruleTest{
		{name: "malformed xml", change: put("amd64/mine.xml", "<a>\n<b></a>"), want: []string{"error xml-malformed amd64/mine.xml"}, text: "2"},
		{name: "malformed manifest", change: put("amd64/DLManifests/sub/x.MAN", "<a>"), want: []string{"error xml-malformed amd64/DLManifests/sub/x.MAN"}},
		{name: "manifest that is something else", change: put("amd64/DLManifests/sub/x.MAN", "<html/>"),
			want: []string{"error manifest-root amd64/DLManifests/sub/x.MAN"}, text: `found root element "html", wanted "assembly"`},
		{name: "manifest in the root", change: put("amd64/x.man", "<Assembly/>"), want: []string{"error manifest-root amd64/x.man"}},
		{name: "manifest with a prefix", change: put("amd64/DLManifests/x.man", `<v3:assembly xmlns:v3="urn:schemas-microsoft-com:asm.v3"/>`)},
		{name: "assembly as a prefix", change: put("amd64/DLManifests/x.man", "<assembly:html/>"), want: []string{"error manifest-root amd64/DLManifests/x.man"}},
		{name: "INF with a zero byte", change: put("amd64/SFPAT.INF", "[x]\n\x00"),
			want: []string{"error inf-binary amd64/SFPAT.INF"}, text: "found a zero character at offset 4"},
		{name: "INF of zeros behind much text", change: put("x86/mine.inf", strings.Repeat("x", 100000)+"\x00"),
			want: []string{"error inf-binary x86/mine.inf"}, text: "offset 100000"},
		{name: "INF in UTF-16", change: both(put("amd64/le.inf", "\xff\xfe"+strings.Repeat("[\x00x\x00\x00\x01]\x00", 9000)), put("amd64/be.inf", "\xfe\xff\x00[\x01\x00\x00]"))},
		{name: "INF in UTF-16 with a zero character", change: put("amd64/le.inf", "\xff\xfe"+strings.Repeat("x\x00", 40000)+"\x00\x00"),
			want: []string{"error inf-binary amd64/le.inf"}, text: "offset 80002"},
		{name: "INF in UTF-16 without a mark", change: put("amd64/le.inf", "[\x00x\x00]\x00"), want: []string{"error inf-binary amd64/le.inf"}},
		{name: "malformed schema", change: put("amd64/MigXML.xsd", "<a>"), want: []string{"error xml-malformed amd64/MigXML.xsd"}},
		{name: "any xml", change: put("amd64/mine.xml", "<a/>")},
		{name: "malformed text", change: put("amd64/mine.txt", "<a>")},
		{name: "shipped file of another root", change: put("amd64/MigApp.xml", "<Configuration/>"),
			want: []string{"error migxml-root amd64/MigApp.xml"}, text: `found root element "Configuration", wanted "migration"`},
		{name: "shipped file of another urlid", change: put("amd64/MIGUSER.XML", migration(own+"mine")), want: []string{
			"error migxml-urlid amd64/MIGUSER.XML", "error name-collision amd64/MigUser.xml"}},
		{name: "shipped file of another case", change: put("amd64/MigUser.xml", `<Migration URLID="`+strings.ToUpper(own)+`MIGUSER"/>`)},
		{name: "no urlid", change: put("amd64/mine.xml", "<migration/>"), want: []string{"error migxml-urlid amd64/mine.xml"}},
		{name: "empty urlid", change: put("amd64/mine.xml", migration(" ")), want: []string{"error migxml-urlid amd64/mine.xml"}},
		{name: "urlid of mine", change: put("amd64/mine.xml", migration("http://example.org/mine"))},
		{name: "Mig file of another root", change: put("amd64/MigMine.xml", "<mine/>"), want: []string{"error migxml-root amd64/MigMine.xml"}},
		{name: "Mig file that is a Config.xml", change: put("amd64/MigConfig.xml", "<Configuration/>")},
		{name: "Mig file in a sub-folder", change: put("amd64/sub/MigMine.xml", "<mine/>")},
		{name: "edited copy of a shipped file", change: put("amd64/Custom.xml", migration(own+"migapp")),
			want: []string{"error urlid-duplicate amd64/Custom.xml"}, text: "as in amd64/MigApp.xml"},
		{name: "three of one urlid", change: both(put("amd64/a.xml", migration("u")), put("amd64/b.xml", migration(" u ")), put("amd64/c.xml", migration("u"))),
			want: []string{"error urlid-duplicate amd64/b.xml", "error urlid-duplicate amd64/c.xml"}, text: "as in amd64/a.xml"},
		{name: "one urlid in two arches", change: both(put("amd64/a.xml", migration("u")), put("x86/a.xml", migration("u")))},
		{name: "one urlid in a sub-folder", change: both(put("amd64/a.xml", migration("u")), put("amd64/b/a.xml", migration("u")))},
	})
}

func TestNameRules(t *testing.T) {
	long := strings.Repeat("d", 100)
	runRules(t, []ruleTest{
		{name: "device", change: put("amd64/NUL.txt", "x"), want: []string{"error name-windows amd64/NUL.txt"}, text: "the device name NUL"},
		{name: "folder", change: put("amd64/aux/x.exe", "x"), want: []string{"error name-windows amd64/aux"}},
		{name: "control character", change: put("amd64/a\nb", "x"), want: []string{`error name-windows "amd64/a\nb"`}},
		{name: "not UTF-8", change: put("amd64/a\xffb", "x"), want: []string{`error name-encoding "amd64/a\xffb"`}},
		{name: "case", change: both(put("amd64/é.txt", "x"), put("amd64/É.txt", "x")), want: []string{"error name-collision amd64/é.txt"},
			text: "the same name as amd64/É.txt"},
		{name: "case in two folders", change: both(put("amd64/a/x.txt", "x"), put("amd64/b/X.txt", "x"))},
		{name: "folders by case", change: both(put("amd64/a/x.txt", "x"), put("amd64/A/x.txt", "x")), want: []string{"error name-collision amd64/a"}},
		{name: "twins", change: both(put("amd64/\u00e9.txt", "x"), put("amd64/e\u0301.txt", "x")),
			want: []string{"error name-unicode-twin amd64/\u00e9.txt"}},
		{name: "long s", change: both(put("amd64/s.txt", "x"), put("amd64/ſ.txt", "x")), want: []string{"error name-unicode-twin amd64/ſ.txt"},
			text: "the same name as amd64/s.txt"},
		{name: "a file and a folder", change: both(put("amd64/plug", "x"), put("amd64/Plug/x.txt", "x")), want: []string{"error name-collision amd64/plug"}},
		{name: "a dotless i", change: both(put("amd64/i.txt", "x"), put("amd64/ı.txt", "x"))},
		{name: "decomposed, alone", change: put("amd64/e\u0301.txt", "x")},
		{name: "long name", change: put("amd64/"+strings.Repeat("x", 256), "x"), o: Options{Prefix: -100},
			want: []string{"error path-length amd64/" + strings.Repeat("x", 256)}, text: "a name of 256 UTF-16 units"},
		{name: "longest name", change: put("amd64/"+strings.Repeat("x", 255), "x"), o: Options{Prefix: -100}},
		{name: "long path", change: put("amd64/"+long+"/"+long+"/"+strings.Repeat("x", 49), "x"),
			want: []string{"error path-length amd64/" + long + "/" + long + "/" + strings.Repeat("x", 49)}, text: "257"},
		{name: "longest path", change: put("amd64/"+long+"/"+long+"/"+strings.Repeat("x", 48), "x")},
		{name: "long path behind a prefix", change: put("amd64/"+long+"/x", "x"), o: Options{Prefix: 149},
			want: []string{"error path-length amd64/" + long + "/x"}, text: "149 of them before the arch folder"},
		{name: "longest path behind a prefix", change: put("amd64/"+long+"/x", "x"), o: Options{Prefix: 148}},
		{name: "symbolic link", change: putMode("amd64/x.dll", fs.ModeSymlink), want: []string{"error entry-type amd64/x.dll"}, text: "a symbolic link"},
		{name: "pipe", change: putMode("amd64/x", fs.ModeNamedPipe), want: []string{"error entry-type amd64/x"}, text: "a named pipe"},
		{name: "device file", change: putMode("amd64/x", fs.ModeDevice|fs.ModeCharDevice), want: []string{"error entry-type amd64/x"}, text: "a device"},
		{name: "socket", change: putMode("amd64/x", fs.ModeSocket), want: []string{"error entry-type amd64/x"}, text: "a socket"},
		{name: "reparse point", change: putMode("amd64/x", fs.ModeIrregular), want: []string{"error entry-type amd64/x"}, text: "a reparse point"},
	})
}
