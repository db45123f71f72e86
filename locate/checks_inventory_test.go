package locate

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"usmtpkg/locate/catalog"
	"usmtpkg/locate/finding"
	"usmtpkg/locate/inventory"
	"usmtpkg/locate/pe"
	"usmtpkg/locate/samplekit"
)

// tableOf lists what is in the sample kit, of texts the hash with LF line ends.
func tableOf(t *testing.T, name string, arches ...string) *inventory.Table {
	t.Helper()
	v := pe.Version{10, 0, 65000, 1}
	r := &inventory.Release{Version: v, Arches: arches, Notes: []string{"the sample kit"}}
	for path, data := range samplekit.Files(samplekit.Options{Arches: arches}) {
		f := inventory.File{Path: path, Size: -1}
		if kindOf(path) == image {
			f.Size, f.SHA256, f.Machine, f.Version = int64(len(data)), sumOf(data), strings.Split(path, "/")[0], v
			if strings.Contains(path, "Manifests7/") || strings.Contains(path, "Manifests8/") {
				f.Version = pe.Version{6, 1, 7601, 17514}
			}
		} else {
			f.LFSHA256 = sumOf(bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n")))
		}
		r.Files = append(r.Files, f)
	}
	return &inventory.Table{Name: name, Releases: []*inventory.Release{r}}
}

func sumOf(data []byte) string { return fmt.Sprintf("%x", sha256.Sum256(data)) }

func flipped(name string, at int) func(fstest.MapFS) {
	return func(k fstest.MapFS) {
		data := slices.Clone(k[name].Data)
		data[at] ^= 1
		k[name] = &fstest.MapFile{Data: data}
	}
}

func TestInventoryRules(t *testing.T) {
	table := tableOf(t, "site.txt", "amd64", "arm64", "x86")
	tests := []struct {
		name     string
		change   func(fstest.MapFS)
		want     []string
		text     string   // in the first finding
		precheck []string // nil: the same
	}{
		{name: "the kit itself", change: nothing},
		{name: "all in another case", change: both(rename("amd64", "AMD64"), rename("x86/DLManifests", "x86/dlmanifests"), rename("x86/SFCN.DAT", "x86/sfcn.dat"))},
		{name: "lost text", change: remove("amd64/Config_AppsOnly.xml"), want: []string{"error inventory-missing amd64/Config_AppsOnly.xml"},
			text: "found no such file, wanted a file of USMT 10.0.65000.1"},
		{name: "lost core file", change: remove("amd64/migcore.dll"), want: []string{"error core-missing amd64/migcore.dll"}},
		{name: "lost list", change: remove("amd64/SFLISTWT.DAT"), want: []string{"error inventory-missing amd64/SFLISTWT.DAT"}},
		{name: "lost list and patterns", change: remove("amd64/SFLISTWT.DAT", "amd64/SFPATWT.INF"),
			want: []string{"error inventory-missing amd64/SFLISTWT.DAT", "error inventory-missing amd64/SFPATWT.INF"}},
		{name: "patterns that are not listed", change: put("amd64/SFPATXP.INF", "x"),
			want: []string{"warning list-pair amd64/SFLISTXP.DAT", "info inventory-extra amd64/SFPATXP.INF"}},
		{name: "lost folder", change: remove("x86/ReplacementManifests7"), want: []string{"error inventory-missing x86/ReplacementManifests7"},
			text: "found no such folder, wanted a folder with"},
		{name: "lost manifests", change: remove("x86/ReplacementManifests"), want: []string{"error manifests-missing x86/ReplacementManifests"}},
		{name: "file for a folder", change: both(remove("x86/ReplacementManifests7"), put("x86/replacementManifests7", "x")),
			want: []string{"error inventory-missing x86/replacementManifests7"}, text: "found a file, wanted a folder with"},
		{name: "folder for a file", change: both(remove("x86/Config_AppsOnly.xml"), put("x86/Config_AppsOnly.xml/a", "x")),
			want: []string{"error inventory-missing x86/Config_AppsOnly.xml", "info inventory-extra x86/Config_AppsOnly.xml/a"}, text: "found a folder, wanted a file of"},
		{name: "link for a file", change: both(remove("x86/Config_AppsOnly.xml"), putMode("x86/Config_AppsOnly.xml", fs.ModeSymlink)),
			want: []string{"error entry-type x86/Config_AppsOnly.xml"}},
		{name: "extra file", change: put("amd64/Mine.xml", "<mine/>"), want: []string{"info inventory-extra amd64/Mine.xml"},
			text: "found a file, wanted none of this name in USMT 10.0.65000.1"},
		{name: "extra folder", change: both(put("amd64/mine/a.txt", "x"), put("amd64/mine/b/c.txt", "x")), want: []string{"info inventory-extra amd64/mine"},
			text: "found a folder with 2 files"},
		{name: "extra folder in a known one", change: put("amd64/DLManifests/mine/a.txt", "x"), want: []string{"info inventory-extra amd64/DLManifests/mine"}},
		{name: "altered text", change: put("amd64/SFCN.DAT", "another text"), want: []string{"error inventory-differs amd64/SFCN.DAT"},
			text: "found SHA-256 (with LF line ends) ", precheck: []string{}},
		{name: "emptied text", change: put("amd64/SFPATWT.INF", ""), precheck: []string{},
			want: []string{"warning file-empty amd64/SFPATWT.INF", "error inventory-differs amd64/SFPATWT.INF"}},
		{name: "altered manifest", change: put("amd64/DLManifests/Sample-Desktop-DL.man", "<assembly/>"), precheck: []string{},
			want: []string{"error inventory-differs amd64/DLManifests/Sample-Desktop-DL.man"}},
		{name: "manifest that is another document", change: put("amd64/DLManifests/Sample-Desktop-DL.man", "<a/>"), precheck: []string{},
			want: []string{"error manifest-root amd64/DLManifests/Sample-Desktop-DL.man"}},
		{name: "texts with other line ends", change: func(k fstest.MapFS) {
			for name, f := range k {
				if kindOf(name) != image {
					k[name] = &fstest.MapFile{Data: bytes.ReplaceAll(f.Data, []byte("\r\n"), []byte("\n"))}
				}
			}
		}},
		{name: "altered program", change: flipped("amd64/migcore.dll", 700), want: []string{"error inventory-differs amd64/migcore.dll"},
			text: "found SHA-256 ", precheck: []string{}},
		{name: "altered plug-in", change: flipped("x86/ReplacementManifests7/"+pluginPath, 700), precheck: []string{},
			want: []string{"error inventory-differs x86/ReplacementManifests7/" + pluginPath}},
		{name: "program of another size", change: func(k fstest.MapFS) {
			f := k["amd64/migcore.dll"]
			f.Data = append(slices.Clone(f.Data), 0)
		}, want: []string{"error inventory-differs amd64/migcore.dll"}, text: "bytes, wanted"},
		{name: "plug-in of another version", change: putPE("x86/ReplacementManifests7/"+pluginPath, pe.I386, pe.Version{6, 2, 9200, 16384}),
			want: []string{"error inventory-version x86/ReplacementManifests7/" + pluginPath}, text: "found 6.2.9200.16384, wanted 6.1.7601.17514 as in USMT 10.0.65000.1",
			precheck: []string{}},
		{name: "plug-in without a version", change: putPE("x86/ReplacementManifests7/"+pluginPath, pe.I386, pe.Version{}),
			want: []string{"error inventory-version x86/ReplacementManifests7/" + pluginPath}, text: "found no file version",
			precheck: []string{}},
		{name: "program of another version", change: putPE("amd64/mighost.exe", pe.AMD64, pe.Version{10, 0, 65000, 2}),
			want: []string{"error pe-version-mixed amd64/mighost.exe"}},
		{name: "program that is none", change: put("amd64/mighost.exe", "MZ"), want: []string{"error pe-invalid amd64/mighost.exe"}},
		{name: "scanstate is lost", change: both(remove("amd64/scanstate.exe", "amd64/Config_AppsOnly.xml")),
			want: []string{"error inventory-missing amd64/Config_AppsOnly.xml", "error core-missing amd64/scanstate.exe"}},
		{name: "an arch is lost", change: remove("x86")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fsys := kit(samplekit.Options{})
			tt.change(fsys)
			o := Options{Policy: allowAll, Inventory: []*inventory.Table{table}}
			r := validate(t, fsys, o)
			if diff := cmp.Diff(tt.want, summary(r)); diff != "" {
				t.Fatalf("findings (-want +got):\n%s", diff)
			}
			if tt.text != "" && !strings.Contains(r.Findings()[0].Error(), tt.text) {
				t.Errorf("finding = %q, want %q in it", r.Findings()[0], tt.text)
			}
			for _, f := range r.Findings() {
				if strings.HasPrefix(f.Rule, "inventory-") && f.Source != "inventory (site.txt) of USMT 10.0.65000.1: the sample kit" {
					t.Errorf("source of %s = %q, want the table", f.Rule, f.Source)
				}
			}
			first, err := Precheck(t.Context(), fsys, o)
			if err != nil {
				t.Fatal(err)
			}
			if tt.precheck == nil {
				tt.precheck = tt.want
			}
			if got := summary(first); !slices.Equal(got, tt.precheck) {
				t.Errorf("Precheck = %q, want %q", got, tt.precheck)
			}
		})
	}
}

