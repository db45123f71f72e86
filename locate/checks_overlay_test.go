package locate

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"usmtpkg/locate/finding"
	"usmtpkg/locate/inventory"
	"usmtpkg/locate/pe"
	"usmtpkg/locate/samplekit"
)

// laid is the overlay of one file in amd64; it hides a file of the kit if stock is true.
func laid(name string, replace, stock bool) []Declared {
	d := Declared{Path: "amd64/" + name, From: "custom/" + name, Size: 7, SHA256: "aa", Replace: replace}
	if stock {
		d.Stock = &Stock{Path: "amd64/" + strings.ToUpper(name), Size: 9, SHA256: "bb"}
	}
	return []Declared{d}
}

// own is a migration XML file as it should be.
const own = `<migration urlid="https://contoso.example/usmt/own"/>`

func TestOverlayRules(t *testing.T) {
	table := []*inventory.Table{tableOf(t, "site.txt", "amd64", "arm64", "x86")}
	program := putPE("amd64/mighost.exe", pe.AMD64, pe.Version{10, 0, 65000, 1})
	runRules(t, []ruleTest{
		{name: "a file of one's own", change: put("amd64/MigOwn.xml", own), o: Options{Overlay: laid("MigOwn.xml", false, false)}},
		{name: "it is not extra", change: put("amd64/MigOwn.xml", own), o: Options{Overlay: laid("MigOwn.xml", false, false), Inventory: table}},
		{name: "another one is", change: both(put("amd64/MigOwn.xml", own), put("amd64/other.txt", "x")),
			o: Options{Overlay: laid("MigOwn.xml", false, false), Inventory: table}, want: []string{"info inventory-extra amd64/other.txt"}},
		{name: "a shadow", change: put("amd64/MigUser.xml", migration(urlidBase+"miguser")), o: Options{Overlay: laid("MigUser.xml", false, true)},
			want: []string{"error overlay-shadows amd64/MigUser.xml"},
			text: "found a file of the overlay (custom/MigUser.xml: 7 bytes, SHA-256 aa), wanted that of the kit (9 bytes, SHA-256 bb), or another name"},
		{name: "a replacement", change: put("amd64/MigUser.xml", migration(urlidBase+"miguser")), o: Options{Overlay: laid("MigUser.xml", true, true)},
			want: []string{"warning overlay-replaces amd64/MigUser.xml"},
			text: "found a file of the overlay (custom/MigUser.xml: 7 bytes, SHA-256 aa), wanted that of the kit (9 bytes, SHA-256 bb)"},
		{name: "a shadow of a listed text", change: put("amd64/SFCN.DAT", "x"), o: Options{Overlay: laid("SFCN.DAT", true, true), Inventory: table},
			want: []string{"warning overlay-replaces amd64/SFCN.DAT"}},
		{name: "a program has a finding of its own, not that of the list", change: program, o: Options{Overlay: laid("mighost.exe", true, true), Inventory: table},
			want: []string{"warning overlay-replaces amd64/mighost.exe"}},
		{name: "permission to replace what is not there", change: put("amd64/MigOwn.xml", own), o: Options{Overlay: laid("MigOwn.xml", true, false), Inventory: table}},
		{name: "a core file that the kit lacks", change: put("amd64/MigDocs.xml", migration(urlidBase+"migdocs")), o: Options{Overlay: laid("MigDocs.xml", false, false), Inventory: table},
			want: []string{"error core-missing amd64/MigDocs.xml"}, text: "found only a file of the overlay, wanted a core file of USMT"},
		{name: "one that may stand for it", change: put("amd64/MigDocs.xml", migration(urlidBase+"migdocs")), o: Options{Overlay: laid("MigDocs.xml", true, false), Inventory: table},
			want: []string{"warning overlay-replaces amd64/MigDocs.xml"}, text: "wanted that of the kit, which lacks it"},
		{name: "a listed file that the kit lacks", change: put("amd64/Config_AppsOnly.xml", "<Configuration/>"), o: Options{Overlay: laid("Config_AppsOnly.xml", false, false), Inventory: table},
			want: []string{"error inventory-missing amd64/Config_AppsOnly.xml"}, text: "found only a file of the overlay, wanted a file of USMT 10.0.65000.1"},
		{name: "one that may stand for a listed one", change: put("amd64/Config_AppsOnly.xml", "<Configuration/>"), o: Options{Overlay: laid("Config_AppsOnly.xml", true, false), Inventory: table},
			want: []string{"warning overlay-replaces amd64/Config_AppsOnly.xml"}, text: "wanted that of USMT 10.0.65000.1, which the kit lacks"},
		{name: "not well-formed", change: put("amd64/MigOwn.xml", "<migration"), o: Options{Overlay: laid("MigOwn.xml", false, false)},
			want: []string{"error xml-malformed amd64/MigOwn.xml"}},
		{name: "the urlid of a stock file", change: put("amd64/MigOwn.xml", migration(urlidBase+"migapp")), o: Options{Overlay: laid("MigOwn.xml", false, false)},
			want: []string{"error urlid-duplicate amd64/MigOwn.xml"}},
		{name: "a replacement with the urlid of another", change: put("amd64/MigUser.xml", migration(urlidBase+"migapp")), o: Options{Overlay: laid("MigUser.xml", true, true)},
			want: []string{"error migxml-urlid amd64/MigUser.xml", "warning overlay-replaces amd64/MigUser.xml", "error urlid-duplicate amd64/MigUser.xml"}},
		{name: "a name that Windows refuses", change: put("amd64/NUL.xml", own), o: Options{Overlay: laid("NUL.xml", false, false)},
			want: []string{"error name-windows amd64/NUL.xml"}},
		{name: "in an arch that is forbidden", change: put("amd64/MigUser.xml", migration(urlidBase+"miguser")),
			o:    Options{Overlay: laid("MigUser.xml", false, true), Policy: Policy{Require: []string{"x86", "arm64"}, Forbid: []string{"amd64"}}},
			want: []string{"error arch-forbidden amd64"}},
	})
}

// A finding about a file of the overlay says which it was; others say nothing of the kind.
func TestFindingsNameTheOverlay(t *testing.T) {
	fsys := kit(samplekit.Options{})
	both(put("amd64/MigOwn.xml", "<migration"), put("x86/MigOwn.xml", "<migration"))(fsys)
	o := Options{Policy: allowAll, Overlay: laid("MigOwn.xml", false, false)}
	var got []string
	for _, f := range validate(t, fsys, o).Findings() {
		got = append(got, f.Path+" "+f.Overlay)
	}
	if diff := cmp.Diff([]string{"amd64/MigOwn.xml custom/MigOwn.xml", "x86/MigOwn.xml "}, got); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

// Where the content was hashed, the finding has its sum, and not that of an earlier look.
func TestOverlaySumOfWhatWasRead(t *testing.T) {
	v, err := NewValidator(Options{Policy: Policy{Allow: []string{AMD64}}, Overlay: laid("MigUser.xml", true, true)})
	if err != nil {
		t.Fatal(err)
	}
	i, err := v.Inspect("amd64/MigUser.xml", strings.NewReader(own), int64(len(own)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := i.Write([]byte(own)); err != nil {
		t.Fatal(err)
	}
	if _, err := i.Facts("cc"); err != nil {
		t.Fatal(err)
	}
	findings := v.Finish().Findings()
	at := slices.IndexFunc(findings, func(f *finding.Error) bool { return f.Rule == overlayReplaces.id })
	if at < 0 || !strings.Contains(findings[at].Found, "53 bytes, SHA-256 cc") {
		t.Errorf("findings = %q, want one with the sum cc", findings)
	}
}