// pluginPath is the plug-in of the sample kit in its manifest folders.
const pluginPath = "Sample-Settings/samplemig.dll"

// How far an arch was compared is said, and nothing is called compared that was not hashed.
func TestInventoryComparison(t *testing.T) {
	table := tableOf(t, "site.txt", "amd64", "arm64", "x86")
	o := Options{Policy: allowAll, Inventory: []*inventory.Table{table}}
	whole := kit(samplekit.Options{})
	count := func(arch string) (n int) {
		for name := range whole {
			if strings.HasPrefix(name, arch+"/") {
				n++
			}
		}
		return n
	}
	for _, a := range validate(t, whole, o).Arches {
		want := Comparison{Table: "site.txt", Files: count(a.Arch), Hashed: count(a.Arch)}
		if a.Compared == nil || *a.Compared != want {
			t.Errorf("hashed: %s = %+v, want %+v", a.Arch, a.Compared, want)
		}
	}
	first, err := Precheck(t.Context(), whole, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range first.Arches {
		want := Comparison{Table: "site.txt", Files: count(a.Arch), Unhashed: count(a.Arch)}
		if a.Compared == nil || *a.Compared != want {
			t.Errorf("not hashed: %s = %+v, want %+v", a.Arch, a.Compared, want)
		}
	}
	for _, a := range validate(t, whole, Options{}).Arches {
		if a.Compared != nil {
			t.Errorf("without an inventory: %s = %+v, want nothing", a.Arch, a.Compared)
		}
	}
}

func TestInventoryUnknown(t *testing.T) {
	whole := kit(samplekit.Options{})
	mixed := kit(samplekit.Options{Arches: []string{"amd64", "arm64"}})
	for name, f := range kit(samplekit.Options{Version: "10.0.65001.1", Arches: []string{"x86"}}) {
		mixed[name] = f
	}
	tests := []struct {
		name   string
		fsys   fstest.MapFS
		tables []*inventory.Table
		want   []string
		text   string
	}{
		{"release", whole, []*inventory.Table{inventory.Known()}, []string{"info inventory-unknown ."},
			"found USMT 10.0.65000.1, wanted a release whose files are known: 6.2.9200.16384, 10.0.10586.0, 10.0.15063.0, 10.0.26100.1, 10.0.26100.2454"},
		{"arch", whole, []*inventory.Table{tableOf(t, "site.txt", "amd64", "x86")}, []string{"info inventory-unknown arm64"},
			"found USMT 10.0.65000.1 for arm64, wanted an arch whose files are known: amd64, x86"},
		{"arch in the second table", whole, []*inventory.Table{tableOf(t, "a", "x86"), tableOf(t, "b", "amd64", "arm64")}, nil, ""},
		{"two releases", mixed, []*inventory.Table{inventory.Known()},
			[]string{"info inventory-unknown .", "info inventory-unknown .", "error arch-version-mixed x86"}, ""},
		{"one of two releases", mixed, []*inventory.Table{tableOf(t, "a", "amd64", "arm64", "x86")},
			[]string{"info inventory-unknown .", "error arch-version-mixed x86"}, "found USMT 10.0.65001.1"},
		{"no program at all", fstest.MapFS{"amd64/a.txt": {Data: []byte("x")}}, []*inventory.Table{inventory.Known()}, nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := validate(t, tt.fsys, Options{Policy: allowAll, Inventory: tt.tables})
			got := slices.DeleteFunc(summary(r), func(s string) bool { return strings.Contains(s, "-missing") })
			if !slices.Equal(got, tt.want) || tt.text != "" && !strings.Contains(r.Findings()[0].Error(), tt.text) {
				t.Errorf("findings = %q, want %q with %q", r.Findings(), tt.want, tt.text)
			}
		})
	}
}

// The site's own list comes first, and where it has the release the others are not asked.
func TestInventoryOrder(t *testing.T) {
	site, other := tableOf(t, "site.txt", "amd64", "arm64", "x86"), tableOf(t, "other", "amd64", "arm64", "x86")
	site.Releases[0].Files = append(site.Releases[0].Files, inventory.File{Path: "amd64/Site.xml", Size: -1})
	fsys := kit(samplekit.Options{})
	put("amd64/Site.xml", "<site/>")(fsys)
	for _, tt := range []struct {
		tables []*inventory.Table
		want   []string
	}{
		{[]*inventory.Table{site, other}, nil},
		{[]*inventory.Table{other, site}, []string{"info inventory-extra amd64/Site.xml"}},
	} {
		if got := summary(validate(t, fsys, Options{Policy: allowAll, Inventory: tt.tables})); !slices.Equal(got, tt.want) {
			t.Errorf("%s first: findings = %q, want %q", tt.tables[0].Name, got, tt.want)
		}
	}
}

// Only what a list has a hash of is read for it.
func TestInventoryReadsNoMore(t *testing.T) {
	whole := kit(samplekit.Options{})
	opened := 0
	fsys := badFS{fsys: whole, name: "amd64/SFLISTW7.DAT", noRandom: true, onOpen: func() { opened++ }}
	o := Options{Policy: allowAll, Inventory: []*inventory.Table{tableOf(t, "site.txt", "amd64", "arm64", "x86")}}
	if r := validate(t, fsys, o); len(r.Findings()) > 0 || opened != 1 {
		t.Errorf("findings = %q, a file opened %d times, want once, to see whether it is a program", summary(r), opened)
	}
	o.Inventory = []*inventory.Table{inventory.Known()} // it has one, of other releases
	if r := validate(t, fsys, o); opened != 2 || r.Count(finding.SeverityError) > 0 {
		t.Errorf("findings = %q, a file with a hash opened %d times more, want once", summary(r), opened-1)
	}
	if _, err := Precheck(t.Context(), fsys, o); err != nil || opened != 2 {
		t.Errorf("Precheck: %v, the file opened %d times more, want not at all", err, opened-2)
	}
}

// What is beside the list is counted, file by file and in bytes, though it is reported by folder.
func TestInventoryExtraIsCounted(t *testing.T) {
	fsys := kit(samplekit.Options{})
	both(put("amd64/mine/a.txt", "12345"), put("amd64/mine/b/c.txt", "123"), put("amd64/d.txt", "1"), put("x86/MigOwn.xml", own))(fsys)
	o := Options{
		Policy: allowAll, Inventory: []*inventory.Table{tableOf(t, "site.txt", "amd64", "arm64", "x86")},
		Overlay: []Declared{{Path: "x86/MigOwn.xml", From: "custom/MigOwn.xml", Size: 7, SHA256: "aa"}},
	}
	for _, a := range validate(t, fsys, o).Arches {
		files, bytes := 0, int64(0)
		if a.Arch == AMD64 {
			files, bytes = 3, 9
		}
		if a.Compared.Extra != files || a.Compared.ExtraBytes != bytes {
			t.Errorf("%s: %d extra files of %d bytes, want %d of %d", a.Arch, a.Compared.Extra, a.Compared.ExtraBytes, files, bytes)
		}
	}
}

// A list says how well its hashes are confirmed, and may have the size, or an MD5, only.
func TestInventoryRows(t *testing.T) {
	fsys := kit(samplekit.Options{Arches: []string{"amd64"}})
	put("amd64/SFCN.DAT", "a\r\nb\r\n")(fsys)
	put("amd64/SFLISTW7.DAT", "\xff\xfea\x00")(fsys)
	const md5a, md5b = "b2c5ee6eb2dda3f3d5b7b9c1b3a8e5a0", "00000000000000000000000000000000"
	lf, other := sumOf([]byte("a\nb\n")), sumOf([]byte("x"))
	migcore := fsys["amd64/migcore.dll"].Data
	v := pe.Version{10, 0, 65000, 1}
	tests := []struct {
		name   string
		file   inventory.File
		want   []string
		text   string
		proof  Proof
		hashed int
	}{
		{"confirmed, the same", inventory.File{Path: "amd64/SFCN.DAT", Size: -1, LFSHA256: lf, Confirmed: true}, nil, "", ProofBuiltIn, 1},
		{"confirmed, differs", inventory.File{Path: "amd64/SFCN.DAT", Size: -1, LFSHA256: other, Confirmed: true},
			[]string{"error inventory-differs amd64/SFCN.DAT"}, "found SHA-256 (with LF line ends) " + lf + ", wanted " + other, ProofNone, 1},
		{"two copies, differs", inventory.File{Path: "amd64/SFCN.DAT", Size: -1, LFSHA256: other, Copies: 2},
			[]string{"error inventory-differs amd64/SFCN.DAT"}, "", ProofNone, 1},
		{"one copy, differs", inventory.File{Path: "amd64/SFCN.DAT", Size: -1, LFSHA256: other, Copies: 1},
			[]string{"warning inventory-differs-unconfirmed amd64/SFCN.DAT"}, "wanted " + other + " as in USMT 10.0.65000.1", ProofNone, 1},
		{"one copy, the same", inventory.File{Path: "amd64/SFCN.DAT", Size: -1, LFSHA256: lf, Copies: 1}, nil, "", ProofBuiltIn, 1},
		{"both hashes, other line ends", inventory.File{Path: "amd64/SFCN.DAT", Size: 4, SHA256: lf, LFSHA256: lf}, nil, "", ProofBuiltIn, 1},
		{"MD5, the same", inventory.File{Path: "amd64/SFCN.DAT", Size: 6, MD5: "MD5"}, nil, "", ProofBuiltIn, 1},
		{"MD5, differs", inventory.File{Path: "amd64/SFCN.DAT", Size: 6, MD5: md5b},
			[]string{"error inventory-differs amd64/SFCN.DAT"}, "found MD5 ", ProofNone, 1},
		{"MD5, another size", inventory.File{Path: "amd64/SFCN.DAT", Size: 4, MD5: md5a},
			[]string{"error inventory-differs amd64/SFCN.DAT"}, "found 6 bytes, wanted 4", ProofNone, 0},
		{"UTF-16, text hash of its bytes", inventory.File{Path: "amd64/SFLISTW7.DAT", Size: -1, LFSHA256: sumOf([]byte("\xff\xfea\x00"))}, nil, "", ProofBuiltIn, 1},
		{"name only", inventory.File{Path: "amd64/SFCN.DAT", Size: -1}, nil, "", ProofNone, 0},
		{"program by size and version", inventory.File{Path: "amd64/migcore.dll", Size: int64(len(migcore)), Version: v}, nil, "", ProofNone, 0},
		{"program of another size", inventory.File{Path: "amd64/migcore.dll", Size: 7, Version: v},
			[]string{"error inventory-differs amd64/migcore.dll"}, fmt.Sprintf("found %d bytes, wanted 7 as", len(migcore)), ProofNone, 0},
		{"program of another version", inventory.File{Path: "amd64/migcore.dll", Size: int64(len(migcore)), Version: pe.Version{10, 0, 65000, 2}},
			[]string{"error inventory-version amd64/migcore.dll"}, "", ProofNone, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			table := tableOf(t, "some list", "amd64")
			table.BuiltIn = true
			r := table.Releases[0]
			r.Files = slices.DeleteFunc(r.Files, func(f inventory.File) bool {
				return f.Path == tt.file.Path || f.Path == "amd64/SFCN.DAT" || f.Path == "amd64/SFLISTW7.DAT"
			})
			if tt.file.MD5 == "MD5" {
				tt.file.MD5 = foldSums(fsys["amd64/SFCN.DAT"].Data, 100).md5
			}
			r.Files = append(r.Files, tt.file)
			for _, name := range []string{"amd64/SFCN.DAT", "amd64/SFLISTW7.DAT"} {
				if name != tt.file.Path {
					r.Files = append(r.Files, inventory.File{Path: name, Size: -1})
				}
			}
			report := validate(t, fsys, Options{Policy: Policy{Forbid: []string{"x86"}}, Inventory: []*inventory.Table{table}})
			if diff := cmp.Diff(tt.want, summary(report)); diff != "" {
				t.Fatalf("findings (-want +got):\n%s", diff)
			}
			if tt.text != "" && !strings.Contains(report.Findings()[0].Error(), tt.text) {
				t.Errorf("finding = %q, want %q in it", report.Findings()[0], tt.text)
			}
			if got := report.ProofOf(tt.file.Path).Proof; got != tt.proof {
				t.Errorf("proof = %s, want %s", got, tt.proof)
			}
			others := report.Arches[0].Compared.Files - 3
			if tt.file.Path == "amd64/SFCN.DAT" || tt.file.Path == "amd64/SFLISTW7.DAT" {
				others++
			}
			if got := report.Arches[0].Compared.Hashed - others; got != tt.hashed {
				t.Errorf("%d files hashed of it, want %d", got, tt.hashed)
			}
		})
	}
}

// A signed catalog settles the doubt about a list that is based on one copy, and not that about a list
// which Microsoft confirms: the file is another one of Microsoft's.
func TestInventoryRowsBesideCatalog(t *testing.T) {
	p := newPublisher(t)
	fsys := kit(samplekit.Options{})
	set := catalog.NewSet(p.catalogOf(t, p.good, "kit.cat", crypto.SHA256, fsys, in("")))
	for _, tt := range []struct {
		copies int
		want   []string
	}{
		{1, nil}, {2, []string{"error inventory-differs amd64/SFCN.DAT"}},
	} {
		table := tableOf(t, "site.txt", "amd64", "arm64", "x86")
		for i := range table.Releases[0].Files {
			if f := &table.Releases[0].Files[i]; f.Path == "amd64/SFCN.DAT" {
				f.LFSHA256, f.Copies = sumOf([]byte("x")), tt.copies
			}
		}
		r := validate(t, fsys, Options{Policy: allowAll, Inventory: []*inventory.Table{table}, Signatures: p.verifier, Catalogs: set})
		if got := summary(r); !slices.Equal(got, tt.want) {
			t.Errorf("%d copies: findings = %q, want %q", tt.copies, got, tt.want)
		}
	}
}

// A file has one finding about its content, even where the list leaves a doubt.
func TestInventoryDoubtAboutBrokenFile(t *testing.T) {
	fsys := kit(samplekit.Options{})
	put("amd64/Config_AppsOnly.xml", "<a>")(fsys)
	table := tableOf(t, "site.txt", "amd64", "arm64", "x86")
	for i := range table.Releases[0].Files {
		table.Releases[0].Files[i].Copies = 1
	}
	want := []string{"error xml-malformed amd64/Config_AppsOnly.xml"}
	if got := summary(validate(t, fsys, Options{Policy: allowAll, Inventory: []*inventory.Table{table}})); !slices.Equal(got, want) {
		t.Errorf("findings = %q, want %q", got, want)
	}
}

// A text that was not written to its end is not compared: nothing is known of it.
func TestTextNotWhole(t *testing.T) {
	v, err := NewValidator(Options{Policy: allowAll, Inventory: []*inventory.Table{tableOf(t, "site.txt", "amd64")}})
	if err != nil {
		t.Fatal(err)
	}
	i, err := v.Inspect("amd64/SFCN.DAT", strings.NewReader("a text"), 6)
	if err != nil || !i.Wants() {
		t.Fatalf("Inspect = %v, wants the content: %v", err, i.Wants())
	}
	_, _ = i.Write([]byte("a te"))
	if _, err := i.Facts("sum"); err == nil || !strings.Contains(err.Error(), "reading amd64/SFCN.DAT: found 4 bytes, wanted the 6 that it had when it was listed: it changed during the run") {
		t.Errorf("Facts = %v, want a refusal", err)
	}
}
